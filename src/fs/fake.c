// SPDX-License-Identifier: GPL-2.0-or-later
/* Files that stand for others; see fake.h. */
#include "fs/fake.h"

#include "base/io.h"
#include "fs/keep.h"
#include "fs/rootdir.h"
#include "fs/xattr_set.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define TARGET_MAX 4095 /* as of any symlink */

bool zc_fake_get(int dirfd, const char *name, struct zc_disguise *d)
{
    char text[ZC_DISGUISE_STAT_SIZE];
    ssize_t n = zc_attr_get(dirfd, name, ZC_DISGUISE_STAT, text, sizeof text);
    return n > 0 && zc_disguise_parse(text, (size_t)n, d);
}

int zc_fake_set(int fd, const struct zc_disguise *d)
{
    char text[ZC_DISGUISE_STAT_SIZE];
    if (d)
        return zc_attr_set(fd, ZC_DISGUISE_STAT, text,
                           zc_disguise_format(text, d));
    return zc_attr_remove(fd, ZC_DISGUISE_STAT) && errno != ENODATA ? -1 : 0;
}

uint32_t zc_fake_perms(uint32_t mode, bool is_dir)
{
    return (mode & 0777) | (is_dir ? 0700u : 0600u);
}

char *zc_symlink_kept(unsigned keep, int dirfd, const char *name, size_t *len)
{
    char *target = zc_symlink_read(dirfd, name, len);
    if (target || errno != EINVAL || !(keep & ZC_KEEP_FAKE))
        return target;
    zc_auto_close int fd = zc_file_open(dirfd, name, O_RDONLY, 0);
    target = fd < 0 ? NULL : malloc(TARGET_MAX + 1);
    ssize_t n = target ? zc_io_read(fd, target, TARGET_MAX + 1) : -1;
    if (n > 0 && n <= TARGET_MAX && !memchr(target, '\0', (size_t)n)) {
        target[n] = '\0';
        *len = (size_t)n;
        return target;
    }
    if (n >= 0)
        errno = EINVAL; /* it is none */
    free(target);
    return NULL;
}

int zc_fake_make(int base, const char *name, const struct zc_disguise *d,
                 const char *target, size_t n)
{
    zc_auto_close int fd = zc_file_open(base, name,
                                        O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (fd < 0)
        return -1;
    if ((!n || !zc_io_write(fd, target, n)) && !zc_fake_set(fd, d))
        return 0;
    int eno = errno;
    unlinkat(base, name, 0);
    errno = eno;
    return -1;
}
