/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The trash of a share: what was replaced or deleted there, for a time.
 *
 *     .zcsync/trash/2026-11-30T11-52-07Z/PATH   what was called PATH until then,
 *                                               or an hour later at most
 *     .zcsync/trash/2026-11-30T11-52-07Z.size   bytes in that, when nothing more
 *                                               comes into it
 *
 * A folder is named for the second, in UTC, in which it was made, so their
 * names sort by time. It lies in the staging folder, so nobody else can reach
 * it, and no session compares or sends what is in it. Any thread.
 */
#ifndef ZC_FS_TRASH_H
#define ZC_FS_TRASH_H

#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>

#define ZC_TRASH_DATE_SIZE 24
/* Seconds for which a folder takes what is lost. */
#define ZC_TRASH_SPAN 3600

typedef ZC_VEC(int64_t) zc_trash_dates;

/* The name of the folder of T, seconds as of time(2). */
void zc_trash_name(int64_t t, char name[ZC_TRASH_DATE_SIZE]);
/* And back; -1: it is none. */
int64_t zc_trash_time(const char *name);

/* The trash of the share that is open as ROOT; with MAKE it is made where there
 * is none, and ROOT keeps its times. An fd, or -1 and errno (ENOENT: there is
 * none; others as zc_staging_fd). */
int zc_trash_open(int root, bool make);

/* Its folders, the oldest first, as their times. -1: errno. */
int zc_trash_list(int trash, zc_trash_dates *dates);
/* A new one, called NOW or as soon after that as there is none: its fd, and its
 * time in *T. -1: errno. */
int zc_trash_make(int trash, int64_t now, int64_t *t);
/* The one of T. -1: errno. */
int zc_trash_folder(int trash, int64_t t);

struct zc_trash_limits {
    int64_t age_s;
    uint64_t size; /* bytes; 0: what leaves a tenth of the file system free */
};
/* Folders that are older at NOW go, and, with LOOK, the oldest while there is
 * more in them all, for which they may have to be looked through: until the
 * clock (zc_clock_ns) is at UNTIL, the rest another time. Nothing else in the
 * trash is touched. */
void zc_trash_prune(int trash, const struct zc_trash_limits *l, int64_t now,
                    int64_t until, bool look);

#endif
