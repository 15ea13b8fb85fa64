// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The staging folder and the sessions in it; see staging.h.
 *
 *     share/.zcsync/            flock: held for a moment by whoever makes or
 *         |                     looks for sessions, or takes the folder away
 *         +-- partial/          no session: partial.h
 *         +-- trash/            likewise: trash.h
 *         +-- unsynced/         likewise: unsynced.h
 *         +-- 3f9c...(32 hex)/  flock: held by the session that owns it, for
 *               +-- 1, 2, ...   as long as its process lives
 *
 * A session is made and locked while `.zcsync` is locked, so that whoever looks
 * for dead sessions never meets one that is not locked yet. After waiting for
 * the lock on `.zcsync` the folder may have been taken away: then its name
 * leads elsewhere or nowhere, and we start again. Others may write into the
 * share's root; what of it can be trusted is found out by staging_guard.c.
 */
#include "fs/staging.h"

#include "base/clock.h"
#include "base/hex.h"
#include "base/relpath.h"
#include "fs/meta.h"
#include "fs/partial.h"
#include "fs/remove.h"
#include "fs/rootdir.h"
#include "fs/staging_guard.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define SESSION_NAME_LEN 32
/* So often others may take `.zcsync` away while we are at it. */
#define TRIES 1000
/* So long nobody asks again for a lock that was not to be had. */
#define BUSY_NS (30 * ZC_NSEC_PER_SEC)

struct zc_staging {
    int root;
    pthread_mutex_t lock; /* held while the folder is being made */
    atomic_int fd;        /* the session's folder, locked; -1: not yet made */
    int folder;           /* .zcsync; valid once fd is */
    char name[SESSION_NAME_LEN + 1]; /* likewise */
    int partials;     /* under `lock`; -1: there are none, or */
    bool no_partials; /* ... nobody has looked, unless this is set */
    int64_t busy_until; /* zc_clock_ns; somebody had `.zcsync` locked */
    atomic_uint_fast64_t last;
};

bool zc_staging_at_top(int dirfd)
{
    struct zc_stat st, up;
    return zc_stat_at(dirfd, "", &st) || zc_stat_at(dirfd, "..", &up) ||
           st.dev != up.dev || st.mnt_id != up.mnt_id;
}

/* What cannot be looked at may be one. */
static bool is_top(int root, const char *path)
{
    zc_auto_close int fd = zc_root_open_dir(root, path);
    if (fd < 0)
        return errno != ENOENT && errno != ENOTDIR && errno != ELOOP;
    return zc_staging_at_top(fd);
}

bool zc_staging_on_path(int root, const char *path)
{
    const size_t n = strlen(ZC_STAGING_NAME);
    for (const char *at = path; (at = strstr(at, ZC_STAGING_NAME)); at += n) {
        if ((at != path && at[-1] != '/') || (at[n] && at[n] != '/'))
            continue;
        if (at == path)
            return true;
        zc_auto_free char *dir = strndup(path, (size_t)(at - 1 - path));
        if (!dir || is_top(root, dir))
            return true;
    }
    return false;
}

static bool is_same(const struct zc_stat *a, const struct zc_stat *b)
{
    return a->ino == b->ino && a->dev == b->dev;
}

/* ST, which is in the directory UP, is a staging folder. */
static bool is_folder_of(int root, int up, const struct zc_stat *st)
{
    struct zc_stat folder, top, at;
    if (zc_stat_at(up, ZC_STAGING_NAME, &folder))
        return errno != ENOENT;
    return is_same(&folder, st) &&
           (zc_staging_at_top(up) || zc_stat_at(root, "", &top) ||
            zc_stat_at(up, "", &at) || is_same(&top, &at));
}

bool zc_staging_holds(int root, int fd)
{
    struct zc_stat top, st, above;
    zc_auto_close int at = zc_root_find_dir(fd, "");
    if (at < 0 || zc_stat_at(root, "", &top) || zc_stat_at(at, "", &st))
        return true;
    while (!is_same(&st, &top)) {
        int up = zc_dir_open_parent(at);
        if (up < 0)
            return errno != EXDEV; /* it was the top of a mount */
        close(at);
        at = up;
        if (is_folder_of(root, at, &st) || zc_stat_at(at, "", &above))
            return true;
        if (is_same(&st, &above))
            return false; /* the root of all */
        st = above;
    }
    return false;
}

