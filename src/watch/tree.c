// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table of watched directories; see tree.h.
 *
 * Nodes lie in chunks and are linked by index, four bytes a link:
 *
 *     number = generation << 32 | index         blob: name NUL key
 *
 * An index is used again for another directory, with the next generation, so
 * that a number never is. Two tables of chains lead to nodes: by (parent,
 * name), and by key. Both hashes are seeded, since whoever may make directories
 * in the tree chooses the names.
 */
#include "watch/tree.h"

#include "base/relpath.h"

#include <string.h>
#include <sys/random.h>
#include <xxhash.h>

#define CHUNK 1024u
#define NOTHING 0u /* index 0 is not used */
#define ROOT 1u
#define FIRST_CAP 64u

struct node {
    uint32_t gen, parent;
    uint32_t first, next, prev;   /* children, and siblings */
    uint32_t name_next, key_next; /* the chains; name_next: free nodes */
    uint32_t job;
    char *blob; /* NULL: free */
    uint8_t name_len, key_len, flags;
};

struct table {
    uint32_t *v;
    size_t cap; /* a power of two */
};

struct zc_wtree {
    struct node **chunks;
    size_t n_chunks;
    uint32_t used; /* indices handed out so far, index 0 included */
    uint32_t free; /* chain of nodes to use again */
    size_t count;
    uint64_t seed;
    struct table names, by_key;
};

static struct node *at(const struct zc_wtree *t, uint32_t i)
{
    return &t->chunks[i / CHUNK][i % CHUNK];
}

static zc_wdir number(const struct zc_wtree *t, uint32_t i)
{
    return i == NOTHING ? ZC_WDIR_NONE : (uint64_t)at(t, i)->gen << 32 | i;
}

/* The index of D; NOTHING when it is not in the table. */
static uint32_t find(const struct zc_wtree *t, zc_wdir d)
{
    uint32_t i = (uint32_t)d;
    if (i == NOTHING || i >= t->used)
        return NOTHING;
    const struct node *n = at(t, i);
    return n->blob && n->gen == d >> 32 ? i : NOTHING;
}

/* ---- The two tables ------------------------------------------------------ */

static uint32_t *name_bucket(const struct zc_wtree *t, uint32_t parent,
                             const char *name, size_t n)
{
    uint64_t h = XXH3_64bits_withSeed(name, n, t->seed + parent);
    return &t->names.v[h & (t->names.cap - 1)];
}

static uint32_t *key_bucket(const struct zc_wtree *t, const void *key,
                            size_t n)
{
    uint64_t h = XXH3_64bits_withSeed(key, n, t->seed);
    return &t->by_key.v[h & (t->by_key.cap - 1)];
}

static const char *key_of(const struct node *n)
{
    return n->blob + n->name_len + 1;
}

static void name_link(struct zc_wtree *t, uint32_t i)
{
    struct node *n = at(t, i);
    uint32_t *b = name_bucket(t, n->parent, n->blob, n->name_len);
    n->name_next = *b;
    *b = i;
}

static void name_unlink(struct zc_wtree *t, uint32_t i)
{
    struct node *n = at(t, i);
    uint32_t *b = name_bucket(t, n->parent, n->blob, n->name_len);
    while (*b != i)
        b = &at(t, *b)->name_next;
    *b = n->name_next;
}

static void key_link(struct zc_wtree *t, uint32_t i)
{
    struct node *n = at(t, i);
    if (!n->key_len)
        return;
    uint32_t *b = key_bucket(t, key_of(n), n->key_len);
    n->key_next = *b;
    *b = i;
}

static void key_unlink(struct zc_wtree *t, uint32_t i)
{
    struct node *n = at(t, i);
    if (!n->key_len)
        return;
    uint32_t *b = key_bucket(t, key_of(n), n->key_len);
    while (*b != i)
        b = &at(t, *b)->key_next;
    *b = n->key_next;
}

/* Twice the buckets when there is less than one for each node. Without memory
 * for it the chains grow longer, and that is all. */
