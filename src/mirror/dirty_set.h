/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of the dirty set (dirty.h), for the files dirty_*.c only. Each calls
 * those below it only:
 *
 *   dirty_renames.c   what a rename upsets
 *   dirty_batch.c     taking: from marks to a zc_round
 *   dirty_late.c      what need not wait for that
 *   dirty_outcome.c   what happens to a batch
 *       |
 *   dirty_set.c       marks, their bounds, barriers: the rules
 *       |
 *   dirty_tally.c     how many there would be, while everything is in doubt
 *   dirty_marks.c     a table of marks
 *   dirty_kept.c      the renames for the next batch
 */
#ifndef ZC_MIRROR_DIRTY_SET_H
#define ZC_MIRROR_DIRTY_SET_H

#include "mirror/dirty.h"
#include "mirror/dirty_kept.h"
#include "mirror/dirty_marks.h"

/* What is remembered of names that are not dirty at the moment: a small table
 * in which the newer replaces the older. */
#define ZC_MEMO_SIZE 4096
struct zc_memo {
    uint64_t hash;
    int64_t at, ns; /* used last; interval. 0: free */
};

struct zc_flight {
    bool on, all;
    bool unseen; /* a name in it is */
    uint64_t gen;  /* of the oldest mark in it, as `since` */
    int64_t since;
    size_t n, n_failing;
    struct zc_round_dir *dirs;
    struct zc_round_name *names;
    struct zc_round_rename *renames;
    size_t n_dirs, n_renames;
    char *text; /* of names */
};

/* What has changed while everything is in doubt. */
struct zc_tally {
    struct zc_map names; /* hashes of them */
    int64_t since;       /* 0: nothing has */
};

struct zc_dirty {
    const struct zc_watch *w;
    struct zc_dirty_limits lim;
    struct zc_marks set;
    /* What was taken: in flight (round == d->round while fly.on), or done but
     * not certain yet (zc_dirty_caught_up). */
    struct zc_marks sent;
    struct zc_renames renames;
    struct zc_flight fly;
    uint64_t gen;     /* of what is marked now */
    bool gen_used;    /* something was marked in this generation */
    uint64_t round;   /* number of the last batch */
    uint64_t fog;     /* up to this batch it is not known what was taken */
    uint64_t seen_keep; /* batches below this one are forgotten when SEEN_AT is
                           long enough ago; 0: none is to be */
    int64_t seen_at;
    bool all;         /* pending */
    uint64_t all_gen;
    int64_t all_since;
    bool lost; /* everything is in doubt for no other reason than that the
                  connection broke: what has changed is in the tally */
    struct zc_tally tally;
    struct zc_memo settle[ZC_MEMO_SIZE], tries[ZC_MEMO_SIZE];
    struct zc_memo rest[ZC_MEMO_SIZE];
    struct zc_memo paced[ZC_MEMO_SIZE]; /* those taken that have a pace */
};

/* Everything is in doubt, and as old as SINCE and GEN or older. */
void zc_dirty_doubt(struct zc_dirty *d, int64_t since, uint64_t gen);
/* Marks NAME, whatever is above it. NULL: everything is in doubt now. */
struct zc_mark *zc_dirty_touch(struct zc_dirty *d, zc_wdir dir,
                               const char *name, size_t n, unsigned what,
                               int64_t now);
/* How NAME in DIR is held back. */
struct zc_hold zc_dirty_hold_of(const struct zc_dirty *d, zc_wdir dir,
                                const char *name);
/* Forgets batches that zc_dirty_caught_up was called for long ago; as that does,
 * when the queue is empty. */
void zc_dirty_seen(struct zc_dirty *d, int64_t now);
/* The nearest mark that is DIR's own or above it, in M, and has DEEP: of those
 * that were taken with batch ROUND, or, when that is 0, of all. NULL: none. */
struct zc_mark *zc_dirty_deep_above(const struct zc_dirty *d,
                                    const struct zc_marks *m, zc_wdir dir,
                                    uint64_t round);
/* The one in the set whose turn will cover what is dirty in DIR. One that keeps
 * failing covers nothing: what is below may work. */
struct zc_mark *zc_dirty_covering(const struct zc_dirty *d, zc_wdir dir);
/* DIR is in the tree. */
bool zc_dirty_alive(const struct zc_dirty *d, zc_wdir dir);
/* Does without all renames of directories from index AT on: what they moved is
 * DEEP. */
void zc_dirty_drop_renames(struct zc_dirty *d, size_t at, int64_t now);
/* Collapses when there is too much. */
void zc_dirty_bound(struct zc_dirty *d, int64_t now);
int64_t zc_memo_get(const struct zc_memo *t, uint64_t hash, int64_t now,
                    int64_t keep);
void zc_memo_set(struct zc_memo *t, uint64_t hash, int64_t ns, int64_t now);
void zc_flight_end(struct zc_dirty *d);
/* Counts a name with that hash, that was marked at SINCE; those in the set; and
 * those in flight. */
void zc_tally_add(struct zc_dirty *d, uint64_t hash, int64_t since);
void zc_tally_set(struct zc_dirty *d);
void zc_tally_flight(struct zc_dirty *d);
void zc_tally_clear(struct zc_dirty *d);

#endif
