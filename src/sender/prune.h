/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Directories in which there is nothing but directories, at any depth, and which
 * are not to be sent then (ZC_WALK_PRUNE). A directory is looked through before
 * it is listed, up to the first name that is to be sent and is no directory; that
 * those on the way to it have one is kept in mind until they are asked about. Any
 * thread.
 */
#ifndef ZC_SENDER_PRUNE_H
#define ZC_SENDER_PRUNE_H

#include "base/map.h"
#include "sender/core.h"
#include "sender/sdir.h"

struct zc_prune {
    pthread_mutex_t lock; /* alone */
    struct zc_map filled; /* (device, inode) of directories */
};

void zc_prune_init(struct zc_sender *s, struct zc_prune *p);
void zc_prune_fini(struct zc_sender *s);

/* Whether the directory NAME in D, which ST is about, is to be left out for that.
 * FOLLOW: NAME is a symlink. What cannot be looked at is not empty: its own turn
 * will come. */
bool zc_prune_empty(struct zc_sworker *w, struct zc_sdir *d, const char *name,
                    const struct zc_stat *st, bool follow);

#endif
