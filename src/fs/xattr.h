/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Extended attributes and ACLs as sets. Any thread. */
#ifndef ZC_FS_XATTR_H
#define ZC_FS_XATTR_H

#include "base/buf.h"
#include "fs/idmap.h"
#include "fs/keep.h"

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
 * user.*, trusted.* and security.* as far as this process sees them, and btrfs.*
 * (see zc_xattr_properties). A file system without attributes has none. 0, or
 * -1 and errno (E2BIG: more than ZC_XATTR_SET_MAX).
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
 * the other attributes, without btrfs.* A half is zero exactly when there are
 * none of its kind.
 */
struct zc_digest {
    uint8_t b[16];
};
struct zc_digest zc_xattr_digest(const uint8_t *set, size_t n,
                                 struct zc_idmap *ids);

/*
 * A hash of the btrfs.* in a set: the properties of a file on btrfs. 0: it has
 * none, which says nothing about those of its copy: they may come from the
 * directory there (btrfs-property(8)).
 */
uint64_t zc_xattr_properties(const uint8_t *set, size_t n);

/* Are the ACLs in MINE, a set of a file here, those that the peer's set THEIRS gives
 * it by IDS? Both are valid. */
bool zc_xattr_same_acls(const struct zc_buf *mine, const uint8_t *theirs,
                        size_t n, struct zc_idmap *ids);

/* Does an ACL of a valid set name a user or a group? */
bool zc_xattr_names_ids(const uint8_t *set, size_t n);

/* Calls FOUND for every user and group id in the ACLs of a valid set. */
void zc_xattr_ids(const uint8_t *set, size_t n,
                  void (*found)(void *arg, enum zc_id_kind kind, uint32_t id),
                  void *arg);

#endif
