// SPDX-License-Identifier: GPL-2.0-or-later
/* When a mirror is verified, and over which connection; see verify.h. */
#include "mirror/verify.h"

#include "base/clock.h"
#include "base/idle.h"
#include "base/log.h"
#include "mirror/dirty.h"
#include "mirror/verify_pass.h"
#include "sender/session.h"
#include "session/source.h"

#include <signal.h>
#include <string.h>

#define SAVE_NS (2 * ZC_NSEC_PER_SEC)
#define RETRY_NS (60 * ZC_NSEC_PER_SEC)
#define STOP_POLL_NS (ZC_NSEC_PER_SEC / 50)

/* --- what is known --- */

void zc_mverify_save(struct zc_mverify *v, bool now)
{
    const struct zc_mirror_options *opt = v->m->opt;
    struct zc_err err;
    if (!opt->verify.state ||
        (!now && zc_clock_ns() - v->saved < SAVE_NS))
        return;
    v->saved = zc_clock_ns();
    bool bad = zc_verify_state_save(opt->verify.state, opt->name, v->peers,
                                    opt->n_peers, &err);
    if (bad && !v->state_bad)
        zc_log(ZC_LOG_WARN, "mirror %s: %s: where the verification is will not "
               "be known after a restart", opt->name, err.text);
    v->state_bad = bad;
}

void zc_mverify_show(struct zc_mverify *v, size_t i)
{
    const struct zc_verify_peer *p = &v->peers[i];
    struct zc_verify_status *st = &v->m->st->peers[i].verify;
    atomic_store(&st->ended, p->last.at);
    atomic_store(&st->files, p->last.files);
    atomic_store(&st->bytes, p->last.bytes);
    atomic_store(&st->found, p->last.found);
    atomic_store(&st->repaired, p->last.repaired);
    atomic_store(&st->unread, p->last.unread);
    atomic_store(&st->now_files, p->cursor ? p->now.files : 0);
    atomic_store(&st->now_bytes, p->cursor ? p->now.bytes : 0);
    atomic_store(&st->now_found, p->cursor ? p->now.found : 0);
    atomic_store(&st->began, p->cursor ? p->now.at : 0);
}

static void load(struct zc_mverify *v)
{
    const struct zc_mirror_options *opt = v->m->opt;
    int64_t now = zc_clock_wall_ns();
    int64_t every = opt->verify.every_s * ZC_NSEC_PER_SEC;
    struct zc_err err;
    for (size_t i = 0; i < opt->n_peers; i++)
        v->peers[i].name = opt->peers[i].name;
    if (opt->verify.state &&
        zc_verify_state_load(opt->verify.state, opt->name, v->peers,
                             opt->n_peers, &err))
        zc_log(ZC_LOG_WARN, "mirror %s: %s", opt->name, err.text);
    for (size_t i = 0; i < opt->n_peers; i++) {
        struct zc_verify_peer *p = &v->peers[i];
        /* Also where it is done more often than it was, or the clock was wrong. */
        if (every && (!p->due || p->due > now + every))
            p->due = now + every;
        zc_mverify_show(v, i);
    }
}

/* --- stopping it --- */

static void publish(struct zc_mverify *v, struct zc_transport *t,
                    struct zc_session *s, bool connecting)
{
    pthread_mutex_lock(&v->stop_lock);
    v->transport = t;
    v->stoppable = s;
    v->connecting = connecting;
    pthread_mutex_unlock(&v->stop_lock);
}

/* With stop_lock. */
static void stop_session(struct zc_mverify *v)
{
    if (v->stoppable)
        zc_session_stop(v->stoppable);
    else if (v->transport)
        zc_transport_shutdown(v->transport);
}

void zc_mverify_interrupt(struct zc_mirror *m, const struct zc_mpeer *p)
{
    struct zc_mverify *v = m->verify;
    if (!v)
        return;
    zc_mirror_lock(m);
    bool at_it = v->started && v->p && (!p || v->p == p);
    zc_mirror_unlock(m);
    if (!at_it)
        return;
    pthread_mutex_lock(&v->stop_lock);
    stop_session(v);
    if (v->connecting)
        pthread_kill(v->thread, SIGURG);
    pthread_mutex_unlock(&v->stop_lock);
}

/* It may have been opened with another key than what P has open. */
void zc_mverify_rekey(struct zc_mirror *m)
{
    struct zc_mverify *v = m->verify;
    struct zc_err err;
    if (!v)
        return;
    pthread_mutex_lock(&v->stop_lock);
    /* While there is a transport, P is its peer. */
    if (v->transport && zc_mirror_check_key(v->p, v->transport, &err))
        stop_session(v);
    pthread_mutex_unlock(&v->stop_lock);
}

