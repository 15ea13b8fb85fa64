// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * HELLO and Noise XX over a transport; see handshake.h.
 *
 *     connecting side                     the other
 *     HELLO  ------------------------->
 *            <-------------------------  HELLO
 *     2 + 32 bytes: e ----------------->          where both HELLOs lead to a
 *            <--- 2 + 96: e, ee, s, es            sealed session
 *     is it the one that was wanted?
 *     2 + 64: s, se ------------------->  is it?
 *
 * e is the same whatever the other's HELLO says, and it goes along with ours where
 * it cannot have been for nothing: a round trip less.
 *
 * Whoever was connected to speaks second, so silence gets silence. What comes
 * next is always known, down to its length: it goes into buffers of that size
 * on the stack, and not a byte more is received, since what follows belongs to
 * somebody else (another process, the kernel).
 */
#include "net/handshake.h"

#include "base/clock.h"
#include "net/compress.h"
#include "net/far.h"
#include "net/ktls.h"
#include "net/preamble.h"
#include "net/sealed.h"
#include "proto/proto.h"

#include <assert.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* Seconds, where struct zc_security says nothing. The connecting side may have
 * to wait for a daemon that is only started by its connection. */
#define ACCEPTED_HELLO_S 5 /* what is lost comes again after 1 to 3: RFC 6298 */
#define ACCEPTED_S 10
#define CONNECTED_S 30

/* Lengths of the messages of XX with empty payloads. */
#define MESSAGE_1 32
#define MESSAGE_2 96
#define MESSAGE_3 64

static_assert((int)ZC_HELLO_CHACHAPOLY == (int)ZC_SUITE_CHACHAPOLY &&
                  (int)ZC_HELLO_AESGCM == (int)ZC_SUITE_AESGCM,
              "suites have the same bits in HELLO");

const struct zc_security zc_security_plain = {
    .plain = true, .hello_s = 60, .handshake_s = 60};

struct shake {
    struct zc_transport *t;
    const struct zc_security *sec;
    bool initiator;
    int64_t start, end; /* zc_clock_ns */
    struct zc_err *err;
    bool early; /* message 1 goes along with HELLO: it is the key to this */
    uint8_t e[ZC_KEY_SIZE];
};

/* --- bytes, in time --- */

static void set_end(struct shake *s, unsigned wanted, unsigned otherwise)
{
    int64_t ns = (wanted ? wanted : otherwise) * ZC_NSEC_PER_SEC;
    if (s->t->timeout_ms)
        ns = ZC_MIN(ns, s->t->timeout_ms * INT64_C(1000000));
    s->end = s->start + ns;
}

static int late(const struct shake *s)
{
    if (s->initiator)
        return zc_err_set(s->err, ZC_EXIT_TIMEOUT, 0,
                          "no answer from %s within the time-out", s->t->peer);
    return zc_err_set(s->err, ZC_EXIT_TIMEOUT, 0,
                      "%s did not shake hands in time", s->t->peer);
}

static int closed(const struct shake *s)
{
    return zc_err_set(s->err, ZC_EXIT_STREAM, 0,
                      "%s closed the connection before the end", s->t->peer);
}

static int lost(const struct shake *s)
{
    if (errno == ETIMEDOUT || errno == EAGAIN)
        return late(s);
    if (s->initiator && s->sec->noise &&
        (errno == EPIPE || errno == ECONNRESET)) /* a program that has ended */
        return closed(s);
    return zc_err_set(s->err, ZC_EXIT_SOCKET, errno, "connection to %s lost",
                      s->t->peer);
}

/* Until FD is ready, or broken, which the next call will tell. A signal handler
 * that has run ends it, as it does zc_dial. */
static int wait_for(const struct shake *s, int fd, short events)
{
    struct pollfd p = {.fd = fd, .events = events};
    int64_t left = s->end - zc_clock_ns();
    if (left <= 0)
        return late(s);
    int r = poll(&p, 1, (int)((left + 999999) / 1000000));
    if (r > 0)
        return 0;
    if (r == 0)
        return late(s);
    if (errno != EINTR)
        return lost(s);
    return zc_err_set(s->err, ZC_EXIT_SIGNAL, 0,
                      "stopped while shaking hands with %s", s->t->peer);
}

static int get(const struct shake *s, void *bytes, size_t n)
{
    for (size_t have = 0; have < n;) {
        if (!zc_transport_pending(s->t) &&
            wait_for(s, s->t->poll_rfd, POLLIN))
            return -1;
        ssize_t r = zc_transport_recv(s->t, (char *)bytes + have, n - have);
        if (r < 0)
            return lost(s);
        if (r == 0)
            return closed(s);
        have += (size_t)r;
    }
    return 0;
}

