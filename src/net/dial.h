/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reaching a peer and being reached: TCP, IPv4 and IPv6; and, where HOST is an
 * absolute path, sockets of this machine, which have no port. No state: any thread;
 * what is returned is the caller's. */
#ifndef ZC_NET_DIAL_H
#define ZC_NET_DIAL_H

#include "base/err.h"
#include "net/transport.h"

#include <stdatomic.h>

/*
 * Connects to HOST and PORT (a number or a service name), trying every address
 * the name has. TIMEOUT_S 0: the system's own limit. TCP_NODELAY and keepalive
 * (first probe after 30 s, dead after about a minute) are set. NULL with a
 * sentence naming HOST and PORT: ZC_EXIT_SOCKET, ZC_EXIT_CONTIMEOUT, or
 * ZC_EXIT_SIGNAL when a signal handler of the caller's ran meanwhile.
 */
struct zc_transport *zc_dial(const char *host, const char *port,
                             unsigned timeout_s, struct zc_err *err);

/* The same, of FAMILY (AF_UNSPEC: any) alone, and from the local address FROM
 * (NULL: whichever leads there). */
struct zc_transport *zc_dial_from(const char *from, int family,
                                  const char *host, const char *port,
                                  unsigned timeout_s, struct zc_err *err);

/* The same over TCP alone, and nothing but the socket: FAMILY is AF_UNSPEC, or
 * the only one whose addresses are tried. With STOP, setting *STOP has the effect
 * that a signal has without. The fd, or -1. */
int zc_dial_fd(const char *host, const char *port, int family,
               unsigned timeout_s, const atomic_bool *stop, struct zc_err *err);

/*
 * Listens on HOST (NULL: 127.0.0.1) and PORT ("0": any free one). The fd, or
 * -1 with a sentence. The bound address goes to *BOUND as text, brackets around
 * IPv6 (SIZE bytes), when there is one. *LOOPBACK tells whether only this
 * machine can reach it.
 */
/* (A socket that has a path is the caller's to remove: zc_unix_unlink.) */
int zc_listen(const char *host, const char *port, char *bound, size_t size,
              bool *loopback, struct zc_err *err);

/* The same for who cannot wait until the address is there (IP_FREEBIND, ip(7)):
 * *ABSENT tells that this host does not have it yet. */
int zc_listen_early(const char *host, const char *port, char *bound,
                    size_t size, bool *loopback, bool *absent,
                    struct zc_err *err);

/* The same for a listening FD that somebody else opened. 0, or -1 and errno. */
int zc_listen_adopt(int fd, char *bound, size_t size, bool *loopback);

/*
 * The kernel asks a peer that is silent, and ends the connection when there has
 * been no answer for SECONDS (0: as it is). It sees a host that is gone, not a
 * process that hangs, and nobody has to wake up for it. ANSWERED: the peer reads
 * what it is sent at all times, so that bytes that it has not acknowledged for
 * so long mean the same. Nothing happens on what is no TCP connection.
 */
void zc_dial_keepalive(const struct zc_transport *t, unsigned seconds,
                       bool answered);

/* One connection from LISTEN_FD, set up as zc_dial does. NULL and errno (EINTR
 * included: the caller looks at its stop flag). */
struct zc_transport *zc_accept(int listen_fd);

/* True when T's other end is an address that only this machine can have: 127/8
 * or ::1. */
bool zc_dial_loopback(const struct zc_transport *t);

#endif
