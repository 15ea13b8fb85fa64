// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Removing trees; see remove.h.
 *
 * A walk with a stack of its own instead of recursion. Each directory is read
 * once: what is no directory goes at once, the names of its subdirectories go
 * onto the stack of names; then they are taken from there one by one, and when
 * none is left the directory itself is removed from its parent.
 *
 *     levels   [ top | a | b ]             one per directory we are inside of
 *     names    [ a2 a3 | b1 b2 | c1 ]     subdirectories still to do, per level
 *     path     "top/a/b"
 *
 * Only the OPEN_LEVELS deepest directories are kept open. Further up the way
 * back is "..", which must lead to the directory (device and inode) we came
 * from; where it does not, somebody moved things about and the walk ends.
 */
#include "fs/remove.h"

#include "base/buf.h"
#include "base/vec.h"
#include "fs/fileflags.h"
#include "fs/meta.h"
#include "fs/procfd.h"
#include "fs/rootdir.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define OPEN_LEVELS 8
#define READ_SIZE (32 * 1024)
#define RESCANS_MAX 16 /* of one directory that others fill meanwhile */

struct level {
    int fd; /* -1: closed for now */
    uint64_t dev, ino;
    size_t path_len; /* of the path of this directory */
    size_t name_at;  /* where its own name starts in that path */
    size_t names_at; /* where its subdirectories start on the stack */
    uint32_t old_mode; /* to be given back if it stays; 0: not changed */
    unsigned rescans;
    bool stays; /* something in it stays */
};

struct removal {
    const struct zc_remove_ops *ops;
    bool counting;
    uint64_t count, limit;
    int dirfd; /* the caller's, where the top is */
    const char *name; /* of the top in dirfd */
    uint64_t dev, mnt_id; /* of the top's mount */
    struct zc_buf path;  /* NUL after its end while callbacks look */
    struct zc_buf names; /* NUL-ended names */
    ZC_VEC(struct level) levels;
    bool kept, failed, stop;
    int eno; /* of the last failure */
};

static const struct zc_remove_ops no_ops;

/* --- path and callbacks --- */

/* The path with NAME after it ("": as it is); it is cut back by path_cut. */
static const char *path_with(struct removal *w, const char *name)
{
    if (*name) {
        if (w->path.len)
            zc_buf_u8(&w->path, '/');
        zc_buf_put_str(&w->path, name);
    }
    zc_buf_u8(&w->path, '\0');
    if (w->path.failed)
        return NULL;
    w->path.len--;
    return (const char *)w->path.data;
}

static void path_cut(struct removal *w, size_t len)
{
    w->path.len = ZC_MIN(w->path.len, len);
    if (w->path.data && w->path.len < w->path.cap)
        w->path.data[w->path.len] = '\0';
}

/* There must be one. */
static struct level *current(struct removal *w)
{
    return &w->levels.v[w->levels.len - 1];
}

static void stays(struct removal *w)
{
    if (w->levels.len)
        current(w)->stays = true;
}

/* The entry at the path could not be removed. */
static void fail(struct removal *w, int eno)
{
    w->failed = true;
    w->eno = eno;
    if (!w->counting)
        stays(w);
    if (!w->counting && w->ops->failed && !w->path.failed)
        w->ops->failed(w->ops->arg, (const char *)w->path.data, eno);
}

static void fail_and_stop(struct removal *w, int eno)
{
    fail(w, eno);
    w->stop = true;
}

static void done(struct removal *w, bool is_dir)
{
    w->count++;
    if (w->ops->done)
        w->ops->done(w->ops->arg, (const char *)w->path.data, is_dir);
    if (w->count >= w->limit)
        w->stop = true;
}

static bool kept_by_filter(struct removal *w, bool is_dir)
{
    if (!w->ops->keep ||
        !w->ops->keep(w->ops->arg, (const char *)w->path.data, is_dir))
        return false;
    w->kept = true;
    stays(w);
    return true;
}

/* NAME in DIRFD, which the path ends with. */
static int unlink_once(struct removal *w, int dirfd, const char *name,
                       int flags)
{
    if (flags || !w->ops->take)
        return unlinkat(dirfd, name, flags);
    int r = w->ops->take(w->ops->arg, dirfd, name,
                         (const char *)w->path.data);
    if (r <= 0)
        return r;
    w->kept = true;
    stays(w);
    return 0;
}

/* The same of what may be sealed. The caller's directory is his to care for. */
static int unlink_it(struct removal *w, int dirfd, const char *name, int flags)
{
    int r = unlink_once(w, dirfd, name, flags);
    if (r && errno == EPERM && w->ops->unseal) {
        bool dir = dirfd != w->dirfd && zc_fileflags_unseal(dirfd, "");
        if (zc_fileflags_unseal(dirfd, name) || dir)
            r = unlink_once(w, dirfd, name, flags);
    }
    return r;
}

