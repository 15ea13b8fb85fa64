/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists that have been received, and what is open in them: an entry that was
 * asked for is outstanding from NEED to RESULT. A list is forgotten when its
 * NEED has been sent and nothing is outstanding any more.
 *
 * The sender may only send what it was asked for: it claims entries. Which of a
 * list they are is not remembered, only how many.
 *
 * Any thread, not under receiver.lock, but where it says so.
 */
#ifndef ZC_RECEIVER_LISTS_H
#define ZC_RECEIVER_LISTS_H

#include "base/err.h"
#include "base/map.h"
#include "proto/msg.h"
#include "receiver/guesses.h"
#include "receiver/ledger.h"

#include <sys/queue.h>

struct zc_hardlink_waiter;
struct zc_rdir;
struct zc_receiver;
struct zc_rworker;

SLIST_HEAD(zc_hardlink_deferred, zc_hardlink_waiter);

struct zc_rlist {
    uint32_t id;
    struct zc_rdir *dir;
    /* Under receiver.lock: */
    struct zc_ledger_list book;
    bool compared;                        /* its NEED has been sent */
    struct zc_hardlink_deferred deferred; /* settled before that */
    zc_guesses guesses;                   /* what is asked about */
};

struct zc_rlists {
    struct zc_map by_id; /* id -> zc_rlist */
    size_t n_guesses; /* in all of them; under receiver.lock */
};

void zc_rlists_free(struct zc_receiver *r);

/* List ID of D, new in the table. NULL: out of memory. */
struct zc_rlist *zc_rlist_new(struct zc_receiver *r, uint32_t id,
                              struct zc_rdir *d);
/* N entries of LIST are asked for; before the sender is. */
void zc_rlist_open(struct zc_receiver *r, struct zc_rlist *list, unsigned n);
/* The META of D, which LIST names, is. */
void zc_rlist_open_meta(struct zc_receiver *r, struct zc_rlist *list,
                        struct zc_rdir *d);
/* The list that N entries sent belong to, now claimed; NULL and ERR. */
struct zc_rlist *zc_rlist_claim(struct zc_receiver *r, uint32_t id, unsigned n,
                                struct zc_err *err);
/* The same for META of one directory. */
struct zc_rlist *zc_rlist_claim_meta(struct zc_receiver *r, uint32_t id,
                                     struct zc_err *err);
/* One that was claimed is not used: the sender sends it once more. */
void zc_rlist_unclaim(struct zc_receiver *r, struct zc_rlist *list);
/* The NEED for LIST has been sent, or will be ahead of anything about its
 * entries. *DEFERRED: what was settled before and has to be served now. LIST
 * may be gone. */
void zc_rlist_compared(struct zc_receiver *r, struct zc_rlist *list,
                       struct zc_hardlink_deferred *deferred);

/* Entry REF of LIST is finished with STATUS. LIST, and its directory, may be
 * gone. */
void zc_entry_done(struct zc_rworker *w, struct zc_rlist *list,
                   struct zc_ref ref, enum zc_status status, unsigned op,
                   int eno);
/* It shall be sent (again): stays outstanding. */
void zc_entry_again(struct zc_rworker *w, struct zc_rlist *list,
                    struct zc_ref ref);

/* The directory REF whose META has come, held. NULL: it was not asked for. */
struct zc_rdir *zc_entry_wants_meta(struct zc_receiver *r, struct zc_ref ref);
/* META of directory REF has come: its N bytes of XATTRS, on the heap, are taken
 * over. STATUS SAME: it is as it should be. False: it was not asked for, and they
 * are not. */
bool zc_entry_meta(struct zc_rworker *w, struct zc_rlist *list,
                   struct zc_ref ref, enum zc_status status, uint8_t *xattrs,
                   size_t n);
/* It will not come, and was not claimed. False: it was not asked for. */
bool zc_entry_no_meta(struct zc_rworker *w, struct zc_ref ref);

#endif
