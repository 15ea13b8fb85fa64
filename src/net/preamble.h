/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a shell prints before the program that it starts comes to speak. Memory
 * only. */
#ifndef ZC_NET_PREAMBLE_H
#define ZC_NET_PREAMBLE_H

#include "base/util.h"

#include <string.h>

#define ZC_PREAMBLE_MAX ((size_t)64 * 1024) /* bytes; what has more is no shell */

/* Drops of the HAVE bytes at IN those before the first at which, as BEGINS says
 * of as many as have come, a message can begin, but no more than *LEFT, which it
 * counts down. How many are left at IN. */
static inline size_t zc_preamble_drop(uint8_t *in, size_t have, size_t *left,
                                      bool (*begins)(const uint8_t *in,
                                                     size_t n))
{
    size_t skip = 0;
    while (skip < have && !begins(in + skip, have - skip))
        skip++;
    skip = ZC_MIN(skip, *left);
    *left -= skip;
    memmove(in, in + skip, have - skip);
    return have - skip;
}

#endif
