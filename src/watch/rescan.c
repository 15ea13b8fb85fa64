// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Directories to be listed, and what is said when that is done.
 *
 * A directory is watched when it is looked at, and listed after that; what is
 * found in it is put into the same queue, for the same job:
 *
 *     event: d is new --> job, top d --> queue: d, d/a, d/b, d/a/x ...
 *                                          | the last one is done
 *                                          v
 *                                       changed(d, DEEP)
 *
 * There are two queues: the fresh one is for what events brought, the other for
 * the first scan and for the search after an overflow.
 */
#include "watch/internal.h"

#include "base/log.h"
#include "fs/meta.h"
#include "fs/rootdir.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#define READ_SIZE (32 * 1024)
#define SETTLE_TRIES 64

/* ---- Jobs ---------------------------------------------------------------- */

struct zc_wjob *zc_wjob_get(const struct zc_watch *w, uint32_t serial)
{
    return serial ? zc_map_get(&w->jobs, serial, 0) : NULL;
}

struct zc_wjob *zc_wjob_new(struct zc_watch *w, bool bulk)
{
    struct zc_wjob *job = calloc(1, sizeof *job);
    if (!job) {
        zc_wstarved(w, ENOMEM);
        return NULL;
    }
    do
        job->serial = ++w->last_job;
    while (!job->serial || zc_wjob_get(w, job->serial));
    job->bulk = bulk;
    job->left = 1; /* the caller's step */
    if (zc_map_put(&w->jobs, job->serial, 0, job)) {
        free(job);
        zc_wstarved(w, ENOMEM);
        return NULL;
    }
    return job;
}

void zc_wjob_top(struct zc_watch *w, struct zc_wjob *job, zc_wdir d,
                 bool doubt)
{
    struct zc_wtop top = {d, doubt};
    if (zc_vec_push(&job->tops, top))
        zc_wstarved(w, ENOMEM);
}

static void report_top(struct zc_watch *w, const struct zc_wtop *top)
{
    const char *name;
    if (!zc_wtree_has(w->tree, top->dir))
        return;
    if (top->doubt) {
        zc_wdoubt(w, top->dir);
        return;
    }
    zc_wdir parent = zc_wtree_parent(w->tree, top->dir, &name);
    zc_wreport(w, parent, name, strlen(name), ZC_CHANGE_NAME | ZC_CHANGE_DEEP);
}

void zc_wjob_step(struct zc_watch *w, struct zc_wjob *job)
{
    if (--job->left)
        return;
    zc_map_del(&w->jobs, job->serial, 0);
    for (size_t i = 0; i < job->tops.len && !w->gone; i++)
        report_top(w, &job->tops.v[i]);
    bool again = job->serial == w->rescan_job && w->rescan_again;
    if (job->serial == w->rescan_job) {
        w->rescan_job = 0;
        w->rescan_again = false;
    }
    zc_vec_fini(&job->tops);
    free(job);
    if (again)
        zc_wdoubt_all(w);
}

void zc_wtodo_push(struct zc_watch *w, struct zc_wjob *job, zc_wdir d,
                   unsigned flags)
{
    struct zc_wqueue *q = job->bulk ? &w->bulk : &w->fresh;
    struct zc_wtodo item = {d, job->serial, flags};
    if (zc_vec_push(&q->items, item)) {
        zc_wstarved(w, ENOMEM);
        return;
    }
    job->left++;
}

void zc_wdoubt_all(struct zc_watch *w)
{
    if (w->rescan_job) {
        w->rescan_again = true;
        return;
    }
    struct zc_wjob *job = zc_wjob_new(w, true);
    if (!job)
        return;
    w->rescan_job = job->serial;
    zc_wjob_top(w, job, ZC_WDIR_ROOT, true);
    zc_wtodo_push(w, job, ZC_WDIR_ROOT, ZC_WTODO_ALL);
    zc_wjob_step(w, job);
}

/* ---- Listing ------------------------------------------------------------- */

struct listing {
    struct zc_watch *w;
    struct zc_wjob *job;
    zc_wdir dir;
    int fd;
    unsigned flags;
};

static bool is_dir(const struct listing *l, const struct dirent64 *e)
{
    struct zc_stat st;
    if (e->d_type != DT_UNKNOWN)
        return e->d_type == DT_DIR;
    return !zc_stat_at(l->fd, e->d_name, &st) && S_ISDIR(st.mode);
}

