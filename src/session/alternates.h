/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Directories beside DEST that may have files it lacks (--compare-dest,
 * --copy-dest, --link-dest; rsync(1)): as the receiving end opens them, before it
 * is confined. One thread.
 */
#ifndef ZC_SESSION_ALTERNATES_H
#define ZC_SESSION_ALTERNATES_H

#include "base/err.h"
#include "proto/frame.h"
#include "proto/proto.h"

#include <stdbool.h>
#include <stddef.h>

struct zc_alternates {
    size_t n;
    int fds[ZC_ALTERNATES_MAX];
    bool missing; /* some were named that are not there */
};

/* The DEST that they are relative to. */
struct zc_alternates_base {
    const char *share; /* "": DEST is the user's own, as he has written it */
    const char *path;  /* of the share */
    const char *dest;  /* in the share; or that path */
    bool absent;       /* it is not there (a dry run) */
};

/*
 * Opens NAMES, each NUL-ended. In a share none leads out of it, symlinks
 * included, and an absolute one begins at its root; else symlinks are followed
 * as on the way to DEST (fs/userpath.h). -1 with a sentence where one may not
 * be looked at; one that cannot be opened is left out. A is empty at first, and
 * to be closed.
 */
int zc_alternates_open(struct zc_alternates *a, struct zc_bytes names,
                       const struct zc_alternates_base *base,
                       struct zc_err *err);
/* One of them, DIR: *FD is -1 where it cannot be opened, and errno says why.
 * MAKE: it is made where it is missing, with its parents. */
int zc_alternates_open_one(const struct zc_alternates_base *base,
                           const char *dir, bool make, int *fd,
                           struct zc_err *err);
void zc_alternates_close(struct zc_alternates *a);

/* The counterparts in them of one directory below DEST. */
struct zc_alternate_dirs {
    bool known;
    uint64_t key; /* of that, whatever it means to the caller */
    size_t n;
    int fds[ZC_ALTERNATES_MAX]; /* -1: there is none */
};

/* D, which is of KEY afterwards, of the directory PATH. */
void zc_alternates_in(const struct zc_alternates *a, const char *path,
                      uint64_t key, struct zc_alternate_dirs *d);
void zc_alternate_dirs_close(struct zc_alternate_dirs *d);

#endif
