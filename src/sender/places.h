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

/* Before this process is confined, where -x may be asked for afterwards. */
void zc_splaces_prepare(struct zc_sender *s);

/* What is known of places in ROUND, or, for -x, can be known. */
void zc_splaces_begin(struct zc_sender *s, const struct zc_round *round);
void zc_splaces_end(struct zc_sender *s);

/* With -x: the places below the directory ROOTFD, of another SRC. NULL: none, or
 * they are not known. The caller's. */
struct zc_places *zc_splaces_read(struct zc_sender *s, int rootfd);
/* What is under the mount on NAME in DIRFD is a directory: as its parent says,
 * since who looks at the name looks at what is mounted. */
bool zc_splaces_on_dir(int dirfd, const char *name);

/* There are places below the directory NODE: its names are to be asked about. */
bool zc_splaces_below(struct zc_sworker *w, struct zc_dirnode *node);
/* The place NAME in NODE, when it is not to be looked at. TYPE is its d_type: a
 * file that is mounted is looked at even with -x. */
const struct zc_place *zc_splaces_skips(struct zc_sworker *w,
                                        struct zc_dirnode *node,
                                        const char *name, unsigned char type);
/* Adds an entry, called AS, to DRAFT: what the peer has of that name stays. MAKE:
 * where it has nothing it makes a directory. */
void zc_splaces_tell(struct zc_sworker *w, bool make, const char *as,
                     struct zc_draft *draft);
/* Adds to NAMES, all those in NODE, what leads to places and is itself gone: it is
 * to be told, so that it stays. -1: memory. */
int zc_splaces_add_names(struct zc_sworker *w, struct zc_dirnode *node,
                         struct zc_names *names);
/* NAME in NODE, which is not there (ST is NULL) or no directory, was a place or
 * leads to one: it stays at the peer whatever has become of it. The table may be
 * older than that: what it calls mounted may just have been unmounted, and its
 * directory removed. */
bool zc_splaces_keeps(struct zc_sworker *w, struct zc_dirnode *node,
                      const char *name, const struct zc_stat *st);
/* NODE is not to be opened. */
bool zc_splaces_closed(struct zc_sworker *w, struct zc_dirnode *node);
/* NODE, of which ST was found, may be listed. Else what it is now is found out
 * by others soon, who will be heard of; the user is told that it changes. */
bool zc_splaces_may_list(struct zc_sworker *w, struct zc_dirnode *node,
                         const struct zc_stat *st);

#endif
