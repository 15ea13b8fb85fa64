/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of a new version is taken from a file that is here, its basis: today the
 * old version under the same name. Any thread. */
#ifndef ZC_RECEIVER_BASIS_H
#define ZC_RECEIVER_BASIS_H

#include "delta/segment.h"

struct zc_receiver;
struct zc_shelf;

/* Puts S, a COPY, into FD from what has NAME in WHERE; shared with it where the
 * file system can. 0, or -1 and errno: it is not there, or has not so much.
 * Whether it was what it was thought to be is for the verdict to tell. */
int zc_basis_copy(struct zc_receiver *r, const struct zc_shelf *where,
                  const char *name, int fd, const struct zc_segment *s);

/* NAME in WHERE, to be read as a basis: an fd, or -1 and errno. */
int zc_basis_open(struct zc_receiver *r, const struct zc_shelf *where,
                  const char *name);
/* S of IN into OUT, in which nothing is written there yet: shared where the file
 * system can, and holes as holes. 0, or -1 and errno; ESTALE: so much there is
 * not. */
int zc_basis_copy_range(int in, int out, const struct zc_segment *s);

/* The SIZE bytes of IN into the new file OUT, holes as holes. 0, or -1 and
 * errno. */
int zc_basis_copy_all(int in, int out, uint64_t size);

#endif
