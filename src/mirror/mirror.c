// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A mirror from start to stop, and the thread that watches the source.
 *
 *     poll: watcher, stop, control socket, our own eventfd
 *       |
 *       +- read events -> callbacks mark names in every peer's dirty set
 *       +- scan on, a slice at a time
 *       +- the root is gone?  -> no watcher; look for it once a second
 *       +- answer questions
 *       `- wake peers for which something is due
 *
 * With nothing to do there is no time-out: an idle mirror sleeps for good. It
 * is timed only while a peer is busy (its numbers are kept up to date once a
 * second), a rename or a rescan waits, or the source is gone.
 */
#include "session/hostid.h"
#include "mirror/internal.h"

#include "base/clock.h"
#include "base/log.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#define SCAN_SLICE 200  /* directories */
#define READ_TURNS 16   /* of some 64 KiB, before others are looked after */
#define SETTLE_TURNS 64 /* more, when somebody waits for it */
#define ACTIVE_NS ZC_NSEC_PER_SEC
#define ROOT_NS ZC_NSEC_PER_SEC
#define STOP_POLL_MS 100

void zc_mirror_lock(struct zc_mirror *m)
{
    pthread_mutex_lock(&m->gate);
    pthread_mutex_lock(&m->lock);
    pthread_mutex_unlock(&m->gate);
}

void zc_mirror_unlock(struct zc_mirror *m)
{
    pthread_mutex_unlock(&m->lock);
}

void zc_mirror_wake(int fd)
{
    /* Fails only when the counter is full, and then it is readable anyway. */
    (void)!write(fd, &(uint64_t){1}, sizeof(uint64_t));
}

static void drain_wake(int fd)
{
    (void)!read(fd, &(uint64_t){0}, sizeof(uint64_t));
}

/* Wakes those idle peers for which something is due. Returns how long until
 * something is due for another one that it does not know of: most names become
 * due sooner than they were said to (a file is closed), so a peer is not woken
 * just to set its clock. With the lock. */
static int64_t notify(struct zc_mirror *m, int64_t now)
{
    int64_t later = INT64_MAX;
    for (size_t i = 0; i < m->n_peers; i++) {
        struct zc_mpeer *p = &m->peers[i];
        if (!p->waiting)
            continue;
        int64_t next = zc_mpeer_next(p, now);
        if (next == INT64_MAX || now + next >= p->wake_at)
            continue;
        if (next) {
            later = ZC_MIN(later, next);
            continue;
        }
        p->wake_at = now;
        zc_mirror_wake(p->wake);
    }
    return later;
}

static void wake_all(struct zc_mirror *m)
{
    for (size_t i = 0; i < m->n_peers; i++)
        zc_mirror_wake(m->peers[i].wake);
}

/* --- what the watcher reports; with the lock held --- */

static void on_changed(void *arg, zc_wdir dir, const char *name, size_t n,
                       unsigned what)
{
    struct zc_mirror *m = arg;
    int64_t now = zc_clock_ns();
    unsigned mark = what & ~(unsigned)(ZC_CHANGE_MADE | ZC_CHANGE_GONE);
    if (what & ZC_CHANGE_MADE && !(what & ZC_CHANGE_DATA))
        mark |= ZC_CHANGE_WRITING;
    zc_young_changed(m, dir, name, n, what);
    for (size_t i = 0; i < m->n_peers; i++)
        zc_dirty_mark(m->peers[i].dirty, dir, name, n, mark, now);
    zc_index_changed(m, dir, name, n, what, now);
}

static void on_renamed(void *arg, zc_wdir from, const char *from_name,
                       size_t from_n, zc_wdir to, const char *to_name,
                       size_t to_n, bool is_dir)
{
    struct zc_mirror *m = arg;
    int64_t now = zc_clock_ns();
    bool missed = is_dir && zc_search_disturbed(m);
    zc_wdir moved = missed ? zc_watch_child(m->w, to, to_name, to_n)
                           : ZC_WDIR_NONE;
    zc_young_renamed(m, from, from_name, from_n, to, to_name, to_n, is_dir);
    for (size_t i = 0; i < m->n_peers; i++)
        zc_dirty_renamed(m->peers[i].dirty, from, from_name, from_n, to,
                         to_name, to_n, is_dir, now);
    for (size_t i = 0; i < m->n_peers && moved != ZC_WDIR_NONE; i++)
        zc_dirty_tree(m->peers[i].dirty, moved, now);
    if (!is_dir)
        zc_index_renamed(m, from, from_name, from_n, to, to_name, to_n, now);
}

static void on_doubt(void *arg, zc_wdir dir)
{
    struct zc_mirror *m = arg;
    int64_t now = zc_clock_ns();
    for (size_t i = 0; i < m->n_peers; i++)
        zc_dirty_tree(m->peers[i].dirty, dir, now);
}

static void on_removed(void *arg, zc_wdir dir)
{
    struct zc_mirror *m = arg;
    m->young.moves++;
    for (size_t i = 0; i < m->n_peers; i++)
        zc_dirty_removed(m->peers[i].dirty, dir);
}

static void on_gone(void *arg, const char *why)
{
    struct zc_mirror *m = arg;
    m->gone = true;
    zc_err_set(&m->why, ZC_EXIT_SELECT, 0, "%s", why);
}

/* --- the source comes and goes --- */

static struct zc_watch *open_watch(struct zc_mirror *m, struct zc_err *err)
{
    const struct zc_mirror_options *o = m->opt;
    const struct zc_watch_options opt = {
        .root = o->push.src,
        .kind = o->watch,
        .filter = o->push.filter,
        .one_file_system = o->push.one_file_system,
        .rescan_s = o->rescan_s,
    };
    const struct zc_watch_events events = {
        on_changed, on_renamed, on_doubt, on_removed, on_gone, m,
    };
    return zc_watch_new(&opt, &events, err);
}

/* With the lock: nothing more is sent until the source is back. */
static void source_gone(struct zc_mirror *m)
{
    zc_watch_free(m->w);
    m->w = NULL;
    m->ready = m->gone = false;
    m->generation++;
    m->root_at = zc_clock_ns() + ROOT_NS;
    zc_index_clear(m);
    zc_young_clear(m);
    m->ghosts.walked = m->ghosts.seen;
    for (size_t i = 0; i < m->n_peers; i++)
        zc_dirty_rebase(m->peers[i].dirty, NULL);
    zc_mirror_set_text(m->st, m->why.text);
    zc_mirror_set_state(m->st, ZC_MIRROR_GONE);
    wake_all(m);
}

/* With the lock: is there a directory again? Whatever it is: if it is not what
 * it was, the receivers' brake decides. */
static void look_for_root(struct zc_mirror *m)
{
    struct stat st;
    struct zc_err err;
    m->root_at = zc_clock_ns() + ROOT_NS;
    if (stat(m->opt->push.src, &st) || !S_ISDIR(st.st_mode))
        return;
    m->gone = false;
    m->w = open_watch(m, &err);
    if (!m->w) {
        zc_mirror_set_text(m->st, err.text);
        return;
    }
    for (size_t i = 0; i < m->n_peers; i++)
        zc_dirty_rebase(m->peers[i].dirty, m->w);
    zc_mirror_set_text(m->st, "");
    zc_mirror_set_state(m->st, ZC_MIRROR_SCANNING);
    wake_all(m);
}

static void interrupt_peers(struct zc_mirror *m, bool busy)
{
    for (size_t i = 0; i < m->n_peers; i++)
        zc_mpeer_interrupt(&m->peers[i], busy);
}

/* --- the watch thread --- */

/* Reads events, and lets others have the lock in between. True when the queue
 * was seen empty. */
static bool read_events(struct zc_mirror *m, int turns)
{
    bool drained = false;
    for (int i = 0; i < turns && !drained && m->w && !m->gone; i++) {
        if (i) {
            zc_mirror_unlock(m);
            zc_mirror_lock(m);
        }
        zc_young_begin(m);
        zc_watch_read(m->w);
        /* Few names are looked at first: to get in the way of a peer that has
         * just been woken costs more. */
        bool few = zc_young_few(m);
        if (few)
            drained = zc_young_end(m);
        notify(m, zc_clock_ns());
        if (!few)
            drained = zc_young_end(m);
    }
    return drained;
}

static void scan_on(struct zc_mirror *m)
{
    if (!zc_watch_scanning(m->w) && m->ready)
        return;
    if (!zc_watch_scan(m->w, SCAN_SLICE) || m->ready || m->gone)
        return;
    m->ready = true;
    zc_mirror_set_state(m->st, ZC_MIRROR_WATCHING);
    wake_all(m);
}

/* With the lock: all that there is to be done. True when there is more. */
static bool work(struct zc_mirror *m)
{
    if (!m->w && zc_clock_ns() >= m->root_at)
        look_for_root(m);
    bool asked = zc_questions_pin(m);
    bool drained = read_events(m, asked ? SETTLE_TURNS : READ_TURNS);
    if (m->w && !m->gone)
        zc_watch_tick(m->w, zc_clock_ns());
    if (m->w && !m->gone)
        scan_on(m);
    if (asked && m->w && !m->gone)
        zc_questions_flush(m);
    if (!m->w || m->gone)
        return false;
    if (drained && zc_watch_caught_up(m->w))
        for (size_t i = 0; i < m->n_peers; i++)
            zc_dirty_caught_up(m->peers[i].dirty, zc_clock_ns());
    return !drained || !m->ready || zc_watch_scanning(m->w) ||
           zc_young_next(m, zc_clock_ns()) == 0;
}

static void update_status(struct zc_mirror *m, int64_t now)
{
    struct zc_mirror_status *st = m->st;
    struct zc_watch_stats s;
    if (m->w) {
        zc_watch_get_stats(m->w, &s);
        st->watch_kind = s.kind;
        st->dirs = s.dirs;
        st->watches = s.watches;
        st->watch_limit = s.limit;
        st->unwatched = s.unwatched;
        st->events = s.events;
        st->overflows = s.overflows;
    }
    m->active = false;
    for (size_t i = 0; i < m->n_peers; i++) {
        struct zc_mpeer *p = &m->peers[i];
        zc_mreport_update(p);
        m->active |= p->in_round ||
                     (p->connected && zc_mpeer_next(p, now) < ACTIVE_NS);
    }
    st->heartbeat = now;
}

/* How long the thread may sleep. With the lock. */
static int64_t sleep_ns(struct zc_mirror *m, bool more, int64_t now)
{
    int64_t ns = m->active ? ACTIVE_NS : INT64_MAX;
    if (more)
        return 0;
    if (!m->w)
        return ZC_MIN(ns, ZC_MAX(m->root_at - now, 0));
    ns = ZC_MIN(ns, zc_watch_next_tick(m->w, now));
    return ZC_MIN(ns, zc_young_next(m, now));
}

/* One turn. Returns how long to sleep before the next. */
static int64_t turn(struct zc_mirror *m)
{
    zc_mirror_lock(m);
    bool more = work(m), went = m->gone;
    if (went)
        source_gone(m);
    int64_t now = zc_clock_ns();
    int64_t ns = zc_questions_answer(m, now);
    ns = ZC_MIN(ns, notify(m, now));
    update_status(m, now);
    ns = ZC_MIN(ns, sleep_ns(m, more, now));
    zc_mirror_unlock(m);
    if (went)
        interrupt_peers(m, true);
    zc_mreport_tell_mirror(m);
    return ns;
}

static void watch_until_stopped(struct zc_mirror *m)
{
    for (int64_t ns = 0;;) {
        /* The watcher is made and freed by this thread only. */
        struct pollfd f[] = {
            {.fd = m->w ? zc_watch_fd(m->w) : -1, .events = POLLIN},
            {.fd = m->opt->stop_fd, .events = POLLIN},
            {.fd = m->control_fd, .events = POLLIN},
            {.fd = m->wake, .events = POLLIN},
        };
        struct timespec ts = {ns / ZC_NSEC_PER_SEC, ns % ZC_NSEC_PER_SEC};
        (void)ppoll(f, ZC_ARRAY_LEN(f), ns == INT64_MAX ? NULL : &ts, NULL);
        if (f[1].revents)
            return;
        if (f[2].revents)
            zc_questions_read(m);
        if (f[3].revents)
            drain_wake(m->wake);
        ns = turn(m);
    }
}

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
    zc_mirror_lock(m);
    m->young.hurry = true;
    read_events(m, SETTLE_TURNS);
    while (m->ready && !m->gone && zc_watch_scanning(m->w) &&
           zc_clock_ns() < end)
        zc_watch_scan(m->w, SCAN_SLICE);
    if (m->w && !m->gone)
        zc_watch_flush(m->w);
    for (size_t i = 0; i < m->n_peers; i++)
        zc_dirty_barrier(m->peers[i].dirty, zc_clock_ns());
    atomic_store(&m->stopping, true);
    wake_all(m);
    zc_mirror_unlock(m);

    while (!all_ended(m)) {
        struct pollfd f = {.fd = m->wake, .events = POLLIN};
        if (zc_clock_ns() >= end)
            atomic_store(&m->hurry, true);
        interrupt_peers(m, atomic_load(&m->hurry));
        if (poll(&f, 1, STOP_POLL_MS) > 0)
            drain_wake(m->wake);
    }
}

static void no_op(int sig)
{
    (void)sig;
}

/* --- the beginning --- */

static int start_peer(struct zc_mirror *m, size_t i, struct zc_err *err)
{
    struct zc_mpeer *p = &m->peers[i];
    p->mirror = m;
    p->index = i;
    p->conf = &m->opt->peers[i];
    p->st = &m->st->peers[i];
    p->told = ~0U;
    p->push = m->opt->push;
    p->push.share = p->conf->share;
    p->push.path = p->conf->path;
    p->push.rounds = true;
    p->push.has_origin = true;
    zc_origin_id(m->opt->name, m->opt->push.src, p->conf->name, m->opt->unique,
                 p->push.origin);
    if (p->push.keep & ZC_KEEP_HARD_LINKS) {
        p->push.linked = zc_mhardlinks_listed;
        p->push.linked_arg = p;
        m->young.on = true;
    }
    p->events = (struct zc_events){
        .item = m->opt->item ? zc_mreport_item : NULL,
        .trouble = zc_mreport_trouble,
        .not_renamed = zc_mreport_not_renamed,
        .arg = p,
    };
    snprintf(p->st->name, sizeof p->st->name, "%s", p->conf->name);
    zc_peer_set_state(p->st, ZC_PEER_CONNECTING);
    pthread_mutex_init(&p->session_lock, NULL);
    p->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    p->dirty = zc_dirty_new(m->w, NULL);
    if (p->wake < 0 || !p->dirty)
        return zc_err_nomem(err);
    zc_dirty_all(p->dirty, zc_clock_ns());
    int eno = pthread_create(&p->thread, NULL, zc_mpeer_main, p);
    if (eno)
        return zc_err_set(err, ZC_EXIT_START, eno, "could not start a thread");
    p->started = true;
    return 0;
}

static int mirror_init(struct zc_mirror *m, const struct zc_mirror_options *opt,
                       struct zc_err *err)
{
    m->opt = opt;
    m->st = opt->status;
    m->control_fd = opt->control_fd;
    m->told = ~0U;
    m->wake = -1;
    TAILQ_INIT(&m->questions);
    zc_index_init(m);
    zc_young_init(m);
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
    m->peers = calloc(opt->n_peers, sizeof *m->peers);
    if (m->wake < 0 || !m->peers)
        return zc_err_nomem(err);
    m->w = open_watch(m, err);
    return m->w ? 0 : -1;
}

static void mirror_fini(struct zc_mirror *m)
{
    for (size_t i = 0; i < m->n_peers; i++) {
        struct zc_mpeer *p = &m->peers[i];
        if (p->started)
            pthread_join(p->thread, NULL);
        zc_dirty_free(p->dirty);
        zc_close(&p->wake);
        zc_vec_fini(&p->said);
        zc_vec_fini(&p->fresh);
        zc_vec_fini(&p->pending);
        zc_vec_fini(&p->scratch);
        pthread_mutex_destroy(&p->session_lock);
    }
    zc_questions_drop(m);
    zc_index_clear(m);
    zc_young_clear(m);
    zc_watch_free(m->w);
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
    zc_mirror_set_state(m.st, ZC_MIRROR_SCANNING);
    result = 0;
    for (size_t i = 0; i < opt->n_peers && result == 0; i++) {
        m.n_peers++;
        result = start_peer(&m, i, err);
        m.peers[i].ended = !m.peers[i].started;
    }
    zc_mirror_unlock(&m);
    if (result == 0)
        watch_until_stopped(&m);
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
