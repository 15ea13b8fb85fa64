/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of watched directories: a tree of (parent, name), found by number,
 * by parent and name, and by key. A key is what the kernel's events call the
 * directory: a watch descriptor of inotify, or a file handle of fanotify.
 *
 * A directory takes some 100 bytes (name and key included), and moving one,
 * with all that is below it, costs the same as moving an empty one. Numbers
 * are those of change.h: never used twice, the root is ZC_WDIR_ROOT.
 *
 * Nothing here looks at the file system. Not locked inside.
 */
#ifndef ZC_WATCH_TREE_H
#define ZC_WATCH_TREE_H

#include "base/buf.h"
#include "base/relpath.h"
#include "watch/change.h"

#include <string.h>

struct zc_wtree;

#define ZC_WKEY_MAX 160

struct zc_wkey {
    uint8_t len; /* 0: none */
    uint8_t bytes[ZC_WKEY_MAX];
};

/* Where a directory, or a file, is or was: a name in a directory. */
struct zc_wspot {
    zc_wdir dir;
    uint8_t len;
    char name[ZC_NAME_MAX + 1];
};

static inline struct zc_wspot zc_wspot_of(zc_wdir dir, const char *name,
                                          size_t n)
{
    struct zc_wspot spot = {.dir = dir, .len = (uint8_t)n};
    memcpy(spot.name, name, n);
    return spot;
}

/* With a root that has no key. NULL: out of memory. */
struct zc_wtree *zc_wtree_new(void);
void zc_wtree_free(struct zc_wtree *t); /* NULL is fine */

bool zc_wtree_has(const struct zc_wtree *t, zc_wdir d);
size_t zc_wtree_count(const struct zc_wtree *t); /* the root counts */

/* A new directory NAME in PARENT, which has none of that name. NONE: out of
 * memory. */
zc_wdir zc_wtree_add(struct zc_wtree *t, zc_wdir parent, const char *name,
                     size_t n);
/* D, which is not the root, is now NAME in PARENT, which has none of that name
 * and is neither D nor below it. -1: out of memory, and nothing has changed. */
int zc_wtree_move(struct zc_wtree *t, zc_wdir d, zc_wdir parent,
                  const char *name, size_t n);
/* How often anything was moved: as long as that is the same, so are all paths of
 * what is there. */
uint64_t zc_wtree_moves(const struct zc_wtree *t);
/* Takes D and all below it out, children first. GOING is called for each just
 * before, with its key still there; GONE just after, when its number is not
 * known any more. */
void zc_wtree_drop(struct zc_wtree *t, zc_wdir d,
                   void (*going)(void *arg, zc_wdir d),
                   void (*gone)(void *arg, zc_wdir d), void *arg);
/* A is D, or above it. */
bool zc_wtree_above(const struct zc_wtree *t, zc_wdir a, zc_wdir d);

zc_wdir zc_wtree_child(const struct zc_wtree *t, zc_wdir d, const char *name,
                       size_t n);
zc_wdir zc_wtree_lookup(const struct zc_wtree *t, const char *path);
/* NULL: not known, or no memory. */
const char *zc_wtree_path(const struct zc_wtree *t, zc_wdir d,
                          struct zc_buf *out);
/* *NAME (may be NULL) until the next change. NONE for the root. */
zc_wdir zc_wtree_parent(const struct zc_wtree *t, zc_wdir d,
                        const char **name);
/* The same as a copy, which stays. False: the root, or D is not there. */
bool zc_wtree_spot(const struct zc_wtree *t, zc_wdir d,
                   struct zc_wspot *spot);
/* The children, in no order; NONE at the end. D may be taken out when the next
 * one has been asked for. */
zc_wdir zc_wtree_first(const struct zc_wtree *t, zc_wdir d);
zc_wdir zc_wtree_next(const struct zc_wtree *t, zc_wdir d);

/* Keys: one directory has a key. zc_wtree_set_key takes it from nobody: nobody
 * else may have it. A KEY of length 0 takes D's away. -1: out of memory. */
int zc_wtree_set_key(struct zc_wtree *t, zc_wdir d, const struct zc_wkey *key);
void zc_wtree_clear_keys(struct zc_wtree *t); /* all of them */
void zc_wtree_key(const struct zc_wtree *t, zc_wdir d, struct zc_wkey *key);
zc_wdir zc_wtree_by_key(const struct zc_wtree *t, const void *key, size_t n);

/* For the watcher: flags, and the job that last listed D. 0 at first. */
uint8_t zc_wtree_flags(const struct zc_wtree *t, zc_wdir d);
void zc_wtree_set_flags(struct zc_wtree *t, zc_wdir d, uint8_t flags);
uint32_t zc_wtree_job(const struct zc_wtree *t, zc_wdir d);
void zc_wtree_set_job(struct zc_wtree *t, zc_wdir d, uint32_t job);

#endif
