/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which metadata a run keeps, and which kinds of it could not be set. */
#ifndef ZC_FS_KEEP_H
#define ZC_FS_KEEP_H

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
    ZC_KEEP_FLAGS = 1 << 11, /* of chattr(1), and projects; not among ALL */
    ZC_KEEP_ON_WIRE = (1 << 12) - 1,
    /* Of one end only: what it cannot set is written down (fs/fake.h). */
    ZC_KEEP_FAKE = 1 << 29,
    /* The sender's own: blocks of zeros become holes, too (-S). */
    ZC_KEEP_MAKE_HOLES = 1 << 30,
};

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
    ZC_META_PROPERTIES, /* btrfs.*; EOPNOTSUPP: here is none */
    ZC_META_FLAGS,      /* those of chattr(1), and the project */
    ZC_META_KINDS
};
struct zc_meta_report {
    int eno[ZC_META_KINDS];
};

#endif