static void make_room(struct zc_wtree *t)
{
    if (t->count < t->names.cap)
        return;
    size_t cap = t->names.cap * 2;
    uint32_t *names = calloc(cap, sizeof *names);
    uint32_t *keys = calloc(cap, sizeof *keys);
    if (!names || !keys) {
        free(names);
        free(keys);
        return;
    }
    free(t->names.v);
    free(t->by_key.v);
    t->names = (struct table){names, cap};
    t->by_key = (struct table){keys, cap};
    for (uint32_t i = ROOT; i < t->used; i++) {
        if (!at(t, i)->blob)
            continue;
        if (i != ROOT)
            name_link(t, i);
        key_link(t, i);
    }
}

/* ---- Nodes --------------------------------------------------------------- */

static uint32_t node_new(struct zc_wtree *t)
{
    uint32_t i = t->free;
    if (i != NOTHING) {
        t->free = at(t, i)->name_next;
        return i;
    }
    if (t->used == UINT32_MAX)
        return NOTHING;
    if (t->used == t->n_chunks * CHUNK) {
        struct node **more = realloc(t->chunks, (t->n_chunks + 1) *
                                                    sizeof *more);
        if (!more)
            return NOTHING;
        t->chunks = more;
        more[t->n_chunks] = calloc(CHUNK, sizeof **more);
        if (!more[t->n_chunks])
            return NOTHING;
        t->n_chunks++;
    }
    return t->used++;
}

/* An index whose generations are used up is not used again. */
static void node_free(struct zc_wtree *t, uint32_t i)
{
    struct node *n = at(t, i);
    uint32_t gen = n->gen;
    free(n->blob);
    *n = (struct node){.gen = gen + 1};
    if (gen == UINT32_MAX)
        return;
    n->name_next = t->free;
    t->free = i;
}

static char *blob_new(const char *name, size_t n, const void *key,
                      size_t key_len)
{
    char *blob = malloc(n + 1 + key_len);
    if (!blob)
        return NULL;
    memcpy(blob, name, n);
    blob[n] = '\0';
    if (key_len)
        memcpy(blob + n + 1, key, key_len);
    return blob;
}

static void sibling_link(struct zc_wtree *t, uint32_t i, uint32_t parent)
{
    struct node *n = at(t, i), *p = at(t, parent);
    n->parent = parent;
    n->prev = NOTHING;
    n->next = p->first;
    if (p->first != NOTHING)
        at(t, p->first)->prev = i;
    p->first = i;
}

static void sibling_unlink(struct zc_wtree *t, uint32_t i)
{
    struct node *n = at(t, i);
    if (n->prev != NOTHING)
        at(t, n->prev)->next = n->next;
    else
        at(t, n->parent)->first = n->next;
    if (n->next != NOTHING)
        at(t, n->next)->prev = n->prev;
}

struct zc_wtree *zc_wtree_new(void)
{
    struct zc_wtree *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    if (getrandom(&t->seed, sizeof t->seed, 0) != sizeof t->seed)
        t->seed = (uintptr_t)t;
    t->names.v = calloc(FIRST_CAP, sizeof *t->names.v);
    t->by_key.v = calloc(FIRST_CAP, sizeof *t->by_key.v);
    t->names.cap = t->by_key.cap = FIRST_CAP;
    t->used = ROOT;
    t->chunks = calloc(1, sizeof *t->chunks);
    if (t->chunks && (t->chunks[0] = calloc(CHUNK, sizeof **t->chunks)))
        t->n_chunks = 1;
    if (!t->names.v || !t->by_key.v || !t->n_chunks ||
        node_new(t) != ROOT || !(at(t, ROOT)->blob = blob_new("", 0, "", 0))) {
        zc_wtree_free(t);
        return NULL;
    }
    t->count = 1;
    return t;
}

void zc_wtree_free(struct zc_wtree *t)
{
    if (!t)
        return;
    for (size_t c = 0; c < t->n_chunks; c++) {
        for (size_t i = 0; i < CHUNK; i++)
            free(t->chunks[c][i].blob);
        free(t->chunks[c]);
    }
    free(t->chunks);
    free(t->names.v);
    free(t->by_key.v);
    free(t);
}

