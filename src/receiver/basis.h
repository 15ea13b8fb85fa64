/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of a new version is taken from a file that is here, its basis: the old
 * version under the same name, what has come of a new one before, or a file under
 * another name (moved.h). Any thread. */
#ifndef ZC_RECEIVER_BASIS_H
#define ZC_RECEIVER_BASIS_H

#include "delta/segment.h"
#include "fs/staging.h"
#include "proto/msg.h"

#include <sys/types.h>

struct zc_cmp;
struct zc_entry;
struct zc_receiver;
struct zc_rdir;
struct zc_shelf;
struct zc_stat;

/* Puts S, a COPY, into FD from what has NAME in WHERE; shared with it where the
 * file system can. 0, or -1 and errno: it is not there, or has not so much.
 * Whether it was what it was thought to be is for the verdict to tell. */
int zc_basis_copy(struct zc_receiver *r, const struct zc_shelf *where,
                  const char *name, int fd, const struct zc_segment *s);

/* Bytes of files from which on a basis is worth asking for. */
#define ZC_BASIS_MIN ((uint64_t)256 << 10)
/* What C may have much in common with, the largest of them: its size, or 0. OLD:
 * bytes of what has its name. */
uint64_t zc_basis_size(struct zc_receiver *r, const struct zc_cmp *c,
                       uint64_t old);
/* The same for E (REF) in D, to be read: an fd, or -1 and errno. */
int zc_basis_open(struct zc_receiver *r, const struct zc_rdir *d,
                  const struct zc_entry *e, struct zc_ref ref);
/* How what is made of E in D is called in the staging folder, so that it is
 * kept when the session breaks off. False: it is not to be. */
bool zc_basis_tmp(struct zc_receiver *r, const struct zc_rdir *d,
                  const struct zc_entry *e, char tmp[ZC_STAGING_NAME_SIZE]);
/* E has come whole: what was kept of it goes. */
void zc_basis_drop(struct zc_receiver *r, const struct zc_rdir *d,
                   const struct zc_entry *e);

#endif
