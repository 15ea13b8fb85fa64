// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A transport over file descriptors: one socket, or two pipes (the standard
 * streams of a program that SSH started). Two sets of operations:
 *
 *   sockets    block in the kernel; SO_RCVTIMEO and SO_SNDTIMEO time them out,
 *              shutdown(2) from another thread ends them.
 *   the rest   has neither, so the fds do not block: poll(2) waits for them
 *              together with an eventfd that zc_transport_shutdown writes to.
 */
#include "net/transport.h"

#include "base/clock.h"
#include "net/passfd.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>

/* No sender has so many files open at a time. */
#define PASSED_MAX 64

struct fds_transport {
    struct zc_transport base; /* first: the two are cast into each other */
    int rfd, wfd;             /* may be one and the same */
    int wake;                 /* eventfd, readable once shut down; or -1 */
    int rflags, wflags;       /* F_GETFL of the caller, to be given back; -1 */
    atomic_bool ended;
    /* Descriptors that came along, until they are taken: the oldest first, and
     * ZC_PASSFD_LOST for one that did not make it. */
    int passed[PASSED_MAX];
    unsigned n_passed;
};

static struct fds_transport *fds_of(struct zc_transport *t)
{
    return (struct fds_transport *)t;
}

static bool is_type(int fd, mode_t type)
{
    struct stat st;
    return fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == type;
}

static bool is_unix(int fd)
{
    int domain = 0;
    socklen_t n = sizeof domain;
    return !getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &n) &&
           domain == AF_UNIX;
}

/* Takes N sent bytes off the front of the COUNT vectors at *IOV, and empty
 * vectors with them. */
static void iov_advance(struct iovec **iov, int *count, size_t n)
{
    while (*count && n >= (*iov)->iov_len) {
        n -= (*iov)->iov_len;
        (*iov)++;
        (*count)--;
    }
    if (*count) {
        (*iov)->iov_base = (char *)(*iov)->iov_base + n;
        (*iov)->iov_len -= n;
    }
}

static void fds_free(struct zc_transport *t)
{
    struct fds_transport *f = fds_of(t);
    int keep = errno;
    if (f->rflags >= 0)
        fcntl(f->rfd, F_SETFL, f->rflags);
    if (f->wflags >= 0)
        fcntl(f->wfd, F_SETFL, f->wflags);
    if (f->wfd != f->rfd)
        close(f->wfd);
    close(f->rfd);
    zc_close(&f->wake);
    for (unsigned i = 0; i < f->n_passed; i++)
        if (f->passed[i] >= 0)
            close(f->passed[i]);
    free(f);
    errno = keep;
}

/* Sockets. */

/* When a call that starts now has waited long enough; 0: never. */
static int64_t deadline(const struct zc_transport *t)
{
    return t->timeout_ms ? zc_clock_ns() + t->timeout_ms * INT64_C(1000000) : 0;
}

/* After a failed call on a socket: true to make it again. A signal starts the
 * kernel's time-out anew, so END is looked at here. */
static bool call_again(int64_t end)
{
    if (errno == EINTR && (!end || zc_clock_ns() < end))
        return true;
    if (errno == EAGAIN || errno == EINTR)
        errno = ETIMEDOUT;
    return false;
}

/* Until the socket FD has something, or recv_end has come. */
static int wait_bytes(const struct zc_transport *t, int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int64_t end = deadline(t);
    end = end ? ZC_MIN(end, t->recv_end) : t->recv_end;
    for (;;) {
        int64_t left = end - zc_clock_ns();
        int r = left > 0 ? poll(&p, 1, (int)((left + 999999) / 1000000)) : 0;
        if (r > 0 || (r < 0 && errno != EINTR))
            return r > 0 ? 0 : -1;
        if (left <= 0) {
            errno = ETIMEDOUT;
            return -1;
        }
    }
}

