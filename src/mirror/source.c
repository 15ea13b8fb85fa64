// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The thread that watches the source; see source.h.
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
 * second), a rename or a rescan waits, the time has come to compare everything,
 * or the source is gone.
 */
#include "mirror/source.h"

#include "base/clock.h"
#include "mirror/compare.h"
#include "mirror/dirty.h"
#include "mirror/ghosts.h"
#include "mirror/gone.h"
#include "mirror/index.h"
#include "mirror/mounts.h"
#include "mirror/overtake.h"
#include "mirror/peer.h"
#include "mirror/questions.h"
#include "mirror/report.h"
#include "mirror/verify.h"
#include "mirror/search.h"
#include "mirror/young.h"
#include "session/source.h"

#include <poll.h>
#include <sys/stat.h>

#define SCAN_SLICE 200  /* directories */
#define READ_TURNS 16   /* of some 64 KiB, before others are looked after */
#define SETTLE_TURNS 64 /* more, when somebody waits for it */
#define ACTIVE_NS ZC_NSEC_PER_SEC
#define FULL_NS (ZC_NSEC_PER_SEC / 4) /* while everything is compared */
#define ROOT_NS ZC_NSEC_PER_SEC
/* Who sleeps longer than this had nothing to read when it began to, and what there
 * is now has come just now. */
#define RESTED_NS (ZC_DIRTY_SEEN_NS + ZC_NSEC_PER_SEC / 10)
/* What a peer's thread is about to wait for has to be ended when it does. */
#define HURRY_NS (ZC_NSEC_PER_SEC / 20)

/* Finds those idle peers for which something is due, for wake_due, and wakes what
 * overtakes a busy one. Returns how long until something becomes due for a peer
 * that sleeps longer: most names become due sooner than was said when they were
 * marked (the file is closed), so a peer is not woken just to set its clock. With
 * the lock. */
static int64_t notify(struct zc_mirror *m, int64_t now)
{
    int64_t later = INT64_MAX;
    for (size_t i = 0; i < m->n_peers; i++) {
        struct zc_mpeer *p = &m->peers[i];
        int64_t late = zc_overtake_next(p, now);
        if (late == 0)
            zc_overtake_ask(p);
        else
            later = ZC_MIN(later, late);
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
        p->due = true;
    }
    return later;
}

/* Not with the lock, which is the first thing that they want. */
static void wake_due(struct zc_mirror *m)
{
    for (size_t i = 0; i < m->n_peers; i++) {
        if (m->peers[i].due)
            zc_mirror_wake(m->peers[i].wake);
        m->peers[i].due = false;
    }
}

/* Lets others have the lock. */
static void let_others(struct zc_mirror *m)
{
    zc_mirror_unlock(m);
    wake_due(m);
    zc_mirror_lock(m);
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
        zc_gone_changed(&m->peers[i], dir, name, n, what, now);
    zc_mirror_mark(m, dir, name, n, mark, now);
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
    for (size_t i = 0; i < m->n_peers; i++) {
        zc_gone_renamed(&m->peers[i], from, from_name, from_n, now);
        zc_dirty_renamed(m->peers[i].dirty, from, from_name, from_n, to,
                         to_name, to_n, is_dir, now);
    }
    for (size_t i = 0; i < m->n_peers && moved != ZC_WDIR_NONE; i++)
        zc_dirty_tree(m->peers[i].dirty, moved, true, now);
    if (!is_dir)
        zc_index_renamed(m, from, from_name, from_n, to, to_name, to_n, now);
}

static void on_doubt(void *arg, zc_wdir dir)
{
    struct zc_mirror *m = arg;
    int64_t now = zc_clock_ns();
    for (size_t i = 0; i < m->n_peers; i++) {
        if (dir == ZC_WDIR_ROOT)
            zc_gone_inherit(&m->peers[i], now);
        zc_dirty_tree(m->peers[i].dirty, dir, false, now);
    }
    if (dir == ZC_WDIR_ROOT)
        zc_mcompare_doubt(m);
}

static void on_removed(void *arg, zc_wdir dir)
{
    struct zc_mirror *m = arg;
    zc_young_dir_moved(m->young);
    for (size_t i = 0; i < m->n_peers; i++) {
        zc_gone_removed(&m->peers[i], dir);
        zc_dirty_removed(m->peers[i].dirty, dir);
    }
}

static void on_gone(void *arg, const char *why)
{
    struct zc_mirror *m = arg;
    m->gone = true;
    zc_err_set(&m->why, ZC_EXIT_SELECT, 0, "%s", why);
}

static void on_places(void *arg)
{
    zc_mmounts_changed(arg);
}

/* --- the source comes and goes --- */

