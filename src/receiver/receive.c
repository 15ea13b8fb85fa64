// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One session of a receiver from its first byte to its last: threads are
 * started around the reader, and when the sender is done, what was put off is
 * done: deletions, the root's times, the sync. The story is in core.h.
 */
#include "receiver/receive.h"

#include "base/clock.h"
#include "base/idle.h"
#include "net/dial.h"
#include "receiver/anchor.h"
#include "receiver/backup.h"
#include "receiver/behind.h"
#include "receiver/big.h"
#include "receiver/commit.h"
#include "receiver/core.h"
#include "receiver/deletions.h"
#include "receiver/dirs.h"
#include "receiver/lists.h"
#include "receiver/parts.h"
#include "receiver/queue.h"
#include "receiver/reader.h"
#include "receiver/seals.h"
#include "receiver/unshare.h"
#include "receiver/volumes.h"
#include "receiver/workers.h"

#include <string.h>

#define WORKERS_MAX 8u
#define SLOW_MAX 2u /* workers for what reads much */

/* --- the end --- */

/* Mounts that are left alone after the round. */
static bool has_mounts(const struct zc_receiver *r)
{
    const struct zc_volume *v = SLIST_FIRST(&r->volumes->list);
    return v && SLIST_NEXT(v, next);
}

static int sync_volumes(struct zc_receiver *r, struct zc_err *err)
{
    bool asked = r->round.done_flags & ZC_DONE_SYNC;
    bool any = atomic_load(&r->done.changes);
    if ((r->fsync == ZC_FSYNC_NONE && !asked) || r->dry)
        return 0;
    /* What is equal may have been written by one who has not synced it. */
    if (asked || (r->round.full && !r->behind->on && zc_behind_others(r)))
        atomic_store(&r->done.need_syncfs, true); /* of others, and earlier */
    else if (!any)
        return 0;
    if (asked && r->volumes->left) { /* some are not known any more */
        sync();
        r->volumes->left = false;
    }
    if (r->behind->on) {
        zc_behind_changed(r);
        return asked || has_mounts(r) ? zc_behind_sync(r, err) : 0;
    }
    /* Files in a directory of such a group were taken for done; and the kernel
     * tells of a failed write-back once only. */
    int eno = r->commits->sync_eno;
    if (!eno && zc_volumes_sync(r, atomic_load(&r->done.need_syncfs)))
        eno = errno;
    if (eno)
        return zc_err_set(err, ZC_EXIT_FILEIO, eno,
                          "the receiver cannot sync to stable storage");
    zc_behind_settle(r);
    return 0;
}

/* Everything that was announced has been sent and done? */
static bool round_complete(struct zc_receiver *r)
{
    pthread_mutex_lock(&r->lock);
    bool ok = !r->failed && !r->lists->by_id.used && !zc_rbigs_any(r) &&
              (r->round.full || r->flags & ZC_OPEN_ROUNDS) &&
              zc_rdirs_tops_ready(r);
    pthread_mutex_unlock(&r->lock);
    return ok;
}

static int send_finished(struct zc_rworker *w, struct zc_msg_finished *m,
                         struct zc_err *err)
{
    struct zc_receiver *r = w->r;
    m->created = atomic_load(&r->done.created);
    m->deleted = atomic_load(&r->done.deleted);
    zc_finished_encode(&w->out, m);
    atomic_store(&r->line.finished, true);
    int fail = zc_rworker_flush(w);
    if (fail)
        *err = r->err;
    return fail;
}

/* A name that was not known may have been given to somebody meanwhile, and a
 * process that is confined would not see it: whoever comes next does. A session
 * that lasts ends with this. */
static bool owners_in_doubt(struct zc_receiver *r, struct zc_err *err)
{
    if (!(r->keep & (ZC_KEEP_OWNER | ZC_KEEP_GROUP | ZC_KEEP_ACLS)) ||
        !zc_idmap_outdated(r->ids, r->flags & ZC_OPEN_ROUNDS))
        return false;
    zc_err_set(err, ZC_EXIT_PARTIAL, 0,
               "users or groups of the receiving host have changed meanwhile, "
               "so that owners may be wrong until they are compared again");
    return true;
}

