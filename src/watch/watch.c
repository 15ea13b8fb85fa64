// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The watcher as its owner sees it: start, stop, and what is to be done when;
 * see watch.h, and internal.h for the parts.
 */
#include "watch/internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "fs/meta.h"
#include "fs/rootdir.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define READ_SIZE ((size_t)64 << 10)
#define EVENT_MAX ((size_t)4 << 10) /* no event is longer */
#define AT_ONCE 256 /* new directories listed in the course of a read */

/* ---- What is told -------------------------------------------------------- */

void zc_wgone(struct zc_watch *w, const char *why)
{
    if (w->gone)
        return;
    w->gone = true;
    if (w->ev.gone)
        w->ev.gone(w->ev.arg, why);
}

void zc_wreport(struct zc_watch *w, zc_wdir dir, const char *name, size_t n,
                unsigned what)
{
    if (what & ZC_CHANGE_DATA)
        what &= ~(unsigned)ZC_CHANGE_WRITING;
    if (w->ev.changed && !w->gone)
        w->ev.changed(w->ev.arg, dir, name, n, what);
}

void zc_wdoubt(struct zc_watch *w, zc_wdir d)
{
    if (w->ev.in_doubt && !w->gone)
        w->ev.in_doubt(w->ev.arg, d);
}

void zc_wstarved(struct zc_watch *w, int eno)
{
    if (w->starved)
        return;
    w->starved = true;
    w->next_rescan = zc_clock_ns() + w->rescan_ns;
    zc_log(ZC_LOG_WARN, "could not watch all of %s: %s; trying again in %lld "
           "seconds", w->root, strerror(eno),
           (long long)(w->rescan_ns / ZC_NSEC_PER_SEC));
}

/* ---- Start and end ------------------------------------------------------- */

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
    w->n_keys = 1;
    return 0;
}

/* When the directory was made, as far as the file system tells. */
static int64_t btime_ns(const struct statx *st)
{
    if (!(st->stx_mask & STATX_BTIME))
        return 0;
    return st->stx_btime.tv_sec * ZC_NSEC_PER_SEC + st->stx_btime.tv_nsec;
}

static int start(struct zc_watch *w, const struct zc_watch_options *opt,
                 struct zc_err *err)
{
    struct zc_stat st;
    struct statx stx;
    zc_auto_close int rootfd = zc_root_open(w->root, false, NULL, err);
    if (rootfd < 0)
        return -1;
    if (zc_stat_at(rootfd, "", &st) ||
        statx(rootfd, "", AT_EMPTY_PATH, STATX_BTIME, &stx))
        return zc_err_set(err, ZC_EXIT_SELECT, errno, "cannot look at %s",
                          w->root);
    w->root_dev = st.dev;
    w->root_ino = st.ino;
    w->root_mnt = st.mnt_id;
    w->root_btime = btime_ns(&stx);
    if (open_backend(w, rootfd, opt->kind, err))
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
    struct zc_wjob *first = zc_wjob_new(w, true);
    if (!first)
        return zc_err_nomem(err);
    zc_wtodo_push(w, first, ZC_WDIR_ROOT, ZC_WTODO_LIST);
    zc_wjob_step(w, first);
    return w->starved ? zc_err_nomem(err) : 0;
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
    w->fd = w->root_fd = w->at_fd = -1;
    w->one_file_system = opt->one_file_system;
    w->watch_max = opt->watch_max;
    w->rescan_ns = (opt->rescan_s ? opt->rescan_s : 60) * ZC_NSEC_PER_SEC;
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
    size_t at = 0;
    struct zc_map_slot *slot;
    while ((slot = zc_map_next(&w->jobs, &at))) {
        struct zc_wjob *job = slot->value;
        zc_vec_fini(&job->tops);
        free(job);
    }
    zc_map_fini(&w->jobs);
    zc_wclose(w);
    zc_close(&w->fd);
    zc_vec_fini(&w->fresh.items);
    zc_vec_fini(&w->bulk.items);
    zc_vec_fini(&w->halves);
    zc_vec_fini(&w->verify);
    zc_vec_fini(&w->recheck);
    zc_vec_fini(&w->unwatched);
    zc_vec_fini(&w->marks);
    zc_buf_fini(&w->path);
    zc_wtree_free(w->tree);
    free(w->root);
    free(w->buf);
    free(w);
}

