/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events and counters (events.h) as messages, for where the user sits at the
 * receiving end and the sender tells him: zcsync-protocol(7), "PULL". Functions
 * of memory.
 */
#ifndef ZC_SESSION_TOLD_H
#define ZC_SESSION_TOLD_H

#include "proto/msg.h"
#include "session/events.h"

/* Append a frame. */
void zc_told_item(struct zc_buf *b, const struct zc_item *item);
void zc_told_trouble(struct zc_buf *b, enum zc_trouble kind, const char *what,
                     const char *path, int eno);

/* The counters in the order of STATS. */
void zc_told_count(const struct zc_stats *stats, uint64_t v[ZC_STATS_COUNT]);

/* How it ended, at the sender. */
struct zc_told_verdict {
    bool there;
    enum zc_exit code;
    char text[ZC_ERROR_TEXT_MAX + 1]; /* "" where CODE needs none */
};

/* True for the types of frames that tell something. */
bool zc_told_is(unsigned type);

/* Such a frame has come: calls EVENTS, or fills in STATS or V. Nothing in it is
 * believed but that the peer says so. -1 with a sentence: it makes no sense. */
int zc_told_take(unsigned type, struct zc_bytes body,
                 const struct zc_events *events, struct zc_stats *stats,
                 struct zc_told_verdict *v, struct zc_err *err);

#endif
