/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HELLO: the first 32 bytes each side sends, before any frame. Memory only.
 * zcsync-protocol(7), "Hello".
 */
#ifndef ZC_PROTO_HELLO_H
#define ZC_PROTO_HELLO_H

#include "base/err.h"

#define ZC_HELLO_SIZE 32

enum zc_role { ZC_ROLE_SENDER = 1, ZC_ROLE_RECEIVER = 2 };

struct zc_hello {
    uint16_t version, version_min;
    uint32_t role;
    uint64_t features;
};

void zc_hello_encode(const struct zc_hello *h, uint8_t out[ZC_HELLO_SIZE]);

/* -1 with a sentence: ZC_EXIT_PROTOCOL when this is not zcsync at all, or no
 * version is common, or the role is not WANT_ROLE. */
int zc_hello_decode(const uint8_t in[ZC_HELLO_SIZE], enum zc_role want_role,
                    struct zc_hello *h, struct zc_err *err);

#endif
