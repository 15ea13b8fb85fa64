// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The index of files with several names: by inode, and by name. It is a cache:
 * fed by whatever a round lists, or a look at a name that was touched, and
 * looked at before it is believed.
 *
 * A change that is reported under one name is one of all the others, and is
 * marked at once, while the index still knows the name: it may be gone before
 * anybody looks.
 *
 * A name that is gone stays, as a former one, while the file has others: who
 * has the file open by that name changes it under that name. Files with one
 * name that are new or were touched, and those without, are kept for a while,
 * too, the last MEMORY of them: they may have, or get, a name that was not
 * looked at yet.
 */
#include "mirror/internal.h"

#include "base/log.h"
#include "base/relpath.h"

#include <string.h>
#include <xxhash.h>

#define NAMES_MAX 200000 /* in the index */
#define GROUP_MAX 4096   /* names of one file */
#define FORMER_MAX 64    /* of them those that it has lost */
#define MEMORY 16384

/* Two names of one number share a chain. */
static uint64_t hash_name(const char *name, size_t n)
{
    return XXH3_64bits(name, n);
}

struct zc_llink *zc_lindex_find(struct zc_live *l, uint64_t dev, uint64_t ino)
{
    return zc_map_get(&l->links.map, dev, ino);
}

/* --- names --- */

static bool is_name(const struct zc_llink_name *n, zc_wdir dir,
                    const char *name, size_t len)
{
    return n->dir == dir && n->len == len && !memcmp(n->name, name, len);
}

static struct zc_llink_name *chain_of(const struct zc_live *l, zc_wdir dir,
                                      const char *name, size_t n)
{
    return l->links.map.used
               ? zc_map_get(&l->links.by_name, dir, hash_name(name, n))
               : NULL;
}

static struct zc_llink_name *next_same(struct zc_llink_name *at, zc_wdir dir,
                                       const char *name, size_t n)
{
    while (at && !is_name(at, dir, name, n))
        at = at->chain;
    return at;
}

/* All that the index knows by one name: AT goes round. */
#define EACH_SAME(l, at, dir, name, n)                                       \
    for (struct zc_llink_name *at = next_same(chain_of(l, dir, name, n), dir, \
                                              name, n);                      \
         at; at = next_same(at->chain, dir, name, n))

static int enter_name(struct zc_live *l, struct zc_llink_name *n)
{
    uint64_t hash = hash_name(n->name, n->len);
    n->chain = zc_map_get(&l->links.by_name, n->dir, hash);
    return zc_map_put(&l->links.by_name, n->dir, hash, n);
}

static void leave_name(struct zc_live *l, struct zc_llink_name *n)
{
    uint64_t hash = hash_name(n->name, n->len);
    struct zc_llink_name *at = zc_map_get(&l->links.by_name, n->dir, hash);
    if (at == n && !n->chain) {
        zc_map_del(&l->links.by_name, n->dir, hash);
    } else if (at == n) {
        /* Replacing takes no memory. */
        (void)zc_map_put(&l->links.by_name, n->dir, hash, n->chain);
    } else {
        while (at && at->chain != n)
            at = at->chain;
        if (at)
            at->chain = n->chain;
    }
}

static void forget_file(struct zc_live *l, struct zc_llink *k)
{
    for (size_t i = 0; i < k->names.len; i++) {
        leave_name(l, k->names.v[i]);
        free(k->names.v[i]);
        l->links.n_names--;
    }
    l->links.n_several -= k->several;
    zc_map_del(&l->links.map, k->dev, k->ino);
    zc_vec_fini(&k->names);
    free(k);
}

/* Takes the name I of K out. */
static void remove_name(struct zc_live *l, struct zc_llink *k, size_t i)
{
    struct zc_llink_name *n = k->names.v[i];
    k->n_former -= n->former;
    leave_name(l, n);
    free(n);
    k->names.v[i] = k->names.v[--k->names.len];
    l->links.n_names--;
}

static size_t index_of(const struct zc_llink *k, const struct zc_llink_name *n)
{
    size_t i = 0;
    while (k->names.v[i] != n)
        i++;
    return i;
}

static size_t n_living(const struct zc_llink *k)
{
    return k->names.len - k->n_former;
}

