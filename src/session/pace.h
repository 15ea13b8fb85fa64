/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How far a run is, how fast it goes and how long it will take, worked out of its
 * counters (events.h), now and then. Functions of memory; whoever looks is one at a
 * time.
 */
#ifndef ZC_SESSION_PACE_H
#define ZC_SESSION_PACE_H

#include "base/util.h"
#include "session/events.h"

/* The counters at one moment, and what was worked out of them. */
struct zc_progress_view {
    uint64_t done_bytes, need_bytes, done_files, need_files, scanned;
    bool scan_done; /* need_* are final */
    bool finishing;
    bool compares;  /* nothing is sent, and need_* say nothing */
    double rate;    /* bytes a second, smoothed */
    double eta;     /* seconds; < 0: not known */
};

/*
 * The time left. A file costs time and a byte costs time; which of the two
 * counts changes while small and big files go by, so both costs are fitted
 * (least squares, older observations forgotten) to what was seen so far.
 */
struct zc_eta {
    double files, bytes, seconds; /* totals at the last observation */
    double ff, fb, bb, ft, bt;    /* sums of products of the steps */
    double rate;                  /* bytes a second, smoothed */
    double rate_weight;
    double stalled;               /* seconds since anything was done */
};

/* FILES and BYTES are done, SECONDS have passed since the start; in rising
 * order. *E is zero at first. */
void zc_eta_see(struct zc_eta *e, double files, double bytes, double seconds);
/* Seconds for FILES and BYTES more; -1 when that cannot be said. */
double zc_eta_left(const struct zc_eta *e, double files, double bytes);

/* A run that began when the counters were these: the sessions of a mirror go on
 * counting from one round to the next. */
struct zc_pace {
    int64_t start_ns;
    struct zc_progress_view from;
    uint64_t from_sent;
    struct zc_eta eta;
};

void zc_pace_begin(struct zc_pace *p, const struct zc_stats *stats,
                   int64_t now);
void zc_pace_look(struct zc_pace *p, const struct zc_stats *stats, int64_t now,
                  struct zc_progress_view *v);

/*
 * Writes the line for V, without a newline, in at most WIDTH - 1 columns (SIZE
 * bytes): what matters least is left out first. ASCII only.
 */
void zc_progress_line(char *out, size_t size, unsigned width,
                      const struct zc_progress_view *v);

#endif
