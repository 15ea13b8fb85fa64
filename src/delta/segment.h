/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A new version of a file as segments: in the order of their offsets, without
 * gaps and without overlaps, from 0 to its size. The sender finds them, the
 * receiver makes the file of them; one verdict at the end is about all of them.
 *
 *   | COPY: as in the basis | HOLE | LITERAL: sent | HOLE |
 *   0                                                      size
 *
 * The basis is a file that the receiver has: today the old version under the
 * same name. Memory only, no I/O; any thread, one at a time per tiling.
 */
#ifndef ZC_DELTA_SEGMENT_H
#define ZC_DELTA_SEGMENT_H

#include <stdint.h>

enum zc_segment_kind {
    ZC_SEGMENT_LITERAL, /* its bytes are sent */
    ZC_SEGMENT_HOLE,    /* reads as zeros and takes no space */
    ZC_SEGMENT_COPY,    /* what the basis has at `from` */
};

struct zc_segment {
    enum zc_segment_kind kind;
    uint64_t offset, length; /* bytes of the new version */
    uint64_t from;           /* COPY: offset in the basis */
};

/* How far a file of SIZE bytes has come. */
struct zc_tiling {
    uint64_t size, end; /* all before END is known */
};

/*
 * [OFFSET, OFFSET + LENGTH) is the next segment that is not a hole. 0: *HOLE is
 * the one in front of it (length 0: none) and T has moved on behind it. -1: it
 * overlaps what came before, or does not end within the file; T is as it was.
 */
int zc_tiling_next(struct zc_tiling *t, uint64_t offset, uint64_t length,
                   struct zc_segment *hole);
/* Nothing more comes: the hole that is left (length 0: none). */
struct zc_segment zc_tiling_rest(struct zc_tiling *t);

#endif