/* The round is over, and M is about it: before the sender knows, so that whoever
 * asks here when it says so is told the same. */
static void note_round(struct zc_receiver *r, const struct zc_msg_finished *m)
{
    struct zc_intake *n = r->intake;
    int64_t now = zc_clock_wall_ns(), began = n->began;
    n->took = began && now > began ? now - began : 0;
    n->ended = now;
    if (r->round.full && !m->code)
        n->compared = now;
    if (m->durable)
        n->durable = now;
    atomic_fetch_add(&n->created, atomic_load(&r->done.created));
    atomic_fetch_add(&n->deleted, atomic_load(&r->done.deleted));
    atomic_fetch_add(&n->rounds, 1);
    n->whole = false;
    n->began = 0;
}

/* KEPT gets what is said in FINISHED, if anything. */
static int finish_round(struct zc_receiver *r, struct zc_err *kept,
                        struct zc_err *err)
{
    kept->code = ZC_EXIT_OK;
    zc_queue_wait_idle(r);
    zc_commit_drain(r);
    if (r->failed || atomic_load(&r->line.lost)) {
        pthread_mutex_lock(&r->lock);
        *err = r->err;
        pthread_mutex_unlock(&r->lock);
        return -1;
    }
    if (!round_complete(r))
        return zc_receiver_nonsense(err, "it is done before everything was "
                                         "sent");

    struct zc_msg_finished m = {0};
    bool held = zc_deletions_run(r->reader, kept);
    if (held || owners_in_doubt(r, kept)) {
        m.code = (uint8_t)kept->code;
        m.text = (struct zc_bytes){(const uint8_t *)kept->text,
                                   ZC_MIN(strlen(kept->text),
                                          (size_t)ZC_ERROR_TEXT_MAX)};
    }
    zc_unshare(r->reader);
    /* What the source's root looks like is no more to be trusted then. */
    zc_rdirs_finish_tops(r->reader, held && r->round.full);
    if (r->flags & ZC_OPEN_ROUNDS)
        zc_volumes_keep_staging(r);
    else
        zc_volumes_clear_staging(r);
    zc_seals_put(r->reader);
    if (r->round.full && !kept->code && !atomic_load(&r->done.trouble) &&
        !atomic_load(&r->done.unsent))
        zc_behind_proved(r);
    if (sync_volumes(r, err))
        return -1;
    /* All of it is where the user will look for it. */
    if (r->round.full && zc_anchor_check(r, true, err))
        return -1;
    m.durable = zc_receiver_syncs_first(r) ||
                r->round.done_flags & ZC_DONE_SYNC;
    if (!(r->flags & ZC_OPEN_ROUNDS))
        zc_backups_tidy(&r->terms.backups);
    m.synced = zc_behind_synced(r);
    m.alternates_missing = r->terms.alternates.missing;
    m.owners_left = atomic_exchange(&r->owners_left, false);
    if (r->changes)
        zc_changes_flush(r->changes);
    note_round(r, &m);
    return send_finished(r->reader, &m, err);
}

/* As at the start, for the next round. No thread but this one is at work. */
static void next_round(struct zc_receiver *r)
{
    zc_backup_tidy(r);
    bool leaves = has_mounts(r); /* which somebody may be syncing */
    if (leaves)
        pthread_mutex_lock(&r->behind->sync_lock);
    pthread_mutex_lock(&r->lock);
    zc_rparts_next_round(r);
    r->round = (struct zc_rround){0};
    atomic_store(&r->done.need_syncfs, false);
    atomic_store(&r->done.changes, 0);
    atomic_store(&r->done.created, 0);
    atomic_store(&r->done.deleted, 0);
    atomic_store(&r->line.in_round, false);
    pthread_mutex_unlock(&r->lock);
    if (leaves)
        pthread_mutex_unlock(&r->behind->sync_lock);
}

