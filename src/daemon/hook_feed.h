/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a process tells of changes (session/changes.h), as it comes: pieces of any
 * size. It may be anybody's by now, so it names a share or mirror, and paths, which
 * are checked to be such, and no more. A function of memory.
 */
#ifndef ZC_DAEMON_HOOK_FEED_H
#define ZC_DAEMON_HOOK_FEED_H

#include "base/buf.h"
#include "mirror/status.h"

/* What is pending may be that long; more is "anything". */
#define ZC_HOOK_PENDING_MAX ((size_t)16 << 20)
#define ZC_HOOK_PATH_MAX 65536

/* All zero at first. */
struct zc_hook_feed {
    bool named;                /* NAME has come */
    bool ended;                /* it said that nothing is left unsaid */
    bool bad;                  /* a string had no end: what follows is dropped */
    bool all;                  /* of the round: anything may have changed */
    char name[ZC_STATUS_NAME]; /* cut */
    struct zc_buf part;        /* of a string that has not come whole */
    struct zc_buf round;       /* paths, each with its NUL */
};

/* Takes N bytes at P. OVER is called for each round that is over, to look at ROUND
 * and ALL, and to put them back. */
void zc_hook_feed_take(struct zc_hook_feed *f, const char *p, size_t n,
                       void (*over)(void *arg, struct zc_hook_feed *f),
                       void *arg);
/* The round is seen to: it is empty again. */
void zc_hook_feed_next(struct zc_hook_feed *f);
void zc_hook_feed_fini(struct zc_hook_feed *f);

#endif
