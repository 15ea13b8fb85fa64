/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transfers of several kinds in turns, and what is typical of each: medians, and
 * how far the runs lie apart. Whatever disturbs the machine for a while disturbs
 * all kinds alike.
 */
#ifndef ZC_BENCH_SERIES_H
#define ZC_BENCH_SERIES_H

#include "bench/transfer.h"

#define ZC_BENCH_ROUNDS_MAX 101u
/* Every technique in each direction, and both together. */
#define ZC_BENCH_CELLS_MAX (2u * (ZC_MOVER_LAST + 1u) + 2u)

/* A pair of movers, and its runs. */
struct zc_bench_cell {
    enum zc_mover_kind send, recv;
    struct zc_bench_result runs[ZC_BENCH_ROUNDS_MAX];
    struct zc_bench_result calls; /* a run that was counted, of COUNTED bytes */
};

struct zc_bench_series {
    /* The caller's. */
    struct zc_bench_transfer what; /* but for its movers */
    unsigned rounds;               /* 1 to ZC_BENCH_ROUNDS_MAX */
    unsigned kinds;                /* bits 1 << kind: those to try */
    /* Called before each of N transfers; NULL: nobody wants to know. */
    void (*progress)(void *arg, unsigned done, unsigned n);
    void *arg;
    /* What comes of it. */
    struct zc_bench_cell cells[ZC_BENCH_CELLS_MAX];
    unsigned n_cells;
    uint64_t counted;
};

/*
 * Fills in the cells: each sender's mover with the best receiver, each
 * receiver's with the best sender, read + write at both ends, and what AUTO
 * does. A round more than ROUNDS is made, first, and forgotten. -1 with a
 * sentence.
 */
int zc_bench_series_run(struct zc_bench_series *s, struct zc_err *err);

/* The cell of these movers; NULL: it was not tried. */
const struct zc_bench_cell *zc_bench_cell_of(const struct zc_bench_series *s,
                                             enum zc_mover_kind send,
                                             enum zc_mover_kind recv);

/* C tells of one mover that sends (else: receives), with the best at the other
 * end. */
bool zc_bench_is_about(const struct zc_bench_cell *c, bool sending);

struct zc_bench_figures {
    double gb_per_s;      /* of 10^9 bytes */
    double spread;        /* of the times: zc_bench_spread */
    struct zc_bench_figures_side {
        double cpu_s_per_gb, faults_per_mib;
        double switches_per_mib; /* two for a call; below 0: not counted */
    } send, recv;
    double cached_source, cached_copy;
};
struct zc_bench_figures zc_bench_figures(const struct zc_bench_series *s,
                                         const struct zc_bench_cell *c);
/* A's time as a part of B's: what it was in half of the rounds, and what it was
 * at least in three of four. */
struct zc_bench_ratio {
    double median, surely;
};
struct zc_bench_ratio zc_bench_compare(const struct zc_bench_series *s,
                                       const struct zc_bench_cell *a,
                                       const struct zc_bench_cell *b);

/* The middle of the N values at V, which are sorted by it; 0 for none. */
double zc_bench_median(double *v, unsigned n);
/* Of N sorted ones: half of what their middle half covers, as a part of the
 * median. */
double zc_bench_spread(const double *v, unsigned n);

#endif
