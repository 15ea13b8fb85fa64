// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * TCP connections, from both ends. A connection is set up alike whoever opened
 * it: no Nagle delay (messages are gathered before they are sent), keepalive,
 * and cubic where both ends are on this machine.
 */
#include "net/dial.h"

#include "base/clock.h"
#include "net/address.h"
#include "net/peer_user.h"
#include "net/unix.h"

#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* linux/in6.h, since Linux 4.15; ipv6(7) does not tell. */
#ifndef IPV6_FREEBIND
#define IPV6_FREEBIND 78
#endif

/*
 * bbr, the default on many systems, paces what it sends: on loopback it reaches
 * 3.0 GB/s where cubic reaches 4.6. Best set before the connection exists (a
 * socket that bbr has paced stays paced), inherited from a listening socket.
 * Across a real network the administrator's choice stands.
 */
static void prefer_cubic(int fd)
{
    char now[16] = "";
    socklen_t n = sizeof now - 1;
    if (getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, now, &n) == 0 &&
        strcmp(now, "cubic") != 0 && strcmp(now, "reno") != 0)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5);
}

static void set_int(int fd, int level, int option, int value)
{
    (void)setsockopt(fd, level, option, &value, sizeof value);
}

/* The kernel asks after IDLE seconds of silence, PROBES times. */
#define PROBES 3u
#define KEEPALIVE_MAX 32767u /* tcp(7) */

static void ask_after(int fd, unsigned idle, unsigned every)
{
    set_int(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_int(fd, IPPROTO_TCP, TCP_KEEPIDLE, (int)idle);
    set_int(fd, IPPROTO_TCP, TCP_KEEPINTVL, (int)every);
    set_int(fd, IPPROTO_TCP, TCP_KEEPCNT, PROBES);
}

void zc_dial_keepalive(const struct zc_transport *t, unsigned seconds,
                       bool answered)
{
    if (!t->socket || !seconds)
        return;
    /* Half of the time passes in silence, the other half in probes. */
    unsigned s = ZC_MIN(ZC_MAX(seconds, 2U), KEEPALIVE_MAX);
    ask_after(t->poll_rfd, s / 2, ZC_MAX(s / 2 / PROBES, 1U));
    if (answered)
        set_int(t->poll_rfd, IPPROTO_TCP, TCP_USER_TIMEOUT, (int)s * 1000);
}

/* The same for one of AF_UNIX: PATH is what it was connected to, or NULL: we
 * accepted it, and the peer is a user. */
static struct zc_transport *wrap_unix(int fd, const char *path)
{
    char peer[160] = "a user of this machine";
    uint32_t uid;
    if (path)
        snprintf(peer, sizeof peer, "%s", path);
    else if (zc_peer_user(fd, &uid) == ZC_PEER_USER)
        snprintf(peer, sizeof peer, "user %u of this machine", uid);
    zc_transport_grow_sndbuf(fd);
    struct zc_transport *t = zc_transport_new_fds(fd, fd, peer);
    if (t)
        t->near = true;
    else
        zc_close(&fd);
    return t;
}

static void set_up(int fd)
{
    set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    /* Not TCP_USER_TIMEOUT: it also ends a connection whose receiver waits for
     * a slow disk, and lets us send no more. */
    ask_after(fd, 30, 10);
}

/* Sets up the connected socket FD, which is taken over. NULL and errno. */
static struct zc_transport *wrap(int fd)
{
    union zc_address here, there;
    char peer[160];

    if (zc_address_there(fd, &there) || zc_address_here(fd, &here)) {
        zc_close(&fd);
        return NULL;
    }
    if (here.any.sa_family == AF_UNIX)
        return wrap_unix(fd, NULL);
    set_up(fd);
    bool near = zc_address_loopback(&there) || zc_address_same_host(&here, &there);
    if (near)
        prefer_cubic(fd);

    zc_address_text(&there, peer, sizeof peer);
    struct zc_transport *t = zc_transport_new_fds(fd, fd, peer);
    if (t)
        t->near = near;
    else
        zc_close(&fd);
    return t;
}

#define SLICE_MS 200 /* how often a stop flag is looked at */

/* Waits until FD, whose connect(2) is on its way, is connected. 0, or an
 * errno: ETIMEDOUT after the monotonic time END_NS (0: never), EINTR for a signal
 * or, where there is such a flag, when *STOP (may be NULL) is set. */
static int connect_wait(int fd, int64_t end_ns, const atomic_bool *stop)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    int r;
    do {
        int ms = stop ? SLICE_MS : -1;
        if (end_ns) {
            int64_t left = (end_ns - zc_clock_ns() + 999999) / 1000000;
            ms = (int)ZC_MIN(ZC_MAX(left, 0), stop ? SLICE_MS : INT_MAX);
        }
        if (stop && atomic_load(stop))
            return EINTR;
        r = poll(&p, 1, ms);
        if (r < 0 && !(stop && errno == EINTR))
            return errno;
        if (r == 0 && end_ns && zc_clock_ns() >= end_ns)
            return ETIMEDOUT;
    } while (r <= 0);
    int why = 0;
    socklen_t n = sizeof why;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &n) ? errno : why;
}

