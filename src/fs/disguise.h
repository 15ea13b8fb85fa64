/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What only root could set, in attributes that anybody can: the forms of
 * `rsync --fake-super`, so that either program reads what the other has written.
 *
 *     user.rsync.%stat    "100755 0,0 0:0": mode (octal), device, owner, group
 *     user.rsync.%aacl    an access ACL: four numbers of 32 bits for the owner, the
 *     user.rsync.%dacl    group, the mask and all others, and two for each of those
 *                         that are named: the id, and what it may (a default ACL)
 *     user.rsync.NAME     the attribute NAME of another namespace than user
 *
 * Functions of memory; any thread.
 */
#ifndef ZC_FS_DISGUISE_H
#define ZC_FS_DISGUISE_H

#include "base/buf.h"

#include <sys/types.h>

#define ZC_DISGUISE "user.rsync."
#define ZC_DISGUISE_STAT "user.rsync.%stat"
#define ZC_DISGUISE_STAT_SIZE 80 /* room for one, with a NUL */

/* What a file would be if we could make it so. */
struct zc_disguise {
    uint32_t mode; /* type and permissions, as st_mode */
    uint32_t uid, gid;
    uint64_t rdev; /* as makedev(3) */
};

/* The N bytes of a %stat. False: they make no sense. */
bool zc_disguise_parse(const char *text, size_t n, struct zc_disguise *d);
/* The bytes it takes, without the NUL. */
size_t zc_disguise_format(char out[ZC_DISGUISE_STAT_SIZE],
                          const struct zc_disguise *d);

/* The attribute that stands for the one called NAME on disk; a part of NAME, or
 * constant. NULL: none. */
const char *zc_disguise_seen(const char *name);
/* The other way round: what the attribute NAME (N bytes) is called on disk, into
 * OUT. -1 and errno: it cannot be there. */
#define ZC_DISGUISE_NAME_SIZE 300
int zc_disguise_name(char out[ZC_DISGUISE_NAME_SIZE], const char *name,
                     size_t n);

/* Appends the ACL in BLOB, N bytes of a file with MODE, as the kernel has them. -1:
 * it makes no sense. */
int zc_disguise_acl(struct zc_buf *out, const uint8_t *blob, size_t n,
                    uint32_t mode);
/* Appends the blob of such an ACL. Likewise. */
int zc_disguise_acl_blob(struct zc_buf *out, const uint8_t *acl, size_t n);

#endif
