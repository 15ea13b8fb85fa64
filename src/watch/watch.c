// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The watcher as its owner sees it: start, stop, and what is to be done when;
 * see watch.h, and internal.h for the parts.
 */
#include "watch/watch.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "fs/mounts.h"
#include "fs/proctext.h"
#include "fs/rootdir.h"
#include "watch/backend.h"
#include "watch/events.h"
#include "watch/internal.h"
#include "watch/list.h"
#include "watch/look.h"
#include "watch/mounts.h"
#include "watch/places.h"
#include "watch/report.h"
#include "watch/settle.h"
#include "watch/todo.h"
#include "watch/tree.h"
#include "watch/way.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>

#define READ_SIZE ((size_t)64 << 10)
#define EVENT_MAX ((size_t)4 << 10) /* no event is longer */
#define AT_ONCE 256 /* new directories listed in the course of a read */
#define HURRY_NS ZC_NSEC_PER_SEC /* between rescans that are waited for */

/* --- start and end --- */

static int open_backend(struct zc_watch *w, int rootfd, enum zc_watch_kind kind,
                        struct zc_err *err)
{
    if (kind == ZC_WATCH_FANOTIFY)
        return zc_wfanotify_start(w, rootfd, err);
    w->may_switch = kind == ZC_WATCH_AUTO;
    return zc_winotify_start(w, err);
}

static int watch_root(struct zc_watch *w, int rootfd, struct zc_err *err)
{
    struct zc_wkey key;
    if (w->backend->identify(w, rootfd, true, &key)) {
        if (errno == ENOSPC)
            return zc_err_set(err, ZC_EXIT_FILEIO, errno,
                              "cannot watch %s, as this user has no watches "
                              "left (raise fs.inotify.max_user_watches with "
                              "sysctl(8))", w->root);
        if (errno == ENOENT && access("/proc/self/fd", F_OK))
            return zc_err_set(err, ZC_EXIT_FILEIO, errno,
                              "cannot watch %s, as /proc is not mounted",
                              w->root);
        return zc_err_set(err, ZC_EXIT_FILEIO, errno, "cannot watch %s",
                          w->root);
    }
    if (zc_wtree_set_key(w->tree, ZC_WDIR_ROOT, &key))
        return zc_err_nomem(err);
    w->look.n_keys = 1;
    return 0;
}

static int start(struct zc_watch *w, const struct zc_watch_options *opt,
                 struct zc_err *err)
{
    zc_auto_close int rootfd = zc_root_open(w->root, err);
    if (rootfd < 0 || zc_wroot_set(w, rootfd, err) ||
        open_backend(w, rootfd, opt->kind, err))
        return -1;
    int bad = watch_root(w, rootfd, err);
    if (bad && w->switching) { /* not even one watch is left */
        struct zc_err why;
        w->switching = w->may_switch = false;
        zc_close(&w->fd);
        bad = zc_wfanotify_start(w, rootfd, &why) ||
              watch_root(w, rootfd, &why);
    }
    if (bad)
        return -1;
    zc_wmounts_start(w, rootfd, opt->places);
    zc_wway_start(w);
    w->way.changed = true; /* maybe, before it was watched */
    struct zc_wjob *first = zc_wjob_new(w, true);
    if (!first)
        return zc_err_nomem(err);
    zc_wtodo_push(w, first, ZC_WDIR_ROOT, ZC_WTODO_LIST);
    zc_wjob_step(w, first);
    return w->rescan.starved ? zc_err_nomem(err) : 0;
}

