/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end that was started, of net/direct.h: listens for the one connection of
 * the user who has started it, and of nobody else. For a process with one
 * thread.
 */
#ifndef ZC_DAEMON_DIRECT_H
#define ZC_DAEMON_DIRECT_H

#include "net/handshake.h"

/*
 * Over CHANNEL both have their say first. 0: *OUT is that connection, and *ROLE ours; or it
 * is NULL, and all goes on over CHANNEL, hands not shaken yet. -1 with a
 * sentence: CHANNEL is no good.
 */
int zc_direct_accept(struct zc_transport *channel, struct zc_transport **out,
                     enum zc_role *role, struct zc_err *err);

#endif
