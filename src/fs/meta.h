/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a file is apart from its bytes: type, mode, owner, times, extended
 * attributes and ACLs; how to read it by directory fd and how to set it by fd.
 * Any thread.
 */
#ifndef ZC_FS_META_H
#define ZC_FS_META_H

#include "base/buf.h"
#include "base/libc.h"
#include "base/util.h"
#include "fs/fileflags.h"
#include "fs/keep.h"
#include "fs/xattr.h"

#include <sys/stat.h>
#include <sys/types.h>

/* Which number of a mount statx(2) is asked for: where there is one that is never
 * used again (Linux 6.8), that. */
#ifndef STATX_MNT_ID_UNIQUE
#define STATX_MNT_ID_UNIQUE 0x4000U
#endif
#define ZC_STATX_MNT (STATX_MNT_ID | STATX_MNT_ID_UNIQUE)

/* One statx(2) answer in plain fields. */
struct zc_stat {
    uint32_t mode; /* type and permissions, as st_mode */
    uint32_t uid, gid, nlink;
    uint64_t size, blocks; /* bytes; 512-byte blocks */
    uint64_t dev, ino, rdev; /* dev and rdev as makedev(3) */
    uint64_t mnt_id; /* 0 where the kernel does not tell */
    int64_t mtime_s, ctime_s;
    uint32_t mtime_ns, ctime_ns;
    bool has_btime; /* ext4 without it has whole-second times */
};

/* Looks at NAME in DIRFD without following it; "" is DIRFD itself. NAME is one
 * component. 0, or -1 and errno. */
int zc_stat_at(int dirfd, const char *name, struct zc_stat *st);
/* The same, and with ZC_KEEP_FAKE in KEEP what it says that it is. */
int zc_stat_kept(unsigned keep, int dirfd, const char *name,
                 struct zc_stat *st);
/* Where something is mounted on NAME in DIRFD: 1, and what the kernel knows of
 * it by itself, as what is mounted may not answer. 0: nothing is, as far as the
 * kernel tells; -1 and errno. */
int zc_stat_mounted(int dirfd, const char *name, struct zc_stat *st);
/* Looks at what the local user's PATH leads to. Likewise. */
int zc_stat_path(const char *path, struct zc_stat *st);

/* Same size, mtime, ctime, inode and device: the file was not changed between
 * two looks, as far as statx(2) can tell. */
bool zc_stat_same_version(const struct zc_stat *a, const struct zc_stat *b);

/* "owner", "ACL", ...: for messages. */
const char *zc_meta_kind_name(enum zc_meta_kind kind);

/* What a file shall look like. Ids are local ones, already mapped. */
struct zc_meta_want {
    uint32_t mode; /* type and permissions */
    uint32_t uid, gid;
    int64_t mtime_s;
    uint32_t mtime_ns;
    bool have_xattrs; /* XATTRS below are known and shall be made so, exactly */
    const uint8_t *xattrs; /* a valid set in wire form; NULL when empty */
    size_t xattrs_len;
    struct zc_fileflags fileflags; /* seals: see zc_fileflags_apply */
    unsigned keep; /* enum zc_keep: what to set at all */
    unsigned skip_times : 1; /* leave the times for later (directories) */
    /* Whoever wants it is not known: refused with EPERM are owners and groups
     * other than our own, setuid and setgid bits that are not there, security.*
     * and trusted.* attributes. */
    unsigned restricted : 1;
    unsigned careful : 1; /* the file system may say that it has done what it
                             has not: what was set is looked at again */
};

/*
 * Makes the file behind FD look like WANT, changing only what differs from NOW
 * (its zc_stat, taken just before), in the order owner, mode, attributes and
 * ACLs, capabilities, times, so that no step undoes another. atime is left
 * alone. Where owner or group had to be set and could not, setuid and setgid
 * bits are left off. FD may be O_PATH (symlinks, devices, files we may not
 * open). WANT's ACL ids are mapped through IDS to local ids (IDS learned them
 * from the peer; NULL: taken as they are). With ZC_KEEP_FAKE in WANT's keep FD
 * is made to say what it is instead (fs/fake.h), and NOW does not matter.
 * *CHANGED tells whether anything was written. 0 when all was set, else -1 and
 * REPORT says what was not (zeroed by the caller before; errors add up;
 * EOPNOTSUPP for what did not take).
 */
int zc_meta_apply(int fd, const struct zc_stat *now,
                  const struct zc_meta_want *want, struct zc_idmap *ids,
                  struct zc_meta_report *report, bool *changed);

/* Sets the mtime of FD, which may be O_PATH, and makes sure of it. 0, or -1 and
 * errno. */
int zc_fd_set_mtime(int fd, int64_t s, uint32_t ns);

/* True where what is set on the file system of FD is set when it says so; else
 * see `careful` above. */
bool zc_meta_trusted(int fd);

/* Nanoseconds of the finest time step of the file system that holds FD: 1, or
 * 1e9 or 2e9 where times are coarse (vfat, exfat, hfsplus, ext with small
 * inodes, FUSE file systems that show only whole seconds). */
uint32_t zc_time_step(int fd);
/* True when A (at the source) and B (here) are the same time at that step. */
bool zc_time_equal(int64_t a_s, uint32_t a_ns, int64_t b_s, uint32_t b_ns,
                   uint32_t step_ns);
/* Cuts a time to that step, so that equal ones become the same. */
void zc_time_cut(int64_t *s, uint32_t *ns, uint32_t step_ns);
/* True when A and B are no more than WINDOW seconds apart. */
bool zc_times_within(int64_t a_s, int64_t b_s, uint64_t window);

#endif
