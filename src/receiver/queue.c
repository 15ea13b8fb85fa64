// SPDX-License-Identifier: GPL-2.0-or-later
/* The queue between the reader and the workers; see queue.h. */
#include "receiver/queue.h"

#include "receiver/core.h"

#include <string.h>

/* What may wait for the workers. */
#define QUEUE_ITEMS 48
#define QUEUE_BYTES ((size_t)4 << 20)
/* The same for what is put aside: as much as a sender lists ahead, and so many
 * files, which are open. */
#define ASIDE_ITEMS 256
#define ASIDE_FILES 48
#define ASIDE_BYTES ((size_t)16 << 20)

void zc_queue_init(struct zc_queue *q)
{
    *q = (struct zc_queue){0};
    STAILQ_INIT(&q->ready);
    STAILQ_INIT(&q->aside);
}

struct zc_work *zc_work_copy(struct zc_receiver *r, const struct zc_work *work)
{
    struct zc_work *copy = malloc(sizeof *copy);
    if (!copy) {
        zc_receiver_nomem(r);
        return NULL;
    }
    *copy = *work;
    if (copy->slab)
        zc_slab_ref(copy->slab);
    return copy;
}

struct zc_work *zc_work_own(const struct zc_work *work)
{
    struct zc_work *copy = malloc(sizeof *copy);
    uint8_t *own = malloc(work->n + 1);
    if (!copy || !own) {
        free(copy);
        free(own);
        return NULL;
    }
    *copy = *work;
    copy->slab = NULL;
    copy->later = NULL;
    copy->n_later = 0;
    copy->own = own;
    copy->p = work->n ? memcpy(own, work->p, work->n) : own;
    return copy;
}

void zc_work_free(struct zc_work *work)
{
    if (work) {
        zc_slab_unref(work->slab);
        free(work->own);
        free(work->later);
    }
    free(work);
}

static bool is_full(const struct zc_queue *q, size_t more)
{
    return q->items &&
           (q->items >= QUEUE_ITEMS || q->bytes + more > QUEUE_BYTES);
}

static void put_locked(struct zc_receiver *r, struct zc_work *work)
{
    struct zc_queue *q = r->queue;
    q->items++;
    q->bytes += work->n;
    if (work->line && work->line->busy) {
        STAILQ_INSERT_TAIL(&work->line->waiting, work, next);
        return;
    }
    if (work->line)
        work->line->busy = true;
    STAILQ_INSERT_TAIL(&q->ready, work, next);
    pthread_cond_signal(&r->wake.work);
}

int zc_queue_put(struct zc_receiver *r, const struct zc_work *work)
{
    struct zc_work *copy = zc_work_copy(r, work);
    if (!copy)
        return -1;
    pthread_mutex_lock(&r->lock);
    while (!r->stopping && is_full(r->queue, copy->n))
        pthread_cond_wait(&r->wake.room, &r->lock);
    bool stop = r->stopping;
    if (!stop)
        put_locked(r, copy);
    pthread_mutex_unlock(&r->lock);
    if (stop)
        zc_work_free(copy);
    return stop ? -1 : 0;
}

void zc_queue_put_now(struct zc_receiver *r, struct zc_work *work)
{
    pthread_mutex_lock(&r->lock);
    if (work)
        put_locked(r, work);
    pthread_mutex_unlock(&r->lock);
}

static bool is_jobs(const struct zc_work *work)
{
    return work->kind == ZC_WORK_ASKS || work->kind == ZC_WORK_COPIES;
}

bool zc_queue_put_aside(struct zc_receiver *r, const struct zc_work *work)
{
    struct zc_queue *q = r->queue;
    struct zc_work *copy = zc_work_own(work);
    pthread_mutex_lock(&r->lock);
    bool room = copy && !r->stopping && r->n_slow &&
                (is_jobs(work) || /* two for each open file */
                 q->n_aside < (work->big ? ASIDE_FILES : ASIDE_ITEMS)) &&
                q->bytes_aside + work->n <= ASIDE_BYTES;
    if (room) {
        copy->later = work->later;
        copy->n_later = work->n_later;
        if (copy->line)
            copy->line->busy = true;
        q->n_aside++;
        q->bytes_aside += copy->n;
        STAILQ_INSERT_TAIL(&q->aside, copy, next);
        pthread_cond_signal(&r->wake.slow);
    }
    pthread_mutex_unlock(&r->lock);
    if (!room)
        zc_work_free(copy);
    return room;
}

