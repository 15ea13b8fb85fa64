/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The only place where a name becomes a file. Everything below a share's root
 * is reached through openat2(2) with RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
 * RESOLVE_NO_MAGICLINKS, one directory fd at a time, so that neither "..", nor
 * an absolute name, nor a symlink swapped in by another process can lead
 * outside. (Of a source symlinks may be followed, see zc_link_open.) Where the
 * kernel has no openat2 (before 5.6) opening a root fails with a sentence that
 * says so.
 *
 * The functions that take a directory fd accept single names only (zc_name_ok)
 * and fail with EINVAL on anything else. They return an fd (close-on-exec) or
 * -1 with errno. Any thread.
 */
#ifndef ZC_FS_ROOTDIR_H
#define ZC_FS_ROOTDIR_H

#include "base/err.h"

#include <dirent.h>
#include <sys/types.h>

/*
 * Opens PATH, given by the local user, as the root of a tree: symlinks in it
 * are followed, it must be a directory. Returns an O_DIRECTORY fd, or -1 with a
 * sentence (ZC_EXIT_SELECT).
 */
int zc_root_open(const char *path, struct zc_err *err);

/* What of a path may be made (mode 0777 & ~umask) where it is missing: nothing,
 * the last component, or all of it. */
enum zc_root_make { ZC_ROOT_MAKE_NONE, ZC_ROOT_MAKE_LAST, ZC_ROOT_MAKE_PATH };

/*
 * The same for a tree to write into: only the symlinks are followed that
 * fs/userpath.h tells of, and MAKE says what may be made. *CREATED tells whether
 * it was.
 */
int zc_root_open_dest(const char *path, enum zc_root_make make, bool *created,
                      struct zc_err *err);

/*
 * Opens the directory RELPATH ("" is ROOT itself) below ROOT without following
 * any symlink. RELPATH may be longer than PATH_MAX. Never leaves ROOT.
 * ELOOP/ENOTDIR: a component is a symlink or no directory.
 */
int zc_root_open_dir(int root, const char *relpath);

/* The same, but symlinks are followed, as long as they do not leave ROOT (EXDEV),
 * to whatever directory that is. RELPATH is shorter than PATH_MAX. */
int zc_root_open_linked(int root, const char *relpath);

/* Opens the directory RELPATH, which is not "", and makes it where it is missing;
 * with PARENTS also those that lead there. */
int zc_root_make_dir(int root, const char *relpath, bool parents);

/* The same two without opening anything: an O_PATH fd, to see which directory it
 * is. -1 and errno. */
int zc_root_find(const char *path);
int zc_root_find_dir(int root, const char *relpath);
/* Likewise, whatever RELPATH, shorter than PATH_MAX, is. */
int zc_root_find_any(int root, const char *relpath);

/* For readdir(3): FD, -1 or an open directory, is the stream's, or closed. NULL and
 * errno, also that with which FD was not opened. */
DIR *zc_dir_list(int fd);

/* Opens the child directory NAME for reading and as a base. */
int zc_dir_open(int dirfd, const char *name);

/* The same, but not where something is mounted on it: EXDEV, and what is mounted
 * is not asked for anything. */
int zc_dir_open_here(int dirfd, const char *name);

/* Opens the parent of DIRFD, for a walk that comes back up. The directory may
 * have been moved meanwhile, so the caller must check that it got the one it
 * came from (device and inode) before it does anything with it. */
int zc_dir_open_parent(int dirfd);

/*
 * Opens NAME with FLAGS (O_NOFOLLOW, O_CLOEXEC, O_NOCTTY and O_NONBLOCK are
 * added; O_NONBLOCK so that a fifo never blocks the caller) and MODE. With
 * O_RDONLY, O_NOATIME is tried first and dropped on EPERM.
 */
int zc_file_open(int dirfd, const char *name, int flags, mode_t mode);

/* O_PATH | O_NOFOLLOW: a handle on NAME whatever it is, a symlink included. */
int zc_path_open(int dirfd, const char *name);

/*
 * Opens what PATH, relative to DIRFD and shorter than PATH_MAX, leads to, through
 * whatever symlinks: for whoever has asked for that. FLAGS as above, for reading.
 * BELOW: for a source that others ask for, as no step of the way is outside of
 * DIRFD then (EXDEV). ELOOP: symlinks without end, or one that /proc makes up for
 * an open file.
 */
int zc_link_open(int dirfd, const char *path, bool below, int flags);

/* The symlink target of NAME: NUL-terminated, on the heap, length in *LEN;
 * NULL and errno. */
char *zc_symlink_read(int dirfd, const char *name, size_t *len);

#endif