struct zc_staging *zc_staging_new(int dirfd)
{
    struct zc_staging *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->root = fcntl(dirfd, F_DUPFD_CLOEXEC, 0);
    if (s->root < 0) {
        free(s);
        return NULL;
    }
    s->folder = s->partials = -1;
    atomic_init(&s->fd, -1);
    pthread_mutex_init(&s->lock, NULL);
    return s;
}

/* Opens ROOT/.zcsync, which must be ours, and locks it. ENOENT: there is none;
 * EPERM, EBUSY: it is somebody else's, somebody has it. */
static int open_folder(int root)
{
    for (int i = 0; i < TRIES; i++) {
        int fd = zc_dir_open(root, ZC_STAGING_NAME);
        if (fd < 0)
            return -1;
        if (zc_staging_take(fd) || zc_staging_lock(fd)) {
            zc_close(&fd);
            return -1;
        }
        if (zc_staging_is_at(fd, root, ZC_STAGING_NAME))
            return fd;
        /* Taken away while we waited; or a mount hides it, then opening it
         * again gives the mount. */
        close(fd);
    }
    errno = EPERM; /* somebody plays with it */
    return -1;
}

static int make_folder(int root)
{
    for (int i = 0; i < TRIES; i++) {
        int fd = open_folder(root);
        if (fd >= 0 || errno != ENOENT)
            return fd;
        if (mkdirat(root, ZC_STAGING_NAME, 0700) && errno != EEXIST)
            return -1;
    }
    errno = EPERM;
    return -1;
}

int zc_staging_folder(int dirfd, const char *name, bool make)
{
    zc_auto_close int folder = make ? make_folder(dirfd) : open_folder(dirfd);
    if (folder < 0 ||
        (make && mkdirat(folder, name, 0700) && errno != EEXIST))
        return -1;
    return zc_dir_open(folder, name);
}

/* Makes and locks a session in FOLDER, which is ours and locked: its fd, or
 * -1. */
static int make_session(int folder, char name[SESSION_NAME_LEN + 1])
{
    if (zc_hex_random(name, SESSION_NAME_LEN) || mkdirat(folder, name, 0700))
        return -1;
    int fd = zc_dir_open(folder, name);
    if (fd >= 0 && zc_staging_take_new(fd, folder, name) == 0 &&
        (zc_staging_trylock(fd) == 0 || zc_staging_no_locks()))
        return fd;
    int keep = errno;
    unlinkat(folder, name, AT_REMOVEDIR);
    zc_close(&fd);
    errno = keep;
    return -1;
}

/* Takes `.zcsync` away when it is empty; FOLDER is an fd on it, locked. */
static void drop_folder(int root, int folder)
{
    int keep = errno;
    unlinkat(folder, ZC_PARTIALS, AT_REMOVEDIR);
    unlinkat(folder, ZC_UNSYNCED, AT_REMOVEDIR);
    if (zc_staging_is_at(folder, root, ZC_STAGING_NAME))
        unlinkat(root, ZC_STAGING_NAME, AT_REMOVEDIR);
    errno = keep;
}

void zc_staging_drop(int dirfd)
{
    struct stat st;
    zc_auto_close int folder = open_folder(dirfd);
    if (folder < 0 || fstat(dirfd, &st))
        return;
    drop_folder(dirfd, folder);
    const struct timespec times[2] = {st.st_atim, st.st_mtim};
    if (faccessat(dirfd, ZC_STAGING_NAME, F_OK, AT_SYMLINK_NOFOLLOW))
        (void)futimens(dirfd, times);
}

static int make(struct zc_staging *s)
{
    int folder = make_folder(s->root);
    if (folder < 0)
        return -1;
    int fd = make_session(folder, s->name);
    if (fd < 0) {
        drop_folder(s->root, folder);
        zc_close(&folder);
        return -1;
    }
    zc_staging_unlock(folder);
    s->folder = folder;
    return fd;
}

