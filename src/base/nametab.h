/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hash table of names in directories: from a number (the directory's, say)
 * and some bytes (the name) to an item of the caller's.
 *
 * The items are linked into chains: each has a zc_nametab_node in it, which is
 * one pointer, and there are 8 to 16 bytes of buckets for each, or half that.
 * The key is where the item has it, and must not change while the item is in a
 * table. Several items may have the same key.
 *
 * Nothing here fails. Without memory for more buckets the chains grow longer,
 * and the first bucket needs none. The hash is XXH3 with a random seed, since
 * whoever may make files chooses their names. Owns no items. Not shared between
 * threads without a lock.
 */
#ifndef ZC_BASE_NAMETAB_H
#define ZC_BASE_NAMETAB_H

#include "base/util.h"

/* In an item: ZC_CONTAINER_OF tells which one. */
struct zc_nametab_node {
    struct zc_nametab_node *next; /* in its bucket */
};

struct zc_nametab_key {
    uint64_t id;
    const void *name;
    size_t n; /* bytes */
};

/* The key of the item that NODE is in. */
typedef struct zc_nametab_key
zc_nametab_key_of(const struct zc_nametab_node *node);

struct zc_nametab {
    zc_nametab_key_of *key_of;
    struct zc_nametab_node **buckets; /* NULL: `first` is the only one */
    struct zc_nametab_node *first;
    size_t n_buckets; /* 1, or another power of two */
    size_t n;         /* items */
    size_t load;      /* no more items a bucket than this, if memory allows */
    uint64_t seed;    /* two empty tables may be given the same, so that their
                         hashes are the same, too */
};

/* An empty table. LOAD is 1, or 2 to do with half the buckets. */
void zc_nametab_init(struct zc_nametab *t, zc_nametab_key_of *key_of,
                     size_t load);
/* Forgets all items and frees the buckets; T is empty then, as after init. */
void zc_nametab_clear(struct zc_nametab *t);
/* If T would grow with the next item: forgets all items, and makes T bigger. The
 * caller adds them again, in the order in which they lie in memory, which is
 * faster. False: nothing has changed. */
bool zc_nametab_restart(struct zc_nametab *t);

/* The hash of a key in T. */
uint64_t zc_nametab_hash(const struct zc_nametab *t, uint64_t id,
                         const void *name, size_t n);
/* The item with this key that was added last; NULL: none. */
struct zc_nametab_node *zc_nametab_find(const struct zc_nametab *t,
                                        uint64_t id, const void *name,
                                        size_t n);
/* The item with the key of NODE that was added before NODE; NULL: none. */
struct zc_nametab_node *zc_nametab_older(const struct zc_nametab *t,
                                         const struct zc_nametab_node *node);

void zc_nametab_add(struct zc_nametab *t, struct zc_nametab_node *node);
/* NODE is in T. */
void zc_nametab_del(struct zc_nametab *t, struct zc_nametab_node *node);
/* The same for who has kept the HASH of the item's key. */
void zc_nametab_add_hashed(struct zc_nametab *t, struct zc_nametab_node *node,
                           uint64_t hash);
void zc_nametab_del_hashed(struct zc_nametab *t, struct zc_nametab_node *node,
                           uint64_t hash);

#endif
