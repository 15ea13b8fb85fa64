// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A mirror from start to stop; see mirror.h. The caller's thread becomes the
 * watch thread (source.c); each peer has one of its own (peer.c).
 */
#include "mirror/mirror.h"

#include "base/clock.h"
#include "mirror/core.h"
#include "mirror/dirty.h"
#include "mirror/gone.h"
#include "mirror/hardlinks.h"
#include "mirror/index.h"
#include "mirror/mounts.h"
#include "mirror/overtake.h"
#include "mirror/peer.h"
#include "mirror/questions.h"
#include "mirror/report.h"
#include "mirror/source.h"
#include "mirror/verify.h"
#include "mirror/young.h"
#include "session/hostid.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#define STOP_POLL_MS 100
/* An end that takes longer than this says why. */
#define TELL_NS (ZC_NSEC_PER_SEC / 2)

/* --- the end --- */

static bool all_ended(struct zc_mirror *m)
{
    bool ended = true;
    zc_mirror_lock(m);
    for (size_t i = 0; i < m->n_peers; i++)
        ended &= m->peers[i].ended;
    zc_mirror_unlock(m);
    return ended;
}

/* Peers that are connected get what is due; those that are not are not waited
 * for. */
static void drain(struct zc_mirror *m)
{
    int64_t end = zc_clock_ns() + (int64_t)m->opt->drain_s * ZC_NSEC_PER_SEC;
    zc_mverify_stop(m);
    zc_mirror_lock(m);
    zc_msource_finish(m, end);
    for (size_t i = 0; i < m->n_peers; i++)
        zc_dirty_barrier(m->peers[i].dirty, zc_clock_ns());
    atomic_store(&m->stopping, true);
    zc_mirror_wake_peers(m);
    zc_mirror_unlock(m);

    int64_t tell_at = zc_clock_ns() + TELL_NS;
    while (!all_ended(m)) {
        struct pollfd f = {.fd = m->wake, .events = POLLIN};
        if (zc_clock_ns() >= end)
            atomic_store(&m->hurry, true);
        zc_mirror_lock(m);
        for (size_t i = 0; i < m->n_peers; i++)
            zc_mreport_update(&m->peers[i]);
        zc_mirror_unlock(m);
        if (zc_clock_ns() >= tell_at) {
            zc_mreport_draining(m, end - zc_clock_ns());
            tell_at = INT64_MAX;
        }
        zc_mpeers_interrupt(m, atomic_load(&m->hurry));
        if (poll(&f, 1, STOP_POLL_MS) > 0)
            zc_mirror_woken(m->wake);
    }
}

static void no_op(int sig)
{
    (void)sig;
}

/* --- the beginning --- */

static void set_options(struct zc_mpeer *p)
{
    const struct zc_mirror *m = p->mirror;
    p->push = m->opt->push;
    p->push.share = p->conf->share;
    p->push.own = p->conf->own;
    p->push.path = p->conf->path;
    p->push.rounds = true;
    p->push.has_origin = true;
    zc_origin_id(m->opt->name, m->opt->push.src, p->conf->name, m->opt->unique,
                 p->push.origin);
    zc_writer_id(p->push.src, p->push.filter, p->push.writer);
    if (p->push.keep & ZC_KEEP_HARD_LINKS) {
        p->push.linked = zc_mhardlinks_listed;
        p->push.linked_arg = p;
    }
    p->events = (struct zc_events){
        .item = m->opt->item ? zc_mreport_item : NULL,
        .trouble = zc_mreport_trouble,
        .not_renamed = zc_mreport_not_renamed,
        .costly = zc_mreport_costly,
        .arg = p,
    };
}

static int peer_init(struct zc_mpeer *p, struct zc_mirror *m, size_t i,
                     struct zc_err *err)
{
    p->mirror = m;
    p->number = i;
    p->conf = &m->opt->peers[i];
    p->st = &m->st->peers[i];
    p->paused = p->conf->paused;
    set_options(p);
    snprintf(p->st->name, sizeof p->st->name, "%s", p->conf->name);
    zc_peer_set_state(p->st, ZC_PEER_CONNECTING);
    pthread_mutex_init(&p->session_lock, NULL);
    zc_overtake_init(p);
    p->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    const struct zc_dirty_limits limits = {.holds = m->opt->holds};
    p->dirty = zc_dirty_new(m->w, &limits);
    p->report = zc_mreport_new(p->conf->name);
    p->hardlinks = zc_mhardlinks_new();
    if (p->wake < 0 || !p->dirty || !p->report || !p->hardlinks)
        return zc_err_nomem(err);
    zc_dirty_all(p->dirty, zc_clock_ns());
    return 0;
}

