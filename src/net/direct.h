/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two zcsync that talk over SSH, or something else that is slow and can be
 * trusted, agree on a TCP connection of their own, for which each has a key that
 * lives as long as the session:
 *
 *     user's end                            the end that was started
 *     "zcdirect", 0, its key ----- -----  "zcdirect", port, its key
 *                                 X
 *            <-------------------- ----->
 *     connects to that port ------------->  takes who has that key, and
 *     sealed, with that key                 nobody else
 *
 * Where that does not come to be within a second, HELLO over the first
 * connection says that all goes on there. zcsync-protocol(7), "DIRECT".
 */
#ifndef ZC_NET_DIRECT_H
#define ZC_NET_DIRECT_H

#include "base/err.h"
#include "net/keys.h"
#include "net/transport.h"
#include "proto/hello.h"

#define ZC_DIRECT_SIZE 48

struct zc_direct {
    uint16_t port; /* 0: of the user's end, or there is none */
    uint8_t key[ZC_KEY_SIZE];
};

void zc_direct_encode(const struct zc_direct *d, uint8_t out[ZC_DIRECT_SIZE]);
/* Whether the N bytes at IN, as many as have come, can be the beginning of one.
 */
bool zc_direct_begins(const uint8_t *in, size_t n);
/* -1 with a sentence: it is none. */
int zc_direct_decode(const uint8_t in[ZC_DIRECT_SIZE], struct zc_direct *d,
                     struct zc_err *err);

enum zc_direct_way {
    ZC_DIRECT_AUTO,
    ZC_DIRECT_ONLY,
    ZC_DIRECT_NEVER,
    ZC_DIRECT_WAYS
};
/* What they are called by those who ask for one. */
extern const char *const zc_direct_way_names[ZC_DIRECT_WAYS];

/*
 * The user's end: over CHANNEL, whose other end was started to expect it and may
 * say something else before, and to ADDRESS, a numeric one (NULL: it cannot be
 * reached otherwise), as ROLE, COMPRESS as in struct zc_security. 0 and *OUT:
 * the connection, hands shaken, or NULL, where CHANNEL has to do (never with
 * ONLY). -1 with a sentence: CHANNEL is no good either, or ONLY was asked for.
 */
int zc_direct_reach(struct zc_transport *channel, const char *address,
                    enum zc_role role, int compress, bool only,
                    struct zc_transport **out, struct zc_err *err);

#endif
