// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The receiver's workers: the queue that the reader fills, the threads that
 * empty it, and the answers they gather for the sender.
 */
#include "receiver/receiver.h"

#include <string.h>

/* What may wait for the workers: bounds memory, since each item holds on to
 * the slab it came in. */
#define QUEUE_ITEMS 48
#define QUEUE_BYTES ((size_t)4 << 20)
/* Answers are gathered up to here while there is more to do. */
#define FLUSH_BYTES ((size_t)32 << 10)

/* Hands WORK (copied) to the workers; waits while too much is queued. */
int zc_receiver_queue(struct zc_receiver *r, const struct zc_rwork *work)
{
    struct zc_rwork *copy = malloc(sizeof *copy);
    if (!copy) {
        struct zc_err err;
        zc_err_nomem(&err);
        zc_receiver_fail(r, &err);
        return -1;
    }
    *copy = *work;
    copy->next = NULL;
    if (copy->slab)
        zc_slab_ref(copy->slab);
    pthread_mutex_lock(&r->lock);
    while (!r->stopping && r->queued &&
           (r->queued >= QUEUE_ITEMS ||
            r->queued_bytes + copy->n > QUEUE_BYTES))
        pthread_cond_wait(&r->room, &r->lock);
    bool stop = r->stopping;
    /* The lists of one directory stay in order: see zc_rdir.comparing. */
    if (!stop && copy->kind == ZC_W_LIST && copy->dir->comparing) {
        *copy->dir->waiting_end = copy;
        copy->dir->waiting_end = &copy->next;
        r->queued++;
        r->queued_bytes += copy->n;
        pthread_mutex_unlock(&r->lock);
        return 0;
    }
    if (!stop) {
        if (copy->kind == ZC_W_LIST)
            copy->dir->comparing = true;
        *r->queue_end = copy;
        r->queue_end = &copy->next;
        r->queued++;
        r->queued_bytes += copy->n;
        pthread_cond_signal(&r->work);
    }
    pthread_mutex_unlock(&r->lock);
    if (stop) {
        zc_slab_unref(copy->slab);
        free(copy);
        return -1;
    }
    return 0;
}

static void encode_results(struct zc_rworker *w)
{
    for (size_t i = 0; i < w->results.len;) {
        uint32_t n = (uint32_t)ZC_MIN(w->results.len - i,
                                      (size_t)ZC_RESULT_ITEMS_MAX);
        size_t at = zc_result_begin(&w->out);
        for (uint32_t k = 0; k < n; k++)
            zc_result_add(&w->out, &w->results.v[i + k]);
        zc_result_end(&w->out, at, n);
        i += n;
    }
    w->results.len = 0;
}

int zc_rworker_flush(struct zc_rworker *w)
{
    struct zc_err err;
    encode_results(w);
    if (!w->out.len && !w->out.failed)
        return 0;
    if (zc_conn_send(&w->r->conn, &w->out, &err)) {
        zc_receiver_fail(w->r, &err);
        return -1;
    }
    return 0;
}

void zc_rworker_result(struct zc_rworker *w, struct zc_ref ref,
                       enum zc_status status, unsigned op, int eno)
{
    struct zc_result_item item = {ref, (uint8_t)status, (uint8_t)op,
                                  (uint32_t)eno};
    if (status == ZC_STATUS_NOTE_META || status == ZC_STATUS_NOTE_FAILED) {
        /* Ahead of the answer that may close the entry's list. */
        size_t at = zc_result_begin(&w->out);
        zc_result_add(&w->out, &item);
        zc_result_end(&w->out, at, 1);
    } else if (zc_vec_push(&w->results, item)) {
        w->out.failed = true;
    }
}

void zc_rworker_note_path(struct zc_rworker *w, const char *path, unsigned op,
                          uint32_t mode, int eno)
{
    struct zc_msg_note m = {(uint8_t)op, mode, (uint32_t)eno,
                            {(const uint8_t *)path, strlen(path)}};
    if (m.path.n < ZC_FRAME_BODY_MAX - 64)
        zc_note_encode(&w->out, &m);
}

void zc_rworker_note(struct zc_rworker *w, struct zc_dirnode *d,
                     const char *name, unsigned op, uint32_t mode, int eno)
{
    const char *path = zc_dirnode_path_of(d, name, strlen(name), &w->path);
    if (path)
        zc_rworker_note_path(w, path, op, mode, eno);
}

static void do_work(struct zc_rworker *w, struct zc_rwork *work)
{
    switch (work->kind) {
    case ZC_W_LIST:
        zc_walk_list(w, work);
        break;
    case ZC_W_FILES:
        zc_apply_files(w, work);
        break;
    case ZC_W_META:
        zc_apply_meta(w, work);
        break;
    case ZC_W_BIG:
        zc_big_finish(w, work);
        break;
    }
    zc_slab_unref(work->slab);
    free(work);
}

void zc_receiver_taken(struct zc_receiver *r, const struct zc_rwork *work)
{
    r->queued--;
    r->queued_bytes -= work->n;
    pthread_cond_broadcast(&r->room);
}

void *zc_rworker_main(void *arg)
{
    struct zc_rworker *w = arg;
    struct zc_receiver *r = w->r;
    pthread_mutex_lock(&r->lock);
    for (;;) {
        struct zc_rwork *work = r->stopping ? NULL : r->queue;
        if (work) {
            r->queue = work->next;
            if (!r->queue)
                r->queue_end = &r->queue;
            zc_receiver_taken(r, work);
            r->busy++;
            pthread_mutex_unlock(&r->lock);
            do_work(w, work);
            pthread_mutex_lock(&r->lock);
            /* Answers are gathered while there is more to do. */
            bool more = r->queue && !r->stopping;
            pthread_mutex_unlock(&r->lock);
            if (!more || w->out.len >= FLUSH_BYTES ||
                w->results.len >= FLUSH_BYTES / 16)
                zc_rworker_flush(w);
            pthread_mutex_lock(&r->lock);
            r->busy--;
            pthread_cond_broadcast(&r->room);
            continue;
        }
        if (r->stopping)
            break;
        pthread_mutex_unlock(&r->lock);
        zc_rworker_flush(w);
        pthread_mutex_lock(&r->lock);
        if (!r->queue && !r->stopping)
            pthread_cond_wait(&r->work, &r->lock);
    }
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

