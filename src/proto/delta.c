// SPDX-License-Identifier: GPL-2.0-or-later
/* The messages about what two versions of a file have in common; see msg.h. */
#include "proto/msg.h"
#include "proto/wire.h"

static bool range_ok(uint64_t offset, uint64_t length)
{
    return length > 0 && length <= ZC_FILE_SIZE_MAX &&
           offset <= ZC_FILE_SIZE_MAX - length;
}

/* How many blocks N bytes are; the last may be short. */
static uint64_t blocks_of(uint64_t n, unsigned grain)
{
    return (n + ((uint64_t)1 << grain) - 1) >> grain;
}

static void put_ask(struct zc_buf *b, const struct zc_msg_ask *m)
{
    zc_wire_put_ref(b, m->ref);
    zc_buf_u64(b, m->offset);
    zc_buf_u64(b, m->blocks);
    zc_buf_u8(b, m->grain);
}

static bool get_ask(struct zc_rd *r, struct zc_msg_ask *m)
{
    m->ref = zc_wire_get_ref(r);
    m->offset = zc_rd_u64(r);
    m->blocks = zc_rd_u64(r);
    m->grain = zc_rd_u8(r);
    return m->blocks && m->offset % ZC_BLOCK_BIG == 0 &&
           m->offset <= ZC_FILE_SIZE_MAX &&
           (m->grain == ZC_GRAIN_BIG || m->grain == ZC_GRAIN_SMALL ||
            (m->grain == ZC_GRAIN_ANCHORS && m->blocks == UINT64_MAX));
}

void zc_ask_encode(struct zc_buf *b, const struct zc_msg_ask *m)
{
    size_t at = zc_frame_begin(b, ZC_FRAME_ASK);
    put_ask(b, m);
    zc_frame_end(b, at);
}

int zc_ask_decode(struct zc_bytes body, struct zc_msg_ask *m,
                  struct zc_err *err)
{
    struct zc_rd r = zc_wire_rd(body);
    bool ok = get_ask(&r, m);
    return zc_wire_end(&r, ok, "ASK", err);
}

size_t zc_sums_count(const struct zc_msg_ask *ask, uint64_t length)
{
    size_t n = 0;
    for (unsigned i = 0; i < ZC_BLOCKS_MAX; i++) {
        uint64_t at = i * ZC_BLOCK_BIG;
        if (ask->blocks >> i & 1 && at < length)
            n += blocks_of(ZC_MIN(length - at, ZC_BLOCK_BIG), ask->grain);
    }
    return n;
}

void zc_sums_encode(struct zc_buf *b, const struct zc_msg_sums *m)
{
    size_t at = zc_frame_begin(b, ZC_FRAME_SUMS);
    put_ask(b, &m->ask);
    zc_buf_u64(b, m->length);
    zc_buf_u64(b, m->seed);
    if (m->ask.grain == ZC_GRAIN_ANCHORS)
        zc_buf_u32(b, (uint32_t)(m->sums.n / ZC_ANCHOR_SIZE));
    zc_buf_put(b, m->sums.p, m->sums.n);
    zc_frame_end(b, at);
}

/* However many there are: ascending, and within the length. */
static int get_anchors(struct zc_rd *r, struct zc_msg_sums *m, bool ok,
                       struct zc_err *err)
{
    uint32_t n = zc_rd_u32(r);
    ok = ok && !r->bad && n <= ZC_ANCHORS_MAX;
    m->sums.n = ok ? (size_t)n * ZC_ANCHOR_SIZE : 0;
    m->sums.p = zc_rd_bytes(r, m->sums.n);
    struct zc_rd anchors = zc_rd_init(m->sums.p, m->sums.p ? m->sums.n : 0);
    uint64_t next = 0;
    while (ok && zc_rd_left(&anchors)) {
        uint32_t at = zc_rd_u32(&anchors);
        zc_rd_u64(&anchors);
        ok = at >= next && at < m->length;
        next = (uint64_t)at + 1;
    }
    return zc_wire_end(r, ok, "SUMS", err);
}

int zc_sums_decode(struct zc_bytes body, struct zc_msg_sums *m,
                   struct zc_err *err)
{
    struct zc_rd r = zc_wire_rd(body);
    bool ok = get_ask(&r, &m->ask);
    m->length = zc_rd_u64(&r);
    m->seed = zc_rd_u64(&r);
    ok = ok && !r.bad && m->length <= ZC_BLOCKS_MAX * ZC_BLOCK_BIG;
    if (m->ask.grain == ZC_GRAIN_ANCHORS)
        return get_anchors(&r, m, ok, err);
    m->sums.n = ok ? zc_sums_count(&m->ask, m->length) * ZC_SUM_SIZE : 0;
    m->sums.p = zc_rd_bytes(&r, m->sums.n);
    return zc_wire_end(&r, ok, "SUMS", err);
}

void zc_copy_encode(struct zc_buf *b, const struct zc_msg_copy *m)
{
    size_t at = zc_frame_begin(b, ZC_FRAME_COPY);
    zc_wire_put_ref(b, m->ref);
    zc_buf_u64(b, m->offset);
    zc_buf_u64(b, m->length);
    zc_buf_u64(b, m->from);
    zc_frame_end(b, at);
}

int zc_copy_decode(struct zc_bytes body, struct zc_msg_copy *m,
                   struct zc_err *err)
{
    struct zc_rd r = zc_wire_rd(body);
    m->ref = zc_wire_get_ref(&r);
    m->offset = zc_rd_u64(&r);
    m->length = zc_rd_u64(&r);
    m->from = zc_rd_u64(&r);
    bool ok = range_ok(m->offset, m->length) && range_ok(m->from, m->length);
    return zc_wire_end(&r, ok, "COPY", err);
}

void zc_patch_encode(struct zc_buf *b, const struct zc_msg_patch *m)
{
    size_t at = zc_frame_begin(b, ZC_FRAME_PATCH);
    zc_wire_put_ref(b, m->ref);
    zc_buf_u64(b, m->offset);
    zc_wire_put32(b, m->data);
    zc_frame_end(b, at);
}

int zc_patch_decode(struct zc_bytes body, struct zc_msg_patch *m,
                    struct zc_err *err)
{
    struct zc_rd r = zc_wire_rd(body);
    m->ref = zc_wire_get_ref(&r);
    m->offset = zc_rd_u64(&r);
    m->data = zc_wire_get32(&r, ZC_PATCH_MAX);
    return zc_wire_end(&r, range_ok(m->offset, m->data.n), "PATCH", err);
}