int zc_staging_fd(struct zc_staging *s)
{
    int fd = atomic_load(&s->fd);
    if (fd >= 0)
        return fd;
    pthread_mutex_lock(&s->lock);
    fd = atomic_load(&s->fd);
    if (fd < 0 && zc_clock_ns() < s->busy_until) {
        errno = EBUSY;
    } else if (fd < 0) {
        fd = make(s);
        if (fd >= 0)
            atomic_store(&s->fd, fd);
        else if (errno == EBUSY) /* each file would wait for it again */
            s->busy_until = zc_clock_ns() + BUSY_NS;
    }
    int keep = errno;
    pthread_mutex_unlock(&s->lock);
    errno = keep;
    return fd;
}

void zc_staging_name(struct zc_staging *s, char out[ZC_STAGING_NAME_SIZE])
{
    snprintf(out, ZC_STAGING_NAME_SIZE, "%llu",
             (unsigned long long)atomic_fetch_add(&s->last, 1) + 1);
}

/* Whose is `.zcsync`? A partial of somebody else's is none. */
static int open_partials(int root)
{
    zc_auto_close int folder = zc_dir_open(root, ZC_STAGING_NAME);
    if (folder < 0 || zc_staging_take(folder))
        return -1;
    return zc_dir_open(folder, ZC_PARTIALS);
}

int zc_staging_partials(struct zc_staging *s)
{
    pthread_mutex_lock(&s->lock);
    if (s->partials < 0 && !s->no_partials) {
        s->partials = open_partials(s->root);
        s->no_partials = s->partials < 0;
    }
    int fd = s->partials;
    pthread_mutex_unlock(&s->lock);
    return fd;
}

bool zc_staging_used(const struct zc_staging *s)
{
    return atomic_load(&s->fd) >= 0;
}

void zc_staging_free(struct zc_staging *s)
{
    if (!s)
        return;
    int keep = errno, fd = atomic_load(&s->fd);
    zc_close(&s->partials);
    if (fd >= 0) {
        if (zc_staging_lock(s->folder) == 0) {
            zc_partials_salvage(s->folder, fd);
            zc_staging_unlock(s->folder);
        }
        if (zc_staging_is_at(fd, s->folder, s->name))
            zc_remove_tree(s->folder, s->name, s->name, NULL);
        close(fd);
        /* Somebody else at work there takes it away himself. */
        if (zc_staging_lock(s->folder) == 0)
            drop_folder(s->root, s->folder);
        close(s->folder);
    }
    close(s->root);
    pthread_mutex_destroy(&s->lock);
    free(s);
    errno = keep;
}

/* Removes session NAME if it is dead: 1, or 0 when not, or -1 with errno.
 * FOLDER is locked, but not while the tree, which may be large, is removed. */
static int clean_session(int folder, const char *name)
{
    zc_auto_close int fd = zc_dir_open(folder, name);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : -1;
    if (zc_staging_trylock(fd))
        return 0;
    zc_partials_salvage(folder, fd);
    zc_staging_unlock(folder);
    int r = zc_remove_tree(folder, name, name, NULL);
    int eno = errno;
    if (zc_staging_lock(folder))
        return -1;
    errno = eno;
    return r == 0 ? 1 : -1;
}

int zc_staging_clean(int dirfd, const struct zc_partial_limits *limits)
{
    zc_auto_close int folder = open_folder(dirfd);
    if (folder < 0 && (errno == EPERM || errno == EBUSY))
        return ZC_STAGING_REFUSED;
    if (folder < 0)
        return errno == ENOENT ? 0 : -1;
    DIR *dir = zc_dir_list(zc_root_open_dir(folder, ""));
    if (!dir)
        return -1;
    int removed = 0, eno = 0;
    const struct dirent *e;
    while ((e = readdir(dir))) {
        if (!zc_hex_is(e->d_name, SESSION_NAME_LEN))
            continue;
        int r = clean_session(folder, e->d_name);
        if (r > 0)
            removed++;
        else if (r < 0)
            eno = errno;
    }
    closedir(dir);
    zc_partials_prune(folder, limits, time(NULL));
    drop_folder(dirfd, folder);
    errno = eno;
    return eno ? -1 : removed;
}
