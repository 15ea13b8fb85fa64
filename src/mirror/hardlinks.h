/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A round that has one name of a file has to have all of the file's names. For
 * the peer's thread, without the lock, where nothing else is said.
 */
#ifndef ZC_MIRROR_HARDLINKS_H
#define ZC_MIRROR_HARDLINKS_H

#include "mirror/core.h"
#include "sender/round.h"

struct zc_mhardlinks *zc_mhardlinks_new(void); /* NULL: no memory */
void zc_mhardlinks_free(struct zc_mhardlinks *h);

/* zc_options.linked: a file with several names was listed; ARG is the peer.
 * Without the lock. */
void zc_mhardlinks_listed(void *arg, const char *path, uint64_t dev,
                          uint64_t ino);
/* ROUND and, with it, the other names of the files in it. Valid until the end
 * of the round. */
const struct zc_round *zc_mhardlinks_begin(struct zc_mpeer *p,
                                           const struct zc_round *round);
/* The round is over; if it went well, marks names that should have been in
 * ROUND. */
void zc_mhardlinks_end(struct zc_mpeer *p, const struct zc_round *round,
                       bool good);

/* The index lacks names of the file: every peer is to search for them. With the
 * lock, as the next two. */
void zc_mhardlinks_incomplete(struct zc_mirror *m, uint64_t dev, uint64_t ino);
/* Nanoseconds until P should search; INT64_MAX: not at all. */
int64_t zc_mhardlinks_next(const struct zc_mpeer *p, int64_t now);
/* P searches, or should. */
bool zc_mhardlinks_busy(const struct zc_mpeer *p);
/* Searches for what P should. */
void zc_mhardlinks_search(struct zc_mpeer *p);

#endif
