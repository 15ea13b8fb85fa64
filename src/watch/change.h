/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a watcher says has happened. Events are hints: they name what has to be
 * looked at, never what it is now.
 */
#ifndef ZC_WATCH_CHANGE_H
#define ZC_WATCH_CHANGE_H

#include "base/buf.h"

/* A watched directory, by a number that is never used twice while a watcher
 * lives. A directory keeps it when it is renamed or moved within the tree. */
typedef uint64_t zc_wdir;
#define ZC_WDIR_NONE ((zc_wdir)0)
#define ZC_WDIR_ROOT ((zc_wdir)1)

/* What may have happened to a name. Bits. */
enum zc_change {
    ZC_CHANGE_DATA = 1 << 0,    /* bytes changed, and the writer has closed it */
    ZC_CHANGE_WRITING = 1 << 1, /* bytes changed, and more may be coming */
    ZC_CHANGE_META = 1 << 2,    /* owner, mode, times, attributes */
    ZC_CHANGE_NAME = 1 << 3,    /* the name appeared, went, or was replaced */
    ZC_CHANGE_DEEP = 1 << 4,    /* and anything to all below it, where it is a
                                   directory's */
    /* Only in what a watcher reports, of names that are not directories. With
     * NAME: the name appeared (a new file, or another name of an old one), or
     * went. Where NAME is alone, either may be so. */
    ZC_CHANGE_MADE = 1 << 5,
    ZC_CHANGE_GONE = 1 << 6,
    /* Only in what a peer is sent, with DEEP: something below may have changed in
     * a way that was not seen. */
    ZC_CHANGE_UNSEEN = 1 << 7,
};

/* Callbacks, from within zc_watch_read, _tick and _scan. Strings are valid
 * during the call. A callback must not call into the watcher but for
 * zc_watch_path and the other functions that take a const struct zc_watch. */
struct zc_watch_events {
    /* NAME (N bytes) in DIR; "" only for the root's own metadata. A directory's
     * own metadata is reported as its name in its parent. For a new directory
     * (made, or moved in from outside) WHAT has ZC_CHANGE_DEEP, and the call
     * comes when all that is below it is watched.
     * A file may be new and still empty where WHAT has MADE: there is no
     * WRITING for that. An event under a name that the file has lost, or never
     * had, while somebody has it open is reported under that name: so what
     * NAME leads to is not always what has changed. */
    void (*changed)(void *arg, zc_wdir dir, const char *name, size_t n,
                    unsigned what);
    /* FROM_NAME in FROM is now TO_NAME in TO. What had that name before is gone.
     * zc_watch_path has a directory's new path already. Where the two
     * halves of a rename did not come together, `changed` is called for each
     * instead. Not called for an exchange of two names (RENAME_EXCHANGE): both
     * are reported as changed, with DEEP for directories. */
    void (*renamed)(void *arg, zc_wdir from, const char *from_name,
                    size_t from_n, zc_wdir to, const char *to_name,
                    size_t to_n, bool is_dir);
    /* DIR and all below it may have changed in ways that were not seen: the
     * queue overflowed, a watch was lost, DIR is not watched (then every
     * `rescan_s`). */
    void (*in_doubt)(void *arg, zc_wdir dir);
    /* DIR is not in the tree any more; called for every directory below DIR,
     * too. The number means nothing from now on. */
    void (*removed)(void *arg, zc_wdir dir);
    /* The root was unmounted, removed, renamed or replaced; WHY is a sentence
     * that names it. Nothing is watched any more: free the watcher, and make a
     * new one when the root is back. */
    void (*gone)(void *arg, const char *why);
    /* Something below the root was mounted or unmounted: zc_watch_places says
     * otherwise than before. What is in doubt for that is told by the others. */
    void (*places)(void *arg);
    void *arg;
};

#endif
