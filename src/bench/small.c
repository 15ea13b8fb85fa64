// SPDX-License-Identifier: GPL-2.0-or-later
/* Ways to send small files; see small.h. */
#include "bench/small.h"

#include "base/io.h"
#include "bench/series.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

/* As the sender of zcsync gathers them. */
#define GATHER ((size_t)256 << 10)
/* Files of a run that is counted. */
#define COUNT_FILES 2000

/* What stands before a piece: what is in it does not matter. */
static const uint8_t head[ZC_BENCH_HEAD] = "a small file";

/* A piece of FD into OUT. */
static int read_piece(int fd, uint64_t at, uint8_t *out)
{
    ssize_t r = zc_io_pread(fd, out, ZC_BENCH_PIECE, (off_t)at);
    if (r >= 0 && r < (ssize_t)ZC_BENCH_PIECE)
        errno = EIO;
    return r == (ssize_t)ZC_BENCH_PIECE ? 0 : -1;
}

static int send_bytes(struct zc_transport *t, void *p, size_t n)
{
    struct iovec iov = {p, n};
    return zc_transport_send(t, &iov, 1);
}

/* Many at once out of one buffer. */
static int gathered(struct zc_transport *t, int fd, uint64_t size)
{
    const size_t each = ZC_BENCH_HEAD + ZC_BENCH_PIECE;
    zc_auto_free uint8_t *buf = malloc(GATHER);
    size_t n = 0;
    if (!buf)
        return -1;
    for (uint64_t at = 0; at < size; at += ZC_BENCH_PIECE) {
        memcpy(buf + n, head, ZC_BENCH_HEAD);
        if (read_piece(fd, at, buf + n + ZC_BENCH_HEAD))
            return -1;
        n += each;
        if (n + each > GATHER) {
            if (send_bytes(t, buf, n))
                return -1;
            n = 0;
        }
    }
    return n ? send_bytes(t, buf, n) : 0;
}

static int one_by_one(struct zc_transport *t, int fd, uint64_t size)
{
    uint8_t buf[ZC_BENCH_HEAD + ZC_BENCH_PIECE];
    memcpy(buf, head, ZC_BENCH_HEAD);
    for (uint64_t at = 0; at < size; at += ZC_BENCH_PIECE)
        if (read_piece(fd, at, buf + ZC_BENCH_HEAD) ||
            send_bytes(t, buf, sizeof buf))
            return -1;
    return 0;
}

/* A mapping for each, as for each file. */
static int mapped(struct zc_transport *t, int fd, uint64_t size)
{
    const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    for (uint64_t at = 0; at < size; at += ZC_BENCH_PIECE) {
        uint64_t in_page = at % page;
        size_t n = (size_t)in_page + ZC_BENCH_PIECE;
        uint8_t *p = mmap(NULL, n, PROT_READ, MAP_SHARED, fd,
                          (off_t)(at - in_page));
        if (p == MAP_FAILED)
            return -1;
        struct iovec iov[] = {{(void *)head, ZC_BENCH_HEAD},
                              {p + in_page, ZC_BENCH_PIECE}};
        int r = zc_transport_send(t, iov, 2), eno = errno;
        munmap(p, n);
        errno = eno;
        if (r)
            return -1;
    }
    return 0;
}

/* A head that waits for more, and sendfile(2). */
static int by_sendfile(struct zc_transport *t, int fd, uint64_t size)
{
    if (t->raw_wfd < 0 || !t->socket) {
        errno = EOPNOTSUPP;
        return -1;
    }
    for (uint64_t at = 0; at < size; at += ZC_BENCH_PIECE) {
        off_t from = (off_t)at;
        size_t left = ZC_BENCH_PIECE;
        if (send(t->raw_wfd, head, ZC_BENCH_HEAD, MSG_MORE | MSG_NOSIGNAL) !=
            (ssize_t)ZC_BENCH_HEAD)
            return -1;
        while (left) {
            ssize_t r = sendfile(t->raw_wfd, fd, &from, left);
            if (r == 0)
                errno = EIO;
            if (r <= 0)
                return -1;
            left -= (size_t)r;
        }
    }
    return 0;
}

