/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copies that share their blocks with what they are copies of, until one of them
 * is changed: btrfs, xfs, and others that can. */
#ifndef ZC_FS_CLONE_H
#define ZC_FS_CLONE_H

#include "base/util.h"

/*
 * Makes TO, an empty file that is open for writing, what FROM is now: all of it in
 * one step, between two writes of others (tried on btrfs and xfs, Linux 6.18). What
 * of FROM is only in memory is written to the disk first. -1 and errno: see
 * zc_clone_never; TO may then have some of it.
 */
int zc_clone_file(int to, int from);

/* With ENO as the reason no file of that file system can be cloned there. */
bool zc_clone_never(int eno);

#endif