bool zc_mverify_may(const struct zc_mverify *v)
{
    const struct zc_mpeer *p = v->p;
    const struct zc_mirror *m = v->m;
    return !v->stop && m->w && m->ready && !m->gone && p->connected &&
           !p->paused && !p->braked;
}

/* --- one peer --- */

static void set_options(struct zc_mverify *v)
{
    const struct zc_mirror_options *opt = v->m->opt;
    const struct zc_mirror_peer *conf = v->p->conf;
    v->push = opt->push;
    v->push.share = conf->share;
    v->push.own = conf->own;
    v->push.path = conf->path;
    v->push.rounds = true;
    v->push.dry_run = v->push.force_delete = true;
    v->push.checksum = v->push.want_items = true;
    v->push.update = v->push.has_origin = false;
    v->push.fsync = ZC_FSYNC_NONE;
    v->push.apply |= ZC_APPLY_VERIFY |
                     (opt->verify.cold ? ZC_APPLY_COLD : 0);
    v->events = (struct zc_events){.item = zc_verify_item,
                                   .trouble = zc_verify_trouble,
                                   .arg = v};
    memset(&v->stats, 0, sizeof v->stats);
}

/* As zc_verify_pass. */
static int over(struct zc_mverify *v, struct zc_transport *t,
                struct zc_err *err)
{
    const struct zc_source source = zc_source_path(v->push.src,
                                                   &v->push.require);
    v->session = zc_session_open(t, &source, &v->push, &v->events, &v->stats,
                                 err);
    if (!v->session)
        return -1;
    publish(v, t, v->session, false);
    int r = zc_verify_pass(v, err);
    publish(v, t, NULL, false);
    zc_session_close(v->session);
    v->session = NULL;
    return r;
}

static int connect_and_pass(struct zc_mverify *v, struct zc_err *err)
{
    const struct zc_mirror_peer *conf = v->p->conf;
    struct zc_reached reached;
    set_options(v);
    publish(v, NULL, NULL, true);
    int r = conf->reach(conf->other_arg, &reached, err);
    publish(v, r ? NULL : reached.t, NULL, false);
    if (r)
        return -1;
    r = zc_mirror_check_key(v->p, reached.t, err) ? -1
                                                  : over(v, reached.t, err);
    publish(v, NULL, NULL, false);
    if (r < 0) /* that may be why */
        (void)zc_mirror_check_key(v->p, reached.t, err);
    zc_reached_end(&reached);
    return r;
}

static void begin(struct zc_mverify *v)
{
    struct zc_verify_peer *p = zc_mverify_peer(v);
    if (p->cursor)
        return;
    p->cursor = strdup("");
    p->now = (struct zc_verify_pass){.at = zc_clock_wall_ns()};
    v->told = 0;
    zc_log(ZC_LOG_INFO, "mirror %s: %s: verifying", v->m->opt->name, p->name);
}

static void end(struct zc_mverify *v)
{
    struct zc_verify_peer *p = zc_mverify_peer(v);
    int64_t now = zc_clock_wall_ns();
    p->last = p->now;
    p->last.at = now;
    free(p->cursor);
    p->cursor = NULL;
    zc_log(ZC_LOG_INFO, "mirror %s: %s: verified %llu files: %llu differed, "
           "%llu repaired, %llu could not be read", v->m->opt->name, p->name,
           (unsigned long long)p->last.files,
           (unsigned long long)p->last.found,
           (unsigned long long)p->last.repaired,
           (unsigned long long)p->last.unread);
}

/* With the lock, which it lets go of. */
static void verify_peer(struct zc_mverify *v, struct zc_mpeer *p)
{
    struct zc_mirror *m = v->m;
    int64_t every = m->opt->verify.every_s * ZC_NSEC_PER_SEC;
    struct zc_err err = {0};
    v->p = p;
    v->asked[p->number] = false;
    p->verifying = true;
    zc_mirror_unlock(m);

    begin(v);
    zc_mverify_show(v, p->number);
    zc_mverify_save(v, true);
    int r = zc_mverify_peer(v)->cursor ? connect_and_pass(v, &err)
                                       : zc_err_nomem(&err);
    if (r > 0)
        end(v);

    zc_mirror_lock(m);
    if (r > 0)
        v->peers[p->number].due = every ? zc_clock_wall_ns() + every : 0;
    bool failed = r < 0 && zc_mverify_may(v);
    v->p = NULL;
    p->verifying = false;
    zc_mirror_wake(p->wake);
    zc_mirror_wake(m->wake);
    zc_mirror_unlock(m);

    if (failed) {
        if (!v->lost_told)
            zc_log(ZC_LOG_WARN, "mirror %s: %s: verify: %s", m->opt->name,
                   p->conf->name, err.text);
        v->retry = zc_clock_ns() + RETRY_NS;
    }
    v->lost_told = failed;
    zc_mverify_show(v, p->number);
    zc_mverify_save(v, true);
    zc_mirror_lock(m);
}

