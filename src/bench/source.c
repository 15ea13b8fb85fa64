// SPDX-License-Identifier: GPL-2.0-or-later
/* The file that is sent; see source.h. */
#include "bench/source.h"

#include "base/io.h"
#include "bench/transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define BLOCK ((size_t)1 << 20)

/* Not in every kernel's linux/magic.h. */
#define XFS_MAGIC 0x58465342
#define ZFS_MAGIC 0x2fc12fc1

/* Fills BLOCK bytes; each call goes on (xorshift64*, Vigna 2016). */
static void scramble(uint64_t *block, uint64_t *state)
{
    for (size_t i = 0; i < BLOCK / sizeof *block; i++) {
        *state ^= *state >> 12;
        *state ^= *state << 25;
        *state ^= *state >> 27;
        block[i] = *state * 0x2545f4914f6cdd1dULL;
    }
}

static int fill(int fd, uint64_t size)
{
    zc_auto_free uint64_t *block = malloc(BLOCK);
    uint64_t state = 88172645463325252ULL;
    if (!block)
        return -1;
    for (uint64_t at = 0; at < size; at += BLOCK) {
        scramble(block, &state);
        if (zc_io_pwrite(fd, block, (size_t)ZC_MIN(size - at, (uint64_t)BLOCK),
                         (off_t)at))
            return -1;
    }
    return fdatasync(fd);
}

int zc_bench_source_fill(int fd, const char *dir, uint64_t size,
                         struct zc_err *err)
{
    return fill(fd, size)
               ? zc_err_set(err, ZC_EXIT_FILEIO, errno,
                            "%.900s: cannot write %llu bytes there", dir,
                            (unsigned long long)size)
               : 0;
}

int zc_bench_source_make(const char *dir, uint64_t size, struct zc_err *err)
{
    int fd = zc_bench_nameless(dir);
    if (fd < 0)
        return zc_err_set(err, ZC_EXIT_FILEIO, errno,
                          "%.900s: cannot make a file there", dir);
    if (zc_bench_source_fill(fd, dir, size, err))
        zc_close(&fd);
    return fd;
}

static int warm(int fd)
{
    zc_auto_free uint8_t *block = malloc(BLOCK);
    ssize_t r;
    off_t at = 0;
    if (!block)
        return -1;
    while ((r = zc_io_pread(fd, block, BLOCK, at)) > 0)
        at += r;
    return r < 0 ? -1 : 0;
}

int zc_bench_source_open(const char *path, uint64_t *size, struct zc_err *err)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st)) {
        zc_err_set(err, ZC_EXIT_SELECT, errno, "%.900s: cannot be read", path);
    } else if (!S_ISREG(st.st_mode) || !st.st_size) {
        zc_err_set(err, ZC_EXIT_SELECT, 0, "%.900s is %s", path,
                   S_ISREG(st.st_mode) ? "empty" : "not a file");
    } else if (warm(fd)) {
        zc_err_set(err, ZC_EXIT_SELECT, errno, "%.900s: cannot be read", path);
    } else {
        *size = (uint64_t)st.st_size;
        return fd;
    }
    zc_close(&fd);
    return -1;
}

const char *zc_bench_fs_name(const char *dir)
{
    static const struct {
        unsigned long magic;
        const char *name;
    } known[] = {{EXT4_SUPER_MAGIC, "ext4"},
                 {XFS_MAGIC, "xfs"},
                 {BTRFS_SUPER_MAGIC, "btrfs"},
                 {TMPFS_MAGIC, "tmpfs"},
                 {F2FS_SUPER_MAGIC, "f2fs"},
                 {ZFS_MAGIC, "zfs"},
                 {NFS_SUPER_MAGIC, "nfs"},
                 {OVERLAYFS_SUPER_MAGIC, "overlayfs"}};
    struct statfs fs;
    if (!statfs(dir, &fs))
        for (size_t i = 0; i < ZC_ARRAY_LEN(known); i++)
            if ((unsigned long)fs.f_type == known[i].magic)
                return known[i].name;
    return "another file system";
}
