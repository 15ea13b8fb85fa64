/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets that were opened for us by whoever started us: LISTEN_PID,
 * LISTEN_FDS and LISTEN_FDNAMES of sd_listen_fds(3). Call once, before threads
 * start.
 */
#ifndef ZC_DAEMON_ACTIVATE_H
#define ZC_DAEMON_ACTIVATE_H

#include "base/err.h"
#include "base/vec.h"

#define ZC_ACTIVATE_MAX 64 /* more sockets than that are refused */

struct zc_activated {
    int *listen; /* listening TCP sockets, non-blocking */
    size_t n_listen;
    int control; /* a listening AF_UNIX stream socket; -1: none */
    int fds[ZC_ACTIVATE_MAX];
};

/*
 * Takes over the sockets that are meant for this process, and removes the
 * variables from the environment, so that no child believes they are for it.
 * With none of them: no sockets, and 0. -1 with a sentence when a socket is
 * none that we can serve, or a variable makes no sense (the sockets are then
 * closed).
 */
int zc_activate_take(struct zc_activated *a, struct zc_err *err);
void zc_activate_close(struct zc_activated *a);

#endif
