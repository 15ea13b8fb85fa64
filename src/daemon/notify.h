/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Telling the service manager how it goes: the protocol of sd_notify(3).
 * Written out here, as it is one datagram: the library would bring in more
 * code than it saves. With no NOTIFY_SOCKET in the environment nothing is
 * sent. For one thread.
 */
#ifndef ZC_DAEMON_NOTIFY_H
#define ZC_DAEMON_NOTIFY_H

#include "base/util.h"

struct zc_notify {
    int fd;               /* -1: nobody wants to know */
    uint64_t watchdog_us; /* WATCHDOG_USEC, when it is for us; 0: none */
    int64_t status_at;    /* zc_clock_ns of the last STATUS= */
    char status[256];     /* ... and what it said */
};

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID and removes them from
 * the environment. A socket that cannot be reached is logged. */
void zc_notify_init(struct zc_notify *n);
void zc_notify_fini(struct zc_notify *n);

void zc_notify_ready(struct zc_notify *n);
/* A reload begins; zc_notify_ready ends it. */
void zc_notify_reloading(struct zc_notify *n);
void zc_notify_stopping(struct zc_notify *n);
void zc_notify_watchdog(struct zc_notify *n);
/* STATUS=TEXT, if it differs from the last one, and no more than once a second.
 * Nanoseconds after which it should be tried again; INT64_MAX: it need not. */
int64_t zc_notify_status(struct zc_notify *n, const char *text);

#endif
