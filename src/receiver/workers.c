// SPDX-License-Identifier: GPL-2.0-or-later
/* The receiver's workers; see workers.h. */
#include "receiver/workers.h"

#include "receiver/big.h"
#include "receiver/core.h"
#include "receiver/files.h"
#include "receiver/queue.h"
#include "receiver/survey.h"
#include "receiver/walk.h"

/* Answers are gathered up to here while there is more to do. */
#define FLUSH_BYTES ((size_t)32 << 10)

static void do_work(struct zc_rworker *w, struct zc_work *work)
{
    w->compares = work->kind == ZC_WORK_LIST || work->kind == ZC_WORK_LATER;
    switch (work->kind) {
    case ZC_WORK_LIST:
        zc_walk_list(w, work);
        break;
    case ZC_WORK_LATER:
        if (!atomic_load(&w->r->line.over))
            zc_walk_later(w, work);
        break;
    case ZC_WORK_FILES:
        zc_files_write(w, work);
        break;
    case ZC_WORK_META:
        zc_files_meta(w, work);
        break;
    case ZC_WORK_BIG:
        zc_rbig_finish(w, work->big);
        break;
    case ZC_WORK_ASKS:
        zc_rbig_jobs(w, work->big, ZC_RDELTA_ASKS);
        break;
    case ZC_WORK_COPIES:
        zc_rbig_jobs(w, work->big, ZC_RDELTA_COPIES);
        break;
    }
    zc_work_free(work);
}

/* Answers are gathered while there is more to do. */
static void flush_at_times(struct zc_rworker *w, bool more)
{
    if (!more || w->out.len >= FLUSH_BYTES ||
        w->results.len >= FLUSH_BYTES / 16)
        zc_rworker_flush(w);
}

/* Until nothing is queued. With the lock held, but for the work. */
static void empty_queue(struct zc_rworker *w)
{
    struct zc_receiver *r = w->r;
    struct zc_work *work;
    while ((work = zc_queue_take(r, w->slow))) {
        pthread_mutex_unlock(&r->lock);
        do_work(w, work);
        pthread_mutex_lock(&r->lock);
        bool more = zc_queue_more(r, w->slow);
        pthread_mutex_unlock(&r->lock);
        flush_at_times(w, more);
        pthread_mutex_lock(&r->lock);
        zc_queue_done(r, w->slow);
    }
}

void *zc_rworker_main(void *worker)
{
    struct zc_rworker *w = worker;
    struct zc_receiver *r = w->r;
    pthread_mutex_lock(&r->lock);
    for (;;) {
        empty_queue(w);
        if (r->stopping)
            break;
        if (!w->slow && zc_rsurvey_ready(r)) {
            pthread_mutex_unlock(&r->lock);
            zc_rsurvey_some(w);
            pthread_mutex_lock(&r->lock);
            continue;
        }
        pthread_mutex_unlock(&r->lock);
        zc_rworker_flush(w);
        pthread_mutex_lock(&r->lock);
        if (!r->stopping && !zc_queue_more(r, w->slow) &&
            (w->slow || !zc_rsurvey_ready(r)))
            pthread_cond_wait(w->slow ? &r->wake.slow : &r->wake.work,
                              &r->lock);
    }
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

static void drop(struct zc_receiver *r, struct zc_works *works)
{
    struct zc_work *work;
    while ((work = STAILQ_FIRST(works))) {
        STAILQ_REMOVE_HEAD(works, next);
        if (work->kind == ZC_WORK_ASKS)
            zc_rbig_drop_jobs(r, work->big, ZC_RDELTA_ASKS);
        else if (work->kind == ZC_WORK_COPIES)
            zc_rbig_drop_jobs(r, work->big, ZC_RDELTA_COPIES);
        else
            zc_rbig_free(r, work->big); /* BIG: its own; else NULL */
        zc_work_free(work);
    }
}

void zc_rworkers_drop(struct zc_receiver *r)
{
    drop(r, &r->queue->ready);
    drop(r, &r->queue->aside);
}
