// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * splice(2): file -> pipe -> socket, and socket -> pipe -> file. The pipe is
 * filled first and emptied then, because the size of each write into the file
 * decides how fast it is.
 */
#include "base/io.h"
#include "move/internal.h"
#include "move/mover.h"

#include <fcntl.h>
#include <poll.h>

static ssize_t splice_again(int in, off_t *in_off, int out, off_t *out_off,
                            size_t n, unsigned flags)
{
    ssize_t r;
    do
        r = splice(in, in_off, out, out_off, n, flags);
    while (r < 0 && errno == EINTR);
    return r;
}

int zc_pipe_need(struct zc_pipe *p)
{
    if (p->r >= 0)
        return 0;
    int fds[2];
    if (pipe2(fds, O_CLOEXEC))
        return -1;
    p->r = fds[0];
    p->w = fds[1];
    /* pipe(7): above /proc/sys/fs/pipe-max-size, or the user's quota of pipe
     * pages, the call fails; a smaller pipe is only slower. */
    for (size_t size = 2 * ZC_MOVER_CALL; size >= 64 * ZC_KIB; size /= 2)
        if (fcntl(p->w, F_SETPIPE_SZ, (int)size) >= 0)
            break;
    int size = fcntl(p->w, F_GETPIPE_SZ);
    p->size = size > 0 ? (size_t)size : 64 * ZC_KIB;
    return 0;
}

void zc_pipe_fini(struct zc_pipe *p)
{
    zc_close(&p->r);
    zc_close(&p->w);
    free(p->buf);
    p->buf = NULL;
}

ssize_t zc_move_send_splice(struct zc_mover *m, struct zc_transport *t, int fd,
                            uint64_t offset, size_t n,
                            enum zc_move_fault *fault)
{
    struct zc_pipe *p = &m->pipe;
    if (zc_pipe_need(p)) /* no fds left for one */
        return zc_move_send_buffer(m, t, fd, offset, n, fault);
    off_t at = (off_t)offset;
    ssize_t have = splice_again(fd, &at, p->w, NULL, ZC_MIN(n, p->size), 0);
    if (have <= 0) {
        *fault = ZC_FAULT_FILE;
        return have;
    }
    for (ssize_t left = have; left > 0;) {
        if (zc_transport_wait(t, POLLOUT)) {
            *fault = ZC_FAULT_PEER;
            return -1;
        }
        ssize_t r = splice_again(p->r, NULL, t->raw_wfd, NULL,
                                 (size_t)left, SPLICE_F_MOVE);
        if (r <= 0) {
            *fault = ZC_FAULT_PEER;
            return -1;
        }
        left -= r;
    }
    return have;
}

/*
 * After EAGAIN, which a UNIX socket (but not a TCP one) also gives when it has
 * nothing yet: true when there is room in the pipe and something has come.
 */
static bool wait_for_more(struct zc_pipe *p, struct zc_transport *t)
{
    struct pollfd room = {.fd = p->w, .events = POLLOUT};
    struct pollfd more = {.fd = t->raw_rfd, .events = POLLIN};
    if (poll(&room, 1, 0) != 1)
        return false;
    int timeout = t->timeout_ms ? t->timeout_ms : -1;
    return poll(&more, 1, timeout) == 1 && more.revents & POLLIN;
}

/* Socket -> pipe until N bytes are in it, or it is full. */
ssize_t zc_pipe_fill(struct zc_pipe *p, struct zc_transport *t, size_t n)
{
    n = ZC_MIN(n, p->size);
    if (zc_transport_wait(t, POLLIN))
        return -1;
    /* The pipe is empty: this can only wait for the peer. */
    ssize_t have = splice_again(t->raw_rfd, NULL, p->w, NULL, n,
                                SPLICE_F_MOVE);
    if (have == 0)
        errno = ECONNRESET;
    if (have <= 0)
        return -1;
    while ((size_t)have < n && t->socket) {
        /* A pipe has slots as well as bytes and may be full earlier than its
         * size says: NONBLOCK, so that this cannot wait for ourselves. */
        ssize_t r = splice_again(t->raw_rfd, NULL, p->w, NULL,
                                 n - (size_t)have,
                                 SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
        if (r > 0)
            have += r;
        else if (r == 0 || errno != EAGAIN || !wait_for_more(p, t))
            break; /* full, or trouble that the next call will meet again */
    }
    return have;
}

/* Empties the pipe after its bytes could not be written. */
static void drain_pipe(struct zc_pipe *p, size_t n)
{
    uint8_t sink[16 * 1024];
    while (n) {
        ssize_t r = read(p->r, sink, ZC_MIN(n, sizeof sink));
        if (r < 0 && errno == EINTR)
            continue;
        if (r <= 0)
            break;
        n -= (size_t)r;
    }
}

/* *N bytes of the pipe go into a file that cannot be spliced into; *N are left. */
static int write_pipe(struct zc_pipe *p, int fd, off_t at, size_t *n)
{
    if (!p->buf)
        p->buf = malloc(ZC_MOVER_BUF);
    errno = ENOMEM;
    if (!p->buf)
        return -1;
    while (*n) {
        ssize_t r = zc_io_read(p->r, p->buf, ZC_MIN(*n, ZC_MOVER_BUF));
        if (r == 0)
            errno = EIO;
        if (r <= 0)
            return -1;
        *n -= (size_t)r;
        if (zc_io_pwrite(fd, p->buf, (size_t)r, at))
            return -1;
        at += r;
    }
    return 0;
}

/* The same for any. */
static int splice_pipe(struct zc_pipe *p, int fd, off_t at, size_t *n)
{
    while (*n) {
        ssize_t r = splice_again(p->r, NULL, fd, &at, *n, SPLICE_F_MOVE);
        if (r < 0 && errno == EINVAL)
            return write_pipe(p, fd, at, n);
        if (r == 0)
            errno = EIO;
        if (r <= 0)
            return -1;
        *n -= (size_t)r;
    }
    return 0;
}

int zc_pipe_empty(struct zc_pipe *p, int fd, uint64_t offset, size_t n)
{
    int bad = fd < 0 ? 0 : splice_pipe(p, fd, (off_t)offset, &n), eno = errno;
    drain_pipe(p, n); /* nothing is left but after trouble, or for no FD */
    errno = eno;
    return bad;
}

ssize_t zc_move_recv_splice(struct zc_mover *m, struct zc_transport *t, int fd,
                            uint64_t offset, size_t n,
                            enum zc_move_fault *fault)
{
    if (zc_pipe_need(&m->pipe))
        return zc_move_recv_buffer(m, t, fd, offset, n, fault);
    /* Longer calls are for those who do more with them. */
    ssize_t have = zc_pipe_fill(&m->pipe, t, ZC_MIN(n, ZC_MOVER_CALL));
    if (have < 0) {
        if (errno == EINVAL) /* a transport that cannot be spliced from */
            return zc_move_recv_buffer(m, t, fd, offset, n, fault);
        *fault = ZC_FAULT_PEER;
        return -1;
    }
    if (zc_pipe_empty(&m->pipe, fd, offset, (size_t)have))
        *fault = ZC_FAULT_FILE;
    return have;
}
