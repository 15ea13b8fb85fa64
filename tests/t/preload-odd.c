// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Preloaded into a sender: metadata as a damaged file system, or a FUSE one with
 * ideas of its own, may give them. By name:
 *
 *     odd-time*    a modification time with more than 10^9 nanoseconds
 *     odd-link*    a symlink whose target is empty
 *     odd-zero*    one whose target has a NUL in it
 *     odd-size*    a file of more than 2^63 bytes
 *     odd-type*    of no type that there is
 *     odd-xattr*   attributes that are listed twice
 *     odd-gone*    attributes that are listed and cannot be had (EOPNOTSUPP)
 *
 *     cc -shared -fPIC -o odd.so preload-odd.c
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* What FD and NAME mean together: the last part of it. */
static const char *last_name(int fd, const char *name, char *room, size_t size)
{
    char link[64];
    if (!name || !*name) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t n = REAL(readlink)(link, room, size - 1);
        if (n < 0)
            return "";
        room[n] = '\0';
        name = room;
    }
    const char *slash = strrchr(name, '/');
    return slash ? slash + 1 : name;
}

static int is_odd(int fd, const char *name, const char *how)
{
    char room[4096];
    return !strncmp(last_name(fd, name, room, sizeof room), how, strlen(how));
}

int statx(int fd, const char *name, int flags, unsigned mask, struct statx *x)
{
    int r = REAL(statx)(fd, name, flags, mask, x);
    if (r)
        return r;
    if (is_odd(fd, name, "odd-time"))
        x->stx_mtime.tv_nsec = 1500000000;
    if (is_odd(fd, name, "odd-size"))
        x->stx_size = UINT64_MAX;
    if (is_odd(fd, name, "odd-type"))
        x->stx_mode = (x->stx_mode & 07777) | 0150000;
    return r;
}

ssize_t readlinkat(int fd, const char *name, char *room, size_t size)
{
    ssize_t n = REAL(readlinkat)(fd, name, room, size);
    if (n > 0 && is_odd(fd, name, "odd-link"))
        return 0;
    if (n > 0 && is_odd(fd, name, "odd-zero"))
        room[0] = '\0';
    return n;
}

static ssize_t twice(char *list, size_t size, ssize_t n)
{
    if (n <= 0 || (size_t)n * 2 > size)
        return n;
    memcpy(list + n, list, (size_t)n);
    return n * 2;
}

ssize_t flistxattr(int fd, char *list, size_t size)
{
    ssize_t n = REAL(flistxattr)(fd, list, size);
    return is_odd(fd, NULL, "odd-xattr") ? twice(list, size, n) : n;
}

ssize_t llistxattr(const char *path, char *list, size_t size)
{
    ssize_t n = REAL(llistxattr)(path, list, size);
    return is_odd(-1, path, "odd-xattr") ? twice(list, size, n) : n;
}

ssize_t fgetxattr(int fd, const char *attr, void *value, size_t size)
{
    if (is_odd(fd, NULL, "odd-gone")) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return REAL(fgetxattr)(fd, attr, value, size);
}

ssize_t lgetxattr(const char *path, const char *attr, void *value, size_t size)
{
    if (is_odd(-1, path, "odd-gone")) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return REAL(lgetxattr)(path, attr, value, size);
}

/* The calls that the C library has no names for yet. */
long syscall(long number, ...)
{
    long a[6];
    va_list ap;
    va_start(ap, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(ap, long);
    va_end(ap);
    long (*real)(long, ...) = REAL(syscall);
    if (number == 464 && is_odd((int)a[0], (const char *)a[1], "odd-gone")) {
        errno = EOPNOTSUPP; /* getxattrat */
        return -1;
    }
    long r = real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (number == 465 && is_odd((int)a[0], (const char *)a[1], "odd-xattr"))
        return twice((char *)a[3], (size_t)a[4], r);
    return r;
}
