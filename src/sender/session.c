// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A sender's session: OPEN, the threads, rounds, the end. The
 * story and the threads are in core.h.
 */
#include "sender/session.h"

#include "base/clock.h"
#include "base/relpath.h"
#include "fs/rootdir.h"
#include "sender/answers.h"
#include "sender/big.h"
#include "sender/core.h"
#include "sender/entry.h"
#include "sender/lease.h"
#include "sender/lists.h"
#include "sender/names.h"
#include "sender/walk.h"
#include "sender/workers.h"
#include "session/hostid.h"

#include <poll.h>
#include <string.h>
#include <sys/stat.h>

#define TICK_NS (50 * 1000000LL)

struct zc_session {
    struct zc_sender s;
    struct zc_ids ids;
    struct zc_lists lists;
    struct zc_walk walk;
    struct zc_bigs bigs;
    /* The last is the caller's. */
    struct zc_sworker workers[ZC_WORKERS_MAX + 1], *own;
    unsigned n_workers;
    pthread_t reader, pinger;
    bool reading, pinging;
};

/* --- OPEN, OPENED -------------------------------------------------------- */

static struct zc_bytes text_bytes(const char *text)
{
    return (struct zc_bytes){(const uint8_t *)text, text ? strlen(text) : 0};
}

static void fill_open(const struct zc_options *opt, struct zc_buf *filter,
                      struct zc_msg_open *m)
{
    *m = (struct zc_msg_open){
        .keep = opt->keep,
        .fsync = (uint8_t)opt->fsync,
        .timeout_s = opt->timeout_s,
        .max_delete = opt->max_delete,
        .share = text_bytes(opt->share),
        .path = text_bytes(opt->path),
        .chown_user = text_bytes(opt->chown_user),
        .chown_group = text_bytes(opt->chown_group),
    };
    m->flags = (opt->dry_run ? ZC_OPEN_DRY_RUN : 0) |
               (opt->checksum ? ZC_OPEN_CHECKSUM : 0) |
               (opt->update ? ZC_OPEN_UPDATE : 0) |
               (opt->del ? ZC_OPEN_DELETE : 0) |
               (opt->force_delete ? ZC_OPEN_FORCE_DELETE : 0) |
               (opt->numeric_ids ? ZC_OPEN_NUMERIC_IDS : 0) |
               (opt->want_items ? ZC_OPEN_WANT_ITEMS : 0) |
               (opt->path_is_dir ? ZC_OPEN_PATH_IS_DIR : 0) |
               (opt->mover == ZC_MOVER_READWRITE ? ZC_OPEN_BUFFER : 0) |
               (opt->rounds ? ZC_OPEN_ROUNDS : 0) |
               (opt->has_origin ? ZC_OPEN_ORIGIN : 0) |
               (opt->max_delete != ZC_MAX_DELETE_DEFAULT ? ZC_OPEN_MAX_DELETE
                                                         : 0);
    memcpy(m->origin, opt->origin, sizeof m->origin);
    if (opt->single_file) {
        size_t n;
        const struct zc_fileset_node *const *v =
            zc_fileset_children(opt->only, NULL, &n);
        m->flags |= ZC_OPEN_SINGLE_FILE;
        m->name = text_bytes(n ? zc_fileset_name(v[0]) : "");
    }
    if (opt->filter) {
        zc_filter_encode(opt->filter, filter);
        m->filter = (struct zc_bytes){filter->data, filter->len};
    }
}

static int send_open(struct zc_sender *s, struct zc_err *err)
{
    struct zc_buf out = ZC_BUF_INIT, filter = ZC_BUF_INIT;
    struct zc_msg_open m;
    fill_open(s->opt, &filter, &m);
    if (m.flags & ZC_OPEN_SINGLE_FILE)
        s->source_name = (const char *)m.name.p;
    zc_open_encode(&out, &m);
    int r = -1;
    if (out.len > ZC_FRAME_BODY_MAX)
        zc_err_set(err, ZC_EXIT_USAGE, 0,
                   "there are too many filter rules (%zu bytes of them)",
                   filter.len);
    else
        r = zc_conn_send(&s->conn, &out, err);
    zc_buf_fini(&out);
    zc_buf_fini(&filter);
    return r;
}

