/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Now and then all that is at a peer is read again, and compared with the source:
 * for what a disk has damaged, which no event, size or time tells of.
 *
 * A thread does it, at idle priority, one peer after the other, over a session
 * of its own that is a dry run, so that no change waits for it and nothing that
 * it says is done. What it finds, twice, and what is not on its way anyway
 * becomes dirty like a name that has changed; so repairs are the peer's
 * thread's.
 *
 *     verify_walk.c  a slice of names -> a round that compares them
 *     verify_pass.c  ... what differs -> again -> dirty -> and again
 *     verify.c       when, and with whom
 *     verify_state.c where it was, for the next process
 */
#ifndef ZC_MIRROR_VERIFY_H
#define ZC_MIRROR_VERIFY_H

#include "mirror/core.h"

/* The peers are known. -1 with a sentence. */
int zc_mverify_init(struct zc_mirror *m, struct zc_err *err);
/* Ends it, wherever it is. Not with the lock. Once the peers' threads cannot begin
 * anything any more, and before they end. */
void zc_mverify_stop(struct zc_mirror *m);
void zc_mverify_fini(struct zc_mirror *m);

/* Something has happened that it may wait for. With the lock. */
void zc_mverify_kick(struct zc_mirror *m);
/* PEER, or all (-1), are to be verified now. -1 with a sentence. With the lock. */
int zc_mverify_ask(struct zc_mirror *m, int32_t peer, struct zc_err *err);
/* It lets go of P; NULL: of whatever it is at. Not with the lock. */
void zc_mverify_interrupt(struct zc_mirror *m, const struct zc_mpeer *p);
/* Ends its session if whom it is with is not trusted any more. Not with the
 * lock. */
void zc_mverify_rekey(struct zc_mirror *m);

#endif
