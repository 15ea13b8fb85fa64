/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The watcher processes of zcsyncd, one per [mirror]: started, asked, told to
 * stop, started again when they die. For a process with one thread, which calls
 * zc_mirrors_reap after SIGCHLD, zc_mirrors_tick when the time of
 * zc_mirrors_next has come, and polls what zc_mirrors_poll gives it.
 */
#ifndef ZC_DAEMON_MIRRORS_H
#define ZC_DAEMON_MIRRORS_H

#include "base/vec.h"
#include "daemon/conf.h"
#include "daemon/pollfds.h"
#include "daemon/snapshot.h"
#include "mirror/mirror.h"

#include <signal.h>

struct zc_mirrors;

struct zc_mirrors_events {
    /* A watcher answered a question. */
    void (*answer)(void *arg, const char *mirror,
                   const struct zc_mirror_answer *a);
    /* Questions may be asked (again): the watcher is another one than before
     * (ANEW), and knows nothing of what that one was asked, or has read what it
     * was sent. */
    void (*askable)(void *arg, const char *mirror, bool anew);
    /* There is no mirror of that name any more. */
    void (*removed)(void *arg, const char *mirror);
    /* As zc_hooks_feed and, in the watcher, zc_hooks_mark. */
    int (*feed)(void *arg, uint64_t *number);
    void (*mark)(void *arg, const char *mirror, uint64_t number);
    void *arg;
};

/* MASK is for the watchers. NULL: out of memory. */
struct zc_mirrors *zc_mirrors_new(const struct zc_mirrors_events *events,
                                  const sigset_t *mask);
/* There must be no process left (zc_mirrors_running). */
void zc_mirrors_free(struct zc_mirrors *m);

/*
 * CONF holds from now on, and must live until the next call, as must ID, its
 * identity (NULL: none): mirrors it does not have are stopped, new ones
 * started, those whose text differs stopped and then started anew, and so are
 * those that use the identity when that is another one; the others are left
 * alone, but that sessions end whose peer has a key that is not its any more.
 */
void zc_mirrors_configure(struct zc_mirrors *m, const struct zc_conf *conf,
                          struct zc_identity *id);

/* In a child that is no watcher, before anything else: lets go of the memory
 * that is shared with watchers. Nothing else may be called there. NULL is fine.
 */
void zc_mirrors_forget(struct zc_mirrors *m);

/* Tells all watchers to stop; none is started any more. Returns how many
 * seconds the slowest of them may take to drain. */
unsigned zc_mirrors_stop(struct zc_mirrors *m);
void zc_mirrors_kill(struct zc_mirrors *m);
size_t zc_mirrors_running(const struct zc_mirrors *m);

/* Looks for watchers that have ended. True when there were any. */
bool zc_mirrors_reap(struct zc_mirrors *m);
/* Nanoseconds until zc_mirrors_tick has something to do; INT64_MAX: never. */
int64_t zc_mirrors_next(const struct zc_mirrors *m, int64_t now);
void zc_mirrors_tick(struct zc_mirrors *m, int64_t now);

/* Appends what is to be polled; -1: out of memory. Then, before anything else
 * is called, takes what poll said about these. */
int zc_mirrors_poll(struct zc_mirrors *m, zc_pollfds *fds);
void zc_mirrors_polled(struct zc_mirrors *m, const struct pollfd *fds);

/* A question to the watcher of NAME. False: it cannot be asked now, and
 * `askable` will be called. */
bool zc_mirrors_ask(struct zc_mirrors *m, const char *name,
                    const struct zc_mirror_request *r);

/* Whether the watcher of NAME is there. */
bool zc_mirrors_has_process(const struct zc_mirrors *m, const char *name);
/* PEER (as in `to`; NULL: each one there is) of the mirror NAME is paused, or is
 * not any longer, in watchers that are started from now on: until the mirror is
 * not configured any more. -1: out of memory. */
int zc_mirrors_pause(struct zc_mirrors *m, const char *name, const char *peer,
                     bool on);

/*
 * One beat of the watchdog, at a steady pace: true when every watcher has
 * answered since the last one (or had no time to). Asks all of them again. A
 * watcher that let two beats pass is killed, and logged.
 */
bool zc_mirrors_beat(struct zc_mirrors *m);

/* Adds all mirrors to S. -1: out of memory. */
int zc_mirrors_snapshot(struct zc_mirrors *m, struct zc_snapshot *s);

#endif
