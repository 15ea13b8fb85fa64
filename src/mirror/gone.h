/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the mirror saw go while everything was in doubt at a peer, which was
 * away, say. A comparison then finds the same entries missing, and if they are
 * many the brake holds, as it does not know that somebody watched them go. So
 * their names are kept, and where the brake holds they are sent as names that
 * were seen to go; what is missing beyond that is up to the brake still.
 *
 * Names are kept in a dirty set of their own, within its bounds: when there are
 * too many, some are not known any more, and the brake decides about them.
 */
#ifndef ZC_MIRROR_GONE_H
#define ZC_MIRROR_GONE_H

#include "mirror/core.h"
#include "sender/round.h"

void zc_gone_free(struct zc_gone *g); /* NULL is fine */

/* The watcher's callbacks; with the lock, like all below. */
void zc_gone_changed(struct zc_mpeer *p, zc_wdir dir, const char *name,
                     size_t n, unsigned what, int64_t now);
void zc_gone_renamed(struct zc_mpeer *p, zc_wdir from, const char *name,
                     size_t n, int64_t now);
void zc_gone_removed(struct zc_mpeer *p, zc_wdir dir);

/* The peer is lost, or everything is about to be in doubt for another reason:
 * what it has not been told goes over. Before zc_dirty_lost or _all. */
void zc_gone_inherit(struct zc_mpeer *p, int64_t now);
/* The source is another one, or the peer is equal: nothing is left to tell. */
void zc_gone_forget(struct zc_mpeer *p);

/* Whether there is anything to be told while the brake holds. */
bool zc_gone_any(const struct zc_mpeer *p, int64_t now);
/* Takes up to MAX names, as zc_dirty_take; zc_gone_done when they were sent. */
bool zc_gone_take(struct zc_mpeer *p, size_t max, int64_t now,
                  struct zc_round *round);
void zc_gone_done(struct zc_mpeer *p, int64_t now);

#endif
