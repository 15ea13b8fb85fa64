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

ssize_t zc_move_send_splice(struct zc_mover *m, struct zc_transport *t, int fd,
                            uint64_t offset, size_t n,
                            enum zc_move_fault *fault)
{
    if (zc_mover_need_pipe(m)) /* no fds left for one */
        return zc_move_send_buffer(m, t, fd, offset, n, fault);
    off_t at = (off_t)offset;
    ssize_t have = splice_again(fd, &at, m->pipe_w, NULL,
                                ZC_MIN(n, m->pipe_size), 0);
    if (have <= 0) {
        *fault = ZC_FAULT_FILE;
        return have;
    }
    for (ssize_t left = have; left > 0;) {
        if (zc_transport_wait(t, POLLOUT)) {
            *fault = ZC_FAULT_PEER;
            return -1;
        }
        ssize_t r = splice_again(m->pipe_r, NULL, t->raw_wfd, NULL,
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
static bool wait_for_more(struct zc_mover *m, struct zc_transport *t)
{
    struct pollfd room = {.fd = m->pipe_w, .events = POLLOUT};
    struct pollfd more = {.fd = t->raw_rfd, .events = POLLIN};
    if (poll(&room, 1, 0) != 1)
        return false;
    int timeout = t->timeout_ms ? t->timeout_ms : -1;
    return poll(&more, 1, timeout) == 1 && more.revents & POLLIN;
}

/* Socket -> pipe until N bytes are in it, or it is full. */
static ssize_t fill_pipe(struct zc_mover *m, struct zc_transport *t, size_t n)
{
    n = ZC_MIN(n, m->pipe_size);
    if (zc_transport_wait(t, POLLIN))
        return -1;
    /* The pipe is empty: this can only wait for the peer. */
    ssize_t have = splice_again(t->raw_rfd, NULL, m->pipe_w, NULL, n,
                                SPLICE_F_MOVE);
    if (have == 0)
        errno = ECONNRESET;
    if (have <= 0)
        return -1;
    while ((size_t)have < n && t->socket) {
        /* A pipe has slots as well as bytes and may be full earlier than its
         * size says: NONBLOCK, so that this cannot wait for ourselves. */
        ssize_t r = splice_again(t->raw_rfd, NULL, m->pipe_w, NULL,
                                 n - (size_t)have,
                                 SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
        if (r > 0)
            have += r;
        else if (r == 0 || errno != EAGAIN || !wait_for_more(m, t))
            break; /* full, or trouble that the next call will meet again */
    }
    return have;
}

/* Empties the pipe after its bytes could not be written. */
static void drain_pipe(struct zc_mover *m, size_t n)
{
    uint8_t sink[16 * 1024];
    while (n) {
        ssize_t r = read(m->pipe_r, sink, ZC_MIN(n, sizeof sink));
        if (r < 0 && errno == EINTR)
            continue;
        if (r <= 0)
            break;
        n -= (size_t)r;
    }
}

/* The N bytes in the pipe go into a file that cannot be spliced into. */
static int write_pipe(struct zc_mover *m, int fd, off_t at, size_t n)
{
    if (zc_mover_need_buf(m))
        return -1;
    while (n) {
        ssize_t r = zc_io_read(m->pipe_r, m->buf, ZC_MIN(n, ZC_MOVER_BUF));
        if (r <= 0 || zc_io_pwrite(fd, m->buf, (size_t)r, at)) {
            int eno = r > 0 ? errno : EIO;
            drain_pipe(m, n - (size_t)ZC_MAX(r, (ssize_t)0));
            errno = eno;
            return -1;
        }
        at += r;
        n -= (size_t)r;
    }
    return 0;
}

ssize_t zc_move_recv_splice(struct zc_mover *m, struct zc_transport *t, int fd,
                            uint64_t offset, size_t n,
                            enum zc_move_fault *fault)
{
    if (zc_mover_need_pipe(m))
        return zc_move_recv_buffer(m, t, fd, offset, n, fault);
    ssize_t have = fill_pipe(m, t, n);
    if (have < 0) {
        if (errno == EINVAL) /* a transport that cannot be spliced from */
            return zc_move_recv_buffer(m, t, fd, offset, n, fault);
        *fault = ZC_FAULT_PEER;
        return -1;
    }
    off_t at = (off_t)offset;
    for (ssize_t left = have; left > 0;) {
        ssize_t r = splice_again(m->pipe_r, NULL, fd, &at, (size_t)left,
                                 SPLICE_F_MOVE);
        if (r < 0 && errno == EINVAL) {
            if (write_pipe(m, fd, at, (size_t)left))
                *fault = ZC_FAULT_FILE;
            return have;
        }
        if (r <= 0) {
            int eno = r < 0 ? errno : EIO;
            drain_pipe(m, (size_t)left);
            errno = eno;
            *fault = ZC_FAULT_FILE;
            return have;
        }
        left -= r;
    }
    return have;
}
