// SPDX-License-Identifier: GPL-2.0-or-later
/* Transfers in turns; see series.h. */
#include "bench/series.h"

#include <stdlib.h>

/* Counting slows a transfer down, and what is counted is per MiB. */
#define COUNT_BYTES ((uint64_t)64 << 20)

/* --- which --- */

static void add(struct zc_bench_series *s, enum zc_mover_kind send,
                enum zc_mover_kind recv)
{
    if (zc_bench_cell_of(s, send, recv))
        return;
    struct zc_bench_cell *c = &s->cells[s->n_cells++];
    c->send = send;
    c->recv = recv;
}

static void choose_cells(struct zc_bench_series *s)
{
    const struct zc_transport *like = zc_bench_over_like(s->what.over);
    s->n_cells = 0;
    for (unsigned k = 0; k <= ZC_MOVER_LAST; k++)
        if (k != ZC_MOVER_AUTO && s->kinds & 1u << k &&
            zc_mover_can(k, like, true))
            add(s, k, ZC_MOVER_AUTO);
    for (unsigned k = 0; k <= ZC_MOVER_LAST; k++)
        if (k != ZC_MOVER_AUTO && s->kinds & 1u << k &&
            zc_mover_can(k, like, false))
            add(s, ZC_MOVER_AUTO, k);
    add(s, ZC_MOVER_READWRITE, ZC_MOVER_READWRITE);
    add(s, ZC_MOVER_AUTO, ZC_MOVER_AUTO);
}

const struct zc_bench_cell *zc_bench_cell_of(const struct zc_bench_series *s,
                                             enum zc_mover_kind send,
                                             enum zc_mover_kind recv)
{
    for (unsigned i = 0; i < s->n_cells; i++)
        if (s->cells[i].send == send && s->cells[i].recv == recv)
            return &s->cells[i];
    return NULL;
}

bool zc_bench_is_about(const struct zc_bench_cell *c, bool sending)
{
    enum zc_mover_kind mine = sending ? c->send : c->recv;
    enum zc_mover_kind other = sending ? c->recv : c->send;
    return other == ZC_MOVER_AUTO && mine != ZC_MOVER_AUTO;
}

/* --- the runs --- */

static int run_one(struct zc_bench_transfer what, const struct zc_bench_cell *c,
                   struct zc_bench_result *out, struct zc_err *err)
{
    what.send = c->send;
    what.recv = c->recv;
    return zc_bench_transfer(&what, out, err);
}

static void tell(struct zc_bench_series *s, unsigned *done)
{
    if (s->progress)
        s->progress(s->arg, *done, (s->rounds + 2) * s->n_cells);
    ++*done;
}

static int count_all(struct zc_bench_series *s, unsigned *done,
                     struct zc_err *err)
{
    struct zc_bench_transfer what = s->what;
    what.count = true;
    s->counted = what.size = ZC_MIN(what.size, COUNT_BYTES);
    for (unsigned i = 0; i < s->n_cells; i++) {
        struct zc_bench_cell *c = &s->cells[i];
        tell(s, done);
        if (run_one(what, c, &c->calls, err))
            return -1;
    }
    return 0;
}

/* Which cell is number I of ROUND: each takes every place, and one half of the
 * rounds goes the other way round, so that none is always behind the same one,
 * with what that leaves to be written or given back. */
static unsigned turn_of(const struct zc_bench_series *s, unsigned round,
                        unsigned i)
{
    unsigned at = (i + round / 2) % s->n_cells;
    return round % 2 ? s->n_cells - 1 - at : at;
}

int zc_bench_series_run(struct zc_bench_series *s, struct zc_err *err)
{
    struct zc_bench_result cold;
    unsigned done = 0;
    choose_cells(s);
    for (unsigned round = 0; round <= s->rounds; round++)
        for (unsigned i = 0; i < s->n_cells; i++) {
            struct zc_bench_cell *c = &s->cells[turn_of(s, round, i)];
            tell(s, &done);
            if (run_one(s->what, c, round ? &c->runs[round - 1] : &cold, err))
                return -1;
        }
    return count_all(s, &done, err);
}

/* --- what is typical --- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double zc_bench_median(double *v, unsigned n)
{
    if (!n)
        return 0;
    qsort(v, n, sizeof *v, by_value);
    return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

double zc_bench_spread(const double *v, unsigned n)
{
    if (!n)
        return 0;
    double median = (v[(n - 1) / 2] + v[n / 2]) / 2;
    return median > 0 ? (v[n - 1 - n / 4] - v[n / 4]) / 2 / median : 0;
}

static double cpu_of(const struct zc_bench_side *side)
{
    return side->cpu_s;
}

static double faults_of(const struct zc_bench_side *side)
{
    return (double)side->faults;
}

static double side_median(const struct zc_bench_series *s,
                          const struct zc_bench_cell *c, bool sending,
                          double (*of)(const struct zc_bench_side *))
{
    double v[ZC_BENCH_ROUNDS_MAX];
    for (unsigned i = 0; i < s->rounds; i++)
        v[i] = of(sending ? &c->runs[i].send : &c->runs[i].recv);
    return zc_bench_median(v, s->rounds);
}

static struct zc_bench_figures_side side_figures(
    const struct zc_bench_series *s, const struct zc_bench_cell *c,
    bool sending)
{
    const struct zc_bench_side *counted = sending ? &c->calls.send
                                                  : &c->calls.recv;
    double gb = (double)s->what.size / 1e9;
    double mib = (double)s->what.size / (1 << 20);
    return (struct zc_bench_figures_side){
        .cpu_s_per_gb = side_median(s, c, sending, cpu_of) / gb,
        .faults_per_mib = side_median(s, c, sending, faults_of) / mib,
        .switches_per_mib = c->calls.counted
                                ? 2 * (double)counted->calls * (1 << 20) /
                                      (double)s->counted
                                : -1};
}

struct zc_bench_figures zc_bench_figures(const struct zc_bench_series *s,
                                         const struct zc_bench_cell *c)
{
    double v[ZC_BENCH_ROUNDS_MAX];
    for (unsigned i = 0; i < s->rounds; i++)
        v[i] = c->runs[i].seconds;
    double median = zc_bench_median(v, s->rounds);
    const struct zc_bench_result *last = &c->runs[s->rounds - 1];
    return (struct zc_bench_figures){
        .gb_per_s = median > 0 ? (double)s->what.size / 1e9 / median : 0,
        .spread = zc_bench_spread(v, s->rounds),
        .send = side_figures(s, c, true),
        .recv = side_figures(s, c, false),
        .cached_source = last->cached_source,
        .cached_copy = last->cached_copy};
}

struct zc_bench_ratio zc_bench_compare(const struct zc_bench_series *s,
                                       const struct zc_bench_cell *a,
                                       const struct zc_bench_cell *b)
{
    double v[ZC_BENCH_ROUNDS_MAX];
    for (unsigned i = 0; i < s->rounds; i++)
        v[i] = b->runs[i].seconds > 0
                   ? a->runs[i].seconds / b->runs[i].seconds
                   : 1;
    double median = zc_bench_median(v, s->rounds); /* and sorts */
    return (struct zc_bench_ratio){median, v[s->rounds / 4]};
}
