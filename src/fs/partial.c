// SPDX-License-Identifier: GPL-2.0-or-later
/* Files that came in part; see partial.h. */
#include "fs/partial.h"

#include "base/vec.h"
#include "fs/rootdir.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <xxhash.h>

#define AGE_S (7 * 86400)
#define PART_OF_DISK 10
#define COUNT_MAX 1000

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
    return strlen(name) == ZC_PARTIAL_KEY_SIZE - 1 &&
           strspn(name, "0123456789abcdef") == ZC_PARTIAL_KEY_SIZE - 1;
}

/* An fd of its own on DIRFD, as closedir closes it. */
static DIR *open_list(int dirfd)
{
    int fd = zc_root_open_dir(dirfd, "");
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir)
        zc_close(&fd);
    return dir;
}

/* --- keeping ------------------------------------------------------------- */

static int make_folder(int folder)
{
    int fd = zc_dir_open(folder, ZC_PARTIALS);
    if (fd < 0 && errno == ENOENT && !mkdirat(folder, ZC_PARTIALS, 0700))
        fd = zc_dir_open(folder, ZC_PARTIALS);
    return fd;
}

/* TMP in SESSION is worth more than what there is under KEY. */
static bool is_better(int session, const char *tmp, int to, const char *key)
{
    struct zc_stat new, old;
    if (zc_stat_at(session, tmp, &new) || !S_ISREG(new.mode) || !new.blocks)
        return false;
    return zc_stat_at(to, key, &old) || old.blocks <= new.blocks;
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

/* --- removing ------------------------------------------------------------ */

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

void zc_partials_prune(int folder, int64_t now_s)
{
    int keep = errno;
    zc_auto_close int fd = zc_dir_open(folder, ZC_PARTIALS);
    struct statvfs fs;
    partials v = {0};
    uint64_t most = UINT64_MAX, sum = 0;
    if (fd >= 0)
        list(fd, &v);
    if (v.len && !fstatvfs(fd, &fs))
        most = (uint64_t)fs.f_blocks * fs.f_frsize / PART_OF_DISK;
    if (v.len)
        qsort(v.v, v.len, sizeof *v.v, by_age);
    for (size_t i = 0; i < v.len; i++) {
        sum += v.v[i].bytes;
        if (i >= COUNT_MAX || sum > most ||
            v.v[i].since < now_s - AGE_S)
            unlinkat(fd, v.v[i].key, 0);
    }
    zc_vec_fini(&v);
    errno = keep;
}

/* --- using --------------------------------------------------------------- */

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
