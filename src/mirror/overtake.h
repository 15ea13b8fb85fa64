/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * While a round of a peer lasts (a first comparison may take hours, a big file
 * minutes), what is small and becomes dirty meanwhile is sent within it, by a
 * thread of its own. It stays dirty: that it is there is confirmed by the round
 * that it has a place in.
 *
 * All with the lock, but for init and fini.
 */
#ifndef ZC_MIRROR_OVERTAKE_H
#define ZC_MIRROR_OVERTAKE_H

#include "mirror/core.h"

void zc_overtake_init(struct zc_mpeer *p);
void zc_overtake_fini(struct zc_mpeer *p); /* the peer's thread has ended */

/* P begins a round. */
void zc_overtake_begin(struct zc_mpeer *p, int64_t now);
/* It is over: waits until nothing of P's session is in use. */
void zc_overtake_end(struct zc_mpeer *p);

/* Nanoseconds until something may have to overtake; INT64_MAX: nothing has. */
int64_t zc_overtake_next(const struct zc_mpeer *p, int64_t now);
/* Has it looked at, when that is 0. */
void zc_overtake_ask(struct zc_mpeer *p);

#endif
