// SPDX-License-Identifier: GPL-2.0-or-later
/* Through a buffer: for transports that encrypt, and file systems without
 * sendfile and splice. */
#include "base/io.h"
#include "move/internal.h"
#include "move/mover.h"

ssize_t zc_move_send_buffer(struct zc_mover *m, struct zc_transport *t, int fd,
                            uint64_t offset, size_t n,
                            enum zc_move_fault *fault)
{
    *fault = ZC_FAULT_FILE;
    if (zc_mover_need_buf(m))
        return -1;
    ssize_t have = zc_io_pread(fd, m->buf, ZC_MIN(n, ZC_MOVER_BUF),
                               (off_t)offset);
    if (have <= 0)
        return have;
    struct iovec iov = {m->buf, (size_t)have};
    if (zc_transport_send(t, &iov, 1)) {
        *fault = ZC_FAULT_PEER;
        return -1;
    }
    *fault = ZC_FAULT_NONE;
    return have;
}

ssize_t zc_move_recv_buffer(struct zc_mover *m, struct zc_transport *t, int fd,
                            uint64_t offset, size_t n,
                            enum zc_move_fault *fault)
{
    if (zc_mover_need_buf(m)) {
        *fault = ZC_FAULT_FILE;
        return 0;
    }
    *fault = ZC_FAULT_PEER;
    /* Filled first: what counts is the size of each write. */
    size_t have = ZC_MIN(n, ZC_MOVER_BUF);
    if (zc_mover_fill(t, m->buf, have))
        return -1;
    *fault = ZC_FAULT_NONE;
    if (zc_io_pwrite(fd, m->buf, have, (off_t)offset))
        *fault = ZC_FAULT_FILE;
    return (ssize_t)have;
}