/* The peer's first answer: OPENED, or why not. */
static int recv_opened(struct zc_sender *s, struct zc_msg_opened *m,
                       struct zc_err *err)
{
    struct zc_frame f;
    struct zc_bytes body;
    struct zc_slab *slab;
    do {
        if (zc_conn_recv(&s->conn, false, &f, &body, &slab, err))
            return -1;
    } while (f.type == ZC_FRAME_PING);
    if (f.type == ZC_FRAME_ERROR) {
        struct zc_msg_error e;
        if (zc_error_decode(body, &e, err))
            return -1;
        return zc_err_set(err, (enum zc_exit)e.code, 0, "%.*s", (int)e.text.n,
                          (const char *)e.text.p);
    }
    if (f.type != ZC_FRAME_OPENED)
        return zc_err_set(err, ZC_EXIT_STREAM, 0,
                          "the peer answered OPEN with message type %u",
                          f.type);
    if (zc_opened_decode(body, m, err))
        return -1;
    if (s->opt->single_file) {
        s->single_name = strndup((const char *)m->name.p, m->name.n);
        if (!s->single_name)
            return zc_err_nomem(err);
        if (!m->name.n)
            return zc_err_set(err, ZC_EXIT_STREAM, 0,
                              "the peer did not name the file");
    }
    return 0;
}

/* Both on this machine: the destination must not be the source. */
static int compare_roots(struct zc_sender *s, const struct zc_msg_opened *m,
                         struct zc_err *err)
{
    uint8_t mine[ZC_HOST_ID_SIZE];
    zc_host_id(mine);
    if (memcmp(mine, m->host_id, sizeof mine) != 0 || !m->root_ino)
        return 0;
    if (m->root_dev == s->root_stat.dev && m->root_ino == s->root_stat.ino &&
        !s->opt->single_file)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "%s and the destination are the same directory",
                          s->opt->src);
    s->dest_dev = m->root_dev;
    s->dest_ino = m->root_ino;
    return 0;
}

static int open_session(struct zc_sender *s, struct zc_err *err)
{
    struct zc_msg_opened opened;
    if (send_open(s, err)) {
        /* The peer may have said why it hung up. */
        struct zc_err why;
        if (err->code == ZC_EXIT_SOCKET && recv_opened(s, &opened, &why) &&
            why.code != ZC_EXIT_SOCKET)
            *err = why;
        return -1;
    }
    if (recv_opened(s, &opened, err) || compare_roots(s, &opened, err))
        return -1;
    s->ping_s = opened.timeout_s;
    if (s->opt->timeout_s && (!s->ping_s || s->opt->timeout_s < s->ping_s))
        s->ping_s = s->opt->timeout_s;
    return 0;
}

/* --- beginning and end --------------------------------------------------- */

static int init(struct zc_session *session, struct zc_transport *t,
                struct zc_err *err)
{
    struct zc_sender *s = &session->s;
    zc_sender_init(s);
    zc_lists_init(s, &session->lists);
    zc_walk_init(s, &session->walk);
    zc_bigs_init(s, &session->bigs);
    zc_lease_init();
    if (zc_ids_init(s, &session->ids, err))
        return -1;
    return zc_conn_init(&s->conn, t, err);
}

/* SRC, as the session or a round begins. It is not held open between rounds,
 * where it would keep a file system from being unmounted. */
static int open_source(struct zc_sender *s, struct zc_err *err)
{
    struct zc_stat st;
    zc_auto_close int root = zc_root_open(s->opt->src, false, NULL, err);
    if (root < 0)
        return -1;
    if (zc_stat_at(root, "", &st))
        return zc_err_set(err, ZC_EXIT_SELECT, errno, "cannot look at %s",
                          s->opt->src);
    if (s->root_stat.ino &&
        (st.ino != s->root_stat.ino || st.dev != s->root_stat.dev))
        return zc_err_set(err, ZC_EXIT_SELECT, 0,
                          "%s is another directory than before", s->opt->src);
    s->root_stat = st;
    s->tree = zc_dirtree_new(root, ZC_DIRTREE_OPEN);
    return s->tree ? 0 : zc_err_nomem(err);
}

static void sender_fini(struct zc_sender *s)
{
    zc_lists_fini(s);
    zc_walk_fini(s);
    zc_bigs_fini(s);
    zc_retries_fini(&s->retries);
    if (s->tree)
        zc_dirtree_free(s->tree);
    zc_ids_fini(s);
    zc_conn_fini(&s->conn);
    free(s->single_name);
    zc_sender_fini(s);
}

