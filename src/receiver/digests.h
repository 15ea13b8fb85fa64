/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Digests of what is here already (tree/digests.h), for a sender that offers to
 * leave out what both have: survey.c goes through it, and what is asked after that
 * is answered here. Where nothing is here nothing is digested.
 *
 * Equal digests mean that comparing would find nothing to do, and no more: a
 * sender that lies about its own only keeps its files to itself.
 */
#ifndef ZC_RECEIVER_DIGESTS_H
#define ZC_RECEIVER_DIGESTS_H

#include "proto/msg.h"
#include "tree/digests.h"

struct zc_cmp;
struct zc_rdir;
struct zc_receiver;

struct zc_rdigests {
    struct zc_digests *table; /* NULL: there are none */
    bool over; /* all is gone through; under receiver.lock */
};

/* A sender offers digests for a round about all of ROOT. True: they are begun, and
 * OUT tells it so. */
bool zc_rdigests_begin(struct zc_receiver *r, struct zc_rdir *root,
                       struct zc_buf *out);
/* A round is over, or the session. No thread is at work. */
void zc_rdigests_clear(struct zc_receiver *r);
/* Everything is gone through, and the sender is through, too: it has told which
 * owners there are. */
void zc_rdigests_finish(struct zc_receiver *r);
/* With the lock held: it is. */
bool zc_rdigests_over(const struct zc_receiver *r);

/* --- after that --- */

/* The number of E, in D; 0: it has none. */
uint32_t zc_rdigests_child(const struct zc_receiver *r,
                           const struct zc_rdir *d, const struct zc_entry *e);
/* C is a directory in which nothing differs. It counts as seen. */
bool zc_rdigests_same(struct zc_receiver *r, const struct zc_cmp *c);
/* The groups of M (ZC_LIST_GROUPS) become D's; those that are the same count as
 * seen. -1 with a sentence. */
int zc_rdigests_take_groups(struct zc_receiver *r, struct zc_rdir *d,
                            struct zc_msg_list m, struct zc_err *err);

#endif