/* K has one name, or none any more: for how long shall it be kept? */
static void keep_for_a_while(struct zc_live *l, struct zc_llink *k)
{
    struct zc_llinks *s = &l->links;
    struct zc_lino new = {k->dev, k->ino};
    if (s->memory.len < MEMORY) {
        (void)zc_vec_push(&s->memory, new); /* else for good */
        return;
    }
    struct zc_lino *oldest = &s->memory.v[s->oldest];
    struct zc_llink *old = zc_lindex_find(l, oldest->dev, oldest->ino);
    *oldest = new;
    s->oldest = (s->oldest + 1) % MEMORY;
    if (old && old != k && (!old->several || !n_living(old)))
        forget_file(l, old);
}

void zc_lindex_drop(struct zc_live *l, struct zc_llink *k, size_t i)
{
    remove_name(l, k, i);
    if (!k->names.len)
        forget_file(l, k);
    else if (!n_living(k))
        keep_for_a_while(l, k);
}

void zc_lindex_lost(struct zc_live *l, struct zc_llink *k, size_t i)
{
    if (k->names.v[i]->former)
        return;
    k->names.v[i]->former = true;
    k->n_former++;
    for (size_t f = 0; k->n_former > FORMER_MAX; f++)
        if (k->names.v[f]->former)
            remove_name(l, k, f--);
    if (!n_living(k))
        keep_for_a_while(l, k);
}

void zc_llinks_clear(struct zc_live *l)
{
    size_t at = 0;
    for (struct zc_map_slot *s; (s = zc_map_next(&l->links.map, &at));) {
        struct zc_llink *k = s->value;
        for (size_t i = 0; i < k->names.len; i++)
            free(k->names.v[i]);
        zc_vec_fini(&k->names);
        free(k);
    }
    zc_map_fini(&l->links.map);
    zc_map_fini(&l->links.by_name);
    zc_vec_fini(&l->links.memory);
    l->links.n_names = l->links.n_several = l->links.oldest = 0;
}

/* --- files --- */

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

static struct zc_llink *make_file(struct zc_live *l, uint64_t dev,
                                  uint64_t ino)
{
    if (l->links.n_names >= NAMES_MAX) {
        index_full(l);
        return NULL;
    }
    struct zc_llink *k = calloc(1, sizeof *k);
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
                     const char *name, size_t len)
{
    for (size_t i = 0; i < k->names.len; i++) {
        struct zc_llink_name *n = k->names.v[i];
        if (!is_name(n, dir, name, len))
            continue;
        if (n->former) {
            n->former = n->muddy = false;
            k->n_former--;
            k->searched = 0;
        }
        return;
    }
    if (l->links.n_names >= NAMES_MAX || k->names.len >= GROUP_MAX) {
        index_full(l);
        return;
    }
    struct zc_llink_name *n = calloc(1, sizeof *n + len + 1);
    if (!n)
        return;
    n->dir = dir;
    n->file = k;
    n->len = (uint8_t)len;
    memcpy(n->name, name, len);
    if (zc_vec_push(&k->names, n)) {
        free(n);
        return;
    }
    /* Without memory for it, a change by that name alone may be missed for the
     * others until they are compared. */
    (void)enter_name(l, n);
    l->links.n_names++;
    k->searched = 0; /* who knows what else is new */
}

