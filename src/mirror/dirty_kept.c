// SPDX-License-Identifier: GPL-2.0-or-later
/* The renames kept for the next batch; see dirty_kept.h. */
#include "mirror/dirty_kept.h"

#include "base/buf.h"
#include "base/relpath.h"
#include "watch/watch.h"

#include <string.h>

static void kept_free(struct zc_kept *k)
{
    if (!k)
        return;
    free(k->from.name);
    free(k->to.name);
    free(k->from.path);
    free(k->to.path);
    free(k);
}

static struct zc_kept_name *kept_name(const struct zc_nametab_node *node)
{
    return ZC_CONTAINER_OF(node, struct zc_kept_name, by_name);
}

static struct zc_nametab_key key_of(const struct zc_nametab_node *node)
{
    const struct zc_kept_name *n = kept_name(node);
    return (struct zc_nametab_key){n->dir, n->name, strlen(n->name)};
}

void zc_renames_init(struct zc_renames *r)
{
    zc_nametab_init(&r->by_name, key_of, 1);
}

void zc_renames_clear(struct zc_renames *r)
{
    for (size_t i = 0; i < r->v.len; i++)
        kept_free(r->v.v[i]);
    zc_vec_fini(&r->v);
    zc_nametab_clear(&r->by_name);
    zc_map_fini(&r->moved);
    r->n_living = 0;
}

void zc_renames_drop(struct zc_renames *r, struct zc_kept *k)
{
    r->n_living -= !k->dropped;
    k->dropped = true;
}

struct zc_kept *zc_renames_with(const struct zc_renames *r,
                                const struct zc_rename_side *s)
{
    const struct zc_nametab_node *node =
        zc_nametab_find(&r->by_name, s->dir, s->name, s->n);
    return node ? kept_name(node)->kept : NULL;
}

struct zc_kept *zc_renames_of(const struct zc_renames *r, zc_wdir moved)
{
    return zc_map_get(&r->moved, moved, 0);
}

static char *path_of(const struct zc_watch *w, const struct zc_rename_side *s)
{
    struct zc_buf b = ZC_BUF_INIT;
    const char *dir = zc_watch_path(w, s->dir, &b);
    char *path = dir ? zc_relpath_join(dir, s->name) : NULL;
    zc_buf_fini(&b);
    return path;
}

/* False: no memory, or the directory is not there any more. */
static bool set_name(struct zc_kept_name *n, struct zc_kept *k,
                     const struct zc_watch *w, const struct zc_rename_side *s)
{
    n->kept = k;
    n->dir = s->dir;
    n->name = strndup(s->name, s->n);
    n->path = path_of(w, s);
    return n->name && n->path;
}

int zc_renames_keep(struct zc_renames *r, const struct zc_watch *w,
                    const struct zc_rename_side *from,
                    const struct zc_rename_side *to, zc_wdir moved,
                    bool is_dir)
{
    struct zc_kept *k = calloc(1, sizeof *k);
    if (!k)
        return -1;
    k->moved = moved;
    k->is_dir = is_dir;
    k->at = r->v.len;
    k->before = moved ? zc_renames_of(r, moved) : NULL;
    if (!set_name(&k->from, k, w, from) || !set_name(&k->to, k, w, to) ||
        (is_dir && zc_watch_judges_anew(w, k->from.path, k->to.path)) ||
        zc_vec_push(&r->v, k)) {
        kept_free(k);
        return -1;
    }
    r->n_living++;
    zc_nametab_add(&r->by_name, &k->from.by_name);
    zc_nametab_add(&r->by_name, &k->to.by_name);
    if (moved && zc_map_put(&r->moved, moved, 0, k)) {
        zc_renames_drop(r, k);
        return -1;
    }
    return 0;
}
