// SPDX-License-Identifier: GPL-2.0-or-later
/* What a sender tells the user at the other end, and what he can ask to be told;
 * see msg.h. */
#include "base/relpath.h"
#include "proto/msg.h"
#include "proto/proto.h"
#include "proto/wire.h"


#define NSEC_MAX 999999999

void zc_item_encode(struct zc_buf *b, const struct zc_msg_item *m)
{
    size_t at = zc_frame_begin(b, ZC_FRAME_ITEM);
    zc_buf_u32(b, m->flags);
    zc_buf_u32(b, m->mode);
    zc_buf_u32(b, m->uid);
    zc_buf_u32(b, m->gid);
    zc_buf_u64(b, m->size);
    zc_buf_u64(b, (uint64_t)m->mtime_s);
    zc_buf_u32(b, m->mtime_ns);
    zc_wire_put16(b, m->path);
    zc_wire_put16(b, m->target);
    zc_wire_put16(b, m->other);
    zc_frame_end(b, at);
}

int zc_item_decode(struct zc_bytes body, struct zc_msg_item *m,
                   struct zc_err *err)
{
    struct zc_rd r = zc_wire_rd(body);
    m->flags = zc_rd_u32(&r);
    m->mode = zc_rd_u32(&r);
    m->uid = zc_rd_u32(&r);
    m->gid = zc_rd_u32(&r);
    m->size = zc_rd_u64(&r);
    m->mtime_s = (int64_t)zc_rd_u64(&r);
    m->mtime_ns = zc_rd_u32(&r);
    m->path = zc_wire_get16(&r, ZC_PATH_TEXT_MAX);
    m->target = zc_wire_get16(&r, ZC_SYMLINK_MAX);
    m->other = zc_wire_get16(&r, ZC_PATH_TEXT_MAX);
    bool ok = m->mtime_ns <= NSEC_MAX && zc_wire_text_ok(m->path) &&
              zc_wire_text_ok(m->target) && zc_wire_text_ok(m->other);
    return zc_wire_end(&r, ok, "ITEM", err);
}

void zc_trouble_encode(struct zc_buf *b, const struct zc_msg_trouble *m)
{
    size_t at = zc_frame_begin(b, ZC_FRAME_TROUBLE);
    zc_buf_u8(b, m->kind);
    zc_buf_u32(b, m->eno);
    zc_wire_put16(b, m->what);
    zc_wire_put16(b, m->path);
    zc_frame_end(b, at);
}

int zc_trouble_decode(struct zc_bytes body, struct zc_msg_trouble *m,
                      struct zc_err *err)
{
    struct zc_rd r = zc_wire_rd(body);
    m->kind = zc_rd_u8(&r);
    m->eno = zc_rd_u32(&r);
    m->what = zc_wire_get16(&r, ZC_PATH_TEXT_MAX);
    m->path = zc_wire_get16(&r, ZC_PATH_TEXT_MAX);
    bool ok = m->eno <= INT32_MAX && zc_wire_text_ok(m->what) &&
              zc_wire_text_ok(m->path);
    return zc_wire_end(&r, ok, "TROUBLE", err);
}

void zc_stats_encode(struct zc_buf *b, const uint64_t v[ZC_STATS_COUNT])
{
    size_t at = zc_frame_begin(b, ZC_FRAME_STATS);
    for (size_t i = 0; i < ZC_STATS_COUNT; i++)
        zc_buf_u64(b, v[i]);
    zc_frame_end(b, at);
}

int zc_stats_decode(struct zc_bytes body, uint64_t v[ZC_STATS_COUNT],
                    struct zc_err *err)
{
    struct zc_rd r = zc_wire_rd(body);
    for (size_t i = 0; i < ZC_STATS_COUNT; i++)
        v[i] = zc_rd_u64(&r);
    return zc_wire_end(&r, true, "STATS", err);
}

void zc_verdict_encode(struct zc_buf *b, const struct zc_msg_verdict *m)
{
    size_t at = zc_frame_begin(b, ZC_FRAME_VERDICT);
    zc_buf_u8(b, m->code);
    zc_wire_put16(b, m->text);
    zc_frame_end(b, at);
}

int zc_verdict_decode(struct zc_bytes body, struct zc_msg_verdict *m,
                      struct zc_err *err)
{
    struct zc_rd r = zc_wire_rd(body);
    m->code = zc_rd_u8(&r);
    m->text = zc_wire_get16(&r, ZC_ERROR_TEXT_MAX);
    return zc_wire_end(&r, zc_wire_text_ok(m->text), "VERDICT", err);
}

void zc_look_encode(struct zc_buf *b, const struct zc_msg_look *m)
{
    size_t at = zc_frame_begin(b, ZC_FRAME_LOOK);
    zc_buf_u8(b, m->own);
    zc_wire_put16(b, m->share);
    zc_wire_put16(b, m->path);
    zc_frame_end(b, at);
}

int zc_look_decode(struct zc_bytes body, struct zc_msg_look *m,
                   struct zc_err *err)
{
    struct zc_rd r = zc_wire_rd(body);
    m->own = zc_rd_u8(&r);
    m->share = zc_wire_get16(&r, ZC_SHARE_NAME_MAX);
    m->path = zc_wire_get16(&r, ZC_PATH_TEXT_MAX);
    bool ok = m->own <= 1 && zc_wire_text_ok(m->share);
    if (m->own)
        ok &= !m->share.n && m->path.n && m->path.n <= ZC_OWN_PATH_MAX &&
              zc_wire_text_ok(m->path);
    else
        ok &= !m->path.n ||
              (m->share.n &&
               zc_relpath_ok((const char *)m->path.p, m->path.n));
    return zc_wire_end(&r, ok, "LOOK", err);
}

void zc_share_encode(struct zc_buf *b, const struct zc_msg_share *m)
{
    size_t at = zc_frame_begin(b, ZC_FRAME_SHARE);
    zc_buf_u8(b, m->uses);
    zc_wire_put16(b, m->name);
    zc_frame_end(b, at);
}

int zc_share_decode(struct zc_bytes body, struct zc_msg_share *m,
                    struct zc_err *err)
{
    struct zc_rd r = zc_wire_rd(body);
    m->uses = zc_rd_u8(&r);
    m->name = zc_wire_get16(&r, ZC_SHARE_NAME_MAX);
    bool ok = !(m->uses & ~(unsigned)ZC_SHARE_USES_KNOWN) && m->name.n &&
              zc_wire_text_ok(m->name);
    return zc_wire_end(&r, ok, "SHARE", err);
}
