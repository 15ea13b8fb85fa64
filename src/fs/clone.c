// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * FICLONE; see clone.h. There is no copy_file_range(2) to fall back to: within one
 * ext4 it takes the CPU of one thread for longer than bytes over the socket pair
 * take with two (HACKING), and from one file system to another it is refused.
 */
#include "fs/clone.h"

#include <linux/fs.h>
#include <sys/ioctl.h>

int zc_clone_file(int to, int from)
{
    int r;
    do
        r = ioctl(to, FICLONE, from);
    while (r && errno == EINTR);
    return r ? -1 : 0;
}

bool zc_clone_never(int eno)
{
    return eno == EOPNOTSUPP || eno == EXDEV || eno == ENOTTY || eno == ENOSYS;
}
