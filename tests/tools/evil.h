/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the two hostile peers share: a socket with frames on it that does
 * whatever it is told, right or wrong, and the table of attacks.
 *
 * Failures of the socket are not errors here: a peer that hangs up on an attack
 * does right. They only make the rest of the attack a no-op (`over`).
 */
#ifndef ZC_TESTS_EVIL_H
#define ZC_TESTS_EVIL_H

#include "../wire.h"
#include "proto/hello.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>

struct evil {
    int fd;
    bool over; /* the peer hung up, or the session ended */
    bool rounds; /* FINISHED ends a round, not the session */
    uint64_t seq_out;
    struct zc_buf out; /* frames to be sent, raw bytes too */
    struct zc_frame in; /* the last frame received */
    uint8_t body[ZC_FRAME_BODY_MAX];
    char outcome[2048]; /* how the session ended; "" while it goes on */
};

struct attack {
    const char *name;
    const char *expect; /* for the test: what has to come of it */
    void (*run)(struct evil *e, const char *arg);
    const char *arg;
};

static inline void evil_socket_timeout(struct evil *e, int seconds)
{
    struct timeval tv = {seconds, 0};
    setsockopt(e->fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
    setsockopt(e->fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
}

/* The session is over, and how: one line, whatever the peer put into it. */
static inline void evil_end(struct evil *e, const char *outcome)
{
    e->over = true;
    if (e->outcome[0])
        return;
    snprintf(e->outcome, sizeof e->outcome, "%s", outcome);
    for (char *p = e->outcome; *p; p++)
        if ((unsigned char)*p < ' ')
            *p = '?';
}

/* Sends N bytes as they are. */
static inline void evil_raw(struct evil *e, const void *bytes, size_t n)
{
    const char *p = bytes;
    while (n && !e->over) {
        ssize_t w = send(e->fd, p, n, MSG_NOSIGNAL);
        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0) {
            /* A peer that stops reading is its right too. */
            e->over = true;
            return;
        }
        p += w;
        n -= (size_t)w;
    }
}

/* Numbers and sends the frames in e->out. */
static inline void evil_send(struct evil *e)
{
    zc_frame_number(e->out.data, e->out.len, &e->seq_out);
    evil_raw(e, e->out.data, e->out.len);
    zc_buf_reset(&e->out);
}

/* A frame of any kind with any body. */
static inline void evil_frame(struct evil *e, unsigned type, const void *body,
                              size_t n)
{
    size_t at = zc_frame_begin(&e->out, type);
    zc_buf_put(&e->out, body, n);
    zc_frame_end(&e->out, at);
    evil_send(e);
}

static inline bool evil_read(struct evil *e, void *buf, size_t n)
{
    for (size_t have = 0; have < n;) {
        ssize_t r = recv(e->fd, (char *)buf + have, n - have, 0);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0 && errno == EAGAIN)
            return false;
        if (r <= 0) {
            evil_end(e, "closed");
            return false;
        }
        have += (size_t)r;
    }
    return true;
}

static inline void evil_swallow(struct evil *e, uint64_t n)
{
    static char sink[65536];
    while (n && !e->over) {
        size_t some = ZC_MIN(n, (uint64_t)sizeof sink);
        if (!evil_read(e, sink, some))
            return;
        n -= some;
    }
}

/* The next frame: its type, or 0 (hung up, or silent for too long). Raw bytes
 * are thrown away. What ends the session is written down. */
static inline unsigned evil_recv(struct evil *e)
{
    uint8_t header[ZC_FRAME_HEADER_SIZE];
    struct zc_msg_data data;
    struct zc_msg_error error;
    struct zc_msg_finished fin;
    struct zc_err err;
    char text[1200];

    if (!evil_read(e, header, sizeof header))
        return 0;
    struct zc_rd r = zc_rd_init(header, sizeof header);
    e->in.length = zc_rd_u32(&r);
    e->in.type = zc_rd_u16(&r);
    if (e->in.length > sizeof e->body || !evil_read(e, e->body, e->in.length))
        return 0;
    struct zc_bytes body = {e->body, e->in.length};
    if (e->in.type == ZC_FRAME_DATA && !zc_data_decode(body, &data, &err))
        evil_swallow(e, data.length);
    if (e->in.type == ZC_FRAME_ERROR && !zc_error_decode(body, &error, &err)) {
        snprintf(text, sizeof text, "refused %u %.*s", error.code,
                 (int)error.text.n, (const char *)error.text.p);
        evil_end(e, text);
    } else if (e->in.type == ZC_FRAME_FINISHED &&
               !zc_finished_decode(body, &fin, &err)) {
        snprintf(text, sizeof text, "finished %u %.*s", fin.code,
                 (int)fin.text.n, (const char *)fin.text.p);
        if (!e->rounds)
            evil_end(e, text);
    }
    return e->in.type;
}

/* Reads frames up to the next one of TYPE. */
static inline bool evil_await(struct evil *e, unsigned type)
{
    while (!e->over) {
        unsigned got = evil_recv(e);
        if (got == type)
            return true;
        if (!got)
            break;
    }
    return false;
}

/* Throws away what has arrived, without waiting. */
static inline void evil_drain(struct evil *e)
{
    static char sink[65536];
    while (recv(e->fd, sink, sizeof sink, MSG_DONTWAIT) > 0)
        ;
}

static uint64_t evil_features = ZC_FEATURE_DELTA;

static inline void evil_hello(struct evil *e, enum zc_role role)
{
    struct zc_hello h = {ZC_PROTO_VERSION, ZC_PROTO_VERSION_MIN, role,
                         evil_features, 0, 0};
    uint8_t bytes[ZC_HELLO_SIZE];
    zc_hello_encode(&h, bytes);
    evil_raw(e, bytes, sizeof bytes);
    evil_read(e, bytes, sizeof bytes);
}

static inline const struct attack *evil_find(const struct attack *a, size_t n,
                                             const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(a[i].name, name) == 0)
            return &a[i];
    return NULL;
}

static inline int evil_show(const struct attack *a, size_t n)
{
    for (size_t i = 0; i < n; i++)
        printf("%s %s\n", a[i].name, a[i].expect);
    return 0;
}

#endif
