// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names become files here, by openat2(2); see rootdir.h.
 *
 * glibc has no wrapper for openat2, so the call is made by number. It is strict
 * where openat(2) is lax: unknown flags, or a mode without O_CREAT, are EINVAL.
 */
#include "fs/rootdir.h"

#include "base/relpath.h"
#include "fs/userpath.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define CONFINED (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)
#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

static int open_how(int dirfd, const char *path, int flags, mode_t mode,
                    uint64_t resolve)
{
    struct open_how how = {.flags = (uint64_t)(unsigned)flags,
                           .mode = mode,
                           .resolve = resolve};
    return (int)syscall(SYS_openat2, dirfd, path, &how, sizeof how);
}

/* Opens for reading without touching the atime, where we may: O_NOATIME is
 * EPERM unless the file is ours (open(2)). */
static int open_reading_how(int dirfd, const char *path, int flags,
                            uint64_t resolve)
{
    int fd = open_how(dirfd, path, flags | O_NOATIME, 0, resolve);
    if (fd < 0 && errno == EPERM)
        fd = open_how(dirfd, path, flags, 0, resolve);
    return fd;
}

static int open_reading(int dirfd, const char *path, int flags)
{
    return open_reading_how(dirfd, path, flags, CONFINED);
}

static bool name_ok(const char *name)
{
    if (zc_name_ok(name, strnlen(name, ZC_NAME_MAX + 1)))
        return true;
    errno = EINVAL;
    return false;
}

static int cannot_open(const char *path, struct zc_err *err)
{
    return zc_err_set(err, ZC_EXIT_SELECT, errno, "cannot open directory %s",
                      path);
}

/* FD, once it is known that names below it can be confined. */
static int check_root(int fd, const char *path, struct zc_err *err)
{
    int probe = open_how(fd, ".", O_PATH | O_CLOEXEC, 0, CONFINED);
    if (probe >= 0) {
        close(probe);
        return fd;
    }
    zc_err_set(err, ZC_EXIT_SELECT, errno,
               "cannot use %s safely, as this needs the openat2 system call "
               "(Linux 5.6 or later)", path);
    zc_close(&fd);
    return -1;
}

int zc_root_open(const char *path, struct zc_err *err)
{
    int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    int fd = open(path, flags | O_NOATIME);
    if (fd < 0 && errno == EPERM) /* O_NOATIME is for the owner (open(2)) */
        fd = open(path, flags);
    return fd < 0 ? cannot_open(path, err) : check_root(fd, path, err);
}

static int cannot_make(const char *path, struct zc_err *err)
{
    return zc_err_set(err, ZC_EXIT_SELECT, errno, "cannot create directory %s",
                      path);
}

static int open_parent(const char *path, const char *parent, bool parents,
                       struct zc_err *err);

/* Makes the directory at the end of PATH, and with PARENTS what leads there. */
static int make_dest(const char *path, bool parents, struct zc_err *err)
{
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    const char *slash = memrchr(path, '/', n);
    size_t name = slash ? (size_t)(slash - path) + 1 : 0;
    zc_auto_free char *parent = name ? strndup(path, name) : strdup(".");
    zc_auto_free char *last = strndup(path + name, n - name);
    if (!parent || !last)
        return zc_err_nomem(err);
    zc_auto_close int fd = open_parent(path, parent, parents, err);
    if (fd < 0)
        return -1;
    if (!mkdirat(fd, last, 0777) || errno == EEXIST)
        return 0;
    return cannot_make(path, err);
}

/* PARENT, in which PATH is to be made. */
static int open_parent(const char *path, const char *parent, bool parents,
                       struct zc_err *err)
{
    int flags = O_PATH | O_DIRECTORY;
    int fd = zc_user_open(parent, flags, err);
    if (fd >= 0 || err->text[0])
        return fd;
    if (errno != ENOENT)
        return cannot_make(path, err);
    if (!parents)
        return zc_err_set(err, ZC_EXIT_SELECT, 0,
                          "cannot create directory %s, as the directory it "
                          "would be in is missing (--mkpath makes that, too)",
                          path);
    if (make_dest(parent, true, err))
        return -1;
    fd = zc_user_open(parent, flags, err);
    return fd >= 0 || err->text[0] ? fd : cannot_make(path, err);
}

int zc_root_open_dest(const char *path, enum zc_root_make make, bool *created,
                      struct zc_err *err)
{
    int flags = O_RDONLY | O_DIRECTORY;
    int fd = zc_user_open(path, flags, err);
    *created = false;
    if (fd < 0 && errno == ENOENT && make != ZC_ROOT_MAKE_NONE) {
        if (make_dest(path, make == ZC_ROOT_MAKE_PATH, err))
            return -1;
        *created = true;
        fd = zc_user_open(path, flags, err);
    }
    if (fd < 0)
        return err->text[0] ? -1 : cannot_open(path, err);
    return check_root(fd, path, err);
}

/* Bytes of PATH, at most PATH_MAX - 1 as one call takes, up to a slash or its
 * end. The last component of a good path always fits. */
static size_t head_len(const char *path, size_t n)
{
    const size_t max = 4095;
    if (n <= max)
        return n;
    const char *slash = memrchr(path, '/', max + 1);
    return slash ? (size_t)(slash - path) : 0;
}

