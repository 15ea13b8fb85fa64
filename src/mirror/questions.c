// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests to a running mirror. Most ask: is all that was written until now
 * durable on the peers?
 *
 *     asked --all events before it read, new directories scanned-->
 *     ticket from each peer's dirty set --passed-->
 *     a round, empty perhaps: the peer is still there, and all of it on stable
 *     storage --> yes
 *
 * Until then the one who asked hears what is in the way, each time that
 * changes. To pause is a question, too: is the destination let go?
 */
#include "mirror/questions.h"

#include "base/clock.h"
#include "mirror/compare.h"
#include "mirror/dirty.h"
#include "mirror/durable.h"
#include "mirror/hardlinks.h"
#include "mirror/peer.h"
#include "mirror/verify.h"
#include "mirror/young.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>

#define SAY_NS (ZC_NSEC_PER_SEC / 4)
#define QUESTIONS_MAX 4096

/* Where one peer is with one question. */
struct goal {
    uint64_t ticket, round, n_found, ghosts;
    bool asked; /* for a round, number `round` of those */
};

struct question {
    TAILQ_ENTRY(question) in_list;
    uint64_t id;
    int32_t peer;
    bool pause;  /* it is about that, and not about what was written */
    bool pinned; /* `position` is that of the source that is open now */
    uint64_t generation, position; /* what the watcher has to get to */
    uint64_t rescans; /* as there were then */
    bool started, done;
    int64_t said_at;
    char said[sizeof((struct zc_mirror_answer *)0)->missing];
    struct goal goals[];
};

struct zc_questions {
    int fd; /* -1: nobody is there any more */
    TAILQ_HEAD(, question) list; /* in the order they came */
    size_t n;
};

static bool names(int32_t peer, size_t i)
{
    return peer == -1 || (size_t)peer == i;
}

static bool is_about(const struct question *a, size_t peer)
{
    return names(a->peer, peer);
}