struct zc_watch *zc_watch_new(const struct zc_watch_options *opt,
                              const struct zc_watch_events *events,
                              struct zc_err *err)
{
    struct zc_watch *w = calloc(1, sizeof *w);
    if (!w) {
        zc_err_nomem(err);
        return NULL;
    }
    w->ev = *events;
    w->fd = w->mounts.fd = -1;
    zc_wlook_init(w);
    zc_wway_init(w);
    w->one_file_system = opt->one_file_system;
    w->watch_max = opt->watch_max;
    w->rescan.every = (opt->rescan_s ? opt->rescan_s : 60) * ZC_NSEC_PER_SEC;
    if (opt->filter && !zc_filter_empty(opt->filter))
        w->filter = opt->filter;
    w->root = strdup(opt->root);
    w->tree = zc_wtree_new();
    w->buf = aligned_alloc(8, READ_SIZE);
    if (!w->root || !w->tree || !w->buf)
        zc_err_nomem(err);
    else if (start(w, opt, err) == 0)
        return w;
    zc_watch_free(w);
    return NULL;
}

void zc_watch_free(struct zc_watch *w)
{
    if (!w)
        return;
    zc_close(&w->fd);
    zc_wev_fini(w);
    zc_wlook_fini(w);
    zc_wtodo_fini(w);
    zc_wfanotify_fini(w);
    zc_wmounts_fini(w);
    zc_wway_fini(w);
    zc_buf_fini(&w->path);
    zc_wtree_free(w->tree);
    free(w->root);
    free(w->buf);
    free(w);
}

static bool queue_empty(const struct zc_watch *w)
{
    struct pollfd p = {.fd = w->fd, .events = POLLIN};
    return poll(&p, 1, 0) <= 0;
}

/* Finds out where the queue ends. */
static void queue_measure(struct zc_watch *w)
{
    int n = 0;
    if (ioctl(w->fd, FIONREAD, &n) || n < 0)
        n = 0;
    w->position.end = w->position.read + (unsigned)n;
    w->position.number++;
    w->position.wanted = false;
}

/* The end that was known may have been reached. */
static void queue_moved(struct zc_watch *w)
{
    if (w->position.wanted && w->position.read >= w->position.end)
        queue_measure(w);
}

/* The watches have run out: fanotify takes over, by a descriptor of the same
 * number, where it can. */
static void switch_over(struct zc_watch *w)
{
    struct zc_err err;
    const struct zc_wbackend *backend = w->backend;
    int old = w->fd;
    zc_auto_close int rootfd = zc_root_open(w->root, &err);
    w->switching = w->may_switch = false;
    if (rootfd < 0 || w->gone)
        return; /* soon to be noticed */
    zc_wclose(w);
    if (zc_wfanotify_start(w, rootfd, &err)) {
        zc_log(ZC_LOG_DEBUG, "%s", err.text);
        zc_close(&w->fd);
        w->fd = old;
        w->backend = backend;
        zc_wretry_unwatched(w, true); /* says how to raise the limit */
        return;
    }
    zc_log(ZC_LOG_INFO, "%s has more directories than inotify may watch; using "
           "fanotify", w->root);
    w->position.read = w->position.end; /* what is left is never read */
    if (dup3(w->fd, old, O_CLOEXEC) < 0) {
        zc_wgone(w, "out of file descriptors");
        return;
    }
    close(w->fd);
    w->fd = old;
    zc_wfanotify_fini(w);
    zc_wforget_keys(w);
    if (watch_root(w, rootfd, &err)) {
        zc_wgone(w, err.text);
        return;
    }
    zc_wway_restart(w);
    zc_wtodo_skip(w);
    zc_wdoubt_all(w);
}

/* The end of every call that works on the tree. */
static void leave(struct zc_watch *w)
{
    if (w->switching && !w->gone)
        switch_over(w);
    zc_wclose(w);
}

/* --- work --- */

bool zc_watch_scanning(const struct zc_watch *w)
{
    return !w->gone && (w->mounts.changed || w->way.changed || w->switching ||
                        w->todo.fresh.items.len || w->todo.bulk.items.len ||
                        zc_wunsettled(w));
}

