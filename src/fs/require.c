// SPDX-License-Identifier: GPL-2.0-or-later
/* Mount points and marker files that have to be there; see require.h. */
#include "fs/require.h"

#include "base/libc.h"
#include "base/relpath.h"
#include "fs/rootdir.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#ifndef STATX_ATTR_MOUNT_ROOT
#define STATX_ATTR_MOUNT_ROOT 0x2000
#endif

#define SHOWN "%.300s" /* so that the reason fits behind it */

void zc_require_fini(struct zc_require *q)
{
    free(q->mount_path);
    free(q->file);
    *q = (struct zc_require){0};
}

static int take(char **to, const char *value, struct zc_err *err)
{
    free(*to);
    *to = strdup(value);
    return *to ? 0 : zc_err_nomem(err);
}

int zc_require_take_mount(struct zc_require *q, const char *value,
                          struct zc_err *err)
{
    if (*value == '/')
        return take(&q->mount_path, value, err);
    q->mount = strcmp(value, "yes") == 0;
    if (q->mount || strcmp(value, "no") == 0)
        return 0;
    return zc_err_set(err, ZC_EXIT_USAGE, 0,
                      "'" SHOWN "' is neither yes nor no, nor an absolute path",
                      value);
}

int zc_require_take_file(struct zc_require *q, const char *value,
                         struct zc_err *err)
{
    if (*value == '/' || zc_relpath_ok(value, strlen(value)))
        return take(&q->file, value, err);
    return zc_err_set(err, ZC_EXIT_USAGE, 0,
                      "'" SHOWN "' is neither a name below the directory nor "
                      "an absolute path", value);
}

bool zc_require_any(const struct zc_require *q)
{
    return q && (q->mount || q->mount_path || q->file);
}

bool zc_require_in_dir(const struct zc_require *q)
{
    return q && (q->mount || (q->file && *q->file != '/'));
}

struct zc_require zc_require_elsewhere(const struct zc_require *q)
{
    bool far = q->file && *q->file == '/';
    return (struct zc_require){.mount_path = q->mount_path,
                               .file = far ? q->file : NULL};
}

/* Before Linux 5.8: a mount of the file system that its parent is on is not
 * seen. */
static bool differs_from_parent(int fd)
{
    struct stat here, up;
    return fstat(fd, &here) == 0 && fstatat(fd, "..", &up, 0) == 0 &&
           (here.st_dev != up.st_dev || here.st_ino == up.st_ino);
}

static bool is_mount(int fd)
{
    struct statx x;
    if (statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, 0, &x))
        return false;
    return x.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT
               ? x.stx_attributes & STATX_ATTR_MOUNT_ROOT
               : differs_from_parent(fd);
}

static int not_mounted(const char *path, struct zc_err *err)
{
    return zc_err_set(err, ZC_EXIT_SELECT, 0,
                      "nothing is mounted on " SHOWN ", as is required", path);
}

static int no_file(const char *file, const char *in, struct zc_err *err)
{
    return zc_err_set(err, ZC_EXIT_SELECT, errno,
                      "there is no " SHOWN "%s" SHOWN ", which is required",
                      file, *in ? " in " : "", in);
}

int zc_require_check_paths(const struct zc_require *q, struct zc_err *err)
{
    struct stat st;
    if (q && q->mount_path) {
        zc_auto_close int fd = zc_root_find(q->mount_path);
        if (fd < 0 || !is_mount(fd))
            return not_mounted(q->mount_path, err);
    }
    if (q && q->file && *q->file == '/' && stat(q->file, &st))
        return no_file(q->file, "", err);
    return 0;
}

int zc_require_check(const struct zc_require *q, int fd, const char *name,
                     struct zc_err *err)
{
    if (zc_require_check_paths(q, err))
        return -1;
    if (q && q->mount && !is_mount(fd))
        return not_mounted(name, err);
    if (!q || !q->file || *q->file == '/')
        return 0;
    zc_auto_close int file = zc_root_find_any(fd, q->file);
    return file < 0 ? no_file(q->file, name, err) : 0;
}

const char *zc_require_file_below(const struct zc_require *q,
                                  const char *below)
{
    if (!q || !q->file || *q->file == '/')
        return NULL;
    size_t n = strlen(below);
    if (!n)
        return q->file;
    return strncmp(q->file, below, n) == 0 && q->file[n] == '/'
               ? q->file + n + 1
               : NULL;
}
