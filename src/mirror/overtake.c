// SPDX-License-Identifier: GPL-2.0-or-later
/* Names that overtake the round under way; see overtake.h. */
#include "mirror/overtake.h"

#include "base/clock.h"
#include "mirror/dirty.h"
#include "mirror/round.h"
#include "sender/session.h"

#define BATCH 256 /* names at a time */
#define PAUSE_NS (200 * INT64_C(1000000))
#define SHARE 20 /* looking for them: this part of the time at most */

void zc_overtake_init(struct zc_mpeer *p)
{
    pthread_cond_init(&p->overtake.cond, NULL);
    p->overtake.at = INT64_MAX;
}

void zc_overtake_fini(struct zc_mpeer *p)
{
    struct zc_overtake *o = &p->overtake;
    if (o->started) {
        zc_mirror_lock(p->mirror);
        o->stop = true;
        pthread_cond_broadcast(&o->cond);
        zc_mirror_unlock(p->mirror);
        pthread_join(o->thread, NULL);
    }
    pthread_cond_destroy(&o->cond);
}

void zc_overtake_begin(struct zc_mpeer *p, int64_t now)
{
    p->overtake.at = now + ZC_DIRTY_LATE_NS;
}

void zc_overtake_end(struct zc_mpeer *p)
{
    struct zc_overtake *o = &p->overtake;
    o->at = INT64_MAX;
    o->asked = false;
    while (o->busy)
        pthread_cond_wait(&o->cond, &p->mirror->lock);
}

int64_t zc_overtake_next(const struct zc_mpeer *p, int64_t now)
{
    const struct zc_overtake *o = &p->overtake;
    if (o->at == INT64_MAX || o->asked || o->busy || p->paused ||
        !zc_dirty_any_late(p->dirty))
        return INT64_MAX;
    return ZC_MAX(o->at - now, INT64_C(0));
}

/* Sends the N PATHS, which are cut up. Without the lock. */
static void send_paths(struct zc_session *session, char **paths, size_t n)
{
    static const struct zc_round nothing;
    struct zc_mround m = {0};
    if (!zc_mround_add(&m, &nothing, paths, n))
        zc_session_overtake(session, &m.round);
    zc_mround_fini(&m);
}

static void overtake(struct zc_mpeer *p)
{
    struct zc_overtake *o = &p->overtake;
    char *paths[BATCH];
    int64_t start = zc_clock_ns();
    size_t n = zc_dirty_late(p->dirty, BATCH, start, paths);
    int64_t now = zc_clock_ns(), cost = now - start;
    if (n) {
        o->busy = true;
        zc_mirror_unlock(p->mirror);
        send_paths(p->session, paths, n);
        for (size_t i = 0; i < n; i++)
            free(paths[i]);
        zc_mirror_lock(p->mirror);
        o->busy = false;
        pthread_cond_broadcast(&o->cond);
        now = zc_clock_ns();
    }
    if (o->at != INT64_MAX)
        o->at = now + ZC_MAX(PAUSE_NS, SHARE * cost);
    zc_mirror_wake(p->mirror->wake); /* it times the next look */
}

static void *overtake_main(void *arg)
{
    struct zc_mpeer *p = arg;
    struct zc_overtake *o = &p->overtake;
    zc_mirror_lock(p->mirror);
    while (!o->stop) {
        if (!o->asked) {
            pthread_cond_wait(&o->cond, &p->mirror->lock);
            continue;
        }
        o->asked = false;
        overtake(p);
    }
    zc_mirror_unlock(p->mirror);
    return NULL;
}

void zc_overtake_ask(struct zc_mpeer *p)
{
    struct zc_overtake *o = &p->overtake;
    if (!o->started) {
        o->started = !pthread_create(&o->thread, NULL, overtake_main, p);
        if (!o->started) { /* then they wait for their turn */
            o->at = INT64_MAX;
            return;
        }
    }
    o->asked = true;
    pthread_cond_broadcast(&o->cond);
}
