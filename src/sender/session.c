// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A sender's session: its beginning, by us or by the peer, the threads, rounds,
 * the end. The story and the threads are in core.h.
 */
#include "sender/session.h"

#include "base/clock.h"
#include "sender/answers.h"
#include "sender/big.h"
#include "sender/check.h"
#include "sender/core.h"
#include "sender/digests.h"
#include "sender/earlier.h"
#include "sender/entry.h"
#include "sender/lease.h"
#include "sender/linknames.h"
#include "sender/lists.h"
#include "sender/names.h"
#include "sender/pinger.h"
#include "sender/places.h"
#include "sender/prune.h"
#include "sender/show.h"
#include "sender/survey.h"
#include "sender/walk.h"
#include "sender/workers.h"
#include "session/connect.h"

#include <string.h>

#define TICK_NS (50 * 1000000LL)

struct zc_session {
    struct zc_sender s;
    struct zc_ids ids;
    struct zc_lists lists;
    struct zc_walk walk;
    struct zc_bigs bigs;
    struct zc_checks checks;
    struct zc_earlier earlier;
    struct zc_linknames linknames;
    struct zc_pinger pinger;
    struct zc_prune prune;
    struct zc_sdigests digests;
    struct zc_survey survey;
    /* Where the peer has dialled: what it asked for, and the directory. */
    struct zc_options asked;
    int root_fd;
    /* The last is the caller's. */
    struct zc_sworker workers[ZC_WORKERS_MAX + 1], *own;
    unsigned n_workers;
    struct zc_sworker overtaker; /* of whoever overtakes, when somebody has */
    pthread_t reader;
    bool reading;
};

/* --- beginning and end --- */

static int init(struct zc_session *session, struct zc_transport *t,
                struct zc_err *err)
{
    struct zc_sender *s = &session->s;
    session->root_fd = -1;
    zc_sender_init(s);
    s->ready = zc_sworkers_ready;
    zc_lists_init(s, &session->lists);
    zc_walk_init(s, &session->walk);
    zc_bigs_init(s, &session->bigs);
    s->checks = &session->checks;
    zc_checks_init(s->checks);
    zc_pinger_init(s, &session->pinger);
    zc_ids_init(s, &session->ids);
    zc_earlier_init(s, &session->earlier);
    zc_linknames_init(s, &session->linknames);
    zc_prune_init(s, &session->prune);
    zc_sdigests_init(s, &session->digests);
    zc_survey_init(s, &session->survey);
    zc_lease_init();
    return zc_conn_init(&s->conn, t, err);
}

/* The session's rules, those above the source included. */
static struct zc_filter *take_rules(const struct zc_sender *s,
                                    struct zc_err *err)
{
    const char *path = s->source.confined ? NULL : s->source.path;
    return path ? zc_filter_above(s->opt->filter, path, err)
                : zc_filter_ref(s->opt->filter);
}

/* The source, as the session or a round begins. */
static int open_source(struct zc_sender *s, struct zc_err *err)
{
    struct zc_stat st;
    zc_auto_close int root = s->source.open(&s->source, err);
    if (root < 0)
        return -1;
    if (zc_stat_at(root, "", &st))
        return zc_err_set(err, ZC_EXIT_SELECT, errno, "cannot look at %s",
                          s->source.name);
    if (s->root_stat.ino &&
        (st.ino != s->root_stat.ino || st.dev != s->root_stat.dev))
        return zc_err_set(err, ZC_EXIT_SELECT, 0,
                          "%s is another directory than before",
                          s->source.name);
    s->root_stat = st;
    if (s->opt->filter && !s->filter &&
        !(s->filter = take_rules(s, err)))
        return -1;
    s->tree = zc_dirtree_new(root, ZC_DIRTREE_OPEN);
    if (!s->tree)
        return zc_err_errno(err, "keep the source open");
    if (s->source.confined)
        zc_dirtree_confine(s->tree);
    return 0;
}

