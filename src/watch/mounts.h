/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is mounted and unmounted below the root, and on it. The kernel only says
 * that something has changed, anywhere: then all that is known is compared with
 * what is there. With the lock that watch.h speaks of.
 */
#ifndef ZC_WATCH_MOUNTS_H
#define ZC_WATCH_MOUNTS_H

#include "tree/places.h"

struct zc_watch;

/* For ROOTFD, the root, before anything is listed. BEFORE (may be NULL): what a
 * watcher of the same root knew; what was mounted then and is not is gone. */
void zc_wmounts_start(struct zc_watch *w, int rootfd,
                      const struct zc_places *before);
void zc_wmounts_fini(struct zc_watch *w);
/* When w->mounts.changed: looks, and tells. */
void zc_wmounts_look(struct zc_watch *w);

#endif