/* What is in the kernel's queue, in its units: see w->position. */
static size_t waiting(const struct zc_watch *w)
{
    int n = 0;
    return ioctl(w->fd, FIONREAD, &n) || n < 0 ? 0 : (size_t)n;
}

static void empty_queue(struct zc_watch *w, struct zc_wqueue *q)
{
    while (q->head < q->items.len)
        zc_wjob_step(w, zc_wjob_get(w, q->items.v[q->head++].job));
    zc_vec_fini(&q->items);
    q->head = 0;
}

/* The watches have run out: fanotify takes over, by a descriptor of the same
 * number, where it can. */
static void switch_over(struct zc_watch *w)
{
    struct zc_err err;
    const struct zc_wbackend *backend = w->backend;
    int old = w->fd;
    zc_auto_close int rootfd = zc_root_open(w->root, false, NULL, &err);
    w->switching = w->may_switch = false;
    if (rootfd < 0 || w->gone)
        return; /* soon to be noticed */
    zc_wclose(w);
    size_t unread = waiting(w);
    if (zc_wfanotify_start(w, rootfd, &err)) {
        zc_log(ZC_LOG_DEBUG, "%s", err.text);
        zc_close(&w->fd);
        w->fd = old;
        w->backend = backend;
        zc_wretry_unwatched(w, true); /* which says what to do about it */
        return;
    }
    zc_log(ZC_LOG_INFO, "%s has more directories than inotify may watch; using "
           "fanotify", w->root);
    w->position += unread; /* never to be read */
    if (dup3(w->fd, old, O_CLOEXEC) < 0) {
        zc_wgone(w, "out of file descriptors");
        return;
    }
    close(w->fd);
    w->fd = old;
    zc_vec_fini(&w->marks);
    zc_wtree_clear_keys(w->tree);
    w->n_keys = 0;
    if (watch_root(w, rootfd, &err)) {
        zc_wgone(w, err.text);
        return;
    }
    empty_queue(w, &w->fresh);
    empty_queue(w, &w->bulk);
    zc_wdoubt_all(w);
}

/* The end of every call that works on the tree. */
static void leave(struct zc_watch *w)
{
    if (w->switching && !w->gone)
        switch_over(w);
    zc_wclose(w);
}

/* ---- Work ---------------------------------------------------------------- */

bool zc_watch_scanning(const struct zc_watch *w)
{
    return !w->gone && (w->switching || w->fresh.items.len ||
                        w->bulk.items.len || zc_wunsettled(w));
}

bool zc_watch_scan(struct zc_watch *w, size_t n)
{
    size_t step;
    for (; n && zc_watch_scanning(w) && !w->switching; n -= step) {
        step = 1;
        if (w->fresh.items.len)
            zc_wwork(w, &w->fresh, step);
        else if (w->bulk.items.len)
            zc_wwork(w, &w->bulk, step = ZC_MIN(n, (size_t)64));
        else
            zc_wsettle(w);
    }
    leave(w);
    return !zc_watch_scanning(w);
}

int zc_watch_fd(const struct zc_watch *w)
{
    return w->fd;
}

bool zc_watch_drained(const struct zc_watch *w)
{
    return !waiting(w);
}

bool zc_watch_caught_up(const struct zc_watch *w)
{
    return !waiting(w) && !w->halves.len && !w->holding && !w->verify.len &&
           !w->recheck.len;
}

uint64_t zc_watch_queued(const struct zc_watch *w)
{
    return w->position + waiting(w);
}

bool zc_watch_reached(const struct zc_watch *w, uint64_t position)
{
    return w->gone || (w->position >= position && !w->holding);
}

