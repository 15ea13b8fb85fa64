/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a peer that syncs behind the names (fsync=behind) may lose with its
 * host: the rounds since its last sync but one, as FINISHED tells. A file that
 * had the same size and time before looks then as if nothing was missing. So
 * when such a session breaks, everything is compared by the next one, as ever,
 * and then the source is looked through for what has changed since (ghosts.h),
 * and that is sent again. With the lock.
 */
#ifndef ZC_MIRROR_DURABLE_H
#define ZC_MIRROR_DURABLE_H

#include "mirror/core.h"

/* The oldest change that P has not been sent; it is to be asked for before it
 * is. */
int64_t zc_mdurable_oldest(const struct zc_mpeer *p, int64_t now);
/* A round of changes since SINCE is over, and on stable storage if it was SYNC; of
 * the whole tree if it was ALL. */
void zc_mdurable_round(struct zc_mpeer *p, int64_t since, bool sync, bool all,
                       int64_t now);
/* The session is over. */
void zc_mdurable_lost(struct zc_mpeer *p, int64_t now);
/* Something has been lost, perhaps, that nobody has looked for. */
bool zc_mdurable_in_doubt(const struct zc_mpeer *p);

#endif
