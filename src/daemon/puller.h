/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A pull at the end of the user who asked for it: a child process of its own,
 * confined to DEST, receives, and tells what happens over a pipe:
 *
 *     us     <--pipe--  child  <===connection===>  the peer, who sends
 *     events, counts    writes DEST
 *
 * To be started in a process with one thread, but for those that carry the
 * connection (ssh/ssh.h): the child uses nothing that they may have locked.
 */
#ifndef ZC_DAEMON_PULLER_H
#define ZC_DAEMON_PULLER_H

#include "base/err.h"
#include "net/transport.h"
#include "receiver/pull.h"
#include "session/events.h"
#include "session/options.h"

#include <stdatomic.h>

struct zc_puller {
    pid_t child;
    int fd; /* what it tells */
};

/* Starts the child, which pulls what OPT says over T: it has shaken hands as
 * receiver and is the caller's, but good for nothing else afterwards. HOW: `dest`,
 * `require` and `threads`. 0, or -1 with a sentence. */
int zc_puller_start(struct zc_puller *p, struct zc_transport *t,
                    const struct zc_options *opt, const struct zc_pull *how,
                    struct zc_err *err);

/* Until it has ended. EVENTS are called here, by this thread; STATS must be zeroed.
 * *STOP (may be NULL) is looked at all the time: when it becomes true the child is
 * told to end. The exit code; unless it is 0, 23 or 24, ERR holds the sentence. */
enum zc_exit zc_puller_end(struct zc_puller *p, const struct zc_events *events,
                           struct zc_stats *stats, const atomic_bool *stop,
                           struct zc_err *err);

#endif
