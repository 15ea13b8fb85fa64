/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walking the source: directories that the peer wants listed become LIST
 * frames. The stack of directories is under the sender's lock; a directory that
 * was taken from it is its worker's own.
 */
#ifndef ZC_SENDER_WALK_H
#define ZC_SENDER_WALK_H

#include "sender/core.h"
#include "sender/lists.h"
#include "sender/sdir.h"

#include <sys/queue.h>

struct zc_walk {
    SLIST_HEAD(, zc_sdir) dirs; /* to list, deepest first */
};

void zc_walk_init(struct zc_sender *s, struct zc_walk *walk);
void zc_walk_fini(struct zc_sender *s);

/* D, the walk's from now on, is to be listed. Without the lock. */
void zc_walk_add(struct zc_sender *s, struct zc_sdir *d);
/* D, which is known to be open, is to be listed now. Likewise. */
void zc_walk_again(struct zc_sender *s, struct zc_sdir *d);
/* A directory is there that may be listed now. With the lock held. */
bool zc_walk_ready(const struct zc_sender *s);
/* Lists directories as long as they may be, until there is something worth
 * sending, and sends it. -1: the run has failed. */
int zc_walk_some(struct zc_sworker *w);
/* LIST 0, the root's own entry, into W's buffer. -1: the run has failed. */
int zc_walk_root(struct zc_sworker *w);

/* --- for whoever does something else with the entries of a directory --- */

/* The next entries of D into DRAFT and W's buffer, as many as a list has; *LAST:
 * there are no more. -1: the run has failed. */
int zc_walk_gather(struct zc_sworker *w, struct zc_sdir *d,
                   struct zc_draft *draft, bool *last);

/* --- for whoever lists some names of a directory only --- */

/* Keeps DRAFT as a list of D. NULL: memory. */
struct zc_slist *zc_walk_keep(struct zc_sworker *w, const struct zc_sdir *d,
                              const struct zc_draft *draft);
/* Makes L, which is not the caller's any more, a LIST in W's buffer, D's LAST or
 * not; D goes on behind it. -1: memory. */
int zc_walk_frame(struct zc_sworker *w, struct zc_sdir *d, struct zc_slist *l,
                  bool last);

#endif
