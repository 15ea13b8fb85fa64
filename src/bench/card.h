/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a network interface says it can do for who sends (ethtool(8)). No
 * state; any thread. */
#ifndef ZC_BENCH_CARD_H
#define ZC_BENCH_CARD_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

struct zc_bench_card {
    char name[IF_NAMESIZE];
    /* It takes bytes from several places, adds checksums, cuts segments. */
    bool known, gathers, checksums, segments;
};

/* That of the address that the connected socket FD has. False and errno: none is
 * found. */
bool zc_bench_card_of(int fd, struct zc_bench_card *card);
/* The same of "lo" and its like. */
bool zc_bench_card_named(const char *name, struct zc_bench_card *card);

#endif
