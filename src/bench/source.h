/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is sent by a benchmark, and where. No state; any thread. A descriptor that
 * is returned is the caller's. */
#ifndef ZC_BENCH_SOURCE_H
#define ZC_BENCH_SOURCE_H

#include "base/err.h"

/* A new file in DIR that has no name, of SIZE bytes that no compression and no
 * hole makes fewer; they are in the page cache, and on the disk. -1 with a
 * sentence. */
int zc_bench_source_make(const char *dir, uint64_t size, struct zc_err *err);
/* Fills FD, a file in DIR, likewise. -1 with a sentence. */
int zc_bench_source_fill(int fd, const char *dir, uint64_t size,
                         struct zc_err *err);
/* The regular file PATH, for reading, its bytes brought into the page cache; *SIZE
 * is its size. -1 with a sentence. */
int zc_bench_source_open(const char *path, uint64_t *size, struct zc_err *err);
/* "ext4", "xfs": what DIR lies on; "another file system". */
const char *zc_bench_fs_name(const char *dir);

#endif