bool zc_watch_scan(struct zc_watch *w, size_t n)
{
    size_t step;
    for (; n && zc_watch_scanning(w) && !w->switching; n -= step) {
        step = 1;
        if (w->mounts.changed)
            zc_wmounts_look(w);
        else if (w->way.changed)
            zc_wway_look(w);
        else if (w->todo.fresh.items.len)
            zc_wwork(w, &w->todo.fresh, step);
        else if (w->todo.bulk.items.len)
            zc_wwork(w, &w->todo.bulk, step = ZC_MIN(n, (size_t)64));
        else
            zc_wsettle(w);
    }
    leave(w);
    return !zc_watch_scanning(w);
}

void zc_watch_verify(struct zc_watch *w)
{
    if (!w->gone && !w->todo.rescan_job)
        zc_wdoubt_all(w);
}

void zc_watch_relist(struct zc_watch *w, zc_wdir dir)
{
    if (!w->gone)
        zc_wrelist(w, dir, true);
}

int zc_watch_fd(const struct zc_watch *w)
{
    return w->fd;
}

bool zc_watch_drained(const struct zc_watch *w)
{
    return queue_empty(w);
}

bool zc_watch_caught_up(const struct zc_watch *w)
{
    return queue_empty(w) && !zc_wev_waiting(w) && !w->todo.verify.len &&
           !w->todo.recheck.len && !w->mounts.changed && !w->way.changed;
}

int zc_watch_mounts_fd(const struct zc_watch *w)
{
    return w->mounts.fd;
}

void zc_watch_mounted(struct zc_watch *w)
{
    w->mounts.changed = true;
}

int zc_watch_way_fd(const struct zc_watch *w)
{
    return w->way.own;
}

void zc_watch_moved(struct zc_watch *w)
{
    w->way.changed = true;
}

void zc_watch_ask_mounts(struct zc_watch *w)
{
    if (zc_mounts_changed(w->mounts.fd))
        w->mounts.changed = true;
}

uint64_t zc_watch_queued(struct zc_watch *w)
{
    if (w->position.read < w->position.end) {
        w->position.wanted = true;
        return w->position.number + 1;
    }
    queue_measure(w);
    return w->position.number;
}

bool zc_watch_reached(const struct zc_watch *w, uint64_t position)
{
    const struct zc_wposition *q = &w->position;
    return w->gone || (!w->moves.holding &&
                       (q->number > position ||
                        (q->number == position && q->read >= q->end)));
}

bool zc_watch_read(struct zc_watch *w)
{
    if (w->gone)
        return false;
    ssize_t n = read(w->fd, w->buf, READ_SIZE);
    size_t got = n > 0 ? (size_t)n : 0;
    if (got)
        w->backend->events(w, got);
    queue_moved(w);
    zc_wwork(w, &w->todo.fresh, AT_ONCE);
    /* The rest of an exchange is next to its first half. */
    if (w->moves.holding && (w->moves.held_at != w->seen || queue_empty(w)))
        zc_wev_release(w);
    if (got + EVENT_MAX <= READ_SIZE) { /* there was no more */
        zc_wsettle(w);
        zc_wwork(w, &w->todo.fresh, AT_ONCE);
    }
    leave(w);
    return got > 0;
}

/* Something is looked at again at w->rescan.next. */
static bool rescans(const struct zc_watch *w)
{
    return w->look.n_unwatched || w->rescan.starved;
}

int64_t zc_watch_next_tick(const struct zc_watch *w, int64_t now)
{
    if (w->gone)
        return INT64_MAX;
    int64_t at = zc_wev_next(w);
    if (rescans(w))
        at = ZC_MIN(at, w->rescan.next);
    if (at == INT64_MAX)
        return at;
    return at > now ? at - now : 0;
}

