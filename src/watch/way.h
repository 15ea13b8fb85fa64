/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way to the root: the directories and symlinks that its path goes through.
 * When one of them is renamed, removed or replaced, the path may lead elsewhere.
 * With the lock that watch.h speaks of.
 */
#ifndef ZC_WATCH_WAY_H
#define ZC_WATCH_WAY_H

#include <stdbool.h>

struct zc_watch;

void zc_wway_init(struct zc_watch *w);
void zc_wway_fini(struct zc_watch *w);
/* Watches the way, as far as this user may; then the root is to be looked at. What
 * cannot be watched is noticed when the root is looked at for another reason. */
void zc_wway_start(struct zc_watch *w);
/* Another back end is in use. */
void zc_wway_restart(struct zc_watch *w);
/* When w->way.changed: looks at the root, and at the way if it is still that. */
void zc_wway_look(struct zc_watch *w);
/* The inotify watch WD is (also) one of the way's. */
bool zc_wway_has(const struct zc_watch *w, int wd);

#endif
