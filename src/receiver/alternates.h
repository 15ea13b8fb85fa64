/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What DEST lacks and a directory beside it has (--link-dest and the like;
 * session/alternates.h): the first of them that has a file under the same path
 * with the same bytes, by what else counts as the same, and with the same metadata
 * if it is to be linked. What links share is shared for good, see compare.h.
 *
 * With -c only the sender can tell whether the bytes are the same; and where owners
 * are mapped, only its set tells whether an ACL is. A file that may be it is guessed,
 * and remembered while the sender is asked (NEED CHECK, or META); where its META comes
 * it is taken, if nobody has touched it since.
 *
 * Any thread, not under receiver.lock; a worker keeps the directories open in which
 * it looks.
 */
#ifndef ZC_RECEIVER_ALTERNATES_H
#define ZC_RECEIVER_ALTERNATES_H

#include "proto/proto.h"
#include "receiver/cmp.h"

struct zc_work;

/* A file in one of them. */
struct zc_alternate_file {
    size_t at; /* in which of them */
    int dirfd; /* the worker's that has found it, until it finds another */
    bool same; /* in its metadata, too */
    bool acl_tells; /* ... but for its ACL, of which the sender's set tells */
    bool hash_tells; /* whether its bytes are */
    struct zc_stat st;
};

/* Are there any, to be used like that? */
bool zc_alternates_are_for(const struct zc_receiver *r, enum zc_alternate kind);
/* True: F is there for what C is about, no directory, which is not as the sender
 * has it, if it is here at all. */
bool zc_alternate_find(struct zc_rworker *w, const struct zc_cmp *c,
                       struct zc_alternate_file *f);
/* True: F may be, as the sender can tell. */
bool zc_alternate_guess(struct zc_rworker *w, const struct zc_cmp *c,
                        struct zc_alternate_file *f);
/* Makes C's name one of F, or a copy that looks like C's entry. -1, errno, and *OP:
 * it could not be done, or F has changed since. W has found it. */
int zc_alternate_take(struct zc_rworker *w, const struct zc_cmp *c,
                      const struct zc_alternate_file *f, unsigned *op);

/* F is remembered as C's. False: there is no room for it. */
bool zc_alternate_note(struct zc_receiver *r, const struct zc_cmp *c,
                       const struct zc_alternate_file *f);
/* The META of C has come in a dry run: is what was remembered what it asks for? */
bool zc_alternate_stands(struct zc_rworker *w, const struct zc_cmp *c);
/* The META of C, which says what its file has, has come, as WORK. False:
 * nothing was remembered. Else the entry is settled, or will be by others, or
 * asked for. */
bool zc_alternate_meta(struct zc_rworker *w, const struct zc_cmp *c,
                       const struct zc_work *work);

#endif
