/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asking zcsyncd through its control socket (control_msg.h). Any thread; every
 * call has a connection of its own, but for zc_control_ask_again. */
#ifndef ZC_DAEMON_CONTROL_CLIENT_H
#define ZC_DAEMON_CONTROL_CLIENT_H

#include "daemon/control_msg.h"

/* Fills in *S (zeroed; to be finished with zc_snapshot_fini either way). -1
 * with a sentence: ZC_EXIT_SOCKET when nobody listens at PATH. */
int zc_control_ask_status(const char *path, struct zc_snapshot *s,
                          struct zc_err *err);

/* The same over FD, the other end of one that has joined (zc_control_join), as
 * often as one likes. */
int zc_control_ask_again(int fd, struct zc_snapshot *s, struct zc_err *err);

/* What is in the way of one mirror, or of one of its peers. */
struct zc_missing {
    char *mirror, *text; /* "": nothing any more */
};
typedef ZC_VEC(struct zc_missing) zc_missings;

/*
 * Asks for VERB (not status) of WHAT (MIRROR or MIRROR@PEER; to wait for all,
 * ""), and returns 0 when that is so: all that was written before this call is
 * durable there, the destination was let go, ... -1 with a sentence:
 * ZC_EXIT_TIMEOUT after TIMEOUT_S (0: no limit), and ZC_EXIT_SIGNAL when
 * STOP_FD (-1: none) is readable, *MISSING saying what is; ZC_EXIT_USAGE when
 * there is no such mirror or peer. MISSING is to be finished either way.
 */
int zc_control_ask(const char *path, enum zc_control_verb verb,
                   const char *what, unsigned timeout_s, int stop_fd,
                   zc_missings *missing, struct zc_err *err);
void zc_missings_fini(zc_missings *missing);

#endif
