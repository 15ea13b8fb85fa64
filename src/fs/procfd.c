// SPDX-License-Identifier: GPL-2.0-or-later
/* O_PATH fds; see procfd.h. */
#include "fs/procfd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

const char *zc_procfd_path(char path[ZC_PROCFD_PATH], int fd)
{
    snprintf(path, ZC_PROCFD_PATH, "/proc/self/fd/%d", fd);
    return path;
}

int zc_fd_chmod(int fd, uint32_t mode)
{
    char path[ZC_PROCFD_PATH];
    mode &= 07777;
    if (fchmod(fd, mode) == 0)
        return 0;
    if (errno != EBADF)
        return -1;
    /* O_PATH. Before Linux 6.6 there is only the way through /proc; some
     * sandboxes say EPERM for what they do not know. */
    if (syscall(SYS_fchmodat2, fd, "", mode, AT_EMPTY_PATH) == 0)
        return 0;
    if (errno != ENOSYS && errno != EPERM)
        return -1;
    return chmod(zc_procfd_path(path, fd), mode);
}
