/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names in one directory, sorted by their bytes: what both sides walk in
 * step. Compact (a directory of 300,000 entries takes about 10 MB), and only
 * names and types: nothing is looked at yet. Not shared between threads while
 * it is being filled; read-only afterwards.
 */
#ifndef ZC_TREE_NAMES_H
#define ZC_TREE_NAMES_H

#include "base/util.h"

struct zc_name_ref {
    uint32_t offset; /* into `bytes` */
    uint8_t len;
    uint8_t type; /* d_type of readdir(3): DT_DIR, ..., DT_UNKNOWN */
};

struct zc_names {
    char *bytes; /* each name ends with a NUL */
    struct zc_name_ref *v;
    size_t len;
    bool too_long; /* there are names of more than ZC_NAME_MAX bytes, left out:
                      vfat has them, in UTF-8 */
};

/* Reads all of DIRFD from its start with getdents64(2) ("." and ".." left out)
 * and sorts. 0, or -1 with errno; *N is empty then. Works on a dup of the file
 * position: callers must not read DIRFD at the same time. */
int zc_names_read(int dirfd, struct zc_names *n);
void zc_names_fini(struct zc_names *n);

/* Adds NAME (LEN bytes) where it belongs, of no known type, unless it is there.
 * -1: memory, and nothing has changed. */
int zc_names_insert(struct zc_names *n, const char *name, size_t len);

static inline const char *zc_names_at(const struct zc_names *n, size_t i)
{
    return n->bytes + n->v[i].offset;
}

/* The index of the first name that is not before NAME (len LEN), or n->len. */
size_t zc_names_lower_bound(const struct zc_names *n, const char *name,
                            size_t len);
/* Where NAME is; LEN of them all where it is not among them. */
size_t zc_names_find(const struct zc_names *n, const char *name);

#endif
