// SPDX-License-Identifier: GPL-2.0-or-later
/* A file that is here, copied; see copies.h. */
#include "receiver/copies.h"

#include "fs/rootdir.h"
#include "receiver/core.h"
#include "session/copies.h"

#include <fcntl.h>
#include <sys/stat.h>

/* As R opens files, with descriptors that it can do without. */
static int open_file(struct zc_receiver *r, int dirfd, const char *name,
                     int flags, mode_t mode)
{
    int fd;
    do
        fd = zc_file_open(dirfd, name, flags, mode);
    while (fd < 0 && zc_dirtree_give_back(r->tree));
    return fd;
}

int zc_copy_file(struct zc_receiver *r, int dirfd, const char *name,
                 const struct zc_stat *old, int base, const char *tmp,
                 mode_t mode)
{
    zc_auto_close int in = open_file(r, dirfd, name, O_RDONLY, 0);
    if (in < 0 || !zc_copy_is_still(in, old))
        return -1;
    int out = open_file(r, base, tmp, O_RDWR | O_CREAT | O_EXCL, mode);
    if (out >= 0 &&
        (zc_copy_all(in, out, old->size) || !zc_copy_is_still(in, old)))
        zc_close(&out);
    return out;
}
