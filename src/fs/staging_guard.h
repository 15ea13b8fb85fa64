/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whoever may write into the root of a share may put something of his own where
 * `.zcsync` is expected, exchange it, and lock it. These tell a folder of ours
 * from one of his, by descriptor, and wait for a lock no longer than is
 * reasonable. Inside fs: only staging.c and nest.c include this. Any thread.
 */
#ifndef ZC_FS_STAGING_GUARD_H
#define ZC_FS_STAGING_GUARD_H

#include "base/err.h"

/* 0: the directory FD belongs to us, as far as its file system knows owners, and
 * nobody else can use it from now on: mode 0700, no ACL, nothing inherited from
 * its parent, which would end up on everything made in it. Else -1 and errno,
 * EPERM: it is somebody else's, and is left as it is. */
int zc_staging_take(int fd);

/* The same for a directory that we made just now as NAME in DIRFD: it has that
 * name, and nothing in it. */
int zc_staging_take_new(int fd, int dirfd, const char *name);
/* ... but what it has inherited of its group, and (ACLS) of default ACLs, is to
 * end up on everything made in it. */
int zc_staging_take_nest(int fd, int dirfd, const char *name, bool acls);

/* FD and NAME in DIRFD are the same. */
bool zc_staging_is_at(int fd, int dirfd, const char *name);

/* LOCK_EX on FD, for a moment's work: waits 5 s at most. 0, also on a file
 * system without flock(2), where sessions cannot be told from dead ones and are
 * never cleaned up; or -1 and errno, EBUSY: somebody has it all the time. */
int zc_staging_lock(int fd);
/* Without waiting. -1: somebody has it, or it cannot be had. */
int zc_staging_trylock(int fd);
void zc_staging_unlock(int fd);
/* After a failed lock: there is no flock(2) on this file system. */
bool zc_staging_no_locks(void);

#endif