bool zc_watch_read(struct zc_watch *w)
{
    if (w->gone)
        return false;
    ssize_t n = read(w->fd, w->buf, READ_SIZE);
    size_t got = n > 0 ? (size_t)n : 0;
    if (got)
        w->backend->events(w, got);
    zc_wwork(w, &w->fresh, AT_ONCE);
    /* The rest of an exchange is next to its first half. */
    if (w->holding && (w->held_at != w->seen || !waiting(w)))
        zc_wev_release(w);
    if (got + EVENT_MAX <= READ_SIZE) { /* there was no more */
        zc_wsettle(w);
        zc_wwork(w, &w->fresh, AT_ONCE);
    }
    leave(w);
    return got > 0;
}

int64_t zc_watch_next_tick(const struct zc_watch *w, int64_t now)
{
    int64_t at = INT64_MAX;
    if (w->gone)
        return at;
    if (w->halves.len)
        at = w->halves.v[0].until;
    if ((w->n_unwatched || w->starved) && w->next_rescan < at)
        at = w->next_rescan;
    if (at == INT64_MAX)
        return at;
    return at > now ? at - now : 0;
}

void zc_watch_tick(struct zc_watch *w, int64_t now)
{
    if (w->gone)
        return;
    zc_wev_expire(w, now);
    if ((w->n_unwatched || w->starved) && w->next_rescan <= now && !w->gone) {
        bool starved = w->starved;
        w->starved = false;
        zc_wretry_unwatched(w, true);
        if (starved)
            zc_wdoubt_all(w);
    }
    zc_wwork(w, &w->fresh, AT_ONCE);
    leave(w);
}

void zc_watch_flush(struct zc_watch *w)
{
    if (w->gone)
        return;
    zc_wev_release(w);
    zc_wev_expire(w, INT64_MAX);
    zc_wwork(w, &w->fresh, AT_ONCE);
    leave(w);
}

bool zc_watch_root_ok(const struct zc_watch *w, struct zc_err *why)
{
    struct statx st;
    if (statx(AT_FDCWD, w->root, AT_NO_AUTOMOUNT, STATX_BASIC_STATS |
              STATX_BTIME | STATX_MNT_ID, &st)) {
        zc_err_set(why, ZC_EXIT_SELECT, errno, "cannot look at %s", w->root);
        return false;
    }
    if (!S_ISDIR(st.stx_mode)) {
        zc_err_set(why, ZC_EXIT_SELECT, 0, "%s is not a directory any more",
                   w->root);
        return false;
    }
    if (makedev(st.stx_dev_major, st.stx_dev_minor) != w->root_dev ||
        st.stx_ino != w->root_ino || btime_ns(&st) != w->root_btime ||
        (st.stx_mask & STATX_MNT_ID && w->root_mnt &&
         st.stx_mnt_id != w->root_mnt)) {
        zc_err_set(why, ZC_EXIT_SELECT, 0,
                   "%s is not the directory any more that it was at the start",
                   w->root);
        return false;
    }
    return true;
}

/* ---- Questions ----------------------------------------------------------- */

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

zc_wdir zc_watch_lookup(const struct zc_watch *w, const char *path)
{
    return zc_wtree_lookup(w->tree, path);
}

static uint64_t read_limit(void)
{
    unsigned long long limit = 0;
    FILE *f = fopen("/proc/sys/fs/inotify/max_user_watches", "re");
    if (f) {
        if (fscanf(f, "%llu", &limit) != 1)
            limit = 0;
        fclose(f);
    }
    return limit;
}

void zc_watch_get_stats(const struct zc_watch *w, struct zc_watch_stats *stats)
{
    bool inotify = w->backend->kind == ZC_WATCH_INOTIFY;
    *stats = (struct zc_watch_stats){
        .kind = w->backend->kind,
        .dirs = zc_wtree_count(w->tree),
        .watches = inotify ? w->n_keys : w->marks.len,
        .limit = inotify ? read_limit() : 0,
        .unwatched = w->n_unwatched,
        .events = w->events,
        .overflows = w->overflows,
    };
}
