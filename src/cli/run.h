/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all one-shot commands have in common: the report, the progress line,
 * signals, and the exit code. One thread.
 */
#ifndef ZC_CLI_RUN_H
#define ZC_CLI_RUN_H

#include "base/err.h"
#include "cli/push_args.h"
#include "cli/report.h"
#include "session/events.h"

/* All of a command's sessions. The exit code; unless it is 0, 23 or 24, ERR holds
 * the sentence. */
typedef enum zc_exit zc_run_all_fn(const struct zc_push_args *args,
                                   struct zc_report *report,
                                   struct zc_err *err);

/* One command, from the first signal that is caught to the last line that is
 * printed. The exit code of the program. */
int zc_run_command(const struct zc_push_args *args, zc_run_all_fn *all);

/* Where there is a progress line; NULL: there is none. Asked for, it is output
 * like any other; of its own accord it shows up on a terminal only, and not
 * among JSON. */
FILE *zc_run_progress_to(const struct zc_push_args *a);
/* All other lines keep out of the way of P from now on; NULL: of nothing. */
void zc_run_show_progress(struct zc_report *report, struct zc_progress *p);

/* One session, which is told of by EVENTS and STATS. The same. */
typedef enum zc_exit zc_run_session_fn(void *arg,
                                       const struct zc_events *events,
                                       struct zc_stats *stats);

/* What a session is for: all that was asked for, or what comes before that, or
 * after it. */
enum zc_pass {
    ZC_PASS_PROPER,
    ZC_PASS_DELETE, /* --delete-before: what can be deleted makes room */
    ZC_PASS_REMOVE, /* --remove-source-files: what is there goes from here */
};
/* OPT, a session's, becomes that of PASS. */
void zc_run_options(struct zc_options *opt, enum zc_pass pass);

/* Runs it while the user sees how far it is, and may stop it. */
enum zc_exit zc_run_session(const struct zc_push_args *args,
                            struct zc_report *report, enum zc_pass pass,
                            zc_run_session_fn *run, void *arg);

/* Session I, of those that there are for each pass. */
typedef enum zc_exit zc_run_one_fn(void *arg, size_t i, enum zc_pass pass);
/* All N of them, pass after pass, until one fails for good. What could not be
 * done counts for more than what vanished. */
enum zc_exit zc_run_passes(const struct zc_push_args *args, size_t n,
                           zc_run_one_fn *one, void *arg, struct zc_err *err);

#endif
