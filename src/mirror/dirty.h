/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one peer has not been told yet: a set of dirty names that settles,
 * merges and is taken in batches, directory by directory.
 *
 *   marked --(settle time)--> due --zc_dirty_take--> in flight
 *      ^                                               |  zc_dirty_done
 *      +------ zc_dirty_failed (back-off) -------------+
 *
 * Memory is bounded: past `max_names` the directories with the most dirty names
 * become dirty as a whole; past `max_dirs` of those, everything is in doubt and
 * the next batch is the whole tree. Functions of memory, and of the watcher's
 * names: nothing is looked at here. Not locked inside: the caller's lock for
 * the watcher covers it.
 *
 * Settle times: a name that was closed, renamed, removed, or whose metadata
 * changed, is due at once. A new file is given until its writer closes it, but
 * no longer than `settle_ns`; a file still being written is due `settle_ns`
 * after its first change since it was last taken, and each time it is taken and
 * is still being written that time doubles, up to `settle_max_ns`; a close
 * resets it. So a log that is never closed is followed at a bounded cost; and one
 * that is big, and opened for each line, too, as it rests (zc_dirty_rest).
 * Names may be held back longer (holds.h): until nothing has happened to them for a
 * while, or since they were taken last; but no longer than until a barrier.
 */
#ifndef ZC_MIRROR_DIRTY_H
#define ZC_MIRROR_DIRTY_H

#include "mirror/holds.h"
#include "sender/round.h"
#include "watch/watch.h"

struct zc_dirty_limits {
    size_t max_names; /* 0: 100,000 */
    size_t max_dirs;  /* 0: 10,000 */
    int64_t settle_ns, settle_max_ns; /* 0: 20 ms, 2 s */
    int64_t retry_ns, retry_max_ns; /* back-off of failed names; 0: 1 s, 30 s */
    const zc_holds *holds; /* NULL: no name is held back */
};

struct zc_dirty_stats {
    uint64_t names;    /* dirty names, those in flight included; a directory
                          dirty as a whole counts as one. While everything is
                          in doubt: those that were dirty then, or are since */
    int64_t oldest_ns; /* zc_clock_ns of the oldest mark, and of the doubt, unless
                          that is for a lost connection alone; 0: there is none */
    uint64_t failed;   /* names that wait for another try */
    uint64_t held;     /* ... that are held back (holds.h) */
    bool all;          /* the whole tree is in doubt (or in flight) */
};

/* LIMITS may be NULL. The watcher may be replaced later (zc_dirty_rebase). */
struct zc_dirty *zc_dirty_new(const struct zc_watch *w,
                              const struct zc_dirty_limits *limits);
void zc_dirty_free(struct zc_dirty *d);
/* Another watcher, whose numbers are new: everything is in doubt. NULL: there
 * is none for the time being; nothing is due until there is one. */
void zc_dirty_rebase(struct zc_dirty *d, const struct zc_watch *w);

/* The watcher's callbacks, at NOW (zc_clock_ns). What is below a directory that
 * is dirty with ZC_CHANGE_DEEP is not kept separately. */
void zc_dirty_mark(struct zc_dirty *d, zc_wdir dir, const char *name, size_t n,
                   unsigned what, int64_t now);
/* NAME in DIR costs much each time it is sent: what is written to it from now on
 * is not due before NS have passed, or ZC_DIRTY_REST_NS, unless a barrier asks
 * for it. */
#define ZC_DIRTY_REST_NS (5 * INT64_C(1000000000))
void zc_dirty_rest(struct zc_dirty *d, zc_wdir dir, const char *name, size_t n,
                   int64_t ns, int64_t now);
/* Marks both names, and keeps the rename for the next batch unless it cannot
 * help: names that take part in another rename of the same batch (a swap, a
 * chain) are only marked when they are files. What was known about the old name
 * (not sent yet, DEEP) goes over to the new one. */
void zc_dirty_renamed(struct zc_dirty *d, zc_wdir from, const char *from_name,
                      size_t from_n, zc_wdir to, const char *to_name,
                      size_t to_n, bool is_dir, int64_t now);
/* DIR is in doubt, all the way down; SEEN: not for something that nobody saw, so
 * that what the peer has too much in it was seen to go. */
void zc_dirty_tree(struct zc_dirty *d, zc_wdir dir, bool seen, int64_t now);
void zc_dirty_removed(struct zc_dirty *d, zc_wdir dir);
void zc_dirty_all(struct zc_dirty *d, int64_t now);
/* Whether everything is in doubt, or in flight. */
bool zc_dirty_in_doubt(const struct zc_dirty *d);
/* Whether NAME in DIR is dirty or in flight, by whatever mark. */
bool zc_dirty_is(const struct zc_dirty *d, zc_wdir dir, const char *name,
                 size_t n);
