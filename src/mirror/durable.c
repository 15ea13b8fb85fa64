// SPDX-License-Identifier: GPL-2.0-or-later
/* What may be lost with a peer's host; see durable.h. */
#include "mirror/durable.h"

#include "base/clock.h"
#include "mirror/dirty.h"
#include "mirror/ghosts.h"
#include "sender/session.h"

/* Between a change and the event that tells of it. */
#define EVENT_NS ZC_NSEC_PER_SEC

static bool is_behind(const struct zc_mpeer *p)
{
    return p->push.fsync == ZC_FSYNC_BEHIND;
}

/* The earlier one; 0 is none. */
static void lower(int64_t *a, int64_t b)
{
    if (b && (!*a || b < *a))
        *a = b;
}

int64_t zc_mdurable_oldest(const struct zc_mpeer *p, int64_t now)
{
    struct zc_dirty_stats ds;
    if (!is_behind(p))
        return 0;
    zc_dirty_get_stats(p->dirty, &ds);
    int64_t age = ds.oldest_ns ? ZC_MAX(now - ds.oldest_ns, 0) : 0;
    return zc_clock_wall_ns() - age - EVENT_NS;
}

/* What was lost is sought, then sent, and has to become durable: until then it may
 * be lost once more. */
static void go_on_repairing(struct zc_mpeer *p, int64_t now)
{
    struct zc_mdurable *d = &p->durable;
    if (!d->repair)
        return;
    lower(&d->since[1], d->repair);
    if (p->mirror->ghosts.walked < d->ghosts)
        return;
    if (!d->ticket)
        d->ticket = zc_dirty_barrier(p->dirty, now);
    else if (zc_dirty_passed(p->dirty, d->ticket))
        d->repair = 0;
}

static void begin_repair(struct zc_mpeer *p)
{
    struct zc_mdurable *d = &p->durable;
    zc_ghosts_add(p->mirror, d->lost);
    p->n_found++; /* whoever waits, waits for that, too */
    lower(&d->repair, d->lost);
    d->lost = 0;
    d->ghosts = p->mirror->ghosts.seen;
    d->ticket = 0;
}

void zc_mdurable_round(struct zc_mpeer *p, int64_t since, bool sync, bool all,
                       int64_t now)
{
    struct zc_mdurable *d = &p->durable;
    if (!is_behind(p))
        return;
    p->unsynced = !sync;
    if (sync) {
        d->since[0] = d->since[1] = 0;
    } else {
        if (zc_session_synced(p->session)) {
            d->since[0] = d->since[1];
            d->since[1] = 0;
        }
        lower(&d->since[1], since);
    }
    go_on_repairing(p, now);
    if (all && d->lost)
        begin_repair(p);
}

void zc_mdurable_lost(struct zc_mpeer *p, int64_t now)
{
    struct zc_mdurable *d = &p->durable;
    struct zc_dirty_stats ds;
    if (!is_behind(p))
        return;
    lower(&d->lost, d->since[0]);
    lower(&d->lost, d->since[1]);
    lower(&d->lost, d->repair);
    zc_dirty_get_stats(p->dirty, &ds);
    if (ds.oldest_ns && d->lost) /* else nothing was ever sent */
        lower(&d->lost, zc_mdurable_oldest(p, now));
    d->since[0] = d->since[1] = d->repair = 0;
}

bool zc_mdurable_in_doubt(const struct zc_mpeer *p)
{
    return p->durable.lost;
}
