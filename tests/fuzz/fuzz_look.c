// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a peer answers who was asked what there is: a row of frames, each a kind, a
 * length (2 bytes, little-endian), and so many bytes. The shares and entries it tells
 * of have names, and there is an end with a code that there is, and a sentence where it
 * is not a good one.
 */
#include "session/look.h"

#include "net/transport.h"
#include "proto/frame.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define BYTES_MAX 16384 /* fits into a socket whose other end does not read */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool truth)
{
    if (!truth)
        abort();
}

static void share(void *arg, const char *name, unsigned uses)
{
    (void)arg;
    must(*name && uses);
}

static void item(void *arg, const struct zc_item *i)
{
    (void)arg;
    must(i->path && i->flags & ZC_ITEM_RECEIVED);
}

static void trouble(void *arg, enum zc_trouble kind, const char *what,
                    const char *path, int eno)
{
    (void)arg;
    must(kind <= ZC_TROUBLE_META && what && path && eno >= 0);
}

static void answer(struct zc_transport *t, const uint8_t *data, size_t size)
{
    uint64_t seq = 0;
    while (size >= 3) {
        uint8_t head[ZC_FRAME_HEADER_SIZE];
        size_t n = ZC_MIN((size_t)(data[1] | data[2] << 8), size - 3);
        const struct zc_frame f = {(uint32_t)n, data[0], 0, ++seq};
        zc_frame_encode(&f, head);
        struct iovec iov[2] = {{head, sizeof head}, {(void *)(data + 3), n}};
        must(zc_transport_send(t, iov, n ? 2 : 1) == 0);
        data += 3 + n;
        size -= 3 + n;
    }
    shutdown(t->poll_wfd, SHUT_WR);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct zc_events events = {.item = item, .trouble = trouble};
    const struct zc_msg_look what = {.path = {(const uint8_t *)"", 0}};
    struct zc_transport *ours, *theirs;
    struct zc_err err = {0};
    if (size > BYTES_MAX)
        return 0;
    if (zc_transport_pair(&ours, &theirs, &err))
        abort();
    answer(theirs, data, size);
    enum zc_exit code = zc_look(ours, &what, share, &events, &err);
    must(code <= ZC_EXIT_CONTIMEOUT);
    must(code == ZC_EXIT_OK || code == ZC_EXIT_PARTIAL || err.text[0]);
    zc_transport_free(ours);
    zc_transport_free(theirs);
    return 0;
}
