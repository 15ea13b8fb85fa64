// SPDX-License-Identifier: GPL-2.0-or-later
/* The user's end of a direct connection, and both ends' words; see direct.h. */
#include "net/direct.h"

#include "base/buf.h"
#include "base/clock.h"
#include "net/dial.h"
#include "net/handshake.h"
#include "net/preamble.h"

#include <stdio.h>
#include <string.h>

/* Seconds for the other end to start and answer, and for the connection. */
#define ANSWER_S 60
#define CONNECT_S 1

static const uint8_t magic[8] = {'z', 'c', 'd', 'i', 'r', 'e', 'c', 't'};

const char *const zc_direct_way_names[ZC_DIRECT_WAYS] = {
    [ZC_DIRECT_AUTO] = "auto",
    [ZC_DIRECT_ONLY] = "direct",
    [ZC_DIRECT_NEVER] = "tunnel",
};

void zc_direct_encode(const struct zc_direct *d, uint8_t out[ZC_DIRECT_SIZE])
{
    memset(out, 0, ZC_DIRECT_SIZE);
    memcpy(out, magic, sizeof magic);
    out[8] = (uint8_t)d->port;
    out[9] = (uint8_t)(d->port >> 8);
    memcpy(out + 16, d->key, sizeof d->key);
}

bool zc_direct_begins(const uint8_t *in, size_t n)
{
    return memcmp(in, magic, ZC_MIN(n, sizeof magic)) == 0;
}

int zc_direct_decode(const uint8_t in[ZC_DIRECT_SIZE], struct zc_direct *d,
                     struct zc_err *err)
{
    struct zc_rd r = zc_rd_init(in, ZC_DIRECT_SIZE);
    if (!zc_direct_begins(zc_rd_bytes(&r, sizeof magic), sizeof magic))
        return zc_err_set(err, ZC_EXIT_PROTOCOL, 0,
                          "the peer does not speak the zcsync protocol");
    d->port = zc_rd_u16(&r);
    (void)zc_rd_bytes(&r, 6); /* zeros, not looked at */
    memcpy(d->key, zc_rd_bytes(&r, sizeof d->key), sizeof d->key);
    return 0;
}

static int lost(const struct zc_transport *t, ssize_t got, struct zc_err *err)
{
    if (got == 0)
        return zc_err_set(err, ZC_EXIT_STREAM, 0,
                          "%s closed the connection before the end", t->peer);
    if (errno == ETIMEDOUT)
        return zc_err_set(err, ZC_EXIT_TIMEOUT, 0,
                          "no answer from %s within the time-out", t->peer);
    return zc_err_set(err, ZC_EXIT_SOCKET, errno, "connection to %s lost",
                      t->peer);
}

/* The answer, after whatever else was said. */
static int recv_answer(struct zc_transport *t, struct zc_direct *d,
                       struct zc_err *err)
{
    uint8_t in[ZC_DIRECT_SIZE];
    size_t have = 0, left = ZC_PREAMBLE_MAX;
    zc_transport_set_recv_end(t, zc_clock_ns() + ANSWER_S * ZC_NSEC_PER_SEC);
    while (have < sizeof in) {
        ssize_t got = zc_transport_recv(t, in + have, sizeof in - have);
        if (got <= 0)
            return lost(t, got, err);
        have = zc_preamble_drop(in, have + (size_t)got, &left,
                                zc_direct_begins);
    }
    zc_transport_set_recv_end(t, 0);
    return zc_direct_decode(in, d, err);
}

struct expected {
    const uint8_t *key;
};

static int check_key(void *arg, const uint8_t key[ZC_KEY_SIZE],
                     struct zc_err *err)
{
    const struct expected *e = arg;
    if (zc_key_equal(e->key, key))
        return 0;
    return zc_err_set(err, ZC_EXIT_START, 0,
                      "it is another one than was agreed upon");
}

/* To the port of D; NULL with a sentence. */
static struct zc_transport *connect_to(const struct zc_direct *d,
                                       const char *address, enum zc_role role,
                                       int compress,
                                       const struct zc_identity *id,
                                       struct zc_err *err)
{
    struct expected e = {d->key};
    const struct zc_security sec = {.identity = id,
                                    .compress = compress,
                                    .hello_s = CONNECT_S,
                                    .handshake_s = CONNECT_S,
                                    .trust = check_key,
                                    .arg = &e};
    char port[8];
    if (!d->port || !address) {
        zc_err_set(err, ZC_EXIT_SOCKET, 0,
                   address ? "the other end listens nowhere"
                           : "the other end is reached through another host");
        return NULL;
    }
    snprintf(port, sizeof port, "%u", d->port);
    struct zc_transport *t = zc_dial(address, port, CONNECT_S, err);
    return t ? zc_shake(t, role, true, &sec, err) : NULL;
}

static int agree(struct zc_transport *channel, const struct zc_identity *id,
                 struct zc_direct *theirs, struct zc_err *err)
{
    struct zc_direct ours = {0};
    uint8_t out[ZC_DIRECT_SIZE];
    memcpy(ours.key, id->public_key, sizeof ours.key);
    zc_direct_encode(&ours, out);
    struct iovec iov = {out, sizeof out};
    /* One that has gone may have said something before. */
    if (zc_transport_send(channel, &iov, 1) && errno != EPIPE)
        return lost(channel, -1, err);
    return recv_answer(channel, theirs, err);
}

int zc_direct_reach(struct zc_transport *channel, const char *address,
                    enum zc_role role, int compress, bool only,
                    struct zc_transport **out, struct zc_err *err)
{
    struct zc_direct theirs;
    struct zc_identity *id = zc_identity_new(err);
    *out = NULL;
    if (!id)
        return -1;
    int r = agree(channel, id, &theirs, err);
    if (!r) {
        *out = connect_to(&theirs, address, role, compress, id, err);
        r = *out || (err->code != ZC_EXIT_SIGNAL && !only) ? 0 : -1;
        if (r)
            zc_err_prefix(err, "no direct connection");
    }
    zc_identity_free(id);
    return r;
}
