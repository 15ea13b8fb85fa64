// SPDX-License-Identifier: GPL-2.0-or-later
/* Listening, dialling and accepting on loopback; addresses as users write
 * them. */
#include "net/address.h"
#include "net/dial.h"

#include "base/clock.h"
#include "net/far.h"

#include "../tap.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static struct zc_err err;

static void split(const char *spec, const char *host, const char *port)
{
    char *h, *p;
    is_int(zc_addr_split(spec, &h, &p, &err), 0, "\"%s\" is an address", spec);
    is_str(h, host, "its host");
    is_str(p, port, "its port");
    free(h);
    free(p);
}

static void split_fails(const char *spec)
{
    char *h, *p;
    memset(&err, 0, sizeof err);
    is_int(zc_addr_split(spec, &h, &p, &err), -1, "\"%s\" is none", spec);
    is_int(err.code, ZC_EXIT_USAGE, "a usage error");
    ok(strstr(err.text, spec) && !h && !p, "that quotes it: %s", err.text);
}

static void splitting(void)
{
    split("192.0.2.1:8000", "192.0.2.1", "8000");
    split("192.0.2.1", "192.0.2.1", ZC_DEFAULT_PORT);
    split("[2001:db8::1]:8000", "2001:db8::1", "8000");
    split("[::]", "::", ZC_DEFAULT_PORT);
    split("[fe80::1%eth0]:1", "fe80::1%eth0", "1");
    split(":8000", NULL, "8000");
    split("8000", NULL, "8000");
    split("0", NULL, "0");
    split("65535", NULL, "65535");
    split("web2.example.com:zcsync", "web2.example.com", "zcsync");
    split_fails("");
    split_fails(":");
    split_fails("host:");
    split_fails("65536");
    split_fails("host:65536");
    split_fails("host:1:2");
    split_fails("2001:db8::1");
    split_fails("[2001:db8::1");
    split_fails("[]:1");
    split_fails("[host]:1");
    split_fails("[::1]x");
    split_fails("[::1]8000");
    split_fails("[1111111111111111111111111111111111111111111111111111111]:1");
}

/* A server on HOST, a client, and a byte each way. */
static void roundtrip(const char *host, const char *shown)
{
    char bound[160];
    bool loopback = false;
    int fd = zc_listen(host, "0", bound, sizeof bound, &loopback, &err);
    if (fd < 0) {
        skip(9, "%s", err.text);
        return;
    }
    ok(loopback, "%s is loopback", shown);
    ok(strncmp(bound, shown, strlen(shown)) == 0, "bound to %s", bound);
    ok(fcntl(fd, F_GETFD) & FD_CLOEXEC, "close-on-exec");

    char *h, *p;
    zc_addr_split(bound, &h, &p, &err);
    struct zc_transport *a = zc_dial(h, p, 5, &err);
    ok(a, "dial %s", bound);
    struct zc_transport *b = zc_accept(fd);
    ok(b, "accept");
    if (a && b) {
        char byte = 'x';
        struct iovec iov = {&byte, 1};
        int on = 0;
        char cc[16] = "";
        socklen_t n = sizeof on;
        is_str(a->peer, bound, "the peer is named");
        zc_transport_send(a, &iov, 1);
        ok(zc_transport_recv(b, &byte, 1) == 1 && byte == 'x', "talk");
        getsockopt(b->raw_rfd, IPPROTO_TCP, TCP_NODELAY, &on, &n);
        ok(on, "no delay");
        n = sizeof cc;
        getsockopt(a->raw_wfd, IPPROTO_TCP, TCP_CONGESTION, cc, &n);
        if (setsockopt(a->raw_wfd, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5))
            skip(1, "cubic is not for everybody here");
        else
            ok(strcmp(cc, "bbr") != 0, "not paced on loopback: %s", cc);
    }
    zc_transport_free(a);
    zc_transport_free(b);

    struct zc_err taken = {0};
    is_int(zc_listen(h, p, bound, sizeof bound, &loopback, &taken), -1,
           "a second listener");
    is_int(taken.code, ZC_EXIT_SOCKET, "is refused");
    ok(strstr(taken.text, p), "with the port in the sentence: %s", taken.text);
    close(fd);

    memset(&err, 0, sizeof err);
    ok(!zc_dial(h, p, 5, &err), "nobody listens any more");
    is_int(err.code, ZC_EXIT_SOCKET, "a socket error");
    is_int(err.eno, ECONNREFUSED, "connection refused");
    ok(strstr(err.text, h) && strstr(err.text, p), "sentence: %s", err.text);
    free(h);
    free(p);
}

static void everywhere(void)
{
    char bound[160];
    bool loopback = true;
    int fd = zc_listen("0.0.0.0", "0", bound, sizeof bound, &loopback, &err);
    ok(fd >= 0 && !loopback, "0.0.0.0 is not loopback");
    close(fd);
    loopback = true;
    fd = zc_listen("::", "0", bound, sizeof bound, &loopback, &err);
    if (fd < 0) {
        skip(2, "%s", err.text);
        return;
    }
    ok(!loopback, ":: is not loopback");
    struct zc_transport *a = zc_dial("127.0.0.1", strrchr(bound, ':') + 1, 5,
                                     &err);
    struct zc_transport *b = a ? zc_accept(fd) : NULL;
    if (b)
        ok(strncmp(b->peer, "127.0.0.1:", 10) == 0,
           "an IPv4 peer is shown as such: %s", b->peer);
    else
        skip(1, "sockets are IPv6 only here");
    zc_transport_free(a);
    zc_transport_free(b);
    close(fd);
}

