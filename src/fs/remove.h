/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Removing and counting trees by directory fd: of any depth, never following a
 * symlink, never crossing into another mount. Any thread.
 */
#ifndef ZC_FS_REMOVE_H
#define ZC_FS_REMOVE_H

#include "base/util.h"

struct zc_remove_ops {
    /* True: leave this entry and everything in it (a filter protects it). PATH
     * is relative to the top passed in as TOP_PATH. NULL: nothing is kept. */
    bool (*keep)(void *arg, const char *path, bool is_dir);
    /* In place of removing NAME in DIRFD, no directory: it goes somewhere else. 0; 1:
     * it is in there still, under a name that `keep` knows; -1 and errno. NULL: it is
     * removed. */
    int (*take)(void *arg, int dirfd, const char *name, const char *path);
    /* Told of a directory, PATH, that is empty and goes next; may be NULL. */
    void (*leave)(void *arg, int dirfd, const char *name, const char *path);
    /* Told of every entry removed, or counted; may be NULL. */
    void (*done)(void *arg, const char *path, bool is_dir);
    /* Told of every entry that could not be removed; may be NULL. An entry
     * kept by a filter below does not count as an error: its parents just
     * stay. */
    void (*failed)(void *arg, const char *path, int eno);
    /* Immutable and append-only files and directories go, too. */
    bool unseal;
    void *arg;
};

/*
 * Removes NAME in DIRFD: the entry, or the whole tree. TOP_PATH is what NAME is
 * called in the callbacks. 0 when it is gone (or was not there), 1 when
 * something protected keeps it, -1 when something failed (errno: the last
 * reason). A directory of ours that we may not empty gets u+rwx for it, and
 * its mode back if it stays.
 */
int zc_remove_tree(int dirfd, const char *name, const char *top_path,
                   const struct zc_remove_ops *ops);

/* The same walk without removing: how many entries zc_remove_tree would remove
 * (NAME included); OPS may be NULL. Stops counting at LIMIT. errno is 0, or why
 * there may be more; NAME itself counts then, too. */
uint64_t zc_count_tree(int dirfd, const char *name, const char *top_path,
                       const struct zc_remove_ops *ops, uint64_t limit);

#endif