/* 0 when it was sent, or nobody is there to hear it. */
static int send_answer(struct zc_mirror *m, const struct zc_mirror_answer *a)
{
    if (send(m->questions->fd, a, sizeof *a, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
        errno == EAGAIN)
        return -1;
    return 0;
}

static int answer(struct zc_mirror *m, uint64_t id, bool done,
                  const char *missing)
{
    struct zc_mirror_answer a = {.id = id, .done = done};
    snprintf(a.missing, sizeof a.missing, "%s", missing);
    return send_answer(m, &a);
}

/* What was asked cannot be. */
static int refuse(struct zc_mirror *m, uint64_t id, const struct zc_err *why)
{
    struct zc_mirror_answer a = {.id = id, .code = why->code};
    snprintf(a.missing, sizeof a.missing, "%.500s", why->text);
    return send_answer(m, &a);
}

static void forget(struct zc_questions *q, struct question *a)
{
    TAILQ_REMOVE(&q->list, a, in_list);
    q->n--;
    free(a);
}

static void forget_all(struct zc_questions *q)
{
    struct question *a;
    while ((a = TAILQ_FIRST(&q->list)))
        forget(q, a);
}

static void cancel(struct zc_questions *q, uint64_t id)
{
    struct question *a, *next;
    for (a = TAILQ_FIRST(&q->list); a; a = next) {
        next = TAILQ_NEXT(a, in_list);
        if (a->id == id)
            forget(q, a);
    }
}

struct zc_questions *zc_questions_new(int fd)
{
    struct zc_questions *q = calloc(1, sizeof *q);
    if (!q)
        return NULL;
    q->fd = fd;
    TAILQ_INIT(&q->list);
    return q;
}

void zc_questions_free(struct zc_questions *q)
{
    if (!q)
        return;
    forget_all(q);
    free(q);
}

int zc_questions_fd(const struct zc_questions *q)
{
    return q->fd;
}

/* With the lock: what R asks for, where that is done by asking. */
static int obey(struct zc_mirror *m, const struct zc_mirror_request *r,
                struct zc_err *err)
{
    bool any = false;
    if (r->verb == ZC_MIRROR_VERIFY)
        return zc_mverify_ask(m, r->peer, err);
    if (r->verb == ZC_MIRROR_RESCAN && zc_mcompare_rescan(m, r, err))
        return -1;
    for (size_t i = 0; i < m->n_peers; i++) {
        struct zc_mpeer *p = &m->peers[i];
        if (!names(r->peer, i))
            continue;
        if (r->verb == ZC_MIRROR_RELEASE)
            any |= zc_mpeer_release(p);
        else if (r->verb == ZC_MIRROR_RESCAN)
            zc_mpeer_hurry(p); /* which compares everything */
        else
            zc_mpeer_pause(p, r->verb == ZC_MIRROR_PAUSE);
    }
    if (r->verb != ZC_MIRROR_RELEASE || any)
        return 0;
    return zc_err_set(err, ZC_EXIT_USAGE, 0,
                      "there is nothing to release: the brake does not hold");
}

static bool is_known(const struct zc_mirror *m,
                     const struct zc_mirror_request *r)
{
    return r->verb < ZC_MIRROR_REKEY &&
           (r->peer == -1 || (r->peer >= 0 && (size_t)r->peer < m->n_peers));
}

/* R waits for something. */
static void put_question(struct zc_mirror *m, const struct zc_mirror_request *r)
{
    struct question *a = NULL;
    if (m->questions->n < QUESTIONS_MAX)
        a = calloc(1, sizeof *a + m->n_peers * sizeof *a->goals);
    if (!a) {
        (void)answer(m, r->id, false, "too many questions at once");
        return;
    }
    a->id = r->id;
    a->peer = r->peer;
    a->pause = a->started = r->verb == ZC_MIRROR_PAUSE;
    TAILQ_INSERT_TAIL(&m->questions->list, a, in_list);
    m->questions->n++;
}

static void take_request(struct zc_mirror *m, const struct zc_mirror_request *r)
{
    struct zc_err err;
    if (r->verb == ZC_MIRROR_CANCEL) {
        cancel(m->questions, r->id);
        return;
    }
    if (r->verb == ZC_MIRROR_REKEY) {
        zc_mpeers_rekey(m);
        return;
    }
    if (r->peer == -2) {
        (void)answer(m, r->id, true, "");
        return;
    }
    if (!is_known(m, r)) {
        (void)answer(m, r->id, false, "there is no such destination");
        return;
    }
    if (r->verb != ZC_MIRROR_WAIT) {
        zc_mirror_lock(m);
        int bad = obey(m, r, &err);
        zc_mirror_unlock(m);
        if (bad)
            (void)refuse(m, r->id, &err);
        else if (r->verb != ZC_MIRROR_PAUSE)
            (void)answer(m, r->id, true, "");
        if (bad || r->verb != ZC_MIRROR_PAUSE)
            return;
    }
    put_question(m, r);
}

void zc_questions_read(struct zc_mirror *m)
{
    struct zc_mirror_request r;
    ssize_t n;
    while ((n = recv(m->questions->fd, &r, sizeof r, MSG_DONTWAIT)) > 0)
        if (n == sizeof r)
            take_request(m, &r);
    if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        /* Nobody is there any more. */
        m->questions->fd = -1;
        forget_all(m->questions);
    }
    zc_mirror_lock(m);
    m->n_questions = m->questions->n;
    zc_mirror_unlock(m);
}

bool zc_questions_pin(struct zc_mirror *m)
{
    bool any = false;
    struct question *a;
    TAILQ_FOREACH(a, &m->questions->list, in_list) {
        if (a->started)
            continue;
        any = true;
        if (!m->w || (a->pinned && a->generation == m->generation))
            continue;
        a->pinned = true;
        a->generation = m->generation;
        a->rescans = zc_watch_rescans(m->w);
        a->position = zc_watch_queued(m->w);
        zc_watch_ask_mounts(m->w);
        zc_watch_moved(m->w); /* it looks at the root */
    }
    if (any && m->w)
        zc_watch_hurry(m->w);
    return any;
}