int zc_msource_open(struct zc_mirror *m, struct zc_err *err)
{
    const struct zc_mirror_options *o = m->opt;
    if (zc_source_required(o->push.src, &o->push.require, err))
        return -1;
    const struct zc_watch_options opt = {
        .root = o->push.src,
        .kind = o->watch,
        .filter = o->push.filter,
        .one_file_system = o->push.one_file_system,
        .rescan_s = o->rescan_s,
        .places = m->places,
    };
    const struct zc_watch_events events = {
        on_changed, on_renamed, on_doubt, on_removed, on_gone, on_places, m,
    };
    m->w = zc_watch_new(&opt, &events, err);
    if (!m->w)
        return -1;
    zc_mmounts_opened(m);
    return 0;
}

/* What comes back may be anything, and not what was released. */
static void peer_lacks_source(struct zc_mpeer *p)
{
    zc_gone_forget(p);
    zc_dirty_rebase(p->dirty, NULL);
    p->release = false;
}

/* With the lock: nothing more is sent until the source is back. */
static void source_gone(struct zc_mirror *m)
{
    zc_mmounts_closing(m);
    zc_watch_free(m->w);
    m->w = NULL;
    m->ready = m->gone = m->settled = false;
    m->generation++;
    m->root_at = zc_clock_ns(); /* something else may be there already */
    zc_index_clear(m->index);
    zc_young_clear(m->young);
    zc_ghosts_clear(m);
    for (size_t i = 0; i < m->n_peers; i++)
        peer_lacks_source(&m->peers[i]);
    zc_mirror_set_text(m->st, m->why.text);
    zc_mirror_set_state(m->st, ZC_MIRROR_GONE);
    zc_mirror_wake_peers(m);
}

void zc_msource_missing(struct zc_mirror *m, const struct zc_err *why)
{
    m->why = *why;
    source_gone(m);
}

/* With the lock: is there a directory again? Any will do: if it is not the one
 * that went, the receivers' brake decides. But one that comes to light when a
 * file system is unmounted is not what is meant. */
static void look_for_root(struct zc_mirror *m)
{
    struct stat st;
    struct zc_err err;
    m->root_at = zc_clock_ns() + ROOT_NS;
    if (stat(m->opt->push.src, &st) || !S_ISDIR(st.st_mode))
        return;
    if (zc_mmounts_is_uncovered(m, &err)) {
        zc_mirror_set_text(m->st, err.text);
        return;
    }
    m->gone = false;
    if (zc_msource_open(m, &err)) {
        zc_mirror_set_text(m->st, err.text);
        return;
    }
    for (size_t i = 0; i < m->n_peers; i++)
        zc_dirty_rebase(m->peers[i].dirty, m->w);
    zc_mreport_unmounted(m);
    zc_mirror_set_state(m->st, ZC_MIRROR_SCANNING);
    zc_mirror_wake_peers(m);
}

/* --- the watch thread --- */

/* Reads events, and lets others have the lock in between. True when the queue
 * was seen empty. */
