// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a peer sends where what crosses is compressed. The first byte says how it
 * is asked for; the rest is the peer's, and then it closes.
 */
#include "net/compress.h"

#include <string.h>
#include <sys/socket.h>

#define BYTES_MAX 65536 /* fits into a socket whose other end does not read */
#define PLAIN_MAX (64 * ZC_COMPRESS_PLAIN_MAX)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t buf[300000];
    struct zc_transport *ours, *theirs;
    struct zc_err err;
    if (size < 1 || size > BYTES_MAX)
        return 0;
    size_t piece = data[0] & 1 ? (size_t)1 + data[0] : sizeof buf;
    bool bare = data[0] & 2;
    if (zc_transport_pair(&ours, &theirs, &err))
        abort();
    struct zc_transport *c = zc_compress_new(ZC_COMPRESS_AUTO);
    if (!c)
        abort();
    zc_compress_over(c, ours);
    data++;
    size--;
    if (size && send(theirs->poll_wfd, data, size, MSG_NOSIGNAL) !=
                    (ssize_t)size)
        abort();
    shutdown(theirs->poll_wfd, SHUT_WR);
    ssize_t r = 1;
    for (uint64_t total = 0; r > 0 && total < PLAIN_MAX;
         total += (uint64_t)r) {
        uint64_t n = piece;
        struct zc_transport *over = bare ? zc_transport_bare_in(c, &n) : c;
        if (!over)
            break;
        if (!n || n > piece)
            abort();
        r = zc_transport_recv(over, buf, n);
        if (r > (ssize_t)n)
            abort();
    }
    if (r < 0 && zc_transport_recv(c, buf, 1) > 0) /* dead stays dead */
        abort();
    zc_transport_free(c);
    zc_transport_free(theirs);
    return 0;
}
