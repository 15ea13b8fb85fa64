/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Deletions: planned while comparing, decided on when everything else is done
 * and the whole plan is known, and only then carried out. What the plan says is
 * looked at again when its turn comes: only what was there when it was planned
 * is deleted, and filters protect what they match, however deep.
 *
 * A plan that would empty a destination because a source was not mounted, or
 * was not the one that was meant, is refused as a whole: the brake (zcsync(1),
 * --max-delete).
 *
 * Planning: any thread, not under receiver.lock. The rest: the reader, when no
 * other is at work.
 */
#ifndef ZC_RECEIVER_DELETIONS_H
#define ZC_RECEIVER_DELETIONS_H

#include "base/buf.h"
#include "base/vec.h"
#include "base/err.h"

#include <stdatomic.h>

struct zc_filter;
struct zc_rdir;
struct zc_receiver;
struct zc_rworker;

struct zc_deletions {
    /* The plan, under receiver.lock. */
    struct zc_buf records; /* see deletions.c */
    size_t records_max;    /* bytes of them; ZC_DELETIONS_MAX */
    ZC_VEC(struct zc_filter *) filters; /* that they point to; referenced */
    uint64_t count;        /* entries to be deleted, trees counted through */
    uint64_t named;        /* of these, what a mirror saw go */
    bool held;             /* something may not be replaced: the brake */
    /* What it is compared with. */
    atomic_uint_fast64_t seen;      /* entries that were here, this round */
    atomic_bool source_has_entries; /* in its root */
    /* Entries, about, after the last round: for rounds that see a part of them
     * only. */
    uint64_t tree_size;
};

/* What a peer wants deleted, it may have made itself, with paths of any length.
 * This is for about two million entries; more go in a later round or run. */
#define ZC_DELETIONS_MAX ((size_t)256 << 20)
void zc_deletions_init(struct zc_deletions *p);
void zc_deletions_free(struct zc_receiver *r);
/* Whatever the source has, PATH is never deleted: it is ours. */
bool zc_deletions_spare(const struct zc_receiver *r, const char *path);
/* There are such paths. */
bool zc_deletions_spare_any(const struct zc_receiver *r);

/* NAME in D, of TYPE (d_type of readdir(3)) when it was listed, is not in the
 * source. NAMED: a mirror saw it go, it was not merely missed in a list. */
void zc_deletions_plan(struct zc_rworker *w, struct zc_rdir *d, int dirfd,
                       const char *name, uint8_t type, bool named);
/* May NAME, a directory in D that something else shall replace, be removed? It
 * will be, where it may. */
bool zc_deletions_replace(struct zc_rworker *w, struct zc_rdir *d, int dirfd,
                          const char *name);

/* Decides on the plan, and carries it out; a dry run reports it. 0, or -1 and
 * the sentence: the brake holds. */
int zc_deletions_run(struct zc_rworker *w, struct zc_err *err);
/* The decision alone. */
int zc_deletions_brake(const struct zc_receiver *r, struct zc_err *err);
/* An empty plan; how big the tree is now. */
void zc_deletions_next_round(struct zc_receiver *r);

#endif
