// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sealed records. The input is a row of pieces: a length (2 bytes,
 * little-endian), of which the highest bit says whether the piece goes out as
 * it is, as from somebody in between, or is sealed as the peer would do; and so
 * many bytes. What is received has to be what was sealed, up to the first piece
 * that was not, and nothing behind that.
 */
#include "net/sealed.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define BYTES_MAX 16384 /* fits into a socket whose other end does not read */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t key_in[ZC_AEAD_KEY] = "one direction",
                     key_out[ZC_AEAD_KEY] = "and the other";

/* Sends the pieces; what was sealed before anything else came is in CLEAN. *RAW:
 * something else did. */
static size_t talk(struct zc_transport *peer, int fd, const uint8_t *data,
                   size_t size, uint8_t *clean, bool *raw)
{
    size_t sealed = 0;
    *raw = false;
    while (size >= 2) {
        unsigned head = data[0] | (unsigned)data[1] << 8;
        size_t n = ZC_MIN((size_t)(head & 0x7fff), size - 2);
        data += 2;
        size -= 2;
        struct iovec iov = {(void *)data, n};
        if (n && head & 0x8000) {
            *raw = true;
            if (send(fd, data, n, MSG_NOSIGNAL) != (ssize_t)n)
                abort();
        } else if (n) {
            if (!*raw)
                memcpy(clean + sealed, data, n);
            sealed += *raw ? 0 : n;
            if (zc_transport_send(peer, &iov, 1))
                abort();
        }
        data += n;
        size -= n;
    }
    return sealed;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t clean[BYTES_MAX], got[BYTES_MAX + 1];
    int s[2];
    if (size < 1 || size > BYTES_MAX)
        return 0;
    signal(SIGPIPE, SIG_IGN);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s))
        abort();
    enum zc_suite suite = data[0] & 1 ? ZC_SUITE_AESGCM : ZC_SUITE_CHACHAPOLY;
    size_t step = 1 + (data[0] >> 1) * 13u; /* bytes asked for at a time */
    struct zc_transport *a = zc_sealed_new(
        zc_transport_new_fds(s[0], s[0], "us"), suite, key_out, key_in);
    struct zc_transport *b = zc_sealed_new(
        zc_transport_new_fds(s[1], s[1], "peer"), suite, key_in, key_out);
    if (!a || !b)
        abort();
    bool raw;
    size_t n = talk(b, s[1], data + 1, size - 1, clean, &raw), have = 0;
    shutdown(s[1], SHUT_WR);
    ssize_t r;
    while ((r = zc_transport_recv(a, got + have,
                                  ZC_MIN(step, sizeof got - have))) > 0)
        have += (size_t)r;
    if (have > n || memcmp(got, clean, have) != 0 || (!raw && have != n))
        abort();
    if (r < 0 && zc_transport_recv(a, got, 1) > 0)
        abort(); /* it goes on after a record that did not open */
    zc_transport_free(a);
    zc_transport_free(b);
    return 0;
}
