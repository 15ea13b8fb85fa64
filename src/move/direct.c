// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * O_DIRECT: from the disk to memory of ours and back, past the page cache. It
 * takes whole blocks only, at places in the file and in memory that are multiples
 * of one:
 *
 *   receiving:  | ..head | block | block | block | tail.. |
 *               buffered    one call of O_DIRECT    buffered
 *
 * Sending, the block around each end is read whole, and what was not asked for of
 * it is left out; at the end of the file the kernel gives what there is.
 *
 * The flag is one of an open file, which others may use at the same time (a delta
 * does), so the file is opened once more, for one range; where nobody else can
 * mistake that for somebody who writes to it later.
 */
#include "base/io.h"
#include "fs/procfd.h"
#include "move/internal.h"
#include "move/mover.h"

#include <fcntl.h>

/* No file system in use asks for more; one that does refuses, and is told of. */
#define ALIGN ((size_t)4096)

struct zc_direct {
    int fd;
    bool refused; /* it takes no O_DIRECT after all */
    uint8_t *buf; /* ZC_MOVER_CALL bytes */
};

static struct zc_direct *direct_new(void)
{
    struct zc_direct *d = calloc(1, sizeof *d);
    if (d)
        d->buf = aligned_alloc(ALIGN, ZC_MOVER_CALL);
    if (d && d->buf) {
        d->fd = -1;
        return d;
    }
    free(d);
    errno = ENOMEM;
    return NULL;
}

void zc_direct_free(struct zc_direct *d)
{
    if (!d)
        return;
    zc_close(&d->fd);
    free(d->buf);
    free(d);
}

static int begin(struct zc_mover *m, int fd, int how, enum zc_move_fault *fault)
{
    char path[ZC_PROCFD_PATH];
    *fault = ZC_FAULT_FILE;
    if (!m->direct)
        m->direct = direct_new();
    int flags = m->direct ? fcntl(fd, F_GETFL) : -1;
    if (flags < 0)
        return -1;
    m->direct->refused = false;
    m->direct->fd = open(zc_procfd_path(path, fd),
                         how | (flags & O_NOATIME) | O_DIRECT | O_NONBLOCK |
                             O_NOCTTY | O_CLOEXEC);
    return m->direct->fd < 0 ? -1 : 0;
}

int zc_move_begin_direct_read(struct zc_mover *m, struct zc_transport *t,
                              int fd, enum zc_move_fault *fault)
{
    (void)t;
    return begin(m, fd, O_RDONLY, fault);
}

int zc_move_begin_direct_write(struct zc_mover *m, struct zc_transport *t,
                               int fd, enum zc_move_fault *fault)
{
    (void)t;
    return begin(m, fd, O_WRONLY, fault);
}

int zc_move_end_direct(struct zc_mover *m, struct zc_transport *t)
{
    (void)t;
    zc_close(&m->direct->fd);
    return 0;
}

ssize_t zc_move_send_direct(struct zc_mover *m, struct zc_transport *t, int fd,
                            uint64_t offset, size_t n,
                            enum zc_move_fault *fault)
{
    struct zc_direct *d = m->direct;
    size_t skip = (size_t)(offset % ALIGN);
    size_t want = ZC_MIN((n + skip + ALIGN - 1) / ALIGN * ALIGN, ZC_MOVER_CALL);
    ssize_t r;
    (void)fd;
    do
        r = pread(d->fd, d->buf, want, (off_t)(offset - skip));
    while (r < 0 && errno == EINTR);
    if (r <= (ssize_t)skip) {
        *fault = ZC_FAULT_FILE;
        return r < 0 ? -1 : 0;
    }
    size_t have = ZC_MIN((size_t)r - skip, n);
    struct iovec iov = {d->buf + skip, have};
    if (zc_transport_send(t, &iov, 1)) {
        *fault = ZC_FAULT_PEER;
        return -1;
    }
    return (ssize_t)have;
}

/* A short write may end where no other can begin, and what is wrong then is told
 * by one through the cache. */
static int write_blocks(struct zc_mover *m, int fd, size_t n, uint64_t offset)
{
    struct zc_direct *d = m->direct;
    size_t done = 0;
    while (done < n) {
        ssize_t r = pwrite(d->fd, d->buf + done, n - done,
                           (off_t)(offset + done));
        if (r > 0)
            done += (size_t)r;
        else if (r == 0 || errno == EINVAL || errno == EOPNOTSUPP)
            break;
        else if (errno != EINTR)
            return -1;
    }
    if (done == n)
        return 0;
    if (!done) {
        zc_mover_say(m, "write a file", EINVAL);
        d->refused = true;
    }
    return zc_io_pwrite(fd, d->buf + done, n - done, (off_t)(offset + done));
}

ssize_t zc_move_recv_direct(struct zc_mover *m, struct zc_transport *t, int fd,
                            uint64_t offset, size_t n,
                            enum zc_move_fault *fault)
{
    size_t head = (size_t)(-offset % ALIGN);
    size_t blocks = ZC_MIN(n, ZC_MOVER_CALL) / ALIGN * ALIGN;
    if (m->direct->refused)
        return zc_move_recv_buffer(m, t, fd, offset, n, fault);
    if (head || !blocks)
        return zc_move_recv_buffer(m, t, fd, offset,
                                   head ? ZC_MIN(n, head) : n, fault);
    if (zc_mover_fill(t, m->direct->buf, blocks)) {
        *fault = ZC_FAULT_PEER;
        return -1;
    }
    if (write_blocks(m, fd, blocks, offset))
        *fault = ZC_FAULT_FILE;
    return (ssize_t)blocks;
}
