/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Test vectors are written in hex. Include tap.h first. */
#ifndef ZC_TESTS_HEX_H
#define ZC_TESTS_HEX_H

#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The bytes that HEX stands for go to OUT (SIZE bytes); their number. */
static inline size_t unhex(const char *hex, void *out, size_t size)
{
    size_t n;
    if (sodium_hex2bin(out, size, hex, strlen(hex), NULL, &n, NULL)) {
        diag("bad hex in a test: %s", hex);
        exit(2);
    }
    return n;
}

/* Whether the N bytes at GOT are those that HEX stands for. */
static inline bool is_hex(const void *got, size_t n, const char *hex)
{
    static uint8_t want[70000];
    return unhex(hex, want, sizeof want) == n && memcmp(got, want, n) == 0;
}

#endif
