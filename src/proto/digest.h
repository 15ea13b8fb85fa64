/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Digests on the wire (ZC_FEATURE_DIGESTS): what counts in them, and those of
 * the names of a directory. See zcsync-protocol(7), "Digests". Memory only;
 * any thread.
 */
#ifndef ZC_PROTO_DIGEST_H
#define ZC_PROTO_DIGEST_H

#include "proto/msg.h"

#define ZC_DIGEST_SIZE 16
#define ZC_DIGEST_OWNERS_MAX 64 /* groups in DIGEST */
#define ZC_GROUPS_MAX 256       /* in a LIST with ZC_LIST_GROUPS */

enum zc_digest_flag {
    ZC_DIGEST_FILE_TIMES = 1 << 0, /* times count, of regular files, */
    ZC_DIGEST_DIR_TIMES = 1 << 1,  /* ... directories, */
    ZC_DIGEST_LINK_TIMES = 1 << 2, /* ... symlinks; of others where kept */
    ZC_DIGEST_EXECUTABLE = 1 << 3, /* whether a file may be run */
    ZC_DIGEST_PROPERTIES = 1 << 4, /* hashes of btrfs.* */
    ZC_DIGEST_LIMITED = 1 << 5, /* only some owners can be set: `users`, `groups`
                                   are those */
    ZC_DIGEST_FLAGS_KNOWN = (1 << 6) - 1,
};

/* DIGEST: the receiver has begun to digest what it has; and what counts. */
struct zc_msg_digest {
    uint64_t seed;
    uint32_t keep; /* enum zc_keep: what is compared */
    uint32_t time_step; /* nanoseconds, as zc_time_step has it */
    uint16_t flags;     /* enum zc_digest_flag */
    /* As zc_digest_owner_put writes them; of the groups the first is that which
     * new files have. */
    struct zc_bytes users, groups;
};
void zc_digest_encode(struct zc_buf *b, const struct zc_msg_digest *m);
int zc_digest_decode(struct zc_bytes body, struct zc_msg_digest *m,
                     struct zc_err *err);

/* Somebody of the receiver's. NAME may be empty. */
struct zc_digest_owner {
    uint32_t id;
    struct zc_bytes name;
};
void zc_digest_owner_put(struct zc_buf *b, const struct zc_digest_owner *o);
/* The next one of OWNERS, which begins with the first; false: there is none. */
bool zc_digest_owner_next(struct zc_bytes *owners, struct zc_digest_owner *o);

/* What a LIST with ZC_LIST_GROUPS has in place of entries: a group is of the
 * names behind those of the group before, up to and including END (empty: all
 * that are left; the last has that, and it alone). */
struct zc_msg_group {
    struct zc_bytes end;
    bool known; /* there is a digest */
    uint8_t digest[ZC_DIGEST_SIZE];
};
void zc_group_encode(struct zc_buf *b, const struct zc_msg_group *g);
/* The next of M, checked to come after the one before (PREV, zero at first).
 * LAST: M has no more. */
int zc_group_next(struct zc_msg_list *m, bool last, struct zc_msg_group *prev,
                  struct zc_msg_group *g, struct zc_err *err);

#endif
