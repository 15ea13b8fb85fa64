/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copies of files that are here, made by the kernel, which shares what the file
 * system can share. Any thread. */
#ifndef ZC_SESSION_COPIES_H
#define ZC_SESSION_COPIES_H

#include "delta/segment.h"
#include "fs/meta.h"

/* S of IN into OUT, holes as bytes: shared by copy_file_range(2) from Linux
 * 5.19 on. 0, or -1 and errno; ESTALE: so much there is not. */
int zc_copy_segment(int in, int out, const struct zc_segment *s);
/* S of IN into OUT, in which nothing is written there yet: shared where the
 * file system can, and holes as holes. 0, or -1 and errno; ESTALE: so much
 * there is not. */
int zc_copy_range(int in, int out, const struct zc_segment *s);

/* The SIZE bytes of IN into the new file OUT, holes as holes. 0, or -1 and
 * errno. */
int zc_copy_all(int in, int out, uint64_t size);

/* Is FD the file OLD still, with no write in between? So a copy that was made
 * between two such looks is of one version. False and errno: ESTALE. */
bool zc_copy_is_still(int fd, const struct zc_stat *old);

#endif
