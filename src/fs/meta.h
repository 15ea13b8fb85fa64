/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a file is apart from its bytes: type, mode, owner, times, extended
 * attributes and ACLs; how to read it by directory fd and how to set it by fd.
 * Any thread.
 */
#ifndef ZC_FS_META_H
#define ZC_FS_META_H

#include "base/buf.h"
#include "base/util.h"
#include "fs/idmap.h"

#include <sys/stat.h>
#include <sys/types.h>

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

/* Same size, mtime, ctime, inode and device: the file was not changed between
 * two looks, as far as statx(2) can tell. */
bool zc_stat_same_version(const struct zc_stat *a, const struct zc_stat *b);

/* What a run keeps of a file's metadata. */
enum zc_keep {
    ZC_KEEP_PERMS = 1 << 0,
    ZC_KEEP_OWNER = 1 << 1,
    ZC_KEEP_GROUP = 1 << 2,
    ZC_KEEP_TIMES = 1 << 3,
    ZC_KEEP_ACLS = 1 << 4,
    ZC_KEEP_XATTRS = 1 << 5,
    ZC_KEEP_HARD_LINKS = 1 << 6,
    ZC_KEEP_DEVICES = 1 << 7,  /* block and character devices */
    ZC_KEEP_SPECIALS = 1 << 8, /* fifos and sockets */
    ZC_KEEP_SYMLINKS = 1 << 9,
    ZC_KEEP_SPARSE = 1 << 10,
    ZC_KEEP_ALL = (1 << 11) - 1,
};

/*
 * Extended attributes in wire form (zcsync-protocol(7), "Attribute sets"):
 * u16 count, then per attribute u8 name length, u32 value length, name, value,
 * in ascending byte order of the names. No attributes: no bytes at all.
 */
#define ZC_XATTR_SET_MAX (192 * 1024) /* bytes of one encoded set */

/*
 * Appends to OUT the attributes of NAME in DIRFD ("" is DIRFD itself, which
 * may be an O_PATH fd; a symlink is not followed) that KEEP covers:
 * ZC_KEEP_ACLS is system.posix_acl_access and _default, ZC_KEEP_XATTRS is
 * user.*, trusted.* and security.* as far as this process sees them. A file
 * system without attributes has none. 0, or -1 and errno (E2BIG: more than
 * ZC_XATTR_SET_MAX).
 */
int zc_xattr_read(int dirfd, const char *name, unsigned keep,
                  struct zc_buf *out);

/* True when the N bytes are a well-formed set: bounds, order, names no longer
 * than XATTR_NAME_MAX and only in the namespaces above. Use on every set that
 * a peer sent. */
bool zc_xattr_valid(const uint8_t *set, size_t n);

/*
 * Digest of a set, equal on two hosts when the sets mean the same: its first
 * half (XXH3-64) speaks for the ACLs, in which user and group ids count by
 * name, or by number where IDS is numeric or has no name; its second half for
 * the other attributes. A half is zero exactly when there are none of its kind.
 */
struct zc_digest {
    uint8_t b[16];
};
struct zc_digest zc_xattr_digest(const uint8_t *set, size_t n,
                                 struct zc_idmap *ids);

/* Calls FOUND for every user and group id in the ACLs of a valid set. */
void zc_xattr_ids(const uint8_t *set, size_t n,
                  void (*found)(void *arg, enum zc_id_kind kind, uint32_t id),
                  void *arg);

/* What could not be set; one errno per kind, 0 where all went well. */
enum zc_meta_kind {
    ZC_META_OWNER,
    ZC_META_GROUP,
    ZC_META_PERMS,
    ZC_META_TIMES,
    ZC_META_ACL,
    ZC_META_XATTR,      /* user.* and trusted.* */
    ZC_META_SECURITY,   /* security.* but capabilities: SELinux and others */
    ZC_META_CAPABILITY, /* security.capability */
    ZC_META_KINDS
};
struct zc_meta_report {
    int eno[ZC_META_KINDS];
};
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
    unsigned keep; /* enum zc_keep: what to set at all */
    unsigned skip_times : 1; /* leave the times for later (directories) */
};

/*
 * Makes the file behind FD look like WANT, changing only what differs from NOW
 * (its zc_stat, taken just before), in the order owner, mode, attributes and
 * ACLs, capabilities, times, so that no step undoes another. atime is left
 * alone. Where owner or group had to be set and could not, setuid and setgid
 * bits are left off. FD may be O_PATH (symlinks, devices, files we may not
 * open). WANT's ACL ids are mapped through IDS to local ids (IDS learned them
 * from the peer; NULL: taken as they are).
 * *CHANGED tells whether anything was written. 0 when all was set, else -1 and
 * REPORT says what was not (zeroed by the caller before; errors add up).
 */
int zc_meta_apply(int fd, const struct zc_stat *now,
                  const struct zc_meta_want *want, struct zc_idmap *ids,
                  struct zc_meta_report *report, bool *changed);

/* Sets the permission bits MODE of the file behind FD, which may be O_PATH.
 * 0, or -1 and errno (EOPNOTSUPP for a symlink). */
int zc_fd_chmod(int fd, uint32_t mode);

/* Nanoseconds of the finest time step of the file system that holds FD: 1, or
 * 1e9 or 2e9 where times are coarse (vfat, exfat, hfsplus, ext with small
 * inodes, FUSE file systems that show only whole seconds). */
uint32_t zc_time_step(int fd);
/* True when A (at the source) and B (here) are the same time at that step. */
bool zc_time_equal(int64_t a_s, uint32_t a_ns, int64_t b_s, uint32_t b_ns,
                   uint32_t step_ns);

#endif