static void has_several(struct zc_live *l, struct zc_llink *k)
{
    l->links.n_several += !k->several;
    k->several = true;
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

struct zc_llink *zc_lindex_add_name(struct zc_live *l, zc_wdir dir,
                                    const char *name, uint64_t dev,
                                    uint64_t ino)
{
    struct zc_llink *k = zc_lindex_find(l, dev, ino);
    if (!k)
        k = make_file(l, dev, ino);
    if (!k)
        return NULL;
    add_name(l, k, dir, name, strlen(name));
    has_several(l, k);
    if (k->names.len)
        return k;
    forget_file(l, k);
    return NULL;
}

void zc_lindex_add(struct zc_live *l, const char *path, uint64_t dev,
                   uint64_t ino)
{
    const char *name;
    zc_wdir dir = zc_lindex_place(l, path, &name);
    if (dir != ZC_WDIR_NONE)
        zc_lindex_add_name(l, dir, name, dev, ino);
}

void zc_lindex_add_single(struct zc_live *l, zc_wdir dir, const char *name,
                          uint64_t dev, uint64_t ino)
{
    struct zc_llink *k = zc_lindex_find(l, dev, ino);
    bool is_new = !k;
    if (!k)
        k = make_file(l, dev, ino);
    if (!k)
        return;
    add_name(l, k, dir, name, strlen(name));
    if (n_living(k) > 1)
        has_several(l, k);
    if (!k->names.len)
        forget_file(l, k);
    else if (is_new)
        keep_for_a_while(l, k);
}

/* --- events --- */

static void mark_others(struct zc_live *l, const struct zc_llink *k,
                        zc_wdir dir, const char *name, size_t n, unsigned what,
                        int64_t now)
{
    for (size_t i = 0; i < k->names.len; i++) {
        const struct zc_llink_name *o = k->names.v[i];
        if (o->former || is_name(o, dir, name, n))
            continue;
        for (size_t p = 0; p < l->n_peers; p++)
            zc_dirty_mark(l->peers[p].dirty, o->dir, o->name, o->len, what,
                          now);
    }
}

void zc_lindex_mark(struct zc_live *l, const struct zc_llink *k,
                    zc_wdir but_dir, const char *but, unsigned what,
                    int64_t now)
{
    what &= ZC_CHANGE_DATA | ZC_CHANGE_WRITING;
    mark_others(l, k, but_dir, but, strlen(but), what | ZC_CHANGE_META, now);
}

/* The name is not its file's any more. */
static void lost_by_name(struct zc_live *l, zc_wdir dir, const char *name,
                         size_t n)
{
    for (bool again = true; again;) {
        again = false;
        EACH_SAME(l, at, dir, name, n) {
            if (at->former)
                continue;
            zc_lindex_lost(l, at->file, index_of(at->file, at));
            again = true; /* the chain may be another one */
            break;
        }
    }
}

/* Something else has the name now, and is not known yet. */
static void taken_over(struct zc_live *l, zc_wdir dir, const char *name,
                       size_t n)
{
    EACH_SAME(l, at, dir, name, n)
        at->muddy = at->former;
}

void zc_lindex_seen(struct zc_live *l, zc_wdir dir, const char *name)
{
    size_t n = strlen(name);
    EACH_SAME(l, at, dir, name, n)
        at->muddy = false;
}

bool zc_lindex_knows(struct zc_live *l, zc_wdir dir, const char *name)
{
    bool any = false;
    size_t n = strlen(name);
    EACH_SAME(l, at, dir, name, n) {
        /* One that had several names may have some that are not known. */
        if (at->muddy || (at->file->several && !n_living(at->file)))
            return false;
        any = true;
    }
    return any;
}

bool zc_lindex_has(struct zc_live *l, zc_wdir dir, const char *name,
                   uint64_t dev, uint64_t ino)
{
    size_t n = strlen(name);
    EACH_SAME(l, at, dir, name, n)
        if (!at->former && at->file->dev == dev && at->file->ino == ino)
            return true;
    return false;
}

bool zc_lindex_add_nameless(struct zc_live *l, zc_wdir dir, const char *name,
                            uint64_t dev, uint64_t ino, unsigned what,
                            int64_t now)
{
    struct zc_llink *k = zc_lindex_find(l, dev, ino);
    if (k)
        zc_lindex_mark(l, k, dir, name, what, now);
    zc_lindex_add_single(l, dir, name, dev, ino);
    lost_by_name(l, dir, name, strlen(name));
    return k;
}

void zc_lindex_changed(struct zc_live *l, zc_wdir dir, const char *name,
                       size_t n, unsigned what, int64_t now)
{
    unsigned mark = (what & (ZC_CHANGE_DATA | ZC_CHANGE_WRITING)) |
                    ZC_CHANGE_META;
    EACH_SAME(l, at, dir, name, n)
        mark_others(l, at->file, dir, name, n, mark, now);
    if (what & ZC_CHANGE_GONE)
        lost_by_name(l, dir, name, n);
    if (what & ZC_CHANGE_MADE)
        taken_over(l, dir, name, n);
}

void zc_lindex_renamed(struct zc_live *l, zc_wdir from, const char *from_name,
                       size_t from_n, zc_wdir to, const char *to_name,
                       size_t to_n, int64_t now)
{
    if (!l->links.map.used)
        return;
    zc_lindex_changed(l, to, to_name, to_n,
                      ZC_CHANGE_GONE | ZC_CHANGE_MADE, now);
    zc_lindex_changed(l, from, from_name, from_n, 0, now);
    for (bool again = true; again;) {
        again = false;
        EACH_SAME(l, at, from, from_name, from_n) {
            struct zc_llink *k = at->file;
            if (at->former)
                continue;
            add_name(l, k, to, to_name, to_n);
            zc_lindex_drop(l, k, index_of(k, at));
            again = true;
            break;
        }
    }
}