/*
 * PING when the line has been quiet for a quarter of the time-out. Whoever has
 * the turn is sending, so it is not quiet; a PING that may not fit into the
 * socket is not sent, so that the end of the session never waits for a peer
 * that is stuck.
 */
static void *pinger_main(void *sender)
{
    struct zc_sender *s = sender;
    struct zc_buf b = ZC_BUF_INIT;
    struct zc_err err;
    int64_t step = s->ping_s * ZC_NSEC_PER_SEC / 4;
    int64_t next = zc_clock_ns() + step;
    pthread_mutex_lock(&s->lock);
    while (!s->failed && !s->closing) {
        int64_t left = next - zc_clock_ns();
        if (left > 0) {
            zc_clock_cond_wait(&s->over, &s->lock, left);
            continue;
        }
        next += step;
        pthread_mutex_unlock(&s->lock);
        struct pollfd room = {.fd = s->conn.t->poll_wfd, .events = POLLOUT};
        if (zc_conn_idle(&s->conn) && zc_conn_trylock(&s->conn)) {
            zc_ping_encode(&b);
            if (room.fd < 0 || poll(&room, 1, 0) == 1)
                zc_conn_send_locked(&s->conn, &b, &err); /* the reader sees
                                                            trouble */
            zc_buf_reset(&b);
            zc_conn_unlock(&s->conn);
        }
        pthread_mutex_lock(&s->lock);
    }
    pthread_mutex_unlock(&s->lock);
    zc_buf_fini(&b);
    return NULL;
}

/* Threads that wait for a round. In a mirror the caller's is one of those that
 * work. */
static int start_threads(struct zc_session *session, struct zc_err *err)
{
    struct zc_sender *s = &session->s;
    unsigned n = zc_conn_threads(s->opt->threads, ZC_WORKERS_MAX);
    if (s->opt->rounds && n > 1)
        n--;
    session->own = &session->workers[ZC_WORKERS_MAX];
    zc_sworker_init(session->own, s, n);
    session->reading = !pthread_create(&session->reader, NULL,
                                       zc_answers_thread, s);
    if (s->ping_s)
        session->pinging = !pthread_create(&session->pinger, NULL,
                                           pinger_main, s);
    for (unsigned i = 0; session->reading && i < n; i++) {
        struct zc_sworker *w = &session->workers[i];
        zc_sworker_init(w, s, i);
        if (pthread_create(&w->thread, NULL, zc_sworker_main, w)) {
            zc_sworker_fini(w);
            break;
        }
        session->n_workers++;
    }
    if (session->n_workers)
        return 0;
    return zc_err_set(err, ZC_EXIT_MEMORY, errno, "cannot start a thread");
}

struct zc_session *zc_session_open(struct zc_transport *t,
                                   const struct zc_options *opt,
                                   const struct zc_events *events,
                                   struct zc_stats *stats, struct zc_err *err)
{
    static const struct zc_events no_events;
    struct zc_session *session = calloc(1, sizeof *session);
    if (!session) {
        zc_err_nomem(err);
        return NULL;
    }
    struct zc_sender *s = &session->s;
    s->opt = opt;
    s->events = events ? events : &no_events;
    s->stats = stats;
    if (!init(session, t, err) && !open_source(s, err) &&
        !open_session(s, err) && !start_threads(session, err))
        return session;
    zc_session_close(session);
    return NULL;
}

void zc_session_close(struct zc_session *session)
{
    if (!session)
        return;
    struct zc_sender *s = &session->s;
    pthread_mutex_lock(&s->lock);
    s->closing = true;
    pthread_cond_broadcast(&s->work);
    pthread_cond_broadcast(&s->over);
    pthread_mutex_unlock(&s->lock);
    if (session->reading)
        zc_transport_shutdown(s->conn.t); /* wakes whoever waits for it */
    for (unsigned i = 0; i < session->n_workers; i++)
        pthread_join(session->workers[i].thread, NULL);
    if (session->reading)
        pthread_join(session->reader, NULL);
    if (session->pinging)
        pthread_join(session->pinger, NULL);
    for (unsigned i = 0; i < session->n_workers; i++)
        zc_sworker_fini(&session->workers[i]);
    if (session->own)
        zc_sworker_fini(session->own);
    sender_fini(s);
    free(session);
}

/* --- rounds -------------------------------------------------------------- */

