/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sockets of this machine that have a path, see unix(7). Any thread. */
#ifndef ZC_NET_UNIX_H
#define ZC_NET_UNIX_H

#include "base/err.h"

#include <sys/socket.h>
#include <sys/un.h>

#define ZC_UNIX_PATH_MAX (sizeof((struct sockaddr_un *)0)->sun_path - 1)

/* PATH as an address. -1 with a sentence that begins with WHAT ("control
 * socket"): it is too long. */
int zc_unix_address(const char *path, const char *what,
                    struct sockaddr_un *addr, struct zc_err *err);

/* Removes a socket at ADDR that nobody listens at any more. -1 with a sentence
 * that begins with WHAT: somebody does (WHO), or it is something else. */
int zc_unix_clear(const struct sockaddr_un *addr, const char *what,
                  const char *who, struct zc_err *err);

/* Listens at PATH; all users may connect, and are looked at then. The fd, or -1
 * with a sentence. */
int zc_unix_listen(const char *path, struct zc_err *err);
/* What zc_unix_listen made goes. */
void zc_unix_unlink(const char *path);

/* Connects to PATH; TIMEOUT_S 0: waits as long as it takes. The fd, or -1 and
 * errno: ETIMEDOUT after that time. */
int zc_unix_connect(const char *path, unsigned timeout_s);

#endif