/* All that happened before A was asked has been reported. */
static bool is_settled(struct zc_mirror *m, const struct question *a)
{
    return m->w && !m->gone && m->ready && a->pinned &&
           a->generation == m->generation && !zc_watch_scanning(m->w) &&
           !zc_watch_blind(m->w, a->rescans) &&
           zc_watch_reached(m->w, a->position) &&
           zc_young_settled(m, a->position);
}

void zc_questions_flush(struct zc_mirror *m)
{
    const struct question *a;
    TAILQ_FOREACH(a, &m->questions->list, in_list)
        if (!a->started && is_settled(m, a))
            zc_watch_flush(m->w);
}

static void take_ticket(struct zc_mpeer *p, struct goal *g, int64_t now)
{
    g->ticket = zc_dirty_barrier(p->dirty, now);
    g->n_found = p->n_found;
    g->ghosts = p->mirror->ghosts.seen;
}

static void start(struct zc_mirror *m, struct question *a, int64_t now)
{
    a->started = true;
    for (size_t i = 0; i < m->n_peers; i++)
        if (is_about(a, i)) {
            take_ticket(&m->peers[i], &a->goals[i], now);
            zc_mpeer_hurry(&m->peers[i]);
        }
}

/* P has all that G is about, on stable storage. */
static bool reached(struct zc_mpeer *p, struct goal *g, int64_t now)
{
    if (!zc_dirty_passed(p->dirty, g->ticket) || p->in_round ||
        zc_mhardlinks_busy(p) || p->braked || zc_mdurable_in_doubt(p) ||
        p->mirror->n_unmounted ||
        p->mirror->ghosts.walked < g->ghosts)
        return false;
    if (g->n_found != p->n_found) {
        /* Names were found meanwhile that belong to what was asked about. */
        take_ticket(p, g, now);
        g->asked = false;
        return zc_dirty_passed(p->dirty, g->ticket);
    }
    if (!g->asked) {
        g->asked = true;
        g->round = ++p->asked;
    }
    return p->answered >= g->round;
}

/* What keeps P. */
static void describe(struct zc_mpeer *p, const struct goal *g, char *out,
                     size_t size)
{
    char path[ZC_STATUS_TEXT], text[ZC_STATUS_TEXT];
    const char *name = p->conf->name;
    struct zc_dirty_stats ds;
    struct zc_buf holding = ZC_BUF_INIT;
    zc_peer_get_text(p->st, path, text, NULL);
    zc_dirty_get_stats(p->dirty, &ds);
    const char *held = zc_dirty_holding(p->dirty, g->ticket, &holding);
    if (!p->connected && ds.names)
        snprintf(out, size, "%.128s: not connected%s%.250s; %" PRIu64
                 " change%s wait%s", name, *text ? ": " : "", text, ds.names,
                 ds.names == 1 ? "" : "s", ds.names == 1 ? "s" : "");
    else if (!p->connected)
        snprintf(out, size, "%.128s: not connected%s%.300s", name,
                 *text ? ": " : "", text);
    else if ((p->braked && !p->gone_due) || p->blocked ||
             p->mirror->n_unmounted)
        snprintf(out, size, "%.128s: %.200s%s%.150s", name, path,
                 *path ? ": " : "", text);
    else if (ds.all || p->full || p->braked)
        snprintf(out, size, "%.128s: everything is being compared", name);
    else if (held && ds.names > 1)
        snprintf(out, size,
                 "%.128s: %" PRIu64 " changes are on their way, %.300s among "
                 "them",
                 name, ds.names, held);
    else if (held)
        snprintf(out, size, "%.128s: %.300s is on its way", name, held);
    else
        snprintf(out, size, "%.128s: changes are on their way", name);
    zc_buf_fini(&holding);
}

