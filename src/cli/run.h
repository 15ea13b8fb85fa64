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

/* One session, which is told of by EVENTS and STATS. The same. */
typedef enum zc_exit zc_run_session_fn(void *arg,
                                       const struct zc_events *events,
                                       struct zc_stats *stats);

/* Runs it while the user sees how far it is, and may stop it. ONLY_DELETES: of
 * what it does no more is told than that. */
enum zc_exit zc_run_session(const struct zc_push_args *args,
                            struct zc_report *report, zc_run_session_fn *run,
                            void *arg, bool only_deletes);

/* --delete-before: ahead of all sessions go some with ZC_APPLY_ONLY_DELETE, to
 * make room. */
bool zc_run_deletes_first(const struct zc_push_args *args);
/* One of them has ended with CODE, and ERR: ZC_EXIT_OK, or why it makes no sense
 * to go on. What it could not delete is for the session proper to tell of. */
enum zc_exit zc_run_deleted(enum zc_exit code, struct zc_err *err);

/* WORST so far, and the CODE of another session. True: it goes on. */
bool zc_run_goes_on(enum zc_exit code, enum zc_exit *worst);

#endif
