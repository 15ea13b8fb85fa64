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

void zc_live_lock(struct zc_live *l)
{
    pthread_mutex_lock(&l->gate);
    pthread_mutex_lock(&l->lock);
    pthread_mutex_unlock(&l->gate);
}

void zc_live_unlock(struct zc_live *l)
{
    pthread_mutex_unlock(&l->lock);
}

void zc_live_wake(int fd)
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
static int64_t notify(struct zc_live *l, int64_t now)
{
    int64_t later = INT64_MAX;
    for (size_t i = 0; i < l->n_peers; i++) {
        struct zc_lpeer *p = &l->peers[i];
        if (!p->waiting)
            continue;
        int64_t next = zc_lpeer_next(p, now);
        if (next == INT64_MAX || now + next >= p->wake_at)
            continue;
        if (next) {
            later = ZC_MIN(later, next);
            continue;
        }
        p->wake_at = now;
        zc_live_wake(p->wake);
    }
    return later;
}

static void wake_all(struct zc_live *l)
{
    for (size_t i = 0; i < l->n_peers; i++)
        zc_live_wake(l->peers[i].wake);
}

/* --- what the watcher reports; with the lock held --- */

static void on_changed(void *arg, zc_wdir dir, const char *name, size_t n,
                       unsigned what)
{
    struct zc_live *l = arg;
    int64_t now = zc_clock_ns();
    unsigned mark = what & ~(unsigned)(ZC_CHANGE_MADE | ZC_CHANGE_GONE);
    if (what & ZC_CHANGE_MADE && !(what & ZC_CHANGE_DATA))
        mark |= ZC_CHANGE_WRITING;
    zc_lyoung_changed(l, dir, name, n, what);
    for (size_t i = 0; i < l->n_peers; i++)
        zc_dirty_mark(l->peers[i].dirty, dir, name, n, mark, now);
    zc_lindex_changed(l, dir, name, n, what, now);
}

static void on_renamed(void *arg, zc_wdir from, const char *from_name,
                       size_t from_n, zc_wdir to, const char *to_name,
                       size_t to_n, bool is_dir)
{
    struct zc_live *l = arg;
    int64_t now = zc_clock_ns();
    bool missed = is_dir && zc_lwalk_disturbed(l);
    zc_wdir moved = missed ? zc_watch_child(l->w, to, to_name, to_n)
                           : ZC_WDIR_NONE;
    zc_lyoung_renamed(l, from, from_name, from_n, to, to_name, to_n, is_dir);
    for (size_t i = 0; i < l->n_peers; i++)
        zc_dirty_renamed(l->peers[i].dirty, from, from_name, from_n, to,
                         to_name, to_n, is_dir, now);
    for (size_t i = 0; i < l->n_peers && moved != ZC_WDIR_NONE; i++)
        zc_dirty_tree(l->peers[i].dirty, moved, now);
    if (!is_dir)
        zc_lindex_renamed(l, from, from_name, from_n, to, to_name, to_n, now);
}

static void on_doubt(void *arg, zc_wdir dir)
{
    struct zc_live *l = arg;
    int64_t now = zc_clock_ns();
    for (size_t i = 0; i < l->n_peers; i++)
        zc_dirty_tree(l->peers[i].dirty, dir, now);
}

static void on_removed(void *arg, zc_wdir dir)
{
    struct zc_live *l = arg;
    l->young.moves++;
    for (size_t i = 0; i < l->n_peers; i++)
        zc_dirty_removed(l->peers[i].dirty, dir);
}

static void on_gone(void *arg, const char *why)
{
    struct zc_live *l = arg;
    l->gone = true;
    zc_err_set(&l->why, ZC_EXIT_SELECT, 0, "%s", why);
}

/* --- the source comes and goes --- */

static struct zc_watch *open_watch(struct zc_live *l, struct zc_err *err)
{
    const struct zc_live_options *o = l->opt;
    const struct zc_watch_options opt = {
        .root = o->push.src,
        .kind = o->watch,
        .filter = o->push.filter,
        .one_file_system = o->push.one_file_system,
        .rescan_s = o->rescan_s,
    };
    const struct zc_watch_events events = {
        on_changed, on_renamed, on_doubt, on_removed, on_gone, l,
    };
    return zc_watch_new(&opt, &events, err);
}

