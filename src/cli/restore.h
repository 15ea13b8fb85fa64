/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the trash of a share has (fs/trash.h), and how it comes back:
 *
 *     the same place   a rename; what has the name, older or with `force`
 *                      newer, goes to the trash in turn
 *     elsewhere        a copy
 *
 * No symlink is followed, neither in the trash nor on the way to where it
 * comes. One thread.
 */
#ifndef ZC_CLI_RESTORE_H
#define ZC_CLI_RESTORE_H

#include "base/err.h"
#include "base/vec.h"
#include "fs/meta.h"

struct zc_kept {
    char *path; /* in the share */
    int64_t date; /* of its folder */
    bool dir;
};

typedef ZC_VEC(struct zc_kept) zc_kept_list;

struct zc_restore {
    int trash;
    int root;        /* the share, or where else it is to come */
    bool elsewhere;
    bool force;      /* also in place of what is newer, or of another kind */
    bool dry;        /* only told */
    /* Told of each entry that comes back. */
    void (*back)(void *arg, const struct zc_kept *k);
    /* ... and of each that does not, and why. */
    void (*failed)(void *arg, const struct zc_kept *k, const char *why);
    void *arg;
    int fresh;       /* the folder of what is replaced; -1 at first */
};

/* Appends to LIST what is kept of PATH ("": of all) in the folders whose names
 * begin with FROM ("": in all), one after the other from the oldest on, in each
 * by name. -1 with a sentence. */
int zc_restore_find(int trash, const char *path, const char *from,
                    zc_kept_list *list, struct zc_err *err);
/* Of each path the newest is left, all by name. */
void zc_restore_latest(zc_kept_list *list);
/* What K is: 0, or -1 and errno. */
int zc_restore_look(int trash, const struct zc_kept *k, struct zc_stat *st,
                    char **target);
/* Brings back LIST, one path of each; how many could not be. */
size_t zc_restore_run(struct zc_restore *x, const zc_kept_list *list);
void zc_kept_free(zc_kept_list *list);

#endif
