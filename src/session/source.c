// SPDX-License-Identifier: GPL-2.0-or-later
/* Source directories; see source.h. */
#include "session/source.h"

#include "fs/rootdir.h"

#include <fcntl.h>
#include <sys/stat.h>

static int open_path(const struct zc_source *s, struct zc_err *err)
{
    int fd = zc_root_open(s->path, err);
    if (fd >= 0 && zc_require_check(s->require, fd, s->path, err))
        zc_close(&fd);
    return fd;
}

static bool path_gone(const struct zc_source *s, uint64_t dev, uint64_t ino)
{
    struct stat st;
    struct zc_err ignored;
    if (stat(s->path, &st) || st.st_ino != ino || st.st_dev != dev)
        return true;
    return zc_source_required(s->path, s->require, &ignored);
}

int zc_source_required(const char *path, const struct zc_require *require,
                       struct zc_err *err)
{
    if (!zc_require_any(require))
        return 0;
    zc_auto_close int fd = zc_root_find(path);
    if (fd < 0)
        return zc_err_set(err, ZC_EXIT_SELECT, errno,
                          "cannot open directory %s", path);
    return zc_require_check(require, fd, path, err);
}

struct zc_source zc_source_path(const char *path,
                                const struct zc_require *require)
{
    return (struct zc_source){.name = path,
                              .open = open_path,
                              .gone = path_gone,
                              .path = path,
                              .require = require,
                              .fd = -1};
}

static int dup_fd(const struct zc_source *s, struct zc_err *err)
{
    int fd = fcntl(s->fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        zc_err_set(err, ZC_EXIT_SELECT, errno, "cannot open directory %s",
                   s->name);
    return fd;
}

/* A directory that was removed has no names left. */
static bool fd_gone(const struct zc_source *s, uint64_t dev, uint64_t ino)
{
    struct stat st;
    (void)dev;
    (void)ino;
    return fstat(s->fd, &st) || st.st_nlink == 0;
}

struct zc_source zc_source_fd(int fd, const char *name)
{
    return (struct zc_source){
        .name = name, .open = dup_fd, .gone = fd_gone, .fd = fd,
        .confined = true};
}
