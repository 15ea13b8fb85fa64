/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the kernel's events to what is reported. Directories are those of the
 * table; events about other directories end in the back end.
 * With the lock that watch.h speaks of.
 */
#ifndef ZC_WATCH_EVENTS_H
#define ZC_WATCH_EVENTS_H

#include "watch/change.h"

struct zc_watch;

/* NAME in DIR: WHAT has happened, but for renames. */
void zc_wev_name(struct zc_watch *w, zc_wdir dir, const char *name, size_t n,
                 unsigned what, bool is_dir);
void zc_wev_moved_from(struct zc_watch *w, zc_wdir dir, const char *name,
                       size_t n, bool is_dir, uint32_t cookie);
void zc_wev_moved_to(struct zc_watch *w, zc_wdir dir, const char *name,
                     size_t n, bool is_dir, uint32_t cookie);
/* Both halves. NONE for a side that is not in the table. */
void zc_wev_moved(struct zc_watch *w, zc_wdir from, const char *from_name,
                  size_t from_n, zc_wdir to, const char *to_name, size_t to_n,
                  bool is_dir);
/* DIR is not watched any more, by no doing of ours. */
void zc_wev_lost(struct zc_watch *w, zc_wdir dir);
void zc_wev_overflow(struct zc_watch *w);

/* The rename that may be half of an exchange is not. */
void zc_wev_release(struct zc_watch *w);
/* Halves that have waited until NOW are all there is. */
void zc_wev_expire(struct zc_watch *w, int64_t now);
/* Half a rename waits for the other, or a rename to be one of an exchange. */
bool zc_wev_waiting(const struct zc_watch *w);
/* When the first half has waited for long enough; INT64_MAX: none waits. */
int64_t zc_wev_next(const struct zc_watch *w);
void zc_wev_fini(struct zc_watch *w);

#endif
