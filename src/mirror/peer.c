// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A peer's thread:
 *
 *     wait for the source -> connect -> open a session
 *         the first round is the whole tree; then
 *         wait until something is due -> take it -> a round -> done
 *     lost -> everything is in doubt; back-off -> from the start
 *     paused -> likewise, but not before it is resumed
 *
 * Between rounds the thread sleeps in poll(2), on an eventfd that the watch
 * thread writes to, and on the connection, so that a peer that hangs up is
 * noticed at once.
 */
#include "mirror/peer.h"

#include "base/clock.h"
#include "base/libc.h"
#include "base/log.h"
#include "mirror/compare.h"
#include "mirror/dirty.h"
#include "mirror/durable.h"
#include "mirror/ghosts.h"
#include "mirror/gone.h"
#include "mirror/hardlinks.h"
#include "mirror/overtake.h"
#include "mirror/report.h"
#include "mirror/verify.h"
#include "sender/session.h"
#include "session/source.h"

#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define BATCH 4096 /* names a round */
#define BACKOFF_MIN (ZC_NSEC_PER_SEC / 5)
#define BACKOFF_MAX (30 * ZC_NSEC_PER_SEC)
/* While the brake holds: everything is compared again so often, and after a
 * change not sooner than this. */
#define BRAKE_RETRY (60 * ZC_NSEC_PER_SEC)
#define BRAKE_SOONEST ZC_NSEC_PER_SEC

enum outcome {
    LOST,    /* the error says why */
    CHANGED, /* it is no longer about this source, or for a session with other
                options, or the end has come */
};

int64_t zc_mpeer_next(const struct zc_mpeer *p, int64_t now)
{
    struct zc_mirror *m = p->mirror;
    if (!p->connected || p->in_round || !m->ready || m->gone)
        return INT64_MAX;
    if (p->asked > p->answered)
        return 0;
    int64_t next = zc_dirty_next(p->dirty, now);
    if (p->braked && zc_gone_any(p, now))
        return 0;
    if (p->braked)
        next = ZC_MIN(next, ZC_MAX(p->brake_retry - now, 0));
    next = ZC_MIN(next, zc_mhardlinks_next(p, now));
    return ZC_MIN(next, zc_ghosts_next(p, now));
}

static void interrupt(struct zc_mpeer *p, bool busy)
{
    pthread_mutex_lock(&p->session_lock);
    if (p->session && busy)
        zc_session_stop(p->session);
    if (!p->session && p->transport)
        zc_transport_shutdown(p->transport);
    if (p->connecting)
        pthread_kill(p->thread, SIGURG);
    pthread_mutex_unlock(&p->session_lock);
}

void zc_mpeers_interrupt(struct zc_mirror *m, bool busy)
{
    for (size_t i = 0; i < m->n_peers; i++)
        interrupt(&m->peers[i], busy);
}

void zc_mpeers_rekey(struct zc_mirror *m)
{
    for (size_t i = 0; i < m->n_peers; i++) {
        struct zc_mpeer *p = &m->peers[i];
        struct zc_err err;
        pthread_mutex_lock(&p->session_lock);
        bool ends = p->transport && zc_mirror_check_key(p, p->transport, &err);
        pthread_mutex_unlock(&p->session_lock);
        if (ends)
            interrupt(p, true);
    }
    zc_mverify_rekey(m);
}

void zc_mpeer_pause(struct zc_mpeer *p, bool on)
{
    p->paused = on;
    zc_mirror_wake(p->wake);
}

static bool is_holding(const struct zc_mpeer *p)
{
    return p->paused && !p->let_go && !p->ended;
}

bool zc_mpeers_holding(const struct zc_mirror *m)
{
    bool any = false;
    for (size_t i = 0; i < m->n_peers; i++)
        any |= is_holding(&m->peers[i]);
    return any;
}

void zc_mpeers_hurry(struct zc_mirror *m)
{
    for (size_t i = 0; i < m->n_peers; i++) {
        zc_mirror_lock(m);
        bool holds = is_holding(&m->peers[i]);
        zc_mirror_unlock(m);
        if (holds) {
            interrupt(&m->peers[i], true);
            zc_mverify_interrupt(m, &m->peers[i]);
        }
    }
}

void zc_mpeer_hurry(struct zc_mpeer *p)
{
    if (p->connected)
        return;
    p->hurry = true;
    zc_mirror_wake(p->wake);
}