/* True when A, which is about a pause, is done: everybody has let go, or was
 * told not to meanwhile. */
static bool is_let_go(struct zc_mirror *m, const struct question *a,
                      char *missing, size_t size)
{
    for (size_t i = 0; i < m->n_peers; i++) {
        const struct zc_mpeer *p = &m->peers[i];
        if (!is_about(a, i) || !p->paused || p->let_go || p->ended)
            continue;
        snprintf(missing, size, "%.300s has not let go of what it has open",
                 p->conf->name);
        return false;
    }
    return true;
}

/* A cannot be done, since a destination is paused. */
static bool is_in_vain(struct zc_mirror *m, const struct question *a,
                       struct zc_err *err)
{
    for (size_t i = 0; i < m->n_peers; i++) {
        const struct zc_mpeer *p = &m->peers[i];
        if (a->pause || !p->paused || !is_about(a, i))
            continue;
        zc_err_set(err, ZC_EXIT_PARTIAL, 0,
                   "%.200s is paused, and gets nothing before 'zcsync resume "
                   "%.100s@%.200s'", p->conf->name, m->opt->name,
                   p->conf->name);
        return true;
    }
    return false;
}

/* True when A is done; else MISSING says what is in the way. */
static bool is_done(struct zc_mirror *m, struct question *a, int64_t now,
                    char *missing, size_t size)
{
    bool done = true;
    if (a->pause)
        return is_let_go(m, a, missing, size);
    for (size_t i = 0; i < m->n_peers; i++) {
        if (!is_about(a, i) || reached(&m->peers[i], &a->goals[i], now))
            continue;
        if (done)
            describe(&m->peers[i], &a->goals[i], missing, size);
        done = false;
    }
    return done;
}

static void describe_source(struct zc_mirror *m, char *out, size_t size)
{
    char text[ZC_STATUS_TEXT];
    if (m->w) {
        snprintf(out, size, "%s is being scanned", m->opt->push.src);
        return;
    }
    zc_mirror_get_text(m->st, text, NULL);
    snprintf(out, size, "%s", text);
}

/* Looks at A again. Nanoseconds until there may be something new to say to who
 * asked; -1: A is answered. */
static int64_t look_at(struct zc_mirror *m, struct question *a, int64_t now)
{
    char missing[sizeof a->said] = "";
    struct zc_err err;
    if (!a->done && is_in_vain(m, a, &err))
        return refuse(m, a->id, &err) ? SAY_NS : -1;
    if (!a->started && is_settled(m, a))
        start(m, a, now);
    if (!a->started)
        describe_source(m, missing, sizeof missing);
    else if (a->done || is_done(m, a, now, missing, sizeof missing)) {
        a->done = true;
        return answer(m, a->id, true, "") ? SAY_NS : -1;
    }
    if (strcmp(missing, a->said) == 0)
        return INT64_MAX;
    int64_t wait = a->said_at ? a->said_at + SAY_NS - now : 0;
    if (wait > 0)
        return wait;
    if (answer(m, a->id, false, missing))
        return SAY_NS;
    a->said_at = now;
    memcpy(a->said, missing, sizeof a->said);
    return INT64_MAX;
}

int64_t zc_questions_answer(struct zc_mirror *m, int64_t now)
{
    int64_t soonest = INT64_MAX;
    struct question *a, *next;
    for (a = TAILQ_FIRST(&m->questions->list); a; a = next) {
        next = TAILQ_NEXT(a, in_list);
        int64_t ns = look_at(m, a, now);
        if (ns < 0)
            forget(m->questions, a);
        else
            soonest = ZC_MIN(soonest, ns);
    }
    m->n_questions = m->questions->n;
    return soonest;
}
