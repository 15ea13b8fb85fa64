/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --remove-source-files. When a session is over, and all that was sent is on
 * stable storage, another one follows that changes nothing, in which the peer
 * tells which entries are the same at both ends. Those are removed here, unless
 * they have changed since they were listed in it. Directories never are.
 */
#ifndef ZC_SENDER_REMOVAL_H
#define ZC_SENDER_REMOVAL_H

#include "sender/lists.h"

/* Is this that other session? */
bool zc_removal_wanted(const struct zc_options *opt);
/* What is looked at again before something that looks like ST is removed. */
struct zc_seen zc_removal_seen(const struct zc_stat *st);
/* The peer has entry INDEX of L, to the byte as far as it was asked to look. Any
 * thread, without the lock. */
void zc_removal_of(struct zc_sender *s, struct zc_slist *l, uint32_t index);

#endif
