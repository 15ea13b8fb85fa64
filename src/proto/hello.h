/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HELLO: the first 32 bytes each side sends, before any frame. Memory only; any
 * thread. zcsync-protocol(7), "Hello".
 */
#ifndef ZC_PROTO_HELLO_H
#define ZC_PROTO_HELLO_H

#include "base/err.h"

#define ZC_HELLO_SIZE 32

enum zc_role {
    ZC_ROLE_ANY = 0, /* wanted: either. Never on the wire */
    ZC_ROLE_SENDER = 1,
    ZC_ROLE_RECEIVER = 2,
};

/* The other one. */
static inline enum zc_role zc_role_opposite(enum zc_role role)
{
    return role == ZC_ROLE_ANY      ? ZC_ROLE_ANY
           : role == ZC_ROLE_SENDER ? ZC_ROLE_RECEIVER
                                    : ZC_ROLE_SENDER;
}

struct zc_hello {
    uint16_t version, version_min;
    uint32_t role;
    uint64_t features;
    uint8_t security; /* enum zc_hello_security */
    int8_t compress;  /* of the connecting side: a level of zstd's; 0: any */
};

/* How the connection may go on. All zero: plain only. */
enum zc_hello_security {
    ZC_HELLO_CHACHAPOLY = 1 << 0, /* sealed, with this suite */
    ZC_HELLO_AESGCM = 1 << 1,
    ZC_HELLO_NOT_PLAIN = 1 << 2, /* plain is refused */
    ZC_HELLO_SECURITY_KNOWN = (1 << 3) - 1, /* other bits mean nothing */
};

enum zc_hello_choice {
    ZC_HELLO_PLAIN,
    ZC_HELLO_SEALED_CHACHAPOLY,
    ZC_HELLO_SEALED_AESGCM,
    ZC_HELLO_SEALED_KTLS,  /* AES-GCM, its keys in both kernels */
    ZC_HELLO_NOT_OURS,     /* we refuse plain, the peer can do nothing else */
    ZC_HELLO_NOT_THEIRS,   /* the peer refuses plain, we can do nothing else */
    ZC_HELLO_NO_SUITE,     /* both can seal, with no suite in common */
};

void zc_hello_encode(const struct zc_hello *h, uint8_t out[ZC_HELLO_SIZE]);

/* Whether the N bytes at IN, as many as have come, can be the beginning of one.
 */
bool zc_hello_begins(const uint8_t *in, size_t n);

/* -1 with a sentence: ZC_EXIT_PROTOCOL when this is not zcsync at all, or no
 * version is common, or the role is not WANT_ROLE. */
int zc_hello_decode(const uint8_t in[ZC_HELLO_SIZE], enum zc_role want_role,
                    struct zc_hello *h, struct zc_err *err);

/* What follows from the two HELLOs. It is the same for both sides, but for who
 * is who in the refusals (from ZC_HELLO_NOT_OURS on). */
enum zc_hello_choice zc_hello_choose(const struct zc_hello *ours,
                                     const struct zc_hello *theirs);

#endif
