/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A watcher that knows what it is told: the names of directories, for tests of
 * what asks zc_watch_path and its like. Include once. */
#ifndef ZC_TESTS_FAKEWATCH_H
#define ZC_TESTS_FAKEWATCH_H

#include "watch/watch.h"

#include <string.h>

#define FAKE_DIRS 40000

struct zc_watch {
    zc_wdir top; /* the highest number in use */
    const char *anew; /* a path that the filter knows, or NULL */
    struct {
        zc_wdir parent;
        char name[32];
    } v[FAKE_DIRS]; /* by number */
};

static void fake_set(struct zc_watch *w, zc_wdir id, zc_wdir parent,
                     const char *name)
{
    w->top = id > w->top ? id : w->top;
    w->v[id].parent = parent;
    strcpy(w->v[id].name, name);
}

zc_wdir zc_watch_parent(const struct zc_watch *w, zc_wdir dir,
                        const char **name)
{
    if (name)
        *name = w->v[dir].name;
    return w->v[dir].parent;
}

zc_wdir zc_watch_child(const struct zc_watch *w, zc_wdir dir, const char *name,
                       size_t n)
{
    for (zc_wdir i = 2; i <= w->top; i++)
        if (w->v[i].parent == dir && strlen(w->v[i].name) == n &&
            memcmp(w->v[i].name, name, n) == 0)
            return i;
    return ZC_WDIR_NONE;
}

bool zc_watch_judges_anew(const struct zc_watch *w, const char *from,
                          const char *to)
{
    return w->anew && (!strcmp(w->anew, from) || !strcmp(w->anew, to));
}

static void fake_path(const struct zc_watch *w, zc_wdir dir,
                      struct zc_buf *out)
{
    if (dir == ZC_WDIR_ROOT)
        return;
    fake_path(w, w->v[dir].parent, out);
    zc_buf_printf(out, "%s%s", out->len ? "/" : "", w->v[dir].name);
}

const char *zc_watch_path(const struct zc_watch *w, zc_wdir dir,
                          struct zc_buf *out)
{
    zc_buf_reset(out);
    if (dir != ZC_WDIR_ROOT && !w->v[dir].parent)
        return NULL;
    fake_path(w, dir, out);
    zc_buf_u8(out, 0);
    out->len--;
    return (const char *)out->data;
}

zc_wdir zc_watch_lookup(const struct zc_watch *w, const char *path)
{
    zc_wdir dir = ZC_WDIR_ROOT;
    while (*path && dir) {
        size_t n = strcspn(path, "/");
        dir = zc_watch_child(w, dir, path, n);
        path += n + (path[n] == '/');
    }
    return dir;
}

#endif
