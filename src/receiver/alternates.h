/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What DEST lacks and a directory beside it has (--link-dest and the like;
 * session/alternates.h): the first of them that has a file under the same path
 * with the same bytes, by what else counts as the same, and with the same metadata
 * if it is to be linked (compare.c). What links share is shared for good: it is never changed in
 * place afterwards, see compare.h.
 *
 * Any thread, not under receiver.lock; a worker keeps the directories open in which
 * it looks.
 */
#ifndef ZC_RECEIVER_ALTERNATES_H
#define ZC_RECEIVER_ALTERNATES_H

#include "fs/meta.h"
#include "proto/msg.h"
#include "proto/proto.h"

struct zc_alternate_dirs;
struct zc_rdir;
struct zc_receiver;
struct zc_rworker;

/* A file in one of them. */
struct zc_alternate_file {
    size_t which;
    bool same; /* in its metadata, too */
    struct zc_stat st;
};

/* An entry, and where it is to be. */
struct zc_alternate_place {
    struct zc_rdir *dir;
    const char *name;
    const struct zc_entry *e;
    struct zc_ref ref;
};

/* Are there any, to be used like that? */
bool zc_alternates_are_for(const struct zc_receiver *r, enum zc_alternate kind);
/* The counterparts of D, which list REF is about: W's, until it asks again. NULL:
 * there are none, or no memory. */
const struct zc_alternate_dirs *zc_alternates_at(struct zc_rworker *w,
                                                 const struct zc_rdir *d,
                                                 struct zc_ref ref);
/* Makes C's name one of F, or a copy that looks like C's entry. -1, errno, and *OP:
 * it could not be done, or F has changed since. */
int zc_alternate_take(struct zc_rworker *w, const struct zc_alternate_place *c,
                      const struct zc_alternate_file *f, unsigned *op);

#endif
