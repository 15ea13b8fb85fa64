/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inodes here that have several names, in a round about a part of the tree:
 * who changes such an inode changes files that nobody has looked at. So what
 * is to be set on one waits for the end of the round. Where all of its names
 * have been looked at by then, it is set in place. Where there are others, the
 * names of the round get a copy, an inode of their own, and the others keep
 * what they have.
 *
 * Any thread, not under receiver.lock, but where it says so.
 */
#ifndef ZC_RECEIVER_SHARED_H
#define ZC_RECEIVER_SHARED_H

#include "base/map.h"
#include "base/vec.h"
#include "fs/meta.h"
#include "receiver/place.h"

#include <stdatomic.h>

struct zc_receiver;

struct zc_shared_name {
    struct zc_shelf shelf; /* the node is referenced */
    char *name;
};

/* One inode, and those of its names that the round has looked at. */
struct zc_shared_inode {
    uint64_t dev, ino;
    ZC_VEC(struct zc_shared_name) names;
    uint32_t links; /* of the file at the source */
    bool joined;    /* the round has made links to it */
    bool forgot;    /* ... and names that are not kept in mind */
    bool pending;   /* to be set: */
    struct zc_meta_want want;
};

struct zc_shared {
    atomic_bool partial;  /* the round is about a part of the tree */
    struct zc_map inodes; /* (device, inode) -> what is known; receiver.lock */
    size_t names;         /* of all of them; receiver.lock */
};

/* Is this such a round, in which hard links are kept? */
bool zc_shared_applies(const struct zc_receiver *r);

/* NAME in WHERE is one of several of the inode ST, and stays one; the source
 * has LINKS of its file. -1: too many to keep in mind, and it may not stay. */
int zc_shared_seen(struct zc_receiver *r, const struct zc_shelf *where,
                   const char *name, const struct zc_stat *st, uint32_t links);
/* So is NAME in WHERE, which was compared with others of its inode (DEV, INO),
 * or, MADE, was just made a link to it. Where nothing is known of that inode,
 * it is new. */
void zc_shared_also(struct zc_receiver *r, const struct zc_shelf *where,
                    const char *name, uint64_t dev, uint64_t ino, bool made);
/* WANT is to be set on the inode ST, at the end of the round. -1 and
 * errno: ENOENT, it is none of those above; ENOMEM. */
int zc_shared_dress(struct zc_receiver *r, const struct zc_stat *st,
                    const struct zc_meta_want *want);

/* Nothing is known any more; with the lock, or when no thread is left. */
void zc_shared_free(struct zc_receiver *r);

#endif
