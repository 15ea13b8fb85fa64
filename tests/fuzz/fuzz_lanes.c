// SPDX-License-Identifier: GPL-2.0-or-later
/* Who wants to be a channel of a session, and the records on them: whatever comes,
 * what is read next is bounded, and of a channel that is there. */
#include "net/lanes.h"

#include <string.h>

static void join(const uint8_t *data)
{
    struct zc_lanes_join j, again;
    struct zc_err err = {0};
    uint8_t bytes[ZC_LANES_JOIN_SIZE];
    if (zc_lanes_decode(data, &j, &err)) {
        if (err.code != ZC_EXIT_PROTOCOL || !err.text[0])
            abort();
        return;
    }
    zc_lanes_encode(&j, bytes);
    if (j.lane == 0 || j.lane >= ZC_LANES_MAX ||
        zc_lanes_decode(bytes, &again, &err) || again.lane != j.lane ||
        memcmp(again.name, j.name, sizeof j.name) != 0)
        abort();
}

/* The first byte says which channels are there; they all have the same bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t at[ZC_LANES_MAX] = {0};
    if (size == ZC_LANES_JOIN_SIZE)
        join(data);
    if (size < 2)
        return 0;
    struct zc_lanes_in in = {.joined = data[0] | 1u};
    data++;
    size--;
    for (;;) {
        uint8_t *word;
        size_t n = zc_lanes_next(&in, &word);
        if (in.current >= ZC_LANES_MAX || !(in.joined & 1u << in.current) ||
            n == 0 || n > (word ? ZC_LANES_WORD : ZC_LANES_RECORD_MAX))
            abort();
        size_t *i = &at[in.current];
        n = ZC_MIN(n, size - *i);
        n = ZC_MIN(n, (size_t)3);
        if (!n)
            return 0;
        if (word)
            memcpy(word, data + *i, n);
        *i += n;
        if (zc_lanes_took(&in, n))
            return 0;
    }
}
