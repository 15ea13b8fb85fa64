/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What walk.c (a list against a directory) and compare.c (an entry against a
 * file) share. Not for others. */
#ifndef ZC_RECEIVER_COMPARE_H
#define ZC_RECEIVER_COMPARE_H

#include "receiver/core.h"

/* One entry being compared. */
struct zc_cmp {
    struct zc_rdir *dir;
    struct zc_rlist *list;
    int dirfd; /* -1: the directory is not there */
    struct zc_ref ref;
    const struct zc_entry *e;
    char name[ZC_NAME_MAX + 1];
    bool exists; /* here, as `st` */
    struct zc_stat st;
    unsigned xattrs; /* ZC_ITEM_ACL, ZC_ITEM_XATTR: these differ */
    unsigned item; /* enum zc_item_flags */
    uint8_t hash[ZC_HASH_SIZE];
    uint64_t from; /* the hash is that of so many bytes */
};

/* The answers to one list, as they gather. */
struct zc_answer {
    struct zc_rworker *w;
    struct zc_buf items; /* encoded NEED items */
    uint32_t count;
    bool waits; /* for the leaders of hard link groups */
};

/* False: what is here does not matter to E (an eager file, unless the user
 * wants to know what changed). */
bool zc_compare_looks(const struct zc_receiver *r, const struct zc_entry *e);
/* Compares one entry, does what can be done about it at once, and adds to A
 * what the sender is asked or told. C->item may be set. */
void zc_compare_entry(struct zc_answer *a, struct zc_cmp *c);
/* Adds what is asked and told about C: WHAT (enum zc_need), C->item. */
void zc_compare_answer(struct zc_answer *a, const struct zc_cmp *c,
                       unsigned what);
/* Which of its metadata is not as the source has it: enum zc_item_flags. */
unsigned zc_compare_meta(const struct zc_receiver *r, const struct zc_cmp *c);
/* Which kinds of attributes of NAME differ from the digest in E. */
unsigned zc_compare_xattrs(struct zc_rworker *w, int dirfd, const char *name,
                           const struct zc_entry *e);

#endif
