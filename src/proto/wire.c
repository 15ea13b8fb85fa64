// SPDX-License-Identifier: GPL-2.0-or-later
/* Length-prefixed strings and the closing check; see wire.h. */
#include "proto/wire.h"

void zc_wire_put16(struct zc_buf *b, struct zc_bytes s)
{
    zc_buf_u16(b, (uint16_t)s.n);
    zc_buf_put(b, s.p, s.n);
}

void zc_wire_put32(struct zc_buf *b, struct zc_bytes s)
{
    zc_buf_u32(b, (uint32_t)s.n);
    zc_buf_put(b, s.p, s.n);
}

static struct zc_bytes get(struct zc_rd *r, size_t n, size_t max)
{
    struct zc_bytes s = {NULL, 0};
    if (n > max)
        r->bad = true;
    s.p = zc_rd_bytes(r, n);
    if (s.p)
        s.n = n;
    return s;
}

struct zc_bytes zc_wire_get16(struct zc_rd *r, size_t max)
{
    return get(r, zc_rd_u16(r), max);
}

struct zc_bytes zc_wire_get32(struct zc_rd *r, size_t max)
{
    return get(r, zc_rd_u32(r), max);
}

struct zc_ref zc_wire_get_ref(struct zc_rd *r)
{
    struct zc_ref ref;
    ref.list = zc_rd_u32(r);
    ref.index = zc_rd_u32(r);
    return ref;
}

void zc_wire_put_ref(struct zc_buf *b, struct zc_ref ref)
{
    zc_buf_u32(b, ref.list);
    zc_buf_u32(b, ref.index);
}

int zc_wire_end(const struct zc_rd *r, bool ok, const char *what,
                struct zc_err *err)
{
    if (!r->bad && r->p == r->end && ok)
        return 0;
    return zc_err_set(err, ZC_EXIT_STREAM, 0,
                      "the peer sent a malformed %s message", what);
}
