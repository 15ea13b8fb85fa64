/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is mounted on the source and below it, as a mirror sees it. With the
 * lock.
 */
#ifndef ZC_MIRROR_MOUNTS_H
#define ZC_MIRROR_MOUNTS_H

#include "mirror/core.h"

/* The watcher has found out what is mounted below the source: brings status and
 * peers up to date. */
void zc_mmounts_changed(struct zc_mirror *m);

/* Their paths may be others by now. */
void zc_mmounts_name(struct zc_mirror *m);

/* There is a watcher: remembers what the source is on. */
void zc_mmounts_opened(struct zc_mirror *m);
/* The watcher, if there is one, is about to be freed: keeps what it knew. */
void zc_mmounts_closing(struct zc_mirror *m);
/* The source's path leads to a directory, but to one that a file system was
 * mounted over when there was a source last: WHY is a sentence. */
bool zc_mmounts_is_uncovered(struct zc_mirror *m, struct zc_err *why);

void zc_mmounts_fini(struct zc_mirror *m);

#endif