/* --- one directory --- */

/* True where the file of ST is on the mount that is walked. */
static bool same_mount(const struct removal *w, const struct zc_stat *st)
{
    return st->dev == w->dev && st->mnt_id == w->mnt_id;
}

/* Opens NAME in AT and looks at it. Where it is ours but closed even to us, it
 * is opened up; *OLD_MODE is what it had then, else 0. */
static int open_level(struct removal *w, int at, const char *name,
                      struct zc_stat *st, uint32_t *old_mode)
{
    *old_mode = 0;
    zc_auto_close int handle = zc_path_open(at, name);
    if (handle < 0 || zc_stat_at(handle, "", st))
        return -1;
    if (!S_ISDIR(st->mode)) {
        errno = ENOTDIR;
        return -1;
    }
    if (!same_mount(w, st)) {
        errno = EBUSY;
        return -1;
    }
    if (!w->counting && (st->mode & 0700) != 0700 && st->uid == geteuid() &&
        zc_fd_chmod(handle, st->mode | 0700) == 0)
        *old_mode = st->mode;
    return zc_root_open_dir(handle, "");
}

/* Goes down into NAME, which the path already ends with; NAME starts at NAME_AT
 * there. */
static void enter(struct removal *w, int at, const char *name, size_t name_at)
{
    struct zc_stat st;
    uint32_t old_mode;
    int fd = open_level(w, at, name, &st, &old_mode);
    if (fd < 0) {
        int eno = errno;
        if (eno != ENOENT)
            fail(w, eno);
        if (w->counting && eno != ENOENT)
            done(w, true); /* as one: nobody can tell what is in it */
        return;
    }
    struct level l = {
        .fd = fd,
        .dev = st.dev,
        .ino = st.ino,
        .path_len = w->path.len,
        .name_at = name_at,
        .names_at = w->names.len,
        .old_mode = old_mode,
    };
    if (zc_vec_push(&w->levels, l)) {
        fail_and_stop(w, ENOMEM);
        zc_close(&fd);
        return;
    }
    if (w->levels.len > OPEN_LEVELS)
        zc_close(&w->levels.v[w->levels.len - 1 - OPEN_LEVELS].fd);
}

/* An entry of the current directory that readdir says is of TYPE. */
static void visit(struct removal *w, const char *name, unsigned char type)
{
    struct level *l = current(w);
    bool is_dir = type == DT_DIR;
    if (!path_with(w, name)) {
        fail_and_stop(w, ENOMEM);
        return;
    }
    if (type == DT_UNKNOWN) {
        struct zc_stat st;
        if (zc_stat_at(l->fd, name, &st)) {
            if (errno != ENOENT)
                fail(w, errno);
            return;
        }
        is_dir = S_ISDIR(st.mode);
    }
    if (kept_by_filter(w, is_dir))
        return;
    if (!is_dir && !w->counting && unlink_it(w, l->fd, name, 0)) {
        if (errno == EISDIR)
            is_dir = true; /* it is one by now */
        else if (errno != ENOENT)
            fail(w, errno);
        if (!is_dir)
            return;
    }
    if (!is_dir) {
        done(w, false);
        return;
    }
    zc_buf_put(&w->names, name, strlen(name) + 1);
    if (w->names.failed)
        fail_and_stop(w, ENOMEM);
}

/* Reads the current directory to its end. */
static void scan(struct removal *w)
{
    char room[READ_SIZE] __attribute__((aligned(8)));
    int fd = current(w)->fd;
    size_t path_len = w->path.len;
    if (lseek(fd, 0, SEEK_SET) < 0) {
        fail(w, errno);
        return;
    }
    while (!w->stop) {
        ssize_t n = getdents64(fd, (void *)room, sizeof room);
        if (n < 0 && errno != ENOENT) /* ENOENT: removed by others */
            fail(w, errno);
        if (n <= 0)
            break;
        for (char *p = room; p < room + n && !w->stop;) {
            const struct dirent64 *e = (const struct dirent64 *)(void *)p;
            p += e->d_reclen;
            if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
                continue;
            visit(w, e->d_name, e->d_type);
            path_cut(w, path_len);
        }
    }
}

/* *FD becomes that of the directory above the current one. -1 with errno. */
static int parent_fd(struct removal *w, int *fd_out)
{
    *fd_out = w->dirfd;
    if (w->levels.len < 2)
        return 0;
    struct level *up = &w->levels.v[w->levels.len - 2];
    *fd_out = up->fd;
    if (up->fd >= 0)
        return 0;
    zc_auto_close int fd = zc_dir_open_parent(current(w)->fd);
    struct zc_stat st;
    if (fd < 0 || zc_stat_at(fd, "", &st))
        return -1;
    if (st.dev != up->dev || st.ino != up->ino) {
        errno = ESTALE; /* moved away under our feet */
        return -1;
    }
    *fd_out = up->fd = fd;
    fd = -1;
    return 0;
}

