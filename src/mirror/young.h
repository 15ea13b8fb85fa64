/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names that were made or touched, and that nobody has looked at since. For the
 * watch thread, with the lock.
 */
#ifndef ZC_MIRROR_YOUNG_H
#define ZC_MIRROR_YOUNG_H

#include "mirror/core.h"

/* ON: hard links are kept; else nothing here does anything. NULL: no memory. */
struct zc_young *zc_young_new(bool on);
void zc_young_free(struct zc_young *y);
void zc_young_clear(struct zc_young *y);
size_t zc_young_count(const struct zc_young *y);
/* Nothing is waited for any more. */
void zc_young_hurry(struct zc_young *y);

/* Events, before the index hears of them. */
void zc_young_changed(struct zc_mirror *m, zc_wdir dir, const char *name,
                      size_t n, unsigned what);
void zc_young_renamed(struct zc_mirror *m, zc_wdir from, const char *from_name,
                      size_t from_n, zc_wdir to, const char *to_name,
                      size_t to_n, bool is_dir);
/* A directory is not where it was: renamed, or gone. */
void zc_young_dir_moved(struct zc_young *y);

/* In this order, events being read after the first. Names are looked at, and
 * others have the lock meanwhile if there are more than a few; made sure of, and
 * others have the lock, if there are doubts; true when the queue was seen empty
 * after that. */
void zc_young_begin(struct zc_mirror *m);
bool zc_young_few(const struct zc_mirror *m);
void zc_young_look(struct zc_mirror *m);
bool zc_young_doubts(const struct zc_mirror *m);
bool zc_young_end(struct zc_mirror *m);

/* Nanoseconds until the next name is to be looked at; INT64_MAX: there is
 * none. */
int64_t zc_young_next(const struct zc_mirror *m, int64_t now);
/* All that was touched before POSITION (of the watcher's queue) has been looked
 * at. */
bool zc_young_settled(const struct zc_mirror *m, uint64_t position);

#endif
