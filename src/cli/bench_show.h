/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `zcsync bench` prints and draws, out of what was measured, which it only
 * reads. One thread at a time. */
#ifndef ZC_CLI_BENCH_SHOW_H
#define ZC_CLI_BENCH_SHOW_H

#include "base/buf.h"
#include "bench/card.h"
#include "bench/series.h"
#include "bench/small.h"

/* How good AUTO was. */
struct zc_bench_verdict {
    enum zc_mover_kind send, recv; /* what it is */
    double time, cpu; /* its time and CPU as parts of read + write's */
    /* The pair of movers that was faster most surely, and AUTO's time as a part
     * of its, in at least three rounds of four; AUTO's own, and 1: none. */
    const struct zc_bench_cell *best;
    double of_best;
};
struct zc_bench_verdict zc_bench_judge(const struct zc_bench_series *s);
/* AUTO may be so much slower than the best, for --check. */
#define ZC_BENCH_CLOSE 1.05

/* How it was measured, and by what. */
void zc_bench_put_way(struct zc_buf *out, unsigned rounds,
                      const struct zc_bench_card *card);
void zc_bench_put_text(struct zc_buf *out, const struct zc_bench_series *s,
                       const struct zc_bench_card *card);
void zc_bench_put_json(struct zc_buf *out, const struct zc_bench_series *s,
                       const struct zc_bench_card *card);
/* Likewise of small files. */
void zc_bench_put_small(struct zc_buf *out, const struct zc_bench_small *s,
                        bool json);
/* OUT to standard output, and away with it. -1 with a sentence. */
int zc_bench_print(struct zc_buf *out, struct zc_err *err);
/* A picture (SVG 1.1) of the same. */
void zc_bench_put_svg(struct zc_buf *out, const struct zc_bench_series *s);

#endif
