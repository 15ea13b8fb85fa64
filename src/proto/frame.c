// SPDX-License-Identifier: GPL-2.0-or-later
/* Frame headers; see frame.h. */
#include "proto/frame.h"

#include <endian.h>
#include <string.h>

void zc_frame_encode(const struct zc_frame *f,
                     uint8_t out[ZC_FRAME_HEADER_SIZE])
{
    uint32_t length = htole32(f->length);
    uint16_t type = htole16(f->type), flags = htole16(f->flags);
    uint64_t seq = htole64(f->seq);
    memcpy(out, &length, sizeof length);
    memcpy(out + 4, &type, sizeof type);
    memcpy(out + 6, &flags, sizeof flags);
    memcpy(out + 8, &seq, sizeof seq);
}

int zc_frame_decode(const uint8_t in[ZC_FRAME_HEADER_SIZE], uint64_t want_seq,
                    struct zc_frame *f, struct zc_err *err)
{
    struct zc_rd r = zc_rd_init(in, ZC_FRAME_HEADER_SIZE);
    f->length = zc_rd_u32(&r);
    f->type = zc_rd_u16(&r);
    f->flags = zc_rd_u16(&r);
    f->seq = zc_rd_u64(&r);
    if (f->length > ZC_FRAME_BODY_MAX)
        return zc_err_set(err, ZC_EXIT_STREAM, 0,
                          "the peer sent a frame of %u bytes, more than the "
                          "%d allowed",
                          f->length, ZC_FRAME_BODY_MAX);
    if (f->flags != 0 || f->seq != want_seq)
        return zc_err_set(err, ZC_EXIT_STREAM, 0,
                          "the peer's stream is damaged at frame %llu",
                          (unsigned long long)want_seq);
    return 0;
}

size_t zc_frame_begin(struct zc_buf *b, enum zc_frame_type type)
{
    size_t at = b->len;
    zc_buf_u32(b, 0);
    zc_buf_u16(b, (uint16_t)type);
    zc_buf_u16(b, 0);
    zc_buf_u64(b, 0);
    return at;
}

void zc_frame_end(struct zc_buf *b, size_t at)
{
    zc_buf_set_u32(b, at, (uint32_t)(b->len - at - ZC_FRAME_HEADER_SIZE));
}

void zc_frame_number(uint8_t *p, size_t n, uint64_t *seq)
{
    for (size_t at = 0; at + ZC_FRAME_HEADER_SIZE <= n;) {
        uint32_t length;
        memcpy(&length, p + at, sizeof length);
        uint64_t number = htole64(++*seq);
        memcpy(p + at + 8, &number, sizeof number);
        at += ZC_FRAME_HEADER_SIZE + le32toh(length);
    }
}

struct zc_bytes zc_frame_around(struct zc_bytes body)
{
    return (struct zc_bytes){body.p - ZC_FRAME_HEADER_SIZE,
                             ZC_FRAME_HEADER_SIZE + body.n};
}

struct zc_bytes zc_frame_next(struct zc_rd *frames)
{
    size_t n = zc_rd_u32(frames);
    zc_rd_bytes(frames, ZC_FRAME_HEADER_SIZE - 4);
    const uint8_t *p = zc_rd_bytes(frames, n);
    return (struct zc_bytes){p, p ? n : 0};
}
