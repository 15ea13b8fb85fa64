// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What directories pass on; see heritage.h. One ioctl tells of the flags: that
 * of XFS there, the other one elsewhere, and both for a directory with a
 * project.
 */
#include "fs/heritage.h"

#include "fs/acl.h"
#include "fs/meta.h"

#include <linux/fs.h>
#include <linux/limits.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <xxhash.h>

#ifndef FS_CASEFOLD_FL
#define FS_CASEFOLD_FL 0x40000000
#endif
#ifndef FS_DAX_FL
#define FS_DAX_FL 0x02000000
#endif

#define FLAGS                                                              \
    (FS_SECRM_FL | FS_UNRM_FL | FS_COMPR_FL | FS_NOCOMP_FL | FS_SYNC_FL |  \
     FS_DIRSYNC_FL | FS_NODUMP_FL | FS_NOATIME_FL | FS_JOURNAL_DATA_FL |   \
     FS_NOTAIL_FL | FS_NOCOW_FL | FS_ENCRYPT_FL | FS_CASEFOLD_FL |         \
     FS_DAX_FL | FS_PROJINHERIT_FL)

#define XFLAGS                                                             \
    (FS_XFLAG_SYNC | FS_XFLAG_NOATIME | FS_XFLAG_NODUMP |                  \
     FS_XFLAG_RTINHERIT | FS_XFLAG_PROJINHERIT | FS_XFLAG_NOSYMLINKS |     \
     FS_XFLAG_EXTSZINHERIT | FS_XFLAG_NODEFRAG | FS_XFLAG_DAX |            \
     FS_XFLAG_COWEXTSIZE)

unsigned zc_heritage_kinds(int fd)
{
    struct statfs fs;
    struct fsxattr x;
    unsigned flags;
    if (!fstatfs(fd, &fs) && fs.f_type == XFS_SUPER_MAGIC)
        return ioctl(fd, FS_IOC_FSGETXATTR, &x) ? 0 : ZC_HERITAGE_XFLAGS;
    return ioctl(fd, FS_IOC_GETFLAGS, &flags) ? 0 : ZC_HERITAGE_FLAGS;
}

static void take_xflags(int fd, struct zc_heritage *h)
{
    struct fsxattr x;
    if (ioctl(fd, FS_IOC_FSGETXATTR, &x))
        return;
    h->xflags = x.fsx_xflags & XFLAGS;
    if (h->xflags & FS_XFLAG_PROJINHERIT)
        h->project = x.fsx_projid;
    if (h->xflags & FS_XFLAG_EXTSZINHERIT)
        h->extent = x.fsx_extsize;
    if (h->xflags & FS_XFLAG_COWEXTSIZE)
        h->cow_extent = x.fsx_cowextsize;
}

static void take_acl(int fd, struct zc_heritage *h)
{
    char few[512], *acl = few;
    zc_auto_free char *many = NULL;
    ssize_t n = fgetxattr(fd, ZC_ACL_DEFAULT, few, sizeof few);
    if (n < 0 && errno == ERANGE && (acl = many = malloc(XATTR_SIZE_MAX)))
        n = fgetxattr(fd, ZC_ACL_DEFAULT, many, XATTR_SIZE_MAX);
    if (n > 0)
        h->acl = XXH3_64bits(acl, (size_t)n) | 1;
}

struct zc_heritage zc_heritage_of(int fd, unsigned kinds)
{
    struct zc_heritage h = {0};
    struct zc_stat st;
    unsigned flags = 0; /* the kernel writes an int, whatever the macro says */
    if (kinds & ZC_HERITAGE_FLAGS && !ioctl(fd, FS_IOC_GETFLAGS, &flags))
        h.flags = flags & FLAGS;
    if (kinds & ZC_HERITAGE_XFLAGS || h.flags & FS_PROJINHERIT_FL)
        take_xflags(fd, &h);
    if (kinds & ZC_HERITAGE_GROUP && !zc_stat_at(fd, "", &st) &&
        st.mode & S_ISGID) {
        h.setgid = 1;
        h.gid = st.gid;
    }
    if (kinds & ZC_HERITAGE_ACL)
        take_acl(fd, &h);
    return h;
}

bool zc_heritage_same(const struct zc_heritage *a, const struct zc_heritage *b)
{
    return a->flags == b->flags && a->xflags == b->xflags &&
           a->project == b->project && a->extent == b->extent &&
           a->cow_extent == b->cow_extent && a->setgid == b->setgid &&
           a->gid == b->gid && a->acl == b->acl;
}
