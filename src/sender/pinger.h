/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The thread of a session that sees to it that both ends know of each other,
 * while there is a round: it sends PING when the line is quiet, and ends the
 * session when nothing has come for the time-out, whatever the other threads
 * wait for. Between rounds it sleeps, and the kernel asks (zc_dial_keepalive).
 */
#ifndef ZC_SENDER_PINGER_H
#define ZC_SENDER_PINGER_H

#include "sender/core.h"

struct zc_pinger {
    unsigned timeout_s; /* our own, of the transport so far; 0: none */
    pthread_t thread;
    bool started;
    bool asleep; /* under the sender's lock: until a round begins */
};

void zc_pinger_init(struct zc_sender *s, struct zc_pinger *p);
/* After OPENED: the time-outs are known. Without a thread nobody pings. */
void zc_pinger_start(struct zc_sender *s);
/* A round begins. With the sender's lock. */
void zc_pinger_wake(struct zc_sender *s);
/* The session is closing, or has failed. Without the lock. */
void zc_pinger_join(struct zc_sender *s);

#endif
