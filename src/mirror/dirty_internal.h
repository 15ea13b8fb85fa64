/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of the dirty set; for src/watch/dirty*.c only.
 *
 *   dirty.c          marks, their bounds, barriers: the rules
 *   dirty_renames.c  the renames kept for the next batch, and what they upset
 *   dirty_batch.c    taking: from marks to a zc_round
 *   dirty_outcome.c  what happens to a batch
 *   dirty_marks.c    a table of marks: by name, by directory, by age, by time
 */
#ifndef ZC_MIRROR_DIRTY_INTERNAL_H
#define ZC_MIRROR_DIRTY_INTERNAL_H

#include "base/map.h"
#include "base/nametab.h"
#include "base/vec.h"
#include "mirror/dirty.h"

#include <string.h>
#include <sys/queue.h>

/* ---- Marks -------------------------------------------------------------- */

#define ZC_MARK_READY SIZE_MAX      /* slot: in the list of what is due */
#define ZC_MARK_IDLE (SIZE_MAX - 1) /* slot: neither there nor in the heap */
#define ZC_WHOLE "/"                /* no name is like this */

TAILQ_HEAD(zc_mark_list, zc_mark);

/* A dirty name, or, named ZC_WHOLE, a directory dirty as a whole. */
struct zc_mark {
    struct zc_nametab_node by_name;
    TAILQ_ENTRY(zc_mark) in_dir, by_age, in_ready;
    struct zc_mark_dir *home;
    zc_wdir dir;
    uint64_t hash;  /* of directory and name, for memos */
    uint64_t gen;   /* oldest barrier generation it was marked in */
    uint64_t round; /* the batch it was taken with; in the set: the batch it
                       last failed in */
    int64_t since, due;
    size_t slot; /* in the heap, or ZC_MARK_* */
    uint16_t n;
    uint8_t what;
    bool failing;
    bool came_back; /* by age: in `old`, not in `fresh` */
    char name[]; /* NUL-ended */
};

struct zc_mark_dir {
    zc_wdir id;
    struct zc_mark_list marks;
    size_t n, n_deep;
};

struct zc_marks {
    struct zc_nametab by_name;
    size_t n, n_deep, n_whole, n_failing;
    struct zc_map dirs; /* id -> struct zc_mark_dir */
    /* By age: `fresh` in the order of `since` (and so of `gen`, and of `round`
     * for what was taken), `old` in none: what came back. */
    struct zc_mark_list fresh, old;
    struct zc_mark_list ready; /* due, in order */
    struct zc_mark **heap; /* due later */
    size_t heap_n, heap_cap;
};

void zc_marks_init(struct zc_marks *m);
void zc_marks_fini(struct zc_marks *m);
void zc_marks_clear(struct zc_marks *m);
struct zc_mark *zc_marks_find(const struct zc_marks *m, zc_wdir dir,
                              const char *name, size_t n);
static inline struct zc_mark *zc_marks_whole(const struct zc_marks *m,
                                             zc_wdir dir)
{
    return m->n_whole ? zc_marks_find(m, dir, ZC_WHOLE, 1) : NULL;
}
struct zc_mark_dir *zc_marks_dir(const struct zc_marks *m, zc_wdir dir);
/* A new mark that is not there yet, without bits, due at no time; the newest.
 * NULL: no memory. */
struct zc_mark *zc_marks_add(struct zc_marks *m, zc_wdir dir, const char *name,
                             size_t n);
/* Puts a mark that zc_marks_unlink took from another table into this one, in
 * place of one of the same name. -1: no memory, and MARK is freed. */
int zc_marks_insert(struct zc_marks *m, struct zc_mark *mark);
void zc_marks_unlink(struct zc_marks *m, struct zc_mark *mark);
void zc_marks_remove(struct zc_marks *m, struct zc_mark *mark); /* frees it */
void zc_marks_remove_dir(struct zc_marks *m, zc_wdir dir);
void zc_marks_set_what(struct zc_marks *m, struct zc_mark *mark, unsigned what);
void zc_marks_set_failing(struct zc_marks *m, struct zc_mark *mark,
                          bool failing);
