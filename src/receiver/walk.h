/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A list from the sender against the directory here; the answers go back as one
 * NEED. Workers, and the reader for what is short. */
#ifndef ZC_RECEIVER_WALK_H
#define ZC_RECEIVER_WALK_H

#include "proto/msg.h"

struct zc_rdir;
struct zc_rlist;
struct zc_rworker;
struct zc_work;

/* The own entry E of TOP: answers LIST 0, or AT. */
void zc_walk_top(struct zc_rworker *w, struct zc_rdir *top,
                 struct zc_rlist *list, const struct zc_entry *e);
/* WORK is a list, and the next of its directory: does it, and those that wait
 * behind it. */
void zc_walk_list(struct zc_rworker *w, struct zc_work *work);
/* What was left of one for later: moved.h. */
void zc_walk_later(struct zc_rworker *w, struct zc_work *work);

#endif
