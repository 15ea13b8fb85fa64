/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All names of a tree in one order, a slice at a time: a directory before what
 * is in it, names by their bytes. So where it has got to is one path, and it
 * can go on from there in another process, after whatever has happened to the
 * tree meanwhile. One thread.
 */
#ifndef ZC_MIRROR_VERIFY_WALK_H
#define ZC_MIRROR_VERIFY_WALK_H

#include "base/vec.h"
#include "base/util.h"

struct zc_verify_walk;

/* Below ROOT (the caller's, and has to last), from behind the path FROM on, or
 * the one that would come behind it; "": from the start. ENTERS says whether
 * the directory PATH is looked into, OFFERS whether NAME, which is in one, is
 * any of our business. NULL: no memory. */
struct zc_verify_walk *zc_verify_walk_new(
    int root, const char *from, bool (*enters)(void *arg, const char *path),
    bool (*offers)(void *arg, const char *name), void *arg);
void zc_verify_walk_free(struct zc_verify_walk *k); /* NULL is fine */

/* Paths, each on the heap. */
typedef ZC_VEC(char *) zc_verify_paths;
void zc_verify_paths_clear(zc_verify_paths *paths);

/* Adds the next ones, up to MAX of them, and to about BYTES of data. 1: there were
 * some; 0: there are none any more; -1: no memory. What cannot be listed is left to
 * others to tell of. */
int zc_verify_walk_next(struct zc_verify_walk *k, size_t max, uint64_t bytes,
                        zc_verify_paths *paths);

#endif