/* --- the thread --- */

/* Nanoseconds until it may begin, or go on, with peer I. With the lock. */
static int64_t next_of(struct zc_mverify *v, size_t i, int64_t now)
{
    struct zc_mpeer *p = &v->m->peers[i];
    const struct zc_verify_peer *known = &v->peers[i];
    int64_t wait = 0;
    if (!v->asked[i] && !known->cursor)
        wait = known->due ? ZC_MAX(known->due - now, INT64_C(0)) : INT64_MAX;
    v->p = p;
    bool may = zc_mverify_may(v);
    v->p = NULL;
    /* Something is in its way, and will kick when it is not any more. */
    if (!may || zc_dirty_in_doubt(p->dirty))
        return INT64_MAX;
    return wait == INT64_MAX ? wait
                             : ZC_MAX(wait, v->retry - zc_clock_ns());
}

static void *thread(void *arg)
{
    struct zc_mverify *v = arg;
    struct zc_mirror *m = v->m;
    zc_idle_thread();
    zc_mirror_lock(m);
    while (!v->stop) {
        int64_t now = zc_clock_wall_ns(), wait = INT64_MAX;
        struct zc_mpeer *due = NULL;
        for (size_t i = 0; i < m->n_peers && !due; i++) {
            int64_t next = next_of(v, i, now);
            due = next <= 0 ? &m->peers[i] : NULL;
            wait = ZC_MIN(wait, next);
        }
        if (due)
            verify_peer(v, due);
        else
            zc_clock_cond_wait(&v->cond, &m->lock, wait);
    }
    v->ended = true;
    zc_mirror_unlock(m);
    return NULL;
}

/* With the lock. */
static int start(struct zc_mverify *v, struct zc_err *err)
{
    if (v->started)
        return 0;
    int eno = pthread_create(&v->thread, NULL, thread, v);
    v->started = !eno;
    return eno ? zc_err_set(err, ZC_EXIT_START, eno, "could not start a thread")
               : 0;
}

void zc_mverify_kick(struct zc_mirror *m)
{
    if (m->verify && m->verify->started)
        pthread_cond_broadcast(&m->verify->cond);
}

int zc_mverify_ask(struct zc_mirror *m, int32_t peer, struct zc_err *err)
{
    struct zc_mverify *v = m->verify;
    if (!v || v->stop)
        return zc_err_set(err, ZC_EXIT_SELECT, 0, "it cannot be verified now");
    for (size_t i = 0; i < m->n_peers; i++)
        if (peer < 0 || (size_t)peer == i)
            v->asked[i] = true;
    v->retry = 0;
    if (start(v, err))
        return -1;
    zc_mverify_kick(m);
    return 0;
}

int zc_mverify_init(struct zc_mirror *m, struct zc_err *err)
{
    struct zc_mverify *v = calloc(1, sizeof *v);
    struct zc_verify_peer *peers = calloc(m->opt->n_peers, sizeof *peers);
    if (!v || !peers) {
        free(v);
        free(peers);
        return zc_err_nomem(err);
    }
    v->m = m;
    v->peers = peers;
    pthread_mutex_init(&v->stop_lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&v->cond, &attr);
    pthread_condattr_destroy(&attr);
    load(v);
    m->verify = v;
    bool under_way = false;
    for (size_t i = 0; i < m->opt->n_peers; i++)
        under_way |= peers[i].cursor != NULL;
    return m->opt->verify.every_s || under_way ? start(v, err) : 0;
}

void zc_mverify_stop(struct zc_mirror *m)
{
    struct zc_mverify *v = m->verify;
    if (!v)
        return;
    zc_mirror_lock(m);
    v->stop = true;
    zc_mverify_kick(m);
    bool ended = !v->started || v->ended;
    zc_mirror_unlock(m);
    while (!ended) {
        zc_mverify_interrupt(m, NULL);
        zc_clock_sleep_ns(STOP_POLL_NS);
        zc_mirror_lock(m);
        ended = v->ended;
        zc_mirror_unlock(m);
    }
    if (v->started)
        pthread_join(v->thread, NULL);
    v->started = false;
}

void zc_mverify_fini(struct zc_mirror *m)
{
    struct zc_mverify *v = m->verify;
    if (!v)
        return;
    for (size_t i = 0; i < m->opt->n_peers; i++)
        free(v->peers[i].cursor);
    free(v->peers);
    pthread_cond_destroy(&v->cond);
    pthread_mutex_destroy(&v->stop_lock);
    free(v);
    m->verify = NULL;
}
