// SPDX-License-Identifier: GPL-2.0-or-later
/* Groups of new versions, synced together; see commit.h. */
#include "receiver/commit.h"

#include "base/clock.h"
#include "base/fds.h"
#include "fs/cached.h"
#include "receiver/behind.h"
#include "receiver/core.h"
#include "receiver/ledger.h"
#include "receiver/queue.h"
#include "receiver/shelf.h"
#include "receiver/volumes.h"

/* A group is synced when it is this big, or this old, or the line is quiet. */
#define GROUP_ITEMS 2000
#define GROUP_BYTES ((uint64_t)512 << 20)
#define GROUP_AGE_NS (1500 * 1000000LL)
#define QUIET_NS (10 * 1000000LL)
#define QUIET_ROUND_NS (1000000LL) /* where a mirror waits for it */

/* Up to so many files are synced one by one. */
#define FSYNC_MAX 16

void zc_commits_init(struct zc_commits *c)
{
    *c = (struct zc_commits){0};
    STAILQ_INIT(&c->group);
    c->keep_open = zc_fds_part(FSYNC_MAX, 16);
}

static void free_group(struct zc_commit_group *group)
{
    struct zc_commit *c;
    while ((c = STAILQ_FIRST(group))) {
        STAILQ_REMOVE_HEAD(group, next);
        zc_close(&c->fd);
        free(c);
    }
}

void zc_commits_free(struct zc_commits *c)
{
    free_group(&c->group);
}

/* Closes C's file, names it and frees it. ENO: its bytes are not safe. */
static void name_one(struct zc_rworker *w, struct zc_commit *c, int eno)
{
    unsigned op = eno ? ZC_OP_SYNC : ZC_OP_WRITE;
    if (c->fd >= 0 && close(c->fd) && !eno)
        eno = errno; /* some file systems find out only now */
    c->name(w, c, op, eno);
    free(c);
}

static void join_group(struct zc_receiver *r, struct zc_commit *c)
{
    struct zc_commits *all = r->commits;
    pthread_mutex_lock(&r->lock);
    if (all->n >= all->keep_open)
        zc_close(&c->fd);
    if (!all->n)
        all->since = zc_clock_ns();
    STAILQ_INSERT_TAIL(&all->group, c, next);
    all->n++;
    all->bytes += c->size;
    pthread_cond_broadcast(&r->wake.commit);
    pthread_mutex_unlock(&r->lock);
}

bool zc_commit_delays(const struct zc_receiver *r)
{
    return r->apply & ZC_APPLY_DELAY;
}

bool zc_commit_gathers(const struct zc_receiver *r)
{
    return r->fsync == ZC_FSYNC_BATCH || zc_commit_delays(r);
}

/* With --drop-cache the file goes out of memory while it is open. */
static int put_out(const struct zc_receiver *r, const struct zc_commit *c)
{
    return r->apply & ZC_APPLY_DROP_CACHE && c->fd >= 0
               ? zc_cached_forget(c->fd)
               : 0;
}

void zc_commit_alone(struct zc_rworker *w, struct zc_commit *c)
{
    int eno = 0;
    if (put_out(w->r, c) ||
        (zc_receiver_syncs_first(w->r) && c->fd >= 0 && fsync(c->fd)))
        eno = errno;
    zc_behind_named(w->r);
    name_one(w, c, eno);
}

void zc_commit(struct zc_rworker *w, struct zc_commit *c)
{
    struct zc_receiver *r = w->r;
    if (!zc_commit_gathers(r))
        zc_commit_alone(w, c);
    else if (put_out(r, c))
        name_one(w, c, errno);
    else
        join_group(r, c);
}

/* --- groups --- */

/* Every byte of the group onto the disk. 0 or errno. */
static int sync_group(struct zc_receiver *r,
                      const struct zc_commit_group *group)
{
    const struct zc_commit *c;
    bool few = true;
    zc_behind_named(r);
    if (!zc_receiver_syncs_first(r))
        return 0;
    STAILQ_FOREACH(c, group, next)
        few = few && c->fd >= 0;
    if (!few) {
        atomic_store(&r->done.need_syncfs, true);
        return zc_volumes_syncfs(r);
    }
    STAILQ_FOREACH(c, group, next)
        if (fsync(c->fd))
            return errno;
    return 0;
}

/* Is it time? *WAIT: how long to sleep otherwise. With the lock held. */
static bool group_ready(struct zc_receiver *r, int64_t *wait)
{
    const struct zc_commits *all = r->commits;
    *wait = ZC_CLOCK_FOREVER;
    if (!all->n)
        return false;
    if (zc_commit_delays(r)) /* or where that takes too much */
        return all->now || zc_shelves_many(r) ||
               r->ledger->open > ZC_PENDING_MAX / 2;
    int64_t quiet_ns = r->flags & ZC_OPEN_ROUNDS ? QUIET_ROUND_NS : QUIET_NS;
    int64_t now = zc_clock_ns();
    bool quiet = zc_queue_idle(r) &&
                 now - atomic_load(&r->last_input) > quiet_ns;
    *wait = quiet_ns / 2;
    return all->now || quiet || zc_shelves_many(r) || all->n >= GROUP_ITEMS ||
           all->bytes >= GROUP_BYTES || now - all->since >= GROUP_AGE_NS;
}

static void name_group(struct zc_rworker *w, struct zc_commit_group *group,
                       int eno)
{
    struct zc_commit *c;
    while ((c = STAILQ_FIRST(group))) {
        STAILQ_REMOVE_HEAD(group, next);
        name_one(w, c, eno);
        if (w->results.len >= 1024)
            zc_rworker_flush(w);
    }
    zc_rworker_flush(w);
}

/* Syncs and names what has gathered. With the lock held, but for that. */
static void run_group(struct zc_rworker *w)
{
    struct zc_receiver *r = w->r;
    struct zc_commits *all = r->commits;
    struct zc_commit_group group = STAILQ_HEAD_INITIALIZER(group);
    STAILQ_CONCAT(&group, &all->group);
    all->n = 0;
    all->bytes = 0;
    all->running = true;
    pthread_mutex_unlock(&r->lock);
    int eno = sync_group(r, &group);
    if (eno) {
        pthread_mutex_lock(&r->lock);
        all->sync_eno = eno;
        pthread_mutex_unlock(&r->lock);
    }
    name_group(w, &group, eno);
    pthread_mutex_lock(&r->lock);
    all->running = false;
    pthread_cond_broadcast(&r->wake.committed);
}

void *zc_commit_thread(void *receiver)
{
    struct zc_rworker w = {.r = receiver};
    struct zc_receiver *r = receiver;
    pthread_mutex_lock(&r->lock);
    while (!r->stopping) {
        int64_t wait;
        if (group_ready(r, &wait)) {
            run_group(&w);
            continue;
        }
        zc_clock_cond_wait(&r->wake.commit, &r->lock, wait);
    }
    pthread_cond_broadcast(&r->wake.committed);
    pthread_mutex_unlock(&r->lock);
    zc_rworker_fini(&w);
    return NULL;
}

void zc_commit_drain(struct zc_receiver *r)
{
    struct zc_commits *all = r->commits;
    pthread_mutex_lock(&r->lock);
    all->now = true;
    if (all->n)
        pthread_cond_broadcast(&r->wake.commit);
    while (!r->stopping && (all->n || all->running))
        pthread_cond_wait(&r->wake.committed, &r->lock);
    pthread_mutex_unlock(&r->lock);
}

void zc_commits_next_round(struct zc_receiver *r)
{
    r->commits->now = false;
    r->commits->sync_eno = 0;
}