static bool read_events(struct zc_mirror *m, int turns)
{
    bool drained = false;
    for (int i = 0; i < turns && !drained && m->w && !m->gone; i++) {
        zc_search_told(m);
        zc_young_begin(m);
        zc_watch_read(m->w);
        /* Few names are looked at first: to get in the way of a peer that has
         * just been woken costs more. */
        bool few = zc_young_few(m);
        if (few)
            zc_young_look(m);
        notify(m, zc_clock_ns());
        let_others(m);
        if (!few)
            zc_young_look(m);
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
    zc_mreport_source(m);
    zc_mcompare_begin(m, zc_clock_ns());
    zc_mirror_set_state(m->st, ZC_MIRROR_WATCHING);
    zc_mirror_wake_peers(m);
}

static void caught_up(struct zc_mirror *m)
{
    int64_t now = zc_clock_ns();
    for (size_t i = 0; i < m->n_peers; i++)
        zc_dirty_caught_up(m->peers[i].dirty, now);
}

/* What was read late was told late: peers may have nothing to do and be behind
 * until it is. */
static void set_settled(struct zc_mirror *m, bool settled)
{
    if (settled && !m->settled)
        zc_mirror_wake_peers(m);
    m->settled = settled;
}

/* With the lock: all that there is to be done. RESTED: it slept for long before.
 * True when there is more. */
static bool work(struct zc_mirror *m, bool rested)
{
    if (rested && m->settled)
        caught_up(m);
    if (!m->w && zc_clock_ns() >= m->root_at)
        look_for_root(m);
    bool asked = zc_questions_pin(m);
    bool drained = read_events(m, asked ? SETTLE_TURNS : READ_TURNS);
    if (m->w && !m->gone)
        zc_watch_tick(m->w, zc_clock_ns());
    if (m->w && !m->gone)
        zc_mcompare_tick(m, zc_clock_ns());
    if (m->w && !m->gone)
        scan_on(m);
    if (asked && m->w && !m->gone)
        zc_questions_flush(m);
    if (!m->w || m->gone)
        return false;
    bool all_read = drained && zc_watch_caught_up(m->w);
    if (all_read)
        caught_up(m);
    set_settled(m, all_read && !zc_watch_scanning(m->w));
    return !drained || !m->ready || zc_watch_scanning(m->w) ||
           zc_young_next(m, zc_clock_ns()) == 0;
}

static void update_status(struct zc_mirror *m, int64_t now)
{
    struct zc_mirror_status *st = m->st;
    struct zc_watch_stats s;
    if (m->w) {
        if (m->n_unmounted)
            zc_mmounts_name(m);
        zc_watch_get_stats(m->w, &s);
        st->watch_kind = s.kind;
        st->dirs = s.dirs;
        st->watches = s.watches;
        st->watch_limit = s.limit;
        st->unwatched = s.unwatched;
        st->events = s.events;
        st->overflows = s.overflows;
    }
    m->active_ns = 0;
    for (size_t i = 0; i < m->n_peers; i++) {
        struct zc_mpeer *p = &m->peers[i];
        zc_mreport_update(p);
        if (p->full)
            m->active_ns = FULL_NS;
        else if (!m->active_ns &&
                 (p->in_round ||
                  (p->connected && zc_mpeer_next(p, now) < ACTIVE_NS)))
            m->active_ns = ACTIVE_NS;
    }
    st->heartbeat = now;
}

/* How long the thread may sleep. With the lock. */
static int64_t sleep_ns(struct zc_mirror *m, bool more, int64_t now)
{
    int64_t ns = m->active_ns ? m->active_ns : INT64_MAX;
    if (more)
        return 0;
    if (!m->w)
        return ZC_MIN(ns, ZC_MAX(m->root_at - now, 0));
    ns = ZC_MIN(ns, zc_watch_next_tick(m->w, now));
    ns = ZC_MIN(ns, zc_mcompare_next(m, now));
    return ZC_MIN(ns, zc_young_next(m, now));
}

/* One turn; MOUNTED: the kernel says that something was mounted or unmounted;
 * MOVED: what leads to the source was renamed; RESTED: it slept for long before.
 * Returns how long to sleep before the next. */
static int64_t turn(struct zc_mirror *m, bool mounted, bool moved, bool rested)
{
    zc_mirror_lock(m);
    if (mounted && m->w)
        zc_watch_mounted(m->w);
    if (moved && m->w)
        zc_watch_moved(m->w);
    bool more = work(m, rested), went = m->gone;
    if (went)
        source_gone(m);
    int64_t now = zc_clock_ns();
    int64_t ns = zc_questions_answer(m, now);
    ns = ZC_MIN(ns, notify(m, now));
    update_status(m, now);
    ns = ZC_MIN(ns, sleep_ns(m, more, now));
    bool holding = zc_mpeers_holding(m);
    if (holding)
        ns = ZC_MIN(ns, HURRY_NS);
    zc_mirror_unlock(m);
    wake_due(m);
    if (went) {
        zc_mpeers_interrupt(m, true);
        zc_mverify_interrupt(m, NULL);
    }
    if (holding)
        zc_mpeers_hurry(m);
    zc_mreport_tell_mirror(m);
    return ns;
}

void zc_msource_watch(struct zc_mirror *m)
{
    for (int64_t ns = 0;;) {
        /* The watcher is made and freed by this thread only. */
        struct pollfd f[] = {
            {.fd = m->w ? zc_watch_fd(m->w) : -1, .events = POLLIN},
            {.fd = m->opt->stop_fd, .events = POLLIN},
            {.fd = zc_questions_fd(m->questions), .events = POLLIN},
            {.fd = m->wake, .events = POLLIN},
            {.fd = m->w ? zc_watch_mounts_fd(m->w) : -1, .events = POLLPRI},
            {.fd = m->w ? zc_watch_way_fd(m->w) : -1, .events = POLLIN},
        };
        struct timespec ts = {ns / ZC_NSEC_PER_SEC, ns % ZC_NSEC_PER_SEC};
        int64_t since = zc_clock_ns();
        (void)ppoll(f, ZC_ARRAY_LEN(f), ns == INT64_MAX ? NULL : &ts, NULL);
        bool rested = zc_clock_ns() - since >= RESTED_NS;
        if (f[1].revents)
            return;
        if (f[2].revents)
            zc_questions_read(m);
        if (f[3].revents)
            zc_mirror_woken(m->wake);
        ns = turn(m, f[4].revents, f[5].revents, rested);
    }
}

void zc_msource_finish(struct zc_mirror *m, int64_t end)
{
    zc_young_hurry(m->young);
    read_events(m, SETTLE_TURNS);
    while (m->ready && !m->gone && zc_watch_scanning(m->w) &&
           zc_clock_ns() < end)
        zc_watch_scan(m->w, SCAN_SLICE);
    if (m->w && !m->gone)
        zc_watch_flush(m->w);
}
