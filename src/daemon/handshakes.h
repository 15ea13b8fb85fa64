/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections whose peer has not said who it is: each has a process of its own
 * that shakes hands (net/handshake.h), can reach nothing else, and ends.
 *
 *     accept --> it speaks --> fork --> child: HELLO, Noise, confined
 *        |          (5 s)                 |             (10 s, then killed)
 *     limits                     struct zc_secured, over a pipe
 *                           v
 *                   `done`: a receiver for it
 *
 * What goes wrong is one line in the log, "ADDRESS: refused: REASON". This
 * process takes no byte of a peer's, waits for nobody, and allocates nothing by
 * a peer's wish. It looks, without taking them, whether the first bytes are
 * those of zcsync: whoever says nothing, or something else, costs no process.
 * For a process with one thread.
 *
 * Where there is no place for a newcomer, one of the address that has the most
 * (its own, when that is what is too many) makes room: the oldest of those that
 * have not spoken for a while, or else of all: who shakes hands as it should is
 * done long before it is that.
 */
#ifndef ZC_DAEMON_HANDSHAKES_H
#define ZC_DAEMON_HANDSHAKES_H

#include "base/vec.h"
#include "daemon/pollfds.h"
#include "net/handshake.h"
#include "session/share.h"

#include <signal.h>

#define ZC_HANDSHAKES_MAX_DEFAULT 128
#define ZC_HANDSHAKES_PER_ADDRESS_DEFAULT 32

/* Lines about refusals: so many at once, and then one every so often. A flood
 * must not fill the log. */
struct zc_log_budget {
    unsigned left;
    int64_t at;      /* zc_clock_ns when `left` was last added to */
    uint64_t unsaid; /* refusals that were not written since the last one */
};

struct zc_handshake_child {
    pid_t pid;              /* 0: there is none, the peer has not spoken yet */
    int fd;                 /* the read end of its pipe; -1: none, it is done */
    int64_t since, end;     /* zc_clock_ns when it came; when it is ended */
    struct zc_transport *t; /* NULL: it is done */
    uint8_t address[17];    /* a kind, and the address or its /64 network */
    uint64_t age;           /* they are numbered as they come */
    unsigned same;          /* those of its address that are not done */
};

struct zc_handshakes {
    unsigned max, max_per_address; /* 0: the defaults */
    struct zc_security security;   /* for new connections; `trust` is unused */
    uint64_t refused; /* connections, here or by zc_handshakes_refuse */
    /* In a child, first of all: lets go of memory that is shared with others,
     * for whoever breaks into it to find nothing there. It can still reach what
     * its parent can: PLAIN is who its peer is, should it come in plain (`asked`
     * is false where that will not do). NULL: there is none. */
    void (*forked)(void *arg, const struct zc_plain_peer *plain);
    /* In a child, when hands have been shaken as S says: 0 to let the peer
     * through, or -1 with a sentence for it, which it is sent, and one for the
     * log. NULL: all get through. */
    int (*admit)(void *arg, const struct zc_secured *s, struct zc_err *told,
                 struct zc_err *logged);
    /* Called for each peer that got through, by zc_handshakes_polled and _reap.
     * T is the callee's from then on, S is wiped afterwards. */
    void (*done)(void *arg, struct zc_transport *t, struct zc_secured *s);
    void *arg;
    uint64_t started;
    unsigned waiting; /* children that are not done */
    struct zc_log_budget failures, crowd;
    ZC_VEC(struct zc_handshake_child) v;
};

/* Does what a confined child could not do any more: libsodium and libcrypto set
 * themselves up, the kernel is asked for TLS. Call before the first accept when
 * `security` has an identity, and again does no harm. -1 with a sentence. */
int zc_handshakes_prepare(const struct zc_security *security,
                          struct zc_err *err);

/* Takes one connection from LISTEN_FD (non-blocking), if there is one, to start
 * a child for it when it speaks, or refuses it: BUSY (may be NULL) says why. */
void zc_handshakes_accept(struct zc_handshakes *h, int listen_fd,
                          const char *busy);

/* Counts a refusal and writes "PEER: refused: WHY", unless there were too many
 * of them lately. CROWD: only because there are too many connections. */
void zc_handshakes_refuse(struct zc_handshakes *h, bool crowd,
                          const char *peer, const char *why);

/* Appends what is to be polled; -1: out of memory. Then takes the N that were
 * appended, with what poll said: results. */
int zc_handshakes_poll(const struct zc_handshakes *h, zc_pollfds *fds);
void zc_handshakes_polled(struct zc_handshakes *h, const struct pollfd *fds,
                          size_t n);
/* ns from NOW until zc_handshakes_tick has something to do; INT64_MAX: never */
int64_t zc_handshakes_next(const struct zc_handshakes *h, int64_t now);
/* Ends those whose time is up. */
void zc_handshakes_tick(struct zc_handshakes *h, int64_t now);
/* Forgets those that have ended. With WAIT it waits for all of them. */
void zc_handshakes_reap(struct zc_handshakes *h, bool wait);
/* Ends them all, their connections too; nothing is logged. */
void zc_handshakes_kill(struct zc_handshakes *h);
void zc_handshakes_fini(struct zc_handshakes *h);

#endif
