/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who has pushed to the shares of this host, since the daemon was started: what
 * the receivers tell of it (session/intake.h), kept beyond their end. So that
 * "is my copy current?" can be answered here, whether or not the one who pushes
 * is there now. For a process with one thread.
 */
#ifndef ZC_DAEMON_PUSHERS_H
#define ZC_DAEMON_PUSHERS_H

#include "daemon/snapshot.h"

struct zc_pushers;
struct zc_receivers;
struct zc_receiver_process;

struct zc_pushers *zc_pushers_new(void); /* NULL: no memory */
void zc_pushers_free(struct zc_pushers *p);

/* C has ended; its note is still there. */
void zc_pushers_ended(struct zc_pushers *p,
                      const struct zc_receiver_process *c);

/* Adds all of them to S, with those of R that are at it now. -1: no memory. */
int zc_pushers_snapshot(const struct zc_pushers *p,
                        const struct zc_receivers *r, struct zc_snapshot *s);

#endif
