/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of a file is in the page cache, and how to leave that as it was found: what
 * has come in since is dropped, what was there before stays. Others who use the
 * file at the same time may find a page of theirs gone, and get it from the disk.
 *
 * The kernel tells of files only to who owns them or may write them, else all
 * is said to be there (mincore(2)); so the pages of others' files stay. One
 * thread at a time for a file.
 */
#ifndef ZC_FS_CACHED_H
#define ZC_FS_CACHED_H

#include "base/util.h"

#include <stdint.h>

struct zc_cached;

/* Looks at FD, before anything of it is read. NULL: there will be nothing to drop,
 * or it cannot be told. */
struct zc_cached *zc_cached_look(int fd);
/* Drops what of the N bytes at OFFSET was not there: as far as nobody uses it, and
 * it is not dirty. C may be NULL. */
void zc_cached_shed(const struct zc_cached *c, int fd, uint64_t offset,
                    uint64_t n);
/* The same for all of FD; frees C, which may be NULL. errno stays. */
void zc_cached_leave(struct zc_cached *c, int fd);

/* What has been written to FD up to END is on its way to the disk, and dropped
 * as far as it is there. Does not wait, and tells of no failure. */
void zc_cached_flush(int fd, uint64_t end);
/* The N bytes of FD at OFFSET are on their way to the disk; likewise. */
void zc_cached_start(int fd, uint64_t offset, uint64_t n);
/* All of FD goes to the disk, and out of the cache. -1 and errno: it could not be
 * written, and no fsync(2) of FD will say so again. */
int zc_cached_forget(int fd);

#endif