/* The current directory has no subdirectory left: removes it and goes up. */
static void leave(struct removal *w)
{
    struct level *l = current(w);
    int up = -1, eno = 0;
    if (!w->stop && parent_fd(w, &up)) {
        eno = errno;
        w->stop = true;
    }
    const char *name = w->levels.len < 2
                           ? w->name
                           : (const char *)w->path.data + l->name_at;
    bool remove = !l->stays && !w->stop;
    if (remove && !w->counting && w->ops->leave)
        w->ops->leave(w->ops->arg, up, name, (const char *)w->path.data);
    if (remove && !w->counting && unlink_it(w, up, name, AT_REMOVEDIR)) {
        eno = errno;
        remove = false;
        if ((eno == ENOTEMPTY || eno == EEXIST) &&
            l->rescans++ < RESCANS_MAX) {
            /* Others made something in it, or this file system's readdir
             * skips entries while others are removed. */
            scan(w);
            return;
        }
        if (eno == ENOENT)
            eno = 0;
    }
    if (!remove && l->old_mode && l->fd >= 0)
        zc_fd_chmod(l->fd, l->old_mode);
    bool stayed = l->stays;
    zc_close(&l->fd);
    w->names.len = l->names_at;
    w->levels.len--;
    if (stayed)
        stays(w);
    if (remove)
        done(w, true);
    if (eno)
        fail(w, eno);
    if (w->levels.len)
        path_cut(w, current(w)->path_len);
}

/* Takes the last name from the stack and goes there. */
static void descend(struct removal *w)
{
    struct level *l = current(w);
    size_t end = w->names.len - 1, at = end;
    while (at > l->names_at && w->names.data[at - 1])
        at--;
    /* Stays where it is until the next scan pushes over it. */
    const char *name = (const char *)w->names.data + at;
    w->names.len = at;

    size_t depth = w->levels.len;
    if (!path_with(w, name)) {
        fail_and_stop(w, ENOMEM);
        return;
    }
    enter(w, l->fd, name, w->path.len - (end - at));
    if (w->levels.len > depth)
        scan(w);
    else
        path_cut(w, current(w)->path_len);
}

/* --- the walk --- */

static void walk_tree(struct removal *w)
{
    struct zc_stat at, st;
    if (zc_stat_at(w->dirfd, "", &at) || zc_stat_at(w->dirfd, w->name, &st)) {
        if (errno != ENOENT)
            fail(w, errno);
        return;
    }
    w->dev = at.dev;
    w->mnt_id = at.mnt_id;
    if (kept_by_filter(w, S_ISDIR(st.mode)))
        return;
    if (!S_ISDIR(st.mode)) {
        if (w->counting || unlink_it(w, w->dirfd, w->name, 0) == 0)
            done(w, false);
        else if (errno != ENOENT)
            fail(w, errno);
        return;
    }
    enter(w, w->dirfd, w->name, 0);
    if (w->levels.len)
        scan(w);
    while (w->levels.len) {
        if (!w->stop && w->names.len > current(w)->names_at)
            descend(w);
        else
            leave(w);
    }
}

static void walk_run(struct removal *w, const char *top_path)
{
    zc_buf_put_str(&w->path, top_path);
    if (path_with(w, ""))
        walk_tree(w);
    else
        fail(w, ENOMEM);
    zc_buf_fini(&w->path);
    zc_buf_fini(&w->names);
    zc_vec_fini(&w->levels);
}

int zc_remove_tree(int dirfd, const char *name, const char *top_path,
                   const struct zc_remove_ops *ops)
{
    struct removal w = {.ops = ops ? ops : &no_ops,
                        .limit = UINT64_MAX,
                        .dirfd = dirfd,
                        .name = name};
    walk_run(&w, top_path);
    if (w.failed) {
        errno = w.eno;
        return -1;
    }
    return w.kept ? 1 : 0;
}

uint64_t zc_count_tree(int dirfd, const char *name, const char *top_path,
                       const struct zc_remove_ops *ops, uint64_t limit)
{
    struct removal w = {.ops = ops ? ops : &no_ops,
                        .counting = true,
                        .limit = limit,
                        .dirfd = dirfd,
                        .name = name};
    if (limit)
        walk_run(&w, top_path);
    errno = w.failed ? w.eno : 0;
    return w.failed ? ZC_MAX(w.count, (uint64_t)1) : w.count;
}
