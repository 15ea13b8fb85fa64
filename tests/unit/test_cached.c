// SPDX-License-Identifier: GPL-2.0-or-later
/* What of a file was in memory before it was read, is afterwards; and nothing else.
 * What was written to it leaves when it is on the disk. */
#include "fs/cached.h"

#include "../tap.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define PAGES 1000u
#define PAGE 4096u

static char map[PAGES + 1]; /* 'x' for a page that is in memory, else '.' */

static const char *in_memory(int fd)
{
    unsigned char vec[PAGES];
    void *p = mmap(NULL, PAGES * PAGE, PROT_READ, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED || mincore(p, PAGES * PAGE, vec))
        skip_all("mincore: %s", strerror(errno));
    munmap(p, PAGES * PAGE);
    for (size_t i = 0; i < PAGES; i++)
        map[i] = vec[i] & 1 ? 'x' : '.';
    return map;
}

static unsigned count(int fd)
{
    unsigned n = 0;
    for (const char *p = in_memory(fd); *p; p++)
        n += *p == 'x';
    return n;
}

static void drop(int fd)
{
    if (fdatasync(fd) || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED))
        skip_all("%s", strerror(errno));
}

static void read_all(int fd)
{
    static char buf[PAGE];
    for (unsigned i = 0; i < PAGES; i++)
        if (pread(fd, buf, PAGE, (off_t)i * PAGE) != (ssize_t)PAGE)
            skip_all("a short read");
}

/* Some pages here and there, alone. */
static void warm(int fd, const unsigned *v, size_t n)
{
    char byte;
    drop(fd);
    posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
    for (size_t i = 0; i < n; i++)
        if (pread(fd, &byte, 1, (off_t)v[i] * PAGE) != 1)
            skip_all("a short read");
    posix_fadvise(fd, 0, 0, POSIX_FADV_NORMAL);
}

static void comes_back(int fd, const char *what, const unsigned *v, size_t n)
{
    char before[PAGES + 1];
    warm(fd, v, n);
    strcpy(before, in_memory(fd));
    struct zc_cached *c = zc_cached_look(fd);
    read_all(fd);
    is_int(count(fd), PAGES, "%s: all of it is read", what);
    errno = EXDEV;
    zc_cached_leave(c, fd);
    is_int(errno, EXDEV, "%s: errno stays", what);
    is_str(in_memory(fd), before, "%s: as it was", what);
}

/* Of pages that the kernel keeps in groups, those stay of which a part does. */
static void in_parts(int fd)
{
    static const unsigned some[] = {3, 4, 5, 600};
    warm(fd, some, ZC_ARRAY_LEN(some));
    struct zc_cached *c = zc_cached_look(fd);
    read_all(fd);
    zc_cached_shed(c, fd, 0, 500 * PAGE);
    unsigned left = count(fd);
    ok(left >= 503 && left < 700, "a part of it: %u are left", left);
    ok(!strncmp(map + 3, "xxx", 3), "what was there stays");
    zc_cached_shed(c, fd, 4 * PAGE, PAGE);
    is_int(count(fd), left, "nothing but that");
    zc_cached_shed(NULL, fd, 0, PAGES * PAGE);
    is_int(count(fd), left, "nothing was looked at");
    zc_cached_shed(c, fd, 500 * PAGE, 500 * PAGE);
    ok(count(fd) < 200 && map[600] == 'x', "the other end: %u are left",
       count(fd));
    zc_cached_leave(c, fd);
    is_int(count(fd), 4, "all of it");
}

static void written(int fd)
{
    static char page[PAGE];
    drop(fd);
    for (unsigned i = 0; i < PAGES; i++)
        if (pwrite(fd, page, PAGE, (off_t)i * PAGE) != (ssize_t)PAGE)
            skip_all("cannot write");
    is_int(count(fd), PAGES, "what is written is in memory");
    is_int(zc_cached_forget(fd), 0, "to the disk");
    is_int(count(fd), 0, "and out of it");
    zc_cached_flush(fd, PAGES * PAGE);
    is_int(count(fd), 0, "nothing is on its way");
}

static void others(void)
{
    int p[2];
    ok(!pipe(p) && !zc_cached_look(p[0]), "a pipe");
    ok(zc_cached_forget(p[1]), "... is not written to a disk");
    zc_cached_leave(NULL, p[0]);
    close(p[0]);
    close(p[1]);
    ok(!zc_cached_look(-1), "no file");
    is_int(zc_cached_forget(-1), -1, "...");
    is_int(errno, EBADF, "says so");
}

int main(void)
{
    static const unsigned first[] = {0}, last[] = {PAGES - 1},
                          some[] = {1, 2, 3, 17, 400, 401, 999};
    char path[] = "/var/tmp/zcsync-cached-XXXXXX";
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        skip_all("no file in /var/tmp");
    unlink(path);
    ok(!zc_cached_look(fd), "an empty file");
    if (ftruncate(fd, PAGES * PAGE))
        skip_all("no room");
    written(fd);
    warm(fd, NULL, 0);
    if (count(fd))
        skip_all("files cannot be kept out of memory here");
    comes_back(fd, "nothing", NULL, 0);
    comes_back(fd, "the first page", first, 1);
    comes_back(fd, "the last page", last, 1);
    comes_back(fd, "some pages", some, ZC_ARRAY_LEN(some));
    in_parts(fd);
    read_all(fd);
    struct zc_cached *c = zc_cached_look(fd);
    zc_cached_leave(c, fd);
    is_int(count(fd), PAGES, "all of it was there");
    close(fd);
    others();
    return done_testing();
}
