// SPDX-License-Identifier: GPL-2.0-or-later
/* Folders of the trash, and how they go; see trash.h. */
#include "fs/trash.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/util.h"
#include "fs/remove.h"
#include "fs/rootdir.h"
#include "fs/staging.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#define TRASH "trash"
#define DATE "%Y-%m-%dT%H-%M-%SZ"
/* Folders of so many seconds may follow each other closely. */
#define TRIES 1000
/* The name of the file with a folder's size. */
#define SIZE_SUFFIX ".size"
#define SIZE_NAME (ZC_TRASH_DATE_SIZE + sizeof SIZE_SUFFIX)

/* --- names --- */

void zc_trash_name(int64_t t, char name[ZC_TRASH_DATE_SIZE])
{
    struct tm tm;
    time_t when = (time_t)t;
    if (!gmtime_r(&when, &tm) ||
        !strftime(name, ZC_TRASH_DATE_SIZE, DATE, &tm))
        *name = '\0';
}

int64_t zc_trash_time(const char *name)
{
    struct tm tm = {0};
    char again[ZC_TRASH_DATE_SIZE];
    const char *end = strptime(name, DATE, &tm);
    if (!end || *end)
        return -1;
    int64_t t = timegm(&tm);
    zc_trash_name(t, again); /* strptime takes much for a date */
    return t >= 0 && !strcmp(again, name) ? t : -1;
}

static void size_name(int64_t t, char name[SIZE_NAME])
{
    char date[ZC_TRASH_DATE_SIZE];
    zc_trash_name(t, date);
    snprintf(name, SIZE_NAME, "%s" SIZE_SUFFIX, date);
}

/* --- folders --- */

int zc_trash_open(int root, bool make)
{
    struct stat st;
    int fd = zc_staging_folder(root, TRASH, false);
    if (fd >= 0 || errno != ENOENT || !make || fstat(root, &st))
        return fd;
    fd = zc_staging_folder(root, TRASH, true);
    int eno = errno;
    const struct timespec times[2] = {st.st_atim, st.st_mtim};
    (void)futimens(root, times);
    errno = eno;
    return fd;
}