static const struct way {
    const char *name;
    zc_bench_send_fn *send;
    bool raw; /* not where the bytes have to be looked at */
} ways[ZC_BENCH_WAYS] = {{"gathered", gathered, false},
                         {"one by one", one_by_one, false},
                         {"mmap", mapped, false},
                         {"sendfile", by_sendfile, true}};

/* --- the runs --- */

struct runs {
    double seconds[ZC_BENCH_ROUNDS_MAX], cpu_s[ZC_BENCH_ROUNDS_MAX];
};

static struct zc_bench_transfer of_way(const struct zc_bench_small *s,
                                       unsigned way)
{
    struct zc_bench_transfer what = s->what;
    uint64_t files = what.size / ZC_BENCH_PIECE;
    what.send_with = ways[way].send;
    what.source = files * ZC_BENCH_PIECE;
    what.size = files * (ZC_BENCH_PIECE + ZC_BENCH_HEAD);
    return what;
}

static bool possible(const struct zc_bench_small *s, unsigned way)
{
    return !ways[way].raw || zc_bench_over_like(s->what.over)->raw_wfd >= 0;
}

static void tell(const struct zc_bench_small *s, unsigned *done)
{
    if (s->progress)
        s->progress(s->arg, *done, (s->rounds + 2) * ZC_BENCH_WAYS);
    ++*done;
}

static int run_rounds(struct zc_bench_small *s, struct runs all[ZC_BENCH_WAYS],
                      unsigned *done, struct zc_err *err)
{
    for (unsigned round = 0; round <= s->rounds; round++)
        for (unsigned i = 0; i < ZC_BENCH_WAYS; i++) {
            struct zc_bench_transfer what = of_way(s, i);
            struct zc_bench_result r;
            tell(s, done);
            if (!possible(s, i))
                continue;
            if (zc_bench_transfer(&what, &r, err))
                return -1;
            if (round) { /* the first one warms */
                all[i].seconds[round - 1] = r.seconds;
                all[i].cpu_s[round - 1] = r.send.cpu_s;
            }
        }
    return 0;
}

static int count(struct zc_bench_small *s, unsigned way, double *calls,
                 struct zc_err *err)
{
    struct zc_bench_small few = *s;
    few.what.size = ZC_MIN(s->what.size, COUNT_FILES * ZC_BENCH_PIECE);
    struct zc_bench_transfer what = of_way(&few, way);
    struct zc_bench_result r;
    what.count = true;
    if (zc_bench_transfer(&what, &r, err))
        return -1;
    *calls = r.counted ? (double)r.send.calls /
                             (double)(few.what.size / ZC_BENCH_PIECE)
                       : -1;
    return 0;
}

int zc_bench_small_run(struct zc_bench_small *s, struct zc_err *err)
{
    zc_auto_free struct runs *all = calloc(ZC_BENCH_WAYS, sizeof *all);
    const double files = (double)(s->what.size / ZC_BENCH_PIECE);
    unsigned done = 0;
    if (!all)
        return zc_err_nomem(err);
    if (files < 1)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "no small file fits into what is sent: %zu bytes are "
                          "needed", ZC_BENCH_PIECE);
    if (run_rounds(s, all, &done, err))
        return -1;
    for (unsigned i = 0; i < ZC_BENCH_WAYS; i++) {
        struct zc_bench_small_way *w = &s->ways[i];
        *w = (struct zc_bench_small_way){.name = ways[i].name, .calls = -1};
        tell(s, &done);
        if (!possible(s, i))
            continue;
        if (count(s, i, &w->calls, err))
            return -1;
        double median = zc_bench_median(all[i].seconds, s->rounds);
        w->spread = zc_bench_spread(all[i].seconds, s->rounds);
        w->files_per_s = median > 0 ? files / median : 0;
        w->cpu_us = zc_bench_median(all[i].cpu_s, s->rounds) * 1e6 / files;
    }
    return 0;
}
