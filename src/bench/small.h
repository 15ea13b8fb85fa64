/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small files: many pieces, each with a few bytes before it that say what it is,
 * sent in several ways to a receiver that is always the same. They are pieces of
 * one file, so that opening and closing, which every way has to do, are left out.
 */
#ifndef ZC_BENCH_SMALL_H
#define ZC_BENCH_SMALL_H

#include "bench/transfer.h"

#define ZC_BENCH_PIECE ((size_t)4096)
#define ZC_BENCH_HEAD ((size_t)64)
#define ZC_BENCH_WAYS 4u

struct zc_bench_small {
    /* The caller's. */
    struct zc_bench_transfer what; /* of SIZE bytes, as the file has them */
    unsigned rounds;
    void (*progress)(void *arg, unsigned done, unsigned n);
    void *arg;
    /* What comes of it. */
    struct zc_bench_small_way {
        const char *name;
        double files_per_s, spread; /* as struct zc_bench_figures has it */
        double cpu_us;              /* of the sender, a file */
        double calls;               /* likewise; below 0: not counted */
    } ways[ZC_BENCH_WAYS];
};

/* -1 with a sentence. */
int zc_bench_small_run(struct zc_bench_small *s, struct zc_err *err);

#endif
