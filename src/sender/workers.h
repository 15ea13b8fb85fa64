/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who does the work: a few threads that do the same things, whichever is most
 * urgent, and in a mirror the thread of the session.
 */
#ifndef ZC_SENDER_WORKERS_H
#define ZC_SENDER_WORKERS_H

#include "sender/core.h"

#define ZC_WORKERS_MAX 8u

/* W is zeroed; I is its number. */
void zc_sworker_init(struct zc_sworker *w, struct zc_sender *s, unsigned i);
void zc_sworker_fini(struct zc_sworker *w);

/* Is there something to do that the peer has asked for, or the end of the round?
 * With the lock. */
bool zc_sworkers_ready(const struct zc_sender *s);

/* A thread: works until the session is over. */
void *zc_sworker_main(void *worker);
/* Gives the calling thread, W's, the priority of the round. */
void zc_sworker_priority(struct zc_sworker *w);
/* Works until the round is over. */
void zc_sworker_round(struct zc_sworker *w);

#endif
