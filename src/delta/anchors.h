/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Places in a file that are known by the 64 bytes in front of them, wherever these
 * are: where a hash that rolls over the bytes has 14 zero bits, every 16 KiB or so.
 * Two versions of which one has something inserted have the same places behind it,
 * and how far they are apart tells how much that was:
 *
 *     old  ....A......B...C....        A, B: no shift
 *     new  ....A......B..XX..C....     C:    2
 *
 * The peer is told a one-way hash of these bytes, and not the one that rolls, from
 * which, knowing the seed, he could tell them.
 *
 * Memory only, any thread.
 */
#ifndef ZC_DELTA_ANCHORS_H
#define ZC_DELTA_ANCHORS_H

#include "proto/proto.h"

#define ZC_ANCHOR_WINDOW 64

struct zc_anchor_at {
    uint32_t at; /* bytes from the beginning of what was looked through */
    uint64_t hash; /* of the window there */
};

struct zc_anchors {
    uint64_t table[256]; /* of the seed: gear hashing */
    uint64_t seed;
    uint64_t hash; /* the one that rolls, */
    uint64_t last; /* ... and as it was at the last anchor */
    uint8_t before[ZC_ANCHOR_WINDOW]; /* what came last */
    uint32_t passed; /* bytes */
    size_t n;
    struct zc_anchor_at v[ZC_ANCHORS_MAX];
};

void zc_anchors_init(struct zc_anchors *a, uint64_t seed);
/* N bytes more. */
void zc_anchors_add(struct zc_anchors *a, const uint8_t *p, size_t n);

/* How far things have moved, from one set of anchors to another: votes. */
struct zc_shifts {
    int64_t v[4096];
    size_t n;
};
/* MINE, which begin at offset AT of the new version, and THEIRS, at FROM of the old
 * one: votes for each that both have. */
void zc_shifts_vote(struct zc_shifts *s, const struct zc_anchors *mine,
                    uint64_t at, const struct zc_anchor_at *theirs, size_t n,
                    uint64_t from);
/* What most say; 0 votes: false. */
bool zc_shifts_most(struct zc_shifts *s, int64_t *shift);

#endif