/* So few bytes that there is room for them as soon as there is any. */
static int put(const struct shake *s, void *bytes, size_t n)
{
    struct iovec iov = {bytes, n};
    if (wait_for(s, s->t->poll_wfd, POLLOUT))
        return -1;
    return zc_transport_send(s->t, &iov, 1) ? lost(s) : 0;
}

/* --- HELLO --- */

static unsigned suites(const struct zc_security *sec)
{
    if (!sec->identity)
        return 0;
    if (sec->suites)
        return sec->suites & (ZC_HELLO_CHACHAPOLY | ZC_HELLO_AESGCM);
    return ZC_HELLO_CHACHAPOLY | (zc_suite_has_aes() ? ZC_HELLO_AESGCM : 0u);
}

static bool ktls(const struct shake *s)
{
    const struct zc_transport *t = s->t;
    return !s->sec->no_ktls && suites(s->sec) & ZC_HELLO_AESGCM &&
           t->raw_rfd >= 0 && t->raw_rfd == t->raw_wfd &&
           zc_ktls_fits(t->raw_rfd) && zc_ktls_possible();
}

/* The peer's HELLO, after what others may have said on the same line. */
static int get_hello(const struct shake *s, uint8_t in[ZC_HELLO_SIZE])
{
    size_t left = s->sec->noise, have = 0;
    while (have < ZC_HELLO_SIZE) {
        if (get(s, in + have, ZC_HELLO_SIZE - have))
            return -1;
        have = zc_preamble_drop(in, ZC_HELLO_SIZE, &left, zc_hello_begins);
    }
    return 0;
}

/* Whoever may be either is what the peer is not. What makes no sense is still
 * answered, for the peer to see whom it speaks to. */
static enum zc_role choose_role(enum zc_role role,
                                const uint8_t theirs[ZC_HELLO_SIZE])
{
    struct zc_hello h;
    struct zc_err ignored;
    if (role != ZC_ROLE_ANY)
        return role;
    return zc_hello_decode(theirs, ZC_ROLE_ANY, &h, &ignored)
               ? ZC_ROLE_RECEIVER
               : zc_role_opposite((enum zc_role)h.role);
}

static uint64_t features(const struct shake *s)
{
    bool compress = !s->initiator || s->sec->compress != ZC_COMPRESS_OFF;
    return ZC_FEATURES_MESSAGES | (ktls(s) ? ZC_FEATURE_KTLS : 0) |
           (compress ? ZC_FEATURE_COMPRESS : 0) |
           (s->sec->lanes ? ZC_FEATURE_LANES : 0);
}

/* The connecting side says how, where both can. */
static int choose_compress(const struct zc_hello *asks,
                           const struct zc_hello *can)
{
    if (!(asks->features & can->features & ZC_FEATURE_COMPRESS))
        return ZC_COMPRESS_OFF;
    return asks->compress == 0 || asks->compress == ZC_COMPRESS_AUTO
               ? ZC_COMPRESS_AUTO
               : zc_compress_level(asks->compress);
}

static int put_hello(struct shake *s, const uint8_t hello[ZC_HELLO_SIZE])
{
    uint8_t m[ZC_HELLO_SIZE + 2 + MESSAGE_1];
    uint8_t *length = m + ZC_HELLO_SIZE;
    memcpy(m, hello, ZC_HELLO_SIZE);
    if (!s->early)
        return put(s, m, ZC_HELLO_SIZE);
    length[0] = 0;
    length[1] = MESSAGE_1;
    if (zc_noise_draw(s->e, length + 2))
        return zc_err_set(s->err, ZC_EXIT_START, 0, "libsodium cannot start");
    return put(s, m, sizeof m);
}

