/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names and relative paths as they may come from a peer. Pure functions, any
 * thread.
 */
#ifndef ZC_BASE_RELPATH_H
#define ZC_BASE_RELPATH_H

#include "base/util.h"

#define ZC_NAME_MAX 255 /* bytes in one name (NAME_MAX of every Linux fs) */

/* The staging folder; reserved in a share's root and in the root of every
 * mount below it (see fs/staging.h). */
#define ZC_STAGING_NAME ".zcsync"

/* A staging folder inside of a directory that passes something on to what is
 * made in it (see fs/nest.h): this and 32 hex digits, reserved everywhere. */
#define ZC_NEST_PREFIX ZC_STAGING_NAME "-"
#define ZC_NEST_DIGITS 32
bool zc_name_is_nest(const char *name, size_t n);

/* True when the N bytes at NAME may be one component: 1 to ZC_NAME_MAX bytes,
 * no '/', no NUL, not "." or "..". */
bool zc_name_ok(const char *name, size_t n);

/* True when PATH is a chain of good names joined by single slashes: not
 * absolute, not empty, no trailing slash. Its length is not limited. */
bool zc_relpath_ok(const char *path, size_t n);

/* "DIR/NAME", or NAME when DIR is "" ("/NAME" when it is "/"). On the heap; NULL
 * when memory ran out. */
char *zc_relpath_join(const char *dir, const char *name);

/* Takes "." and ".." out of PATH, by the letter, and slashes that part nothing,
 * also one at the beginning. False, and PATH is of no use: it leaves where it
 * begins. */
bool zc_relpath_flatten(char *path);

/* The last name of PATH, which has no slash at its end and is not "/"; *DIR is
 * what is before it, "." or "/" where there is nothing else, on the heap (NULL:
 * memory ran out). */
const char *zc_path_split(const char *path, char **dir);

/* True when a symlink with this TARGET, in a directory that is DEPTH levels below
 * the top of a tree, cannot lead out of it, by the letter: it is relative, has
 * ".." at its beginning only, and not too many of them (rsync(1),
 * --safe-links). */
bool zc_target_stays(const char *target, size_t depth);

/* Orders names by their bytes, as memcmp, a prefix first. */
int zc_name_cmp(const char *a, size_t alen, const char *b, size_t blen);

/* Orders paths component by component: what is in a directory comes right after
 * it, before any other name. */
int zc_relpath_cmp(const char *a, const char *b);

#endif
