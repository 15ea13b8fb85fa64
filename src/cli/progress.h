/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How far a push is: one line, kept up to date by a thread that reads the
 * counters of the run.
 *
 *     1.21 GiB of 3.40 GiB  35%  812 of 2,301 files  402 MiB/s  0:05 left
 *
 * On a terminal the line is redrawn in place five times a second and taken off
 * around every other line that is printed; elsewhere it is a line a second.
 * What it says is worked out by functions of memory, below.
 */
#ifndef ZC_CLI_PROGRESS_H
#define ZC_CLI_PROGRESS_H

#include "base/util.h"
#include "session/events.h"

#include <stdio.h>

struct zc_progress;

/* Starts the thread. OUT and STATS stay valid until _stop. IN_PLACE: OUT is a
 * terminal. NULL: no memory or no thread; the run goes on without. */
struct zc_progress *zc_progress_start(FILE *out, bool in_place,
                                      const struct zc_stats *stats);
/* Ends the thread and takes the line off. NULL is fine. */
void zc_progress_stop(struct zc_progress *p);

/* Around printing anything else to the terminal: takes the line off, and keeps
 * it off until _resume. Any thread, several at once. NULL is fine. */
void zc_progress_pause(struct zc_progress *p);
void zc_progress_resume(struct zc_progress *p);

/* The counters at one moment, and what was worked out of them. */
struct zc_progress_view {
    uint64_t done_bytes, need_bytes, done_files, need_files, scanned;
    bool scan_done; /* need_* are final */
    bool finishing;
    double rate;    /* bytes a second, smoothed */
    double eta;     /* seconds; < 0: not known */
};

/*
 * Writes the line for V, without a newline, in at most WIDTH - 1 columns (SIZE
 * bytes): what matters least is left out first. ASCII only.
 */
void zc_progress_line(char *out, size_t size, unsigned width,
                      const struct zc_progress_view *v);

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

#endif
