// SPDX-License-Identifier: GPL-2.0-or-later
/* Lower-case hex digits; see hex.h. */
#include "base/hex.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <sys/types.h>

static const char hex_digits[] = "0123456789abcdef";

void zc_hex_put(char *out, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    for (size_t i = 0; i < n; i++) {
        *out++ = hex_digits[p[i] >> 4];
        *out++ = hex_digits[p[i] & 15];
    }
    *out = '\0';
}

int zc_hex_random(char *out, size_t digits)
{
    uint8_t bits[32];
    ssize_t n;
    do
        n = getrandom(bits, digits / 2, 0);
    while (n < 0 && errno == EINTR);
    if (n < 0 || (size_t)n != digits / 2)
        return -1;
    zc_hex_put(out, bits, digits / 2);
    return 0;
}

bool zc_hex_is(const char *text, size_t digits)
{
    return strspn(text, hex_digits) == digits && !text[digits];
}
