/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Watching a directory tree: which names in it may have changed.
 *
 * Two ways behind one interface: inotify(7), a watch per directory, and, for
 * who has CAP_SYS_ADMIN on a kernel that can (FAN_REPORT_DFID_NAME,
 * fanotify(7)), one mark on the whole file system. The latter has no limit, but
 * wakes for whatever anybody does on that file system.
 *
 * A directory is watched before it is listed, so that nothing made in it
 * meanwhile is missed. Whatever may have been lost is reported as in doubt.
 * The staging folder (ZC_STAGING_NAME in the root, or in the top directory of a
 * mount in the tree) is not watched and never reported. Directories that the
 * filter hides are not watched; names of files are not filtered here.
 *
 * A watcher is not locked inside: the caller has one lock for it and for what
 * its callbacks touch. Nothing here blocks for long but zc_watch_scan, which
 * does as much as it is told to.
 */
#ifndef ZC_WATCH_WATCH_H
#define ZC_WATCH_WATCH_H

#include "base/err.h"
#include "tree/filter.h"
#include "tree/places.h"
#include "watch/change.h"

enum zc_watch_kind { ZC_WATCH_AUTO, ZC_WATCH_INOTIFY, ZC_WATCH_FANOTIFY };

struct zc_watch_options {
    const char *root; /* as the user named it; symlinks in it are followed */
    enum zc_watch_kind kind;
    const struct zc_filter *filter; /* NULL: none */
    bool one_file_system;           /* -x: do not enter other mounts */
    const struct zc_places *places; /* what a watcher of this root knew before:
                                       what was mounted then and is not is
                                       GONE; NULL: nothing */
    unsigned rescan_s; /* unwatched directories are reported as in doubt so
                          often; 0: 60 */
    unsigned watch_max; /* for tests: no more watches than this; 0: no such
                           limit of our own */
};

struct zc_watch_stats {
    enum zc_watch_kind kind; /* which one it is */
    uint64_t dirs;      /* directories known */
    uint64_t watches;   /* in use by this watcher (fanotify: marks) */
    uint64_t limit;     /* fs.inotify.max_user_watches (0: does not apply) */
    uint64_t unwatched; /* directories for which there was none left */
    uint64_t events, overflows;
};

/* Opens the root and begins to watch; zc_watch_scan does the rest. NULL with a
 * sentence. With ZC_WATCH_AUTO it is inotify, until there are no more watches
 * and fanotify works. */
struct zc_watch *zc_watch_new(const struct zc_watch_options *opt,
                              const struct zc_watch_events *events,
                              struct zc_err *err);
void zc_watch_free(struct zc_watch *w); /* NULL is fine */

/* Lists and watches up to N more directories. True when there is nothing left
 * to do (new directories may bring more later). The first time, nothing is
 * reported for what is found. */
bool zc_watch_scan(struct zc_watch *w, size_t n);
/* Everything is listed again, by zc_watch_scan, and watched where it was not;
 * then the root is in doubt. For what no event tells of. */
void zc_watch_verify(struct zc_watch *w);
/* The same for DIR and what is below it. */
void zc_watch_relist(struct zc_watch *w, zc_wdir dir);
/* True when zc_watch_scan has something to do. */
bool zc_watch_scanning(const struct zc_watch *w);

/* To be polled for POLLIN. */
int zc_watch_fd(const struct zc_watch *w);
/* To be polled for POLLPRI, -1: for nothing; what poll(2) said is told with
 * zc_watch_mounted, as it says so once. zc_watch_scan has something to do
 * then. */
int zc_watch_mounts_fd(const struct zc_watch *w);
void zc_watch_mounted(struct zc_watch *w);
/* Another one, for POLLIN, -1 for nothing: what leads to the root may have
 * changed. */
int zc_watch_way_fd(const struct zc_watch *w);
void zc_watch_moved(struct zc_watch *w);
/* Asks about mounts itself: whatever was mounted before this call counts. */
void zc_watch_ask_mounts(struct zc_watch *w);

/* Handles what can be read without waiting, up to some 64 KiB of events. True
 * when there was something. */
bool zc_watch_read(struct zc_watch *w);
/* True when the kernel's queue is empty: everything that was done to the tree
 * before this call has been reported, but for what waits in zc_watch_tick. */
bool zc_watch_drained(const struct zc_watch *w);
/* The end of the kernel's queue, as a position, which grows: everything that was
 * done to the tree before this call has been reported, but for what waits in
 * zc_watch_tick, when zc_watch_reached says so. A file system's fanotify queue
 * holds what goes on everywhere on it, so that on a busy one it may never be
 * seen empty. */
uint64_t zc_watch_queued(struct zc_watch *w);
bool zc_watch_reached(const struct zc_watch *w, uint64_t position);
/* Drained, no half of a rename waits for the other, and no name is to be
 * looked at again. */
bool zc_watch_caught_up(const struct zc_watch *w);

/* Nanoseconds until zc_watch_tick has something to do (half a rename that waits
 * for the other, a rescan); INT64_MAX: nothing. NOW as zc_clock_ns. */
int64_t zc_watch_next_tick(const struct zc_watch *w, int64_t now);
void zc_watch_tick(struct zc_watch *w, int64_t now);
/* True when what happened before now may not have been reported, as something
 * could not be watched, or not be looked at: until zc_watch_rescans is more than
 * RESCANS, which is what it was then. */
bool zc_watch_blind(const struct zc_watch *w, uint64_t rescans);
uint64_t zc_watch_rescans(const struct zc_watch *w);
/* Somebody waits for that: zc_watch_tick does it within a second. */
void zc_watch_hurry(struct zc_watch *w);
/* Reports now what zc_watch_tick would report later about renames. */
void zc_watch_flush(struct zc_watch *w);

/* The root is still the directory that was opened. Else false and WHY (a
 * sentence). */
bool zc_watch_root_ok(const struct zc_watch *w, struct zc_err *why);

/* The path of DIR relative to the root, NUL-ended, replacing what OUT held;
 * NULL when DIR is not known (any more), or memory ran out. */
const char *zc_watch_path(const struct zc_watch *w, zc_wdir dir,
                          struct zc_buf *out);
/* The directory DIR is in; *NAME (may be NULL) is its name there, valid until
 * the watcher is next changed. ZC_WDIR_NONE for the root and the unknown. */
zc_wdir zc_watch_parent(const struct zc_watch *w, zc_wdir dir,
                        const char **name);
/* The directory NAME in DIR, or ZC_WDIR_NONE. */
zc_wdir zc_watch_child(const struct zc_watch *w, zc_wdir dir,
                       const char *name, size_t n);
/* The directory at PATH, or ZC_WDIR_NONE. */
zc_wdir zc_watch_lookup(const struct zc_watch *w, const char *path);

/* The filter may judge names below a directory otherwise when it goes from the
 * path FROM to TO: zc_filter_differs. */
bool zc_watch_judges_anew(const struct zc_watch *w, const char *from,
                          const char *to);

/* What is mounted below the root, as far as it is known, with the paths that
 * directories have now; the watcher's, valid until it is next changed. NULL:
 * nothing is known, or memory ran out. */
struct zc_places *zc_watch_places(struct zc_watch *w);
/* How many of them are GONE. */
size_t zc_watch_places_gone(const struct zc_watch *w);

void zc_watch_get_stats(struct zc_watch *w,
                        struct zc_watch_stats *stats);

#endif
