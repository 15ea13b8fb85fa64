/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The renames that the next batch will have: by either name, by the directory
 * that was moved, and in order. What a rename means for marks is in
 * dirty_renames.c. Not locked inside.
 */
#ifndef ZC_MIRROR_DIRTY_KEPT_H
#define ZC_MIRROR_DIRTY_KEPT_H

#include "base/map.h"
#include "base/nametab.h"
#include "base/vec.h"
#include "watch/change.h"

struct zc_watch;

/* One side of a rename, as it is told. */
struct zc_rename_side {
    zc_wdir dir;
    const char *name; /* NUL-ended */
    size_t n;
};

/* One of the two names of a rename that is kept. */
struct zc_kept_name {
    struct zc_nametab_node by_name;
    struct zc_kept *kept; /* the rename */
    zc_wdir dir;
    char *name;
    char *path; /* at the time of the rename */
};

struct zc_kept {
    struct zc_kept_name from, to;
    zc_wdir moved;          /* the directory, or NONE */
    struct zc_kept *before; /* the same directory's rename before this one */
    size_t at;              /* index */
    bool is_dir, dropped;   /* dropped: only its names still count */
};

struct zc_renames {
    ZC_VEC(struct zc_kept *) v;
    size_t n_living;           /* not dropped */
    struct zc_nametab by_name; /* zc_kept_name, those of the dropped, too */
    struct zc_map moved;       /* directory -> its last rename */
};

void zc_renames_init(struct zc_renames *r);
void zc_renames_clear(struct zc_renames *r);
/* Keeps one more rename; W tells the paths. MOVED is the directory, or NONE.
 * -1: the rename cannot be kept, for want of memory or of a path, or because
 * the filter may judge what is in the directory otherwise then. */
int zc_renames_keep(struct zc_renames *r, const struct zc_watch *w,
                    const struct zc_rename_side *from,
                    const struct zc_rename_side *to, zc_wdir moved,
                    bool is_dir);
/* The batch does without K. */
void zc_renames_drop(struct zc_renames *r, struct zc_kept *k);
/* The last one that was kept with this name, as one of its two; NULL: none. */
struct zc_kept *zc_renames_with(const struct zc_renames *r,
                                const struct zc_rename_side *s);
/* The last one of the directory MOVED; NULL: none. */
struct zc_kept *zc_renames_of(const struct zc_renames *r, zc_wdir moved);

#endif