/* Both on this machine: the destination must not be the source. */
static int compare_roots(const struct zc_sender *s, struct zc_err *err)
{
    if (!s->terms.root_ino || s->opt->single_file ||
        s->terms.root_dev != s->root_stat.dev ||
        s->terms.root_ino != s->root_stat.ino)
        return 0;
    return zc_err_set(err, ZC_EXIT_USAGE, 0,
                      "%s and the destination are the same directory",
                      s->source.name);
}

static void sender_fini(struct zc_sender *s)
{
    zc_lists_fini(s);
    zc_walk_fini(s);
    zc_survey_clear(s);
    zc_sdigests_clear(s);
    zc_bigs_fini(s);
    zc_checks_fini(s->checks);
    zc_retries_fini(&s->retries);
    if (s->tree)
        zc_dirtree_free(s->tree);
    zc_splaces_end(s);
    zc_ids_fini(s);
    zc_earlier_fini(s);
    zc_linknames_fini(s);
    zc_prune_fini(s);
    zc_filter_free(s->filter);
    zc_conn_fini(&s->conn);
    zc_terms_fini(&s->terms);
    zc_sender_fini(s);
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
    zc_bigs_start(s);
    zc_sworker_init(session->own, s, n);
    session->reading = !pthread_create(&session->reader, NULL,
                                       zc_answers_thread, s);
    zc_pinger_start(s);
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

struct zc_conn *zc_session_conn(struct zc_session *session)
{
    return &session->s.conn;
}

static struct zc_session *session_new(struct zc_transport *t,
                                      const struct zc_events *events,
                                      struct zc_stats *stats,
                                      struct zc_err *err)
{
    static const struct zc_events no_events;
    struct zc_session *session = calloc(1, sizeof *session);
    if (!session) {
        zc_err_nomem(err);
        return NULL;
    }
    session->s.events = events ? events : &no_events;
    session->s.stats = stats;
    if (!init(session, t, err))
        return session;
    zc_session_close(session);
    return NULL;
}

static int set_options(struct zc_sender *s, const struct zc_options *opt,
                       struct zc_err *err)
{
    zc_sender_set_options(s, opt);
    return zc_ids_start(s, err) || zc_earlier_start(s, err) ? -1 : 0;
}

struct zc_session *zc_session_open(struct zc_transport *t,
                                   const struct zc_source *source,
                                   const struct zc_options *opt,
                                   const struct zc_events *events,
                                   struct zc_stats *stats, struct zc_err *err)
{
    struct zc_session *session = session_new(t, events, stats, err);
    if (!session)
        return NULL;
    struct zc_sender *s = &session->s;
    s->source = *source;
    if (!set_options(s, opt, err) && !open_source(s, err) &&
        !zc_connect_open(&s->conn, opt, ZC_ROLE_SENDER, &s->terms, err) &&
        !compare_roots(s, err) && !start_threads(session, err)) {
        zc_terms_say_mover(&s->terms, s->conn.t, true);
        return session;
    }
    zc_session_close(session);
    return NULL;
}

/* The peer only wants to know what is there: 1 when it does. */
static int look(struct zc_session *session,
                const struct zc_accept_options *opt,
                const struct zc_share *share, struct zc_err *err)
{
    struct zc_sender *s = &session->s;
    int r = share ? zc_accept_root(opt, share, ZC_ROLE_SENDER, &s->terms,
                                   &session->root_fd, err)
            : opt->confine ? opt->confine(NULL, 0, err)
                           : 0;
    return r || zc_show(&s->conn, &s->terms, opt, session->root_fd, err) ? -1
                                                                         : 1;
}

/* What the peer has asked for, up to OPENED. 1: LOOK, and it was answered. */
static int accept_open(struct zc_session *session,
                       const struct zc_accept_options *opt, struct zc_err *err)
{
    struct zc_sender *s = &session->s;
    const struct zc_share *share;
    if (zc_accept_request(&s->conn, opt, ZC_ROLE_SENDER, &s->terms, &share,
                          err))
        return -1;
    if (share && share->fake)
        s->terms.open.walk |= ZC_WALK_FAKE;
    if (s->terms.look)
        return look(session, opt, share, err);
    if (s->terms.open.flags & ZC_OPEN_ROUNDS)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "a mirror is sent by whoever watches it, and cannot "
                          "be asked for");
    if (zc_terms_take_filter(&s->terms, err) ||
        zc_terms_take_choices(&s->terms, err))
        return -1;
    zc_terms_options(&s->terms, &session->asked);
    if (zc_options_check_walk(session->asked.walk, err))
        return -1;
    zc_idmap_warm_up();
    zc_splaces_prepare(s);
    if (set_options(s, &session->asked, err) ||
        zc_accept_root(opt, share, ZC_ROLE_SENDER, &s->terms,
                       &session->root_fd, err))
        return -1;
    /* Again: it may have turned out to be a file. */
    zc_terms_options(&s->terms, &session->asked);
    session->asked.threads = opt->threads;
    s->source = zc_source_fd(session->root_fd,
                             *share->name ? share->name : share->path);
    return open_source(s, err) ||
                   zc_accept_answer(&s->conn, opt, &s->terms,
                                    session->root_fd, err)
               ? -1
               : 0;
}