bool zc_mpeer_release(struct zc_mpeer *p)
{
    if (!p->braked)
        return false;
    p->release = true;
    zc_mirror_wake(p->wake);
    return true;
}

/* Sleeps until woken, the transport T (may be NULL) is hung up, or NS have
 * passed. True when T was hung up. */
static bool sleep_on(struct zc_mpeer *p, const struct zc_transport *t,
                     int64_t ns)
{
    struct pollfd f[] = {
        {.fd = p->wake, .events = POLLIN},
        {.fd = t ? t->poll_rfd : -1, .events = POLLRDHUP},
    };
    struct timespec ts = {ns / ZC_NSEC_PER_SEC, ns % ZC_NSEC_PER_SEC};
    (void)ppoll(f, ZC_ARRAY_LEN(f), ns == INT64_MAX ? NULL : &ts, NULL);
    if (f[0].revents)
        zc_mirror_woken(p->wake);
    return f[1].revents;
}

/* --- rounds --- */

/* What was seen to go has been sent: it may have been what the brake held for,
 * which a comparison tells; but not one after the other while names go on
 * going. With the lock. */
static void gone_over(struct zc_mpeer *p, int64_t now)
{
    zc_gone_forget(p);
    if (p->gone_due)
        p->brake_soonest = now;
    p->brake_retry = ZC_MIN(p->brake_retry, p->brake_soonest);
}

/* The brake held: its deletions, and whatever else the round left out, are to
 * be tried again as part of the whole tree. */
static void brake_held(struct zc_mpeer *p, const struct zc_err *err,
                       int64_t took, int64_t now)
{
    p->braked = true;
    p->brake_retry = now + BRAKE_RETRY;
    p->brake_soonest = now + ZC_MAX(BRAKE_SOONEST, 10 * took);
    p->gone_due = zc_gone_any(p, now) && !p->gone_tried;
    p->gone_tried = true;
    if (p->gone_due)
        return;
    char text[ZC_STATUS_TEXT + 2 * ZC_STATUS_NAME];
    int n = snprintf(text, sizeof text, "%.300s", err->text);
    if (p->mirror->opt->unique) /* zcsyncd's */
        snprintf(text + n, sizeof text - (size_t)n,
                 "; and so does 'zcsync release %.100s@%.100s', this once",
                 p->mirror->opt->name, p->conf->name);
    zc_peer_set_text(p->st, "", text);
}

/* What a round has given names is on the disk when it is over. */
static bool syncs_first(const struct zc_mpeer *p)
{
    return p->push.fsync != ZC_FSYNC_NONE && p->push.fsync != ZC_FSYNC_BEHIND;
}

/* With the lock: what is to be sent next, if anything. *GONE: of what was seen
 * to go. */
static bool next_round(struct zc_mpeer *p, struct zc_round *round, bool *gone,
                       int64_t now)
{
    *round = (struct zc_round){0};
    bool due = p->braked && !zc_dirty_in_doubt(p->dirty) &&
               zc_gone_any(p, now);
    *gone = due && zc_gone_take(p, BATCH, now, round);
    if (*gone)
        return true;
    if (due)
        gone_over(p, now);
    if (p->braked && now >= p->brake_soonest) {
        zc_gone_inherit(p, now);
        zc_dirty_all(p->dirty, now);
    }
    /* A round for a question has nothing in it, so that the peer looks at all
     * that the answer depends on. */
    bool asked = p->asked > p->answered && !zc_dirty_in_doubt(p->dirty);
    bool any = !asked && zc_dirty_next(p->dirty, now) == 0 &&
               zc_dirty_take(p->dirty, BATCH, now, round);
    if (p->asked > p->answered) {
        any = true;
        round->sync = !syncs_first(p);
    }
    /* What a session that broke has left may have its names already, and not be
     * on the disk. */
    if (round->all && !p->leisure && syncs_first(p))
        round->sync = true;
    round->leisure = round->all && p->leisure;
    round->unseen = p->braked;
    if (any)
        round->places = zc_places_ref(zc_watch_places(p->mirror->w));
    return any;
}

