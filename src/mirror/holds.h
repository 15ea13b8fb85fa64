/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names that are held back: `settle`, until they have been left alone for so
 * long, and `min interval`, since they were sent last. Plain memory; any thread
 * may read.
 */
#ifndef ZC_MIRROR_HOLDS_H
#define ZC_MIRROR_HOLDS_H

#include "base/err.h"
#include "base/vec.h"
#include "tree/filter.h"

struct zc_hold_rule {
    bool settle; /* else: min interval */
    unsigned seconds;
    char *pattern; /* NULL: everything */
    struct zc_filter *filter;
};

/* The first that matches counts. */
typedef ZC_VEC(struct zc_hold_rule) zc_holds;

/* Adds "TIME [PATTERN]". -1 with a sentence. */
int zc_holds_add(zc_holds *h, bool settle, const char *text,
                 struct zc_err *err);
void zc_holds_fini(zc_holds *h);

struct zc_hold {
    int64_t settle_ns, interval_ns; /* 0: not held */
};

/* That of PATH, relative to the source. */
struct zc_hold zc_holds_of(const zc_holds *h, const char *path);

#endif
