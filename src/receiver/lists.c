// SPDX-License-Identifier: GPL-2.0-or-later
/* Lists, and what is open in them; see lists.h. */
#include "receiver/lists.h"

#include "receiver/core.h"
#include "receiver/dirs.h"

void zc_rlists_free(struct zc_receiver *r)
{
    size_t at = 0;
    for (struct zc_map_slot *s; (s = zc_map_next(&r->lists->by_id, &at));)
        free(s->value);
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
static void forget(struct zc_receiver *r, struct zc_rlist *list)
{
    zc_map_del(&r->lists->by_id, list->id, 0);
    free(list);
}

/* One entry of LIST less is open. With the lock held. */
static void settle(struct zc_receiver *r, struct zc_rlist *list)
{
    r->pending--;
    if (--list->outstanding == 0 && list->compared)
        forget(r, list);
}

void zc_rlist_compared(struct zc_receiver *r, struct zc_rlist *list,
                       struct zc_hardlink_deferred *deferred)
{
    pthread_mutex_lock(&r->lock);
    list->compared = true;
    *deferred = list->deferred;
    SLIST_INIT(&list->deferred);
    if (!list->outstanding)
        forget(r, list);
    pthread_mutex_unlock(&r->lock);
}

/* --- what is sent -------------------------------------------------------- */

struct zc_rlist *zc_rlist_claim(struct zc_receiver *r, uint32_t id, unsigned n,
                                struct zc_err *err)
{
    pthread_mutex_lock(&r->lock);
    struct zc_rlist *list = zc_map_get(&r->lists->by_id, id, 0);
    bool ok = list && list->claimable >= n;
    if (ok)
        list->claimable -= n;
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
    bool ok = list && list->dirs_meta;
    if (ok)
        list->dirs_meta--;
    pthread_mutex_unlock(&r->lock);
    if (ok)
        return list;
    zc_receiver_nonsense(err, "it sends metadata that was not asked for");
    return NULL;
}

/* --- entries ------------------------------------------------------------- */

void zc_entry_done(struct zc_rworker *w, struct zc_rlist *list,
                   struct zc_ref ref, enum zc_status status, unsigned op,
                   int eno)
{
    struct zc_receiver *r = w->r;
    struct zc_rdir *d = list->dir;
    zc_rworker_result(w, ref, status, op, eno);
    pthread_mutex_lock(&r->lock);
    settle(r, list);
    d->files--;
    pthread_mutex_unlock(&r->lock);
    zc_rdir_check(w, d);
    zc_rdir_drop(w, d);
}

void zc_entry_again(struct zc_rworker *w, struct zc_rlist *list,
                    struct zc_ref ref)
{
    pthread_mutex_lock(&w->r->lock);
    list->claimable++;
    pthread_mutex_unlock(&w->r->lock);
    zc_rworker_result(w, ref, ZC_STATUS_AGAIN, ZC_OP_NONE, 0);
}

/* Directory REF, whose META was asked for, is not waited for any more. With the
 * lock held. NULL: it was not asked for. */
static struct zc_rdir *end_meta(struct zc_receiver *r, struct zc_ref ref)
{
    struct zc_rdir *d = zc_map_get(&r->dirs->by_ref, ref.list, ref.index);
    if (!d || !d->meta_asked)
        return NULL;
    d->meta_asked = false;
    return d;
}

bool zc_entry_meta(struct zc_rworker *w, struct zc_rlist *list,
                   struct zc_ref ref, uint8_t *xattrs, size_t n)
{
    struct zc_receiver *r = w->r;
    pthread_mutex_lock(&r->lock);
    struct zc_rdir *d = end_meta(r, ref);
    if (d) {
        d->xattrs = xattrs;
        d->xattrs_len = n;
        d->have_xattrs = true;
        d->differs = true;
        zc_rworker_result(w, ref, ZC_STATUS_OK, 0, 0);
        settle(r, list);
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
    struct zc_rdir *d = list && list->dirs_meta ? end_meta(r, ref) : NULL;
    if (d) {
        list->dirs_meta--;
        zc_rworker_result(w, ref, ZC_STATUS_FAILED, ZC_OP_SOURCE, 0);
        settle(r, list);
    }
    pthread_mutex_unlock(&r->lock);
    if (d)
        zc_rdir_drop(w, d);
    return d;
}
