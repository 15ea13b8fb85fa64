// SPDX-License-Identifier: GPL-2.0-or-later
/* Segments behind each other; see segment.h. */
#include "delta/segment.h"

/* What is between END and OFFSET. */
static struct zc_segment hole_up_to(const struct zc_tiling *t, uint64_t offset)
{
    return (struct zc_segment){.kind = ZC_SEGMENT_HOLE,
                               .offset = t->end,
                               .length = offset - t->end};
}

int zc_tiling_next(struct zc_tiling *t, uint64_t offset, uint64_t length,
                   struct zc_segment *hole)
{
    if (offset < t->end || offset > t->size || length > t->size - offset)
        return -1;
    *hole = hole_up_to(t, offset);
    t->end = offset + length;
    return 0;
}

struct zc_segment zc_tiling_rest(struct zc_tiling *t)
{
    struct zc_segment hole = hole_up_to(t, t->size);
    t->end = t->size;
    return hole;
}