/* MARK is at least as old as SINCE and GEN. */
void zc_marks_age(struct zc_marks *m, struct zc_mark *mark, int64_t since,
                  uint64_t gen);
/* MARK is due at DUE, if that is before the time it was due at. */
void zc_marks_schedule(struct zc_marks *m, struct zc_mark *mark, int64_t due,
                       int64_t now);
void zc_marks_wake(struct zc_marks *m, int64_t now); /* heap -> ready */
/* The oldest generation and time; UINT64_MAX and INT64_MAX when empty. */
uint64_t zc_marks_gen(const struct zc_marks *m);
int64_t zc_marks_since(const struct zc_marks *m);

/* ---- Renames ------------------------------------------------------------ */

/* One of the two names of a rename. */
struct zc_kept_name {
    struct zc_nametab_node by_name;
    struct zc_kept *kept; /* which it is a name of */
    zc_wdir dir;
    char *name;
    char *path; /* at the time of the rename */
};

/* A rename that the next batch will have. */
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
    struct zc_map moved;       /* directory -> its last one */
};

void zc_renames_init(struct zc_renames *r);
void zc_renames_clear(struct zc_renames *r);
/* Does without all of directories from index AT on: what they moved is DEEP. */
void zc_renames_drop(struct zc_dirty *d, size_t at, int64_t now);
/* The rename to PATH in the batch in flight was not done, nor, so, what later
 * ones moved out of it. */
void zc_renames_refused(struct zc_dirty *d, const char *path, int64_t now);

/* ---- The set ------------------------------------------------------------ */

/* What is remembered of names that are not dirty at the moment: a small table
 * in which the newer replaces the older. */
#define ZC_MEMO_SIZE 4096
struct zc_memo {
    uint64_t hash;
    int64_t at, ns; /* used last; interval. 0: free */
};

struct zc_flight {
    bool on, all;
    uint64_t gen;  /* the oldest in it */
    int64_t since;
    size_t n, n_failing;
    struct zc_round_dir *dirs;
    struct zc_round_name *names;
    struct zc_round_rename *renames;
    size_t n_dirs, n_renames;
    char *text; /* of names */
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
    bool gen_used;    /* something was */
    uint64_t round;   /* number of the last batch */
    uint64_t fog;     /* up to this batch it is not known what was taken */
    uint64_t seen_keep; /* batches below it are forgotten when SEEN_AT is long
                           enough ago; 0: none */
    int64_t seen_at;
    bool all;         /* pending */
    uint64_t all_gen;
    int64_t all_since;
    struct zc_memo settle[ZC_MEMO_SIZE], tries[ZC_MEMO_SIZE];
};

/* Everything is in doubt, and as old as SINCE and GEN or older. */
void zc_dirty_doubt(struct zc_dirty *d, int64_t since, uint64_t gen);
/* Marks NAME, whatever is above it. NULL: everything is in doubt now. */
struct zc_mark *zc_dirty_touch(struct zc_dirty *d, zc_wdir dir,
                               const char *name, size_t n, unsigned what,
                               int64_t now);
/* Forgets batches that zc_dirty_caught_up was called for long ago. */
void zc_dirty_seen(struct zc_dirty *d, int64_t now);
/* PATH has to be looked at again, as deep as it is; FAILING with back-off. */
void zc_dirty_again(struct zc_dirty *d, const char *path, bool failing,
                    int64_t due, int64_t now);
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
/* Collapses when there is too much. */
void zc_dirty_bound(struct zc_dirty *d, int64_t now);
int64_t zc_memo_get(const struct zc_memo *t, uint64_t hash, int64_t now,
                    int64_t keep);
void zc_memo_set(struct zc_memo *t, uint64_t hash, int64_t ns, int64_t now);
void zc_flight_end(struct zc_dirty *d);
/* PATH is DIR or below it. */
bool zc_path_within(const char *path, const char *dir);

#endif