void zc_watch_tick(struct zc_watch *w, int64_t now)
{
    if (w->gone)
        return;
    zc_wev_expire(w, now);
    if (rescans(w) && w->rescan.next <= now && !w->gone) {
        bool starved = w->rescan.starved;
        w->rescan.starved = false;
        w->rescan.last = now;
        w->rescan.count++;
        w->rescan.delay = ZC_MIN(2 * w->rescan.delay, w->rescan.every);
        zc_wretry_unwatched(w, true);
        if (starved) {
            w->mounts.changed = w->mounts.fd >= 0;
            zc_wdoubt_all(w);
        } else if (!w->look.n_unwatched) {
            w->rescan.delay = 0;
        }
    }
    zc_wwork(w, &w->todo.fresh, AT_ONCE);
    leave(w);
}

bool zc_watch_blind(const struct zc_watch *w, uint64_t rescans)
{
    return w->rescan.starved ||
           (w->look.n_unwatched && w->rescan.count <= rescans);
}

uint64_t zc_watch_rescans(const struct zc_watch *w)
{
    return w->rescan.count;
}

void zc_watch_hurry(struct zc_watch *w)
{
    w->rescan.next = ZC_MIN(w->rescan.next, w->rescan.last + HURRY_NS);
}

void zc_watch_flush(struct zc_watch *w)
{
    if (w->gone)
        return;
    zc_wev_release(w);
    zc_wev_expire(w, INT64_MAX);
    zc_wwork(w, &w->todo.fresh, AT_ONCE);
    leave(w);
}

/* --- questions --- */

const char *zc_watch_path(const struct zc_watch *w, zc_wdir dir,
                          struct zc_buf *out)
{
    return zc_wtree_path(w->tree, dir, out);
}

zc_wdir zc_watch_parent(const struct zc_watch *w, zc_wdir dir,
                        const char **name)
{
    return zc_wtree_parent(w->tree, dir, name);
}

zc_wdir zc_watch_child(const struct zc_watch *w, zc_wdir dir,
                       const char *name, size_t n)
{
    return zc_wtree_child(w->tree, dir, name, n);
}

bool zc_watch_root_ok(const struct zc_watch *w, struct zc_err *why)
{
    return zc_wroot_ok(w, why);
}

zc_wdir zc_watch_lookup(const struct zc_watch *w, const char *path)
{
    return zc_wtree_lookup(w->tree, path);
}

bool zc_watch_judges_anew(const struct zc_watch *w, const char *from,
                          const char *to)
{
    return w->filter && zc_filter_differs(w->filter, from, to);
}

struct zc_places *zc_watch_places(struct zc_watch *w)
{
    return zc_wplaces_table(w);
}

size_t zc_watch_places_gone(const struct zc_watch *w)
{
    return w->places.n_gone;
}

/* Whoever asks for figures does so at every turn, and that is no reason to open a
 * file: somebody may change the limit now and then. */
#define LIMIT_NS (10 * ZC_NSEC_PER_SEC)

static uint64_t read_limit(void)
{
    char text[32];
    uint64_t limit;
    zc_auto_close int fd = open("/proc/sys/fs/inotify/max_user_watches",
                                O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : zc_io_read(fd, text, sizeof text - 1);
    text[ZC_MAX(n, 0)] = '\0';
    return zc_proctext_number(text, &limit) ? limit : 0;
}

void zc_watch_get_stats(struct zc_watch *w, struct zc_watch_stats *stats)
{
    bool inotify = w->backend == &zc_wbackend_inotify;
    int64_t now = zc_clock_ns();
    if (inotify && (!w->limit_at || now - w->limit_at >= LIMIT_NS)) {
        w->limit = read_limit();
        w->limit_at = now;
    }
    *stats = (struct zc_watch_stats){
        .kind = inotify ? ZC_WATCH_INOTIFY : ZC_WATCH_FANOTIFY,
        .dirs = zc_wtree_count(w->tree),
        .watches = inotify ? w->look.n_keys : w->fan.marks.len,
        .limit = inotify ? w->limit : 0,
        .unwatched = w->look.n_unwatched,
        .events = w->events,
        .overflows = w->overflows,
    };
}
