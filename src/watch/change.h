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
    ZC_CHANGE_NAME = 1 << 3,    /* it appeared, went, or was replaced */
    ZC_CHANGE_DEEP = 1 << 4,    /* it is a directory, and so is all that is
                                   below it */
    /* Only in what a watcher reports, of names that are not directories. With
     * NAME: it appeared (a new file, or another name of an old one), it went.
     * With neither, either may be so. */
    ZC_CHANGE_MADE = 1 << 5,
    ZC_CHANGE_GONE = 1 << 6,
};

#endif