static void peer_fini(struct zc_mpeer *p)
{
    if (p->started)
        pthread_join(p->thread, NULL);
    zc_overtake_fini(p);
    zc_dirty_free(p->dirty);
    zc_gone_free(p->gone);
    zc_mreport_free(p->report);
    zc_mhardlinks_free(p->hardlinks);
    zc_close(&p->wake);
    pthread_mutex_destroy(&p->session_lock);
}

/* With the lock, which the thread waits for. */
static int start_peer(struct zc_mirror *m, size_t i, struct zc_err *err)
{
    struct zc_mpeer *p = &m->peers[i];
    if (peer_init(p, m, i, err)) {
        peer_fini(p);
        return -1;
    }
    m->n_peers++;
    int eno = pthread_create(&p->thread, NULL, zc_mpeer_main, p);
    p->started = !eno;
    p->ended = eno;
    if (eno)
        return zc_err_set(err, ZC_EXIT_START, eno, "could not start a thread");
    return 0;
}

static int mirror_init(struct zc_mirror *m, const struct zc_mirror_options *opt,
                       struct zc_err *err)
{
    m->opt = opt;
    m->st = opt->status;
    m->told = ~0U;
    m->wake = -1;
    pthread_mutex_init(&m->gate, NULL);
    pthread_mutex_init(&m->lock, NULL);
    pthread_mutex_init(&m->report_lock, NULL);
    if (opt->n_peers == 0 || opt->n_peers > ZC_STATUS_PEERS_MAX)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "a mirror has 1 to %d destinations",
                          ZC_STATUS_PEERS_MAX);
    snprintf(m->st->name, sizeof m->st->name, "%s", opt->name);
    snprintf(m->st->source, sizeof m->st->source, "%s", opt->push.src);
    m->st->n_peers = (uint32_t)opt->n_peers;
    zc_mirror_set_state(m->st, ZC_MIRROR_STARTING);
    m->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (m->wake < 0)
        return zc_err_errno(err, "make an eventfd");
    m->peers = calloc(opt->n_peers, sizeof *m->peers);
    m->index = zc_index_new();
    m->young = zc_young_new(opt->push.keep & ZC_KEEP_HARD_LINKS);
    m->questions = zc_questions_new(opt->control_fd);
    if (!m->peers || !m->index || !m->young || !m->questions)
        return zc_err_nomem(err);
    if (zc_msource_open(m, err) == 0)
        return 0;
    /* A service waits for its source; somebody who typed a name wants to know,
     * unless he has said what is to be waited for. */
    bool missing = err->code == ZC_EXIT_SELECT || err->code == ZC_EXIT_FILEIO;
    bool waits = opt->unique || zc_require_any(&opt->push.require);
    return missing && waits ? 0 : -1;
}

static void mirror_fini(struct zc_mirror *m)
{
    zc_mverify_stop(m);
    for (size_t i = 0; i < m->n_peers; i++)
        peer_fini(&m->peers[i]);
    zc_mverify_fini(m);
    zc_questions_free(m->questions);
    zc_index_free(m->index);
    zc_young_free(m->young);
    zc_watch_free(m->w);
    zc_mmounts_fini(m);
    free(m->peers);
    zc_close(&m->wake);
    pthread_mutex_destroy(&m->report_lock);
    pthread_mutex_destroy(&m->lock);
    pthread_mutex_destroy(&m->gate);
}

int zc_mirror_run(const struct zc_mirror_options *opt, struct zc_err *err)
{
    struct sigaction urg = {.sa_handler = no_op}, old_urg;
    struct zc_mirror m;
    int result = -1;

    memset(&m, 0, sizeof m);
    sigaction(SIGURG, &urg, &old_urg);
    if (mirror_init(&m, opt, err))
        goto out;
    zc_mirror_lock(&m);
    if (m.w)
        zc_mirror_set_state(m.st, ZC_MIRROR_SCANNING);
    result = 0;
    for (size_t i = 0; i < opt->n_peers && result == 0; i++)
        result = start_peer(&m, i, err);
    if (result == 0)
        result = zc_mverify_init(&m, err);
    if (!m.w)
        zc_msource_missing(&m, err);
    zc_mirror_unlock(&m);
    if (result == 0)
        zc_msource_watch(&m);
    drain(&m);
    for (size_t i = 0; i < m.n_peers && result == 0; i++)
        zc_mreport_left_behind(&m.peers[i]);
    zc_mirror_set_state(m.st, ZC_MIRROR_STOPPED);
    zc_mreport_tell_mirror(&m);
out:
    mirror_fini(&m);
    sigaction(SIGURG, &old_urg, NULL);
    return result;
}
