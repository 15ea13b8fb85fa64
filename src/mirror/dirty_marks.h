/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A table of marks: by name, by directory, by age, by time. Holds what it is
 * told to; the rules are in dirty_set.h. Not locked inside.
 */
#ifndef ZC_MIRROR_DIRTY_MARKS_H
#define ZC_MIRROR_DIRTY_MARKS_H

#include "base/map.h"
#include "base/nametab.h"
#include "watch/change.h"

#include <sys/queue.h>

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
    uint64_t gen;   /* the oldest barrier generation in which it was marked */
    uint64_t round; /* the batch that took it; in the set: the last batch in
                       which it failed */
    int64_t since, due;
    int64_t touched; /* the last time */
    int64_t late_at; /* it overtakes no sooner, having done so N_LATE times */
    size_t slot; /* in the heap, or ZC_MARK_* */
    uint16_t n;
    uint8_t what, n_late;
    bool failing;
    bool held;       /* until it is due */
    int64_t pace_ns; /* once taken it is held for so long */
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
    size_t n_held; /* of those in the heap */
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
void zc_marks_set_held(struct zc_marks *m, struct zc_mark *mark, bool held);
/* MARK is due at no time. */
void zc_marks_postpone(struct zc_marks *m, struct zc_mark *mark);
/* MARK is due at DUE, if that is before the time it was due at. */
void zc_marks_schedule(struct zc_marks *m, struct zc_mark *mark, int64_t due,
                       int64_t now);
void zc_marks_wake(struct zc_marks *m, int64_t now); /* heap -> ready */
/* The oldest generation and time; UINT64_MAX and INT64_MAX when empty. */
uint64_t zc_marks_gen(const struct zc_marks *m);
int64_t zc_marks_since(const struct zc_marks *m);

#endif
