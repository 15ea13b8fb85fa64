/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Telling UTF-8 (RFC 3629) from other bytes. Header only; any thread. */
#ifndef ZC_BASE_UTF8_H
#define ZC_BASE_UTF8_H

#include "base/util.h"

/* The length of the well-formed UTF-8 sequence at P (RFC 3629), 0 when it is
 * none; its code point goes to *CP. P ends with a NUL. */
static inline size_t zc_utf8_sequence(const unsigned char *p, uint32_t *cp)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = *p < 0x80             ? 1
               : (*p & 0xe0) == 0xc0 ? 2
               : (*p & 0xf0) == 0xe0 ? 3
               : (*p & 0xf8) == 0xf0 ? 4
                                     : 0;
    if (n == 0)
        return 0;
    *cp = n == 1 ? *p : *p & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        *cp = *cp << 6 | (p[i] & 0x3fu);
    }
    bool surrogate = *cp >= 0xd800 && *cp <= 0xdfff;
    return *cp < least[n] || *cp > 0x10ffff || surrogate ? 0 : n;
}

#endif
