/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is mounted, as /proc/self/mountinfo tells (proc_pid_mountinfo(5)), and
 * which of it is below a directory. The kernel says when it changes: poll(2) for
 * POLLPRI. Nothing here looks at what is mounted where another host or process
 * would have to answer.
 */
#ifndef ZC_FS_MOUNTS_H
#define ZC_FS_MOUNTS_H

#include "base/vec.h"

#define ZC_MOUNTINFO "/proc/self/mountinfo"

struct zc_mount {
    uint64_t id, parent; /* as STATX_MNT_ID, not the unique one */
    uint64_t dev; /* as makedev(3), of the file system */
    char *path; /* of the mount point, as seen from this process's root */
    char type[32]; /* of the file system, cut off; "": not told */
};
typedef ZC_VEC(struct zc_mount) zc_mounts;
typedef ZC_VEC(char *) zc_mount_paths;

/* Adds the mounts that TEXT (N bytes) tells of; lines that are none are left
 * out. -1: memory. */
int zc_mounts_parse(const char *text, size_t n, zc_mounts *m);
void zc_mounts_fini(zc_mounts *m);
/* Adds those of FD, which is open on ZC_MOUNTINFO and read from its beginning. -1
 * and errno. */
int zc_mounts_read(int fd, zc_mounts *m);

/* Of M, the mount points that are reached below the directory at ROOT, which is
 * an absolute path on the mount with the number MNT (0: not known, and then
 * covered ones count, too): relative to ROOT, parents before what is in them, no
 * path twice. Sorts M. -1: memory. */
int zc_mounts_below(zc_mounts *m, const char *root, uint64_t mnt,
                    zc_mount_paths *out);
void zc_mount_paths_fini(zc_mount_paths *paths);

/* The same for the directory ROOTFD, as it is now: FD is open on ZC_MOUNTINFO
 * and read from its beginning. -1 and errno. */
int zc_mounts_list(int fd, int rootfd, zc_mount_paths *out);

/* A number that is another one, but for bad luck, when other mounts than before
 * are below the directory ROOTFD, reached or not. Likewise. */
int zc_mounts_digest(int fd, int rootfd, uint64_t *digest);

/* Where the directory DIRFD is: its path, and that of the mount point that it is
 * at or below, absolute and on the heap. -1 and errno. */
int zc_mounts_locate(int dirfd, char **path, char **point);

/* FD's mounts have changed since this was last asked, or since FD was opened.
 * One poll(2) of FD, whoever's, is told once. */
bool zc_mounts_changed(int fd);

#endif