/* The round is over and the session goes on. With the lock. */
static void round_done(struct zc_mpeer *p, const struct zc_round *round,
                       bool gone, enum zc_exit code, const struct zc_err *err,
                       int64_t took)
{
    const struct zc_mirror *m = p->mirror;
    int64_t now = zc_clock_ns();
    struct zc_dirty_stats ds;
    atomic_fetch_add(&p->st->rounds, 1);
    if (round->all) {
        atomic_fetch_add(&p->st->full_rounds, 1);
        p->st->compared = zc_clock_wall_ns();
        zc_mcompare_took(p->mirror, took, now);
    }
    zc_dirty_done(p->dirty, now);
    /* The watch thread may sleep for long now. */
    if (m->w && !m->gone && zc_watch_caught_up(m->w))
        zc_dirty_caught_up(p->dirty, now);
    if (code == ZC_EXIT_MAX_DELETE) {
        brake_held(p, err, took, now);
    } else if (round->all) {
        p->braked = p->release = p->gone_due = p->gone_tried = false;
        zc_gone_forget(p);
    } else if (gone) {
        zc_gone_done(p, now);
        if (!p->gone)
            gone_over(p, now);
    } else if (p->braked) {
        p->brake_retry = ZC_MIN(p->brake_retry, p->brake_soonest);
    }
    zc_dirty_get_stats(p->dirty, &ds);
    p->blocked = ds.failed > 0;
    if (!p->blocked && !p->braked)
        zc_mreport_cleared(p);
    zc_mreport_round_over(p);
}

/* What a whole tree took is not needed for a while. */
static void give_memory_back(void)
{
#ifndef __SANITIZE_ADDRESS__ /* whose allocator it is not */
    malloc_trim(0);
#endif
}

/* Takes and sends one round; the lock is held but for the time it takes. False
 * with the sentence when the session has failed. */
static bool do_round(struct zc_mpeer *p, struct zc_err *err)
{
    struct zc_mirror *m = p->mirror;
    struct zc_round round;
    int64_t start = zc_clock_ns();
    uint64_t asked = p->asked;
    bool gone;
    int64_t oldest = zc_mdurable_oldest(p, start);
    if (!next_round(p, &round, &gone, start))
        return true;
    p->in_round = true;
    zc_overtake_begin(p, start);
    p->full = round.all;
    p->round_number++;
    zc_mreport_round_begins(p);
    zc_mreport_update(p);
    if (round.all) /* no event has told the watch thread, who keeps the count */
        zc_mirror_wake(m->wake);
    zc_mirror_unlock(m);

    zc_mreport_tell_peer(p);
    const struct zc_round *r = zc_mhardlinks_begin(p, &round);
    enum zc_exit code = zc_session_round(p->session, r, err);
    bool good = code == ZC_EXIT_OK || code == ZC_EXIT_MAX_DELETE;
    for (size_t i = 0; m->opt->renamed && i < round.n_renames; i++)
        m->opt->renamed(m->opt->arg, p->number, round.renames[i].from,
                        round.renames[i].to);
    zc_mhardlinks_end(p, r, good);
    if (round.all)
        give_memory_back();

    zc_mirror_lock(m);
    zc_overtake_end(p);
    if (atomic_exchange(&p->stats.owners_left, false) && !p->owners_told) {
        p->owners_told = true;
        zc_log(ZC_LOG_WARN, "%s: " ZC_OWNERS_LEFT_NOTE, p->conf->name);
    }
    if (good && !gone)
        p->answered = asked;
    if (good)
        zc_mdurable_round(p, oldest, round.sync, round.all, zc_clock_ns());
    if (good)
        round_done(p, &round, gone, code, err, zc_clock_ns() - start);
    if (p->full)
        p->leisure = false;
    zc_places_unref(round.places);
    p->in_round = p->full = false;
    zc_mreport_round_ended(p);
    zc_mreport_update(p);
    zc_mirror_wake_asked(m);
    zc_mverify_kick(m);
    if (!good)
        return false;
    zc_mirror_unlock(m);
    zc_mreport_tell_peer(p);
    if (m->opt->round)
        m->opt->round(m->opt->arg, p->number);
    zc_mirror_lock(m);
    return true;
}

/* The root is still what is being watched, and all that is required is there;
 * else the watch thread is told. With the lock. */
static bool source_ok(struct zc_mirror *m)
{
    const struct zc_options *o = &m->opt->push;
    if (zc_watch_root_ok(m->w, &m->why) &&
        !zc_source_required(o->src, &o->require, &m->why))
        return true;
    m->gone = true;
    zc_mirror_wake(m->wake);
    return false;
}

