/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the reader has received and the workers have not done yet. It is
 * bounded, since each item holds on to the slab it came in. Items that stand in
 * one line are done one at a time, in the order in which they came; all others
 * by whichever worker is free.
 *
 * What has to read much before it is done (a file that is compared by its bytes)
 * is put aside for workers that do nothing else, so that it holds up neither the
 * reader nor what came behind it:
 *
 *   reader --> ready --> workers --> aside --> slow workers
 *      +-----------------------------^
 *
 * Everything here belongs to receiver.lock; what is done under it says so.
 */
#ifndef ZC_RECEIVER_QUEUE_H
#define ZC_RECEIVER_QUEUE_H

#include "base/util.h"

#include <sys/queue.h>

/* Bytes of data that take long to read. */
#define ZC_READS_MUCH ((uint64_t)4 << 20)

struct zc_queue_line;
struct zc_rbig;
struct zc_receiver;
struct zc_rlist;
struct zc_slab;

struct zc_work {
    STAILQ_ENTRY(zc_work) next;
    enum {
        ZC_WORK_LIST,
        ZC_WORK_LATER, /* what was left of one; see moved.h */
        ZC_WORK_FILES,
        ZC_WORK_META,
        ZC_WORK_BIG,
        ZC_WORK_ASKS, /* jobs of a file: delta.h */
        ZC_WORK_COPIES,
    } kind;
    struct zc_slab *slab; /* where P is, referenced while queued; or NULL */
    const uint8_t *p; /* LIST, META: a body; FILES: whole frames */
    size_t n;
    uint8_t *own; /* P is ours: on the heap, or NULL */
    /* LIST, put aside: its entries before AT are dealt with, and the name of
     * that one is passed. */
    bool resumed;
    uint32_t at;
    uint32_t *later; /* LIST, LATER: entries of the second pass, on the heap */
    uint32_t n_later;
    struct zc_rlist *list;      /* all but BIG, ASKS and COPIES */
    struct zc_rbig *big;        /* BIG; ASKS, COPIES: not its own */
    struct zc_queue_line *line; /* what has to be done in order; or NULL */
};
STAILQ_HEAD(zc_works, zc_work);

/* What has to be done in order: all of it but the item being worked on. */
struct zc_queue_line {
    bool busy; /* an item of it is queued, or being worked on */
    struct zc_works waiting;
};

struct zc_queue {
    struct zc_works ready;
    unsigned items; /* ready, or waiting in a line */
    size_t bytes;
    unsigned busy; /* workers at work */
    struct zc_works aside;
    unsigned n_aside;
    size_t bytes_aside;
    unsigned slow_busy; /* slow workers at work */
};

void zc_queue_init(struct zc_queue *q);

/* Hands WORK (copied) to the workers; waits while too much is queued. -1: the
 * session is over. */
int zc_queue_put(struct zc_receiver *r, const struct zc_work *work);
/* WORK, copied, for whoever keeps it until zc_queue_put_now. NULL: memory, and the
 * session has failed. */
struct zc_work *zc_work_copy(struct zc_receiver *r, const struct zc_work *work);
/* Hands WORK (or NULL) itself to the workers. Never waits. */
void zc_queue_put_now(struct zc_receiver *r, struct zc_work *work);
/* Hands WORK, bytes and all (copied), to the slow workers. False: not now, do it
 * yourself. Never waits. */
bool zc_queue_put_aside(struct zc_receiver *r, const struct zc_work *work);
/* Hands all of WORKS to them, however much that is, and empties it. With the lock
 * held. */
void zc_queue_add_aside(struct zc_receiver *r, struct zc_works *works);
/* The next item, or NULL: there is none, or the session is over. The caller is
 * a worker (SLOW: a slow one), and busy with it until zc_queue_done. All with the
 * lock held. */
struct zc_work *zc_queue_take(struct zc_receiver *r, bool slow);
void zc_queue_done(struct zc_receiver *r, bool slow);
/* More to do? */
bool zc_queue_more(const struct zc_receiver *r, bool slow);
/* Nothing is queued, and no worker at work, but for what is slow. With the lock
 * held. */
bool zc_queue_idle(const struct zc_receiver *r);
/* Waits until the workers, but for the slow ones, have nothing to do, where
 * nothing new comes for them; or the session is over. */
void zc_queue_wait_ready(struct zc_receiver *r);
/* Waits until nothing is, slow or not, or the session is over. */
void zc_queue_wait_idle(struct zc_receiver *r);
/* WORK again, with bytes of its own, so that no slab is held for it, and without
 * what is left for later; NULL: memory. */
struct zc_work *zc_work_own(const struct zc_work *work);
/* An item, its slab included; NULL is fine. */
void zc_work_free(struct zc_work *work);

void zc_queue_line_init(struct zc_queue_line *line);
/* The next item of LINE, of which one has just been done. NULL: there is none,
 * and LINE is not busy any more. */
struct zc_work *zc_queue_line_next(struct zc_receiver *r,
                                   struct zc_queue_line *line);
/* After a session that broke off. */
void zc_queue_line_fini(struct zc_queue_line *line);

#endif
