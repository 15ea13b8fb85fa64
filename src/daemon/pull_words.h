/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the child that receives a pull (puller.h) tells its parent over a pipe: words
 * of a type and a length, 4 bytes each, in this machine's order, and so many bytes: a
 * frame of the peer's as it came (session/told.h), or, last of all, type 0 and how the
 * child itself ended. The child may have been broken into: what it says is taken as the
 * peer's own would be.
 */
#ifndef ZC_DAEMON_PULL_WORDS_H
#define ZC_DAEMON_PULL_WORDS_H

#include "session/told.h"

/* The child's last: its exit code, and a sentence. */
struct zc_pull_ending {
    uint64_t sent, received, plain; /* as in struct zc_pull */
    uint32_t code;
    char text[ZC_ERR_TEXT_MAX];
};

/* A frame's BODY. -1: nobody reads any more. */
int zc_pull_say(int fd, unsigned type, struct zc_bytes body);
int zc_pull_say_end(int fd, const struct zc_pull_ending *e);

/* All zero at first but for EVENTS and STATS. */
struct zc_pull_heard {
    const struct zc_events *events;
    struct zc_stats *stats;
    struct zc_told_verdict verdict; /* its code is one that there is */
    bool ended;
    struct zc_pull_ending ending; /* likewise */
    struct zc_buf body;           /* reused; the caller's to finish */
};

/* The next word from FD, and what it means. 1: there is none any more; -1 with a
 * sentence: it makes no sense. */
int zc_pull_hear(struct zc_pull_heard *h, int fd, struct zc_err *err);

#endif