bool zc_wtree_has(const struct zc_wtree *t, zc_wdir d)
{
    return find(t, d) != NOTHING;
}

size_t zc_wtree_count(const struct zc_wtree *t)
{
    return t->count;
}

zc_wdir zc_wtree_add(struct zc_wtree *t, zc_wdir parent, const char *name,
                     size_t n)
{
    uint32_t p = find(t, parent);
    if (p == NOTHING || n > ZC_NAME_MAX)
        return ZC_WDIR_NONE;
    char *blob = blob_new(name, n, "", 0);
    uint32_t i = blob ? node_new(t) : NOTHING;
    if (i == NOTHING) {
        free(blob);
        return ZC_WDIR_NONE;
    }
    make_room(t);
    at(t, i)->blob = blob;
    at(t, i)->name_len = (uint8_t)n;
    sibling_link(t, i, p);
    name_link(t, i);
    t->count++;
    return number(t, i);
}

int zc_wtree_move(struct zc_wtree *t, zc_wdir d, zc_wdir parent,
                  const char *name, size_t len)
{
    uint32_t i = find(t, d), p = find(t, parent);
    if (i == NOTHING || i == ROOT || p == NOTHING || len > ZC_NAME_MAX)
        return -1;
    struct node *n = at(t, i);
    char *blob = blob_new(name, len, key_of(n), n->key_len);
    if (!blob)
        return -1;
    name_unlink(t, i);
    sibling_unlink(t, i);
    free(n->blob);
    n->blob = blob;
    n->name_len = (uint8_t)len;
    sibling_link(t, i, p);
    name_link(t, i);
    return 0;
}

static void drop_one(struct zc_wtree *t, uint32_t i)
{
    name_unlink(t, i);
    key_unlink(t, i);
    sibling_unlink(t, i);
    node_free(t, i);
    t->count--;
}

void zc_wtree_drop(struct zc_wtree *t, zc_wdir d,
                   void (*going)(void *arg, zc_wdir d),
                   void (*gone)(void *arg, zc_wdir d), void *arg)
{
    uint32_t top = find(t, d), i = top;
    if (top == NOTHING || top == ROOT)
        return;
    for (;;) {
        while (at(t, i)->first != NOTHING)
            i = at(t, i)->first;
        uint32_t parent = at(t, i)->parent;
        zc_wdir id = number(t, i);
        going(arg, id);
        drop_one(t, i);
        gone(arg, id);
        if (i == top)
            return;
        i = parent;
    }
}

bool zc_wtree_above(const struct zc_wtree *t, zc_wdir a, zc_wdir d)
{
    uint32_t i = find(t, d), above = find(t, a);
    while (i != NOTHING && i != above)
        i = i == ROOT ? NOTHING : at(t, i)->parent;
    return i != NOTHING;
}

/* ---- Looking up ---------------------------------------------------------- */

static uint32_t child(const struct zc_wtree *t, uint32_t parent,
                      const char *name, size_t n)
{
    uint32_t i = *name_bucket(t, parent, name, n);
    for (; i != NOTHING; i = at(t, i)->name_next) {
        const struct node *c = at(t, i);
        if (c->parent == parent && c->name_len == n &&
            !memcmp(c->blob, name, n))
            break;
    }
    return i;
}

zc_wdir zc_wtree_child(const struct zc_wtree *t, zc_wdir d, const char *name,
                       size_t n)
{
    uint32_t i = find(t, d);
    return i == NOTHING ? ZC_WDIR_NONE : number(t, child(t, i, name, n));
}

zc_wdir zc_wtree_lookup(const struct zc_wtree *t, const char *path)
{
    uint32_t i = ROOT;
    while (*path && i != NOTHING) {
        size_t n = strcspn(path, "/");
        i = child(t, i, path, n);
        path += n;
        if (*path)
            path++;
    }
    return number(t, i);
}

