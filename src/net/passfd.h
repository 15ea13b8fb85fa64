/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Open descriptors that go to another process of ours along with bytes, over an
 * AF_UNIX socket: SCM_RIGHTS of unix(7). Any thread. */
#ifndef ZC_NET_PASSFD_H
#define ZC_NET_PASSFD_H

#include "base/util.h"

#include <sys/types.h>

/* What zc_passfd_recv may have instead of a descriptor. */
enum zc_passfd {
    ZC_PASSFD_NONE = -1,
    ZC_PASSFD_LOST = -2, /* one came, and there was no room for it here */
};

/* As send(2); FD, which stays the caller's, goes with the first byte, or -1: none.
 * Where nothing is sent FD is not passed either. */
ssize_t zc_passfd_send(int sock, const void *bytes, size_t n, int fd);
/* As recv(2), once for each call; *FD is the caller's, or one of the above. On a
 * stream a call never takes bytes beyond those of one send with a descriptor. */
ssize_t zc_passfd_recv(int sock, void *buf, size_t n, int *fd);

#endif
