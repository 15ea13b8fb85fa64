/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a user is told of a hard link: another name of its file, the first that
 * was listed, or the second, where it is the first itself that is made a link: the
 * receiver compares directories in an order of its own. Kept for a round, and
 * only where items are wanted. Any thread.
 */
#ifndef ZC_SENDER_LINKNAMES_H
#define ZC_SENDER_LINKNAMES_H

#include "base/map.h"
#include "sender/core.h"

struct zc_linknames {
    pthread_mutex_t lock; /* alone */
    struct zc_map names; /* (device, inode) -> its first two */
};

void zc_linknames_init(struct zc_sender *s, struct zc_linknames *n);
void zc_linknames_fini(struct zc_sender *s);
/* Forgets all, as a round begins. */
void zc_linknames_clear(struct zc_sender *s);

/* E, which has several names, is listed in NODE. */
void zc_linknames_note(struct zc_sender *s, struct zc_dirnode *node,
                       const struct zc_entry *e);
/* A name of E's file that is not PATH, on the heap; NULL: none is known. */
char *zc_linknames_other(struct zc_sender *s, const struct zc_entry *e,
                         const char *path);

#endif
