/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Receivers, each in a process of its own: `zcsync serve` and zcsyncd hold a
 * struct zc_receivers of them. A connection first has a child that shakes hands
 * (handshakes.h), then one that receives. The parent reads no byte of a peer's.
 * For a process with one thread.
 */
#ifndef ZC_DAEMON_RECEIVERS_H
#define ZC_DAEMON_RECEIVERS_H

#include "base/err.h"
#include "base/vec.h"
#include "daemon/fence.h"
#include "daemon/handshakes.h"
#include "daemon/receiver_child.h"

#include <signal.h>

#define ZC_RECEIVERS_MAX_DEFAULT 64

struct zc_receiver_process {
    pid_t pid;
    int64_t since; /* wall clock ns */
    char peer[sizeof((struct zc_transport *)0)->peer];
    char security[sizeof((struct zc_transport *)0)->security];
    enum zc_role role; /* its own */
    bool sealed;
    struct zc_plain_peer plain;    /* unless it is */
    uint8_t peer_key[ZC_KEY_SIZE]; /* when sealed */
    char key[ZC_KEY_TEXT_SIZE];    /* the same as text; "": plain */
    struct zc_receiver_note *note; /* NULL: there was no memory for it */
    bool at_work; /* as if its note said that a share was opened */
    struct zc_fence_slot *slot;
};

/* What holds for new connections. */
struct zc_receivers_conf {
    struct zc_accept_options receive;
    struct zc_security security;
    struct zc_identity *identity; /* as in `security`; a receiver frees its own
                                     copy of it before anything else */
    unsigned max; /* sessions; 0: the default. Where there are shares with keys
                     and shares without, three quarters of them at most are
                     plain, so that strangers cannot keep all places busy */
    unsigned max_unauthenticated, max_unauthenticated_per_address; /* same */
    /* In a child that shakes hands or receives, first of all: lets go of memory
     * that the caller shares with others. NULL: there is none. */
    void (*forked)(void *arg);
    /* A session has ended; its note is still there. NULL: nobody wants to know. */
    void (*ended)(void *arg, const struct zc_receiver_process *c);
    /* For who is told what has changed in shares with `on_change`: before a
     * receiver is forked, and in it once it has opened such a SHARE; as
     * zc_hooks_feed and zc_hooks_mark. NULL: nobody. */
    int (*feed)(void *arg, uint64_t *number);
    void (*mark)(void *arg, const char *share, uint64_t number);
    void *arg;
};

struct zc_receivers {
    struct zc_receivers_conf conf;
    sigset_t mask;
    uint64_t accepted;
    struct zc_handshakes handshakes; /* `refused` is there */
    struct zc_fence *fence; /* made with the first of them */
    /* In a child that shakes hands: why its peer is not let in in plain, or "". */
    char plain_no[ZC_ERR_TEXT_MAX];
    ZC_VEC(struct zc_receiver_process) v;
};

/* MASK: the signal mask of receivers. */
void zc_receivers_init(struct zc_receivers *r, const sigset_t *mask);
void zc_receivers_fini(struct zc_receivers *r); /* the processes live on */

/*
 * CONF is copied; what it points to must live until the next call has returned.
 * With another identity, sealed sessions are told to end, and whoever shakes
 * hands begins anew. A session whose share is not there any more, or not for
 * its peer's key, is told to end (SIGTERM), and so is one that has not opened a
 * share yet and could still open such a one; all others go on as they began. -1
 * with a sentence: nothing changed.
 */
int zc_receivers_configure(struct zc_receivers *r,
                           const struct zc_receivers_conf *conf,
                           struct zc_err *err);

/* Sessions at the same time. */
unsigned zc_receivers_max(const struct zc_receivers *r);

/* Takes one connection from LISTEN_FD (non-blocking), if there is one. What
 * goes wrong is logged. */
void zc_receivers_accept(struct zc_receivers *r, int listen_fd);
/* As those of handshakes.h. */
int zc_receivers_poll(const struct zc_receivers *r, zc_pollfds *fds);
void zc_receivers_polled(struct zc_receivers *r, const struct pollfd *fds,
                         size_t n);
int64_t zc_receivers_next(const struct zc_receivers *r, int64_t now);
void zc_receivers_tick(struct zc_receivers *r, int64_t now);

/* Forgets those that ended. They logged how, but for a violent end, which is
 * logged here. With WAIT it waits for all of them. True when a session was
 * among them. */
bool zc_receivers_reap(struct zc_receivers *r, bool wait);
/* Signals the sessions. Those that shake hands end at once, by any signal. */
void zc_receivers_signal(struct zc_receivers *r, int sig);

#endif
