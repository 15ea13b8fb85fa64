/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The places below the root at which something is mounted, or was: a table that
 * follows the directories it lies in when those are renamed, and keeps a place
 * whose directories are gone. What is there now is found out in mounts.c.
 * With the lock that watch.h speaks of.
 */
#ifndef ZC_WATCH_PLACES_H
#define ZC_WATCH_PLACES_H

#include "base/buf.h"
#include "tree/places.h"
#include "watch/change.h"

struct zc_watch;

struct zc_wplace;

void zc_wplaces_fini(struct zc_watch *w);

/* The place at PATH, which is made if there is none; NULL: memory. Valid until
 * the next one is made or taken out. */
struct zc_wplace *zc_wplaces_add(struct zc_watch *w, const char *path);
struct zc_wplace *zc_wplaces_find(struct zc_watch *w, const char *path);
/* The path of P; NULL: memory. Replaces what OUT held. */
const char *zc_wplace_path(const struct zc_watch *w, const struct zc_wplace *p,
                           struct zc_buf *out);
void zc_wplace_set(struct zc_watch *w, struct zc_wplace *p,
                   enum zc_place_state state, uint64_t mnt);
void zc_wplaces_remove(struct zc_watch *w, size_t i);

/* As others see them; W's, valid until the next change. NULL: nothing is known
 * of mounts, or memory ran out. */
struct zc_places *zc_wplaces_table(struct zc_watch *w);

/* D is about to be moved in the tree, with what is in it; or to be taken out. */
void zc_wplaces_moving(struct zc_watch *w, zc_wdir d);
void zc_wplaces_dropping(struct zc_watch *w, zc_wdir d);

/* A directory was found as NAME in DIR, MOUNTED there (as MNT) or not. False: it
 * is not to be watched, as it is what a mount that is gone has uncovered. */
bool zc_wplaces_may_watch(struct zc_watch *w, zc_wdir dir, const char *name,
                          size_t n, bool mounted, uint64_t mnt);

#endif
