/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections over TCP to hosts that are far away. What has been sent stays in the
 * sending kernel until it is acknowledged, a round trip later, and may come only
 * when the receiving one has room for it: so a connection carries no more in each
 * than their buffers hold, and half of that is bookkeeping. By itself Linux goes up
 * to 4 MiB at the sender (net.ipv4.tcp_wmem) and 6 MiB at the receiver (tcp_rmem).
 */
#ifndef ZC_NET_FAR_H
#define ZC_NET_FAR_H

#include <stdbool.h>

/* FD, a connected TCP socket, gets bigger ones if its peer is far and where that is
 * allowed: to root (CAP_NET_ADMIN), or by net.core.wmem_max and rmem_max. What they
 * hold is the kernel's memory, so the peer is one that was let in. */
void zc_far_set_up(int fd);

/* The shortest round trip to FD's peer so far, in microseconds; 0: nobody knows, or
 * FD is no TCP socket. */
unsigned zc_far_rtt_us(int fd);

/* Its parts. FD's peer is RTT_US microseconds away, to and fro. */
void zc_far_grow(int fd, unsigned rtt_us);
/* True when one may ask for more than the kernel goes up to by itself: WHOLE, all of
 * it, 0: not known; MAY is what setsockopt(2) takes. */
bool zc_far_gains(unsigned long may, unsigned long whole);

#endif
