/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One session in this process: a child of receivers.h, or a `serve` that has no
 * others. It has one thread until the session begins.
 */
#ifndef ZC_DAEMON_RECEIVER_CHILD_H
#define ZC_DAEMON_RECEIVER_CHILD_H

#include "base/err.h"
#include "daemon/fence.h"
#include "net/handshake.h"
#include "receiver/receive.h"
#include "session/changes.h"
#include "session/intake.h"

#include <signal.h>
#include <stdatomic.h>

#define ZC_RECEIVER_SHARE_MAX 256
#define ZC_RECEIVER_ROOM 128

/* What a child tells its parent, in memory that both see: the share it was
 * asked for, once `opened` is set; or why it has opened none, when it has ended
 * with `refused` set. */
struct zc_receiver_note {
    struct zc_intake intake;
    uint8_t has_origin;            /* before `opened` is set */
    uint8_t origin[ZC_ORIGIN_SIZE]; /* of a mirror: tells it from others */
    atomic_uchar opened, refused, failed; /* 0 or not: no bools, as who writes
                                             may be anybody by then */
    atomic_int_fast64_t low_at;  /* zc_clock_ns: when something did not fit last;
                                    0: it all did */
    char room[ZC_RECEIVER_ROOM]; /* how much there was then */
    char share[ZC_RECEIVER_SHARE_MAX];
    char why[ZC_ERR_TEXT_MAX];
};

/* What did not fit is tried again twice as often. */
#define ZC_RECEIVER_LOW_NS (60 * ZC_NSEC_PER_SEC)

/* One session over T, which has shaken hands, in ROLE, in this process, which is
 * confined afterwards. Stop signals (once they are not blocked) end it as if its
 * connection had ended; SIGPIPE does not. 0, or -1 with a sentence. */
int zc_receiver_session(struct zc_transport *t, enum zc_role role,
                        const struct zc_accept_options *opt,
                        struct zc_err *err);
/* From now on stop signals shut T down, and a broken pipe is an errno. */
void zc_receiver_signals(struct zc_transport *t);
/* T is about to be freed; the signals must be blocked. */
void zc_receiver_forget(void);

/* What a child knows and has of its parent's; it tells others by it. */
struct zc_receiver_child {
    const struct zc_accept_options *receive;
    struct zc_identity *identity; /* NULL: none; freed before anything else */
    /* What has changed is told from now on; as zc_hooks_mark. */
    void (*mark)(void *arg, const char *share, uint64_t number);
    void *arg;
    const sigset_t *mask; /* of signals, for the session */
    struct zc_receiver_note *note; /* NULL: none */
    struct zc_fence *fence;
    struct zc_fence_slot *slot;
    struct zc_plain_peer plain;
    pid_t parent;
    struct zc_changes_pipe pipe; /* what has changed */
    uint64_t number;             /* of our mark there */
    /* its own */
    const uint8_t *peer_key; /* NULL: plain */
    const struct zc_transport *t; /* once it is secured */
    bool begun;                  /* `pipe` is told */
};

/* A child's whole life, with the connection T, over which S was agreed. What it has
 * of secrets is that of its own session, and only until the transport has taken it
 * over. */
_Noreturn void zc_receiver_child(struct zc_receiver_child *c,
                                 struct zc_transport *t, struct zc_secured *s);

#endif
