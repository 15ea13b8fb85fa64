// SPDX-License-Identifier: GPL-2.0-or-later
/* Files that came in part; see partial.h. */
#include "fs/partial.h"

#include "base/hex.h"
#include "base/vec.h"
#include "fs/rootdir.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <xxhash.h>

#define PART_OF_DISK 10
#define COUNT_MAX 1000
#define EXTENTS_MAX 10000 /* of a file, that are counted */

struct partial {
    char key[ZC_PARTIAL_KEY_SIZE];
    int64_t since; /* ctime: the time of a file may be the source's */
    uint64_t bytes;
};
typedef ZC_VEC(struct partial) partials;

void zc_partial_key(const char *path, char key[ZC_PARTIAL_KEY_SIZE])
{
    XXH128_hash_t h = XXH3_128bits(path, strlen(path));
    snprintf(key, ZC_PARTIAL_KEY_SIZE, "%016llx%016llx",
             (unsigned long long)h.high64, (unsigned long long)h.low64);
}

void zc_partial_tmp(const char *path, char tmp[ZC_PARTIAL_TMP_SIZE])
{
    tmp[0] = 'p';
    tmp[1] = '-';
    zc_partial_key(path, tmp + 2);
}

static bool is_key(const char *name)
{
    return zc_hex_is(name, ZC_PARTIAL_KEY_SIZE - 1);
}

/* An fd of its own on DIRFD, as closedir closes it. */
static DIR *open_list(int dirfd)
{
    return zc_dir_list(zc_root_open_dir(dirfd, ""));
}

/* --- keeping --- */

static int make_folder(int folder)
{
    int fd = zc_dir_open(folder, ZC_PARTIALS);
    if (fd < 0 && errno == ENOENT && !mkdirat(folder, ZC_PARTIALS, 0700))
        fd = zc_dir_open(folder, ZC_PARTIALS);
    return fd;
}

/* How many bytes of the file NAME were written: neither holes nor what is only
 * allocated; 0: there are none, or no such file. */
static uint64_t written(int dirfd, const char *name)
{
    struct zc_stat st;
    off_t at, end = 0;
    uint64_t sum = 0;
    zc_auto_close int fd = zc_file_open(dirfd, name, O_RDONLY, 0);
    if (fd < 0 || zc_stat_at(fd, "", &st) || !S_ISREG(st.mode))
        return 0;
    for (int i = 0; i < EXTENTS_MAX; i++) {
        if ((at = lseek(fd, end, SEEK_DATA)) < 0 ||
            (end = lseek(fd, at, SEEK_HOLE)) <= at)
            break;
        sum += (uint64_t)(end - at);
    }
    return sum;
}

/* TMP in SESSION is worth more than what there is under KEY. */
static bool is_better(int session, const char *tmp, int to, const char *key)
{
    uint64_t n = written(session, tmp);
    return n && n >= written(to, key);
}

void zc_partials_salvage(int folder, int session)
{
    int keep = errno, to = -1;
    DIR *dir = open_list(session);
    const struct dirent *e;
    while (dir && (e = readdir(dir))) {
        const char *key = e->d_name + 2;
        if (strncmp(e->d_name, "p-", 2) || !is_key(key))
            continue;
        if (to < 0 && (to = make_folder(folder)) < 0)
            break;
        if (is_better(session, e->d_name, to, key) &&
            !fchmodat(session, e->d_name, 0600, 0))
            renameat(session, e->d_name, to, key);
    }
    if (dir)
        closedir(dir);
    zc_close(&to);
    errno = keep;
}

/* --- removing --- */

/* The newest first. */
static int by_age(const void *a, const void *b)
{
    const struct partial *x = a, *y = b;
    return x->since > y->since ? -1 : x->since < y->since;
}

/* What is in FD, which may not be there; what is no partial goes at once. */
static void list(int fd, partials *v)
{
    DIR *dir = open_list(fd);
    const struct dirent *e;
    struct zc_stat st;
    while (dir && (e = readdir(dir))) {
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
            continue;
        struct partial p = {{0}, 0, 0};
        if (!is_key(e->d_name) || zc_stat_at(fd, e->d_name, &st)) {
            unlinkat(fd, e->d_name, 0);
            continue;
        }
        memcpy(p.key, e->d_name, ZC_PARTIAL_KEY_SIZE);
        p.since = st.ctime_s;
        p.bytes = st.blocks * 512;
        if (!S_ISREG(st.mode) || zc_vec_push(v, p))
            unlinkat(fd, e->d_name, 0);
    }
    if (dir)
        closedir(dir);
}

void zc_partials_prune(int folder, const struct zc_partial_limits *limits,
                       int64_t now_s)
{
    int keep = errno;
    zc_auto_close int fd = zc_dir_open(folder, ZC_PARTIALS);
    struct statvfs fs;
    partials v = {0};
    uint64_t most = limits->bytes ? limits->bytes : UINT64_MAX, sum = 0;
    int64_t age = limits->age_s ? limits->age_s : ZC_PARTIAL_AGE_S;
    if (fd >= 0)
        list(fd, &v);
    if (v.len && !limits->bytes && !fstatvfs(fd, &fs))
        most = (uint64_t)fs.f_blocks * fs.f_frsize / PART_OF_DISK;
    if (v.len)
        qsort(v.v, v.len, sizeof *v.v, by_age);
    for (size_t i = 0; i < v.len; i++) {
        sum += v.v[i].bytes;
        if (i >= COUNT_MAX || sum > most || limits->none ||
            v.v[i].since < now_s - age)
            unlinkat(fd, v.v[i].key, 0);
    }
    zc_vec_fini(&v);
    errno = keep;
}

/* --- using --- */

int zc_partial_open(int dirfd, const char *path, struct zc_stat *st)
{
    char key[ZC_PARTIAL_KEY_SIZE];
    zc_partial_key(path, key);
    int fd = zc_file_open(dirfd, key, O_RDONLY, 0);
    if (fd >= 0 && (zc_stat_at(fd, "", st) || !S_ISREG(st->mode)))
        zc_close(&fd);
    return fd;
}

void zc_partial_remove(int dirfd, const char *path)
{
    char key[ZC_PARTIAL_KEY_SIZE];
    int keep = errno;
    zc_partial_key(path, key);
    unlinkat(dirfd, key, 0);
    errno = keep;
}
