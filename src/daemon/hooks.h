/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `on change`: a command of a share or mirror that is run when something in it
 * has changed. Those that see it (receivers and watchers) tell by a pipe
 * (session/changes.h); this process runs the command, never two of one share or
 * mirror at once.
 *
 *     feed --> pending --> running --> ended
 *      ^         ^  interval  |
 *      |         +-- more ----+
 *     a mark in the state directory, for as long as there is one, or anything
 *     pending: whoever finds it after a crash runs the command once more
 *
 * For a process with one thread.
 */
#ifndef ZC_DAEMON_HOOKS_H
#define ZC_DAEMON_HOOKS_H

#include "daemon/conf_types.h"
#include "daemon/pollfds.h"
#include "daemon/snapshot.h"

#include <signal.h>

struct zc_hooks;

/* MASK is for the commands. NULL: out of memory. */
struct zc_hooks *zc_hooks_new(const sigset_t *mask);
void zc_hooks_free(struct zc_hooks *h); /* NULL is fine */

/* CONF holds from now on, and must live until the next call. What there is
 * pending for what is not there any more is forgotten. */
void zc_hooks_configure(struct zc_hooks *h, const struct zc_conf *conf);

/* A child is about to be forked that may tell of changes: the end of the pipe
 * that is its, and to be closed here afterwards, and the number that its mark
 * has. -1: there is nothing to be told, or no pipe. */
int zc_hooks_feed(struct zc_hooks *h, bool mirror, uint64_t *number);
/* In that child, before anything is changed: the mark. */
void zc_hooks_mark(const struct zc_hooks *h, bool mirror, const char *name,
                   uint64_t number);
/* In any child: lets go of what is this process's. */
void zc_hooks_forget(struct zc_hooks *h);

/* Appends what is to be polled; -1: out of memory. Then takes the N that were
 * appended. */
int zc_hooks_poll(const struct zc_hooks *h, zc_pollfds *fds);
void zc_hooks_polled(struct zc_hooks *h, const struct pollfd *fds, size_t n);
/* All that there is to be read, without waiting. */
void zc_hooks_read(struct zc_hooks *h);
/* Nanoseconds until zc_hooks_tick has something to do; INT64_MAX: never. */
int64_t zc_hooks_next(const struct zc_hooks *h, int64_t now);
void zc_hooks_tick(struct zc_hooks *h, int64_t now);
/* Looks for commands that have ended. True when there were any. */
bool zc_hooks_reap(struct zc_hooks *h);

/* No command is started any more, and those that run are told to end. */
void zc_hooks_stop(struct zc_hooks *h);
void zc_hooks_kill(struct zc_hooks *h);
size_t zc_hooks_running(const struct zc_hooks *h);

/* Adds all to S. -1: out of memory. */
int zc_hooks_snapshot(const struct zc_hooks *h, struct zc_snapshot *s);

#endif