static int compare_times(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

int zc_trash_list(int trash, zc_trash_dates *dates)
{
    DIR *dir = zc_dir_list(zc_root_open_dir(trash, ""));
    if (!dir)
        return -1;
    int bad = 0;
    const struct dirent *e;
    while (!bad && (e = readdir(dir))) {
        int64_t t = zc_trash_time(e->d_name);
        bad = t >= 0 && zc_vec_push(dates, t);
    }
    closedir(dir);
    if (dates->len)
        qsort(dates->v, dates->len, sizeof *dates->v, compare_times);
    return bad ? -1 : 0;
}

int zc_trash_make(int trash, int64_t now, int64_t *t)
{
    char name[ZC_TRASH_DATE_SIZE];
    for (int i = 0; i < TRIES; i++) {
        *t = now + i;
        zc_trash_name(*t, name);
        if (!mkdirat(trash, name, 0700))
            return zc_dir_open(trash, name);
        if (errno != EEXIST)
            return -1;
    }
    return -1;
}

int zc_trash_folder(int trash, int64_t t)
{
    char name[ZC_TRASH_DATE_SIZE];
    zc_trash_name(t, name);
    return zc_dir_open(trash, name);
}

/* --- what goes --- */

struct pruning {
    int trash;
    int64_t until;
    bool over; /* it took too long */
    uint64_t bytes;
};

/* Nothing more is done, where it is too late. */
static bool is_over(void *arg, const char *path, bool is_dir)
{
    struct pruning *p = arg;
    (void)path, (void)is_dir;
    p->over = p->over || zc_clock_ns() > p->until;
    return p->over;
}

static void add_size(void *arg, const char *path, bool is_dir)
{
    struct pruning *p = arg;
    struct stat st;
    (void)is_dir;
    if (!fstatat(p->trash, path, &st, AT_SYMLINK_NOFOLLOW))
        p->bytes += (uint64_t)st.st_blocks * 512;
}

static void remove_folder(struct pruning *p, int64_t t)
{
    const struct zc_remove_ops ops = {.keep = is_over,
                                      .unseal = true,
                                      .arg = p};
    char name[ZC_TRASH_DATE_SIZE], size[SIZE_NAME];
    zc_trash_name(t, name);
    size_name(t, size);
    if (zc_remove_tree(p->trash, name, name, &ops) == 0)
        unlinkat(p->trash, size, 0);
}

/* What is written down of the folder of T; false: nothing. */
static bool read_size(const struct pruning *p, int64_t t, uint64_t *bytes)
{
    char name[SIZE_NAME], text[32] = "";
    size_name(t, name);
    zc_auto_close int fd = zc_file_open(p->trash, name, O_RDONLY, 0);
    if (fd < 0 || zc_io_pread(fd, text, sizeof text - 1, 0) <= 0)
        return false;
    char *end;
    errno = 0;
    *bytes = strtoull(text, &end, 10);
    return end != text && *end == '\n' && !errno;
}

static void write_size(const struct pruning *p, int64_t t, uint64_t bytes)
{
    char name[SIZE_NAME], text[32];
    size_name(t, name);
    unlinkat(p->trash, name, 0);
    zc_auto_close int fd = zc_file_open(p->trash, name,
                                        O_WRONLY | O_CREAT | O_EXCL, 0600);
    int n = snprintf(text, sizeof text, "%llu\n", (unsigned long long)bytes);
    if (fd >= 0)
        (void)zc_io_pwrite(fd, text, (size_t)n, 0);
}

/* The bytes in the folder of T, or some of them, where it is too late. */
static uint64_t measure(struct pruning *p, int64_t t, int64_t now)
{
    const struct zc_remove_ops ops = {.keep = is_over,
                                      .done = add_size,
                                      .arg = p};
    char name[ZC_TRASH_DATE_SIZE];
    uint64_t bytes;
    if (read_size(p, t, &bytes))
        return bytes;
    p->bytes = 0;
    zc_trash_name(t, name);
    zc_count_tree(p->trash, name, name, &ops, UINT64_MAX);
    /* A session may have it open for as long again. */
    if (!p->over && now - t > 2 * ZC_TRASH_SPAN)
        write_size(p, t, p->bytes);
    return p->bytes;
}

/* How many bytes have to go, of USED ones. */
static uint64_t excess(int trash, const struct zc_trash_limits *l,
                       uint64_t used)
{
    struct statvfs fs;
    if (l->size)
        return used > l->size ? used - l->size : 0;
    if (fstatvfs(trash, &fs) || fs.f_bavail >= fs.f_blocks / 10)
        return 0;
    return (uint64_t)(fs.f_blocks / 10 - fs.f_bavail) * fs.f_frsize;
}

static bool is_old(const struct zc_trash_limits *l, int64_t t, int64_t now)
{
    return now - t > l->age_s;
}

void zc_trash_prune(int trash, const struct zc_trash_limits *l, int64_t now,
                    int64_t until, bool look)
{
    struct pruning p = {.trash = trash, .until = until};
    zc_trash_dates dates = {0};
    uint64_t used = 0;
    size_t old = 0;
    if (zc_trash_list(trash, &dates))
        goto out;
    while (old < dates.len && is_old(l, dates.v[old], now) && !p.over)
        remove_folder(&p, dates.v[old++]);
    if (!look)
        goto out;
    for (size_t i = old; i < dates.len && l->size && !p.over; i++)
        used += measure(&p, dates.v[i], now);
    /* What a removed file has freed, some file systems do not say for a
     * while. */
    uint64_t more = excess(trash, l, used);
    for (size_t i = old; i < dates.len && more && !p.over; i++) {
        uint64_t bytes = measure(&p, dates.v[i], now);
        remove_folder(&p, dates.v[i]);
        more -= ZC_MIN(more, bytes);
    }
out:
    zc_vec_fini(&dates);
}
