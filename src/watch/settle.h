/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looking at a name and telling what is there, at once or when it is quiet. With
 * the lock that watch.h speaks of. */
#ifndef ZC_WATCH_SETTLE_H
#define ZC_WATCH_SETTLE_H

#include "watch/change.h"

struct zc_watch;

/* Looks at NAME in DIR, where a directory is or was, and reports WHAT. WHAT 0:
 * only when there is something to say. */
void zc_wcheck(struct zc_watch *w, zc_wdir dir, const char *name, size_t n,
               unsigned what);
/* Looks at what was put off until it is quiet. */
void zc_wsettle(struct zc_watch *w);
/* There is something to settle. */
bool zc_wunsettled(const struct zc_watch *w);
/* Tries again to watch what could not be watched. With REPORT all that still
 * cannot is reported to be in doubt. */
void zc_wretry_unwatched(struct zc_watch *w, bool report);

#endif
