/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A peer's thread. */
#ifndef ZC_MIRROR_PEER_H
#define ZC_MIRROR_PEER_H

#include "mirror/core.h"

void *zc_mpeer_main(void *arg); /* the peer */
/* Nanoseconds until the peer, if connected, has something to do; 0: now,
 * INT64_MAX: nothing. With the lock. */
int64_t zc_mpeer_next(const struct zc_mpeer *p, int64_t now);
/* Ends what the peers' threads wait for: a round too if BUSY, else only what
 * comes before the first. Not with the lock. */
void zc_mpeers_interrupt(struct zc_mirror *m, bool busy);

/* Ends the sessions with whom is not trusted any more. Not with the lock. */
void zc_mpeers_rekey(struct zc_mirror *m);

/* P is to let go of its destination (p->let_go says when it has), or need not
 * any longer. With the lock. */
void zc_mpeer_pause(struct zc_mpeer *p, bool on);
/* Whether there are any who are to let go and have not. With the lock. */
bool zc_mpeers_holding(const struct zc_mirror *m);
/* Ends what those are doing; to be called again and again until there are none.
 * Not with the lock. */
void zc_mpeers_hurry(struct zc_mirror *m);
/* Where the brake holds, the next comparison may delete however much it is.
 * False: it does not hold. With the lock. */
bool zc_mpeer_release(struct zc_mpeer *p);

/* Somebody waits for P: where it is not connected, it is tried at once. With the
 * lock. */
void zc_mpeer_hurry(struct zc_mpeer *p);

#endif
