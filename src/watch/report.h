/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the watcher's owner is told, and what the log says: a name may have
 * changed, a directory is in doubt, the root is gone. After `gone` nothing is
 * told any more. With the lock that watch.h speaks of, which the callbacks have
 * then, too.
 */
#ifndef ZC_WATCH_REPORT_H
#define ZC_WATCH_REPORT_H

#include "base/err.h"
#include "watch/change.h"

struct zc_watch;

/* WHAT (enum zc_change) may have happened to NAME in DIR. */
void zc_wreport(struct zc_watch *w, zc_wdir dir, const char *name, size_t n,
                unsigned what);
/* D, and all below it, may have changed. */
void zc_wdoubt(struct zc_watch *w, zc_wdir d);
/* Nothing is watched any more; WHY is a sentence. */
void zc_wgone(struct zc_watch *w, const char *why);
/* Memory, descriptors or rights (ENO) ran out, and something was not done for
 * that: the whole tree is looked at again at w->rescan.next. */
void zc_wstarved(struct zc_watch *w, int eno);
/* The next such time is w->rescan.every from now, or sooner as long as what may
 * be over soon (an error, not a limit) goes on. */
void zc_wrescan_later(struct zc_watch *w);
/* That has happened. */
void zc_wrescan_soon(struct zc_watch *w);

/* The directory ROOTFD is the root from now on. -1 and a sentence. */
int zc_wroot_set(struct zc_watch *w, int rootfd, struct zc_err *err);
/* The root's path still leads to that directory. Else false and a sentence. */
bool zc_wroot_ok(const struct zc_watch *w, struct zc_err *why);

#endif
