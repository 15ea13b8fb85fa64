/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses: what a socket says of its two ends, and ADDR:PORT as it is written.
 * Asks nobody but the kernel, about the socket given; no state, any thread.
 */
#ifndef ZC_NET_ADDRESS_H
#define ZC_NET_ADDRESS_H

#include "base/err.h"

#include <netinet/in.h>
#include <sys/socket.h>

#define ZC_DEFAULT_PORT "8730"

/* Of any family; which one says any.sa_family. */
union zc_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_storage room;
};

/* The address that the socket FD has here, and that of its peer. One of IPv4 in its
 * IPv6 clothes (::ffff:192.0.2.1) is plain. -1 and errno. */
int zc_address_here(int fd, union zc_address *a);
int zc_address_there(int fd, union zc_address *a);

/* One that only this machine can have: 127/8 or ::1. */
bool zc_address_loopback(const union zc_address *a);
/* Whether A and B are the same but for their ports. Never for AF_UNIX. */
bool zc_address_same_host(const union zc_address *a,
                          const union zc_address *b);
/* "192.0.2.1:8730", "[2001:db8::1]:8730", or that it is not known; cut at SIZE. */
void zc_address_text(const union zc_address *a, char *text, size_t size);

/* Splits "ADDR:PORT", "[V6]:PORT", "ADDR", ":PORT", "PORT" (digits only) or
 * "/PATH" in place of SPEC; *HOST is NULL when there is none, *PORT the
 * default. Both on the heap. -1 with a sentence (ZC_EXIT_USAGE). */
int zc_addr_split(const char *spec, char **host, char **port,
                  struct zc_err *err);
/* The same where the default port is another. */
int zc_addr_split_with(const char *spec, const char *default_port, char **host,
                       char **port, struct zc_err *err);

/* True when the N bytes at S are an IPv6 address, with or without a zone
 * ("fe80::1%eth0"), not in brackets. */
bool zc_addr_is_v6(const char *s, size_t n);

#endif
