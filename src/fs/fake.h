/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that are not what they are to be, as whoever made them was not root
 * (ZC_KEEP_FAKE): a regular file may stand for a symlink or a device, and an
 * attribute tells (fs/disguise.h). A directory always is one. Any thread.
 */
#ifndef ZC_FS_FAKE_H
#define ZC_FS_FAKE_H

#include "fs/disguise.h"

/* What NAME in DIRFD ("" is DIRFD itself, O_PATH or not) says that it is. False:
 * nothing that makes sense. */
bool zc_fake_get(int dirfd, const char *name, struct zc_disguise *d);
/* Makes FD, O_PATH or not, say that it is D; NULL: nothing. 0, or -1 and errno. */
int zc_fake_set(int fd, const struct zc_disguise *d);

/* The permissions that a file on disk has for those of MODE: its owner, who is
 * to go on working with it, may always do that. */
uint32_t zc_fake_perms(uint32_t mode, bool is_dir);

/* The target of the symlink NAME in DIRFD, or, with ZC_KEEP_FAKE in KEEP, of what
 * stands for one, as zc_symlink_read has it. */
char *zc_symlink_kept(unsigned keep, int dirfd, const char *name, size_t *len);
/* Makes NAME in BASE, new: a file that stands for D, which is no directory, and
 * that has the N bytes at TARGET where that is a symlink. 0, or -1 and errno. */
int zc_fake_make(int base, const char *name, const struct zc_disguise *d,
                 const char *target, size_t n);

#endif