/* With the lock: nothing more is sent until the source is back. */
static void source_gone(struct zc_live *l)
{
    zc_watch_free(l->w);
    l->w = NULL;
    l->ready = l->gone = false;
    l->generation++;
    l->root_at = zc_clock_ns() + ROOT_NS;
    zc_llinks_clear(l);
    zc_lyoung_clear(l);
    l->ghosts.walked = l->ghosts.seen;
    for (size_t i = 0; i < l->n_peers; i++)
        zc_dirty_rebase(l->peers[i].dirty, NULL);
    zc_mirror_set_text(l->st, l->why.text);
    zc_mirror_set_state(l->st, ZC_MIRROR_GONE);
    wake_all(l);
}

/* With the lock: is there a directory again? Whatever it is: if it is not what
 * it was, the receivers' brake decides. */
static void look_for_root(struct zc_live *l)
{
    struct stat st;
    struct zc_err err;
    l->root_at = zc_clock_ns() + ROOT_NS;
    if (stat(l->opt->push.src, &st) || !S_ISDIR(st.st_mode))
        return;
    l->gone = false;
    l->w = open_watch(l, &err);
    if (!l->w) {
        zc_mirror_set_text(l->st, err.text);
        return;
    }
    for (size_t i = 0; i < l->n_peers; i++)
        zc_dirty_rebase(l->peers[i].dirty, l->w);
    zc_mirror_set_text(l->st, "");
    zc_mirror_set_state(l->st, ZC_MIRROR_SCANNING);
    wake_all(l);
}

static void interrupt_peers(struct zc_live *l, bool busy)
{
    for (size_t i = 0; i < l->n_peers; i++)
        zc_lpeer_interrupt(&l->peers[i], busy);
}

/* --- the watch thread --- */

/* Reads events, and lets others have the lock in between. True when the queue
 * was seen empty. */
static bool read_events(struct zc_live *l, int turns)
{
    bool drained = false;
    for (int i = 0; i < turns && !drained && l->w && !l->gone; i++) {
        if (i) {
            zc_live_unlock(l);
            zc_live_lock(l);
        }
        zc_lyoung_begin(l);
        zc_watch_read(l->w);
        /* Few names are looked at first: to get in the way of a peer that has
         * just been woken costs more. */
        bool few = zc_lyoung_few(l);
        if (few)
            drained = zc_lyoung_end(l);
        notify(l, zc_clock_ns());
        if (!few)
            drained = zc_lyoung_end(l);
    }
    return drained;
}

static void scan_on(struct zc_live *l)
{
    if (!zc_watch_scanning(l->w) && l->ready)
        return;
    if (!zc_watch_scan(l->w, SCAN_SLICE) || l->ready || l->gone)
        return;
    l->ready = true;
    zc_mirror_set_state(l->st, ZC_MIRROR_WATCHING);
    wake_all(l);
}

/* With the lock: all that there is to be done. True when there is more. */
static bool work(struct zc_live *l)
{
    if (!l->w && zc_clock_ns() >= l->root_at)
        look_for_root(l);
    bool asked = zc_live_place_requests(l);
    bool drained = read_events(l, asked ? SETTLE_TURNS : READ_TURNS);
    if (l->w && !l->gone)
        zc_watch_tick(l->w, zc_clock_ns());
    if (l->w && !l->gone)
        scan_on(l);
    if (asked && l->w && !l->gone)
        zc_live_flush_for_requests(l);
    if (!l->w || l->gone)
        return false;
    if (drained && zc_watch_caught_up(l->w))
        for (size_t i = 0; i < l->n_peers; i++)
            zc_dirty_caught_up(l->peers[i].dirty, zc_clock_ns());
    return !drained || !l->ready || zc_watch_scanning(l->w) ||
           zc_lyoung_next(l, zc_clock_ns()) == 0;
}

static void update_status(struct zc_live *l, int64_t now)
{
    struct zc_mirror_status *st = l->st;
    struct zc_watch_stats s;
    if (l->w) {
        zc_watch_get_stats(l->w, &s);
        st->watch_kind = s.kind;
        st->dirs = s.dirs;
        st->watches = s.watches;
        st->watch_limit = s.limit;
        st->unwatched = s.unwatched;
        st->events = s.events;
        st->overflows = s.overflows;
    }
    l->active = false;
    for (size_t i = 0; i < l->n_peers; i++) {
        struct zc_lpeer *p = &l->peers[i];
        zc_lpeer_update(p);
        l->active |= p->in_round ||
                     (p->connected && zc_lpeer_next(p, now) < ACTIVE_NS);
    }
    st->heartbeat = now;
}

