/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which user of this machine is at the other end of a connection. The kernel
 * knows: SO_PEERCRED of unix(7), and for TCP the owner of the other socket, by
 * sock_diag(7). Any thread.
 */
#ifndef ZC_NET_PEER_USER_H
#define ZC_NET_PEER_USER_H

#include "base/util.h"

#include <stdint.h>
#include <sys/socket.h>

enum zc_peer_user {
    ZC_PEER_UNKNOWN, /* another machine or network namespace, as far as can be
                        told; or the kernel does not say */
    ZC_PEER_USER,    /* *UID, who made the socket */
    ZC_PEER_GONE,    /* it is from here, and nobody's any more: whoever it was
                        has closed it already */
};

/* Who is connected to FD, a socket that was accepted. */
enum zc_peer_user zc_peer_user(int fd, uint32_t *uid);

/* Of an AF_UNIX socket that is connected, for getsockopt(2) alone, which a confined
 * process has: who made the other end. False: errno. */
bool zc_peer_cred(int fd, struct ucred *who);

#endif
