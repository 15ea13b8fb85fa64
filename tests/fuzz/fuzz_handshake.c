// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a peer says before it is known who it is: HELLO and handshake messages.
 * The first byte chooses which side we are and what we would agree to; the rest
 * is the peer's, and then it closes.
 */
#include "net/handshake.h"

#include <string.h>
#include <sys/socket.h>

#define BYTES_MAX 4096 /* fits into a socket whose other end does not read */

/* Whoever wrote these bytes knows no private key. */
static int never(void *arg, const uint8_t key[ZC_KEY_SIZE], struct zc_err *err)
{
    (void)arg;
    (void)key;
    (void)err;
    abort();
}

static struct zc_identity *identity(void)
{
    static const char text[] =
        "zcsync-private-key-v1:dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=\n";
    static struct zc_identity *id; /* one for all inputs */
    struct zc_err err;
    if (!id)
        id = zc_identity_parse("fuzz", text, sizeof text - 1, &err);
    if (!id)
        abort();
    return id;
}

/* What is left unread in FD. */
static size_t unread(int fd)
{
    char bytes[BYTES_MAX];
    ssize_t n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    return n > 0 ? (size_t)n : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zc_transport *ours, *theirs;
    struct zc_secured s;
    struct zc_err err = {0};
    if (size < 1 || size > BYTES_MAX)
        return 0;
    bool initiator = data[0] & 1;
    const struct zc_security sec = {
        .identity = data[0] & 2 ? identity() : NULL,
        .plain = data[0] & 4,
        .suites = data[0] >> 4 & 3,
        .no_ktls = true,
        .trust = never,
    };
    if (zc_transport_pair(&ours, &theirs, &err))
        abort();
    data++;
    size--;
    if (send(theirs->poll_wfd, data, size, MSG_NOSIGNAL) != (ssize_t)size)
        abort();
    shutdown(theirs->poll_wfd, SHUT_WR);
    int r = zc_handshake(ours, initiator ? ZC_ROLE_SENDER : ZC_ROLE_RECEIVER,
                         initiator, &sec, &s, &err);
    if (r == 0 && (s.sealed || !sec.plain ||
                   unread(ours->poll_rfd) != size - ZC_HELLO_SIZE))
        abort();
    if (r && (!err.code || !err.text[0]))
        abort();
    zc_secured_wipe(&s);
    zc_transport_free(ours);
    zc_transport_free(theirs);
    return 0;
}
