/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Directories being worked on, as a tree of reference-counted nodes. A node
 * knows its parent and its name, so paths of any length cost one node a level,
 * and it can lend an fd: opened through its parent when needed and kept in a
 * cache of bounded size.
 *
 * A node's directory may for a while lie elsewhere under another name (a new
 * directory being filled in the staging folder): zc_dirnode_place tells where.
 *
 * All functions lock the tree inside; any thread. Lock order: the tree's lock
 * is taken with or without other locks held and takes none itself.
 */
#ifndef ZC_TREE_DIRNODE_H
#define ZC_TREE_DIRNODE_H

#include "base/buf.h"

struct zc_dirtree;
struct zc_dirnode;

/* What to pass for MAX_OPEN: deep trees stay open from top to bottom. It is less
 * where few descriptors are to be had (base/fds.h). */
#define ZC_DIRTREE_OPEN 128

/* A tree whose root is ROOT_FD (dup'ed; -1: a root that does not exist). At
 * most MAX_OPEN fds are kept open while nobody uses them. */
struct zc_dirtree *zc_dirtree_new(int root_fd, unsigned max_open);
/* From now on a name in T may also be a symlink to a directory below its root. */
void zc_dirtree_follow(struct zc_dirtree *t);
/* From now on T opens nothing that is mounted below its root: EXDEV. */
void zc_dirtree_stay(struct zc_dirtree *t);
/* Nodes that follow symlinks (zc_dirnode_follow) may lead out of T's root; unless
 * this is called. */
void zc_dirtree_confine(struct zc_dirtree *t);
/* All nodes but the root must have been released. */
void zc_dirtree_free(struct zc_dirtree *t);
struct zc_dirnode *zc_dirtree_root(struct zc_dirtree *t); /* not referenced */

/* The directory NAME (N bytes) in PARENT, with one reference, the caller's; it
 * holds one on PARENT. Nothing is opened. NULL: out of memory. */
struct zc_dirnode *zc_dirnode_new(struct zc_dirtree *t,
                                  struct zc_dirnode *parent, const char *name,
                                  size_t n);
/* The directory at PATH (N bytes, relative to the root, "" is the root), with
 * one reference, the caller's. Nothing is opened. NULL: out of memory. */
struct zc_dirnode *zc_dirnode_at(struct zc_dirtree *t, const char *path,
                                 size_t n);
void zc_dirnode_ref(struct zc_dirtree *t, struct zc_dirnode *d);
void zc_dirnode_unref(struct zc_dirtree *t, struct zc_dirnode *d);

/* The directory's fd, good until zc_dirnode_unpin; -1 and errno (nothing to
 * unpin then). */
int zc_dirnode_pin(struct zc_dirtree *t, struct zc_dirnode *d);
void zc_dirnode_unpin(struct zc_dirtree *t, struct zc_dirnode *d);

/* When errno says that there is no descriptor left: closes those that are kept
 * for later. True when there were any, and what failed may be tried again. Keeps
 * errno. */
bool zc_dirtree_give_back(struct zc_dirtree *t);

/* From now on D is to be found as NAME in BASE_FD (which must outlive that; the
 * name is copied), until placed with BASE_FD -1, which means its parent and
 * its own name. An fd that is open stays open. 0 or -1 (memory). */
int zc_dirnode_place(struct zc_dirtree *t, struct zc_dirnode *d, int base_fd,
                     const char *name);

/* D is a symlink in its parent, and what it leads to is meant. Before it is
 * pinned. */
void zc_dirnode_follow(struct zc_dirnode *d);
/* D, or what it is in, is behind a symlink. */
bool zc_dirnode_is_behind(const struct zc_dirnode *d);

struct zc_dirnode *zc_dirnode_parent(struct zc_dirnode *d); /* NULL: root */
const char *zc_dirnode_name(const struct zc_dirnode *d);    /* root: "" */

/* Appends D's path relative to the root ("" for the root), without NUL. */
void zc_dirnode_path(struct zc_dirnode *d, struct zc_buf *out);
/* PATH of NAME (N bytes) in D, NUL-ended, replacing what OUT held; NULL when
 * memory ran out. */
const char *zc_dirnode_path_of(struct zc_dirnode *d, const char *name,
                               size_t n, struct zc_buf *out);

/* Remembers which directory D turned out to be, and on which mount it was found
 * (0: not known). */
void zc_dirnode_set_id(struct zc_dirnode *d, uint64_t dev, uint64_t ino,
                       uint64_t mnt);
/* True when D, or a directory above it, was set to be this one; *MNT is the mount
 * then. */
bool zc_dirnode_has_ancestor(struct zc_dirnode *d, uint64_t dev, uint64_t ino,
                             uint64_t *mnt);

#endif
