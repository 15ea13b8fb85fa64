// SPDX-License-Identifier: GPL-2.0-or-later
/* Directories beside DEST; see alternates.h. */
#include "session/alternates.h"

#include "base/log.h"
#include "base/relpath.h"
#include "fs/rootdir.h"
#include "fs/staging.h"

#include <string.h>

/* Puts the components of PATH behind what OUT has; ".." takes one away. -1: there
 * is none, or no memory. */
static int walk(struct zc_buf *out, const char *path)
{
    while (*path) {
        size_t n = strcspn(path, "/");
        if (n == 2 && path[0] == '.' && path[1] == '.') {
            if (!out->len)
                return -1;
            while (out->len && out->data[--out->len] != '/')
                ;
        } else if (n && !(n == 1 && *path == '.')) {
            zc_buf_printf(out, "%s%.*s", out->len ? "/" : "", (int)n, path);
        }
        path += n + (path[n] == '/');
    }
    return out->failed ? -1 : 0;
}

/* DIR, as seen from BELOW, in a tree whose top is "/": on the heap, without it.
 * NULL: it leads out of the tree, or memory. */
static char *resolve(const char *below, const char *dir)
{
    struct zc_buf out = ZC_BUF_INIT;
    char *path = NULL;
    if ((*dir == '/' || walk(&out, below) == 0) && walk(&out, dir) == 0)
        path = strndup(out.len ? (const char *)out.data : "", out.len);
    zc_buf_fini(&out);
    return path;
}

/* *FD is -1 where DIR cannot be opened. */
static int open_in_share(const struct zc_alternates_base *base, const char *dir,
                         int *fd, struct zc_err *err)
{
    zc_auto_free char *rel = resolve(base->dest, dir);
    if (!rel)
        return zc_err_set(err, ZC_EXIT_SELECT, 0, "%s leads out of share %s",
                          dir, base->share);
    zc_auto_close int root = zc_root_open(base->path, err);
    if (root < 0)
        return -1;
    if (zc_staging_on_path(root, rel))
        return zc_err_set(err, ZC_EXIT_SELECT, 0,
                          "%s is the name of the staging folder, and reserved",
                          ZC_STAGING_NAME);
    *fd = zc_root_open_linked(root, rel);
    if (*fd < 0)
        zc_log(ZC_LOG_INFO, "%s in share %s is left out: %m", rel,
               base->share);
    return 0;
}

/* DIR beside DEST, a path that is not there, and so by the letter. */
static char *beside(const char *dest, const char *dir)
{
    zc_auto_free char *rel = resolve(dest, dir);
    if (!rel)
        return NULL;
    return *dest == '/' ? zc_relpath_join("/", rel)
                        : strdup(*rel ? rel : ".");
}

static int open_own(const struct zc_alternates_base *base, const char *dir,
                    int *fd, struct zc_err *err)
{
    struct zc_err why;
    bool made;
    zc_auto_free char *path = *dir == '/'    ? strdup(dir)
                              : base->absent ? beside(base->dest, dir)
                                             : zc_relpath_join(base->dest, dir);
    if (!path)
        return zc_err_nomem(err);
    *fd = zc_root_open_dest(path, ZC_ROOT_MAKE_NONE, &made, &why);
    if (*fd < 0)
        zc_log(ZC_LOG_INFO, "%s is left out: %s", dir, why.text);
    return 0;
}

int zc_alternates_open(struct zc_alternates *a, struct zc_bytes names,
                       const struct zc_alternates_base *base,
                       struct zc_err *err)
{
    const char *at = (const char *)names.p, *end = at + names.n;
    for (; at < end && a->n < ZC_ALTERNATES_MAX; at += strlen(at) + 1) {
        int fd = -1;
        if (*base->share ? open_in_share(base, at, &fd, err)
                         : open_own(base, at, &fd, err))
            return -1;
        if (fd >= 0)
            a->fds[a->n++] = fd;
        else
            a->missing = true;
    }
    return 0;
}

size_t zc_alternates_roots(const struct zc_alternates *a, int root_fd,
                           int roots[1 + ZC_ALTERNATES_MAX])
{
    size_t n = 0;
    if (root_fd >= 0)
        roots[n++] = root_fd;
    for (size_t i = 0; i < a->n; i++)
        roots[n++] = a->fds[i];
    return n;
}

void zc_alternates_close(struct zc_alternates *a)
{
    for (size_t i = 0; i < a->n; i++)
        zc_close(&a->fds[i]);
    a->n = 0;
}

/* --- of one directory ----------------------------------------------------- */

void zc_alternates_in(const struct zc_alternates *a, const char *path,
                      uint64_t key, struct zc_alternate_dirs *d)
{
    zc_alternate_dirs_close(d);
    for (; d->n < a->n; d->n++)
        d->fds[d->n] = zc_root_open_dir(a->fds[d->n], path);
    d->known = true;
    d->key = key;
}

void zc_alternate_dirs_close(struct zc_alternate_dirs *d)
{
    for (size_t i = 0; i < d->n; i++)
        zc_close(&d->fds[i]);
    d->n = 0;
    d->known = false;
}
