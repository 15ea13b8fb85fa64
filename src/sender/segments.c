// SPDX-License-Identifier: GPL-2.0-or-later
/* Where the data of a file are: SEEK_DATA and SEEK_HOLE of lseek(2), or all of
 * it where there is no such thing; see segments.h. */
#include "sender/segments.h"

#include "sender/entry.h"

#include <unistd.h>

void zc_segments_init(struct zc_segments *s, int fd, const struct zc_stat *st,
                      unsigned keep)
{
    *s = (struct zc_segments){
        .fd = fd,
        .tiling.size = st->size,
        .holes = zc_maybe_sparse(st, keep),
    };
}

bool zc_segments_copy(struct zc_segments *s, uint64_t n)
{
    s->copied = ZC_MIN(n, s->tiling.size);
    s->holes = false;
    return s->copied == n;
}

bool zc_segments_plain(const struct zc_segments *s)
{
    return !s->copied && !s->holes;
}

/* The next data at or behind the end of what there was; length 0: none. */
static struct zc_segment next_literal(const struct zc_segments *s)
{
    uint64_t at = s->tiling.end, size = s->tiling.size;
    struct zc_segment rest = {ZC_SEGMENT_LITERAL, .offset = at,
                              .length = size - at};
    struct zc_segment none = {ZC_SEGMENT_LITERAL, .offset = at};
    if (!s->holes)
        return rest;
    off_t data = lseek(s->fd, (off_t)at, SEEK_DATA);
    if (data < 0 && errno == ENXIO)
        return none; /* a hole up to the end */
    if (data < (off_t)at)
        return rest; /* no such thing on this file system */
    off_t hole = lseek(s->fd, data, SEEK_HOLE);
    uint64_t end = hole < 0 ? size : ZC_MIN((uint64_t)hole, size);
    if ((uint64_t)data >= end)
        return none; /* it was cut meanwhile */
    return (struct zc_segment){ZC_SEGMENT_LITERAL, .offset = (uint64_t)data,
                               .length = end - (uint64_t)data};
}

bool zc_segments_next(struct zc_segments *s, struct zc_segment *next)
{
    struct zc_tiling *t = &s->tiling;
    struct zc_segment hole;
    if (s->literal.length) {
        *next = s->literal;
        s->literal.length = 0;
        return true;
    }
    if (t->end >= t->size)
        return false;
    *next = t->end < s->copied ? (struct zc_segment){ZC_SEGMENT_COPY,
                                                     .length = s->copied}
                               : next_literal(s);
    if (!next->length || zc_tiling_next(t, next->offset, next->length, &hole))
        *next = zc_tiling_rest(t);
    else if (hole.length) {
        s->literal = *next;
        *next = hole;
    }
    return true;
}
