/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mounts below the source: what of it a sender looks at. A place that is left
 * out (-x), or where something was mounted that is gone, is told to the peer
 * as being there, and no more, so that nothing of it is deleted; and it is
 * neither looked at nor opened, since what is mounted may not answer.
 */
#ifndef ZC_SENDER_PLACES_H
#define ZC_SENDER_PLACES_H

#include "sender/core.h"
#include "sender/lists.h"
#include "sender/round.h"
#include "tree/names.h"

/* What is known of places in ROUND, or, for -x, can be known. */
void zc_splaces_begin(struct zc_sender *s, const struct zc_round *round);
void zc_splaces_end(struct zc_sender *s);

/* There are places below the directory NODE: its names are to be asked about. */
bool zc_splaces_below(struct zc_sworker *w, struct zc_dirnode *node);
/* The place NAME in NODE, when it is not to be looked at. TYPE is its d_type: a
 * file that is mounted is looked at even with -x. */
const struct zc_place *zc_splaces_skips(struct zc_sworker *w,
                                        struct zc_dirnode *node,
                                        const char *name, unsigned char type);
/* Adds the entry of PLACE, called AS, to DRAFT. */
void zc_splaces_tell(struct zc_sworker *w, const struct zc_place *place,
                     const char *as, struct zc_draft *draft);
/* A place that is gone, or the directory in NODE that it is in, is not among
 * NODE's NAMES any more: it can only be kept by not telling what is there. */
bool zc_splaces_lost(struct zc_sworker *w, struct zc_dirnode *node,
                     const struct zc_names *names);
/* NODE is not to be opened. */
bool zc_splaces_closed(struct zc_sworker *w, struct zc_dirnode *node);
/* NODE, of which ST was found, may be listed. Else what it is now is found out
 * by others soon, who will be heard of; the user is told that it changes. */
bool zc_splaces_may_list(struct zc_sworker *w, struct zc_dirnode *node,
                         const struct zc_stat *st);

#endif
