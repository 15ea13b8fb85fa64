// SPDX-License-Identifier: GPL-2.0-or-later
/* Markers of what may not be durable; see unsynced.h. */
#include "fs/unsynced.h"

#include "base/clock.h"
#include "base/hex.h"
#include "base/io.h"
#include "base/relpath.h"
#include "fs/meta.h"
#include "fs/rootdir.h"
#include "fs/staging.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <xxhash.h>

#define NAME_LEN (ZC_UNSYNCED_NAME_SIZE - 1)
/* Before the name of one that is being made. */
#define RAW "."
#define RAW_SIZE (sizeof RAW - 1 + ZC_UNSYNCED_NAME_SIZE)

/* --- the text --- */

#define TITLE "zcsync unsynced 1\n"
#define SUM_AT (ZC_UNSYNCED_TEXT - (sizeof "sum \n" - 1) - 16)

void zc_unsynced_format(const struct zc_unsynced_mark *m,
                        char out[ZC_UNSYNCED_TEXT + 1])
{
    char boot[2 * ZC_UNSYNCED_ID_SIZE + 1], writer[sizeof boot];
    zc_hex_put(boot, m->boot, ZC_UNSYNCED_ID_SIZE);
    zc_hex_put(writer, m->writer, ZC_UNSYNCED_ID_SIZE);
    snprintf(out, SUM_AT + 1, TITLE "boot %s\nwriter %s\nsince %020" PRIu64
             ".%09u\n", boot, writer, (uint64_t)m->since.s, m->since.ns);
    snprintf(out + SUM_AT, ZC_UNSYNCED_TEXT + 1 - SUM_AT,
             "sum %016" PRIx64 "\n", (uint64_t)XXH3_64bits(out, SUM_AT));
}

static bool take_word(const char **at, const char *word)
{
    size_t n = strlen(word);
    bool is = !memcmp(*at, word, n);
    *at += n;
    return is;
}

static bool take_hex(const char **at, uint8_t *bytes, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < 2 * n; i++, ++*at) {
        const char *d = memchr(digits, **at, sizeof digits - 1);
        if (!d)
            return false;
        bytes[i / 2] = (uint8_t)(bytes[i / 2] << 4 | (d - digits));
    }
    return true;
}

static bool take_number(const char **at, size_t n, uint64_t max,
                        uint64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < n; i++, ++*at) {
        if (**at < '0' || **at > '9')
            return false;
        uint64_t digit = (uint64_t)(**at - '0');
        if (*value > (max - digit) / 10)
            return false;
        *value = 10 * *value + digit;
    }
    return true;
}

int zc_unsynced_parse(const char *text, size_t n, struct zc_unsynced_mark *m)
{
    uint64_t s, ns;
    uint8_t sum[8];
    XXH64_canonical_t right;
    const char *at = text;
    *m = (struct zc_unsynced_mark){0};
    if (n != ZC_UNSYNCED_TEXT)
        return -1;
    bool ok = take_word(&at, TITLE "boot ") &&
              take_hex(&at, m->boot, sizeof m->boot) &&
              take_word(&at, "\nwriter ") &&
              take_hex(&at, m->writer, sizeof m->writer) &&
              take_word(&at, "\nsince ") &&
              take_number(&at, 20, INT64_MAX, &s) && take_word(&at, ".") &&
              take_number(&at, 9, 999999999, &ns) &&
              take_word(&at, "\nsum ") && take_hex(&at, sum, sizeof sum) &&
              take_word(&at, "\n");
    if (!ok)
        return -1;
    XXH64_canonicalFromHash(&right, XXH3_64bits(text, SUM_AT));
    m->since = (struct zc_moment){(int64_t)s, (uint32_t)ns};
    return memcmp(sum, right.digest, sizeof sum) ? -1 : 0;
}

/* --- the folder --- */

/* A copy may be a work tree of git's, which shows every file that it does not know;
 * empty directories, as our other ones mostly are, it does not show. */
#define HIDDEN ".gitignore"

