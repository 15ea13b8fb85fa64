// SPDX-License-Identifier: GPL-2.0-or-later
/* sendfile(2): page cache to socket without a copy, in 1 MiB calls. */
#include "move/internal.h"
#include "move/mover.h"

#include <poll.h>
#include <sys/sendfile.h>

ssize_t zc_move_send_sendfile(struct zc_mover *m, struct zc_transport *t,
                              int fd, uint64_t offset, size_t n,
                              enum zc_move_fault *fault)
{
    (void)m;
    for (;;) {
        if (zc_transport_wait(t, POLLOUT)) {
            *fault = ZC_FAULT_PEER;
            return -1;
        }
        off_t at = (off_t)offset;
        ssize_t r = sendfile(t->raw_wfd, fd, &at, n);
        if (r >= 0)
            return r;
        if (errno == EINTR)
            continue;
        /* Of the file or of the socket: FUSE and NFS give any number there is.
         * Through a buffer, where the caller goes on, each is asked alone. */
        *fault = ZC_FAULT_FILE;
        return -1;
    }
}