static void add_child(struct listing *l, const struct dirent64 *e)
{
    struct zc_watch *w = l->w;
    const char *name = e->d_name;
    if (name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2])))
        return;
    size_t n = strlen(name);
    if (n > ZC_NAME_MAX || !is_dir(l, e) ||
        zc_wreserved(w, l->dir, name, n) || zc_whidden(w, l->dir, name, n))
        return;
    zc_wdir d = zc_wtree_child(w->tree, l->dir, name, n);
    unsigned flags = l->flags;
    if (d == ZC_WDIR_NONE)
        d = zc_wtree_add(w->tree, l->dir, name, n);
    else if (!(flags & ZC_WTODO_VERIFY))
        return; /* an event was faster, and saw to it */
    else if (!(flags & ZC_WTODO_DEEP))
        flags = 0;
    if (d == ZC_WDIR_NONE) {
        zc_wstarved(w, ENOMEM);
        return;
    }
    if (l->flags & ZC_WTODO_VERIFY)
        zc_wtree_set_flags(w->tree, d,
                           zc_wtree_flags(w->tree, d) | ZC_WDIR_SEEN);
    zc_wtodo_push(w, l->job, d, flags);
}

/* Known children that the list does not have are gone. */
static void sweep(struct listing *l, bool complete)
{
    struct zc_watch *w = l->w;
    zc_wdir next, d = zc_wtree_first(w->tree, l->dir);
    for (; d != ZC_WDIR_NONE; d = next) {
        uint8_t flags = zc_wtree_flags(w->tree, d);
        next = zc_wtree_next(w->tree, d);
        if (flags & ZC_WDIR_SEEN)
            zc_wtree_set_flags(w->tree, d, flags & (uint8_t)~ZC_WDIR_SEEN);
        else if (complete)
            zc_wdrop(w, d);
    }
}

void zc_wlist(struct zc_watch *w, struct zc_wjob *job, zc_wdir d, int fd,
              unsigned flags)
{
    struct listing l = {w, job, d, fd, flags};
    char room[READ_SIZE] __attribute__((aligned(8)));
    ssize_t got;
    zc_wtree_set_job(w->tree, d, job->serial);
    while ((got = getdents64(fd, room, sizeof room)) > 0) {
        const struct dirent64 *e;
        for (const char *p = room; p < room + got; p += e->d_reclen) {
            e = (const struct dirent64 *)(const void *)p;
            add_child(&l, e);
        }
    }
    if (flags & ZC_WTODO_VERIFY)
        sweep(&l, got == 0);
    if (got < 0 && errno != ENOENT) {
        zc_log(ZC_LOG_DEBUG, "cannot list a directory of %s: %s", w->root,
               strerror(errno));
        zc_wjob_top(w, job, d, true);
    }
}

void zc_wnew(struct zc_watch *w, zc_wdir d, int fd, bool doubt)
{
    struct zc_wjob *job = zc_wjob_new(w, false);
    if (job) {
        zc_wjob_top(w, job, d, doubt);
        zc_wlist(w, job, d, fd, ZC_WTODO_ALL);
        zc_wjob_step(w, job);
    }
    close(fd);
}

/* ---- Working through a queue --------------------------------------------- */

static void work_on_root(struct zc_watch *w, struct zc_wjob *job,
                         unsigned flags)
{
    int at = zc_wopen(w, ZC_WDIR_ROOT);
    zc_auto_close int fd = at < 0 ? -1 : zc_root_open_dir(at, "");
    if (fd >= 0)
        zc_wlist(w, job, ZC_WDIR_ROOT, fd, flags);
    else if (!w->gone)
        zc_wrecheck_later(w, ZC_WDIR_ROOT);
}

static void work_on(struct zc_watch *w, const struct zc_wtodo *item)
{
    struct zc_wjob *job = zc_wjob_get(w, item->job);
    struct zc_wlooked found;
    const char *at;
    if (item->dir == ZC_WDIR_ROOT) {
        work_on_root(w, job, item->flags);
        return;
    }
    zc_wdir parent = zc_wtree_parent(w->tree, item->dir, &at);
    if (parent == ZC_WDIR_NONE)
        return;
    char name[ZC_NAME_MAX + 1];
    size_t n = strlen(at);
    memcpy(name, at, n + 1);
    enum zc_wfound what = zc_wlook(w, parent, name, n, &found);
    unsigned flags = what == ZC_WFOUND_NEW ? item->flags | ZC_WTODO_ALL
                                           : item->flags;
    if (found.fd >= 0 && flags & ZC_WTODO_LIST)
        zc_wlist(w, job, found.dir, found.fd, flags);
    zc_close(&found.fd);
    if (what == ZC_WFOUND_STUCK && !w->gone)
        zc_wrecheck_later(w, parent);
}

