/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a mirror's rounds have that a push has not: directories named by their
 * path (AT) instead of found on the way down, files that come unasked, and
 * renames.
 */
#ifndef ZC_RECEIVER_NAMES_H
#define ZC_RECEIVER_NAMES_H

#include "base/err.h"
#include "proto/msg.h"

struct zc_receiver;
struct zc_rlist;
struct zc_rworker;

/* Called by the reader. -1 and ERR: the session is over. */
int zc_names_on_at(struct zc_receiver *r, struct zc_bytes body,
                   struct zc_err *err);
int zc_names_on_rename(struct zc_receiver *r, struct zc_bytes body,
                       struct zc_err *err);
/* LIST (M) is one of a shallow directory: its eager entries count as asked for.
 */
int zc_names_eager(struct zc_receiver *r, struct zc_rlist *list,
                   struct zc_msg_list m, struct zc_err *err);

/* Before M, a file of LIST, whose directory is shallow, is written: true when
 * it has been dealt with (it is here already to the last byte; a directory that
 * must stay is in its way; its own directory is not there). Any thread. */
bool zc_names_settles(struct zc_rworker *w, struct zc_rlist *list,
                      const struct zc_msg_file *m);

#endif