/* Marks in D the names that are dirty or in flight in FROM, which is about the
 * same tree, without what may have happened below them, and but for those that
 * were refused. */
void zc_dirty_inherit(struct zc_dirty *d, const struct zc_dirty *from,
                      int64_t now);

/* Nanoseconds until something is due: 0 now, INT64_MAX: nothing is. While a
 * batch is in flight: INT64_MAX. */
int64_t zc_dirty_next(const struct zc_dirty *d, int64_t now);
/* Takes what is due, up to MAX names, which are in flight then. *ROUND points
 * into memory of D that is valid until zc_dirty_done or zc_dirty_lost. False:
 * there was nothing (or only names that are gone with their directories). */
bool zc_dirty_take(struct zc_dirty *d, size_t max, int64_t now,
                   struct zc_round *round);
/*
 * Up to MAX names that are due and wait for the end of a batch that lasts: files,
 * most likely, quiet for ZC_DIRTY_LATE_NS. Their paths, the caller's to free, are
 * in PATHS; they stay dirty, and come again a quarter of a second later, a second
 * after that, four and so on, as long as they do.
 */
#define ZC_DIRTY_LATE_NS (500 * INT64_C(1000000))
/* There may be some: now, or soon. */
bool zc_dirty_any_late(const struct zc_dirty *d);
size_t zc_dirty_late(struct zc_dirty *d, size_t max, int64_t now,
                     char **paths);
/* The batch in flight has been applied by the peer, but for those that
 * zc_dirty_failed was called for meanwhile. */
void zc_dirty_done(struct zc_dirty *d, int64_t now);
/*
 * The watcher has reported all that was done to the tree before this call (the
 * watcher is drained, and nothing but rescans waits in zc_watch_tick).
 *
 * Until then, after a batch was done, a directory may have been renamed under
 * the sender's eyes, who looked for names under the old path. So what was taken
 * is remembered, and looked at again when the rename is told; a renamed
 * directory that was itself taken is compared all the way down. Call this
 * whenever it is true, or every rename costs such a comparison. It is believed
 * when it is said again, ZC_DIRTY_SEEN_NS later: a rename shows in the file system
 * before its event is in the watcher's queue, and nobody may have read that since.
 */
#define ZC_DIRTY_SEEN_NS (200 * INT64_C(1000000))
void zc_dirty_caught_up(struct zc_dirty *d, int64_t now);
/* PATH (relative to the root) in the batch in flight was refused: again later,
 * each time after twice as long; PASSING: for a reason that may be over soon, and
 * then it is tried every ZC_DIRTY_PASSING_NS at least.
 * May be called several times for one path. Where a path's directory is not
 * known, the nearest known one above it is dirty. */
#define ZC_DIRTY_PASSING_NS (4 * INT64_C(1000000000))
void zc_dirty_failed(struct zc_dirty *d, const char *path, bool passing,
                     int64_t now);
/* The peer could not do the rename of a directory to TO in the batch in flight,
 * as there was something of that name: not a failure, but TO is looked at again
 * all the way down, at once; and so is what later renames of the batch moved
 * out of it. (zc_dirty_failed implies it for such a path.) Each refused rename
 * of a directory has to be told by one of the two. */
void zc_dirty_refused(struct zc_dirty *d, const char *to, int64_t now);
/* PATH in the batch in flight changed while it was looked at: again when it has
 * had time to settle (settle_max_ns), and as old as it was. */
void zc_dirty_unsettled(struct zc_dirty *d, const char *path, int64_t now);
/* The connection broke: everything is in doubt. */
void zc_dirty_lost(struct zc_dirty *d, int64_t now);

/*
 * A barrier: everything marked so far is due at once, and the ticket returned
 * has passed when all of it has been taken and done. A name that failed holds
 * the barrier up until it succeeds.
 */
uint64_t zc_dirty_barrier(struct zc_dirty *d, int64_t now);
bool zc_dirty_passed(const struct zc_dirty *d, uint64_t ticket);
/* What holds TICKET up: the path of one name, in OUT ("" when it is the whole
 * tree), or NULL. */
const char *zc_dirty_holding(const struct zc_dirty *d, uint64_t ticket,
                             struct zc_buf *out);

void zc_dirty_get_stats(const struct zc_dirty *d, struct zc_dirty_stats *s);

#endif
