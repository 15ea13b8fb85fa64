/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The source: its watcher, and the thread that reads it. */
#ifndef ZC_MIRROR_SOURCE_H
#define ZC_MIRROR_SOURCE_H

#include "mirror/core.h"

/* Opens m->w, if all that is required is there. -1 and a sentence. */
int zc_msource_open(struct zc_mirror *m, struct zc_err *err);
/* That failed at the start, for the reason WHY: it is waited for. With the lock,
 * after the peers were started. */
void zc_msource_missing(struct zc_mirror *m, const struct zc_err *why);
/* Watches until m->opt->stop_fd is readable. */
void zc_msource_watch(struct zc_mirror *m);
/* At the stop: tells the peers of what has happened until now, as far as it can
 * be known by END (zc_clock_ns). With the lock. */
void zc_msource_finish(struct zc_mirror *m, int64_t end);

#endif
