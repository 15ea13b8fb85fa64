/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Helpers shared by the encoders and decoders of msg.h; not for others. Memory
 * only; any thread. */
#ifndef ZC_PROTO_WIRE_H
#define ZC_PROTO_WIRE_H

#include "proto/frame.h"

#include <string.h>

/* Strings with a u16 or u32 length in front. */
void zc_wire_put16(struct zc_buf *b, struct zc_bytes s);
void zc_wire_put32(struct zc_buf *b, struct zc_bytes s);
struct zc_bytes zc_wire_get16(struct zc_rd *r, size_t max);
struct zc_bytes zc_wire_get32(struct zc_rd *r, size_t max);
struct zc_ref zc_wire_get_ref(struct zc_rd *r);
void zc_wire_put_ref(struct zc_buf *b, struct zc_ref ref);

static inline struct zc_rd zc_wire_rd(struct zc_bytes body)
{
    return zc_rd_init(body.p, body.n);
}

/* True without a NUL in it. */
static inline bool zc_wire_text_ok(struct zc_bytes s)
{
    return s.n == 0 || !memchr(s.p, '\0', s.n);
}

/* 0 when R was read to its exact end without trouble and OK holds; else -1 and
 * "the peer sent a malformed WHAT message". */
int zc_wire_end(const struct zc_rd *r, bool ok, const char *what,
                struct zc_err *err);

#endif
