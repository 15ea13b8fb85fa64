// SPDX-License-Identifier: GPL-2.0-or-later
/* Pages in memory, by mincore(2); see cached.h. */
#include "fs/cached.h"

#include "base/vec.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* Bytes that are asked about at a time. */
#define WINDOW ((uint64_t)1 << 30)
/* A file in more pieces than that is left alone behind them. */
#define RUNS_MAX 65536

struct run {
    uint64_t start, end; /* bytes, of whole pages */
};

struct zc_cached {
    ZC_VEC(struct run) there; /* in order */
};

/* Where a run is over. -1: memory, or too many of them. */
static int add_page(struct zc_cached *c, uint64_t start, uint64_t page)
{
    struct run *last = c->there.len ? &c->there.v[c->there.len - 1] : NULL;
    if (last && last->end == start) {
        last->end += page;
        return 0;
    }
    struct run run = {start, start + page};
    return c->there.len == RUNS_MAX ? -1 : zc_vec_push(&c->there, run);
}

/* The pages of [START, END) of FD, which begins with one. 0, or -1. */
static int look_at(struct zc_cached *c, int fd, uint64_t start, uint64_t end)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    size_t n = (size_t)(end - start);
    size_t pages = (size_t)((n + page - 1) / page);
    zc_auto_free unsigned char *vec = malloc(pages);
    void *map = vec ? mmap(NULL, n, PROT_READ, MAP_SHARED, fd, (off_t)start)
                    : MAP_FAILED;
    if (map == MAP_FAILED)
        return -1;
    int r = mincore(map, n, vec);
    munmap(map, n);
    for (size_t i = 0; !r && i < pages; i++)
        if (vec[i] & 1)
            r = add_page(c, start + i * page, page);
    return r;
}

/* All that is behind START counts as having been there. */
static void cap(struct zc_cached *c, uint64_t start)
{
    struct run rest = {start, UINT64_MAX};
    if (c->there.len)
        c->there.v[c->there.len - 1].end = UINT64_MAX;
    else if (zc_vec_push(&c->there, rest))
        errno = 0; /* no memory, and nothing known: all of it is dropped */
}

struct zc_cached *zc_cached_look(int fd)
{
    struct stat st;
    if (fstat(fd, &st) || !S_ISREG(st.st_mode) || !st.st_size)
        return NULL;
    struct zc_cached *c = calloc(1, sizeof *c);
    uint64_t size = (uint64_t)st.st_size;
    for (uint64_t at = 0; c && at < size; at += WINDOW)
        if (look_at(c, fd, at, ZC_MIN(size, at + WINDOW))) {
            cap(c, at);
            break;
        }
    return c;
}

static void drop(int fd, uint64_t start, uint64_t end)
{
    off_t n = end == UINT64_MAX ? 0 : (off_t)(end - start); /* 0: to the end */
    if (start < end)
        (void)posix_fadvise(fd, (off_t)start, n, POSIX_FADV_DONTNEED);
}

static void drop_gaps(const struct zc_cached *c, int fd, uint64_t start,
                      uint64_t end)
{
    for (size_t i = 0; i < c->there.len && start < end; i++) {
        const struct run *run = &c->there.v[i];
        if (run->end <= start)
            continue;
        drop(fd, start, ZC_MIN(run->start, end));
        start = run->end;
    }
    drop(fd, start, end);
}

void zc_cached_shed(const struct zc_cached *c, int fd, uint64_t offset,
                    uint64_t n)
{
    if (c)
        drop_gaps(c, fd, offset, offset + n);
}

void zc_cached_leave(struct zc_cached *c, int fd)
{
    int keep = errno;
    if (c && fd >= 0)
        drop_gaps(c, fd, 0, UINT64_MAX);
    if (c)
        zc_vec_fini(&c->there);
    free(c);
    errno = keep;
}

void zc_cached_flush(int fd, uint64_t end)
{
    (void)sync_file_range(fd, 0, (off_t)end, SYNC_FILE_RANGE_WRITE);
    (void)posix_fadvise(fd, 0, (off_t)end, POSIX_FADV_DONTNEED);
}

void zc_cached_start(int fd, uint64_t offset, uint64_t n)
{
    (void)sync_file_range(fd, (off_t)offset, (off_t)n, SYNC_FILE_RANGE_WRITE);
}

int zc_cached_forget(int fd)
{
    if (sync_file_range(fd, 0, 0,
                        SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
                            SYNC_FILE_RANGE_WAIT_AFTER)) {
        /* Not every file system has it, and this makes the disk empty its own
         * cache, once for each file. */
        if ((errno != ENOSYS && errno != ESPIPE && errno != EINVAL) ||
            fdatasync(fd))
            return -1;
    }
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    return 0;
}