void zc_queue_add_aside(struct zc_receiver *r, struct zc_works *works)
{
    struct zc_queue *q = r->queue;
    const struct zc_work *work;
    STAILQ_FOREACH(work, works, next) {
        q->n_aside++;
        q->bytes_aside += work->n;
    }
    STAILQ_CONCAT(&q->aside, works);
    pthread_cond_broadcast(&r->wake.slow);
}

/* WORK has left the queue, or its line. */
static void count_out(struct zc_receiver *r, const struct zc_work *work)
{
    r->queue->items--;
    r->queue->bytes -= work->n;
    pthread_cond_broadcast(&r->wake.room);
}

bool zc_queue_more(const struct zc_receiver *r, bool slow)
{
    const struct zc_queue *q = r->queue;
    return !STAILQ_EMPTY(slow ? &q->aside : &q->ready) && !r->stopping;
}

static struct zc_work *take_aside(struct zc_queue *q)
{
    struct zc_work *work = STAILQ_FIRST(&q->aside);
    STAILQ_REMOVE_HEAD(&q->aside, next);
    q->n_aside--;
    q->bytes_aside -= work->n;
    q->slow_busy++;
    return work;
}

struct zc_work *zc_queue_take(struct zc_receiver *r, bool slow)
{
    if (!zc_queue_more(r, slow))
        return NULL;
    if (slow)
        return take_aside(r->queue);
    struct zc_work *work = STAILQ_FIRST(&r->queue->ready);
    STAILQ_REMOVE_HEAD(&r->queue->ready, next);
    count_out(r, work);
    r->queue->busy++;
    return work;
}

void zc_queue_done(struct zc_receiver *r, bool slow)
{
    unsigned *busy = slow ? &r->queue->slow_busy : &r->queue->busy;
    --*busy;
    pthread_cond_broadcast(&r->wake.room);
}

bool zc_queue_idle(const struct zc_receiver *r)
{
    return !r->queue->items && !r->queue->busy;
}

void zc_queue_wait_ready(struct zc_receiver *r)
{
    const struct zc_queue *q = r->queue;
    pthread_mutex_lock(&r->lock);
    while (!r->stopping && (!STAILQ_EMPTY(&q->ready) || q->busy))
        pthread_cond_wait(&r->wake.room, &r->lock);
    pthread_mutex_unlock(&r->lock);
}

void zc_queue_wait_idle(struct zc_receiver *r)
{
    const struct zc_queue *q = r->queue;
    pthread_mutex_lock(&r->lock);
    while (!r->stopping && (!zc_queue_idle(r) || q->n_aside || q->slow_busy))
        pthread_cond_wait(&r->wake.room, &r->lock);
    pthread_mutex_unlock(&r->lock);
}

/* --- lines --- */

void zc_queue_line_init(struct zc_queue_line *line)
{
    line->busy = false;
    STAILQ_INIT(&line->waiting);
}

struct zc_work *zc_queue_line_next(struct zc_receiver *r,
                                   struct zc_queue_line *line)
{
    pthread_mutex_lock(&r->lock);
    struct zc_work *work = STAILQ_FIRST(&line->waiting);
    if (work) {
        STAILQ_REMOVE_HEAD(&line->waiting, next);
        count_out(r, work);
    } else {
        line->busy = false;
    }
    pthread_mutex_unlock(&r->lock);
    return work;
}

void zc_queue_line_fini(struct zc_queue_line *line)
{
    struct zc_work *work;
    while ((work = STAILQ_FIRST(&line->waiting))) {
        STAILQ_REMOVE_HEAD(&line->waiting, next);
        zc_work_free(work);
    }
}
