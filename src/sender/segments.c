// SPDX-License-Identifier: GPL-2.0-or-later
/* Where the data of a file are: SEEK_DATA and SEEK_HOLE of lseek(2), or all of
 * it where there is no such thing; see segments.h. */
#include "sender/segments.h"

#include "base/io.h"
#include "proto/proto.h"
#include "sender/entry.h"

#include <unistd.h>

#define BLOCK ((size_t)4096) /* of zeros that are worth a hole */
#define SCAN ((size_t)64 << 10) /* some of them */
#define PREALLOCATED_MIN ((uint64_t)1 << 20) /* smaller ones are not looked at */
#define LITERAL_MAX ((uint64_t)8 << 20) /* is looked through at a time */

/* How many of the N bytes at AT are in blocks that are (ZERO) or are not all
 * zeros, up to the first of the other kind. What cannot be read is none. */
static uint64_t run_of(const struct zc_segments *s, uint64_t at, uint64_t n,
                       bool zero)
{
    uint8_t buf[SCAN];
    uint64_t done = 0;
    while (done < n) {
        size_t now = (size_t)ZC_MIN(n - done, SCAN - (at + done) % SCAN);
        ssize_t got = zc_io_pread(s->fd, buf, now, (off_t)(at + done));
        if (got <= 0)
            return zero ? done : n;
        for (size_t b = 0, block; b < (size_t)got; b += block, done += block) {
            block = ZC_MIN((size_t)got - b, BLOCK);
            if (zc_all_zero(buf + b, block) != zero)
                return done;
        }
    }
    return n;
}

/* DATA without the blocks of zeros at its beginning, and cut before the next;
 * nothing when that is all there is. */
static void leave_zeros(const struct zc_segments *s, struct zc_segment *data)
{
    uint64_t zeros = run_of(s, data->offset, data->length, true);
    data->offset += zeros;
    data->length -= zeros;
    if (data->length)
        data->length = run_of(s, data->offset,
                              ZC_MIN(data->length, LITERAL_MAX), false);
}

/* The data that the file system tells of at or behind AT; length 0: none. */
static struct zc_segment find_data(const struct zc_segments *s, uint64_t at)
{
    uint64_t size = s->tiling.size;
    struct zc_segment rest = {ZC_SEGMENT_LITERAL, .offset = at,
                              .length = size - at};
    struct zc_segment none = {ZC_SEGMENT_LITERAL, .offset = at};
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

/* The next data at or behind the end of what there was; length 0: none. */
static struct zc_segment next_literal(const struct zc_segments *s)
{
    uint64_t at = s->tiling.end, size = s->tiling.size;
    struct zc_segment data = {ZC_SEGMENT_LITERAL, .offset = at,
                              .length = size - at};
    if (!s->holes)
        return data;
    do {
        data = find_data(s, at);
        at = data.offset + data.length;
        if (data.length && s->make_holes)
            leave_zeros(s, &data);
        else
            break;
    } while (!data.length && at < size);
    return data;
}

/* Space was taken for all of the file, and not all of it is written: that reads
 * as zeros, and is told as a hole. */
static bool is_preallocated(int fd, const struct zc_stat *st, unsigned keep)
{
    off_t hole = keep & ZC_KEEP_SPARSE && st->size >= PREALLOCATED_MIN
                     ? lseek(fd, 0, SEEK_HOLE)
                     : -1;
    return hole >= 0 && (uint64_t)hole < st->size;
}

void zc_segments_init(struct zc_segments *s, int fd, const struct zc_stat *st,
                      unsigned keep)
{
    *s = (struct zc_segments){
        .fd = fd,
        .tiling.size = st->size,
        .holes = zc_maybe_sparse(st, keep) || is_preallocated(fd, st, keep),
        .make_holes = keep & ZC_KEEP_MAKE_HOLES,
    };
    /* Most small files have no such block, and are sent faster without one. */
    if (s->holes && s->make_holes && st->size <= ZC_INLINE_MAX) {
        struct zc_segment first = next_literal(s);
        s->holes = first.offset > 0 || first.length < st->size;
    }
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
