/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes that could not be told of any file, and the walks that find the
 * files. With the lock. */
#ifndef ZC_MIRROR_GHOSTS_H
#define ZC_MIRROR_GHOSTS_H

#include "mirror/core.h"

/* Some file has changed, not before FLOOR (wall clock), of which no name may be
 * known. */
void zc_ghosts_add(struct zc_mirror *m, int64_t floor);
/* The source is gone, and so are its ghosts. */
void zc_ghosts_clear(struct zc_mirror *m);
/* A peer walks, or there are ghosts to walk for. */
bool zc_ghosts_open(const struct zc_mirror *m);
/* Nanoseconds until P should walk; INT64_MAX: there are no ghosts. */
int64_t zc_ghosts_next(const struct zc_mpeer *p, int64_t now);
/* Walks if it is time to, letting go of the lock. */
void zc_ghosts_walk(struct zc_mpeer *p);

#endif
