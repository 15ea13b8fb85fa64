/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paths that the local user has typed, in places where other users may be
 * writing: a symlink on the way is followed only where it is root's or the
 * caller's, as nobody else may say where root writes, or what root reads. So the
 * user who owns /srv/u cannot make /srv/u/sub a symlink to /etc and wait for the
 * next run. rsync has the same rule since 3.5.
 *
 * In a user namespace the owners that it has no number for count as root.
 * Symlinks of procfs (/dev/stdin, /dev/fd/3) are the kernel's own.
 */
#ifndef ZC_FS_USERPATH_H
#define ZC_FS_USERPATH_H

#include "base/err.h"

/* Opens PATH with FLAGS (no O_CREAT; O_CLOEXEC and O_NOCTTY are added). -1 and
 * errno; where a symlink was not followed that is EACCES, and ERR, which is empty
 * otherwise, says so (ZC_EXIT_SELECT). Any thread. */
int zc_user_open(const char *path, int flags, struct zc_err *err);

#endif