/* No more than a courtesy. */
static void hide(int folder)
{
    static const char all[] = "*\n";
    zc_auto_close int fd = zc_file_open(folder, HIDDEN,
                                        O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (fd >= 0)
        (void)zc_io_write(fd, all, sizeof all - 1);
}

/* FOLDER may go once no marker is in it, finished or not. */
static void unhide(int folder)
{
    DIR *dir = zc_dir_list(zc_root_open_dir(folder, ""));
    const struct dirent *e;
    bool others = !dir;
    while (!others && (e = readdir(dir)))
        others = strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
                 strcmp(e->d_name, HIDDEN) != 0;
    if (dir)
        closedir(dir);
    if (!others)
        unlinkat(folder, HIDDEN, 0);
}

/* --- what others have left --- */

void zc_unsynced_left_fini(struct zc_unsynced_left *l)
{
    zc_vec_fini(&l->dead);
    *l = (struct zc_unsynced_left){0};
}

static bool is_raw(const char *name)
{
    return !strncmp(name, RAW, sizeof RAW - 1) &&
           zc_hex_is(name + sizeof RAW - 1, NAME_LEN);
}

static void doubt(struct zc_unsynced_left *l, struct zc_moment since)
{
    bool earlier = since.s < l->since.s ||
                   (since.s == l->since.s && since.ns < l->since.ns);
    if (!l->doubts || earlier)
        l->since = since;
    l->doubts = true;
}

static void doubt_all(struct zc_unsynced_left *l)
{
    doubt(l, (struct zc_moment){0});
}

void zc_unsynced_merge(struct zc_unsynced_left *l,
                       const struct zc_unsynced_left *of)
{
    if (of->doubts)
        doubt(l, of->since);
    l->alive |= of->alive;
}

/* Nobody holds FD, or that cannot be found out. Others may look, too, and none
 * of them is to take another for the owner. */
static bool is_dead(int fd)
{
    int r;
    do
        r = flock(fd, LOCK_SH | LOCK_NB);
    while (r && errno == EINTR);
    return !r || errno != EWOULDBLOCK;
}

/* The marker FD is dead. A time that is still to come was set by another clock:
 * what was written since may have any. */
static void bury(int fd, const char *name, struct zc_unsynced_left *l)
{
    char text[ZC_UNSYNCED_TEXT + 1];
    struct zc_unsynced_dead d = {.readable = false};
    memcpy(d.name, name, sizeof d.name);
    ssize_t n = zc_io_pread(fd, text, sizeof text, 0);
    d.readable = n >= 0 && !zc_unsynced_parse(text, (size_t)n, &d.mark);
    if (d.readable && d.mark.since.s <= zc_clock_wall_ns() / ZC_NSEC_PER_SEC)
        doubt(l, d.mark.since);
    else
        doubt_all(l);
    if (zc_vec_push(&l->dead, d)) /* it stays, and doubts go on */
        doubt_all(l);
}

static void look_at(int folder, const char *name, struct zc_unsynced_left *l)
{
    struct zc_stat st;
    zc_auto_close int fd = zc_file_open(folder, name, O_RDONLY, 0);
    if (fd < 0 && errno == ENOENT)
        return;
    if (fd < 0 || zc_stat_at(fd, "", &st) || !S_ISREG(st.mode)) {
        doubt_all(l);
        return;
    }
    if (!is_dead(fd)) {
        l->alive = true;
        return;
    }
    /* Its session may have ended well in between. */
    if (!zc_stat_at(fd, "", &st) && st.nlink)
        bury(fd, name, l);
}

/* One that was never finished, and was held from its beginning. */
static void tidy_up(int folder, const char *name)
{
    zc_auto_close int fd = zc_file_open(folder, name, O_RDONLY, 0);
    if (fd >= 0 && is_dead(fd))
        unlinkat(folder, name, 0);
}

static int open_markers(int dirfd)
{
    zc_auto_close int folder = zc_dir_open(dirfd, ZC_STAGING_NAME);
    return folder < 0 ? -1 : zc_dir_open(folder, ZC_UNSYNCED);
}

/* For readdir(3). NULL: *NONE, as there is none, or errno. */
static DIR *list_markers(int dirfd, bool *none)
{
    DIR *dir = zc_dir_list(open_markers(dirfd));
    *none = !dir && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP);
    return dir;
}

void zc_unsynced_look(int base, bool foreign, bool tidy,
                      struct zc_unsynced_left *l)
{
    bool none;
    DIR *dir = list_markers(base, &none);
    if (!dir) {
        if (!none && !(foreign && (errno == EACCES || errno == EPERM)))
            doubt_all(l);
        return;
    }
    const struct dirent *e;
    while ((errno = 0, e = readdir(dir))) {
        if (zc_hex_is(e->d_name, NAME_LEN))
            look_at(dirfd(dir), e->d_name, l);
        else if (tidy && is_raw(e->d_name))
            tidy_up(dirfd(dir), e->d_name);
    }
    if (errno)
        doubt_all(l);
    closedir(dir);
}

static bool is_same_dir(int a, int b)
{
    struct stat x, y;
    return fstat(a, &x) || fstat(b, &y) ||
           (x.st_dev == y.st_dev && x.st_ino == y.st_ino);
}

void zc_unsynced_look_above(int fd, struct zc_unsynced_left *l)
{
    struct zc_unsynced_left above = {0};
    int at = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    while (at >= 0) {
        int up = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
        bool top = up < 0 || is_same_dir(at, up);
        close(at);
        at = up;
        if (top)
            break;
        zc_unsynced_look(at, true, false, &above);
    }
    zc_close(&at);
    zc_unsynced_merge(l, &above);
    zc_unsynced_left_fini(&above);
}