/* How long the thread may sleep. With the lock. */
static int64_t sleep_ns(struct zc_live *l, bool more, int64_t now)
{
    int64_t ns = l->active ? ACTIVE_NS : INT64_MAX;
    if (more)
        return 0;
    if (!l->w)
        return ZC_MIN(ns, ZC_MAX(l->root_at - now, 0));
    ns = ZC_MIN(ns, zc_watch_next_tick(l->w, now));
    return ZC_MIN(ns, zc_lyoung_next(l, now));
}

/* One turn. Returns how long to sleep before the next. */
static int64_t turn(struct zc_live *l)
{
    zc_live_lock(l);
    bool more = work(l), went = l->gone;
    if (went)
        source_gone(l);
    int64_t now = zc_clock_ns();
    int64_t ns = zc_live_answer_requests(l, now);
    ns = ZC_MIN(ns, notify(l, now));
    update_status(l, now);
    ns = ZC_MIN(ns, sleep_ns(l, more, now));
    zc_live_unlock(l);
    if (went)
        interrupt_peers(l, true);
    zc_live_tell(l);
    return ns;
}

static void watch_until_stopped(struct zc_live *l)
{
    for (int64_t ns = 0;;) {
        /* The watcher is made and freed by this thread only. */
        struct pollfd f[] = {
            {.fd = l->w ? zc_watch_fd(l->w) : -1, .events = POLLIN},
            {.fd = l->opt->stop_fd, .events = POLLIN},
            {.fd = l->control_fd, .events = POLLIN},
            {.fd = l->wake, .events = POLLIN},
        };
        struct timespec ts = {ns / ZC_NSEC_PER_SEC, ns % ZC_NSEC_PER_SEC};
        (void)ppoll(f, ZC_ARRAY_LEN(f), ns == INT64_MAX ? NULL : &ts, NULL);
        if (f[1].revents)
            return;
        if (f[2].revents)
            zc_live_read_requests(l);
        if (f[3].revents)
            drain_wake(l->wake);
        ns = turn(l);
    }
}

/* --- the end --- */

static bool all_ended(struct zc_live *l)
{
    bool ended = true;
    zc_live_lock(l);
    for (size_t i = 0; i < l->n_peers; i++)
        ended &= l->peers[i].ended;
    zc_live_unlock(l);
    return ended;
}

/* Peers that are connected get what is due; those that are not are not waited
 * for. */
static void drain(struct zc_live *l)
{
    int64_t end = zc_clock_ns() + (int64_t)l->opt->drain_s * ZC_NSEC_PER_SEC;
    zc_live_lock(l);
    l->young.hurry = true;
    read_events(l, SETTLE_TURNS);
    while (l->ready && !l->gone && zc_watch_scanning(l->w) &&
           zc_clock_ns() < end)
        zc_watch_scan(l->w, SCAN_SLICE);
    if (l->w && !l->gone)
        zc_watch_flush(l->w);
    for (size_t i = 0; i < l->n_peers; i++)
        zc_dirty_barrier(l->peers[i].dirty, zc_clock_ns());
    atomic_store(&l->stopping, true);
    wake_all(l);
    zc_live_unlock(l);

    while (!all_ended(l)) {
        struct pollfd f = {.fd = l->wake, .events = POLLIN};
        if (zc_clock_ns() >= end)
            atomic_store(&l->hurry, true);
        interrupt_peers(l, atomic_load(&l->hurry));
        if (poll(&f, 1, STOP_POLL_MS) > 0)
            drain_wake(l->wake);
    }
}

static void no_op(int sig)
{
    (void)sig;
}

/* --- the beginning --- */

