/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Going through the source's tree, beside what events say. */
#ifndef ZC_MIRROR_SEARCH_H
#define ZC_MIRROR_SEARCH_H

#include "mirror/core.h"

struct zc_found_name {
    char *path; /* on the heap */
    uint64_t dev, ino;
};
typedef ZC_VEC(struct zc_found_name) zc_found_names;

/* Looks through the tree below ROOT for the names of the N files. Ends early
 * when the mirror stops. Without the lock, as the next. */
void zc_search_files(struct zc_mirror *m, int root,
                     const struct zc_inode *files, size_t n,
                     zc_found_names *found);
/* The same for all names, but of directories, of what has changed since FLOOR
 * (wall clock, ns). False: it has ended early, or memory ran out. */
bool zc_search_changed(struct zc_mirror *m, int root, int64_t floor,
                       zc_found_names *found);

/* Around either, with the lock: a directory that is renamed meanwhile may be
 * missed. */
void zc_search_begin(struct zc_mirror *m);
void zc_search_end(struct zc_mirror *m);
/* What the watcher tells now may have happened during one: a directory that is
 * renamed is in doubt. With the lock, as the next. */
bool zc_search_disturbed(const struct zc_mirror *m);
/* Before events are read: notes how far the watcher has got. */
void zc_search_told(struct zc_mirror *m);

#endif
