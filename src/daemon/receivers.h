/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Receivers, each in a process of its own: `zcsync serve` and zcsyncd hold a
 * struct zc_receivers of them, one child per connection. The parent reads no
 * byte of a peer's. For a process with one thread.
 */
#ifndef ZC_DAEMON_RECEIVERS_H
#define ZC_DAEMON_RECEIVERS_H

#include "base/err.h"
#include "base/vec.h"
#include "daemon/fence.h"
#include "sync/receive.h"

#include <signal.h>
#include <stdatomic.h>

#define ZC_RECEIVERS_MAX_DEFAULT 64
#define ZC_RECEIVER_SHARE_MAX 256

/* What a child tells its parent, in memory that both see: the share it was
 * asked for, once `opened` is set. */
struct zc_receiver_note {
    atomic_bool opened;
    char share[ZC_RECEIVER_SHARE_MAX];
};

struct zc_receiver {
    pid_t pid;
    int64_t since; /* wall clock ns */
    char peer[sizeof((struct zc_transport *)0)->peer];
    struct zc_receiver_note *note; /* NULL: there was no memory for it */
    struct zc_fence_slot *slot;
};

struct zc_receivers {
    unsigned max; /* more connections are refused */
    uint64_t accepted, refused;
    struct zc_fence *fence; /* made with the first of them */
    ZC_VEC(struct zc_receiver) v;
};

void zc_receivers_fini(struct zc_receivers *r); /* the processes live on */

/* Takes one connection from LISTEN_FD (non-blocking), if there is one, and
 * starts a receiver for it, with the signal mask MASK. What goes wrong is
 * logged. */
void zc_receivers_accept(struct zc_receivers *r, int listen_fd,
                         const struct zc_receive_options *opt,
                         const sigset_t *mask);
/* Forgets those that ended. They logged how, but for a violent end, which is
 * logged here. With WAIT it waits for all of them. True when there were any. */
bool zc_receivers_reap(struct zc_receivers *r, bool wait);
void zc_receivers_signal(const struct zc_receivers *r, int sig);

/* One session over T in this process, which is confined afterwards. Stop
 * signals (which are unblocked once MASK is set) end it as if its connection
 * had ended; so does SIGPIPE not. 0, or -1 with a sentence. */
int zc_receiver_session(struct zc_transport *t,
                        const struct zc_receive_options *opt,
                        struct zc_err *err);
/* From now on stop signals shut T down, and a broken pipe is an errno. */
void zc_receiver_signals(struct zc_transport *t);
/* T is about to be freed; the signals must be blocked. */
void zc_receiver_forget(void);

#endif
