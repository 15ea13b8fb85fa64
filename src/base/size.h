/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sizes, rates and times as people write them on a command line. Any thread. */
#ifndef ZC_BASE_SIZE_H
#define ZC_BASE_SIZE_H

#include "base/util.h"

/*
 * Reads TEXT as rsync(1) reads the SIZE of --max-size: a number, perhaps with a
 * fraction ("1.5m"; '.' in every locale), then K, M, G, T or P (or KiB, ...:
 * powers of 1024), KB, MB, ... (powers of 1000) or B, in either case, then "+1"
 * or "-1" byte. A number without a suffix counts UNITs (1024 for --bwlimit, 1
 * for bytes). Parts of a byte are dropped.
 *
 * 0, or -1 with EINVAL (not a size) or ERANGE (more than 64 bits can hold, or
 * less than zero); *OUT is then unchanged.
 */
int zc_size_parse(const char *text, uint64_t unit, uint64_t *out);

/* How often: a number with s, m, h, d or w behind it ("90m"; seconds without),
 * or hourly, daily, weekly, or never (0). A year at most, and more than nothing.
 * 0, or -1; *SECONDS is then unchanged. */
int zc_interval_parse(const char *text, unsigned *seconds);

#endif