/* Takes what the sender tells while others are busy: a long deletion is told
 * entry by entry, and nobody else would read that. */
struct hearer {
    struct zc_receiver *r;
    pthread_t thread;
    int fail;
    struct zc_err err;
};

static void *hearer_main(void *arg)
{
    struct hearer *h = arg;
    h->fail = zc_receiver_hear_out(h->r, &h->err);
    return NULL;
}

/* What the sender says of the outcome can make it worse, but no better than we
 * know it to be. */
static int judge_pull(struct zc_receiver *r, const struct zc_err *kept,
                      struct zc_err *err)
{
    if (kept->code) {
        *err = *kept;
        return -1;
    }
    if (atomic_load(&r->done.trouble))
        return zc_err_set(err, ZC_EXIT_PARTIAL, 0,
                          "not everything could be done");
    if (atomic_load(&r->done.unsent))
        return zc_err_set(err, ZC_EXIT_VANISHED, 0,
                          "not everything was sent");
    return 0;
}

/* After DONE of the only round. */
static int finish_pull(struct zc_receiver *r, struct zc_err *err)
{
    struct hearer h = {.r = r};
    struct zc_err kept;
    errno = pthread_create(&h.thread, NULL, hearer_main, &h);
    if (errno)
        return zc_err_set(err, ZC_EXIT_MEMORY, errno, "cannot start a thread");
    int fail = finish_round(r, &kept, err);
    if (fail) {
        zc_accept_refuse(&r->conn, err);
        zc_transport_shutdown(r->conn.t); /* wakes it */
    }
    pthread_join(h.thread, NULL);
    if (!fail && h.fail)
        *err = h.err;
    r->heard_out = !fail && !h.fail;
    return fail || h.fail ? -1 : judge_pull(r, &kept, err);
}

/* Round after round, or the one. */
static int run_rounds(struct zc_receiver *r, struct zc_err *err)
{
    struct zc_err kept;
    for (bool first = true;; first = false) {
        if (zc_receiver_read(r, err))
            return !first && r->conn.ended && !r->round.next_list ? 0 : -1;
        if (r->pull)
            return finish_pull(r, err);
        if (finish_round(r, &kept, err))
            return -1;
        if (!(r->flags & ZC_OPEN_ROUNDS))
            return 0;
        next_round(r);
    }
}

/* --- all together --- */

static int receiver_init(struct zc_receiver *r, struct zc_rparts *p,
                         struct zc_transport *t, struct zc_err *err)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&r->wake.commit, &monotonic);
    pthread_cond_init(&r->wake.over, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_cond_init(&r->wake.committed, NULL);
    pthread_cond_init(&r->wake.work, NULL);
    pthread_cond_init(&r->wake.slow, NULL);
    pthread_cond_init(&r->wake.room, NULL);
    pthread_mutex_init(&r->lock, NULL);
    zc_rparts_init(p, r);
    r->root_fd = -1;
    r->intake = &r->own_intake;
    r->is_root = geteuid() == 0;
    return zc_conn_init(&r->conn, t, err);
}

/* Everything but the connection, after all threads have ended; a session may
 * have broken off anywhere. */
static void receiver_fini(struct zc_receiver *r)
{
    zc_backup_prune(r, true);
    zc_rparts_free(r);
    zc_dirtree_free(r->tree);
    zc_idmap_free(r->ids);
    free(r->groups);
    zc_terms_fini(&r->terms);
    zc_close(&r->root_fd);
    pthread_mutex_destroy(&r->lock);
    pthread_cond_destroy(&r->wake.work);
    pthread_cond_destroy(&r->wake.slow);
    pthread_cond_destroy(&r->wake.room);
    pthread_cond_destroy(&r->wake.commit);
    pthread_cond_destroy(&r->wake.committed);
    pthread_cond_destroy(&r->wake.over);
}

