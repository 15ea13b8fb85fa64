/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is open, and in which books it stands. Nobody else touches these
 * numbers.
 *
 *   an entry      in its list: outstanding, until its RESULT; and claimable, as
 *                 long as it may still be sent
 *                 in its directory: one of its files, and pending
 *   META of a     in the list that names it: outstanding, and claimable as META
 *   directory     in that directory, which must not finish before: pending
 *   a directory   in its parent: pending, until all in it is finished
 *   each of them  in the whole: open, against ZC_PENDING_MAX
 *
 * A directory's listing is pending in it as well, and so is whoever holds it.
 * It is finished when nothing is.
 *
 * Memory only. Everything under receiver.lock, which the callers hold: what is
 * done together has to be seen together.
 */
#ifndef ZC_RECEIVER_LEDGER_H
#define ZC_RECEIVER_LEDGER_H

#include "base/util.h"

struct zc_ledger {
    uint64_t open; /* entries and directories */
};

/* A list's book. */
struct zc_ledger_list {
    unsigned outstanding;    /* without their RESULT */
    unsigned claimable;      /* of these, entries that the sender may send */
    unsigned meta_claimable; /* the same for META of directories */
};

/* A directory's. */
struct zc_ledger_dir {
    unsigned pending; /* listing, entries, children, META, holders */
    unsigned files;   /* entries */
};

/* Too much is open for anything more. */
bool zc_ledger_full(const struct zc_ledger *g);

/* N entries of L, in D, are asked for. */
void zc_ledger_open(struct zc_ledger *g, struct zc_ledger_list *l,
                    struct zc_ledger_dir *d, unsigned n);
/* One that is not asked for, but waits for another. */
void zc_ledger_open_waiting(struct zc_ledger *g, struct zc_ledger_list *l,
                            struct zc_ledger_dir *d);
/* The META of D, which L names, is asked for. */
void zc_ledger_open_meta(struct zc_ledger *g, struct zc_ledger_list *l,
                         struct zc_ledger_dir *d);

/* N entries, or one META, have been sent. False: so many were not asked for. */
bool zc_ledger_claim(struct zc_ledger_list *l, unsigned n);
bool zc_ledger_claim_meta(struct zc_ledger_list *l);
/* An entry that was claimed, or waited, shall be sent (again). */
void zc_ledger_again(struct zc_ledger_list *l);

/* An entry is finished: all but what is pending in D, which the caller, who may
 * have more to do with it, releases. */
void zc_ledger_done(struct zc_ledger *g, struct zc_ledger_list *l,
                    struct zc_ledger_dir *d);
/* The same for META of a directory. */
void zc_ledger_meta_done(struct zc_ledger *g, struct zc_ledger_list *l);
/* Nothing is outstanding in L. */
bool zc_ledger_list_idle(const struct zc_ledger_list *l);

/* D is new, a child of PARENT (or NULL), and its listing is pending. */
void zc_ledger_open_dir(struct zc_ledger *g, struct zc_ledger_dir *d,
                        struct zc_ledger_dir *parent);
/* It is finished: all but what is pending in its parent. */
void zc_ledger_close_dir(struct zc_ledger *g);
/* One more thing is pending in D, where something is. */
void zc_ledger_hold(struct zc_ledger_dir *d);
/* One thing less. True: that was the last. */
bool zc_ledger_release(struct zc_ledger_dir *d);
/* No entry of D is open. */
bool zc_ledger_files_done(const struct zc_ledger_dir *d);
/* One thing only is pending in D. */
bool zc_ledger_held_once(const struct zc_ledger_dir *d);

#endif
