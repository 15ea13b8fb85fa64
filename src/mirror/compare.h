/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Now and then everything is compared, for what no event tells: what others do
 * to a network file system, what was changed at the destination, stores through
 * a mapping that stays open. For the watch thread, with the lock, where nothing
 * else is said.
 */
#ifndef ZC_MIRROR_COMPARE_H
#define ZC_MIRROR_COMPARE_H

#include "mirror/core.h"

/* Everything was compared, or is about to be: the next time is counted from
 * now. */
void zc_mcompare_begin(struct zc_mirror *m, int64_t now);
/* Nanoseconds until zc_mcompare_tick has something to do. */
int64_t zc_mcompare_next(const struct zc_mirror *m, int64_t now);
void zc_mcompare_tick(struct zc_mirror *m, int64_t now);
/* The watcher has looked at all of the tree: is it because of that? Then peers
 * can take their time over it. */
void zc_mcompare_doubt(struct zc_mirror *m);
/* A peer's comparison took so long: the next one waits, so that no more than a
 * twentieth of the time goes into them. Any thread, with the lock. */
void zc_mcompare_took(struct zc_mirror *m, int64_t took, int64_t now);
/* Compares now what R asks for. -1 with a sentence: there is no such place. */
int zc_mcompare_rescan(struct zc_mirror *m, const struct zc_mirror_request *r,
                       struct zc_err *err);

#endif