struct zc_session *zc_session_accept(struct zc_transport *t,
                                     const struct zc_accept_options *opt,
                                     const struct zc_events *events,
                                     struct zc_stats *stats,
                                     struct zc_err *err)
{
    struct zc_session *session = session_new(t, events, stats, err);
    if (!session)
        return NULL;
    int r = accept_open(session, opt, err);
    if (!r && !start_threads(session, err))
        return session;
    if (r > 0)
        err->code = ZC_EXIT_OK;
    else
        zc_accept_refuse(&session->s.conn, err);
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
    zc_sender_wake_all(s);
    pthread_cond_broadcast(&s->over);
    pthread_mutex_unlock(&s->lock);
    if (session->reading)
        zc_transport_shutdown(s->conn.t); /* wakes whoever waits for it */
    for (unsigned i = 0; i < session->n_workers; i++)
        pthread_join(session->workers[i].thread, NULL);
    if (session->reading)
        pthread_join(session->reader, NULL);
    zc_pinger_join(s);
    for (unsigned i = 0; i < session->n_workers; i++)
        zc_sworker_fini(&session->workers[i]);
    if (session->own)
        zc_sworker_fini(session->own);
    if (session->overtaker.s)
        zc_sworker_fini(&session->overtaker);
    sender_fini(s);
    zc_close(&session->root_fd);
    free(session);
}

/* --- rounds --- */

static void begin_round(struct zc_sender *s, const struct zc_round *round)
{
    atomic_store(&s->stats->finishing, false);
    atomic_store(&s->stats->scan_done, false);
    zc_linknames_clear(s);
    atomic_store(&s->rules, 0);
    pthread_mutex_lock(&s->lock);
    zc_lists_restart(s);
    s->round.done_sent = s->round.finished = false;
    s->round.peer_code = ZC_EXIT_OK;
    s->round.seeding = true;
    s->round.sync = round->sync || s->opt->apply & ZC_APPLY_REMOVE;
    s->round.leisure = round->leisure;
    s->round.unseen = round->unseen;
    s->round.path_names = 0;
    zc_pinger_wake(s);
    pthread_mutex_unlock(&s->lock);
    pthread_mutex_lock(&s->told.lock);
    s->told.failed = s->told.vanished = false;
    pthread_mutex_unlock(&s->told.lock);
}

static void seed(struct zc_session *session, const struct zc_round *round)
{
    struct zc_sender *s = &session->s;
    struct zc_sworker *w = session->own;
    zc_sworker_priority(w);
    int bad = round->all ? zc_walk_root(w) : zc_names_round(w, round);
    if (bad || zc_lists_flush(w))
        zc_sender_fail_nomem(s); /* unless a better reason is known */
    pthread_mutex_lock(&s->lock);
    s->round.seeding = false;
    zc_sender_wake(s);
    pthread_mutex_unlock(&s->lock);
}

