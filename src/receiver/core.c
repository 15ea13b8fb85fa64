// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What every part of the receiver needs: how a session fails, and how a thread
 * gathers its answers for the sender.
 */
#include "receiver/core.h"

#include "fs/keep.h"
#include "session/hash.h"

#include <string.h>

/* --- the end of a session ------------------------------------------------ */

/* With the lock held. */
static void stop_locked(struct zc_receiver *r)
{
    r->stopping = true;
    pthread_cond_broadcast(&r->wake.work);
    pthread_cond_broadcast(&r->wake.slow);
    pthread_cond_broadcast(&r->wake.room);
    pthread_cond_broadcast(&r->wake.commit);
    pthread_cond_broadcast(&r->wake.committed);
    pthread_cond_broadcast(&r->wake.over);
}

void zc_receiver_stop(struct zc_receiver *r)
{
    pthread_mutex_lock(&r->lock);
    stop_locked(r);
    pthread_mutex_unlock(&r->lock);
}

/* The sender ends when it reads the ERROR, which ends the reader here. */
void zc_receiver_fail(struct zc_receiver *r, const struct zc_err *err)
{
    pthread_mutex_lock(&r->lock);
    bool first = !r->failed;
    if (first) {
        r->failed = true;
        r->err = *err;
    }
    stop_locked(r);
    pthread_mutex_unlock(&r->lock);
    if (first)
        zc_accept_refuse(&r->conn, err);
}

void zc_receiver_nomem(struct zc_receiver *r)
{
    struct zc_err err;
    zc_err_nomem(&err);
    zc_receiver_fail(r, &err);
}

int zc_receiver_nonsense(struct zc_err *err, const char *what)
{
    return zc_err_set(err, ZC_EXIT_STREAM, 0,
                      "the sender's message makes no sense: %s", what);
}

void zc_receiver_unsynced(struct zc_receiver *r)
{
    if (r->fsync != ZC_FSYNC_NONE)
        atomic_store(&r->done.need_syncfs, true);
}

int zc_rworker_hash(struct zc_rworker *w, int fd, uint64_t n,
                    uint8_t out[ZC_HASH_SIZE])
{
    struct zc_receiver *r = w->r;
    return zc_hash_fd(&w->scratch, fd, n, zc_hash_kind(r->flags),
                      &r->stopping, out);
}

/* --- answers ------------------------------------------------------------- */

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

/* Not a trouble: that the destination is not on btrfs. */
static bool is_trouble(unsigned op, int eno)
{
    return op != ZC_OP_META + ZC_META_PROPERTIES || eno != EOPNOTSUPP;
}

void zc_rworker_result(struct zc_rworker *w, struct zc_ref ref,
                       enum zc_status status, unsigned op, int eno)
{
    bool bad = status == ZC_STATUS_FAILED || status == ZC_STATUS_NOTE_META ||
               status == ZC_STATUS_NOTE_FAILED;
    if (bad && is_trouble(op, eno))
        atomic_store(op == ZC_OP_SOURCE ? &w->r->done.unsent
                                        : &w->r->done.trouble, true);
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

#define NOTE_PATH_MAX (ZC_FRAME_BODY_MAX - 64)

void zc_rworker_note_path(struct zc_rworker *w, const char *path, unsigned op,
                          uint32_t mode, int eno)
{
    struct zc_msg_note m = {(uint8_t)op, mode, (uint32_t)eno,
                            {(const uint8_t *)path, strlen(path)}};
    if ((op != ZC_OP_DELETE || eno) && is_trouble(op, eno))
        atomic_store(&w->r->done.trouble, true);
    if (m.path.n > NOTE_PATH_MAX) { /* then the nearest that can be named */
        const char *slash = memrchr(path, '/', NOTE_PATH_MAX);
        m.path.n = slash ? (size_t)(slash - path) : 0;
    }
    zc_note_encode(&w->out, &m);
}

void zc_rworker_note(struct zc_rworker *w, struct zc_dirnode *d,
                     const char *name, unsigned op, uint32_t mode, int eno)
{
    const char *path = zc_dirnode_path_of(d, name, strlen(name), &w->path);
    if (path)
        zc_rworker_note_path(w, path, op, mode, eno);
}

uint8_t *zc_attrs_take(struct zc_receiver *r, const uint8_t *set, size_t n)
{
    uint8_t *copy = NULL;
    if (atomic_fetch_add(&r->attrs_held, n) + n <= ZC_ATTRS_HELD_MAX)
        copy = malloc(n + 1);
    if (!copy)
        atomic_fetch_sub(&r->attrs_held, n);
    else if (n)
        memcpy(copy, set, n);
    return copy;
}

void zc_attrs_give_back(struct zc_receiver *r, const uint8_t *set, size_t n)
{
    if (set)
        atomic_fetch_sub(&r->attrs_held, n);
    free((void *)set);
}

void zc_rworker_fini(struct zc_rworker *w)
{
    zc_buf_fini(&w->out);
    zc_buf_fini(&w->xattrs);
    zc_buf_fini(&w->path);
    zc_buf_fini(&w->scratch);
    zc_vec_fini(&w->results);
    zc_alternate_dirs_close(&w->alternates);
}