/* FD gets the first address of the list FROM that is of its family. */
static int bind_from(int fd, int family, const struct addrinfo *from)
{
    for (; from; from = from->ai_next)
        if (from->ai_family == family)
            return bind(fd, from->ai_addr, from->ai_addrlen);
    errno = EAFNOSUPPORT;
    return -1;
}

/* A socket connected to A before END_NS, from one of the addresses FROM (NULL:
 * any), or -1 and errno. */
static int connect_one(const struct addrinfo *a, const struct addrinfo *from,
                       int64_t end_ns, const atomic_bool *stop)
{
    int fd = socket(a->ai_family,
                    a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                    a->ai_protocol);
    if (fd < 0)
        return -1;
    union zc_address to = {0};
    memcpy(&to, a->ai_addr, ZC_MIN(a->ai_addrlen, sizeof to));
    if (zc_address_loopback(&to))
        prefer_cubic(fd);

    int why = from && bind_from(fd, a->ai_family, from) ? errno : 0;
    if (!why && connect(fd, a->ai_addr, a->ai_addrlen))
        why = errno;
    if (why == EINPROGRESS)
        why = connect_wait(fd, end_ns, stop);
    if (!why && fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK))
        why = errno;
    if (why) {
        close(fd);
        errno = why;
        return -1;
    }
    return fd;
}

/* True for what a machine without IPv6 (or IPv4) says about half of a name's
 * addresses: less telling than what the others say. */
static bool no_route(int eno)
{
    return eno == ENETUNREACH || eno == EADDRNOTAVAIL || eno == EAFNOSUPPORT;
}

/* Tries the addresses in LIST, dividing what is left of the time up to END_NS
 * (0: no limit) among those still to be tried. */
static int connect_any(const struct addrinfo *list,
                       const struct addrinfo *from, int64_t end_ns,
                       const atomic_bool *stop)
{
    int todo = 0, why = 0;
    for (const struct addrinfo *a = list; a; a = a->ai_next)
        todo++;
    for (const struct addrinfo *a = list; a; a = a->ai_next, todo--) {
        int64_t end = end_ns;
        if (end_ns) {
            int64_t now = zc_clock_ns();
            end = now + ZC_MAX(end_ns - now, 0) / todo;
        }
        int fd = connect_one(a, from, end, stop);
        if (fd >= 0 || errno == EINTR)
            return fd;
        if (!why || !no_route(errno))
            why = errno;
    }
    errno = why;
    return -1;
}

/* The addresses of HOST and PORT; NULL with a sentence. */
static struct addrinfo *resolve(const char *host, const char *port, int family,
                                int flags, const char *doing,
                                struct zc_err *err)
{
    struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM,
                             .ai_flags = flags};
    struct addrinfo *list = NULL;
    int r = getaddrinfo(host, port, &hints, &list);
    if (r == 0)
        return list;
    int eno = r == EAI_SYSTEM ? errno : 0;
    zc_err_set(err, ZC_EXIT_SOCKET, eno, "could not %s %s%s%s%s%s", doing, host,
               port ? " port " : "", port ? port : "", eno ? "" : ": ",
               eno ? "" : gai_strerror(r));
    return NULL;
}

static struct zc_transport *dial_unix(const char *path, unsigned timeout_s,
                                      struct zc_err *err)
{
    int fd = zc_unix_connect(path, timeout_s);
    struct zc_transport *t = fd < 0 ? NULL : wrap_unix(fd, path);
    if (t)
        return t;
    enum zc_exit code = errno == EINTR       ? ZC_EXIT_SIGNAL
                        : errno == ETIMEDOUT ? ZC_EXIT_CONTIMEOUT
                                             : ZC_EXIT_SOCKET;
    zc_err_set(err, code, errno, "could not connect to the socket %s", path);
    return NULL;
}

/* Where and how to connect. */
struct target {
    const char *from; /* NULL: any */
    int family;
    const char *host, *port;
    unsigned timeout_s;
};

