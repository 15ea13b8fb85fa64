/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * POSIX ACLs as the kernel hands them out in system.posix_acl_access and
 * _default (linux/posix_acl_xattr.h): u32 version 2, then per entry u16 tag,
 * u16 permissions, u32 id, little-endian. Functions of memory; any thread.
 */
#ifndef ZC_FS_ACL_H
#define ZC_FS_ACL_H

#include "base/buf.h"
#include "fs/idmap.h"

#define ZC_ACL_ACCESS "system.posix_acl_access"
#define ZC_ACL_DEFAULT "system.posix_acl_default"

/* True when the N bytes have the shape of an ACL. */
bool zc_acl_ok(const uint8_t *acl, size_t n);

/*
 * Appends ACL to OUT with its ids mapped through IDS (NULL: as they are) and
 * its entries in order, so that two ACLs that mean the same are the same bytes.
 * Of two entries that map to one id the first stays, as it is the one that the
 * kernel would go by. What is no ACL is copied.
 */
void zc_acl_put_local(struct zc_buf *out, const uint8_t *acl, size_t n,
                      struct zc_idmap *ids);

/* A 128-bit hash of what ACL means, ids by name where IDS has one, in *LOW and
 * *HIGH. Independent of the order of its entries. */
void zc_acl_hash(const uint8_t *acl, size_t n, struct zc_idmap *ids,
                 uint64_t *low, uint64_t *high);

/* Calls FOUND for every user and group id in ACL. */
void zc_acl_ids(const uint8_t *acl, size_t n,
                void (*found)(void *arg, enum zc_id_kind kind, uint32_t id),
                void *arg);

/* What ACL leaves to the owning group (0-7): its entry, cut by the mask. */
uint32_t zc_acl_group_perms(const uint8_t *acl, size_t n);

#endif
