// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The index of files with several names: by inode, and by name. It is a cache:
 * fed by whatever a round lists, and looked at before it is believed.
 *
 * A change that is reported under one name is one of all the others, and is
 * marked at once, while the index still knows the name: it may be gone before
 * anybody looks.
 */
#include "sync/live_internal.h"

#include "base/log.h"
#include "base/relpath.h"

#include <string.h>

#define NAMES_MAX 200000 /* in the index */
#define GROUP_MAX 4096   /* names of one file */

/* FNV-1a; two names of one number cost a look that was not needed. */
static uint64_t hash_name(const char *name, size_t n)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)name[i]) * UINT64_C(0x100000001b3);
    return h;
}

void zc_lindex_drop(struct zc_live *l, struct zc_llink *k, size_t i)
{
    struct zc_llink_name *n = &k->names.v[i];
    uint64_t hash = hash_name(n->name, strlen(n->name));
    if (zc_map_get(&l->links.by_name, n->dir, hash) == k)
        zc_map_del(&l->links.by_name, n->dir, hash);
    free(n->name);
    *n = k->names.v[--k->names.len];
    l->links.n_names--;
    if (k->names.len)
        return;
    zc_map_del(&l->links.map, k->dev, k->ino);
    zc_vec_fini(&k->names);
    free(k);
}

void zc_llinks_clear(struct zc_live *l)
{
    size_t at = 0;
    for (struct zc_map_slot *s; (s = zc_map_next(&l->links.map, &at));) {
        struct zc_llink *k = s->value;
        for (size_t i = 0; i < k->names.len; i++)
            free(k->names.v[i].name);
        zc_vec_fini(&k->names);
        free(k);
    }
    zc_map_fini(&l->links.map);
    zc_map_fini(&l->links.by_name);
    l->links.n_names = 0;
}

static void index_full(struct zc_live *l)
{
    if (l->links.full_said)
        return;
    l->links.full_said = true;
    zc_log(ZC_LOG_WARN,
           "%s: more than %d names of files with several names: hard links "
           "among the rest are repaired only when everything is compared",
           l->opt->name, NAMES_MAX);
}

struct zc_llink *zc_lindex_find(struct zc_live *l, uint64_t dev,
                                  uint64_t ino, bool make)
{
    struct zc_llink *k = zc_map_get(&l->links.map, dev, ino);
    if (k || !make)
        return k;
    if (l->links.n_names >= NAMES_MAX) {
        index_full(l);
        return NULL;
    }
    k = calloc(1, sizeof *k);
    if (!k)
        return NULL;
    k->dev = dev;
    k->ino = ino;
    if (zc_map_put(&l->links.map, dev, ino, k)) {
        free(k);
        return NULL;
    }
    return k;
}

static void add_name(struct zc_live *l, struct zc_llink *k, zc_wdir dir,
                     const char *name)
{
    for (size_t i = 0; i < k->names.len; i++)
        if (k->names.v[i].dir == dir && strcmp(k->names.v[i].name, name) == 0)
            return;
    if (l->links.n_names >= NAMES_MAX || k->names.len >= GROUP_MAX) {
        index_full(l);
        return;
    }
    struct zc_llink_name n = {dir, strdup(name)};
    uint64_t hash = hash_name(name, strlen(name));
    if (!n.name || zc_vec_push(&k->names, n)) {
        free(n.name);
        return;
    }
    /* Without memory for it, a change by that name alone may be missed for the
     * others until they are compared. */
    (void)zc_map_put(&l->links.by_name, dir, hash, k);
    l->links.n_names++;
    k->searched = 0; /* who knows what else is new */
}

/* Where PATH is, for the index; *NAME points into PATH. */
zc_wdir zc_lindex_place(struct zc_live *l, const char *path, const char **name)
{
    const char *slash = strrchr(path, '/');
    *name = slash ? slash + 1 : path;
    if (!l->w)
        return ZC_WDIR_NONE;
    if (!slash)
        return ZC_WDIR_ROOT;
    zc_auto_free char *dir = strndup(path, (size_t)(slash - path));
    return dir ? zc_watch_lookup(l->w, dir) : ZC_WDIR_NONE;
}

void zc_lindex_add(struct zc_live *l, const char *path, uint64_t dev,
                       uint64_t ino)
{
    const char *name;
    zc_wdir dir = zc_lindex_place(l, path, &name);
    if (dir == ZC_WDIR_NONE)
        return;
    struct zc_llink *k = zc_lindex_find(l, dev, ino, true);
    if (k)
        add_name(l, k, dir, name);
}

/* --- events --- */

static void mark_others(struct zc_live *l, const struct zc_llink *k,
                        zc_wdir dir, const char *name, size_t n, unsigned what,
                        int64_t now)
{
    for (size_t i = 0; i < k->names.len; i++) {
        const struct zc_llink_name *o = &k->names.v[i];
        size_t len = strlen(o->name);
        if (o->dir == dir && len == n && !memcmp(o->name, name, n))
            continue;
        for (size_t p = 0; p < l->n_peers; p++)
            zc_dirty_mark(l->peers[p].dirty, o->dir, o->name, len, what, now);
    }
}

void zc_lindex_changed(struct zc_live *l, zc_wdir dir, const char *name,
                       size_t n, unsigned what, int64_t now)
{
    if (!l->links.map.used)
        return;
    const struct zc_llink *k = zc_map_get(&l->links.by_name, dir,
                                          hash_name(name, n));
    what &= ZC_CHANGE_DATA | ZC_CHANGE_WRITING;
    if (k)
        mark_others(l, k, dir, name, n, what | ZC_CHANGE_META, now);
}

void zc_lindex_renamed(struct zc_live *l, zc_wdir from, const char *from_name,
                       size_t from_n, zc_wdir to, const char *to_name,
                       size_t to_n, int64_t now)
{
    char name[ZC_NAME_MAX + 1] = "";
    zc_lindex_changed(l, to, to_name, to_n, 0, now); /* what was there */
    zc_lindex_changed(l, from, from_name, from_n, 0, now);
    struct zc_llink *k = !l->links.map.used
                             ? NULL
                             : zc_map_get(&l->links.by_name, from,
                                          hash_name(from_name, from_n));
    if (!k || to_n > ZC_NAME_MAX)
        return;
    memcpy(name, to_name, to_n);
    add_name(l, k, to, name);
}
