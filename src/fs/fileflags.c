// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Flags and projects of files; see fileflags.h. The flags have an ioctl of their
 * own, the project comes with another one (ioctl_xfs_fsgetxattr(2)); both want a
 * descriptor that is open for reading.
 */
#include "fs/fileflags.h"

#include "fs/procfd.h"
#include "fs/rootdir.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

static bool can_have_any(uint32_t mode)
{
    return S_ISREG(mode) || S_ISDIR(mode);
}

static bool none_here(void)
{
    return errno == ENOTTY || errno == EOPNOTSUPP || errno == ENOSYS ||
           errno == EINVAL;
}

static int get(int fd, struct zc_fileflags *out)
{
    unsigned flags = 0; /* the kernel writes an int, whatever the macro says */
    struct fsxattr x;
    *out = (struct zc_fileflags){0};
    if (ioctl(fd, FS_IOC_GETFLAGS, &flags))
        return none_here() ? 0 : -1;
    out->flags = flags & ZC_FILEFLAGS_CARRIED;
    if (!ioctl(fd, FS_IOC_FSGETXATTR, &x)) {
        out->project = x.fsx_projid;
        if (x.fsx_xflags & FS_XFLAG_PROJINHERIT)
            out->flags |= FS_PROJINHERIT_FL;
    }
    return 0;
}

/* An fd on NAME in DIRFD ("": another on DIRFD, which may be O_PATH). */
static int open_at(int dirfd, const char *name)
{
    char path[ZC_PROCFD_PATH];
    if (*name)
        return zc_file_open(dirfd, name, O_RDONLY, 0);
    return open(zc_procfd_path(path, dirfd),
                O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

int zc_fileflags_at(int dirfd, const char *name, uint32_t mode,
                    struct zc_fileflags *out)
{
    *out = (struct zc_fileflags){0};
    if (!can_have_any(mode))
        return 0;
    if (!*name && get(dirfd, out) == 0)
        return 0;
    zc_auto_close int fd = open_at(dirfd, name);
    return fd < 0 ? -1 : get(fd, out);
}

bool zc_fileflags_same(const struct zc_fileflags *a,
                       const struct zc_fileflags *b)
{
    return ((a->flags ^ b->flags) & ZC_FILEFLAGS_CARRIED) == 0 &&
           a->project == b->project;
}

/* --- setting --- */

/* The carried flags of FD become WANT; others stay. */
static int set_flags(int fd, uint32_t want)
{
    unsigned flags = 0;
    if (ioctl(fd, FS_IOC_GETFLAGS, &flags))
        return -1;
    unsigned wanted = (flags & ~ZC_FILEFLAGS_CARRIED) |
                      (want & ZC_FILEFLAGS_CARRIED);
    return wanted == flags ? 0 : ioctl(fd, FS_IOC_SETFLAGS, &wanted);
}

/* One after the other, so that one that this file system has not does not keep
 * the rest away. */
static void set_each(int fd, uint32_t have, uint32_t want)
{
    for (uint32_t bit = 1; bit; bit <<= 1)
        if ((have ^ want) & bit && set_flags(fd, have ^ bit) == 0)
            have ^= bit;
}

static int set_project(int fd, const struct zc_fileflags *want)
{
    struct fsxattr x;
    if (ioctl(fd, FS_IOC_FSGETXATTR, &x))
        return -1;
    x.fsx_projid = want->project;
    x.fsx_xflags &= ~(unsigned)FS_XFLAG_PROJINHERIT;
    if (want->flags & FS_PROJINHERIT_FL)
        x.fsx_xflags |= FS_XFLAG_PROJINHERIT;
    return ioctl(fd, FS_IOC_FSSETXATTR, &x);
}

static bool same_project(const struct zc_fileflags *a,
                         const struct zc_fileflags *b)
{
    return a->project == b->project &&
           !((a->flags ^ b->flags) & FS_PROJINHERIT_FL);
}

int zc_fileflags_apply(int fd, uint32_t mode, const struct zc_fileflags *want,
                       bool *changed)
{
    struct zc_fileflags have, now;
    struct zc_fileflags plain = {want->flags & ~ZC_FILEFLAGS_SEALS,
                                 want->project};
    if (!can_have_any(mode))
        return 0;
    zc_auto_close int own = open_at(fd, "");
    if (own < 0 || get(own, &have))
        return -1;
    if (zc_fileflags_same(&have, &plain))
        return 0;
    int eno = 0;
    if (have.flags & ZC_FILEFLAGS_SEALS &&
        set_flags(own, have.flags & ~ZC_FILEFLAGS_SEALS))
        eno = errno;
    if (!same_project(&have, &plain) && set_project(own, &plain))
        eno = errno;
    if (set_flags(own, plain.flags)) {
        eno = errno;
        if (get(own, &now) == 0)
            set_each(own, now.flags, plain.flags);
    }
    /* Some that cannot be set are silently left off. */
    if (get(own, &now))
        return -1;
    *changed |= !zc_fileflags_same(&now, &have);
    if (zc_fileflags_same(&now, &plain))
        return 0;
    errno = eno ? eno : EOPNOTSUPP;
    return -1;
}

void zc_fileflags_begin(int fd, uint32_t flags)
{
    unsigned have = 0;
    if (!(flags & ZC_FILEFLAGS_NOCOW) || ioctl(fd, FS_IOC_GETFLAGS, &have) ||
        have & ZC_FILEFLAGS_NOCOW)
        return;
    have |= ZC_FILEFLAGS_NOCOW;
    if (ioctl(fd, FS_IOC_SETFLAGS, &have))
        errno = 0; /* zc_fileflags_apply will say so */
}

int zc_fileflags_seal(int dirfd, const char *name, uint32_t seals)
{
    struct zc_fileflags have;
    struct stat st;
    if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -1;
    if (!can_have_any(st.st_mode))
        return 0;
    zc_auto_close int fd = open_at(dirfd, name);
    if (fd < 0 || get(fd, &have))
        return -1;
    seals &= ZC_FILEFLAGS_SEALS;
    return set_flags(fd, (have.flags & ~ZC_FILEFLAGS_SEALS) | seals);
}

bool zc_fileflags_unseal(int dirfd, const char *name)
{
    struct zc_fileflags have;
    struct stat st;
    int eno = errno;
    bool done = !fstatat(dirfd, name, &st,
                         AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) &&
                !zc_fileflags_at(dirfd, name, st.st_mode, &have) &&
                have.flags & ZC_FILEFLAGS_SEALS &&
                !zc_fileflags_seal(dirfd, name, 0);
    errno = eno;
    return done;
}
