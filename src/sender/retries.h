/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries that have to be sent again, each when it is due: a file that changed
 * while it was read, or of which the peer could not take what it got. Plain
 * memory, under the sender's lock.
 */
#ifndef ZC_SENDER_RETRIES_H
#define ZC_SENDER_RETRIES_H

#include "base/vec.h"

struct zc_slist;

#define ZC_TRIES_MAX 6 /* looks at a file that changes under us */
#define ZC_TRIES_ROUND 2 /* the same in a mirror, which comes again */

struct zc_retry {
    struct zc_slist *list; /* stays, as its entry is outstanding */
    uint32_t index;
    unsigned tries; /* so far */
    int64_t due;    /* zc_clock_ns */
};

struct zc_retries {
    ZC_VEC(struct zc_retry) v;
};

void zc_retries_fini(struct zc_retries *r);
/* -1: memory. */
int zc_retries_add(struct zc_retries *r, const struct zc_retry *retry);
/* Takes one that is due at NOW, in no particular order, into *OUT. False: none
 * is, and *WAIT is no longer than it takes until the next will be. */
bool zc_retries_take(struct zc_retries *r, int64_t now, struct zc_retry *out,
                     int64_t *wait);

#endif