static void begin_round(struct zc_sender *s, const struct zc_round *round)
{
    atomic_store(&s->stats->finishing, false);
    pthread_mutex_lock(&s->lock);
    zc_lists_restart(s);
    s->round.done_sent = s->round.finished = false;
    s->round.peer_code = ZC_EXIT_OK;
    s->round.seeding = true;
    s->round.sync = round->sync;
    pthread_mutex_unlock(&s->lock);
    pthread_mutex_lock(&s->told.lock);
    s->told.failed = s->told.vanished = false;
    pthread_mutex_unlock(&s->told.lock);
}

static void seed(struct zc_session *session, const struct zc_round *round)
{
    struct zc_sender *s = &session->s;
    struct zc_sworker *w = session->own;
    int bad = round->all ? zc_walk_root(w) : zc_names_round(w, round);
    if (bad || zc_lists_flush(w))
        zc_sender_fail_nomem(s); /* unless a better reason is known */
    pthread_mutex_lock(&s->lock);
    s->round.seeding = false;
    pthread_cond_broadcast(&s->work);
    pthread_mutex_unlock(&s->lock);
}

/* In a push, the caller's thread watches over the others. */
static void watch(struct zc_sender *s, const atomic_bool *stop)
{
    pthread_mutex_lock(&s->lock);
    while (!s->failed && !s->round.finished) {
        zc_clock_cond_wait(&s->work, &s->lock, TICK_NS);
        atomic_store(&s->stats->wire_out, atomic_load(&s->conn.bytes_out));
        if (!stop || !atomic_load(stop))
            continue;
        struct zc_err err;
        zc_err_set(&err, ZC_EXIT_SIGNAL, 0, "stopped");
        pthread_mutex_unlock(&s->lock);
        zc_sender_fail(s, &err);
        pthread_mutex_lock(&s->lock);
    }
    pthread_mutex_unlock(&s->lock);
}

/* The round's, when it is over: nobody tells anything any more. */
static enum zc_exit outcome(struct zc_sender *s, struct zc_err *err)
{
    pthread_mutex_lock(&s->lock);
    enum zc_exit code = ZC_EXIT_OK;
    if (s->failed || s->round.peer_code) {
        *err = s->err;
        code = s->err.code;
    }
    pthread_mutex_unlock(&s->lock);
    if (code || s->opt->rounds)
        return code;
    if (s->told.failed)
        return ZC_EXIT_PARTIAL;
    return s->told.vanished ? ZC_EXIT_VANISHED : ZC_EXIT_OK;
}

/* A round that ends with ZC_EXIT_SIGNAL when *STOP (may be NULL) is true. */
static enum zc_exit zc_session_run(struct zc_session *session,
                                   const struct zc_round *round,
                                   const atomic_bool *stop,
                                   struct zc_err *err)
{
    struct zc_sender *s = &session->s;
    if (!s->failed && !s->tree && open_source(s, err))
        return err->code;
    begin_round(s, round);
    if (!s->failed)
        seed(session, round);
    if (s->opt->rounds)
        zc_sworker_round(session->own);
    else
        watch(s, stop);
    atomic_store(&s->stats->wire_out, atomic_load(&s->conn.bytes_out));
    atomic_store(&s->stats->wire_in, atomic_load(&s->conn.bytes_in));
    if (s->failed) {
        zc_transport_shutdown(s->conn.t); /* wakes whoever waits for it */
    } else if (s->opt->rounds) {
        zc_dirtree_free(s->tree);
        s->tree = NULL;
    }
    return outcome(s, err);
}

enum zc_exit zc_session_round(struct zc_session *s,
                              const struct zc_round *round,
                              struct zc_err *err)
{
    return zc_session_run(s, round, NULL, err);
}

bool zc_session_broken(struct zc_session *session)
{
    return session->s.failed;
}

void zc_session_stop(struct zc_session *session)
{
    struct zc_err err;
    zc_err_set(&err, ZC_EXIT_SIGNAL, 0, "stopped");
    zc_sender_fail(&session->s, &err);
    zc_transport_shutdown(session->s.conn.t);
}

enum zc_exit zc_push_run(struct zc_transport *t, const struct zc_options *opt,
                         const struct zc_events *events,
                         struct zc_stats *stats, const atomic_bool *stop,
                         struct zc_err *err)
{
    static const struct zc_round everything = {.all = true};
    struct zc_session *s = zc_session_open(t, opt, events, stats, err);
    if (!s)
        return err->code;
    enum zc_exit code = zc_session_run(s, &everything, stop, err);
    zc_session_close(s);
    return code;
}
