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
#include "session/pace.h"

#include <stdio.h>

struct zc_progress;

/* Starts the thread. OUT and STATS stay valid until _stop. IN_PLACE: OUT is a
 * terminal. NULL: no memory or no thread; the run goes on without. */
struct zc_progress *zc_progress_start(FILE *out, bool in_place,
                                      const struct zc_stats *stats);
/* The same for what is not one push: *V (zeroed) gets what is to be shown; false:
 * nothing is, for the moment. Called by the thread, and by _stop. */
typedef bool zc_progress_look_fn(void *arg, struct zc_progress_view *v);
struct zc_progress *zc_progress_watch(FILE *out, bool in_place,
                                      zc_progress_look_fn *look, void *arg);
/* Ends the thread and takes the line off. NULL is fine. */
void zc_progress_stop(struct zc_progress *p);

/* Around printing anything else to the terminal: takes the line off, and keeps
 * it off until _resume. Any thread, several at once. NULL is fine. */
void zc_progress_pause(struct zc_progress *p);
void zc_progress_resume(struct zc_progress *p);

#endif
