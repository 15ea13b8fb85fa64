// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The index of files with several names: by inode, and by name. It is a cache:
 * fed by whatever a round lists, or a look at a name that was touched, and
 * looked at before it is believed.
 *
 * A change that is reported under one name of a file is a change of all of its
 * names. They are marked at once, while the index still knows the one that was
 * reported: that one may be gone before anybody looks.
 *
 * A name that is gone stays, as a former one, while the file has others: who
 * has the file open by a former name changes it under that name. Files with one
 * name that are new or were touched, and files without a name, are kept for a
 * while, too, the last MEMORY of them: such a file may have, or get, a name
 * that was not looked at yet.
 */
#include "mirror/index.h"

#include "base/log.h"
#include "base/map.h"

#include <string.h>

#define NAMES_MAX 200000 /* in the index */
#define GROUP_MAX 4096   /* names of one file */
#define FORMER_MAX 64    /* former names among them */
#define MEMORY 16384

struct zc_index {
    struct zc_map map;         /* (dev, ino) -> struct zc_index_file */
    struct zc_nametab by_name; /* several zc_index_name may have a name */
    size_t n_names, n_several;
    zc_inodes memory; /* a ring of files that have one name, or none */
    size_t oldest;
    bool full_said;
};

struct zc_index_file *zc_index_find(const struct zc_mirror *m, uint64_t dev,
                                    uint64_t ino)
{
    return zc_map_get(&m->index->map, dev, ino);
}

/* --- names --- */

static bool is_name(const struct zc_index_name *n, zc_wdir dir,
                    const char *name, size_t len)
{
    return n->dir == dir && n->len == len && !memcmp(n->name, name, len);
}

static struct zc_index_name *name_of(const struct zc_nametab_node *node)
{
    return node ? ZC_CONTAINER_OF(node, struct zc_index_name, by_name) : NULL;
}

static struct zc_nametab_key key_of(const struct zc_nametab_node *node)
{
    const struct zc_index_name *n = name_of(node);
    return (struct zc_nametab_key){n->dir, n->name, n->len};
}

/* For all files that the index knows by this name: AT is the name. */
#define EACH_SAME(m, at, dir, name, n)                                       \
    for (struct zc_index_name *at = name_of(                                 \
             zc_nametab_find(&(m)->index->by_name, dir, name, n));           \
         at;                                                                 \
         at = name_of(zc_nametab_older(&(m)->index->by_name, &at->by_name)))

static void forget_file(struct zc_mirror *m, struct zc_index_file *file)
{
    for (size_t i = 0; i < file->names.len; i++) {
        zc_nametab_del(&m->index->by_name, &file->names.v[i]->by_name);
        free(file->names.v[i]);
        m->index->n_names--;
    }
    m->index->n_several -= file->several;
    zc_map_del(&m->index->map, file->dev, file->ino);
    zc_vec_fini(&file->names);
    free(file);
}

/* Takes the name I of FILE out. */
static void remove_name(struct zc_mirror *m, struct zc_index_file *file,
                        size_t i)
{
    struct zc_index_name *n = file->names.v[i];
    file->n_former -= n->former;
    zc_nametab_del(&m->index->by_name, &n->by_name);
    free(n);
    file->names.v[i] = file->names.v[--file->names.len];
    m->index->n_names--;
}

static size_t index_of(const struct zc_index_file *file,
                       const struct zc_index_name *n)
{
    size_t i = 0;
    while (file->names.v[i] != n)
        i++;
    return i;
}

static size_t n_living(const struct zc_index_file *file)
{
    return file->names.len - file->n_former;
}

/* FILE has one name, or none any more: for how long shall it be kept? */
static void keep_for_a_while(struct zc_mirror *m, struct zc_index_file *file)
{
    struct zc_index *s = m->index;
    struct zc_inode new = {file->dev, file->ino};
    if (s->memory.len < MEMORY) {
        (void)zc_vec_push(&s->memory, new); /* else for good */
        return;
    }
    struct zc_inode *oldest = &s->memory.v[s->oldest];
    struct zc_index_file *old = zc_index_find(m, oldest->dev, oldest->ino);
    *oldest = new;
    s->oldest = (s->oldest + 1) % MEMORY;
    if (old && old != file && (!old->several || !n_living(old)))
        forget_file(m, old);
}

void zc_index_drop(struct zc_mirror *m, struct zc_index_file *file, size_t i)
{
    remove_name(m, file, i);
    if (!file->names.len)
        forget_file(m, file);
    else if (!n_living(file))
        keep_for_a_while(m, file);
}

