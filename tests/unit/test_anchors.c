// SPDX-License-Identifier: GPL-2.0-or-later
/* src/delta/anchors.c: what has moved is found again. */
#include "tap.h"

#include "delta/anchors.h"

#include <endian.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 1 << 20 };

static struct zc_anchors old, new;
static struct zc_shifts shifts;

/* Cut as readers may cut it. */
static void find(struct zc_anchors *a, const uint8_t *p, size_t n, size_t step)
{
    zc_anchors_init(a, 7);
    for (size_t at = 0; at < n; at += step)
        zc_anchors_add(a, p + at, ZC_MIN(step, n - at));
}

static int64_t shift_of(uint64_t at, uint64_t from)
{
    int64_t shift = INT64_MIN;
    shifts.n = 0;
    zc_shifts_vote(&shifts, &new, at, old.v, old.n, from);
    return zc_shifts_most(&shifts, &shift) ? shift : INT64_MIN;
}

/* As zcsync-protocol(7) has it. */
static uint64_t told(uint64_t seed, const uint8_t *end)
{
    uint8_t text[8 + 64], out[16];
    uint64_t value;
    seed = htole64(seed);
    memcpy(text, &seed, 8);
    memcpy(text + 8, end - 63, 64);
    crypto_generichash(out, sizeof out, text, sizeof text, NULL, 0);
    memcpy(&value, out, 8);
    return le64toh(value);
}

static size_t as_told(const struct zc_anchors *a, const uint8_t *p)
{
    size_t n = 0;
    for (size_t i = 0; i < a->n; i++)
        n += a->v[i].hash == told(7, p + a->v[i].at);
    return n;
}

int main(void)
{
    uint8_t *p = calloc(1, SIZE + 5000);
    uint32_t x = 1;
    for (size_t i = 0; i < SIZE + 5000; i++)
        p[i] = (uint8_t)((x = x * 1664525 + 1013904223) >> 24);
    find(&old, p, SIZE, SIZE);
    ok(old.n > 20 && old.n < 200, "%zu anchors in 1 MiB", old.n);
    find(&new, p, SIZE, 4097);
    ok(new.n == old.n && !memcmp(new.v, old.v, old.n * sizeof *old.v),
       "the same, however it is cut");
    find(&new, p, SIZE, 7);
    ok(new.n == old.n && !memcmp(new.v, old.v, old.n * sizeof *old.v),
       "also into pieces that are shorter than a window");
    is_int((long)as_told(&old, p), (long)old.n,
           "what is told is a one-way hash of what is before them");
    is_int((long)shift_of(0, 0), 0, "no shift");
    is_int((long)shift_of(65536, 0), 65536, "looked at further behind");
    find(&new, p + 5000, SIZE, 65536);
    is_int((long)shift_of(0, 0), -5000, "something was removed");
    memmove(p + 3, p, SIZE);
    find(&new, p, SIZE, 65536);
    is_int((long)shift_of(0, 0), 3, "something was inserted");
    zc_anchors_init(&new, 8);
    zc_anchors_add(&new, p, SIZE);
    is_int((long)shift_of(0, 0), INT64_MIN, "another seed: nothing in common");
    memset(p, 0, SIZE);
    find(&new, p, SIZE, 65536);
    ok(new.n <= 1, "zeros have one at most");
    for (size_t i = 0; i < SIZE; i++)
        p[i] = (uint8_t)(i % 3);
    find(&new, p, SIZE, 65536);
    ok(new.n <= ZC_ANCHORS_MAX, "and what repeats itself not too many");
    find(&new, p, 63, 63);
    is_int((long)new.n, 0, "none in 63 bytes");
    free(p);
    return done_testing();
}
