/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file that comes in ranges, for big.c, which receives it, and bigend.c, which
 * finishes it; not for others. */
#ifndef ZC_RECEIVER_BIGFILE_H
#define ZC_RECEIVER_BIGFILE_H

#include "delta/segment.h"
#include "fs/staging.h"
#include "proto/msg.h"

#include <sys/queue.h>

struct zc_rdelta;
struct zc_rdir;
struct zc_receiver;
struct zc_rlist;

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

#endif
