/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a directory passes on to everything that is made in it, and to nothing
 * that is moved into it: a project id, flags as of chattr(1) (no copy on write,
 * compression, encryption ...), its group, its default ACL. Any thread.
 */
#ifndef ZC_FS_HERITAGE_H
#define ZC_FS_HERITAGE_H

#include "base/util.h"

enum zc_heritage_kind {
    ZC_HERITAGE_FLAGS = 1 << 0,  /* ioctl_iflags(2) */
    ZC_HERITAGE_XFLAGS = 1 << 1, /* ioctl_xfs_fsgetxattr(2) */
    ZC_HERITAGE_GROUP = 1 << 2,  /* of a setgid directory */
    ZC_HERITAGE_ACL = 1 << 3,
};

/* Zero where nothing is passed on; equal where the same is. */
struct zc_heritage {
    uint32_t flags, xflags, project, extent, cow_extent;
    uint32_t setgid, gid;
    uint64_t acl; /* a hash of it */
};

/* Which of FLAGS and XFLAGS the file system of the directory FD has. */
unsigned zc_heritage_kinds(int fd);
/* What FD passes on, of KINDS. What cannot be found out is not passed on. */
struct zc_heritage zc_heritage_of(int fd, unsigned kinds);
bool zc_heritage_same(const struct zc_heritage *a,
                      const struct zc_heritage *b);

#endif