/* In a push, the caller's thread watches over the others. */
static void watch(struct zc_sender *s, const atomic_bool *stop)
{
    pthread_mutex_lock(&s->lock);
    while (!s->failed && !s->round.finished) {
        zc_clock_cond_wait(&s->own, &s->lock, TICK_NS);
        atomic_store(&s->stats->wire_out, zc_conn_wire_out(&s->conn));
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

/* The user is at the other end, and hears it if nobody is busy sending. */
static void tell_why(struct zc_sender *s)
{
    if (s->terms.open.flags & ZC_OPEN_PULL &&
        s->err.code != ZC_EXIT_SOCKET && s->err.code != ZC_EXIT_TIMEOUT)
        zc_conn_trytell(&s->conn, &s->err);
}

/* A round that ends with ZC_EXIT_SIGNAL when *STOP (may be NULL) is true. */
static enum zc_exit run_round(struct zc_session *session,
                              const struct zc_round *round,
                              const atomic_bool *stop, struct zc_err *err)
{
    struct zc_sender *s = &session->s;
    if (s->opt->rounds && zc_idmap_outdated(s->ids->map, true)) {
        zc_err_set(err, ZC_EXIT_PARTIAL, 0,
                   "users or groups of this host have changed, so all owners "
                   "are compared again");
        return err->code;
    }
    if (!s->failed && !s->tree && open_source(s, err))
        return err->code;
    if (!s->failed)
        zc_splaces_begin(s, round);
    begin_round(s, round);
    if (!s->failed)
        seed(session, round);
    if (s->opt->rounds)
        zc_sworker_round(session->own);
    else
        watch(s, stop);
    atomic_store(&s->stats->wire_out, zc_conn_wire_out(&s->conn));
    atomic_store(&s->stats->wire_in, zc_conn_wire_in(&s->conn));
    atomic_store(&s->stats->wire_plain, zc_conn_plain(&s->conn));
    if (s->failed) {
        tell_why(s);
        zc_transport_shutdown(s->conn.t); /* wakes whoever waits for it */
    } else if (s->opt->rounds) {
        zc_sdigests_clear(s);
        zc_dirtree_free(s->tree);
        s->tree = NULL;
        zc_splaces_end(s);
    }
    return outcome(s, err);
}

enum zc_exit zc_session_round(struct zc_session *s,
                              const struct zc_round *round,
                              struct zc_err *err)
{
    return run_round(s, round, NULL, err);
}

/* With true the round cannot end before end_overtaking. */
static bool begin_overtaking(struct zc_sender *s)
{
    pthread_mutex_lock(&s->lock);
    bool may = !s->failed && !s->closing && !s->round.seeding &&
               !s->round.done_sent && !s->round.finished;
    if (may)
        s->round.busy++;
    pthread_mutex_unlock(&s->lock);
    return may;
}

static void end_overtaking(struct zc_sender *s)
{
    pthread_mutex_lock(&s->lock);
    s->round.busy--;
    zc_sender_wake(s);
    pthread_mutex_unlock(&s->lock);
}

void zc_session_overtake(struct zc_session *session,
                         const struct zc_round *names)
{
    struct zc_sender *s = &session->s;
    struct zc_sworker *w = &session->overtaker;
    if (!begin_overtaking(s))
        return;
    if (!w->s)
        zc_sworker_init(w, s, 0);
    w->overtakes = true;
    if (zc_names_overtake(w, names))
        zc_sender_fail_nomem(s); /* unless a better reason is known */
    end_overtaking(s);
}

bool zc_session_synced(struct zc_session *session)
{
    struct zc_sender *s = &session->s;
    pthread_mutex_lock(&s->lock);
    bool synced = s->round.synced;
    pthread_mutex_unlock(&s->lock);
    return synced;
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

enum zc_exit zc_push_run(struct zc_transport *t,
                         const struct zc_source *source,
                         const struct zc_options *opt,
                         const struct zc_events *events,
                         struct zc_stats *stats, const atomic_bool *stop,
                         struct zc_err *err)
{
    static const struct zc_round everything = {.all = true};
    struct zc_session *s = zc_session_open(t, source, opt, events, stats, err);
    if (!s)
        return err->code;
    enum zc_exit code = run_round(s, &everything, stop, err);
    zc_session_close(s);
    return code;
}