/* A step, or until a round begins. With the lock. */
static void pinger_waits(struct zc_receiver *r, int64_t step)
{
    atomic_store(&r->line.asleep, true);
    /* In this order: the reader looks at the other one last, too. */
    bool busy = atomic_load(&r->line.in_round);
    if (busy)
        atomic_store(&r->line.asleep, false);
    zc_clock_cond_wait(&r->wake.over, &r->lock,
                       busy ? step : ZC_CLOCK_FOREVER);
    atomic_store(&r->line.asleep, false);
}

/* PING when the line has been quiet for a quarter of the time-out, while there
 * is a round. */
static void *pinger_main(void *receiver)
{
    struct zc_receiver *r = receiver;
    struct zc_buf b = ZC_BUF_INIT;
    struct zc_err err;
    int64_t step = r->terms.ping_s * ZC_NSEC_PER_SEC / 4;
    pthread_mutex_lock(&r->lock);
    while (!r->stopping) {
        pinger_waits(r, step);
        pthread_mutex_unlock(&r->lock);
        if (atomic_load(&r->line.in_round) && zc_conn_idle(&r->conn)) {
            zc_ping_encode(&b);
            zc_conn_send(&r->conn, &b, &err); /* the reader sees trouble */
        }
        pthread_mutex_lock(&r->lock);
    }
    pthread_mutex_unlock(&r->lock);
    zc_buf_fini(&b);
    return NULL;
}

/* The sender was silent for too long. If only its own bytes are lost on the way,
 * it still hears why this is the end. */
static void tell_silent(struct zc_receiver *r, struct zc_err *err)
{
    zc_err_set(err, ZC_EXIT_TIMEOUT, 0,
               "nothing has come from %s within the time-out", r->conn.t->peer);
    zc_conn_tell(&r->conn, err);
}

/* The sender is gone. Whatever has come whole gets its name, so that a line that
 * breaks again and again, too, gets there in the end. What is to happen in the
 * end only, or all at once, does not. */
static void keep_what_came(struct zc_receiver *r)
{
    atomic_store(&r->line.over, true);
    if (r->dry || zc_commit_delays(r))
        return;
    zc_queue_wait_ready(r);
    zc_rdirs_keep(r->reader);
    zc_commit_drain(r);
}

/* Up to N workers; how many there are. */
static unsigned start_workers(struct zc_receiver *r, struct zc_rworker *w,
                              unsigned n, bool slow)
{
    unsigned i = 0;
    for (; i < n; i++) {
        w[i].r = r;
        w[i].slow = slow;
        if (pthread_create(&w[i].thread, NULL, zc_rworker_main, &w[i]))
            break;
    }
    return i;
}

static void join_workers(struct zc_rworker *w, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        pthread_join(w[i].thread, NULL);
        zc_rworker_fini(&w[i]);
    }
}