/* PROLOGUE gets both HELLOs, that of the connecting side first. */
static int say_hello(struct shake *s, enum zc_role *role,
                     uint8_t prologue[2 * ZC_HELLO_SIZE],
                     enum zc_hello_choice *choice, struct zc_secured *found)
{
    struct zc_hello theirs, ours = {
        .version = ZC_PROTO_VERSION,
        .version_min = ZC_PROTO_VERSION_MIN,
        .features = features(s),
        .compress = (int8_t)(s->initiator ? s->sec->compress : 0),
        .security = (uint8_t)(suites(s->sec) |
                              (s->sec->plain ? 0u : ZC_HELLO_NOT_PLAIN)),
    };
    uint8_t *out = s->initiator ? prologue : prologue + ZC_HELLO_SIZE;
    uint8_t *in = s->initiator ? prologue + ZC_HELLO_SIZE : prologue;
    if (!s->initiator && get(s, in, ZC_HELLO_SIZE))
        return -1;
    *role = s->initiator ? *role : choose_role(*role, in);
    ours.role = *role;
    zc_hello_encode(&ours, out);
    /* A peer of another version hears ours, to be able to say so. One that has
     * gone may have said something before. */
    if ((put_hello(s, out) && !(s->initiator && errno == EPIPE)) ||
        (s->initiator && get_hello(s, in)) ||
        zc_hello_decode(in, zc_role_opposite(*role), &theirs, s->err))
        return -1;
    *choice = zc_hello_choose(&ours, &theirs);
    found->features = ours.features & theirs.features & ZC_FEATURES_MESSAGES;
    found->lanes = ours.features & theirs.features & ZC_FEATURE_LANES;
    found->compress = s->initiator ? choose_compress(&ours, &theirs)
                                    : choose_compress(&theirs, &ours);
    return 0;
}

static int no_way(const struct shake *s, enum zc_hello_choice choice)
{
    const char *peer = s->t->peer;
    switch (choice) {
    case ZC_HELLO_NOT_OURS:
        return zc_err_set(s->err, ZC_EXIT_START, 0,
                          "%s speaks plain only, and plain is not allowed here",
                          peer);
    case ZC_HELLO_NOT_THEIRS:
        return zc_err_set(s->err, ZC_EXIT_START, 0,
                          "%s does not speak plain, and %s", peer,
                          s->sec->plain_only
                              ? s->sec->plain_only
                              : "there is no identity here to speak sealed "
                                "with");
    default:
        return zc_err_set(s->err, ZC_EXIT_START, 0,
                          "%s has no cipher in common with us", peer);
    }
}

/* --- Noise --- */

static int send_message(const struct shake *s, struct zc_noise *n)
{
    uint8_t m[2 + MESSAGE_2];
    ssize_t r = zc_noise_write(n, "", 0, m + 2, sizeof m - 2);
    if (r < 0)
        return zc_err_set(s->err, ZC_EXIT_START, 0,
                          "nothing can be encrypted for the key that %s sent",
                          s->t->peer);
    m[0] = (uint8_t)(r >> 8);
    m[1] = (uint8_t)r;
    return put(s, m, 2 + (size_t)r);
}

/* The message that is due, which has SIZE bytes. */
static int recv_message(const struct shake *s, struct zc_noise *n, size_t size)
{
    uint8_t length[2], m[MESSAGE_2], nothing[1];
    assert(size <= sizeof m);
    if (get(s, length, sizeof length))
        return -1;
    if (((size_t)length[0] << 8 | length[1]) != size)
        return zc_err_set(s->err, ZC_EXIT_START, 0,
                          "%s sent something else than a handshake",
                          s->t->peer);
    if (get(s, m, size))
        return -1;
    if (zc_noise_read(n, m, size, nothing, 0) < 0)
        return zc_err_set(s->err, ZC_EXIT_START, 0,
                          "the handshake with %s was forged, or changed on its "
                          "way", s->t->peer);
    return 0;
}

static int trusted(const struct shake *s, const struct zc_noise *n)
{
    if (!s->sec->trust && !s->initiator)
        return 0;
    if (!s->sec->trust)
        return zc_err_set(s->err, ZC_EXIT_START, 0,
                          "there is no telling whether %s is who it should be",
                          s->t->peer);
    return s->sec->trust(s->sec->arg, zc_noise_remote(n), s->err);
}

static int send_first(const struct shake *s, struct zc_noise *n)
{
    uint8_t sent[MESSAGE_1];
    if (!s->early)
        return send_message(s, n);
    zc_noise_set_ephemeral(n, s->e);
    return zc_noise_write(n, "", 0, sent, sizeof sent) < 0
               ? zc_err_set(s->err, ZC_EXIT_START, 0, "libsodium cannot start")
               : 0;
}

/* After message 2 its sender has proved who it is; ours is in message 3. */
static int exchange(const struct shake *s, struct zc_noise *n)
{
    if (s->initiator)
        return send_first(s, n) || recv_message(s, n, MESSAGE_2) ||
                       trusted(s, n) || send_message(s, n)
                   ? -1
                   : 0;
    return recv_message(s, n, MESSAGE_1) || send_message(s, n) ||
                   recv_message(s, n, MESSAGE_3) || trusted(s, n)
               ? -1
               : 0;
}

