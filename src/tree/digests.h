/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Digests of a tree: what one end of a session has found, in 128 bits for each
 * directory, so that two ends need not tell each other what they have in common.
 *
 *   entries of a directory, in order   zc_digesting_add, by whoever goes through
 *      v                               it; several threads, a directory each
 *   sums, by owner and range           zc_digesting_end
 *      v
 *   digests                            zc_digests_finish, when all is there
 *
 * A directory's digest is the sum (modulo 2^128) of hashes: one for each entry
 * below it, of what counts of it (struct zc_msg_digest) and of where it is. The
 * seed is new each time and nobody who makes files knows it, so sums collide by
 * chance only. A sum needs no order and no tree in memory, and those of a part of
 * a directory's names, a group, can be added.
 *
 * Ranges are the smallest groups: one ends with a name whose hash says so. So
 * both ends cut alike, but for what is around a name that one of them lacks.
 *
 * Owners are different numbers on two hosts, and an end learns only at the end
 * which is which. So there is a sum for each owner in a range, and the owner's
 * number joins it in zc_digests_finish. Hard links likewise: which names of the
 * tree are one inode is not known before.
 *
 * What could not be looked at, or cannot be put into a digest, spoils its range
 * and all that it is in: they have none, and are equal to nothing.
 *
 * Memory: some 100 bytes a directory, 32 for a name of a hard link, both bounded.
 * Nothing here does I/O.
 */
#ifndef ZC_TREE_DIGESTS_H
#define ZC_TREE_DIGESTS_H

#include "base/vec.h"
#include "proto/digest.h"

struct zc_digests;

/* Directories beyond so many are part of what they are in, and cannot be asked
 * for. */
#define ZC_DIGESTS_DIRS_MAX ((uint32_t)1 << 18)
/* With more names of hard links there are no digests. */
#define ZC_DIGESTS_LINKS_MAX ((uint32_t)1 << 17)

/* Where a directory is in the digests. */
struct zc_digest_dir {
    uint32_t id;   /* its number, or of the nearest above that has one */
    uint32_t into; /* it has none: the sum that it is part of; else 0 */
    uint64_t key;  /* of its path */
};

/* WHAT counts (not its `users` and `groups`). NULL: memory. */
struct zc_digests *zc_digests_new(const struct zc_msg_digest *what);
void zc_digests_free(struct zc_digests *t); /* or NULL */
const struct zc_msg_digest *zc_digests_what(const struct zc_digests *t);
struct zc_digest_dir zc_digests_root(const struct zc_digests *t);

/* --- going through a directory: one thread's --- */

struct zc_digest_sum {
    uint64_t v[2];
    uint32_t uid, gid;
    uint32_t end; /* 1 + offset into `ends` of the last name of a range that ends
                     with this sum; else 0 */
    uint32_t entries;
    bool spoilt;
    uint32_t number; /* in the tree; set by zc_digesting_end */
};
struct zc_digest_link {
    uint64_t dev, ino, key;
    uint32_t sum;
};
struct zc_digest_child {
    struct zc_digest_dir dir; /* set by zc_digesting_end */
    uint64_t key;
    uint32_t sum;
    uint32_t note; /* the caller's */
};

/* A run of a directory's names. A directory may be gone through in several runs,
 * one after the other. */
struct zc_digesting {
    struct zc_digests *t;
    struct zc_digest_dir dir;
    ZC_VEC(struct zc_digest_sum) sums;
    size_t range; /* the first sum of the range that has not ended */
    ZC_VEC(struct zc_digest_link) links;
    ZC_VEC(struct zc_digest_child) children;
    struct zc_buf ends;
    bool failed; /* memory: it will be spoilt */
};

struct zc_digesting zc_digesting_begin(struct zc_digests *t,
                                       struct zc_digest_dir dir);
/* E is the next. NOTE: of a directory that is gone through, too, which becomes one
 * of `children`; else ZC_DIGEST_NO_CHILD. */
#define ZC_DIGEST_NO_CHILD UINT32_MAX
void zc_digesting_add(struct zc_digesting *g, const struct zc_entry *e,
                      uint32_t note);
/* Something here cannot be told. */
void zc_digesting_spoil(struct zc_digesting *g);
/* The run is over: `children` can be gone through, by any thread. */
void zc_digesting_end(struct zc_digesting *g);
void zc_digesting_fini(struct zc_digesting *g);

/* --- the end: one thread's, when no run goes on --- */

/* What UID and GID count as: other numbers in AS, by which two ends compare.
 * False: that cannot be said. */
typedef bool zc_digest_owner_fn(void *arg, uint32_t uid, uint32_t gid,
                                uint64_t as[2]);
void zc_digests_finish(struct zc_digests *t, zc_digest_owner_fn *owner,
                       void *arg);

/* --- asking, after that: any thread --- */

/* The directory NAME (N bytes) in DIR (0: none); 0: it is not known. */
uint32_t zc_digests_child(const struct zc_digests *t, uint32_t dir,
                          const char *name, size_t n);
/* The digest of DIR; false: it has none. *ENTRIES (or NULL): how many it is of. */
bool zc_digests_of(const struct zc_digests *t, uint32_t dir,
                   uint8_t digest[ZC_DIGEST_SIZE], uint64_t *entries);

/* Some names of a directory, and whether the other end has the same. */
struct zc_group {
    char *end; /* the last one; NULL: all that are left */
    bool known, differs;
    uint8_t digest[ZC_DIGEST_SIZE];
    uint64_t entries; /* below them, here */
};
struct zc_groups {
    ZC_VEC(struct zc_group) of;
};
/* Those of DIR, MAX at most. 0, or -1: memory. */
int zc_digests_groups(const struct zc_digests *t, uint32_t dir, size_t max,
                      struct zc_groups *groups);
/* G as it came from the other end: which of them differ here? */
void zc_digests_compare(const struct zc_digests *t, uint32_t dir,
                        struct zc_groups *g);
void zc_groups_fini(struct zc_groups *g);
/* NAME (N bytes) is in a group that does not differ. *AT (0 at first) remembers
 * where that is, as long as names come in order. G may be NULL. */
bool zc_groups_has_same(const struct zc_groups *g, size_t *at,
                        const char *name, size_t n);

#endif
