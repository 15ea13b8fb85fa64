/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --keep-dirlinks: where the source has a directory and the destination a
 * symlink to one, that one is worked in, and the symlink stays. Only below the
 * root: one that leads out of it, or into a staging folder, or onto another
 * mount, is refused. Any thread, not under receiver.lock.
 */
#ifndef ZC_RECEIVER_DIRLINKS_H
#define ZC_RECEIVER_DIRLINKS_H

#include "receiver/compare.h"

/* Where that is so of C, C becomes the directory: "" in *FD, the caller's. -1: it
 * is refused, and has been told. */
int zc_dirlink_follow(struct zc_rworker *w, struct zc_cmp *c, int *fd);

#endif