/* Waits for NS, or until woken. False with the sentence when the peer has hung
 * up. The lock is held but for the wait. */
static bool idle(struct zc_mpeer *p, int64_t now, int64_t ns,
                 struct zc_err *err)
{
    static const struct zc_round nothing;
    p->waiting = true;
    p->wake_at = ns == INT64_MAX ? INT64_MAX : now + ns;
    zc_mreport_update(p);
    zc_mirror_unlock(p->mirror);
    zc_mreport_tell_peer(p);
    bool lost = sleep_on(p, p->transport, ns) ||
                zc_session_broken(p->session);
    /* A round that fails knows why. */
    if (lost && zc_session_round(p->session, &nothing, err) == ZC_EXIT_OK)
        zc_err_set(err, ZC_EXIT_SOCKET, 0, "the peer hung up");
    zc_mirror_lock(p->mirror);
    p->waiting = false;
    return !lost;
}

/* Round after round. With the lock. *WORKED: at least one went well. */
static enum outcome serve(struct zc_mpeer *p, bool *worked, struct zc_err *err)
{
    struct zc_mirror *m = p->mirror;
    while (p->generation == m->generation) {
        if (p->paused || p->forced != p->release)
            return CHANGED;
        int64_t now = zc_clock_ns(), next = zc_mpeer_next(p, now);
        if (next && atomic_load(&m->stopping)) {
            if (!p->unsynced && (!zc_ghosts_open(m) || atomic_load(&m->hurry)))
                return CHANGED;
            if (p->unsynced) { /* who waits for our end may pull the plug then */
                p->asked++;
                p->unsynced = false;
                continue;
            }
            next = INT64_MAX; /* another peer walks, and wakes this one */
        }
        if (next || !source_ok(m)) {
            if (!idle(p, now, next ? next : INT64_MAX, err))
                break;
            continue;
        }
        if (zc_mhardlinks_next(p, now) == 0) {
            zc_mirror_unlock(m);
            zc_mhardlinks_search(p);
            zc_mirror_lock(m);
            zc_mirror_wake_asked(m);
        }
        zc_ghosts_walk(p);
        if (!do_round(p, err))
            break;
        *worked = true;
    }
    /* Sessions are stopped when the source goes, or they are paused. */
    return p->generation == m->generation && !p->paused ? LOST : CHANGED;
}

/* --- sessions --- */

/* Makes T and S known to those who may have to end them. */
static void publish(struct zc_mpeer *p, struct zc_transport *t,
                    struct zc_session *s, bool connecting)
{
    pthread_mutex_lock(&p->session_lock);
    p->transport = t;
    p->session = s;
    p->connecting = connecting;
    pthread_mutex_unlock(&p->session_lock);
}

static enum outcome run_session(struct zc_mpeer *p, struct zc_transport *t,
                                bool *worked, struct zc_err *err)
{
    struct zc_mirror *m = p->mirror;
    const struct zc_source source = zc_source_path(p->push.src,
                                                   &p->push.require);
    zc_mirror_lock(m);
    p->forced = p->release;
    zc_mirror_unlock(m);
    p->push.force_delete = m->opt->push.force_delete || p->forced;
    zc_mreport_opening(p, t->ops->wire != NULL);
    struct zc_session *s =
        zc_session_open(t, &source, &p->push, &p->events, &p->stats, err);
    if (!s)
        return LOST;
    publish(p, t, s, false);
    zc_peer_set_security(p->st, t->security, t->peer_key);
    atomic_fetch_add(&p->st->connects, 1);
    zc_mreport_connected(p);
    zc_mirror_lock(m);
    p->connected = true;
    /* Whether the brake holds is for the comparison to come. */
    p->braked = p->gone_due = p->gone_tried = false;
    zc_peer_set_text(p->st, "", "");
    zc_mreport_update(p);
    enum outcome o = serve(p, worked, err);
    p->connected = false;
    zc_mreport_update(p);
    p->leisure = false;
    if (o == LOST || !atomic_load(&m->stopping)) {
        zc_gone_inherit(p, zc_clock_ns());
        p->gone_tried = false;
        zc_mdurable_lost(p, zc_clock_ns());
        zc_dirty_lost(p->dirty, zc_clock_ns());
    }
    zc_mirror_unlock(m);
    zc_peer_set_security(p->st, "", "");
    publish(p, t, NULL, false);
    zc_session_close(s);
    return o;
}

