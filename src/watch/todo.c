// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is to be looked at later, and what is said when that is done; see
 * todo.h.
 *
 * A directory is watched when it is looked at, and listed after that; what is
 * found in it is put into the same queue, for the same job:
 *
 *     event: d is new --> job, top d --> queue: d, d/a, d/b, d/a/x ...
 *                                          | the last one is done
 *                                          v
 *                                       changed(d, DEEP)
 *
 * There are two queues: the fresh one is for what events brought, the other for
 * the first scan and for the search after an overflow.
 */
#include "watch/todo.h"

#include "watch/internal.h"
#include "watch/report.h"
#include "watch/tree.h"

#include <string.h>

/* --- jobs --- */

struct zc_wjob *zc_wjob_get(const struct zc_watch *w, uint32_t serial)
{
    return serial ? zc_map_get(&w->todo.jobs, serial, 0) : NULL;
}

struct zc_wjob *zc_wjob_new(struct zc_watch *w, bool bulk)
{
    struct zc_wjob *job = calloc(1, sizeof *job);
    if (!job) {
        zc_wstarved(w, ENOMEM);
        return NULL;
    }
    do
        job->serial = ++w->todo.last_job;
    while (!job->serial || zc_wjob_get(w, job->serial));
    job->bulk = bulk;
    job->left = 1; /* the caller's step */
    if (zc_map_put(&w->todo.jobs, job->serial, 0, job)) {
        free(job);
        zc_wstarved(w, ENOMEM);
        return NULL;
    }
    return job;
}

void zc_wjob_top(struct zc_watch *w, struct zc_wjob *job, zc_wdir d,
                 bool doubt)
{
    struct zc_wtop top = {d, doubt};
    if (zc_vec_push(&job->tops, top))
        zc_wstarved(w, ENOMEM);
}

static void report_top(struct zc_watch *w, const struct zc_wtop *top)
{
    const char *name;
    if (!zc_wtree_has(w->tree, top->dir))
        return;
    if (top->doubt) {
        zc_wdoubt(w, top->dir);
        return;
    }
    zc_wdir parent = zc_wtree_parent(w->tree, top->dir, &name);
    zc_wreport(w, parent, name, strlen(name), ZC_CHANGE_NAME | ZC_CHANGE_DEEP);
}

void zc_wjob_step(struct zc_watch *w, struct zc_wjob *job)
{
    if (--job->left)
        return;
    zc_map_del(&w->todo.jobs, job->serial, 0);
    for (size_t i = 0; i < job->tops.len && !w->gone; i++)
        report_top(w, &job->tops.v[i]);
    bool again = job->serial == w->todo.rescan_job && w->todo.rescan_again;
    if (job->serial == w->todo.rescan_job) {
        w->todo.rescan_job = 0;
        w->todo.rescan_again = false;
    }
    zc_vec_fini(&job->tops);
    free(job);
    if (again)
        zc_wdoubt_all(w);
}

void zc_wtodo_push(struct zc_watch *w, struct zc_wjob *job, zc_wdir d,
                   unsigned flags)
{
    struct zc_wqueue *q = job->bulk ? &w->todo.bulk : &w->todo.fresh;
    struct zc_wtodo item = {d, job->serial, flags};
    if (zc_vec_push(&q->items, item)) {
        zc_wstarved(w, ENOMEM);
        return;
    }
    job->left++;
}

void zc_wrelist(struct zc_watch *w, zc_wdir d, bool doubt)
{
    struct zc_wjob *job = zc_wjob_new(w, false);
    if (!job)
        return;
    zc_wjob_top(w, job, d, doubt);
    zc_wtodo_push(w, job, d, ZC_WTODO_ALL);
    zc_wjob_step(w, job);
}

bool zc_wtodo_pop(struct zc_wqueue *q, struct zc_wtodo *item)
{
    if (q->head == q->items.len)
        return false;
    *item = q->items.v[q->head++];
    if (q->head >= 1024 && q->head > q->items.len / 2) {
        q->items.len -= q->head;
        memmove(q->items.v, q->items.v + q->head,
                q->items.len * sizeof *item);
        q->head = 0;
    }
    return true;
}

void zc_wtodo_tidy(struct zc_wqueue *q)
{
    if (q->head < q->items.len)
        return;
    zc_vec_fini(&q->items);
    q->head = 0;
}

static void skip(struct zc_watch *w, struct zc_wqueue *q)
{
    struct zc_wtodo item;
    while (zc_wtodo_pop(q, &item))
        zc_wjob_step(w, zc_wjob_get(w, item.job));
    zc_wtodo_tidy(q);
}

void zc_wtodo_skip(struct zc_watch *w)
{
    skip(w, &w->todo.fresh);
    skip(w, &w->todo.bulk);
}

void zc_wdoubt_all(struct zc_watch *w)
{
    if (w->todo.rescan_job) {
        w->todo.rescan_again = true;
        return;
    }
    struct zc_wjob *job = zc_wjob_new(w, true);
    if (!job)
        return;
    w->todo.rescan_job = job->serial;
    zc_wjob_top(w, job, ZC_WDIR_ROOT, true);
    zc_wtodo_push(w, job, ZC_WDIR_ROOT, ZC_WTODO_ALL);
    zc_wjob_step(w, job);
}

/* --- what is put off --- */

void zc_wverify_later(struct zc_watch *w, zc_wdir dir, const char *name,
                      size_t n)
{
    struct zc_wspot item = zc_wspot_of(dir, name, n);
    if (zc_vec_push(&w->todo.verify, item))
        zc_wdoubt_all(w);
}

void zc_wrecheck_later(struct zc_watch *w, zc_wdir d)
{
    struct zc_wtodos *t = &w->todo;
    if (w->gone || (t->recheck.len && t->recheck.v[t->recheck.len - 1] == d))
        return;
    if (zc_vec_push(&t->recheck, d))
        zc_wdoubt_all(w);
}

void zc_wtodo_fini(struct zc_watch *w)
{
    struct zc_wtodos *t = &w->todo;
    struct zc_map_slot *slot;
    for (size_t at = 0; (slot = zc_map_next(&t->jobs, &at));) {
        struct zc_wjob *job = slot->value;
        zc_vec_fini(&job->tops);
        free(job);
    }
    zc_map_fini(&t->jobs);
    zc_vec_fini(&t->fresh.items);
    zc_vec_fini(&t->bulk.items);
    zc_vec_fini(&t->verify);
    zc_vec_fini(&t->recheck);
}