static ssize_t socket_recv(struct zc_transport *t, void *buf, size_t n)
{
    int64_t end = deadline(t);
    ssize_t r;
    if (t->recv_end && wait_bytes(t, fds_of(t)->rfd))
        return -1;
    do
        r = recv(fds_of(t)->rfd, buf, n, 0);
    while (r < 0 && call_again(end));
    return r;
}

static int socket_send(struct zc_transport *t, struct iovec *iov, int count)
{
    int64_t end = deadline(t);
    for (iov_advance(&iov, &count, 0); count;) {
        struct msghdr m = {.msg_iov = iov,
                           .msg_iovlen = (size_t)ZC_MIN(count, IOV_MAX)};
        ssize_t r = sendmsg(fds_of(t)->wfd, &m, MSG_NOSIGNAL);
        if (r < 0 && !call_again(end))
            return -1;
        if (r >= 0) {
            iov_advance(&iov, &count, (size_t)r);
            end = deadline(t);
        }
    }
    return 0;
}

static void socket_shutdown(struct zc_transport *t)
{
    struct fds_transport *f = fds_of(t);
    int keep = errno;
    shutdown(f->rfd, SHUT_RDWR);
    if (f->wfd != f->rfd)
        shutdown(f->wfd, SHUT_RDWR);
    errno = keep;
}

static const struct zc_transport_ops socket_ops = {
    .recv = socket_recv,
    .send = socket_send,
    .shutdown = socket_shutdown,
    .free = fds_free,
};

/* The same with descriptors beside the bytes. */

static ssize_t local_recv(struct zc_transport *t, void *buf, size_t n)
{
    struct fds_transport *f = fds_of(t);
    int64_t end = deadline(t);
    ssize_t r;
    int fd;
    if (t->recv_end && wait_bytes(t, f->rfd))
        return -1;
    do
        r = zc_passfd_recv(f->rfd, buf, n, &fd);
    while (r < 0 && call_again(end));
    if (r < 0 || fd == ZC_PASSFD_NONE)
        return r;
    if (f->n_passed == PASSED_MAX) {
        zc_close(&fd);
        errno = EPROTO;
        return -1;
    }
    f->passed[f->n_passed++] = fd;
    return r;
}

int zc_transport_send_fd(struct zc_transport *t, const void *p, size_t n,
                         int fd)
{
    int64_t end = deadline(t);
    ssize_t r;
    do
        r = zc_passfd_send(fds_of(t)->wfd, p, n, fd);
    while (r < 0 && call_again(end));
    if (r < 0)
        return -1;
    struct iovec rest = {(uint8_t *)p + r, n - (size_t)r};
    return socket_send(t, &rest, 1);
}

int zc_transport_take_fd(struct zc_transport *t)
{
    struct fds_transport *f = fds_of(t);
    if (!t->passes_fds || !f->n_passed)
        return -1;
    int fd = f->passed[0];
    f->n_passed--;
    memmove(f->passed, f->passed + 1, f->n_passed * sizeof *f->passed);
    return ZC_MAX(fd, -1);
}

static const struct zc_transport_ops local_ops = {
    .recv = local_recv,
    .send = socket_send,
    .shutdown = socket_shutdown,
    .free = fds_free,
};

/* Pipes, and whatever else standard streams may be. */

/* 0 when FD is ready for EVENTS (or broken: the next call on it will tell),
 * -1 with ETIMEDOUT, or ESHUTDOWN after zc_transport_shutdown. */
static int pipe_wait(struct fds_transport *f, int fd, short events)
{
    struct pollfd p[] = {{.fd = fd, .events = events},
                         {.fd = f->wake, .events = POLLIN}};
    int64_t end = deadline(&f->base);
    if (f->base.recv_end && events == POLLIN)
        end = end ? ZC_MIN(end, f->base.recv_end) : f->base.recv_end;
    for (;;) {
        int ms = -1;
        if (end)
            ms = (int)ZC_MAX((end - zc_clock_ns() + 999999) / 1000000, 0);
        int r = poll(p, ZC_ARRAY_LEN(p), ms);
        if (r < 0 && errno != EINTR)
            return -1;
        if (atomic_load(&f->ended)) {
            errno = ESHUTDOWN;
            return -1;
        }
        if (r > 0)
            return 0;
        if (r == 0) {
            errno = ETIMEDOUT;
            return -1;
        }
    }
}

