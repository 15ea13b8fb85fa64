/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside an attribute set: what xattr.c (reading and checking sets) and
 * xattr_job.c (making a file's attributes equal to one) share, and fake.c with
 * them. Nobody else includes this. The layout of a set is in xattr.h.
 */
#ifndef ZC_FS_XATTR_SET_H
#define ZC_FS_XATTR_SET_H

#include "base/buf.h"

#include <sys/types.h>

struct zc_attr {
    const char *name; /* NAME_LEN bytes, no NUL at the end */
    size_t name_len;
    const uint8_t *value;
    size_t len;
};

struct zc_attr_walk {
    struct zc_rd r;
    unsigned left;
};

struct zc_attr_walk zc_attr_walk_start(const uint8_t *set, size_t n);
/* False at the end, and where the set is cut short (w->r.bad). */
bool zc_attr_walk_next(struct zc_attr_walk *w, struct zc_attr *a);

/* The order of a set: by the bytes of the names. */
int zc_attr_cmp(const struct zc_attr *a, const struct zc_attr *b);

/* About the N bytes of a name at S: it is NAME, begins with PREFIX and goes on,
 * is that of an ACL, of a property of btrfs, is one that KEEP (enum zc_keep)
 * covers. */
bool zc_attr_named(const char *s, size_t n, const char *name);
bool zc_attr_in(const char *s, size_t n, const char *prefix);
bool zc_attr_is_acl(const char *s, size_t n);
bool zc_attr_is_property(const char *s, size_t n);
bool zc_attr_covered(unsigned keep, const char *s, size_t n);

/* The attribute called ATTR of NAME in DIRFD, or of FD, which may be O_PATH: as
 * fgetxattr(2) and the like. */
ssize_t zc_attr_get(int dirfd, const char *name, const char *attr, void *value,
                    size_t size);
int zc_attr_set(int fd, const char *attr, const void *value, size_t n);
int zc_attr_remove(int fd, const char *attr);

#endif
