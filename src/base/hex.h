/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lower-case hex digits, as in names that nobody else has. Any thread. */
#ifndef ZC_BASE_HEX_H
#define ZC_BASE_HEX_H

#include <stdbool.h>
#include <stddef.h>

/* N bytes: twice as many digits, and NUL. */
void zc_hex_put(char *out, const void *bytes, size_t n);
/* DIGITS of them at random, an even number of 64 at most, and NUL. -1 and errno. */
int zc_hex_random(char *out, size_t digits);
/* TEXT is so many of them, and nothing else. */
bool zc_hex_is(const char *text, size_t digits);

#endif
