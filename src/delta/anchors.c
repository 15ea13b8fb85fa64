// SPDX-License-Identifier: GPL-2.0-or-later
/* Places that are found again; see anchors.h. */
#include "delta/anchors.h"

#include "base/xxh.h"

#include <endian.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define ZERO_BITS 14
#define WINDOW ZC_ANCHOR_WINDOW

void zc_anchors_init(struct zc_anchors *a, uint64_t seed)
{
    for (unsigned i = 0; i < ZC_ARRAY_LEN(a->table); i++) {
        uint8_t byte = (uint8_t)i;
        a->table[i] = XXH3_64bits_withSeed(&byte, 1, seed);
    }
    a->seed = seed;
    a->hash = a->last = 0;
    a->passed = 0;
    a->n = 0;
}

/* What is told of the window, P[0] to P[I] being its end; what is missing in
 * front of it came last time. The hash that rolls would give away what it is of. */
static uint64_t value_of(const struct zc_anchors *a, const uint8_t *p, size_t i)
{
    struct {
        uint64_t seed;
        uint8_t window[WINDOW];
    } text = {.seed = htole64(a->seed)};
    uint8_t out[crypto_generichash_BYTES_MIN];
    uint64_t value;
    size_t now = ZC_MIN(i + 1, (size_t)WINDOW), before = WINDOW - now;
    memcpy(text.window, a->before + WINDOW - before, before);
    memcpy(text.window + before, p + i + 1 - now, now);
    (void)crypto_generichash(out, sizeof out, (const uint8_t *)&text,
                             sizeof text, NULL, 0);
    memcpy(&value, out, sizeof value);
    return le64toh(value);
}

/* The window at the end of P is kept. */
static void keep_window(struct zc_anchors *a, const uint8_t *p, size_t n)
{
    size_t now = ZC_MIN(n, (size_t)WINDOW);
    memmove(a->before, a->before + now, WINDOW - now);
    if (now)
        memcpy(a->before + WINDOW - now, p + n - now, now);
}

void zc_anchors_add(struct zc_anchors *a, const uint8_t *p, size_t n)
{
    uint64_t hash = a->hash;
    for (size_t i = 0; i < n; i++) {
        hash = (hash << 1) + a->table[p[i]];
        if (hash >> (64 - ZERO_BITS))
            continue;
        uint32_t at = a->passed + (uint32_t)i;
        /* Not before all of them count; and what repeats itself, as zeros do, has
         * the same everywhere. */
        if (at < WINDOW || a->n == ZC_ANCHORS_MAX ||
            (a->n && a->last == hash))
            continue;
        a->last = hash;
        a->v[a->n++] = (struct zc_anchor_at){at, value_of(a, p, i)};
    }
    a->hash = hash;
    a->passed += (uint32_t)n;
    keep_window(a, p, n);
}

void zc_shifts_vote(struct zc_shifts *s, const struct zc_anchors *mine,
                    uint64_t at, const struct zc_anchor_at *theirs, size_t n,
                    uint64_t from)
{
    for (size_t i = 0; i < mine->n; i++)
        for (size_t j = 0; j < n && s->n < ZC_ARRAY_LEN(s->v); j++)
            if (mine->v[i].hash == theirs[j].hash)
                s->v[s->n++] = (int64_t)(at + mine->v[i].at) -
                               (int64_t)(from + theirs[j].at);
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

bool zc_shifts_most(struct zc_shifts *s, int64_t *shift)
{
    size_t best = 0;
    qsort(s->v, s->n, sizeof *s->v, by_value);
    for (size_t i = 0, same; i < s->n; i += same) {
        for (same = 1; i + same < s->n && s->v[i + same] == s->v[i]; same++)
            ;
        if (same > best) {
            best = same;
            *shift = s->v[i];
        }
    }
    return best > 0;
}
