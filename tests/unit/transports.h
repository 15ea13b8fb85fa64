/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tests of movers run over: pairs of transports, A and B. */
#ifndef ZC_TESTS_UNIT_TRANSPORTS_H
#define ZC_TESTS_UNIT_TRANSPORTS_H

#include "net/transport.h"

#include "../tap.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct zc_transport *a, *b;

static void sockets(void)
{
    struct zc_err err;
    if (zc_transport_pair(&a, &b, &err))
        skip_all("%s", err.text);
}

static void tcp(void)
{
    struct sockaddr_in there = {.sin_family = AF_INET};
    socklen_t n = sizeof there;
    there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int one = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), two;
    if (bind(l, (struct sockaddr *)&there, n) || listen(l, 1) ||
        getsockname(l, (struct sockaddr *)&there, &n) ||
        connect(one, (struct sockaddr *)&there, n) ||
        (two = accept4(l, NULL, NULL, SOCK_CLOEXEC)) < 0)
        skip_all("no loopback: %s", strerror(errno));
    close(l);
    a = zc_transport_new_fds(one, one, "a");
    b = zc_transport_new_fds(two, two, "b");
}

static void pipes(void)
{
    int ab[2], ba[2];
    if (pipe2(ab, O_CLOEXEC) || pipe2(ba, O_CLOEXEC))
        skip_all("no pipes: %s", strerror(errno));
    a = zc_transport_new_fds(ba[0], ab[1], "a");
    b = zc_transport_new_fds(ab[0], ba[1], "b");
}

#endif
