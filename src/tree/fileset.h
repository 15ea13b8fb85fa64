/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names of --files-from: a tree of just the listed paths, so that a scan
 * can walk it as it walks a directory. Names in one directory are sorted by
 * bytes, as in tree/names.h. Built by one thread, then read by any number.
 *
 * As in rsync, a listed directory is sent itself; its content is sent too (as
 * in rsync, --files-from turns the default of recursion off) when its line ends
 * in a slash, or -r was given; parents of a listed path are sent as
 * directories.
 */
#ifndef ZC_TREE_FILESET_H
#define ZC_TREE_FILESET_H

#include "base/buf.h"
#include "base/err.h"

struct zc_fileset;      /* the whole set */
struct zc_fileset_node; /* one name in it */

struct zc_fileset *zc_fileset_new(void);
void zc_fileset_free(struct zc_fileset *s);

/* Adds one line: leading "./" and slashes are dropped, "a//b" is "a/b"; ".."
 * anywhere and empty names are refused with a sentence (ZC_EXIT_USAGE). */
int zc_fileset_add(struct zc_fileset *s, const char *path, size_t n,
                   struct zc_err *err);
/* Reads FILE ("-": standard input): a path a line, or NUL-ended with
 * NUL_ENDED. Blank lines, and lines starting with ';' or '#', are skipped
 * unless NUL_ENDED. Ends by calling zc_fileset_sort. */
int zc_fileset_read(struct zc_fileset *s, const char *file, bool nul_ended,
                    struct zc_err *err);
/* Sorts and merges; call once after the last add. */
int zc_fileset_sort(struct zc_fileset *s);

/* Every listed directory comes with its content. After zc_fileset_sort. */
void zc_fileset_recurse(struct zc_fileset *s);

/* Appends all lines, NUL-ended, such that zc_fileset_add makes the same set of
 * them. -1: memory. */
int zc_fileset_encode(const struct zc_fileset *s, struct zc_buf *out);

/* The children of NODE (NULL: of the root), sorted: *N of them. */
const struct zc_fileset_node *const *
zc_fileset_children(const struct zc_fileset *s,
                    const struct zc_fileset_node *node, size_t *n);
/* The child of NODE (NULL: of the top) called NAME (N bytes), or NULL. */
const struct zc_fileset_node *
zc_fileset_child(const struct zc_fileset *s, const struct zc_fileset_node *node,
                 const char *name, size_t n);
const char *zc_fileset_name(const struct zc_fileset_node *node);
/* True when the line for NODE asked for all that is below it. */
bool zc_fileset_recurses(const struct zc_fileset_node *node);
/* True when NODE was itself listed, false when it is only a parent. */
bool zc_fileset_listed(const struct zc_fileset_node *node);

#endif
