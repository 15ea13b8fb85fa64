// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table of watched directories; see tree.h.
 *
 * Nodes lie in chunks and are linked by index, four bytes a link:
 *
 *     number = generation << 32 | index         blob: name NUL key
 *
 * An index is used again for another directory, with the next generation, so
 * that a number never is. A zc_nametab leads to nodes by (parent, name); by key
 * it is a table of chains of indices, since one more pointer in a node would
 * make it 56 bytes instead of 48.
 */
#include "watch/tree.h"

#include "base/nametab.h"

#include <string.h>

#define CHUNK 1024u
#define NOTHING 0u /* index 0 is not used */
#define ROOT 1u
#define FIRST_KEYS 64u

struct node {
    struct zc_nametab_node by_name;
    char *blob; /* NULL: free */
    uint32_t gen, parent;
    uint32_t first, next, prev; /* children, and siblings */
    uint32_t chain;             /* of a key's bucket, or of free nodes */
    uint32_t job;
    uint8_t name_len, key_len, flags;
};

struct zc_wtree {
    struct node **chunks;
    size_t n_chunks;
    uint32_t used; /* indices handed out so far, index 0 included */
    uint32_t free; /* chain of nodes to use again */
    size_t count;
    uint64_t moves;
    struct zc_nametab names;
    uint32_t *keys; /* buckets */
    size_t n_keys;  /* buckets, a power of two */
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

/* --- the two tables --- */

static struct node *node_of(const struct zc_nametab_node *node)
{
    return ZC_CONTAINER_OF(node, struct node, by_name);
}

static struct zc_nametab_key name_of(const struct zc_nametab_node *node)
{
    const struct node *n = node_of(node);
    return (struct zc_nametab_key){n->parent, n->blob, n->name_len};
}

/* The index of N, which a sibling or the parent has. */
static uint32_t index_of(const struct zc_wtree *t, const struct node *n)
{
    return n->prev != NOTHING ? at(t, n->prev)->next
                              : at(t, n->parent)->first;
}

static uint32_t *key_bucket(const struct zc_wtree *t, const void *key,
                            size_t n)
{
    uint64_t h = zc_nametab_hash(&t->names, 0, key, n);
    return &t->keys[h & (t->n_keys - 1)];
}

static const char *key_of(const struct node *n)
{
    return n->blob + n->name_len + 1;
}

static void key_link(struct zc_wtree *t, uint32_t i)
{
    struct node *n = at(t, i);
    if (!n->key_len)
        return;
    uint32_t *b = key_bucket(t, key_of(n), n->key_len);
    n->chain = *b;
    *b = i;
}

static void key_unlink(struct zc_wtree *t, uint32_t i)
{
    struct node *n = at(t, i);
    if (!n->key_len)
        return;
    uint32_t *b = key_bucket(t, key_of(n), n->key_len);
    while (*b != i)
        b = &at(t, *b)->chain;
    *b = n->chain;
}

/* Twice the buckets when there is less than one for each node. Without memory
 * for it the chains grow longer, and that is all. */
static void make_room(struct zc_wtree *t)
{
    uint32_t *keys = NULL;
    bool names = zc_nametab_restart(&t->names);
    if (t->count >= t->n_keys)
        keys = calloc(t->n_keys * 2, sizeof *keys);
    if (keys) {
        free(t->keys);
        t->keys = keys;
        t->n_keys *= 2;
    }
    for (uint32_t i = ROOT; (names || keys) && i < t->used; i++) {
        struct node *n = at(t, i);
        if (n->blob && i != ROOT && names)
            zc_nametab_add(&t->names, &n->by_name);
        if (n->blob && keys)
            key_link(t, i);
    }
}

/* --- nodes --- */

static uint32_t node_new(struct zc_wtree *t)
{
    uint32_t i = t->free;
    if (i != NOTHING) {
        t->free = at(t, i)->chain;
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
    n->chain = t->free;
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
    zc_nametab_init(&t->names, name_of, 2);
    t->keys = calloc(FIRST_KEYS, sizeof *t->keys);
    t->n_keys = FIRST_KEYS;
    t->used = ROOT;
    t->chunks = calloc(1, sizeof *t->chunks);
    if (t->chunks && (t->chunks[0] = calloc(CHUNK, sizeof **t->chunks)))
        t->n_chunks = 1;
    if (!t->keys || !t->n_chunks || node_new(t) != ROOT ||
        !(at(t, ROOT)->blob = blob_new("", 0, "", 0))) {
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
    zc_nametab_clear(&t->names);
    free(t->keys);
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
    zc_nametab_add(&t->names, &at(t, i)->by_name);
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
    zc_nametab_del(&t->names, &n->by_name);
    sibling_unlink(t, i);
    free(n->blob);
    n->blob = blob;
    n->name_len = (uint8_t)len;
    sibling_link(t, i, p);
    zc_nametab_add(&t->names, &n->by_name);
    t->moves++;
    return 0;
}

uint64_t zc_wtree_moves(const struct zc_wtree *t)
{
    return t->moves;
}

static void drop_one(struct zc_wtree *t, uint32_t i)
{
    zc_nametab_del(&t->names, &at(t, i)->by_name);
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

/* --- looking up --- */

static uint32_t child(const struct zc_wtree *t, uint32_t parent,
                      const char *name, size_t n)
{
    const struct zc_nametab_node *node =
        zc_nametab_find(&t->names, parent, name, n);
    return node ? index_of(t, node_of(node)) : NOTHING;
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

bool zc_wtree_spot(const struct zc_wtree *t, zc_wdir d,
                   struct zc_wspot *spot)
{
    uint32_t i = find(t, d);
    if (i == NOTHING || i == ROOT)
        return false;
    const struct node *n = at(t, i);
    spot->dir = number(t, n->parent);
    spot->len = n->name_len;
    memcpy(spot->name, n->blob, n->name_len + 1u);
    return true;
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

/* --- keys, flags, jobs --- */

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
    memset(t->keys, 0, t->n_keys * sizeof *t->keys);
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
    for (; i != NOTHING; i = at(t, i)->chain) {
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
