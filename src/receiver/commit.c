// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From the staging folder to the name.
 *
 * A name must not be seen, not even after a power cut, before its bytes are on
 * the disk: some file systems write the rename first and the bytes later. So
 * with fsync=batch new versions gather here; now and then all of them are
 * synced together (a few by fsync, many by one syncfs) and then renamed
 * together. With fsync=file each is synced and renamed by itself, with
 * fsync=none renamed at once.
 */
#include "base/clock.h"
#include "fs/remove.h"
#include "fs/rootdir.h"
#include "receiver/core.h"
#include "receiver/place.h"
#include "receiver/queue.h"
#include "receiver/volumes.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* A group is synced when it is this big, or this old, or the line is quiet. */
#define GROUP_ITEMS 2000
#define GROUP_BYTES ((uint64_t)512 << 20)
#define GROUP_AGE_NS (1500 * 1000000LL)
#define QUIET_NS (10 * 1000000LL)
#define QUIET_ROUND_NS (1000000LL) /* where a mirror waits for it */

/* Up to so many files are synced one by one. */
#define FSYNC_MAX 16


/* C's bytes are safe, as far as was asked for: its name. ENO: they are not. */
static void commit_one(struct zc_rworker *w, struct zc_rcommit *c, int eno)
{
    struct zc_receiver *r = w->r;
    unsigned op = eno ? ZC_OP_SYNC : ZC_OP_WRITE;
    if (c->fd >= 0 && close(c->fd) && !eno)
        eno = errno; /* some file systems find out only now */
    c->fd = -1;
    if (c->is_dir && eno) {
        zc_rworker_note(w, c->dir->spot.node, "", op, S_IFDIR, eno);
        zc_rdir_drop(w, c->dir);
        return;
    }
    if (c->is_dir) {
        zc_rdir_put_in_place(w, c->dir);
        return;
    }
    if (!eno && zc_place(w, &c->dir->spot, c->tmp, c->name, &op))
        eno = errno;
    if (!eno && r->fsync == ZC_FSYNC_FILE)
        zc_place_sync(r, &c->dir->spot);
    if (eno) {
        zc_place_discard(&c->dir->spot, c->tmp);
    } else {
        atomic_fetch_add(&r->created, 1);
    }
    if (c->linked)
        zc_hardlink_settle(w, c->link_dev, c->link_ino, c->dir, c->name, !eno);
    zc_entry_done(w, c->dir, c->list, c->ref,
                  eno ? ZC_STATUS_FAILED : ZC_STATUS_OK, eno ? op : 0, eno);
}

/* --- groups -------------------------------------------------------------- */

static void enqueue(struct zc_rworker *w, const struct zc_rcommit *c)
{
    struct zc_receiver *r = w->r;
    struct zc_rcommit *copy = malloc(sizeof *copy);
    if (!copy) {
        struct zc_err err;
        zc_err_nomem(&err);
        zc_receiver_fail(r, &err);
        return;
    }
    *copy = *c;
    copy->next = NULL;
    pthread_mutex_lock(&r->lock);
    if (r->n_commits >= FSYNC_MAX)
        zc_close(&copy->fd);
    if (!r->n_commits)
        r->commit_since = zc_clock_ns();
    *r->commits_end = copy;
    r->commits_end = &copy->next;
    r->n_commits++;
    r->commit_bytes += copy->size;
    pthread_cond_broadcast(&r->wake.commit);
    pthread_mutex_unlock(&r->lock);
}

void zc_commit(struct zc_rworker *w, const struct zc_rcommit *c)
{
    struct zc_receiver *r = w->r;
    if (r->fsync == ZC_FSYNC_BATCH) {
        enqueue(w, c);
        return;
    }
    struct zc_rcommit copy = *c;
    int eno = 0;
    if (r->fsync == ZC_FSYNC_FILE && copy.fd >= 0 && fsync(copy.fd))
        eno = errno;
    commit_one(w, &copy, eno);
}

/* Every byte of the group onto the disk. 0 or errno. */
static int sync_group(struct zc_receiver *r, struct zc_rcommit *group)
{
    bool few = true;
    for (struct zc_rcommit *c = group; c; c = c->next)
        few = few && c->fd >= 0;
    for (struct zc_rcommit *c = group; few && c; c = c->next)
        if (fsync(c->fd))
            return errno;
    if (few)
        return 0;
    atomic_store(&r->need_syncfs, true);
    return zc_volumes_syncfs(r);
}

/* Is it time? *WAIT: how long to sleep otherwise. With the lock held. */
static bool group_ready(struct zc_receiver *r, int64_t *wait)
{
    *wait = ZC_CLOCK_FOREVER;
    if (!r->n_commits)
        return false;
    int64_t quiet_ns = r->flags & ZC_OPEN_ROUNDS ? QUIET_ROUND_NS : QUIET_NS;
    int64_t now = zc_clock_ns();
    bool quiet = zc_queue_idle(r) &&
                 now - atomic_load(&r->last_input) > quiet_ns;
    *wait = quiet_ns / 2;
    return r->commit_now || quiet || r->n_commits >= GROUP_ITEMS ||
           r->commit_bytes >= GROUP_BYTES ||
           now - r->commit_since >= GROUP_AGE_NS;
}

/* Syncs and names what has gathered. With the lock held; lets go of it. */
static void run_group(struct zc_rworker *w)
{
    struct zc_receiver *r = w->r;
    struct zc_rcommit *group = r->commits;
    r->commits = NULL;
    r->commits_end = &r->commits;
    r->n_commits = 0;
    r->commit_bytes = 0;
    r->commits_running++;
    pthread_mutex_unlock(&r->lock);
    int eno = sync_group(r, group);
    if (eno) {
        pthread_mutex_lock(&r->lock);
        r->sync_eno = eno;
        pthread_mutex_unlock(&r->lock);
    }
    while (group) {
        struct zc_rcommit *next = group->next;
        commit_one(w, group, eno);
        free(group);
        group = next;
        if (w->results.len >= 1024)
            zc_rworker_flush(w);
    }
    zc_rworker_flush(w);
    pthread_mutex_lock(&r->lock);
    r->commits_running--;
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
    zc_buf_fini(&w.out);
    zc_buf_fini(&w.path);
    zc_buf_fini(&w.scratch);
    zc_vec_fini(&w.results);
    return NULL;
}

void zc_commit_drain(struct zc_receiver *r)
{
    pthread_mutex_lock(&r->lock);
    r->commit_now = true;
    pthread_cond_broadcast(&r->wake.commit);
    while (!r->stopping && (r->n_commits || r->commits_running))
        pthread_cond_wait(&r->wake.committed, &r->lock);
    pthread_mutex_unlock(&r->lock);
}
