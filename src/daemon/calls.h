/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which system calls exist for a process: the last layer of sandbox.h, which is who
 * calls this. A process of its own, before it starts threads.
 */
#ifndef ZC_DAEMON_CALLS_H
#define ZC_DAEMON_CALLS_H

#include "base/err.h"

enum zc_calls {
    ZC_CALLS_RECEIVE,         /* all but what no receiver does */
    ZC_CALLS_SEND,            /* likewise; nothing that changes a file's metadata */
    ZC_CALLS_SEND_BY_RING,    /* likewise, and io_uring(7), which is not seen into */
    ZC_CALLS_ISOLATED,        /* only bytes, time, randomness, memory */
    ZC_CALLS_ISOLATED_SERVER, /* and accepting connections */
    ZC_CALLS_ISOLATED_MERGER, /* and taking descriptors from them */
};

/* Cannot be undone; what is refused fails with EPERM. Where the kernel has no
 * seccomp nothing happens. 0, or -1 with a sentence (ZC_EXIT_START). */
int zc_calls_restrict(enum zc_calls to, struct zc_err *err);

#endif
