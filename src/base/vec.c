// SPDX-License-Identifier: GPL-2.0-or-later
/* Growth of typed arrays; see vec.h. */
#include "base/vec.h"

int zc_vec_grow(void **pv, size_t *cap, size_t need, size_t elem)
{
    size_t want = ZC_MAX(*cap + *cap / 2, ZC_MAX(need, (size_t)16)), bytes;
    if (__builtin_mul_overflow(want, elem, &bytes))
        return -1;
    void *bigger = realloc(*pv, bytes);
    if (!bigger)
        return -1;
    *pv = bigger;
    *cap = want;
    return 0;
}
