/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * zc_buf: a byte string that grows, for writing messages and text.
 * zc_rd:  a bounded cursor over bytes somebody else sent, for reading them.
 *
 * Integers are little-endian whatever the CPU. A zc_buf that cannot grow
 * remembers it (`failed`) and ignores further appends, so that a run of
 * appends needs one check at its end. A zc_rd that would pass its end sets
 * `bad` and returns zeros from then on. Neither is shared between threads.
 */
#ifndef ZC_BASE_BUF_H
#define ZC_BASE_BUF_H

#include "base/util.h"

struct zc_buf {
    uint8_t *data;
    size_t len, cap;
    bool failed;
};

#define ZC_BUF_INIT {NULL, 0, 0, false}

void zc_buf_fini(struct zc_buf *b); /* frees the bytes; B is empty again */
static inline void zc_buf_reset(struct zc_buf *b)
{
    b->len = 0;
    b->failed = false;
}

/* Makes room for N more bytes and returns where they go (not yet counted in
 * len), or NULL when memory ran out. */
uint8_t *zc_buf_reserve(struct zc_buf *b, size_t n);
void zc_buf_put(struct zc_buf *b, const void *bytes, size_t n);
void zc_buf_put_str(struct zc_buf *b, const char *s); /* without the NUL */
void zc_buf_printf(struct zc_buf *b, const char *fmt, ...) ZC_PRINTF(2, 3);
void zc_buf_u8(struct zc_buf *b, uint8_t v);
void zc_buf_u16(struct zc_buf *b, uint16_t v);
void zc_buf_u32(struct zc_buf *b, uint32_t v);
void zc_buf_u64(struct zc_buf *b, uint64_t v);

/* Overwrites bytes already in the buffer at OFFSET. */
void zc_buf_set_u32(struct zc_buf *b, size_t offset, uint32_t v);
void zc_buf_set_u16(struct zc_buf *b, size_t offset, uint16_t v);

struct zc_rd {
    const uint8_t *p, *end;
    bool bad;
};

static inline struct zc_rd zc_rd_init(const void *bytes, size_t n)
{
    struct zc_rd r = {bytes, n ? (const uint8_t *)bytes + n : bytes, false};
    return r;
}
static inline size_t zc_rd_left(const struct zc_rd *r)
{
    return (size_t)(r->end - r->p);
}
/* The next N bytes in place, or NULL (and `bad`) when there are fewer. */
const uint8_t *zc_rd_bytes(struct zc_rd *r, size_t n);
uint8_t zc_rd_u8(struct zc_rd *r);
uint16_t zc_rd_u16(struct zc_rd *r);
uint32_t zc_rd_u32(struct zc_rd *r);
uint64_t zc_rd_u64(struct zc_rd *r);

#endif