/* A socket connected to T, or -1 with a sentence. */
static int connect_host(const struct target *t, const atomic_bool *stop,
                        struct zc_err *err)
{
    int64_t end = 0;
    if (t->timeout_s)
        end = zc_clock_ns() + t->timeout_s * ZC_NSEC_PER_SEC;
    struct addrinfo *from = NULL, *list;
    if (t->from && !(from = resolve(t->from, NULL, t->family, AI_PASSIVE,
                                    "connect from", err)))
        return -1;
    list = resolve(t->host, t->port, t->family, 0, "connect to", err);
    int fd = list ? connect_any(list, from, end, stop) : -1;
    int why = errno;
    if (from)
        freeaddrinfo(from);
    if (!list)
        return -1;
    freeaddrinfo(list);
    if (fd >= 0)
        return fd;
    enum zc_exit code = ZC_EXIT_SOCKET;
    if (why == EINTR)
        code = ZC_EXIT_SIGNAL;
    else if (why == ETIMEDOUT && t->timeout_s && zc_clock_ns() >= end)
        code = ZC_EXIT_CONTIMEOUT;
    return zc_err_set(err, code, why, "could not connect to %s port %s%s%s",
                      t->host, t->port, t->from ? " from " : "",
                      t->from ? t->from : "");
}

int zc_dial_fd(const char *host, const char *port, int family,
               unsigned timeout_s, const atomic_bool *stop, struct zc_err *err)
{
    const struct target to = {NULL, family, host, port, timeout_s};
    int fd = connect_host(&to, stop, err);
    if (fd >= 0)
        set_up(fd);
    return fd;
}

struct zc_transport *zc_dial(const char *host, const char *port,
                             unsigned timeout_s, struct zc_err *err)
{
    return zc_dial_from(NULL, AF_UNSPEC, host, port, timeout_s, err);
}

struct zc_transport *zc_dial_from(const char *from, int family,
                                  const char *host, const char *port,
                                  unsigned timeout_s, struct zc_err *err)
{
    if (*host == '/')
        return dial_unix(host, timeout_s, err);
    const struct target to = {from, family, host, port, timeout_s};
    int fd = connect_host(&to, NULL, err);
    if (fd < 0)
        return NULL;
    struct zc_transport *t = wrap(fd);
    if (t)
        snprintf(t->host, sizeof t->host, "%s", host);
    else
        zc_err_set(err, ZC_EXIT_SOCKET, errno,
                   "could not connect to %s port %s", host, port);
    return t;
}

bool zc_dial_loopback(const struct zc_transport *t)
{
    union zc_address there;
    return t->poll_rfd >= 0 && zc_address_there(t->poll_rfd, &there) == 0 &&
           (zc_address_loopback(&there) || there.any.sa_family == AF_UNIX);
}

/* ABSENT (or NULL): an address that this host does not have is no error, and
 * *ABSENT is set. */
static int bind_to(int fd, const struct addrinfo *a, bool *absent)
{
    int bad = bind(fd, a->ai_addr, a->ai_addrlen);
    if (!bad || errno != EADDRNOTAVAIL || !absent)
        return bad;
    if (a->ai_family == AF_INET6)
        set_int(fd, IPPROTO_IPV6, IPV6_FREEBIND, 1);
    else
        set_int(fd, IPPROTO_IP, IP_FREEBIND, 1);
    *absent = true;
    return bind(fd, a->ai_addr, a->ai_addrlen);
}

static int listen_one(const struct addrinfo *a, bool *absent)
{
    int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC,
                    a->ai_protocol);
    if (fd < 0)
        return -1;
    set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (bind_to(fd, a, absent) || listen(fd, SOMAXCONN))
        zc_close(&fd);
    return fd;
}

int zc_listen_adopt(int fd, char *bound, size_t size, bool *loopback)
{
    union zc_address here;
    if (zc_address_here(fd, &here))
        return -1;
    *loopback = zc_address_loopback(&here);
    if (*loopback)
        prefer_cubic(fd);
    zc_address_text(&here, bound, size);
    return 0;
}

int zc_listen(const char *host, const char *port, char *bound, size_t size,
              bool *loopback, struct zc_err *err)
{
    return zc_listen_early(host, port, bound, size, loopback, NULL, err);
}

int zc_listen_early(const char *host, const char *port, char *bound,
                    size_t size, bool *loopback, bool *absent,
                    struct zc_err *err)
{
    if (absent)
        *absent = false;
    if (!host)
        host = "127.0.0.1";
    if (*host == '/') {
        int fd = zc_unix_listen(host, err);
        *loopback = true;
        if (fd >= 0)
            snprintf(bound, size, "%s", host);
        return fd;
    }
    struct addrinfo *list = resolve(host, port, AF_UNSPEC, AI_PASSIVE,
                                    "listen on", err);
    if (!list)
        return -1;
    int fd = -1;
    for (const struct addrinfo *a = list; a && fd < 0; a = a->ai_next)
        fd = listen_one(a, absent);
    int why = errno;
    freeaddrinfo(list);

    if (fd >= 0 && zc_listen_adopt(fd, bound, size, loopback)) {
        why = errno;
        zc_close(&fd);
    }
    if (fd < 0)
        return zc_err_set(err, ZC_EXIT_SOCKET, why,
                          "could not listen on %s port %s", host, port);
    return fd;
}

struct zc_transport *zc_accept(int listen_fd)
{
    int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
    return fd < 0 ? NULL : wrap(fd);
}
