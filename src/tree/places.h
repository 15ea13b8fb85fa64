/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The places below a root at which something is mounted, or was: what may be
 * looked into there. A table that does not change once it is made, so that
 * threads may share it; it lives as long as somebody has it.
 */
#ifndef ZC_TREE_PLACES_H
#define ZC_TREE_PLACES_H

#include "base/util.h"

#include <string.h>

enum zc_place_state {
    ZC_PLACE_MOUNTED,
    ZC_PLACE_GONE,     /* it was unmounted: what is there now is not it */
    ZC_PLACE_LEFT_OUT, /* mounted, and not to be touched (-x) */
};

struct zc_place {
    const char *path; /* relative to the root */
    uint64_t mnt;     /* MOUNTED: its zc_stat.mnt_id */
    enum zc_place_state state;
};

struct zc_places {
    unsigned refs; /* atomic */
    bool strict; /* whatever else is mounted was mounted since */
    size_t n;
    struct zc_place v[]; /* in the order of zc_relpath_cmp */
};

/* A copy of the N at V, in any order, no path twice; one reference, the
 * caller's. NULL: memory. */
struct zc_places *zc_places_new(const struct zc_place *v, size_t n,
                                bool strict);
struct zc_places *zc_places_ref(struct zc_places *p); /* NULL is fine */
void zc_places_unref(struct zc_places *p);            /* NULL is fine */

/* P is below PATH (N bytes). */
static inline bool zc_place_is_below(const struct zc_place *p,
                                     const char *path, size_t n)
{
    return !n || (!strncmp(p->path, path, n) && p->path[n] == '/');
}

/* These take NULL for a table without any. The one at PATH. */
const struct zc_place *zc_places_at(const struct zc_places *p,
                                    const char *path);
/* The nearest at PATH or above it. */
const struct zc_place *zc_places_over(const struct zc_places *p,
                                      const char *path);
/* The first below PATH ("": the root); others are right behind it. */
const struct zc_place *zc_places_below(const struct zc_places *p,
                                       const char *path);

/* What is at PATH, on the mount MNT, may be looked into: it is neither GONE nor
 * LEFT_OUT. *SINCE: it would, but the table does not know that mount. ROOT_MNT
 * is the root's. */
bool zc_places_may_enter(const struct zc_places *p, const char *path,
                         uint64_t mnt, uint64_t root_mnt, bool *since);

#endif
