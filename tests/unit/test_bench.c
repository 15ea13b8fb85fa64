// SPDX-License-Identifier: GPL-2.0-or-later
/* What a benchmark makes of its runs: medians, spreads, ratios and its verdict;
 * and one transfer of each kind whose bytes arrive, and whose calls are counted. */
#include "bench/series.h"
#include "bench/source.h"
#include "cli/bench_show.h"

#include "../tap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool near(double a, double b)
{
    return fabs(a - b) < 1e-9;
}

static void test_medians(void)
{
    double odd[] = {5, 1, 3}, even[] = {4, 1, 3, 2}, one[] = {7};
    ok(near(zc_bench_median(odd, 3), 3), "the middle one");
    ok(near(zc_bench_median(even, 4), 2.5), "between the middle two");
    ok(near(zc_bench_median(one, 1), 7), "the only one");
    ok(near(zc_bench_median(NULL, 0), 0), "none");
    double sorted[] = {1, 2, 3, 4, 5, 6, 7, 100};
    ok(near(zc_bench_spread(sorted, 8), 1.5 / 4.5),
       "the spread does not see what stands apart");
    ok(near(zc_bench_spread(one, 1), 0), "one run has none");
}

/* A series of CELLS, whose times are told by the caller. */
static struct zc_bench_series *series(unsigned rounds)
{
    struct zc_bench_series *s = calloc(1, sizeof *s);
    if (!s)
        exit(1);
    s->rounds = rounds;
    s->what.size = 1000000000;
    s->what.dir = "/";
    s->counted = 1 << 20;
    return s;
}

static struct zc_bench_cell *cell(struct zc_bench_series *s,
                                  enum zc_mover_kind send,
                                  enum zc_mover_kind recv, double seconds,
                                  double cpu_s)
{
    struct zc_bench_cell *c = &s->cells[s->n_cells++];
    c->send = send;
    c->recv = recv;
    for (unsigned i = 0; i < s->rounds; i++) {
        c->runs[i].seconds = seconds;
        c->runs[i].send.cpu_s = c->runs[i].recv.cpu_s = cpu_s / 2;
    }
    return c;
}

static void test_verdict(void)
{
    struct zc_bench_series *s = series(8);
    struct zc_bench_cell *plain = cell(s, ZC_MOVER_READWRITE,
                                       ZC_MOVER_READWRITE, 1.0, 0.8);
    cell(s, ZC_MOVER_AUTO, ZC_MOVER_AUTO, 0.5, 0.4);
    struct zc_bench_verdict v = zc_bench_judge(s);
    ok(near(v.time, 0.5) && near(v.cpu, 0.5), "half of read + write's");
    ok(near(v.of_best, 1), "nothing is better");
    is_int(v.send, ZC_MOVER_SENDFILE, "what AUTO sends with");

    cell(s, ZC_MOVER_SENDFILE, ZC_MOVER_AUTO, 0.1, 0.4);
    v = zc_bench_judge(s);
    ok(near(v.of_best, 1), "AUTO by its own name is no rival");
    struct zc_bench_cell *rival = cell(s, ZC_MOVER_MMAP, ZC_MOVER_AUTO, 0.4,
                                       0.4);
    v = zc_bench_judge(s);
    ok(v.best == rival && near(v.of_best, 1.25), "a rival is told");
    for (unsigned i = 0; i < 3; i++)
        rival->runs[i].seconds = 0.6;
    v = zc_bench_judge(s);
    ok(near(v.of_best, 1), "not one that wins in five rounds of eight only");
    ok(zc_bench_cell_of(s, ZC_MOVER_READWRITE, ZC_MOVER_READWRITE) == plain &&
           !zc_bench_cell_of(s, ZC_MOVER_SPLICE, ZC_MOVER_SPLICE),
       "cells are found");
    free(s);
}

