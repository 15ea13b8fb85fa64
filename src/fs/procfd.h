/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * O_PATH fds, and the ways around what the kernel refuses for them (EBADF):
 * /proc/self/fd/N leads to the file itself, even when that is a symlink
 * (proc_pid_fd(5)). Any thread.
 */
#ifndef ZC_FS_PROCFD_H
#define ZC_FS_PROCFD_H

#include <stdint.h>

#define ZC_PROCFD_PATH 32 /* bytes, the NUL included */

/* "/proc/self/fd/FD" to PATH, which it returns. */
const char *zc_procfd_path(char path[ZC_PROCFD_PATH], int fd);

/* Sets the permission bits MODE of the file behind FD, which may be O_PATH.
 * 0, or -1 and errno (EOPNOTSUPP for a symlink). */
int zc_fd_chmod(int fd, uint32_t mode);

#endif
