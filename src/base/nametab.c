// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A table of names, in chains; see nametab.h.
 *
 * The hash is not kept: to compute it again when the table grows, or an item is
 * taken out, costs less than eight more bytes in every item. Who has it for
 * other reasons may say so.
 */
#include "base/nametab.h"

#include <string.h>
#include <sys/random.h>
#include <xxhash.h>

#define FIRST_BUCKETS 64 /* when one is not enough any more */

void zc_nametab_init(struct zc_nametab *t, zc_nametab_key_of *key_of,
                     size_t load)
{
    *t = (struct zc_nametab){.key_of = key_of, .n_buckets = 1, .load = load};
    if (getrandom(&t->seed, sizeof t->seed, GRND_NONBLOCK) !=
        (ssize_t)sizeof t->seed)
        t->seed = (uint64_t)(uintptr_t)t;
}

void zc_nametab_clear(struct zc_nametab *t)
{
    free(t->buckets);
    t->buckets = NULL;
    t->first = NULL;
    t->n_buckets = 1;
    t->n = 0;
}

uint64_t zc_nametab_hash(const struct zc_nametab *t, uint64_t id,
                         const void *name, size_t n)
{
    return XXH3_64bits_withSeed(name, n, t->seed ^ id * 0x9e3779b97f4a7c15u);
}

static struct zc_nametab_node **bucket(const struct zc_nametab *t,
                                       uint64_t hash)
{
    if (!t->buckets)
        return (struct zc_nametab_node **)&t->first;
    return &t->buckets[hash & (t->n_buckets - 1)];
}

static uint64_t hash_of(const struct zc_nametab *t,
                        const struct zc_nametab_node *node)
{
    struct zc_nametab_key key = t->key_of(node);
    return zc_nametab_hash(t, key.id, key.name, key.n);
}

/* The first from NODE on that has this KEY. */
static struct zc_nametab_node *search(const struct zc_nametab *t,
                                      struct zc_nametab_node *node,
                                      const struct zc_nametab_key *key)
{
    for (; node; node = node->next) {
        struct zc_nametab_key k = t->key_of(node);
        if (k.id == key->id && k.n == key->n &&
            !memcmp(k.name, key->name, k.n))
            break;
    }
    return node;
}

struct zc_nametab_node *zc_nametab_find(const struct zc_nametab *t,
                                        uint64_t id, const void *name,
                                        size_t n)
{
    struct zc_nametab_key key = {id, name, n};
    if (!t->n)
        return NULL;
    return search(t, *bucket(t, zc_nametab_hash(t, id, name, n)), &key);
}

struct zc_nametab_node *zc_nametab_older(const struct zc_nametab *t,
                                         const struct zc_nametab_node *node)
{
    struct zc_nametab_key key = t->key_of(node);
    return search(t, node->next, &key);
}

static void push(struct zc_nametab *t, struct zc_nametab_node *node,
                 uint64_t hash)
{
    struct zc_nametab_node **b = bucket(t, hash);
    node->next = *b;
    *b = node;
}

/* Pushes all of a bucket, its last one first, so that they keep their order. */
static void push_all(struct zc_nametab *t, struct zc_nametab_node *newest)
{
    struct zc_nametab_node *oldest = NULL, *next;
    for (struct zc_nametab_node *node = newest; node; node = next) {
        next = node->next;
        node->next = oldest;
        oldest = node;
    }
    for (struct zc_nametab_node *node = oldest; node; node = next) {
        next = node->next;
        push(t, node, hash_of(t, node));
    }
}

/* Twice the buckets, without an item. False: no memory. */
static bool renew(struct zc_nametab *t)
{
    size_t n = t->buckets ? 2 * t->n_buckets : FIRST_BUCKETS;
    struct zc_nametab_node **v = calloc(n, sizeof(struct zc_nametab_node *));
    if (!v)
        return false;
    t->buckets = v;
    t->n_buckets = n;
    t->first = NULL;
    t->n = 0;
    return true;
}

static bool is_full(const struct zc_nametab *t)
{
    return t->n >= t->load * t->n_buckets;
}

bool zc_nametab_restart(struct zc_nametab *t)
{
    struct zc_nametab_node **old = t->buckets;
    if (!is_full(t) || !renew(t))
        return false;
    free(old);
    return true;
}

static void grow(struct zc_nametab *t)
{
    struct zc_nametab old = *t;
    if (!renew(t))
        return;
    for (size_t i = 0; i < old.n_buckets; i++)
        push_all(t, old.buckets ? old.buckets[i] : old.first);
    t->n = old.n;
    free(old.buckets);
}

void zc_nametab_add_hashed(struct zc_nametab *t, struct zc_nametab_node *node,
                           uint64_t hash)
{
    if (is_full(t))
        grow(t);
    push(t, node, hash);
    t->n++;
}

void zc_nametab_del_hashed(struct zc_nametab *t, struct zc_nametab_node *node,
                           uint64_t hash)
{
    struct zc_nametab_node **at = bucket(t, hash);
    while (*at != node)
        at = &(*at)->next;
    *at = node->next;
    t->n--;
}

void zc_nametab_add(struct zc_nametab *t, struct zc_nametab_node *node)
{
    zc_nametab_add_hashed(t, node, hash_of(t, node));
}

void zc_nametab_del(struct zc_nametab *t, struct zc_nametab_node *node)
{
    zc_nametab_del_hashed(t, node, hash_of(t, node));
}
