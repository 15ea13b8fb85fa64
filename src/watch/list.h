/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Listing directories: what is found in one is put into the queue (todo.h).
 * With the lock that watch.h speaks of. */
#ifndef ZC_WATCH_LIST_H
#define ZC_WATCH_LIST_H

#include "watch/change.h"

struct zc_watch;
struct zc_wqueue;

/* D was just found: lists it, and reports it when all below is watched: as in
 * doubt, or as new. FD is closed. */
void zc_wnew(struct zc_watch *w, zc_wdir d, int fd, bool doubt);
/* Looks at up to N directories of Q. */
void zc_wwork(struct zc_watch *w, struct zc_wqueue *q, size_t n);

#endif
