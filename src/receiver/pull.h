/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the end that dials, and has DEST, brings along. Plain memory: any
 * thread. */
#ifndef ZC_RECEIVER_PULL_H
#define ZC_RECEIVER_PULL_H

#include "base/err.h"
#include "fs/require.h"
#include "proto/msg.h"
#include "session/confine.h"

/* What a pull needs at the end that has DEST, which is the local user's. */
struct zc_pull {
    const char *dest; /* it may have to be made */
    const struct zc_require *require; /* of it; NULL: nothing */
    unsigned threads; /* that work on it, 0: as many as make sense */
    zc_confine *confine; /* as in struct zc_accept_options */
    /* A frame of those of session/told.h has come; the thread that receives. -1:
     * there is nobody left to tell, so the session ends. */
    int (*tell)(void *arg, unsigned type, struct zc_bytes body);
    void *arg;
    /* Filled in at the end: all bytes that were sent and received. NULL: not
     * asked for. */
    uint64_t *sent, *received;
    uint64_t *plain; /* both, before they were compressed */
};

#endif
