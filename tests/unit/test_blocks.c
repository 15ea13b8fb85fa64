// SPDX-License-Identifier: GPL-2.0-or-later
/* src/delta/blocks.c: sums of blocks. */
#include "tap.h"

#include "delta/blocks.h"

#include <endian.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

static uint8_t sums[64][ZC_SUM_SIZE], other[64][ZC_SUM_SIZE];

/* How many of the first N sums are the same. */
static int same(int n)
{
    int found = 0;
    for (int i = 0; i < n; i++)
        found += !memcmp(sums[i], other[i], ZC_SUM_SIZE);
    return found;
}

/* As zcsync-protocol(7) has it. */
static void told(uint64_t seed, const uint8_t *p, size_t n,
                 uint8_t out[ZC_SUM_SIZE])
{
    uint8_t text[8 + sizeof(XXH128_canonical_t)], hash[16];
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_withSeed(p, n, seed));
    seed = htole64(seed);
    memcpy(text, &seed, 8);
    memcpy(text + 8, &canonical, sizeof canonical);
    crypto_generichash(hash, sizeof hash, text, sizeof text, NULL, 0);
    memcpy(out, hash, ZC_SUM_SIZE);
}

int main(void)
{
    enum { SIZE = 10 * 4096 + 17 };
    uint8_t *p = malloc(SIZE);
    for (size_t i = 0; i < SIZE; i++)
        p[i] = (uint8_t)(i * i >> 7);
    zc_block_sums(1, p, SIZE, ZC_GRAIN_SMALL, sums[0]);
    zc_block_sums(1, p, SIZE, ZC_GRAIN_SMALL, other[0]);
    is_int(same(11), 11, "the same bytes have the same sums");
    zc_block_sums(2, p, SIZE, ZC_GRAIN_SMALL, other[0]);
    is_int(same(11), 0, "but with another seed");
    p[SIZE - 1]++;
    p[4096]++;
    zc_block_sums(1, p, SIZE, ZC_GRAIN_SMALL, other[0]);
    is_int(same(11), 9, "a byte changes that of its block, a short one, too");
    zc_block_sum(1, p, 4096, sums[40]);
    zc_block_sum(1, p + SIZE - 17, 17, sums[41]);
    ok(!memcmp(sums[40], other[0], ZC_SUM_SIZE), "a block by itself");
    ok(!memcmp(sums[41], other[10], ZC_SUM_SIZE), "and the last");
    told(1, p, 4096, other[0]);
    ok(!memcmp(sums[40], other[0], ZC_SUM_SIZE),
       "what is told is a one-way hash of its hash");
    memset(sums, 0xee, sizeof sums);
    zc_block_sums(1, p, SIZE, ZC_GRAIN_BIG, sums[0]);
    zc_block_sum(1, p, SIZE, other[0]);
    is_int(same(1), 1, "less than a block is one");
    ok(sums[1][0] == 0xee, "and no more is written");
    zc_block_sums(1, p, 0, ZC_GRAIN_BIG, sums[1]);
    ok(sums[1][0] == 0xee, "nothing has none");
    free(p);
    return done_testing();
}
