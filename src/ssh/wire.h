/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SSH's data types (RFC 4251, section 5): big-endian integers, strings with
 * their length in front, and mpints, which are strings. Over zc_buf and zc_rd,
 * whose own integers are little-endian.
 */
#ifndef ZC_SSH_WIRE_H
#define ZC_SSH_WIRE_H

#include "base/buf.h"

static inline uint32_t zc_ssh_u32(struct zc_rd *r)
{
    return __builtin_bswap32(zc_rd_u32(r));
}

/* A string in place, *N bytes; NULL: there is none (R is bad then). */
static inline const uint8_t *zc_ssh_string(struct zc_rd *r, size_t *n)
{
    *n = zc_ssh_u32(r);
    return zc_rd_bytes(r, *n);
}

static inline bool zc_ssh_string_is(struct zc_rd *r, const char *what)
{
    size_t n;
    const uint8_t *s = zc_ssh_string(r, &n);
    return s && n == strlen(what) && !memcmp(s, what, n);
}

static inline void zc_ssh_put_u32(struct zc_buf *b, uint32_t v)
{
    zc_buf_u32(b, __builtin_bswap32(v));
}

static inline void zc_ssh_put_string(struct zc_buf *b, const void *bytes,
                                     size_t n)
{
    zc_ssh_put_u32(b, (uint32_t)n);
    zc_buf_put(b, bytes, n);
}

/* The N bytes of a number that is not negative, most significant first. */
static inline void zc_ssh_put_mpint(struct zc_buf *b, const uint8_t *bytes,
                                    size_t n)
{
    while (n && !*bytes)
        bytes++, n--;
    bool sign = n && *bytes & 0x80;
    zc_ssh_put_u32(b, (uint32_t)n + sign);
    if (sign)
        zc_buf_u8(b, 0);
    zc_buf_put(b, bytes, n);
}

#endif
