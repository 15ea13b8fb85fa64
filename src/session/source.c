// SPDX-License-Identifier: GPL-2.0-or-later
/* Source directories; see source.h. */
#include "session/source.h"

#include "fs/rootdir.h"

#include <fcntl.h>
#include <sys/stat.h>

static int open_path(const struct zc_source *s, struct zc_err *err)
{
    return zc_root_open(s->path, err);
}

static bool path_gone(const struct zc_source *s, uint64_t dev, uint64_t ino)
{
    struct stat st;
    return stat(s->path, &st) || st.st_ino != ino || st.st_dev != dev;
}

struct zc_source zc_source_path(const char *path)
{
    return (struct zc_source){.name = path,
                              .open = open_path,
                              .gone = path_gone,
                              .path = path,
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
        .name = name, .open = dup_fd, .gone = fd_gone, .fd = fd};
}
