/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The channels of a session over which its pump spreads what it sends; see
 * net/lanes.h. OpenSSH's server gives each of them a window of 2 MiB, so one carries
 * no more than that in a round trip. Channels after the first are opened beside
 * what goes on, once there is much to send; where one cannot be had (MaxSessions,
 * a forced command) it goes without.
 *
 * The pump's thread, but for new.
 */
#ifndef ZC_SSH_LANES_H
#define ZC_SSH_LANES_H

#include "net/lanes.h"
#include "ssh/link.h"

/* What the link may have unsent before no more packets are made. */
#define ZC_SSH_UNSENT_MAX ((size_t)256 * ZC_KIB)

struct zc_ssh_lanes;

/* CHANNEL is lane 0. COMMAND is what makes a channel another one there. NULL with a
 * sentence. */
struct zc_ssh_lanes *zc_ssh_lanes_new(struct zc_ssh_link *l,
                                      LIBSSH2_CHANNEL *channel,
                                      const char *command, struct zc_err *err);
/* The channels are the session's. NULL is fine. */
void zc_ssh_lanes_free(struct zc_ssh_lanes *s);

/* Sends what it can of UP, and sees to the channels. 1: something was done, 0:
 * nothing can be, -1: libssh2 has failed. */
int zc_ssh_lanes_step(struct zc_ssh_lanes *s, struct zc_fifo *up);
/* Nothing is left half sent. */
bool zc_ssh_lanes_idle(const struct zc_ssh_lanes *s);
/* The one that is read now, and so the one that the stream's end goes over. */
LIBSSH2_CHANNEL *zc_ssh_lanes_current(const struct zc_ssh_lanes *s);
/* How many were used, in a sentence. False: it was not much that was sent. */
bool zc_ssh_lanes_say(const struct zc_ssh_lanes *s, char *text, size_t size);

#endif
