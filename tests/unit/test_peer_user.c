// SPDX-License-Identifier: GPL-2.0-or-later
/* src/net/peer_user.c: the owner of the other socket, and who cannot be told. */
#include "net/peer_user.h"

#include "base/io.h"

#include "../tap.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define SOMEBODY 12345

static int listen_at(int family, const char *address, struct sockaddr_in6 *at)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    socklen_t n = family == AF_INET ? sizeof v4 : sizeof v6;
    inet_pton(family, address, family == AF_INET ? (void *)&v4.sin_addr
                                                 : (void *)&v6.sin6_addr);
    int fd = socket(family, SOCK_STREAM, 0);
    if (fd < 0 ||
        bind(fd, family == AF_INET ? (void *)&v4 : (void *)&v6, n) ||
        listen(fd, 5))
        return -1;
    n = sizeof *at;
    return getsockname(fd, (struct sockaddr *)at, &n) ? -1 : fd;
}

/* A socket of ours that is connected to PORT of ADDRESS. */
static int dial(int family, const char *address, in_port_t port)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = port};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = port};
    inet_pton(family, address, family == AF_INET ? (void *)&v4.sin_addr
                                                 : (void *)&v6.sin6_addr);
    int fd = socket(family, SOCK_STREAM, 0);
    bool bad = connect(fd, family == AF_INET ? (void *)&v4 : (void *)&v6,
                       family == AF_INET ? sizeof v4 : sizeof v6);
    return bad ? -1 : fd;
}

static in_port_t port_of(const struct sockaddr_in6 *a)
{
    return a->sin6_port; /* where struct sockaddr_in has it, too */
}

static void test_ways(void)
{
    static const struct {
        int family, to_family;
        const char *at, *to;
    } ways[] = {{AF_INET, AF_INET, "127.0.0.1", "127.0.0.1"},
                {AF_INET, AF_INET, "127.0.0.1", "127.0.0.1"},
                {AF_INET6, AF_INET6, "::1", "::1"},
                {AF_INET6, AF_INET, "::", "127.0.0.1"},
                {AF_INET6, AF_INET6, "::", "::ffff:127.0.0.1"},
                {AF_INET, AF_INET6, "127.0.0.1", "::ffff:127.0.0.1"},
                {AF_INET, AF_INET, "0.0.0.0", "127.4.5.6"}};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct sockaddr_in6 at;
        uint32_t uid = 7;
        int l = listen_at(ways[i].family, ways[i].at, &at);
        int ours = l < 0 ? -1
                         : dial(ways[i].to_family, ways[i].to, port_of(&at));
        if (ours < 0) {
            skip(1, "no way from %s to %s here", ways[i].to, ways[i].at);
        } else {
            int fd = accept(l, NULL, NULL);
            ok(zc_peer_user(fd, &uid) == ZC_PEER_USER && uid == geteuid(),
               "we, by %s to %s", ways[i].to, ways[i].at);
            close(fd);
        }
        close(ours);
        close(l);
    }
}

/* Connects as another user; HOW: 's'tays, 'c'loses, 'h'alf closes. */
static void another(int l, const struct sockaddr_in6 *at, char how,
                    enum zc_peer_user want, const char *name)
{
    int p[2], q[2];
    char c;
    uint32_t uid = 7;
    if (pipe(p) || pipe(q))
        return;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        if (setuid(SOMEBODY))
            _exit(1);
        int fd = dial(AF_INET, "127.0.0.1", port_of(at));
        (void)!write(fd, "early bird", 10);
        if (how == 'c')
            close(fd);
        if (how == 'h')
            shutdown(fd, SHUT_WR);
        (void)!write(p[1], "x", 1);
        (void)!read(q[0], &c, 1);
        _exit(0);
    }
    (void)!read(p[0], &c, 1);
    int fd = accept(l, NULL, NULL);
    enum zc_peer_user who = zc_peer_user(fd, &uid);
    ok(who == want && (who != ZC_PEER_USER || uid == SOMEBODY), "%s", name);
    (void)!write(q[1], "x", 1);
    close(fd);
    waitpid(pid, NULL, 0);
    for (int i = 0; i < 2; i++) {
        close(p[i]);
        close(q[i]);
    }
}

static void test_others(void)
{
    struct sockaddr_in6 at;
    int l = listen_at(AF_INET, "127.0.0.1", &at);
    if (geteuid() || l < 0) {
        skip(3, "needs root");
        return;
    }
    another(l, &at, 's', ZC_PEER_USER, "another user");
    another(l, &at, 'h', ZC_PEER_USER, "who has no more to say");
    another(l, &at, 'c', ZC_PEER_GONE, "one who has closed it is not root");
    close(l);
}

static void test_unix(void)
{
    int s[2];
    uint32_t uid = 7;
    socketpair(AF_UNIX, SOCK_STREAM, 0, s);
    ok(zc_peer_user(s[0], &uid) == ZC_PEER_USER && uid == geteuid(),
       "we, over a socket pair");
    close(s[0]);
    close(s[1]);
    if (pipe(s))
        return;
    ok(zc_peer_user(s[0], &uid) == ZC_PEER_UNKNOWN, "nobody, over a pipe");
    close(s[0]);
    close(s[1]);
}

int main(void)
{
    test_ways();
    test_others();
    test_unix();
    return done_testing();
}