/* The session proper: threads around the reader. */
static int run(struct zc_receiver *r, struct zc_err *err)
{
    struct zc_rworker workers[WORKERS_MAX] = {0}, slow[SLOW_MAX] = {0};
    pthread_t committer, pinger;
    /* One worker sees the names of a hard link group in order, so that a dry
     * run tells the same every time; unless there is much to read. */
    bool in_order = r->dry && !(r->apply & ZC_APPLY_VERIFY);
    unsigned n = in_order ? 1 : zc_conn_threads(r->threads, WORKERS_MAX);
    unsigned started = 0;
    struct zc_rworker reader = {.r = r};
    if (r->dry && !in_order && r->flags & ZC_OPEN_ROUNDS)
        zc_idle_thread(); /* a mirror's, beside that one that does things */
    r->reader = &reader;
    atomic_store(&r->line.in_round, !(r->flags & ZC_OPEN_ROUNDS));
    if (!(r->flags & ZC_OPEN_ROUNDS))
        r->intake->began = zc_clock_wall_ns();
    if (r->terms.ping_s) /* the sender sees to it that it is kept */
        zc_transport_set_timeout(r->conn.t, r->terms.ping_s);
    /* The sender reads our answers whatever else it does. */
    zc_dial_keepalive(r->conn.t, r->terms.ping_s, true);
    bool committing = !pthread_create(&committer, NULL, zc_commit_thread, r);
    bool pinging = r->terms.ping_s &&
                   !pthread_create(&pinger, NULL, pinger_main, r);
    if (committing)
        started = start_workers(r, workers, n, false);
    unsigned n_slow = in_order ? 0
                               : start_workers(r, slow, ZC_MIN(n, SLOW_MAX),
                                               true);
    pthread_mutex_lock(&r->lock);
    r->n_slow = n_slow;
    pthread_mutex_unlock(&r->lock);
    zc_anchor_watch(r);
    zc_behind_start(r);
    int fail = 0;
    if (!started)
        fail = zc_err_set(err, ZC_EXIT_MEMORY, errno, "cannot start a thread");
    if (!fail)
        fail = run_rounds(r, err);
    if (fail && err->code == ZC_EXIT_TIMEOUT && !r->failed)
        tell_silent(r, err);
    if (fail && zc_receiver_is_left(r, err))
        keep_what_came(r);
    zc_receiver_stop(r);
    zc_anchor_stop(r);
    join_workers(workers, started);
    join_workers(slow, n_slow);
    if (committing)
        pthread_join(committer, NULL);
    if (pinging)
        pthread_join(pinger, NULL);
    zc_behind_stop(r);
    zc_rworker_fini(&reader);
    /* A worker's reason comes before the reader's, which only saw the end. */
    if (fail && (r->failed || (r->line.lost && r->conn.over)))
        *err = r->err;
    return fail ? -1 : 0;
}

/* Closing with unread bytes in the socket would reset the connection, and the
 * sender might never see the reason: read on for a moment. */
static void linger(struct zc_receiver *r)
{
    int64_t end = zc_clock_ns() + 2 * ZC_NSEC_PER_SEC;
    zc_transport_set_timeout(r->conn.t, 1);
    while (zc_clock_ns() < end &&
           zc_transport_recv(r->conn.t, r->conn.slab->data, ZC_SLAB_SIZE) > 0)
        ;
}

/* The whole life of R, which has begun (FAIL 0) or could not. */
static int live(struct zc_receiver *r, int fail, struct zc_err *err)
{
    if (!fail)
        fail = run(r, err);
    if (r->changes) /* of a round that broke off */
        zc_changes_flush(r->changes);
    /* A peer that was asked, and has refused, has nothing to hear. */
    bool tells = r->conn.slab && (!r->pull || (r->opened && !r->heard_out));
    if (fail && tells && !r->failed)
        zc_accept_refuse(&r->conn, err);
    receiver_fini(r);
    if (fail && tells && err->code != ZC_EXIT_SOCKET)
        linger(r);
    if (r->pull && r->pull->sent)
        *r->pull->sent = zc_conn_wire_out(&r->conn);
    if (r->pull && r->pull->received)
        *r->pull->received = zc_conn_wire_in(&r->conn);
    if (r->pull && r->pull->plain)
        *r->pull->plain = zc_conn_plain(&r->conn);
    zc_conn_fini(&r->conn);
    return fail ? -1 : 0;
}

int zc_receive_run(struct zc_transport *t, const struct zc_accept_options *opt,
                   struct zc_err *err)
{
    struct zc_receiver r = {.threads = opt->threads};
    struct zc_rparts parts;
    int fail = receiver_init(&r, &parts, t, err) ||
               zc_receiver_accept(&r, opt, err);
    return live(&r, fail, err);
}

int zc_receive_from(struct zc_transport *t, const struct zc_options *opt,
                    const struct zc_pull *pull, struct zc_err *err)
{
    struct zc_receiver r = {.threads = pull->threads, .pull = pull};
    struct zc_rparts parts;
    int fail = receiver_init(&r, &parts, t, err) ||
               zc_receiver_connect(&r, opt, err);
    return live(&r, fail, err);
}