static ssize_t pipe_recv(struct zc_transport *t, void *buf, size_t n)
{
    struct fds_transport *f = fds_of(t);
    for (;;) {
        if (pipe_wait(f, f->rfd, POLLIN))
            return errno == ESHUTDOWN ? 0 : -1;
        ssize_t r = read(f->rfd, buf, n);
        if (r >= 0 || (errno != EINTR && errno != EAGAIN))
            return r;
    }
}

static int pipe_send(struct zc_transport *t, struct iovec *iov, int count)
{
    struct fds_transport *f = fds_of(t);
    for (iov_advance(&iov, &count, 0); count;) {
        if (pipe_wait(f, f->wfd, POLLOUT))
            return -1;
        ssize_t r = writev(f->wfd, iov, ZC_MIN(count, IOV_MAX));
        if (r < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (r < 0)
            return -1;
        iov_advance(&iov, &count, (size_t)r);
    }
    return 0;
}

static void pipe_shutdown(struct zc_transport *t)
{
    struct fds_transport *f = fds_of(t);
    int keep = errno;
    atomic_store(&f->ended, true);
    /* Fails only when the counter is full, and then it is readable anyway. */
    (void)!write(f->wake, &(uint64_t){1}, sizeof(uint64_t));
    errno = keep;
}

static const struct zc_transport_ops pipe_ops = {
    .recv = pipe_recv,
    .send = pipe_send,
    .shutdown = pipe_shutdown,
    .free = fds_free,
};

/* Makes FD block, or not. Returns the flags it had when they were changed, else
 * -1. */
static int set_blocking(int fd, bool block)
{
    int had = fcntl(fd, F_GETFL);
    int want = block ? had & ~O_NONBLOCK : had | O_NONBLOCK;
    if (had < 0 || had == want || fcntl(fd, F_SETFL, want))
        return -1;
    return had;
}

struct zc_transport *zc_transport_new_fds(int rfd, int wfd, const char *peer)
{
    struct fds_transport *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    f->rfd = rfd;
    f->wfd = wfd;
    f->wake = f->rflags = f->wflags = -1;
    f->base.raw_rfd = f->base.raw_wfd = -1;
    f->base.poll_rfd = rfd;
    f->base.poll_wfd = wfd;
    snprintf(f->base.peer, sizeof f->base.peer, "%s", peer);
    strcpy(f->base.security, "plain");

    bool sockets = is_type(rfd, S_IFSOCK) && is_type(wfd, S_IFSOCK);
    bool pipes = is_type(rfd, S_IFIFO) && is_type(wfd, S_IFIFO);
    if (sockets || pipes) {
        f->base.raw_rfd = rfd;
        f->base.raw_wfd = wfd;
    }
    f->base.socket = sockets;
    f->base.local = sockets && is_unix(wfd);
    f->base.ops = sockets ? &socket_ops : &pipe_ops;
    if (!sockets) {
        f->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (f->wake < 0) {
            free(f);
            return NULL;
        }
    }
    /* Terminals and files are left alone: others share their flags, and poll
     * is enough for them. */
    if (sockets || is_type(rfd, S_IFIFO))
        f->rflags = set_blocking(rfd, sockets);
    if (wfd != rfd && (sockets || is_type(wfd, S_IFIFO)))
        f->wflags = set_blocking(wfd, sockets);
    return &f->base;
}

struct zc_transport *zc_transport_new_local(int fd)
{
    struct zc_transport *t = zc_transport_new_fds(fd, fd, "local");
    if (t) {
        t->ops = &local_ops;
        t->passes_fds = t->near = true;
    }
    return t;
}

int zc_transport_set_timeout(struct zc_transport *t, unsigned seconds)
{
    unsigned max = INT_MAX / 1000;
    if (t->ops->set_timeout)
        return t->ops->set_timeout(t, seconds);
    t->timeout_ms = (int)ZC_MIN(seconds, max) * 1000;
    if (!t->socket)
        return 0;
    struct timeval tv = {.tv_sec = t->timeout_ms / 1000};
    if (setsockopt(t->poll_rfd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv) ||
        setsockopt(t->poll_wfd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv))
        return -1;
    return 0;
}

void zc_transport_set_recv_end(struct zc_transport *t, int64_t end)
{
    t->recv_end = end;
    if (t->ops->set_recv_end)
        t->ops->set_recv_end(t, end);
}

int zc_transport_wait(struct zc_transport *t, short events)
{
    if (t->ops != &pipe_ops)
        return 0;
    struct fds_transport *f = fds_of(t);
    return pipe_wait(f, events & POLLOUT ? f->wfd : f->rfd, events);
}

void zc_transport_free(struct zc_transport *t)
{
    if (t)
        t->ops->free(t);
}

void zc_transport_linger(struct zc_transport *t, int64_t ns)
{
    char dropped[16 * 1024];
    if (!t->socket)
        return;
    shutdown(t->poll_wfd, SHUT_WR);
    int64_t end = zc_clock_ns() + ns;
    struct pollfd p = {.fd = t->poll_rfd, .events = POLLIN};
    for (int64_t left; (left = end - zc_clock_ns()) > 0;) {
        if (poll(&p, 1, (int)(left / 1000000) + 1) <= 0)
            return;
        if (recv(p.fd, dropped, sizeof dropped, MSG_DONTWAIT) <= 0)
            return;
    }
}

/*
 * A Unix socket pair, not a loopback TCP connection. Two cores, Linux 6.18,
 * 2 GiB from the page cache by sendfile(1 MiB) and splice through a 1 MiB pipe
 * to a new ext4 file, medians of 7, GB/s (CPU s/GB of both sides), then the
 * cost of one 128-byte write:
 *
 *   Unix, buffer asked for: none         4.2 (0.32)   0.8 us
 *                           208 KiB      4.5 (0.29)
 *                           2 MiB        6.5 (0.20)   0.8 us
 *                           4 MiB        6.1 (0.21)
 *   TCP with cubic                       4.6 (0.27)   4.0 us
 *   TCP with bbr                         3.0 (0.63)   4.7 us
 *
 * The buffer decides how much each splice finds: 1 MiB instead of 256 KiB.
 * Without CAP_NET_ADMIN the kernel cuts it to net.core.wmem_max (208 KiB by
 * default), which is still as good as TCP.
 */
#define PAIR_SNDBUF (2 * 1024 * 1024)

void zc_transport_grow_sndbuf(int fd)
{
    int n = PAIR_SNDBUF;
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &n, sizeof n))
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &n, sizeof n);
}

int zc_transport_pair(struct zc_transport **a, struct zc_transport **b,
                      struct zc_err *err)
{
    int s[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s))
        return zc_err_set(err, ZC_EXIT_SOCKET, errno,
                          "could not make a socket pair");
    zc_transport_grow_sndbuf(s[0]);
    zc_transport_grow_sndbuf(s[1]);
    *a = zc_transport_new_local(s[0]);
    *b = zc_transport_new_local(s[1]);
    if (*a && *b)
        return 0;
    for (int i = 0; i < 2; i++) {
        struct zc_transport **t = i ? b : a;
        if (*t)
            zc_transport_free(*t);
        else
            close(s[i]);
        *t = NULL;
    }
    return zc_err_nomem(err);
}
