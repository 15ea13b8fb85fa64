/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What others get to know about a mirror: the status struct, the log, and the
 * callbacks of whoever runs it. For a peer's thread, without the lock, where
 * nothing else is said.
 */
#ifndef ZC_MIRROR_REPORT_H
#define ZC_MIRROR_REPORT_H

#include "mirror/core.h"

/* PEER is its name, and stays the caller's. NULL: no memory. */
struct zc_mreport *zc_mreport_new(const char *peer);
void zc_mreport_free(struct zc_mreport *r);

/* A session is about to begin: its counters start at zero, and go on top of
 * those of the sessions before. SQUEEZES: it compresses. */
void zc_mreport_opening(struct zc_mpeer *p, bool squeezes);
/* There is a session. */
void zc_mreport_connected(struct zc_mpeer *p);
/* The connection could not be made or was lost (ERR); the next try is in DELAY
 * ns. */
void zc_mreport_disconnected(struct zc_mpeer *p, const struct zc_err *err,
                             int64_t delay);
/* The destination was let go, as somebody asked for. With the lock. */
void zc_mreport_paused(struct zc_mpeer *p);
/* A round begins (p->full says which). With the lock. */
void zc_mreport_round_begins(struct zc_mpeer *p);
/* It has ended, somehow. With the lock. */
void zc_mreport_round_ended(struct zc_mpeer *p);
/* It is over, and went well. */
void zc_mreport_round_over(struct zc_mpeer *p);
/* A round is over, and nothing is refused any more. */
void zc_mreport_cleared(struct zc_mpeer *p);
/* Brings the status up to date. With the lock. */
void zc_mreport_update(struct zc_mpeer *p);
/* Says in the mirror's status what is unmounted below the source, if anything is.
 * With the lock. */
void zc_mreport_unmounted(struct zc_mirror *m);
/* Logs and tells a new state. */
void zc_mreport_tell_peer(struct zc_mpeer *p);
/* Logs what the end of the mirror waits for, LEFT ns at most. Any thread. */
void zc_mreport_draining(struct zc_mirror *m, int64_t left);
/* Logs what P was not sent before the end. */
void zc_mreport_left_behind(struct zc_mpeer *p);

/* Events of the session; ARG is the peer. */
void zc_mreport_item(void *arg, const struct zc_item *item);
void zc_mreport_trouble(void *arg, enum zc_trouble kind, const char *what,
                        const char *path, int eno);
void zc_mreport_not_renamed(void *arg, const char *to);
void zc_mreport_costly(void *arg, const char *path, uint64_t bytes);

/* Logs, and puts into the status, what of the source events do not tell of. The
 * watch thread, with the lock. */
void zc_mreport_source(struct zc_mirror *m);
/* Logs and tells the mirror's own new state. The watch thread, without the
 * lock. */
void zc_mreport_tell_mirror(struct zc_mirror *m);

#endif