/* One connection, from its beginning to its end. */
static enum outcome connect_once(struct zc_mpeer *p, bool *worked,
                                 struct zc_err *err)
{
    publish(p, NULL, NULL, true);
    struct zc_reached reached;
    if (p->conf->reach(p->conf->arg, &reached, err)) {
        publish(p, NULL, NULL, false);
        return LOST;
    }
    publish(p, reached.t, NULL, false);
    enum outcome o = LOST;
    if (zc_mirror_check_key(p, reached.t, err) == 0)
        o = run_session(p, reached.t, worked, err);
    publish(p, NULL, NULL, false);
    if (o == LOST) /* that may be why */
        (void)zc_mirror_check_key(p, reached.t, err);
    zc_reached_end(&reached);
    return o;
}

/* With the lock: nothing of the destination is open here any more, or may be
 * again. */
static void set_let_go(struct zc_mpeer *p, bool on)
{
    if (p->let_go == on)
        return;
    p->let_go = on;
    if (on)
        zc_mreport_paused(p);
    else
        zc_peer_set_state(p->st, ZC_PEER_CONNECTING);
    zc_mirror_wake(p->mirror->wake);
}

/* True when there is a source to send, and may be sent; false at the end. */
static bool wait_for_turn(struct zc_mpeer *p)
{
    struct zc_mirror *m = p->mirror;
    for (;;) {
        zc_mirror_lock(m);
        set_let_go(p, p->paused && !p->verifying);
        bool there = m->w && !m->gone && !p->paused;
        p->generation = m->generation;
        zc_mirror_unlock(m);
        zc_mreport_tell_peer(p);
        if (atomic_load(&m->stopping))
            return false;
        if (there)
            return true;
        sleep_on(p, NULL, INT64_MAX);
    }
}

static bool is_paused(struct zc_mpeer *p)
{
    zc_mirror_lock(p->mirror);
    bool paused = p->paused;
    zc_mirror_unlock(p->mirror);
    return paused;
}

static bool is_hurried(struct zc_mpeer *p)
{
    zc_mirror_lock(p->mirror);
    bool hurry = p->hurry;
    p->hurry = false;
    zc_mirror_unlock(p->mirror);
    return hurry;
}

/* Back-off, unless it is of no use, or somebody asks for what is due. */
static void back_off(struct zc_mpeer *p, int64_t ns)
{
    int64_t end = zc_clock_ns() + ns;
    while ((ns = end - zc_clock_ns()) > 0 &&
           !atomic_load(&p->mirror->stopping) && !is_paused(p)) {
        if (is_hurried(p))
            end = ZC_MIN(end, zc_clock_ns() + BACKOFF_MIN);
        else
            sleep_on(p, NULL, ns);
    }
}

/* Whether ERR is what LAST says; LAST becomes that. */
static bool is_same_reason(const struct zc_err *err, struct zc_err *last)
{
    bool same = err->code == last->code && strcmp(err->text, last->text) == 0;
    *last = *err;
    return same;
}

/* NS, 25 % more or less, so that a hundred mirrors do not all come back at
 * once. */
static int64_t jitter(int64_t ns)
{
    uint32_t random = 0;
    (void)!getrandom(&random, sizeof random, GRND_NONBLOCK);
    return ns * 3 / 4 + (int64_t)((uint64_t)(ns / 2) * random / UINT32_MAX);
}

void *zc_mpeer_main(void *arg)
{
    struct zc_mpeer *p = arg;
    struct zc_mirror *m = p->mirror;
    int64_t backoff = BACKOFF_MIN;
    struct zc_err last = {0};
    while (wait_for_turn(p)) {
        struct zc_err err = {0};
        bool worked = false;
        enum outcome o = connect_once(p, &worked, &err);
        if (worked || is_paused(p))
            backoff = BACKOFF_MIN;
        if (o == CHANGED || atomic_load(&m->stopping) || is_paused(p))
            continue;
        if (!is_same_reason(&err, &last))
            backoff = BACKOFF_MIN;
        int64_t delay = jitter(backoff);
        zc_mreport_disconnected(p, &err, delay);
        back_off(p, delay);
        backoff = ZC_MIN(2 * backoff, BACKOFF_MAX);
    }
    zc_mirror_lock(m);
    p->ended = true;
    zc_mirror_wake(m->wake);
    zc_mirror_unlock(m);
    return NULL;
}
