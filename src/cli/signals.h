/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ctrl-C and its kin in a one-shot command: the first one asks the run to stop,
 * the second one ends the process at once.
 */
#ifndef ZC_CLI_SIGNALS_H
#define ZC_CLI_SIGNALS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#define ZC_TIME_OVER "stopped, as the time is over (--stop-after, --stop-at)"

/* Catches SIGINT, SIGTERM and SIGHUP (not those that are ignored already, as
 * under nohup(1)) from now on. Before threads start. */
void zc_signals_catch(void);

/* True once one came: the stop flag of zc_push_run. */
atomic_bool *zc_signals_stop(void);

/* Becomes readable when one comes, for those who poll; -1 and errno. Once,
 * before zc_signals_catch; closed at exit only. */
int zc_signals_fd(void);

/* While nothing runs that would look at the flag (a connection is being made),
 * the first signal already ends the process. Off at first. */
void zc_signals_graceful(bool on);

/* Whether a progress line stands where a signal would have its own begin. */
void zc_signals_line(bool drawn);

/* Asks the run to stop at the time AT, as a signal would. */
void zc_signals_stop_at(time_t at);
/* True when it was that which came first. */
bool zc_signals_time_over(void);

/* "SIGINT": the signal that came first, or NULL. */
const char *zc_signals_name(void);

#endif
