// SPDX-License-Identifier: GPL-2.0-or-later
/* Segments tile a file: src/delta/segment.c. */
#include "delta/segment.h"

#include "../tap.h"

#include <stdbool.h>

static bool is_hole(const struct zc_segment *s, uint64_t offset,
                    uint64_t length)
{
    return s->kind == ZC_SEGMENT_HOLE && s->offset == offset &&
           s->length == length;
}

static void test_order(void)
{
    struct zc_tiling t = {.size = 100};
    struct zc_segment hole;
    ok(!zc_tiling_next(&t, 0, 10, &hole) && is_hole(&hole, 0, 0),
       "from the beginning: no hole");
    ok(!zc_tiling_next(&t, 10, 10, &hole) && is_hole(&hole, 10, 0),
       "straight behind it: none either");
    ok(!zc_tiling_next(&t, 50, 10, &hole) && is_hole(&hole, 20, 30),
       "a gap is a hole");
    is_int(zc_tiling_next(&t, 59, 2, &hole), -1, "an overlap is refused");
    is_int(zc_tiling_next(&t, 0, 10, &hole), -1, "and so is going back");
    is_int(t.end, 60, "which changes nothing");
    hole = zc_tiling_rest(&t);
    ok(is_hole(&hole, 60, 40), "what is left is a hole");
    hole = zc_tiling_rest(&t);
    ok(is_hole(&hole, 100, 0), "once");
}

static void test_bounds(void)
{
    struct zc_tiling t = {.size = 100};
    struct zc_segment hole;
    is_int(zc_tiling_next(&t, 90, 11, &hole), -1, "a byte beyond the end");
    is_int(zc_tiling_next(&t, 101, 0, &hole), -1, "nothing, beyond the end");
    is_int(zc_tiling_next(&t, UINT64_MAX, 2, &hole), -1, "an offset that "
                                                         "overflows");
    is_int(zc_tiling_next(&t, 2, UINT64_MAX, &hole), -1, "a length that does");
    ok(!zc_tiling_next(&t, 90, 10, &hole) && is_hole(&hole, 0, 90),
       "up to the end");
    t = (struct zc_tiling){.size = UINT64_MAX};
    ok(!zc_tiling_next(&t, UINT64_MAX - 1, 1, &hole) &&
           is_hole(&hole, 0, UINT64_MAX - 1),
       "the largest there is");
}

static void test_empty(void)
{
    struct zc_tiling t = {.size = 0};
    struct zc_segment hole = zc_tiling_rest(&t);
    ok(is_hole(&hole, 0, 0), "an empty file has nothing left");
    ok(!zc_tiling_next(&t, 0, 0, &hole), "nothing fits");
    is_int(zc_tiling_next(&t, 0, 1, &hole), -1, "one byte does not");
}

int main(void)
{
    test_order();
    test_bounds();
    test_empty();
    return done_testing();
}