const char *zc_wtree_path(const struct zc_wtree *t, zc_wdir d,
                          struct zc_buf *out)
{
    uint32_t i = find(t, d);
    if (i == NOTHING)
        return NULL;
    size_t n = 0;
    for (uint32_t up = i; up != ROOT; up = at(t, up)->parent)
        n += at(t, up)->name_len + 1u;
    zc_buf_reset(out);
    char *path = (char *)zc_buf_reserve(out, n + 1);
    if (!path)
        return NULL;
    /* Filled from its end; each name is followed by what ends it. */
    path[n ? n - 1 : 0] = '\0';
    size_t end = n ? n - 1 : 0;
    for (uint32_t up = i; up != ROOT; up = at(t, up)->parent) {
        const struct node *node = at(t, up);
        end -= node->name_len;
        memcpy(path + end, node->blob, node->name_len);
        if (end)
            path[--end] = '/';
    }
    out->len = n ? n : 1;
    return path;
}

zc_wdir zc_wtree_parent(const struct zc_wtree *t, zc_wdir d,
                        const char **name)
{
    uint32_t i = find(t, d);
    if (i == NOTHING || i == ROOT)
        return ZC_WDIR_NONE;
    if (name)
        *name = at(t, i)->blob;
    return number(t, at(t, i)->parent);
}

zc_wdir zc_wtree_first(const struct zc_wtree *t, zc_wdir d)
{
    uint32_t i = find(t, d);
    return i == NOTHING ? ZC_WDIR_NONE : number(t, at(t, i)->first);
}

zc_wdir zc_wtree_next(const struct zc_wtree *t, zc_wdir d)
{
    uint32_t i = find(t, d);
    return i == NOTHING ? ZC_WDIR_NONE : number(t, at(t, i)->next);
}

/* ---- Keys, flags, jobs --------------------------------------------------- */

int zc_wtree_set_key(struct zc_wtree *t, zc_wdir d, const struct zc_wkey *key)
{
    uint32_t i = find(t, d);
    if (i == NOTHING)
        return -1;
    struct node *n = at(t, i);
    char *blob = blob_new(n->blob, n->name_len, key->bytes, key->len);
    if (!blob)
        return -1;
    key_unlink(t, i);
    free(n->blob);
    n->blob = blob;
    n->key_len = key->len;
    key_link(t, i);
    return 0;
}

void zc_wtree_clear_keys(struct zc_wtree *t)
{
    for (uint32_t i = ROOT; i < t->used; i++)
        at(t, i)->key_len = 0;
    memset(t->by_key.v, 0, t->by_key.cap * sizeof *t->by_key.v);
}

void zc_wtree_key(const struct zc_wtree *t, zc_wdir d, struct zc_wkey *key)
{
    uint32_t i = find(t, d);
    key->len = i == NOTHING ? 0 : at(t, i)->key_len;
    if (key->len)
        memcpy(key->bytes, key_of(at(t, i)), key->len);
}

zc_wdir zc_wtree_by_key(const struct zc_wtree *t, const void *key, size_t n)
{
    uint32_t i = *key_bucket(t, key, n);
    for (; i != NOTHING; i = at(t, i)->key_next) {
        const struct node *node = at(t, i);
        if (node->key_len == n && !memcmp(key_of(node), key, n))
            break;
    }
    return number(t, i);
}

uint8_t zc_wtree_flags(const struct zc_wtree *t, zc_wdir d)
{
    uint32_t i = find(t, d);
    return i == NOTHING ? 0 : at(t, i)->flags;
}

void zc_wtree_set_flags(struct zc_wtree *t, zc_wdir d, uint8_t flags)
{
    uint32_t i = find(t, d);
    if (i != NOTHING)
        at(t, i)->flags = flags;
}

uint32_t zc_wtree_job(const struct zc_wtree *t, zc_wdir d)
{
    uint32_t i = find(t, d);
    return i == NOTHING ? 0 : at(t, i)->job;
}

void zc_wtree_set_job(struct zc_wtree *t, zc_wdir d, uint32_t job)
{
    uint32_t i = find(t, d);
    if (i != NOTHING)
        at(t, i)->job = job;
}
