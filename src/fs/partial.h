/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was received of big files when a session broke off. It is kept in the
 * staging folder, and is a basis for the next try (receiver/basis.h): nothing is
 * believed of it but its bytes, and those are proved.
 *
 *     share/.zcsync/5f0c.../p-KEY    such a file, in the making
 *     share/.zcsync/partial/KEY      ... when its session is over, or dead
 *
 * KEY stands for the path of the file. They go when the file has come, when
 * they are too old, and, the oldest first, when they take too much. Inside of a
 * staging folder of ours nobody else can put any. Keeps errno, but for what
 * fails; any thread.
 */
#ifndef ZC_FS_PARTIAL_H
#define ZC_FS_PARTIAL_H

#include "fs/meta.h"

#define ZC_PARTIALS "partial"

#define ZC_PARTIAL_KEY_SIZE 33
/* The key of PATH, relative to the root of what is received. */
void zc_partial_key(const char *path, char key[ZC_PARTIAL_KEY_SIZE]);
/* The name in the session's folder of a file that is to be kept. */
#define ZC_PARTIAL_TMP_SIZE (2 + ZC_PARTIAL_KEY_SIZE)
void zc_partial_tmp(const char *path, char tmp[ZC_PARTIAL_TMP_SIZE]);

/* FOLDER, a staging folder of ours, which is locked: the files of SESSION, which is
 * over, become partials, unless there are better ones. */
void zc_partials_salvage(int folder, int session);

#define ZC_PARTIAL_AGE_S (7 * 86400)
struct zc_partial_limits { /* all zero: the usual ones */
    unsigned age_s; /* those that are so old go; 0: ZC_PARTIAL_AGE_S */
    uint64_t bytes; /* so much stays; 0: a tenth of the file system */
    bool none;      /* all go */
};

/* Those that are too old at NOW_S, as of time(2), or too much, go. */
void zc_partials_prune(int folder, const struct zc_partial_limits *limits,
                       int64_t now_s);

/* In DIRFD, the folder of partials. That of PATH, and what it is: a fd, or -1. */
int zc_partial_open(int dirfd, const char *path, struct zc_stat *st);
void zc_partial_remove(int dirfd, const char *path);

#endif
