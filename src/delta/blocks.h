/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two versions of a file, block by block: equal sums, equal blocks. A sum is
 * short, and told by a stranger at that: what is made by it has to be proved by
 * a hash of all of the file. Nor does one tell what is in a block, but to who
 * guesses all of it: a hash that is fast is hashed once more, by one that
 * cannot be undone. The seed is chosen by whose blocks they are. Blocks of 64
 * KiB are looked at first, and of those that differ the ones of 4 KiB in them.
 * Memory only, any thread.
 */
#ifndef ZC_DELTA_BLOCKS_H
#define ZC_DELTA_BLOCKS_H

#include "proto/proto.h"

/* The sum of N bytes at P. */
void zc_block_sum(uint64_t seed, const void *p, size_t n,
                  uint8_t out[ZC_SUM_SIZE]);
/* The sums of the blocks of 1 << GRAIN bytes that N bytes at P are; the last
 * may be short. */
void zc_block_sums(uint64_t seed, const uint8_t *p, size_t n, unsigned grain,
                   uint8_t *out);

#endif
