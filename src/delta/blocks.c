// SPDX-License-Identifier: GPL-2.0-or-later
/* Sums of blocks; see blocks.h. */
#include "delta/blocks.h"

#include "base/xxh.h"

#include <endian.h>
#include <sodium.h>
#include <string.h>

void zc_block_sum(uint64_t seed, const void *p, size_t n,
                  uint8_t out[ZC_SUM_SIZE])
{
    struct {
        uint64_t seed;
        XXH128_canonical_t hash;
    } text = {.seed = htole64(seed)};
    uint8_t sum[crypto_generichash_BYTES_MIN];
    XXH128_canonicalFromHash(&text.hash, XXH3_128bits_withSeed(p, n, seed));
    (void)crypto_generichash(sum, sizeof sum, (const uint8_t *)&text,
                             sizeof text, NULL, 0);
    memcpy(out, sum, ZC_SUM_SIZE);
}

void zc_block_sums(uint64_t seed, const uint8_t *p, size_t n, unsigned grain,
                   uint8_t *out)
{
    size_t block = (size_t)1 << grain;
    for (size_t at = 0; at < n; at += block, out += ZC_SUM_SIZE)
        zc_block_sum(seed, p + at, n - at < block ? n - at : block, out);
}