size_t zc_unsynced_clear(int dirfd, const uint8_t *writer,
                         const struct zc_unsynced_left *l)
{
    zc_auto_close int folder = open_markers(dirfd);
    size_t left = 0;
    for (size_t i = 0; i < l->dead.len; i++) {
        const struct zc_unsynced_dead *d = &l->dead.v[i];
        bool goes = !writer ||
                    (d->readable &&
                     !memcmp(d->mark.writer, writer, sizeof d->mark.writer));
        left += !goes || folder < 0 ||
                (unlinkat(folder, d->name, 0) && errno != ENOENT);
    }
    if (folder >= 0)
        unhide(folder);
    return left;
}

bool zc_unsynced_any(int dirfd)
{
    bool none, any = false;
    DIR *dir = list_markers(dirfd, &none);
    if (!dir)
        return !none;
    const struct dirent *e;
    while (!any && (e = readdir(dir)))
        any = zc_hex_is(e->d_name, NAME_LEN);
    closedir(dir);
    return any;
}

/* --- one's own --- */

struct zc_unsynced {
    int fd, folder;
    char name[ZC_UNSYNCED_NAME_SIZE];
    struct zc_unsynced_mark mark;
};

/* Of others it is not known whether they keep ctimes over a power cut, by whose
 * clock those are, or what syncfs(2) does there. */
bool zc_unsynced_possible(int dirfd)
{
    struct statfs fs;
    if (fstatfs(dirfd, &fs) || faccessat(dirfd, "", W_OK | X_OK,
                                         AT_EMPTY_PATH | AT_EACCESS))
        return false;
    switch ((unsigned)fs.f_type) {
    case EXT4_SUPER_MAGIC:
    case XFS_SUPER_MAGIC:
    case BTRFS_SUPER_MAGIC:
    case F2FS_SUPER_MAGIC:
    case TMPFS_MAGIC:
    case OVERLAYFS_SUPER_MAGIC:
        return true;
    default:
        return false;
    }
}

static int write_mark(struct zc_unsynced *u)
{
    char text[ZC_UNSYNCED_TEXT + 1];
    zc_unsynced_format(&u->mark, text);
    return zc_io_pwrite(u->fd, text, ZC_UNSYNCED_TEXT, 0);
}

int zc_unsynced_now(struct zc_unsynced *u, struct zc_moment *now)
{
    struct zc_stat st;
    if (futimens(u->fd, NULL) || zc_stat_at(u->fd, "", &st))
        return -1;
    *now = (struct zc_moment){ZC_MAX(st.ctime_s, 0), st.ctime_ns};
    return 0;
}

int zc_unsynced_move(struct zc_unsynced *u, struct zc_moment since, bool sync)
{
    u->mark.since = since;
    return write_mark(u) || (sync && fdatasync(u->fd)) ? -1 : 0;
}

static bool no_locks(void)
{
    return errno == EOPNOTSUPP || errno == ENOLCK || errno == ENOSYS;
}

/* The names of directories that lead to U, too. */
static int sync_way(const struct zc_unsynced *u, int dirfd)
{
    zc_auto_close int staging = zc_dir_open(dirfd, ZC_STAGING_NAME);
    return staging < 0 || fsync(u->folder) || fsync(staging) || fsync(dirfd)
               ? -1
               : 0;
}

/* It has its name when it is held and whole, so that nobody takes it for dead. */
static int make_in(struct zc_unsynced *u, int dirfd)
{
    char raw[RAW_SIZE];
    u->folder = zc_staging_folder(dirfd, ZC_UNSYNCED, true);
    if (u->folder < 0 || zc_hex_random(u->name, NAME_LEN))
        return -1;
    hide(u->folder);
    snprintf(raw, sizeof raw, RAW "%s", u->name);
    u->fd = zc_file_open(u->folder, raw, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (u->fd < 0)
        return -1;
    bool bad = (flock(u->fd, LOCK_EX | LOCK_NB) && !no_locks()) ||
               zc_unsynced_now(u, &u->mark.since) || write_mark(u) ||
               fsync(u->fd) ||
               renameat(u->folder, raw, u->folder, u->name);
    if (!bad && !sync_way(u, dirfd))
        return 0;
    int eno = errno;
    unlinkat(u->folder, bad ? raw : u->name, 0);
    errno = eno;
    return -1;
}

struct zc_unsynced *zc_unsynced_make(int dirfd, struct zc_unsynced_mark *m)
{
    struct zc_unsynced *u = calloc(1, sizeof *u);
    if (!u)
        return NULL;
    u->fd = u->folder = -1;
    u->mark = *m;
    if (!make_in(u, dirfd)) {
        *m = u->mark;
        return u;
    }
    int eno = errno;
    zc_close(&u->fd);
    zc_close(&u->folder);
    free(u);
    errno = eno;
    return NULL;
}

void zc_unsynced_end(struct zc_unsynced *u, bool clean)
{
    if (!u)
        return;
    if (clean) {
        unlinkat(u->folder, u->name, 0);
        unhide(u->folder);
    }
    zc_close(&u->fd);
    zc_close(&u->folder);
    free(u);
}