bool zc_wwork(struct zc_watch *w, struct zc_wqueue *q, size_t n)
{
    for (; n && q->head < q->items.len && !w->gone; n--) {
        struct zc_wtodo item = q->items.v[q->head++];
        if (q->head >= 1024 && q->head > q->items.len / 2) {
            q->items.len -= q->head;
            memmove(q->items.v, q->items.v + q->head,
                    q->items.len * sizeof item);
            q->head = 0;
        }
        work_on(w, &item);
        zc_wjob_step(w, zc_wjob_get(w, item.job));
    }
    if (q->head == q->items.len) {
        zc_vec_fini(&q->items);
        q->head = 0;
    }
    return q->items.len > 0;
}

/* ---- What was put off ---------------------------------------------------- */

void zc_wverify_later(struct zc_watch *w, zc_wdir dir, const char *name,
                      size_t n)
{
    struct zc_wname item = {.dir = dir, .len = (uint8_t)n};
    memcpy(item.name, name, n);
    if (zc_vec_push(&w->verify, item))
        zc_wdoubt_all(w);
}

void zc_wrecheck_later(struct zc_watch *w, zc_wdir d)
{
    if (w->gone ||
        (w->recheck.len && w->recheck.v[w->recheck.len - 1] == d))
        return;
    if (zc_vec_push(&w->recheck, d))
        zc_wdoubt_all(w);
}

bool zc_wunsettled(const struct zc_watch *w)
{
    return w->verify.len || w->recheck.len || w->retry;
}

/* The topmost directory on the way to D that is not in its spot. NONE: D is,
 * or nothing can be said. */
static zc_wdir first_wrong(struct zc_watch *w, zc_wdir d)
{
    zc_wdir wrong = ZC_WDIR_NONE;
    /* One that is open stays so when those above it are moved away. */
    zc_close(&w->at_fd);
    w->at_dir = ZC_WDIR_NONE;
    while (d != ZC_WDIR_NONE && zc_wopen(w, d) < 0 && !w->gone) {
        wrong = d;
        d = zc_wtree_parent(w->tree, d, NULL);
    }
    return d == ZC_WDIR_NONE ? ZC_WDIR_NONE : wrong;
}

/* Something in D was to be looked at when D was not in its spot. */
static void recheck(struct zc_watch *w, zc_wdir d)
{
    for (int i = 0; i < SETTLE_TRIES && zc_wtree_has(w->tree, d); i++) {
        const char *at;
        char name[ZC_NAME_MAX + 1];
        zc_wdir wrong = first_wrong(w, d);
        if (w->gone || w->root_fd < 0)
            return; /* zc_wstarved has been called, or nothing helps */
        if (wrong == ZC_WDIR_NONE) {
            struct zc_wjob *job = zc_wjob_new(w, false);
            if (!job)
                return;
            zc_wjob_top(w, job, d, true);
            zc_wtodo_push(w, job, d, ZC_WTODO_ALL);
            zc_wjob_step(w, job);
            return;
        }
        zc_wdir parent = zc_wtree_parent(w->tree, wrong, &at);
        size_t n = strlen(at);
        memcpy(name, at, n + 1);
        zc_wcheck(w, parent, name, n, ZC_CHANGE_NAME);
    }
    if (zc_wtree_has(w->tree, d))
        zc_wstarved(w, EACCES); /* it cannot be opened, and is still watched */
}

void zc_wsettle(struct zc_watch *w)
{
    for (size_t i = 0; i < w->verify.len && !w->gone; i++) {
        struct zc_wname item = w->verify.v[i];
        if (zc_wtree_has(w->tree, item.dir))
            zc_wcheck(w, item.dir, item.name, item.len, 0);
    }
    zc_vec_fini(&w->verify);
    /* What is put off again waits for the next time. */
    zc_auto_free zc_wdir *again = w->recheck.v;
    size_t n = w->recheck.len;
    memset(&w->recheck, 0, sizeof w->recheck);
    for (size_t i = 0; i < n && !w->gone; i++)
        recheck(w, again[i]);
    if (w->retry && !w->gone)
        zc_wretry_unwatched(w, false);
}
