/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the page is told: an event a second while somebody listens, of which one
 * in a quarter of a minute is kept for a quarter of an hour, so that whoever
 * comes sees at once what has been. Memory only; one thread.
 */
#ifndef ZC_WEB_EVENTS_H
#define ZC_WEB_EVENTS_H

#include "base/buf.h"

#define ZC_WEB_KEEP_NS (15 * INT64_C(1000000000))
#define ZC_WEB_KEPT 60
#define ZC_WEB_KEPT_BYTES (4 * ZC_MIB)

struct zc_web_event {
    unsigned refs;
    uint64_t number; /* from 1 on */
    size_t from, size; /* where the status begins, and all of it */
    uint8_t bytes[];   /* as they go to the browser */
};

struct zc_web_events {
    struct zc_web_event *kept[ZC_WEB_KEPT], *newest; /* oldest first; or NULL */
    size_t n_kept, kept_bytes;
    uint64_t last;
    int64_t kept_at, added_at; /* zc_clock_ns */
};

/* Whether the newest event tells of STATUS already. */
bool zc_web_events_told(const struct zc_web_events *e,
                        const struct zc_buf *status);
/* Adds STATUS, a JSON array, as it was at WALL_MS since 1970, and NOW by
 * zc_clock_ns. -1: out of memory. */
int zc_web_events_add(struct zc_web_events *e, int64_t now, int64_t wall_ms,
                      const struct zc_buf *status);
void zc_web_events_fini(struct zc_web_events *e);

/* The first one there is behind NUMBER (0: of all), for the caller to let go
 * of; NULL: there is none yet. */
struct zc_web_event *zc_web_events_after(struct zc_web_events *e,
                                         uint64_t number);
void zc_web_event_let_go(struct zc_web_event *event); /* NULL is fine */

#endif
