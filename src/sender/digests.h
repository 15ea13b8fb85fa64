/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Digests of the source (tree/digests.h): where both ends have a tree already,
 * each goes through its own first, at the same time, and what they have in common
 * is not listed.
 *
 *   LIST 0, DIGESTS ---------------------->   an offer: zc_sdigests_offers
 *              <---------------------- DIGEST  taken up
 *              <---------------------- NEED 0: DESCEND
 *   everything is gone through, by all workers; nothing is told
 *   LIST of GROUPS ----------------------->   of the root
 *              <---------------------- NEED: those that differ
 *   LISTs of these, directories with their digests, and so on downwards
 *
 * A directory with very many names is told by groups, too, before it is listed.
 * What cannot be looked at has no digest; so it is listed, and told then.
 */
#ifndef ZC_SENDER_DIGESTS_H
#define ZC_SENDER_DIGESTS_H

#include "sender/core.h"
#include "tree/digests.h"

struct zc_sdigests {
    bool offered; /* under the sender's lock */
    struct zc_digests *table; /* NULL: the peer does not */
    uint8_t *owners; /* `users` and `groups` of DIGEST point into it */
    struct zc_bytes users, groups;
    atomic_bool over; /* all is gone through */
};

void zc_sdigests_init(struct zc_sender *s, struct zc_sdigests *d);
/* A round begins, or the session ends: nothing is known. No thread is at work. */
void zc_sdigests_clear(struct zc_sender *s);

/* Whether this round, which is about the whole tree, may have digests. */
bool zc_sdigests_offers(struct zc_sender *s);
/* May DIGEST come now? */
bool zc_sdigests_expected(struct zc_sender *s);
/* It has. -1: memory. */
int zc_sdigests_taken(struct zc_sender *s, const struct zc_msg_digest *m);
/* All is gone through. */
void zc_sdigests_finish(struct zc_sender *s);

/* What there is after that; NULL: nothing. */
const struct zc_digests *zc_sdigests_table(const struct zc_sender *s);
/* The directory E, in DIR; 0: it is none, or not known. */
uint32_t zc_sdigests_child(const struct zc_sender *s, uint32_t dir,
                           const struct zc_entry *e);
/* G as the peer is to hear of it. */
void zc_sdigests_encode(struct zc_buf *b, const struct zc_group *g);
/* E, in DIR, gets its digest if it has one. */
void zc_sdigests_tell(const struct zc_sender *s, uint32_t dir,
                      struct zc_entry *e);

#endif
