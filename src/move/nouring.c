// SPDX-License-Identifier: GPL-2.0-or-later
/* In the place of uring.c where there is no liburing: it cannot be used here. */
#include "move/internal.h"
#include "move/mover.h"

void zc_uring_free(struct zc_uring *u)
{
    (void)u; /* there is none */
}

int zc_move_begin_uring(struct zc_mover *m, struct zc_transport *t, int fd,
                        enum zc_move_fault *fault)
{
    (void)m, (void)t, (void)fd;
    *fault = ZC_FAULT_NONE;
    errno = ENOSYS;
    return -1;
}

int zc_move_end_uring(struct zc_mover *m, struct zc_transport *t)
{
    (void)m, (void)t;
    return 0;
}

ssize_t zc_move_send_uring(struct zc_mover *m, struct zc_transport *t, int fd,
                           uint64_t offset, size_t n,
                           enum zc_move_fault *fault)
{
    return zc_move_send_buffer(m, t, fd, offset, n, fault);
}

ssize_t zc_move_recv_uring(struct zc_mover *m, struct zc_transport *t, int fd,
                           uint64_t offset, size_t n,
                           enum zc_move_fault *fault)
{
    return zc_move_recv_buffer(m, t, fd, offset, n, fault);
}