static int start_peer(struct zc_live *l, size_t i, struct zc_err *err)
{
    struct zc_lpeer *p = &l->peers[i];
    p->live = l;
    p->index = i;
    p->conf = &l->opt->peers[i];
    p->st = &l->st->peers[i];
    p->told = ~0U;
    p->push = l->opt->push;
    p->push.share = p->conf->share;
    p->push.path = p->conf->path;
    p->push.rounds = true;
    p->push.has_origin = true;
    zc_origin_id(l->opt->name, l->opt->push.src, p->conf->name, l->opt->unique,
                 p->push.origin);
    if (p->push.keep & ZC_KEEP_HARD_LINKS) {
        p->push.linked = zc_llinks_report;
        p->push.linked_arg = p;
        l->young.on = true;
    }
    p->events = (struct zc_events){
        .item = l->opt->item ? zc_lpeer_on_item : NULL,
        .trouble = zc_lpeer_on_trouble,
        .not_renamed = zc_lpeer_on_not_renamed,
        .arg = p,
    };
    snprintf(p->st->name, sizeof p->st->name, "%s", p->conf->name);
    zc_peer_set_state(p->st, ZC_PEER_CONNECTING);
    pthread_mutex_init(&p->session_lock, NULL);
    p->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    p->dirty = zc_dirty_new(l->w, NULL);
    if (p->wake < 0 || !p->dirty)
        return zc_err_nomem(err);
    zc_dirty_all(p->dirty, zc_clock_ns());
    int eno = pthread_create(&p->thread, NULL, zc_lpeer_main, p);
    if (eno)
        return zc_err_set(err, ZC_EXIT_START, eno, "could not start a thread");
    p->started = true;
    return 0;
}

static int live_init(struct zc_live *l, const struct zc_live_options *opt,
                     struct zc_err *err)
{
    l->opt = opt;
    l->st = opt->status;
    l->control_fd = opt->control_fd;
    l->told = ~0U;
    l->wake = -1;
    pthread_mutex_init(&l->gate, NULL);
    pthread_mutex_init(&l->lock, NULL);
    pthread_mutex_init(&l->report_lock, NULL);
    if (opt->n_peers == 0 || opt->n_peers > ZC_STATUS_PEERS_MAX)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "a mirror has 1 to %d destinations",
                          ZC_STATUS_PEERS_MAX);
    snprintf(l->st->name, sizeof l->st->name, "%s", opt->name);
    snprintf(l->st->source, sizeof l->st->source, "%s", opt->push.src);
    l->st->n_peers = (uint32_t)opt->n_peers;
    zc_mirror_set_state(l->st, ZC_MIRROR_STARTING);
    l->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    l->peers = calloc(opt->n_peers, sizeof *l->peers);
    if (l->wake < 0 || !l->peers)
        return zc_err_nomem(err);
    l->w = open_watch(l, err);
    return l->w ? 0 : -1;
}

static void live_fini(struct zc_live *l)
{
    for (size_t i = 0; i < l->n_peers; i++) {
        struct zc_lpeer *p = &l->peers[i];
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
    zc_live_drop_requests(l);
    zc_llinks_clear(l);
    zc_lyoung_clear(l);
    zc_watch_free(l->w);
    free(l->peers);
    zc_close(&l->wake);
    pthread_mutex_destroy(&l->report_lock);
    pthread_mutex_destroy(&l->lock);
    pthread_mutex_destroy(&l->gate);
}

int zc_live_run(const struct zc_live_options *opt, struct zc_err *err)
{
    struct sigaction urg = {.sa_handler = no_op}, old_urg;
    struct zc_live l;
    int result = -1;

    memset(&l, 0, sizeof l);
    sigaction(SIGURG, &urg, &old_urg);
    if (live_init(&l, opt, err))
        goto out;
    zc_live_lock(&l);
    zc_mirror_set_state(l.st, ZC_MIRROR_SCANNING);
    result = 0;
    for (size_t i = 0; i < opt->n_peers && result == 0; i++) {
        l.n_peers++;
        result = start_peer(&l, i, err);
        l.peers[i].ended = !l.peers[i].started;
    }
    zc_live_unlock(&l);
    if (result == 0)
        watch_until_stopped(&l);
    drain(&l);
    for (size_t i = 0; i < l.n_peers && result == 0; i++)
        zc_lpeer_left_behind(&l.peers[i]);
    zc_mirror_set_state(l.st, ZC_MIRROR_STOPPED);
    zc_live_tell(&l);
out:
    live_fini(&l);
    sigaction(SIGURG, &old_urg, NULL);
    return result;
}
