/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `zcsync bench --to=DEST`: a file is pushed to DEST, as push does it, once with
 * each mover at both ends, in turns. What is measured is all of a push, and the
 * network. The file has a name that is nobody's, and is taken away again, here
 * and there.
 */
#ifndef ZC_CLI_BENCH_TO_H
#define ZC_CLI_BENCH_TO_H

#include "base/err.h"

struct zc_bench_to {
    const char *to;  /* as push takes it */
    const char *dir; /* where the file is made here */
    uint64_t size;
    unsigned rounds, kinds; /* as those of struct zc_bench_series */
    char **options;         /* of push, N of them */
    size_t n;
    bool json;
};

/* Prints what came of it. -1 with a sentence. */
int zc_bench_to_run(const struct zc_bench_to *b, struct zc_err *err);

#endif
