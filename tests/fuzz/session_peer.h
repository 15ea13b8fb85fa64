/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hostile end of fuzz_session: shakes hands as it should, then says what the
 * input says, at its own pace, and drops what it hears.
 *
 * The input is a row of records: a kind, a length (2 bytes, little-endian), and so
 * many bytes. The kind is that of a frame, which gets a header and the number whose
 * turn it is; or PEER_RAW, bytes as they are, as they follow DATA; or PEER_WAIT,
 * without bytes: so many frames have to have come first, as an answer makes sense
 * only after what it is about.
 */
#ifndef ZC_FUZZ_SESSION_PEER_H
#define ZC_FUZZ_SESSION_PEER_H

#include "net/handshake.h"
#include "proto/frame.h"
#include "proto/msg.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

enum { PEER_WAIT = 254, PEER_RAW = 255 };

struct peer {
    struct zc_transport *t;
    const struct zc_security *security;
    enum zc_role role;
    bool dials;
    const uint8_t *data;
    size_t size;
    atomic_uint heard; /* frames */
    atomic_bool over;  /* the other end says nothing any more */
};

static inline bool peer_get(struct zc_transport *t, void *p, size_t n)
{
    for (uint8_t *at = p; n > 0;) {
        ssize_t got = zc_transport_recv(t, at, n);
        if (got <= 0)
            return false;
        at += got;
        n -= (size_t)got;
    }
    return true;
}

static inline bool peer_drop(struct zc_transport *t, uint64_t n)
{
    uint8_t room[16384];
    for (; n > 0; n -= ZC_MIN(n, sizeof room))
        if (!peer_get(t, room, ZC_MIN(n, sizeof room)))
            return false;
    return true;
}

/* Counts frames until there are no more. */
static inline void *peer_listen(void *arg)
{
    struct peer *p = arg;
    uint8_t head[ZC_FRAME_HEADER_SIZE], *body = malloc(ZC_FRAME_BODY_MAX);
    uint64_t seq = 0;
    struct zc_frame f;
    struct zc_err err;
    while (body && peer_get(p->t, head, sizeof head)) {
        /* ours never sends what is no frame */
        if (zc_frame_decode(head, ++seq, &f, &err))
            abort();
        if (!peer_get(p->t, body, f.length))
            break;
        struct zc_msg_data m;
        if (f.type == ZC_FRAME_DATA &&
            (zc_data_decode((struct zc_bytes){body, f.length}, &m, &err) ||
             !peer_drop(p->t, m.length)))
            break;
        atomic_fetch_add(&p->heard, 1);
    }
    atomic_store(&p->over, true);
    free(body);
    return NULL;
}

static inline int peer_put(struct peer *p, const void *bytes, size_t n)
{
    struct iovec iov = {(void *)bytes, n};
    return n ? zc_transport_send(p->t, &iov, 1) : 0;
}

/* Until N frames have come; not for long, as they may never come. */
static inline void peer_wait(struct peer *p, unsigned n)
{
    const struct timespec step = {0, 200000};
    for (int i = 0; i < 250 && atomic_load(&p->heard) < n &&
                    !atomic_load(&p->over); i++)
        nanosleep(&step, NULL);
}

static inline void peer_talk(struct peer *p)
{
    const uint8_t *at = p->data, *end = at + p->size;
    uint64_t seq = 0;
    while (end - at >= 3) {
        unsigned kind = at[0];
        size_t n = (size_t)(at[1] | at[2] << 8);
        at += 3;
        if (kind == PEER_WAIT) {
            peer_wait(p, (unsigned)n);
            continue;
        }
        n = ZC_MIN(n, (size_t)(end - at));
        if (kind != PEER_RAW) {
            uint8_t head[ZC_FRAME_HEADER_SIZE];
            zc_frame_encode(&(struct zc_frame){(uint32_t)n, (uint16_t)kind, 0,
                                               ++seq}, head);
            if (peer_put(p, head, sizeof head))
                return;
        }
        if (peer_put(p, at, n))
            return;
        at += n;
    }
}

static inline void *peer_main(void *arg)
{
    struct peer *p = arg;
    struct zc_err err;
    pthread_t ear;
    p->t = zc_shake(p->t, p->role, p->dials, p->security, &err);
    if (!p->t)
        return NULL;
    if (pthread_create(&ear, NULL, peer_listen, p) != 0)
        abort();
    peer_talk(p);
    shutdown(p->t->poll_wfd, SHUT_WR);
    pthread_join(ear, NULL);
    zc_transport_free(p->t);
    return NULL;
}

#endif