void zc_index_lost(struct zc_mirror *m, struct zc_index_file *file, size_t i)
{
    if (file->names.v[i]->former)
        return;
    file->names.v[i]->former = true;
    file->n_former++;
    for (size_t f = 0; file->n_former > FORMER_MAX; f++)
        if (file->names.v[f]->former)
            remove_name(m, file, f--);
    if (!n_living(file))
        keep_for_a_while(m, file);
}

/* --- life --- */

struct zc_index *zc_index_new(void)
{
    struct zc_index *x = calloc(1, sizeof *x);
    if (x)
        zc_nametab_init(&x->by_name, key_of, 1);
    return x;
}

void zc_index_free(struct zc_index *x)
{
    if (!x)
        return;
    zc_index_clear(x);
    free(x);
}

void zc_index_clear(struct zc_index *x)
{
    size_t at = 0;
    for (struct zc_map_slot *s; (s = zc_map_next(&x->map, &at));) {
        struct zc_index_file *file = s->value;
        for (size_t i = 0; i < file->names.len; i++)
            free(file->names.v[i]);
        zc_vec_fini(&file->names);
        free(file);
    }
    zc_map_fini(&x->map);
    zc_nametab_clear(&x->by_name);
    zc_vec_fini(&x->memory);
    x->n_names = x->n_several = x->oldest = 0;
}

bool zc_index_any(const struct zc_index *x)
{
    return x->n_several > 0;
}

size_t zc_index_count(const struct zc_index *x)
{
    return x->n_names;
}

/* --- files --- */

static void index_full(struct zc_mirror *m)
{
    if (m->index->full_said)
        return;
    m->index->full_said = true;
    zc_log(ZC_LOG_WARN,
           "%s: more than %d names of files with several names: hard links "
           "among the rest are repaired only when everything is compared",
           m->opt->name, NAMES_MAX);
}

static struct zc_index_file *make_file(struct zc_mirror *m, uint64_t dev,
                                       uint64_t ino)
{
    if (m->index->n_names >= NAMES_MAX) {
        index_full(m);
        return NULL;
    }
    struct zc_index_file *file = calloc(1, sizeof *file);
    if (!file)
        return NULL;
    file->dev = dev;
    file->ino = ino;
    if (zc_map_put(&m->index->map, dev, ino, file)) {
        free(file);
        return NULL;
    }
    return file;
}

static void add_name(struct zc_mirror *m, struct zc_index_file *file,
                     zc_wdir dir, const char *name, size_t len)
{
    for (size_t i = 0; i < file->names.len; i++) {
        struct zc_index_name *n = file->names.v[i];
        if (!is_name(n, dir, name, len))
            continue;
        if (n->former) {
            n->former = n->muddy = false;
            file->n_former--;
            file->searched = 0;
        }
        return;
    }
    if (m->index->n_names >= NAMES_MAX || file->names.len >= GROUP_MAX) {
        index_full(m);
        return;
    }
    struct zc_index_name *n = calloc(1, sizeof *n + len + 1);
    if (!n)
        return;
    n->dir = dir;
    n->file = file;
    n->len = (uint8_t)len;
    memcpy(n->name, name, len);
    if (zc_vec_push(&file->names, n)) {
        free(n);
        return;
    }
    zc_nametab_add(&m->index->by_name, &n->by_name);
    m->index->n_names++;
    file->searched = 0; /* who knows what else is new */
}

static void has_several(struct zc_mirror *m, struct zc_index_file *file)
{
    m->index->n_several += !file->several;
    file->several = true;
}

struct zc_index_file *zc_index_add_name(struct zc_mirror *m, zc_wdir dir,
                                        const char *name, uint64_t dev,
                                        uint64_t ino)
{
    struct zc_index_file *file = zc_index_find(m, dev, ino);
    if (!file)
        file = make_file(m, dev, ino);
    if (!file)
        return NULL;
    add_name(m, file, dir, name, strlen(name));
    has_several(m, file);
    if (file->names.len)
        return file;
    forget_file(m, file);
    return NULL;
}

void zc_index_add(struct zc_mirror *m, const char *path, uint64_t dev,
                  uint64_t ino)
{
    const char *name;
    zc_wdir dir = zc_mirror_split(m, path, &name);
    if (dir != ZC_WDIR_NONE)
        zc_index_add_name(m, dir, name, dev, ino);
}

