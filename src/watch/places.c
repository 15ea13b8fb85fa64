// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where something is mounted below the root; see places.h.
 *
 * A place is kept as the nearest directory on its way that the tree has, and the
 * path from there. So a rename of any directory on the way moves it, and one
 * whose directories are taken out of the tree goes on under the path they had.
 */
#include "watch/places.h"

#include "base/log.h"
#include "base/relpath.h"
#include "watch/internal.h"
#include "watch/tree.h"

#include <string.h>

static void forget_table(struct zc_watch *w)
{
    zc_places_unref(w->places.table);
    w->places.table = NULL;
}

void zc_wplaces_fini(struct zc_watch *w)
{
    for (size_t i = 0; i < w->places.v.len; i++)
        free(w->places.v.v[i].rest);
    zc_vec_fini(&w->places.v);
    w->places.n_gone = 0;
    forget_table(w);
}

/* --- where they are --- */

const char *zc_wplace_path(const struct zc_watch *w, const struct zc_wplace *p,
                           struct zc_buf *out)
{
    if (!zc_wtree_path(w->tree, p->dir, out))
        return NULL;
    out->len = strlen((const char *)out->data);
    if (out->len)
        zc_buf_u8(out, '/');
    zc_buf_put(out, p->rest, strlen(p->rest) + 1);
    return out->failed ? NULL : (const char *)out->data;
}

/* Down to the last directory that the tree has. */
static void anchor(struct zc_watch *w, struct zc_wplace *p)
{
    size_t n;
    while (p->rest[n = strcspn(p->rest, "/")]) {
        zc_wdir child = zc_wtree_child(w->tree, p->dir, p->rest, n);
        if (child == ZC_WDIR_NONE)
            return;
        p->dir = child;
        memmove(p->rest, p->rest + n + 1, strlen(p->rest + n + 1) + 1);
    }
}

void zc_wplaces_moving(struct zc_watch *w, zc_wdir d)
{
    for (size_t i = 0; i < w->places.v.len; i++) {
        struct zc_wplace *p = &w->places.v.v[i];
        anchor(w, p);
        /* There may be a mount by the name that it gets. */
        if (p->state == ZC_PLACE_GONE && zc_wtree_above(w->tree, d, p->dir))
            w->mounts.changed = true;
    }
}

void zc_wplaces_dropping(struct zc_watch *w, zc_wdir d)
{
    for (size_t i = 0; i < w->places.v.len; i++) {
        struct zc_wplace *p = &w->places.v.v[i];
        const char *name;
        if (p->dir != d)
            continue;
        zc_wdir parent = zc_wtree_parent(w->tree, d, &name);
        char *rest = zc_relpath_join(name, p->rest);
        if (!rest) {
            /* It is forgotten, and what is there counts as it is. */
            zc_log(ZC_LOG_ERROR, "%s: out of memory, and lost track of a mount",
                   w->root);
            zc_wplaces_remove(w, i--);
            continue;
        }
        free(p->rest);
        p->rest = rest;
        p->dir = parent;
    }
}

/* --- the table --- */

struct zc_wplace *zc_wplaces_find(struct zc_watch *w, const char *path)
{
    struct zc_buf buf = ZC_BUF_INIT;
    struct zc_wplace *found = NULL;
    for (size_t i = 0; i < w->places.v.len && !found; i++) {
        struct zc_wplace *p = &w->places.v.v[i];
        const char *its = zc_wplace_path(w, p, &buf);
        if (its && strcmp(its, path) == 0)
            found = p;
    }
    zc_buf_fini(&buf);
    return found;
}

struct zc_wplace *zc_wplaces_add(struct zc_watch *w, const char *path)
{
    struct zc_wplace *found = zc_wplaces_find(w, path);
    if (found)
        return found;
    struct zc_wplace p = {.dir = ZC_WDIR_ROOT, .rest = strdup(path),
                          .is_dir = true};
    if (!p.rest || zc_vec_push(&w->places.v, p)) {
        free(p.rest);
        return NULL;
    }
    forget_table(w);
    found = &w->places.v.v[w->places.v.len - 1];
    anchor(w, found);
    return found;
}

void zc_wplace_set(struct zc_watch *w, struct zc_wplace *p,
                   enum zc_place_state state, uint64_t mnt)
{
    w->places.n_gone += (state == ZC_PLACE_GONE) - (p->state == ZC_PLACE_GONE);
    p->state = state;
    p->mnt = mnt;
    forget_table(w);
}

void zc_wplaces_remove(struct zc_watch *w, size_t i)
{
    struct zc_wplace *v = w->places.v.v;
    w->places.n_gone -= v[i].state == ZC_PLACE_GONE;
    free(v[i].rest);
    v[i] = v[--w->places.v.len];
    forget_table(w);
}

static struct zc_places *make_table(struct zc_watch *w)
{
    size_t n = w->places.v.len;
    struct zc_place *v = calloc(n + 1, sizeof *v);
    struct zc_places *table = NULL;
    size_t made = 0;
    for (; v && made < n; made++) {
        struct zc_buf path = ZC_BUF_INIT;
        const struct zc_wplace *p = &w->places.v.v[made];
        if (!zc_wplace_path(w, p, &path)) {
            zc_buf_fini(&path);
            break;
        }
        v[made] = (struct zc_place){(char *)path.data, p->mnt, p->state};
    }
    if (v && made == n)
        table = zc_places_new(v, n, w->places.strict);
    for (size_t i = 0; i < made; i++)
        free((char *)v[i].path);
    free(v);
    return table;
}

struct zc_places *zc_wplaces_table(struct zc_watch *w)
{
    uint64_t moves = zc_wtree_moves(w->tree);
    if (w->places.table && w->places.v.len && w->places.moves != moves)
        forget_table(w);
    if (!w->places.table)
        w->places.table = make_table(w);
    w->places.moves = moves;
    return w->places.table;
}

bool zc_wplaces_may_watch(struct zc_watch *w, zc_wdir dir, const char *name,
                          size_t n, bool mounted, uint64_t mnt)
{
    if (!w->places.v.len && (!mounted || !w->places.strict))
        return true;
    struct zc_wspot at = zc_wspot_of(dir, name, n);
    struct zc_buf path = ZC_BUF_INIT;
    struct zc_wplace *p = NULL;
    if (zc_wtree_path(w->tree, dir, &path)) {
        zc_auto_free char *whole = zc_relpath_join((const char *)path.data,
                                                   at.name);
        bool known = whole && zc_places_at(zc_wplaces_table(w), whole);
        if (known)
            p = zc_wplaces_find(w, whole);
        else if (whole && mounted && w->places.strict)
            p = zc_wplaces_add(w, whole);
    }
    zc_buf_fini(&path);
    if (!p || p->state == ZC_PLACE_LEFT_OUT)
        return true;
    if (mounted && (!p->mnt || p->state == ZC_PLACE_GONE || p->mnt != mnt)) {
        w->mounts.changed = true; /* to be looked at as a whole */
        return true;
    }
    if (!mounted)
        w->mounts.changed = true;
    return mounted;
}
