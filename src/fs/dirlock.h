/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Waiting for those who are changing a directory. Blocks; any thread. */
#ifndef ZC_FS_DIRLOCK_H
#define ZC_FS_DIRLOCK_H

/*
 * Returns when every link, unlink and rename in the directory DIRFD (open for
 * reading, nothing read yet) that was under way has come to its end, and its events
 * are in the watchers' queues: the kernel holds the directory's lock for all of
 * that (Documentation/filesystems/directory-locking.rst), and readdir takes it,
 * too. Changes nothing. -1: it could not be read (errno).
 */
int zc_dirlock_pass(int dirfd);

#endif
