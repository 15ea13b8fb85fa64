/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a push tells its user while it runs and at its end: items on standard
 * output, troubles on standard error (gathered, so that ten thousand files
 * whose owner cannot be set are one line), totals last. With --json all of
 * it is objects on standard output as well.
 *
 * Set up and finished by one thread; in between, zc_push_run calls the event
 * functions, one at a time.
 */
#ifndef ZC_CLI_REPORT_H
#define ZC_CLI_REPORT_H

#include "base/err.h"
#include "cli/progress.h"
#include "cli/push_args.h"
#include "session/events.h"

#include <stdatomic.h>

struct zc_report;

/* ARGS outlive it. *STOP is set when a dry run's standard output is gone, since
 * nobody is left to tell. NULL: out of memory. */
struct zc_report *zc_report_new(const struct zc_push_args *args,
                                atomic_bool *stop);
void zc_report_free(struct zc_report *r);

/* Opens --log-file, if there is one. -1 with a sentence. */
int zc_report_open_log(struct zc_report *r, struct zc_err *err);

/* Before each session: the SRC and DEST that paths in it are relative to, and the
 * PLACE on another host that it is with, "" without one (kept as pointers). DEST
 * NULL: DEST has no such paths (a single file). */
void zc_report_session(struct zc_report *r, const char *src, const char *dest,
                       const char *place);
/* Where lines have to be kept apart from a progress line; NULL: nowhere. */
void zc_report_set_progress(struct zc_report *r, struct zc_progress *p);
/* The callbacks for zc_push_run. */
struct zc_events zc_report_events(struct zc_report *r);
/* After each session. */
void zc_report_add(struct zc_report *r, const struct zc_stats *stats);

/*
 * A mirror, which has no end: each line is flushed at once. DEST is named in it
 * where there are several, else NULL. Troubles and states go to standard output
 * with --json only: for people, they are logged.
 */
void zc_report_mirror_item(struct zc_report *r, const char *dest,
                           const struct zc_item *item);
void zc_report_mirror_trouble(struct zc_report *r, const char *dest,
                              enum zc_trouble kind, const char *what,
                              const char *path, int eno);
/* DEST NULL: of the mirror itself. */
void zc_report_mirror_state(struct zc_report *r, const char *dest,
                            const char *state, const char *path,
                            const char *text);

/*
 * Tells the rest: gathered troubles, totals, and the final sentence (ERR's, or
 * one for 23 and 24 when no trouble explains them). Returns the exit code of
 * the program: CODE, but when all was well 1 for a diff with differences, and
 * ZC_EXIT_FILEIO when standard output could not be written.
 */
int zc_report_finish(struct zc_report *r, enum zc_exit code,
                     const struct zc_err *err, double seconds);

#endif
