/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An entry from the sender, and what is here under its name: in what they differ.
 * What is to be done about that is for compare.h. Any thread, not under
 * receiver.lock.
 */
#ifndef ZC_RECEIVER_CMP_H
#define ZC_RECEIVER_CMP_H

#include "base/relpath.h"
#include "fs/meta.h"
#include "proto/msg.h"

struct zc_rdir;
struct zc_receiver;
struct zc_rlist;
struct zc_rworker;

/* One entry, and what is here under its name. */
struct zc_cmp {
    struct zc_rdir *dir;
    struct zc_rlist *list;
    int dirfd; /* -1: the directory is not there */
    struct zc_ref ref;
    const struct zc_entry *e;
    const struct zc_bytes *xattrs; /* the source's set, if it has come; or NULL */
    char name[ZC_NAME_MAX + 1]; /* "": it is DIR itself */
    bool exists;                /* here, as `st` */
    struct zc_stat st;
};

bool zc_cmp_same_type(const struct zc_cmp *c);
/* Is what has MODE asked for at all? */
bool zc_cmp_keeps_type(const struct zc_receiver *r, uint32_t mode);

/* Which of its metadata is not as the source has it, attributes apart: enum
 * zc_item_flags. */
unsigned zc_cmp_meta(struct zc_receiver *r, const struct zc_cmp *c);
/* The same without what the file system here made of it, and would again; that is
 * told like what it refuses. */
unsigned zc_cmp_curable_meta(struct zc_rworker *w, const struct zc_cmp *c);
/* Which kinds of attributes differ from the digest in the entry, or from the set
 * that has come: ZC_ITEM_ACL, too, where only that could tell. */
unsigned zc_cmp_xattrs(struct zc_rworker *w, const struct zc_cmp *c);
bool zc_cmp_keeps_xattrs(const struct zc_receiver *r);
/* The user has said who becomes whom, which digests of attributes know nothing of. */
bool zc_cmp_maps_owners(const struct zc_receiver *r);
/* XATTRS, of zc_cmp_xattrs, is an ACL that may be right all the same: that only the
 * source's set tells. */
bool zc_cmp_acl_in_doubt(const struct zc_receiver *r, unsigned xattrs);
/* What differs cannot be set on the file that is here. */
bool zc_cmp_has_to_be_new(const struct zc_receiver *r, const struct zc_cmp *c);

enum zc_sameness { ZC_SAME, ZC_DIFFERENT, ZC_HASH_TELLS };

/* Is it the same file by size and time (or, with -c, by content)? */
enum zc_sameness zc_cmp_file(struct zc_rworker *w, const struct zc_cmp *c);
/* No file or directory: the same target, or the same device? */
bool zc_cmp_special(const struct zc_receiver *r, const struct zc_cmp *c);

#endif
