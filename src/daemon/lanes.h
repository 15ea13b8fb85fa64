/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end that was started, of net/lanes.h: sshd(8) starts a command for each
 * channel, and only the first of them has the session.
 *
 *     channel 0 ------------------------> merger ---> session
 *     channel 1 -> serve --stdio --lane -----^
 *
 * The merger is a process beside the session, which is confined and could not take
 * descriptors. It listens at an abstract address (unix(7)) with the name that the
 * user's end has drawn, and takes the standard inputs of processes of its own user.
 */
#ifndef ZC_DAEMON_LANES_H
#define ZC_DAEMON_LANES_H

#include "net/transport.h"

/* *T, over which all is still to be read, becomes one from which the merged stream
 * is; with the old one's end for sending. For a process with one thread. -1 with a
 * sentence: *T is as it was, or NULL. */
int zc_lanes_accept(struct zc_transport **t, struct zc_err *err);

/* `zcsync serve --stdio --lane`: gives standard input away, and waits until it is
 * not needed any more. -1 with a sentence. */
int zc_lanes_join(struct zc_err *err);

#endif
