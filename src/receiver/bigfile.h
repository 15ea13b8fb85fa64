/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file that comes in ranges, for big.c and bigdelta.c, which receive it, and
 * bigend.c, which finishes it; not for others. The reader's
 * until END; then of the worker that finishes it. */
#ifndef ZC_RECEIVER_BIGFILE_H
#define ZC_RECEIVER_BIGFILE_H

#include "base/err.h"
#include "delta/segment.h"
#include "fs/staging.h"
#include "proto/msg.h"

#include <sys/queue.h>

struct zc_rdelta;
struct zc_rdir;
struct zc_receiver;
struct zc_rlist;
struct zc_rworker;

/* Owned by the reader until END, then by the worker that finishes it. */
struct zc_rbig {
    LIST_ENTRY(zc_rbig) next;
    struct zc_ref ref;
    struct zc_rlist *list;
    struct zc_rdir *dir;
    struct zc_msg_file m; /* pointers into `body` */
    uint8_t *body;
    uint32_t mode; /* it was made with */
    int fd;
    uint64_t flushed; /* up to there it is on its way to the disk */
    char tmp[ZC_STAGING_NAME_SIZE];
    struct zc_tiling tiling; /* the segments so far */
    struct zc_rdelta *delta; /* FILE with DELTA; else NULL */
    bool sent;               /* SENT has come */
    bool partial;            /* it may be kept if the session breaks off ... */
    bool kept;               /* ... and is */
    bool in_place;           /* fd is the file that is there (--inplace) */
    unsigned op;             /* what failed first, with eno, if that is set */
    int eno;
    uint8_t verdict; /* enum zc_verdict */
    uint8_t hash[ZC_HASH_SIZE];
};

/* The first time counts. */
void zc_rbig_failed(struct zc_rbig *b, unsigned op, int eno);
/* What no message was about: the hole behind the last segment, and the beginning
 * that FROM left out. */
void zc_rbig_put_rest(struct zc_receiver *r, struct zc_rbig *b);

/* --- the reader's, until END --- */

/* The one that REF names; NULL: none is open. */
struct zc_rbig *zc_rbig_find(struct zc_receiver *r, struct zc_ref ref);
/* B is to get N bytes more; where there is no room, it has failed. */
void zc_rbig_want_room(struct zc_receiver *r, struct zc_rbig *b, uint64_t n);
/* [OFFSET, OFFSET + LENGTH) of B is next; in front of it is a hole, perhaps. -1: it
 * is outside of the file. */
int zc_rbig_next(struct zc_rbig *b, uint64_t offset, uint64_t length,
                 struct zc_err *err);

/* --- likewise, and of whoever drops it --- */

/* Its bytes will not be needed: the space they take comes free. */
void zc_rbig_shed(struct zc_receiver *r, struct zc_rbig *b);
/* What was written of B stays where it is; B is freed (fs/partial.h). */
void zc_rbig_broken_off(struct zc_receiver *r, struct zc_rbig *b);
/* B, which was ended with RETRY, is freed. Another FILE may have come for it, and all
 * may be over with that: the directory was held. */
void zc_rbig_drop_retried(struct zc_rworker *w, struct zc_rbig *b);

#endif