int zc_root_find(const char *path)
{
    return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static int open_last(int at, const char *relpath, bool find)
{
    return find ? open_how(at, relpath, DIR_FLAGS | O_PATH, 0, CONFINED)
                : open_reading(at, relpath, DIR_FLAGS);
}

/* FIND: by O_PATH. */
static int open_dir(int root, const char *relpath, bool find)
{
    size_t n = strlen(relpath);
    if (!n)
        return open_last(root, ".", find);
    if (!zc_relpath_ok(relpath, n)) {
        errno = EINVAL;
        return -1;
    }
    zc_auto_close int base = -1;
    for (;;) {
        int at = base >= 0 ? base : root;
        size_t head = head_len(relpath, n);
        if (head == n)
            return open_last(at, relpath, find);
        char part[4096];
        memcpy(part, relpath, head);
        part[head] = '\0';
        int next = open_how(at, part,
                            O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0,
                            CONFINED);
        if (next < 0)
            return -1;
        zc_close(&base);
        base = next;
        relpath += head + 1;
        n -= head + 1;
    }
}

int zc_root_open_dir(int root, const char *relpath)
{
    return open_dir(root, relpath, false);
}

int zc_root_open_linked(int root, const char *relpath)
{
    if (zc_relpath_ok(relpath, strlen(relpath)))
        return open_reading_how(root, relpath,
                                O_RDONLY | O_DIRECTORY | O_CLOEXEC,
                                RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
    errno = EINVAL;
    return -1;
}

int zc_root_find_dir(int root, const char *relpath)
{
    return open_dir(root, relpath, true);
}

int zc_root_find_any(int root, const char *relpath)
{
    if (zc_relpath_ok(relpath, strlen(relpath)))
        return open_how(root, relpath, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0,
                        CONFINED);
    errno = EINVAL;
    return -1;
}

/* The directory NAME in AT, made where it is missing and may be. */
static int enter_or_make(int at, const char *name, bool make)
{
    int fd = zc_dir_open(at, name);
    if (fd >= 0 || errno != ENOENT || !make)
        return fd;
    if (mkdirat(at, name, 0777) && errno != EEXIST)
        return -1;
    return zc_dir_open(at, name);
}

int zc_root_make_dir(int root, const char *relpath, bool parents)
{
    zc_auto_close int at = -1;
    for (const char *slash;; relpath = slash + 1) {
        char name[ZC_NAME_MAX + 1];
        slash = strchrnul(relpath, '/');
        size_t n = (size_t)(slash - relpath);
        if (n > ZC_NAME_MAX) {
            errno = ENAMETOOLONG;
            return -1;
        }
        memcpy(name, relpath, n);
        name[n] = '\0';
        int next = enter_or_make(at >= 0 ? at : root, name,
                                 parents || !*slash);
        if (next < 0 || !*slash)
            return next;
        zc_close(&at);
        at = next;
    }
}

DIR *zc_dir_list(int fd)
{
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    int eno = errno;
    if (!dir)
        zc_close(&fd);
    errno = eno;
    return dir;
}

int zc_dir_open(int dirfd, const char *name)
{
    return name_ok(name) ? open_reading(dirfd, name, DIR_FLAGS) : -1;
}

int zc_dir_open_here(int dirfd, const char *name)
{
    if (!name_ok(name))
        return -1;
    return open_reading_how(dirfd, name, DIR_FLAGS,
                            CONFINED | RESOLVE_NO_XDEV);
}

int zc_dir_open_parent(int dirfd)
{
    /* RESOLVE_BENEATH forbids "..": the caller checks what it got. */
    return open_how(dirfd, "..", DIR_FLAGS, 0,
                    RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
}

int zc_file_open(int dirfd, const char *name, int flags, mode_t mode)
{
    if (!name_ok(name))
        return -1;
    flags |= O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    if ((flags & O_ACCMODE) == O_RDONLY && !(flags & O_CREAT))
        return open_reading(dirfd, name, flags);
    return open_how(dirfd, name, flags, flags & O_CREAT ? mode & 07777 : 0,
                    CONFINED);
}

int zc_path_open(int dirfd, const char *name)
{
    if (!name_ok(name))
        return -1;
    return open_how(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0, CONFINED);
}

int zc_link_open(int dirfd, const char *path, bool below, int flags)
{
    uint64_t resolve = RESOLVE_NO_MAGICLINKS | (below ? RESOLVE_BENEATH : 0);
    if (!zc_relpath_ok(path, strlen(path))) {
        errno = EINVAL;
        return -1;
    }
    if (flags & O_PATH)
        return open_how(dirfd, path, flags | O_CLOEXEC, 0, resolve);
    return open_reading_how(dirfd, path,
                            flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
                            resolve);
}

char *zc_symlink_read(int dirfd, const char *name, size_t *len)
{
    char target[4096]; /* Linux has no longer ones */
    if (!name_ok(name))
        return NULL;
    ssize_t n = readlinkat(dirfd, name, target, sizeof target);
    if (n < 0)
        return NULL;
    if ((size_t)n == sizeof target) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    char *copy = malloc((size_t)n + 1);
    if (!copy)
        return NULL;
    memcpy(copy, target, (size_t)n);
    copy[n] = '\0';
    *len = (size_t)n;
    return copy;
}
