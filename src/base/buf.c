// SPDX-License-Identifier: GPL-2.0-or-later
/* Growing byte strings and bounded cursors; see buf.h. */
#include "base/buf.h"

#include <endian.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void zc_buf_fini(struct zc_buf *b)
{
    free(b->data);
    *b = (struct zc_buf)ZC_BUF_INIT;
}

uint8_t *zc_buf_reserve(struct zc_buf *b, size_t n)
{
    size_t need;
    if (b->failed || zc_add_overflows(b->len, n, &need))
        goto fail;
    if (need > b->cap || !b->data) {
        size_t cap = ZC_MAX(b->cap + b->cap / 2, (size_t)64);
        cap = ZC_MAX(cap, need);
        uint8_t *bigger = realloc(b->data, cap);
        if (!bigger)
            goto fail;
        b->data = bigger;
        b->cap = cap;
    }
    return b->data + b->len;
fail:
    b->failed = true;
    return NULL;
}

void zc_buf_put(struct zc_buf *b, const void *bytes, size_t n)
{
    uint8_t *at = n ? zc_buf_reserve(b, n) : NULL;
    if (!at)
        return;
    memcpy(at, bytes, n);
    b->len += n;
}

void zc_buf_put_str(struct zc_buf *b, const char *s)
{
    zc_buf_put(b, s, strlen(s));
}

void zc_buf_printf(struct zc_buf *b, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    uint8_t *at = n < 0 ? NULL : zc_buf_reserve(b, (size_t)n + 1);
    if (at) {
        vsnprintf((char *)at, (size_t)n + 1, fmt, again);
        b->len += (size_t)n;
    }
    va_end(again);
}

void zc_buf_u8(struct zc_buf *b, uint8_t v)
{
    zc_buf_put(b, &v, sizeof v);
}

void zc_buf_u16(struct zc_buf *b, uint16_t v)
{
    v = htole16(v);
    zc_buf_put(b, &v, sizeof v);
}

void zc_buf_u32(struct zc_buf *b, uint32_t v)
{
    v = htole32(v);
    zc_buf_put(b, &v, sizeof v);
}

void zc_buf_u64(struct zc_buf *b, uint64_t v)
{
    v = htole64(v);
    zc_buf_put(b, &v, sizeof v);
}

void zc_buf_set_u32(struct zc_buf *b, size_t offset, uint32_t v)
{
    v = htole32(v);
    if (!b->failed && b->len >= sizeof v && offset <= b->len - sizeof v)
        memcpy(b->data + offset, &v, sizeof v);
}

void zc_buf_set_u16(struct zc_buf *b, size_t offset, uint16_t v)
{
    v = htole16(v);
    if (!b->failed && b->len >= sizeof v && offset <= b->len - sizeof v)
        memcpy(b->data + offset, &v, sizeof v);
}

const uint8_t *zc_rd_bytes(struct zc_rd *r, size_t n)
{
    if (r->bad || n > zc_rd_left(r)) {
        r->bad = true;
        return NULL;
    }
    const uint8_t *at = r->p;
    r->p += n;
    return at;
}

uint8_t zc_rd_u8(struct zc_rd *r)
{
    const uint8_t *at = zc_rd_bytes(r, 1);
    return at ? *at : 0;
}

uint16_t zc_rd_u16(struct zc_rd *r)
{
    uint16_t v = 0;
    const uint8_t *at = zc_rd_bytes(r, sizeof v);
    if (at)
        memcpy(&v, at, sizeof v);
    return le16toh(v);
}

uint32_t zc_rd_u32(struct zc_rd *r)
{
    uint32_t v = 0;
    const uint8_t *at = zc_rd_bytes(r, sizeof v);
    if (at)
        memcpy(&v, at, sizeof v);
    return le32toh(v);
}

uint64_t zc_rd_u64(struct zc_rd *r)
{
    uint64_t v = 0;
    const uint8_t *at = zc_rd_bytes(r, sizeof v);
    if (at)
        memcpy(&v, at, sizeof v);
    return le64toh(v);
}
