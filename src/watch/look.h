/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is there now: opens directories, recognizes them, and makes the table
 * say what is found. Tells of renames and of what is gone; what is new is for
 * the caller to list (list.h) and to tell. With the lock that watch.h speaks of.
 */
#ifndef ZC_WATCH_LOOK_H
#define ZC_WATCH_LOOK_H

#include "watch/change.h"

struct zc_watch;
struct zc_wspot;

enum zc_wfound {
    ZC_WFOUND_NONE,      /* no directory to be watched has this name */
    ZC_WFOUND_SAME,      /* the directory that the table has there */
    ZC_WFOUND_NEW,       /* a directory that was not watched, and is now */
    ZC_WFOUND_UNWATCHED, /* a directory that cannot be watched now */
    ZC_WFOUND_STUCK,     /* the parent is not where it should be */
};

struct zc_wlooked {
    zc_wdir dir;
    int fd;  /* SAME and NEW: open, or -1 when it cannot be opened now */
    int eno; /* UNWATCHED: why; 0: it is watched in another spot */
};

/* Looks what directory has the NAME in PARENT, and makes the table say so. The
 * caller closes OUT->fd. */
enum zc_wfound zc_wlook(struct zc_watch *w, zc_wdir parent, const char *name,
                        size_t n, struct zc_wlooked *out);
/* True for the staging folder: nothing is said about it. */
bool zc_wreserved(const struct zc_watch *w, zc_wdir dir, const char *name,
                  size_t n);
/* D cannot be watched, or not be listed, because of ENO: it is looked at again
 * now and then. The directory that takes its place, or D. */
zc_wdir zc_wunwatch(struct zc_watch *w, zc_wdir d, int eno);
/* The filter may judge names below a directory otherwise when it goes from FROM
 * to TO: what was not watched has to be, or the other way round. */
bool zc_wjudged_anew(struct zc_watch *w, const struct zc_wspot *from,
                     const struct zc_wspot *to);
/* What the filter hides. */
bool zc_whidden(struct zc_watch *w, zc_wdir dir, const char *name, size_t n);

/* An fd on D, which has been proven to be D, until the next call; -1. */
int zc_wopen(struct zc_watch *w, zc_wdir d);
/* Closes the fds that are held within a call: all of them, or all but the
 * root's (a directory that is open stays so when one above it is moved). */
void zc_wclose(struct zc_watch *w);
void zc_wclose_dir(struct zc_watch *w);

/* Takes D and what is below it out of the table, and tells. */
void zc_wdrop(struct zc_watch *w, zc_wdir d);
/* D has lost its key by itself. */
void zc_wforget_key(struct zc_watch *w, zc_wdir d);
/* All have, and none is watched. */
void zc_wforget_keys(struct zc_watch *w);

void zc_wlook_init(struct zc_watch *w);
void zc_wlook_fini(struct zc_watch *w);

#endif
