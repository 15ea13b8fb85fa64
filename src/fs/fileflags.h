/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flags of chattr(1) and the project of a file or directory, as they are
 * carried from one host to another (--fileflags). Other types have none. Any
 * thread.
 */
#ifndef ZC_FS_FILEFLAGS_H
#define ZC_FS_FILEFLAGS_H

#include "base/util.h"

/* FS_*_FL of linux/fs.h, which have the same values everywhere. */
struct zc_fileflags {
    uint32_t flags;
    uint32_t project;
};

#define ZC_FILEFLAGS_IMMUTABLE 0x10u
#define ZC_FILEFLAGS_APPEND 0x20u
/* Seals: nothing can be done to a file that has one, so they are taken off
 * before anything, and put on when all is done. */
#define ZC_FILEFLAGS_SEALS (ZC_FILEFLAGS_IMMUTABLE | ZC_FILEFLAGS_APPEND)
/* Only an empty file can be made so. */
#define ZC_FILEFLAGS_NOCOW 0x00800000u
/* Those that are carried; others say how a file system has stored it, or mean
 * something on one file system only. */
#define ZC_FILEFLAGS_CARRIED                                         \
    (ZC_FILEFLAGS_SEALS | ZC_FILEFLAGS_NOCOW | 0x1u /* secrm */ |    \
     0x2u /* unrm */ | 0x4u /* compr */ | 0x8u /* sync */ |          \
     0x40u /* nodump */ | 0x80u /* noatime */ | 0x400u /* nocomp */ | \
     0x4000u /* journal_data */ | 0x8000u /* notail */ |             \
     0x10000u /* dirsync */ | 0x20000u /* topdir */ |                \
     0x20000000u /* projinherit */)

/* Those of NAME in DIRFD ("": of DIRFD itself), which is of type MODE. A file
 * system without any has none. 0, or -1 and errno. */
int zc_fileflags_at(int dirfd, const char *name, uint32_t mode,
                    struct zc_fileflags *out);
bool zc_fileflags_same(const struct zc_fileflags *a,
                       const struct zc_fileflags *b);
/* Makes those of FD, of type MODE, like WANT, but for seals: those are taken off
 * where anything differs. FD may be O_PATH. *CHANGED (stays true). 0, or -1 and
 * errno: not all took. */
int zc_fileflags_apply(int fd, uint32_t mode, const struct zc_fileflags *want,
                       bool *changed);
/* FD is new and empty, and going to have FLAGS: those that can only be given to
 * an empty file are. */
void zc_fileflags_begin(int fd, uint32_t flags);
/* Puts SEALS on NAME in DIRFD, and takes off others. 0, or -1 and errno. */
int zc_fileflags_seal(int dirfd, const char *name, uint32_t seals);
/* Takes them off. True when there was one, and it is worth trying again. Keeps
 * errno. */
bool zc_fileflags_unseal(int dirfd, const char *name);

#endif