static void test_figures(void)
{
    struct zc_bench_series *s = series(3);
    struct zc_bench_cell *c = cell(s, ZC_MOVER_AUTO, ZC_MOVER_AUTO, 0.5, 0.4);
    c->calls.counted = true;
    c->calls.send.calls = 7;
    c->runs[1].seconds = 40; /* somebody was in the way */
    struct zc_bench_figures f = zc_bench_figures(s, c);
    ok(near(f.gb_per_s, 2), "a GB in half a second");
    ok(near(f.send.cpu_s_per_gb, 0.2), "CPU of one side");
    ok(near(f.send.switches_per_mib, 14), "two switches for a call");
    c->calls.counted = false;
    f = zc_bench_figures(s, c);
    ok(f.recv.switches_per_mib < 0, "not counted is not none");
    free(s);
}

/* Every mover can be asked for, over everything. */
static void test_transfers(int fd, uint64_t size, const char *dir)
{
    for (unsigned over = 0; over <= ZC_BENCH_SEALED; over++) {
        const struct zc_transport *like = zc_bench_over_like(over);
        for (unsigned k = 0; k <= ZC_MOVER_LAST; k++) {
            struct zc_bench_transfer what = {.over = over,
                                             .send = k,
                                             .recv = k,
                                             .fd = fd,
                                             .size = size,
                                             .dir = dir,
                                             .count = k == ZC_MOVER_READWRITE};
            struct zc_bench_result r;
            struct zc_err err = {0};
            if (!zc_mover_can(k, like, true) && !zc_mover_can(k, like, false))
                continue;
            int bad = zc_bench_transfer(&what, &r, &err);
            ok(!bad && r.seconds > 0, "%s over %s%s%s", zc_mover_name(k),
               zc_bench_over_text(over), bad ? ": " : "", err.text);
            if (what.count && r.counted)
                ok(r.send.calls > size / (1 << 20) &&
                       r.recv.calls > size / (1 << 20),
                   "its calls are counted: %llu and %llu",
                   (unsigned long long)r.send.calls,
                   (unsigned long long)r.recv.calls);
            else if (what.count)
                skip(1, "no process may be traced here");
        }
    }
}

static int count_sender(struct zc_transport *t, int fd, uint64_t size)
{
    (void)fd;
    char c = 'x';
    for (uint64_t i = 0; i < size; i++) {
        struct iovec iov = {&c, 1};
        getppid();
        if (zc_transport_send(t, &iov, 1))
            return -1;
    }
    return 0;
}

/* A sender whose calls are known: all of them are found, and no others. */
static void test_counts(const char *dir, int fd)
{
    struct zc_bench_transfer what = {.over = ZC_BENCH_UNIX,
                                     .fd = fd,
                                     .size = 1000,
                                     .source = 1000,
                                     .send_with = count_sender,
                                     .dir = dir,
                                     .count = true};
    struct zc_bench_result r;
    struct zc_err err = {0};
    ok(!zc_bench_transfer(&what, &r, &err), "a sender of its own %s", err.text);
    if (r.counted)
        ok(r.send.calls >= 2000 && r.send.calls <= 2004,
           "2000 calls are counted as %llu", (unsigned long long)r.send.calls);
    else
        skip(1, "no process may be traced here");
}

static void test_errors(int fd, uint64_t size)
{
    struct zc_bench_transfer what = {
        .fd = fd, .size = size, .dir = "/nonexistent"};
    struct zc_bench_result r;
    struct zc_err err = {0};
    ok(zc_bench_transfer(&what, &r, &err) && strstr(err.text, "/nonexistent"),
       "no directory: %s", err.text);
    what.dir = "/tmp";
    what.size = size + 1;
    ok(zc_bench_transfer(&what, &r, &err) && strstr(err.text, "cannot read"),
       "a file that is short: %s", err.text);
}

int main(void)
{
    char dir[] = "/tmp/zcsync-unit-XXXXXX";
    const uint64_t size = (3 << 20) + 5;
    struct zc_err err = {0};
    if (!mkdtemp(dir))
        return 1;
    int fd = zc_bench_source_make(dir, size, &err);
    struct stat st;
    ok(fd >= 0 && !fstat(fd, &st) && (uint64_t)st.st_size == size,
       "a source %s", err.text);
    test_medians();
    test_verdict();
    test_figures();
    test_transfers(fd, size, dir);
    test_counts(dir, fd);
    test_errors(fd, size);
    close(fd);
    ok(!rmdir(dir), "nothing is left behind");
    return done_testing();
}
