// SPDX-License-Identifier: GPL-2.0-or-later
/* Names first, the disk behind them; see behind.h. */
#include "receiver/behind.h"

#include "base/clock.h"
#include "base/log.h"
#include "receiver/core.h"
#include "receiver/volumes.h"
#include "tree/names.h"

#include <string.h>

/* A sync follows the first change after so long, or when it is quiet. */
#define SYNC_NS ZC_NSEC_PER_SEC
#define QUIET_NS (100 * INT64_C(1000000))

/* What is left alone, or written into, cannot be told from what broke. */
#define APPLY_NOT                                                            \
    (ZC_APPLY_INPLACE | ZC_APPLY_APPEND | ZC_APPLY_IGNORE_EXISTING |         \
     ZC_APPLY_ONLY_DELETE)

void zc_behind_init(struct zc_behind *b)
{
    pthread_condattr_t monotonic;
    *b = (struct zc_behind){.since = INT64_MAX};
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&b->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&b->lock, NULL);
    pthread_mutex_init(&b->sync_lock, NULL);
}

void zc_behind_fini(struct zc_behind *b)
{
    zc_unsynced_end(b->mark, false);
    zc_unsynced_left_fini(&b->left);
    pthread_cond_destroy(&b->wake);
    pthread_mutex_destroy(&b->lock);
    pthread_mutex_destroy(&b->sync_lock);
}

/* --- what others have left --- */

static void tell_left(const struct zc_receiver *r)
{
    const struct zc_behind *b = r->behind;
    bool crashed = false;
    for (size_t i = 0; i < b->left.dead.len; i++)
        crashed |= memcmp(b->left.dead.v[i].mark.boot, r->terms.host_id,
                          ZC_UNSYNCED_ID_SIZE) != 0;
    zc_log(crashed ? ZC_LOG_WARN : ZC_LOG_INFO,
           "%s before everything was on stable storage: files that were "
           "written last are compared by content",
           crashed ? "this host went down" : "an earlier session broke off");
}

/* What L puts in doubt is, from now on. */
static void doubt(struct zc_receiver *r, const struct zc_unsynced_left *l)
{
    struct zc_behind *b = r->behind;
    int64_t at = ZC_MIN(l->since.s, INT64_MAX / ZC_NSEC_PER_SEC - 1) *
                     ZC_NSEC_PER_SEC + l->since.ns;
    int64_t was = atomic_load(&b->since);
    if (l->alive)
        atomic_store(&b->alive, true);
    if (!l->doubts)
        return;
    while (at < was && !atomic_compare_exchange_weak(&b->since, &was, at))
        ;
    atomic_store(&r->doubts, true);
}

void zc_behind_begin(struct zc_receiver *r)
{
    struct zc_behind *b = r->behind;
    if (r->root_fd >= 0)
        zc_unsynced_look(r->root_fd, false, !r->dry, &b->left);
    zc_unsynced_merge(&b->left, &r->terms.unsynced);
    doubt(r, &b->left);
    if (b->left.dead.len && !r->dry)
        tell_left(r);
    if (r->fsync != ZC_FSYNC_BEHIND)
        return;
    b->on = r->flags & ZC_OPEN_ROUNDS && !r->dry && !(r->apply & APPLY_NOT) &&
            r->root_fd >= 0 && zc_unsynced_possible(r->root_fd);
    if (!b->on)
        r->fsync = ZC_FSYNC_BATCH;
}

void zc_behind_meet(struct zc_receiver *r, int dirfd,
                    const struct zc_names *names)
{
    struct zc_unsynced_left met = {0};
    if (names && zc_names_find(names, ZC_STAGING_NAME) == names->len)
        return;
    zc_unsynced_look(dirfd, true, false, &met);
    doubt(r, &met);
    zc_unsynced_left_fini(&met);
}

/* Files elsewhere below the root may have coarser times, or those of another
 * clock. */
bool zc_behind_doubts(const struct zc_receiver *r, const struct zc_volume *v,
                      const struct zc_stat *st)
{
    if (!atomic_load(&r->doubts))
        return false;
    int64_t since = atomic_load(&r->behind->since);
    int64_t s = since / ZC_NSEC_PER_SEC, ns = since % ZC_NSEC_PER_SEC;
    if (SLIST_NEXT(v, next)) /* not the root's */
        return v->careful || st->ctime_s >= s - 2;
    return st->ctime_s > s || (st->ctime_s == s && st->ctime_ns >= ns);
}

