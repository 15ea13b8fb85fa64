// SPDX-License-Identifier: GPL-2.0-or-later
/* "1.5GiB" and "90m" to a number; see size.h. */
#include "base/size.h"

#include <string.h>
#include <strings.h>

/* More digits after the point than this cannot move a 64-bit result. */
#define FRACTION_DIGITS 18

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The number as WHOLE + FRACTION / SCALE. */
struct number {
    uint64_t whole, fraction, scale;
};

static const char *read_number(const char *at, struct number *out)
{
    *out = (struct number){.scale = 1};
    bool any = is_digit(*at);
    for (; is_digit(*at); at++) {
        if (__builtin_mul_overflow(out->whole, 10, &out->whole) ||
            zc_add_overflows(out->whole, (uint64_t)(*at - '0'), &out->whole)) {
            errno = ERANGE;
            return NULL;
        }
    }
    if (*at == '.') {
        any |= is_digit(*++at);
        for (int n = 0; is_digit(*at); at++, n++) {
            if (n >= FRACTION_DIGITS)
                continue;
            out->fraction = out->fraction * 10 + (uint64_t)(*at - '0');
            out->scale *= 10;
        }
    }
    if (!any) {
        errno = EINVAL;
        return NULL;
    }
    return at;
}

/* Reads the letters after the number; *UNIT stays when there are none. */
static const char *read_suffix(const char *at, uint64_t *unit)
{
    static const char letters[] = "bkmgtp"; /* bytes, then powers of 1024 */
    if (!*at || *at == '+' || *at == '-')
        return at;
    char low = *at >= 'A' && *at <= 'Z' ? (char)(*at + ('a' - 'A')) : *at;
    const char *letter = strchr(letters, low);
    if (!letter)
        return NULL;
    at++;
    uint64_t base = 1024;
    if (low != 'b' && strncasecmp(at, "ib", 2) == 0) {
        at += 2;
    } else if (low != 'b' && strncasecmp(at, "b", 1) == 0) {
        at++;
        base = 1000;
    }
    *unit = 1;
    for (const char *power = letters; power < letter; power++)
        *unit *= base;
    return at;
}

int zc_size_parse(const char *text, uint64_t unit, uint64_t *out)
{
    struct number num;
    const char *at = read_number(text, &num);
    if (!at)
        return -1;
    at = read_suffix(at, &unit);
    if (!at)
        goto not_a_size;

    uint64_t size;
    unsigned __int128 part = (unsigned __int128)num.fraction * unit / num.scale;
    if (__builtin_mul_overflow(num.whole, unit, &size) ||
        zc_add_overflows(size, (uint64_t)part, &size))
        goto too_big;
    if (strcmp(at, "+1") == 0) {
        if (zc_add_overflows(size, (uint64_t)1, &size))
            goto too_big;
    } else if (strcmp(at, "-1") == 0) {
        if (__builtin_sub_overflow(size, (uint64_t)1, &size))
            goto too_big;
    } else if (*at) {
        goto not_a_size;
    }
    *out = size;
    return 0;
not_a_size:
    errno = EINVAL;
    return -1;
too_big:
    errno = ERANGE;
    return -1;
}

/* --- times --- */

#define YEAR (366 * UINT64_C(86400))

struct time_name {
    const char *name;
    unsigned seconds;
};
static const struct time_name units[] = {
    {"", 1},      {"s", 1},     {"m", 60},
    {"h", 3600},  {"d", 86400}, {"w", 7 * 86400},
};
static const struct time_name words[] = {
    {"never", 0},
    {"hourly", 3600},
    {"daily", 86400},
    {"weekly", 7 * 86400},
};

int zc_interval_parse(const char *text, unsigned *seconds)
{
    uint64_t n = 0;
    const char *at = text;
    for (size_t i = 0; i < ZC_ARRAY_LEN(words); i++)
        if (strcmp(text, words[i].name) == 0) {
            *seconds = words[i].seconds;
            return 0;
        }
    for (; is_digit(*at) && n <= YEAR; at++)
        n = n * 10 + (uint64_t)(*at - '0');
    for (size_t i = 0; i < ZC_ARRAY_LEN(units) && at != text; i++)
        if (strcmp(at, units[i].name) == 0 && n &&
            n * units[i].seconds <= YEAR) {
            *seconds = (unsigned)n * units[i].seconds;
            return 0;
        }
    return -1;
}
