// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What every part of the receiver needs: how a session fails, and how a thread
 * gathers its answers for the sender.
 */
#include "receiver/core.h"

#include "fs/cached.h"
#include "fs/keep.h"
#include "session/hash.h"

#include <string.h>

/* --- the end of a session --- */

/* With the lock held. */
static void stop_locked(struct zc_receiver *r)
{
    r->stopping = true;
    r->line.over = true;
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
        if (!r->line.lost) /* which will be why */
            r->err = *err;
    }
    stop_locked(r);
    pthread_mutex_unlock(&r->lock);
    if (first)
        zc_accept_refuse(&r->conn, err);
}

bool zc_receiver_is_left(const struct zc_receiver *r, const struct zc_err *err)
{
    return !r->failed &&
           (r->conn.over || r->line.given_up || r->line.lost ||
            err->code == ZC_EXIT_SOCKET || err->code == ZC_EXIT_TIMEOUT);
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

void zc_receiver_changed(struct zc_receiver *r, struct zc_dirnode *node,
                         const char *name)
{
    struct zc_buf buf = ZC_BUF_INIT;
    if (!r->changes)
        return;
    const char *path = zc_dirnode_path_of(node, name, strlen(name), &buf);
    if (path)
        zc_changes_add(r->changes, path);
    zc_buf_fini(&buf);
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
    if (r->apply & ZC_APPLY_COLD || atomic_load(&r->doubts))
        zc_hash_from_disk(fd);
    struct zc_cached *cached =
        r->apply & ZC_APPLY_DROP_CACHE ? zc_cached_look(fd) : NULL;
    int bad = zc_hash_fd(&w->scratch, fd, n, zc_hash_kind(r->flags),
                         w->compares ? &r->line.over : &r->stopping, out);
    zc_cached_leave(cached, fd);
    return bad;
}

/* --- answers --- */

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

/* The sender cannot be told anything any more, because of ERR. What it has sent
 * can still be read, up to the end of it, and is worth having. */
static void line_lost(struct zc_receiver *r, const struct zc_err *err)
{
    pthread_mutex_lock(&r->lock);
    if (!r->failed && !r->line.lost)
        r->err = *err;
    r->line.lost = true;
    r->line.over = true;
    pthread_mutex_unlock(&r->lock);
    zc_transport_shutdown(r->conn.t); /* the reader sees an end of it */
}

int zc_rworker_flush(struct zc_rworker *w)
{
    struct zc_receiver *r = w->r;
    struct zc_err err;
    encode_results(w);
    if (w->out.failed) {
        zc_receiver_nomem(r);
        return -1;
    }
    if (atomic_load(&r->line.lost)) {
        w->out.len = 0;
        return -1;
    }
    if (!w->out.len || !zc_conn_send(&r->conn, &w->out, &err))
        return 0;
    line_lost(r, &err);
    return -1;
}

/* Not a trouble: that the destination is not on btrfs. */
static bool is_trouble(unsigned op, int eno)
{
    return op != ZC_OP_META + ZC_META_PROPERTIES || eno != EOPNOTSUPP;
}

static void trouble_here(struct zc_receiver *r)
{
    atomic_store(&r->done.trouble, true);
    atomic_fetch_add(&r->intake->errors, 1);
    atomic_fetch_add(&r->intake->errors_left, 1);
}

/* Of ZC_OP_ROOM: what there is too little of, and how much. */
static void say_scarce(struct zc_receiver *r, unsigned *op, int *eno)
{
    if (*op != ZC_OP_ROOM)
        return;
    *op = atomic_load(&r->scarce.op);
    *eno = (int)atomic_load(&r->scarce.left);
}

void zc_rworker_result(struct zc_rworker *w, struct zc_ref ref,
                       enum zc_status status, unsigned op, int eno)
{
    say_scarce(w->r, &op, &eno);
    bool bad = status == ZC_STATUS_FAILED || status == ZC_STATUS_NOTE_META ||
               status == ZC_STATUS_NOTE_FAILED;
    if (bad && op == ZC_OP_SOURCE)
        atomic_store(&w->r->done.unsent, true);
    else if (bad && is_trouble(op, eno))
        trouble_here(w->r);
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
    say_scarce(w->r, &op, &eno);
    struct zc_msg_note m = {(uint8_t)op, mode, (uint32_t)eno,
                            {(const uint8_t *)path, strlen(path)}};
    if ((op != ZC_OP_DELETE || eno) && is_trouble(op, eno))
        trouble_here(w->r);
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
