// SPDX-License-Identifier: GPL-2.0-or-later
/* A few bytes of a file; see samples.h. */
#include "sender/samples.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/xxh.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define SAMPLES 16
#define BYTES ((uint64_t)4096)
/* Who writes to it now and then will do so again. */
#define LATELY_NS (10 * ZC_NSEC_PER_SEC)
#define TRIES 5

/* Some of the first SIZE bytes, from the first to the last. */
static bool sum_of(int fd, uint64_t size, uint64_t *sum)
{
    uint8_t bytes[SAMPLES * BYTES];
    size_t n = 0;
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM); /* nor more than that */
    for (uint64_t i = 0; i < SAMPLES; i++) {
        uint64_t last = size > BYTES ? size - BYTES : 0;
        uint64_t at = last / (SAMPLES - 1) * i;
        if (i == SAMPLES - 1)
            at = last;
        size_t want = (size_t)ZC_MIN(BYTES, size - at);
        /* What is read of space that is not written yet counts as data then. */
        if (lseek(fd, (off_t)at, SEEK_DATA) != (off_t)at) {
            memset(bytes + n, 0, want);
            n += want;
            continue;
        }
        if (zc_io_pread(fd, bytes + n, want, (off_t)at) != (ssize_t)want)
            return false;
        n += want;
    }
    *sum = XXH3_64bits(bytes, n);
    return true;
}

static bool may_change(enum zc_lease lease, const struct zc_stat *st)
{
    int64_t changed = st->ctime_s * ZC_NSEC_PER_SEC + st->ctime_ns;
    return lease != ZC_LEASE_HELD || changed > zc_clock_wall_ns() - LATELY_NS;
}

int zc_samples_take(struct zc_samples *s, int fd, enum zc_lease lease,
                    struct zc_stat *st)
{
    struct zc_stat now;
    s->taken = false;
    if (zc_stat_at(fd, "", &now))
        return -1;
    *st = now;
    /* One that is written to all the time is a log, if it does not become
     * shorter. */
    for (int i = 0; i < TRIES && may_change(lease, st); i++) {
        char byte;
        *st = now;
        if (lease != ZC_LEASE_HELD) {
            zc_write_barrier(fd);
            (void)!pread(fd, &byte, 1, 0); /* what xfs needs for that */
        }
        bool read = sum_of(fd, st->size, &s->sum);
        if (zc_stat_at(fd, "", &now))
            return -1;
        s->taken = read && now.size >= st->size;
        if (zc_stat_same_version(st, &now))
            break;
    }
    return 0;
}

bool zc_samples_same(const struct zc_samples *s, int fd, uint64_t size)
{
    uint64_t sum;
    return s->taken && sum_of(fd, size, &sum) && sum == s->sum;
}