bool zc_behind_others(struct zc_receiver *r)
{
    const struct zc_behind *b = r->behind;
    return atomic_load(&r->doubts) || atomic_load(&b->alive) ||
           (r->root_fd >= 0 && zc_unsynced_any(r->root_fd));
}

void zc_behind_proved(struct zc_receiver *r)
{
    if (!atomic_load(&r->doubts))
        return;
    atomic_store(&r->behind->proved, true);
    zc_behind_changed(r);
}

/* Who deletes what the source does not have has met all there is. */
static bool has_met_all(const struct zc_receiver *r)
{
    const struct zc_msg_open *m = &r->terms.open;
    return r->flags & ZC_OPEN_DELETE && !m->filter.n && !m->only.n &&
           !(m->flags & ZC_OPEN_SINGLE_FILE) && !(m->walk & ZC_WALK_SIZES) &&
           !m->one_file_system && !(r->apply & APPLY_NOT);
}

/* All is durable that was there when PROVED was read. */
static void clear(struct zc_receiver *r, bool proved)
{
    struct zc_behind *b = r->behind;
    const uint8_t *writer = r->terms.open.writer;
    if (!proved || !atomic_exchange(&r->doubts, false))
        return;
    atomic_store(&b->proved, false); /* of what is met from now on */
    size_t n = zc_unsynced_clear(r->root_fd, has_met_all(r) ? NULL : writer,
                                 &b->left);
    zc_staging_drop(r->root_fd);
    if (n)
        zc_log(ZC_LOG_INFO, "%zu markers of other sessions that broke off stay "
               "in " ZC_STAGING_NAME "/" ZC_UNSYNCED, n);
}

void zc_behind_settle(struct zc_receiver *r)
{
    clear(r, atomic_load(&r->behind->proved));
}

/* --- the marker --- */

/* With sync_lock. */
static int make_mark(struct zc_receiver *r)
{
    struct zc_behind *b = r->behind;
    const struct zc_volume *root = zc_volume_of_root(r);
    struct zc_unsynced_mark m = {.since = {0}};
    if (!root)
        return -1;
    memcpy(m.boot, r->terms.host_id, sizeof m.boot);
    memcpy(m.writer, r->terms.open.writer, sizeof m.writer);
    /* What making that does to the root's times is seen to there. */
    if (zc_staging_fd(root->staging) < 0)
        return -1;
    atomic_store(&b->floor, zc_clock_wall_ns());
    b->mark = zc_unsynced_make(root->dirfd, &m);
    if (!b->mark)
        return -1;
    atomic_store(&b->marked, true);
    return 0;
}

int zc_behind_arm(struct zc_receiver *r)
{
    struct zc_behind *b = r->behind;
    if (!b->on)
        return 0;
    zc_behind_named(r);
    if (atomic_load(&b->marked))
        return 0;
    pthread_mutex_lock(&b->sync_lock);
    int bad = b->mark ? 0 : make_mark(r), eno = errno;
    pthread_mutex_unlock(&b->sync_lock);
    errno = eno;
    return bad;
}

/* The clock was set back: what is written now is older than the mark. */
static void clock_went_back(struct zc_receiver *r, int64_t now)
{
    struct zc_behind *b = r->behind;
    pthread_mutex_lock(&b->sync_lock);
    if (b->mark && now < atomic_load(&b->floor)) {
        b->failed |= zc_unsynced_move(b->mark, (struct zc_moment){0}, true);
        atomic_store(&b->floor, now);
    }
    pthread_mutex_unlock(&b->sync_lock);
}

void zc_behind_named(struct zc_receiver *r)
{
    struct zc_behind *b = r->behind;
    if (!b->on)
        return;
    int64_t now = zc_clock_wall_ns();
    if (now < atomic_load(&b->floor))
        clock_went_back(r, now);
    zc_behind_changed(r);
}

/* --- syncs --- */

