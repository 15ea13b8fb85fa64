/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The segments of a file that is being sent (delta/segment.h), one after the
 * other: what the receiver has already, holes, and what is to be sent. Holes are
 * looked for on the way, so that a file with many costs no memory.
 *
 * The file may change meanwhile; then the segments are those of no version,
 * which whoever sends them must find out (big.c's verdict). They tile [0, size)
 * all the same. One thread at a time.
 */
#ifndef ZC_SENDER_SEGMENTS_H
#define ZC_SENDER_SEGMENTS_H

#include "delta/segment.h"
#include "fs/meta.h"

struct zc_segments {
    int fd; /* the caller's; its file position is used */
    struct zc_tiling tiling;
    uint64_t copied; /* bytes of the COPY that comes first, if it is not 0 */
    bool holes;      /* there may be some */
    bool make_holes; /* of zeros, too */
    struct zc_segment literal; /* behind the hole that was the last */
};

/* Those of FD, which is ST. KEEP: enum zc_keep. With ZC_KEEP_MAKE_HOLES the file
 * is read for it, a small one at once. */
void zc_segments_init(struct zc_segments *s, int fd, const struct zc_stat *st,
                      unsigned keep);
/* Before the first: the receiver has the N bytes at the beginning, and no holes
 * are looked for behind them. False: so many there are not (any more); those
 * that there are count as copied. */
bool zc_segments_copy(struct zc_segments *s, uint64_t n);
/* It is all one literal: nothing to be said of it but its bytes. */
bool zc_segments_plain(const struct zc_segments *s);
/* The next; false: that was all. */
bool zc_segments_next(struct zc_segments *s, struct zc_segment *next);

#endif
