/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A peer that was dialled sends into what is the local user's, a home perhaps;
 * so it is held to what it was asked for: the one file, the listed names, nothing
 * that a filter leaves out.
 */
#ifndef ZC_RECEIVER_ASKED_H
#define ZC_RECEIVER_ASKED_H

#include "base/err.h"
#include "proto/msg.h"

struct zc_fileset;
struct zc_rdir;
struct zc_receiver;
struct zc_rworker;

/* Of the root itself, E: 0, or -1 with a sentence. Where files were asked for, it
 * is left as it is. */
int zc_asked_root(struct zc_receiver *r, const struct zc_entry *e,
                  struct zc_err *err);
/* The names that list M of D has. Likewise. Any thread. */
int zc_asked_list(struct zc_rworker *w, struct zc_rdir *d, struct zc_msg_list m,
                  struct zc_err *err);

/* PATH, or what it is in, stands in the list SET; or leads to what does. */
bool zc_asked_listed(const struct zc_fileset *set, const char *path);

#endif