/* With sync_lock: everything that has happened before is durable. 0 or errno. */
static int sync_all(struct zc_receiver *r)
{
    struct zc_behind *b = r->behind;
    struct zc_moment now = {0};
    bool proved = atomic_load(&b->proved);
    int64_t floor = zc_clock_wall_ns(), began = zc_clock_ns();
    atomic_store(&b->changed, false);
    int eno = b->mark && zc_unsynced_now(b->mark, &now) ? errno : 0;
    if (!eno)
        eno = zc_volumes_syncfs(r);
    if (!eno && !b->failed && b->mark) {
        if (zc_clock_wall_ns() < floor) /* it was set back meanwhile */
            now = (struct zc_moment){0};
        atomic_store(&b->floor, floor);
        eno = zc_unsynced_move(b->mark, now, false) ? errno : 0;
    }
    /* The kernel tells of a failed write-back once only. */
    b->failed |= eno != 0;
    if (!b->failed) {
        atomic_store(&r->intake->durable, floor);
        atomic_store(&b->began, began);
        clear(r, proved);
    }
    return b->failed && !eno ? EIO : eno;
}

bool zc_behind_synced(struct zc_receiver *r)
{
    struct zc_behind *b = r->behind;
    if (!b->on || atomic_load(&b->began) <= b->told)
        return false;
    b->told = zc_clock_ns();
    return true;
}

int zc_behind_sync(struct zc_receiver *r, struct zc_err *err)
{
    pthread_mutex_lock(&r->behind->sync_lock);
    int eno = sync_all(r);
    pthread_mutex_unlock(&r->behind->sync_lock);
    return eno ? zc_err_set(err, ZC_EXIT_FILEIO, eno,
                            "the receiver cannot sync to stable storage")
               : 0;
}

void zc_behind_changed(struct zc_receiver *r)
{
    struct zc_behind *b = r->behind;
    atomic_store(&b->last, zc_clock_ns());
    if (!b->on || atomic_exchange(&b->changed, true))
        return;
    pthread_mutex_lock(&b->lock);
    pthread_cond_signal(&b->wake);
    pthread_mutex_unlock(&b->lock);
}

/* Until it is time for a sync; false: the session ends. With `lock`. */
static bool wait_for_changes(struct zc_behind *b)
{
    int64_t first = 0;
    while (!b->stop) {
        int64_t now = zc_clock_ns();
        bool changed = atomic_load(&b->changed);
        first = !changed ? 0 : first ? first : now;
        if (changed && (now - first >= SYNC_NS ||
                        now - atomic_load(&b->last) >= QUIET_NS))
            return true;
        zc_clock_cond_wait(&b->wake, &b->lock,
                           changed ? QUIET_NS : ZC_CLOCK_FOREVER);
    }
    return false;
}

static void *behind_main(void *receiver)
{
    struct zc_receiver *r = receiver;
    struct zc_behind *b = r->behind;
    struct zc_err err;
    pthread_mutex_lock(&b->lock);
    while (wait_for_changes(b)) {
        pthread_mutex_unlock(&b->lock);
        if (zc_behind_sync(r, &err)) {
            zc_receiver_fail(r, &err);
            return NULL;
        }
        pthread_mutex_lock(&b->lock);
    }
    pthread_mutex_unlock(&b->lock);
    return NULL;
}

void zc_behind_start(struct zc_receiver *r)
{
    struct zc_behind *b = r->behind;
    if (!b->on)
        return;
    b->running = !pthread_create(&b->thread, NULL, behind_main, r);
    if (!b->running) {
        b->on = false;
        r->fsync = ZC_FSYNC_BATCH;
    }
}

void zc_behind_stop(struct zc_receiver *r)
{
    struct zc_behind *b = r->behind;
    struct zc_err err;
    if (!b->running)
        return;
    pthread_mutex_lock(&b->lock);
    b->stop = true;
    pthread_cond_signal(&b->wake);
    pthread_mutex_unlock(&b->lock);
    pthread_join(b->thread, NULL);
    if (!b->mark)
        return;
    bool clean = !b->failed && !zc_behind_sync(r, &err);
    zc_unsynced_end(b->mark, clean);
    b->mark = NULL;
}