/* A listener whose queue is full drops further SYNs: connecting hangs. */
static int full_listener(char *port, size_t size, int *fillers, int n)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(fd, (struct sockaddr *)&a, len) || listen(fd, 0) ||
        getsockname(fd, (struct sockaddr *)&a, &len))
        skip_all("no loopback");
    snprintf(port, size, "%d", ntohs(a.sin_port));
    for (int i = 0; i < n; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)!connect(fillers[i], (struct sockaddr *)&a, len);
    }
    return fd;
}

static void nothing(int sig)
{
    (void)sig;
}

static void *interrupt(void *main_thread)
{
    zc_clock_sleep_ns(ZC_NSEC_PER_SEC / 5);
    pthread_kill(*(pthread_t *)main_thread, SIGUSR1);
    return NULL;
}

static void hanging(void)
{
    char port[16];
    int fillers[8];
    int fd = full_listener(port, sizeof port, fillers, ZC_ARRAY_LEN(fillers));
    int64_t start = zc_clock_ns();
    memset(&err, 0, sizeof err);
    ok(!zc_dial("127.0.0.1", port, 1, &err), "a peer that does not answer");
    is_int(err.code, ZC_EXIT_CONTIMEOUT, "is a connect time-out: %s",
           err.text);
    double took = (double)(zc_clock_ns() - start) / 1e9;
    ok(took > 0.9 && took < 3, "after the second asked for (%.2f s)", took);

    struct sigaction sa = {.sa_handler = nothing, .sa_flags = SA_RESTART};
    pthread_t self = pthread_self(), thread;
    sigaction(SIGUSR1, &sa, NULL);
    pthread_create(&thread, NULL, interrupt, &self);
    ok(!zc_dial("127.0.0.1", port, 0, &err), "a signal ends the wait");
    is_int(err.code, ZC_EXIT_SIGNAL, "and is named: %s", err.text);
    pthread_join(thread, NULL);
    for (size_t i = 0; i < ZC_ARRAY_LEN(fillers); i++)
        close(fillers[i]);
    close(fd);
}

static void names(void)
{
    memset(&err, 0, sizeof err);
    ok(!zc_dial("no.such.host.invalid", "1", 5, &err), "an unknown host");
    is_int(err.code, ZC_EXIT_SOCKET, "a socket error");
    ok(strstr(err.text, "no.such.host.invalid"), "sentence: %s", err.text);
    ok(!zc_dial("127.0.0.1", "no-such-service", 5, &err),
       "an unknown service");
    bool loopback;
    char bound[160];
    bool absent = true;
    int fd = zc_listen_early("192.0.2.1", "0", bound, sizeof bound, &loopback,
                             &absent, &err);
    ok(fd >= 0 && absent && !loopback && !strncmp(bound, "192.0.2.1:", 10),
       "an address that is not there yet: %s", bound);
    close(fd);
    fd = zc_listen_early("127.0.0.1", "0", bound, sizeof bound, &loopback,
                         &absent, &err);
    ok(fd >= 0 && !absent && loopback, "one that is there");
    close(fd);
    is_int(zc_listen("192.0.2.1", "0", bound, sizeof bound, &loopback, &err),
           -1, "an address that is not ours");
    is_int(err.eno, EADDRNOTAVAIL, "sentence: %s", err.text);
}

static int number(int fd, int level, int name)
{
    int v = 0;
    socklen_t n = sizeof v;
    return getsockopt(fd, level, name, &v, &n) ? -1 : v;
}

static void far_away(void)
{
    char bound[160];
    bool loopback;
    int l = zc_listen(NULL, "0", bound, sizeof bound, &loopback, &err);
    struct zc_transport *t = zc_dial("127.0.0.1", strrchr(bound, ':') + 1, 0,
                                     &err);
    int fd = t->poll_wfd, before = number(fd, SOL_SOCKET, SO_SNDBUF);
    zc_far_grow(fd, 4000);
    is_int(number(fd, SOL_SOCKET, SO_SNDBUF), before,
           "4 ms are near: the kernel sees to the buffer");
    zc_far_grow(fd, 40000);
    int after = number(fd, SOL_SOCKET, SO_SNDBUF);
    bool limited = number(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT) > 0;
    ok(limited ? after > before : after == before,
       "40 ms are far: more where it may be had (%d, %d)", before, after);
    zc_transport_free(t);
    close(l);

    ok(!zc_far_gains(212992, 4194304), "Linux as it is allows users no more");
    ok(zc_far_gains(4194304, 4194304), "twice as much is more");
    ok(zc_far_gains(1 << 30, 4194304), "any number is");
    ok(!zc_far_gains(1 << 30, 67108864), "what it has by itself may be more");
    ok(!zc_far_gains(0, 4194304) && !zc_far_gains(1 << 30, 0),
       "who does not know leaves it alone");
}

int main(void)
{
    splitting();
    roundtrip(NULL, "127.0.0.1:");
    roundtrip("127.0.0.2", "127.0.0.2:");
    roundtrip("::1", "[::1]:");
    everywhere();
    hanging();
    names();
    far_away();
    return done_testing();
}
