// SPDX-License-Identifier: GPL-2.0-or-later
/* What is said about digests; see digest.h. */
#include "proto/digest.h"

#include "base/relpath.h"
#include "proto/wire.h"

#include <string.h>

/* An owner: u32 id, u8+bytes name */
void zc_digest_owner_put(struct zc_buf *b, const struct zc_digest_owner *o)
{
    zc_buf_u32(b, o->id);
    zc_buf_u8(b, (uint8_t)o->name.n);
    zc_buf_put(b, o->name.p, o->name.n);
}

static bool owner_get(struct zc_rd *r, struct zc_digest_owner *o)
{
    o->id = zc_rd_u32(r);
    o->name.n = zc_rd_u8(r);
    o->name.p = zc_rd_bytes(r, o->name.n);
    return !r->bad;
}

bool zc_digest_owner_next(struct zc_bytes *owners, struct zc_digest_owner *o)
{
    struct zc_rd r = zc_wire_rd(*owners);
    if (!owners->n || !owner_get(&r, o))
        return false;
    *owners = (struct zc_bytes){r.p, zc_rd_left(&r)};
    return true;
}

static bool owners_ok(struct zc_bytes owners)
{
    struct zc_rd r = zc_wire_rd(owners);
    struct zc_digest_owner o;
    unsigned n = 0;
    while (zc_rd_left(&r))
        if (!owner_get(&r, &o) || ++n > ZC_DIGEST_OWNERS_MAX)
            return false;
    return true;
}

/* DIGEST: u64 seed, u32 keep, u32 time step, u16 flags, u32+bytes users,
 * u32+bytes groups */
void zc_digest_encode(struct zc_buf *b, const struct zc_msg_digest *m)
{
    size_t at = zc_frame_begin(b, ZC_FRAME_DIGEST);
    zc_buf_u64(b, m->seed);
    zc_buf_u32(b, m->keep);
    zc_buf_u32(b, m->time_step);
    zc_buf_u16(b, m->flags);
    zc_wire_put32(b, m->users);
    zc_wire_put32(b, m->groups);
    zc_frame_end(b, at);
}

int zc_digest_decode(struct zc_bytes body, struct zc_msg_digest *m,
                     struct zc_err *err)
{
    const uint32_t owners_max = ZC_DIGEST_OWNERS_MAX * (4 + 1 + UINT8_MAX);
    struct zc_rd r = zc_wire_rd(body);
    m->seed = zc_rd_u64(&r);
    m->keep = zc_rd_u32(&r);
    m->time_step = zc_rd_u32(&r);
    m->flags = zc_rd_u16(&r);
    m->users = zc_wire_get32(&r, owners_max);
    m->groups = zc_wire_get32(&r, owners_max);
    bool ok = !r.bad && !(m->flags & ~ZC_DIGEST_FLAGS_KNOWN) &&
              owners_ok(m->users) && owners_ok(m->groups) &&
              (!(m->flags & ZC_DIGEST_LIMITED) || m->groups.n);
    return zc_wire_end(&r, ok, "DIGEST", err);
}

/* A group: u8+bytes end, u8 known, 16 bytes of digest if it is */
void zc_group_encode(struct zc_buf *b, const struct zc_msg_group *g)
{
    zc_buf_u8(b, (uint8_t)g->end.n);
    zc_buf_put(b, g->end.p, g->end.n);
    zc_buf_u8(b, g->known);
    if (g->known)
        zc_buf_put(b, g->digest, sizeof g->digest);
}

static int group_decode(struct zc_rd *r, struct zc_msg_group *g)
{
    memset(g, 0, sizeof *g);
    g->end.n = zc_rd_u8(r);
    g->end.p = zc_rd_bytes(r, g->end.n);
    uint8_t known = zc_rd_u8(r);
    g->known = known;
    if (known) {
        const uint8_t *digest = zc_rd_bytes(r, sizeof g->digest);
        if (digest)
            memcpy(g->digest, digest, sizeof g->digest);
    }
    return r->bad || known > 1 ? -1 : 0;
}

int zc_group_next(struct zc_msg_list *m, bool last, struct zc_msg_group *prev,
                  struct zc_msg_group *g, struct zc_err *err)
{
    bool ok = !group_decode(&m->entries, g) && last == !g->end.n;
    const char *end = (const char *)g->end.p;
    if (ok && !last)
        ok = zc_name_ok(end, g->end.n) &&
             (!prev->end.n || zc_name_cmp((const char *)prev->end.p,
                                          prev->end.n, end, g->end.n) < 0);
    *prev = *g;
    return ok ? 0
              : zc_err_set(err, ZC_EXIT_STREAM, 0,
                           "the peer sent a malformed group of names");
}