void zc_index_add_single(struct zc_mirror *m, zc_wdir dir, const char *name,
                         uint64_t dev, uint64_t ino)
{
    struct zc_index_file *file = zc_index_find(m, dev, ino);
    bool is_new = !file;
    if (!file)
        file = make_file(m, dev, ino);
    if (!file)
        return;
    add_name(m, file, dir, name, strlen(name));
    if (n_living(file) > 1)
        has_several(m, file);
    if (!file->names.len)
        forget_file(m, file);
    else if (is_new)
        keep_for_a_while(m, file);
}

/* --- events --- */

static void mark_others(struct zc_mirror *m, const struct zc_index_file *file,
                        zc_wdir dir, const char *name, size_t n, unsigned what,
                        int64_t now)
{
    for (size_t i = 0; i < file->names.len; i++) {
        const struct zc_index_name *o = file->names.v[i];
        if (o->former || is_name(o, dir, name, n))
            continue;
        zc_mirror_mark(m, o->dir, o->name, o->len, what, now);
    }
}

void zc_index_mark(struct zc_mirror *m, const struct zc_index_file *file,
                   zc_wdir but_dir, const char *but, unsigned what,
                   int64_t now)
{
    what &= ZC_CHANGE_DATA | ZC_CHANGE_WRITING;
    mark_others(m, file, but_dir, but, strlen(but), what | ZC_CHANGE_META, now);
}

/* The name is not its file's any more. */
static void lost_by_name(struct zc_mirror *m, zc_wdir dir, const char *name,
                         size_t n)
{
    for (bool again = true; again;) {
        again = false;
        EACH_SAME(m, at, dir, name, n) {
            if (at->former)
                continue;
            zc_index_lost(m, at->file, index_of(at->file, at));
            again = true; /* the chain may be another one */
            break;
        }
    }
}

/* Something else has the name now, and is not known yet. */
static void taken_over(struct zc_mirror *m, zc_wdir dir, const char *name,
                       size_t n)
{
    EACH_SAME(m, at, dir, name, n)
        at->muddy = at->former;
}

void zc_index_seen(struct zc_mirror *m, zc_wdir dir, const char *name)
{
    size_t n = strlen(name);
    EACH_SAME(m, at, dir, name, n)
        at->muddy = false;
}

bool zc_index_knows(struct zc_mirror *m, zc_wdir dir, const char *name)
{
    bool any = false;
    size_t n = strlen(name);
    EACH_SAME(m, at, dir, name, n) {
        /* One that had several names may have some that are not known: no other
         * one is, where this is the only one that is left. */
        size_t others = n_living(at->file) - (at->former ? 0 : 1);
        if (at->muddy || (at->file->several && !others))
            return false;
        any = true;
    }
    return any;
}

bool zc_index_add_nameless(struct zc_mirror *m, zc_wdir dir, const char *name,
                           uint64_t dev, uint64_t ino, unsigned what,
                           int64_t now)
{
    struct zc_index_file *file = zc_index_find(m, dev, ino);
    if (file)
        zc_index_mark(m, file, dir, name, what, now);
    zc_index_add_single(m, dir, name, dev, ino);
    lost_by_name(m, dir, name, strlen(name));
    return file;
}

void zc_index_changed(struct zc_mirror *m, zc_wdir dir, const char *name,
                      size_t n, unsigned what, int64_t now)
{
    unsigned mark = (what & (ZC_CHANGE_DATA | ZC_CHANGE_WRITING)) |
                    ZC_CHANGE_META;
    EACH_SAME(m, at, dir, name, n)
        mark_others(m, at->file, dir, name, n, mark, now);
    if (what & ZC_CHANGE_GONE)
        lost_by_name(m, dir, name, n);
    if (what & ZC_CHANGE_MADE)
        taken_over(m, dir, name, n);
}

void zc_index_renamed(struct zc_mirror *m, zc_wdir from, const char *from_name,
                      size_t from_n, zc_wdir to, const char *to_name,
                      size_t to_n, int64_t now)
{
    if (!m->index->map.used)
        return;
    zc_index_changed(m, to, to_name, to_n,
                     ZC_CHANGE_GONE | ZC_CHANGE_MADE, now);
    zc_index_changed(m, from, from_name, from_n, 0, now);
    for (bool again = true; again;) {
        again = false;
        EACH_SAME(m, at, from, from_name, from_n) {
            struct zc_index_file *file = at->file;
            if (at->former)
                continue;
            add_name(m, file, to, to_name, to_n);
            zc_index_drop(m, file, index_of(file, at));
            again = true;
            break;
        }
    }
}
