// SPDX-License-Identifier: GPL-2.0-or-later
/* Lists, and what is open in them; see lists.h. */
#include "receiver/lists.h"

#include "receiver/core.h"
#include "receiver/dirs.h"

void zc_rlists_free(struct zc_receiver *r)
{
    size_t at = 0;
    for (struct zc_map_slot *s; (s = zc_map_next(&r->lists->by_id, &at));) {
        struct zc_rlist *list = s->value;
        zc_guesses_fini(&list->guesses, &r->lists->n_guesses);
        free(list);
    }
    zc_map_fini(&r->lists->by_id);
}

struct zc_rlist *zc_rlist_new(struct zc_receiver *r, uint32_t id,
                              struct zc_rdir *d)
{
    struct zc_rlist *list = calloc(1, sizeof *list);
    if (!list)
        return NULL;
    list->id = id;
    list->dir = d;
    SLIST_INIT(&list->deferred);
    pthread_mutex_lock(&r->lock);
    int fail = zc_map_put(&r->lists->by_id, id, 0, list);
    pthread_mutex_unlock(&r->lock);
    if (fail) {
        free(list);
        return NULL;
    }
    return list;
}

/* With the lock held. */
static void forget_list(struct zc_receiver *r, struct zc_rlist *list)
{
    zc_map_del(&r->lists->by_id, list->id, 0);
    zc_guesses_fini(&list->guesses, &r->lists->n_guesses);
    free(list);
}

/* One entry of LIST less is outstanding. With the lock held. */
static void forget_if_over(struct zc_receiver *r, struct zc_rlist *list)
{
    if (zc_ledger_list_idle(&list->book) && list->compared)
        forget_list(r, list);
}

void zc_rlist_compared(struct zc_receiver *r, struct zc_rlist *list,
                       struct zc_hardlink_deferred *deferred)
{
    pthread_mutex_lock(&r->lock);
    list->compared = true;
    *deferred = list->deferred;
    SLIST_INIT(&list->deferred);
    if (zc_ledger_list_idle(&list->book))
        forget_list(r, list);
    pthread_mutex_unlock(&r->lock);
}

/* --- what is asked for --- */

void zc_rlist_open(struct zc_receiver *r, struct zc_rlist *list, unsigned n)
{
    pthread_mutex_lock(&r->lock);
    zc_ledger_open(r->ledger, &list->book, &list->dir->book, n);
    pthread_mutex_unlock(&r->lock);
}

void zc_rlist_open_meta(struct zc_receiver *r, struct zc_rlist *list,
                        struct zc_rdir *d)
{
    pthread_mutex_lock(&r->lock);
    zc_ledger_open_meta(r->ledger, &list->book, &d->book);
    d->meta_asked = true;
    pthread_mutex_unlock(&r->lock);
}

/* --- what is sent --- */

struct zc_rlist *zc_rlist_claim(struct zc_receiver *r, uint32_t id, unsigned n,
                                struct zc_err *err)
{
    pthread_mutex_lock(&r->lock);
    struct zc_rlist *list = zc_map_get(&r->lists->by_id, id, 0);
    bool ok = list && zc_ledger_claim(&list->book, n);
    pthread_mutex_unlock(&r->lock);
    if (ok)
        return list;
    zc_receiver_nonsense(err, "it sends an entry that was not asked for");
    return NULL;
}

struct zc_rlist *zc_rlist_claim_meta(struct zc_receiver *r, uint32_t id,
                                     struct zc_err *err)
{
    pthread_mutex_lock(&r->lock);
    struct zc_rlist *list = zc_map_get(&r->lists->by_id, id, 0);
    bool ok = list && zc_ledger_claim_meta(&list->book);
    pthread_mutex_unlock(&r->lock);
    if (ok)
        return list;
    zc_receiver_nonsense(err, "it sends metadata that was not asked for");
    return NULL;
}

void zc_rlist_unclaim(struct zc_receiver *r, struct zc_rlist *list)
{
    pthread_mutex_lock(&r->lock);
    zc_ledger_again(&list->book);
    pthread_mutex_unlock(&r->lock);
}

/* --- entries --- */

void zc_entry_done(struct zc_rworker *w, struct zc_rlist *list,
                   struct zc_ref ref, enum zc_status status, unsigned op,
                   int eno)
{
    struct zc_receiver *r = w->r;
    struct zc_rdir *d = list->dir;
    zc_rworker_result(w, ref, status, op, eno);
    pthread_mutex_lock(&r->lock);
    zc_ledger_done(r->ledger, &list->book, &d->book);
    forget_if_over(r, list);
    pthread_mutex_unlock(&r->lock);
    zc_rdir_check(w, d);
    zc_rdir_drop(w, d);
}

void zc_entry_again(struct zc_rworker *w, struct zc_rlist *list,
                    struct zc_ref ref)
{
    zc_rlist_unclaim(w->r, list);
    zc_rworker_result(w, ref, ZC_STATUS_AGAIN, ZC_OP_NONE, 0);
}

/* Directory REF, if its META was asked for; else NULL. With the lock held. */
static struct zc_rdir *wants_meta(struct zc_receiver *r, struct zc_ref ref)
{
    struct zc_rdir *d = zc_map_get(&r->dirs->by_ref, ref.list, ref.index);
    return d && d->meta_asked ? d : NULL;
}

/* It is not waited for any more. */
static void end_meta(struct zc_rworker *w, struct zc_rlist *list,
                     struct zc_rdir *d, enum zc_status status, unsigned op)
{
    d->meta_asked = false;
    zc_rworker_result(w, d->ref, status, op, 0);
    zc_ledger_meta_done(w->r->ledger, &list->book);
    forget_if_over(w->r, list);
}

struct zc_rdir *zc_entry_wants_meta(struct zc_receiver *r, struct zc_ref ref)
{
    pthread_mutex_lock(&r->lock);
    struct zc_rdir *d = wants_meta(r, ref);
    if (d)
        zc_ledger_hold(&d->book);
    pthread_mutex_unlock(&r->lock);
    return d;
}

bool zc_entry_meta(struct zc_rworker *w, struct zc_rlist *list,
                   struct zc_ref ref, enum zc_status status, uint8_t *xattrs,
                   size_t n)
{
    struct zc_receiver *r = w->r;
    pthread_mutex_lock(&r->lock);
    struct zc_rdir *d = wants_meta(r, ref);
    if (d) {
        d->xattrs = xattrs;
        d->xattrs_len = n;
        d->have_xattrs = xattrs;
        d->differs = status != ZC_STATUS_SAME && !r->dry;
        end_meta(w, list, d, status, 0);
    }
    pthread_mutex_unlock(&r->lock);
    if (d)
        zc_rdir_drop(w, d);
    return d;
}

bool zc_entry_no_meta(struct zc_rworker *w, struct zc_ref ref)
{
    struct zc_receiver *r = w->r;
    pthread_mutex_lock(&r->lock);
    struct zc_rlist *list = zc_map_get(&r->lists->by_id, ref.list, 0);
    struct zc_rdir *d = list ? wants_meta(r, ref) : NULL;
    if (d && !zc_ledger_claim_meta(&list->book))
        d = NULL;
    if (d)
        end_meta(w, list, d, ZC_STATUS_FAILED, ZC_OP_SOURCE);
    pthread_mutex_unlock(&r->lock);
    if (d)
        zc_rdir_drop(w, d);
    return d;
}