static int seal(const struct shake *s, enum zc_hello_choice choice,
                const uint8_t prologue[2 * ZC_HELLO_SIZE],
                struct zc_secured *out)
{
    out->suite = choice == ZC_HELLO_SEALED_CHACHAPOLY ? ZC_SUITE_CHACHAPOLY
                                                      : ZC_SUITE_AESGCM;
    struct zc_noise *n = zc_noise_new(out->suite, s->initiator, prologue,
                                      2 * ZC_HELLO_SIZE, s->sec->identity);
    if (!n)
        return zc_err_nomem(s->err);
    int r = exchange(s, n);
    if (r == 0) {
        out->sealed = true;
        out->ktls = choice == ZC_HELLO_SEALED_KTLS;
        memcpy(out->peer_key, zc_noise_remote(n), ZC_KEY_SIZE);
        zc_noise_split(n, out->tx, out->rx);
    }
    zc_noise_free(n);
    return r;
}

static int shake_hands(struct shake *s, enum zc_role role,
                       struct zc_secured *out)
{
    const struct zc_security *sec = s->sec;
    uint8_t prologue[2 * ZC_HELLO_SIZE];
    enum zc_hello_choice choice;

    set_end(s, sec->hello_s, s->initiator ? CONNECTED_S : ACCEPTED_HELLO_S);
    if (say_hello(s, &role, prologue, &choice, out))
        return -1;
    out->role = role;
    if (choice == ZC_HELLO_PLAIN)
        return 0;
    if (choice >= ZC_HELLO_NOT_OURS)
        return no_way(s, choice);
    set_end(s, sec->handshake_s, s->initiator ? CONNECTED_S : ACCEPTED_S);
    return seal(s, choice, prologue, out);
}

int zc_handshake(struct zc_transport *t, enum zc_role role, bool initiator,
                 const struct zc_security *sec, struct zc_secured *out,
                 struct zc_err *err)
{
    struct shake s = {.t = t,
                      .sec = sec,
                      .initiator = initiator,
                      .start = zc_clock_ns(),
                      .err = err,
                      .early = initiator && !sec->plain};
    memset(out, 0, sizeof *out);
    if (!sec->plain && !suites(sec))
        return zc_err_set(err, ZC_EXIT_START, 0,
                          "there is no identity here to speak sealed to %s "
                          "with", t->peer);
    int r = shake_hands(&s, role, out);
    sodium_memzero(s.e, sizeof s.e);
    return r;
}

/* --- what comes of it --- */

void zc_secured_wipe(struct zc_secured *s)
{
    sodium_memzero(s, sizeof *s);
}

void zc_secured_text(const struct zc_secured *s, char *text, size_t size)
{
    snprintf(text, size, "%s%s", s->sealed ? zc_suite_text(s->suite) : "plain",
             s->ktls ? ", kernel TLS" : "");
}

struct zc_transport *zc_secure(struct zc_transport *t,
                               const struct zc_secured *s, struct zc_err *err)
{
    struct zc_transport *u = t, *c = NULL;
    if (s->compress && !(c = zc_compress_new(s->compress))) {
        zc_err_nomem(err);
        return NULL;
    }
    if (t->socket && !t->near)
        zc_far_set_up(t->poll_wfd);
    if (s->ktls && zc_ktls_start(t->poll_rfd, s->tx, s->rx)) {
        zc_err_set(err, ZC_EXIT_SOCKET, errno,
                   "could not give the keys of the connection to %s to the "
                   "kernel", t->peer);
        zc_transport_free(c);
        return NULL;
    }
    if (s->ktls)
        t->raw_rfd = -1; /* receiving is for recv: ktls.c */
    if (s->sealed && !s->ktls) {
        u = zc_sealed_new(t, s->suite, s->tx, s->rx);
        if (!u) {
            zc_transport_free(c);
            zc_err_nomem(err);
            return NULL;
        }
    }
    u->peer_key[0] = '\0';
    if (s->sealed) { /* else what carries it has said what it is */
        zc_secured_text(s, u->security, sizeof u->security);
        char text[ZC_KEY_TEXT_SIZE];
        zc_key_text(s->peer_key, text);
        snprintf(u->peer_key, sizeof u->peer_key, "%s", text);
    }
    if (c)
        zc_compress_over(c, u);
    else
        c = u;
    c->features = s->features;
    c->near = t->near;
    return c;
}

struct zc_transport *zc_shake(struct zc_transport *t, enum zc_role role,
                              bool initiator, const struct zc_security *sec,
                              struct zc_err *err)
{
    struct zc_secured s;
    struct zc_transport *u = NULL;
    if (zc_handshake(t, role, initiator, sec, &s, err) == 0)
        u = zc_secure(t, &s, err);
    zc_secured_wipe(&s);
    if (!u)
        zc_transport_free(t);
    return u;
}
