// SPDX-License-Identifier: GPL-2.0-or-later
/* The end of a session, what its user is told, and --bwlimit; see core.h. */
#include "sender/core.h"

#include "base/clock.h"
#include "session/hash.h"

/* Small files and lists are gathered up to here before they are sent. */
#define BATCH ((size_t)768 << 10)
#define RANGE ((uint64_t)8 << 20)
/* On a slow line a DATA is shorter, so that it takes about so long. */
#define RANGE_MIN ((uint64_t)256 << 10)
#define TURN_NS (100 * 1000000LL)

/* A worker that --bwlimit holds looks so often whether the session is over. */
#define TICK_NS (50 * 1000000LL)

static void cond_init(pthread_cond_t *c)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(c, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

static void set_rate(struct zc_rate *rate, uint64_t limit)
{
    rate->limit = limit;
    rate->batch_max = BATCH;
    rate->range_max = RANGE;
    if (limit) {
        /* An eighth of a second at a time. */
        uint64_t slice = ZC_MAX(limit / 8, (uint64_t)4096);
        rate->batch_max = (size_t)ZC_MIN(slice, (uint64_t)rate->batch_max);
        rate->range_max = ZC_MIN(slice, rate->range_max);
    }
    atomic_store(&rate->range, rate->range_max);
}

void zc_sender_init(struct zc_sender *s)
{
    pthread_mutex_init(&s->lock, NULL);
    cond_init(&s->work);
    cond_init(&s->own);
    cond_init(&s->over);
    pthread_mutex_init(&s->told.lock, NULL);
    pthread_mutex_init(&s->rate.lock, NULL);
    s->round.finished = true; /* none has begun */
    s->mountinfo_fd = -1;
}

void zc_sender_set_options(struct zc_sender *s, const struct zc_options *opt)
{
    s->opt = opt;
    set_rate(&s->rate, opt->bwlimit);
}

void zc_sender_fini(struct zc_sender *s)
{
    zc_close(&s->mountinfo_fd);
    pthread_mutex_destroy(&s->lock);
    pthread_mutex_destroy(&s->told.lock);
    pthread_mutex_destroy(&s->rate.lock);
    pthread_cond_destroy(&s->work);
    pthread_cond_destroy(&s->own);
    pthread_cond_destroy(&s->over);
}

void zc_sender_wake_all(struct zc_sender *s)
{
    pthread_cond_broadcast(&s->work);
    pthread_cond_signal(&s->own);
}

void zc_sender_wake(struct zc_sender *s)
{
    if (s->ready && !s->ready(s))
        return;
    if (s->own_waits)
        pthread_cond_signal(&s->own);
    else
        pthread_cond_broadcast(&s->work);
    s->own_waits = false;
}

void zc_sender_fail(struct zc_sender *s, const struct zc_err *err)
{
    pthread_mutex_lock(&s->lock);
    if (!s->failed && !s->closing) {
        s->failed = true;
        s->err = *err;
    }
    zc_sender_wake_all(s);
    pthread_cond_broadcast(&s->over);
    pthread_mutex_unlock(&s->lock);
}

void zc_sender_fail_nomem(struct zc_sender *s)
{
    struct zc_err err;
    zc_err_nomem(&err);
    zc_sender_fail(s, &err);
}

void zc_sender_trouble(struct zc_sender *s, enum zc_trouble kind,
                       const char *what, const char *path, int eno)
{
    atomic_fetch_add(&s->stats->troubles, 1);
    pthread_mutex_lock(&s->told.lock);
    if (kind == ZC_TROUBLE_VANISHED)
        s->told.vanished = true;
    else
        s->told.failed = true;
    if (s->events->trouble)
        s->events->trouble(s->events->arg, kind, what, path, eno);
    pthread_mutex_unlock(&s->told.lock);
}

bool zc_sender_wants_items(const struct zc_sender *s)
{
    return s->events->item && s->opt->want_items;
}

void zc_sender_item(struct zc_sender *s, const struct zc_item *item)
{
    pthread_mutex_lock(&s->told.lock);
    s->events->item(s->events->arg, item);
    pthread_mutex_unlock(&s->told.lock);
}

void zc_sender_not_renamed(struct zc_sender *s, const char *path)
{
    pthread_mutex_lock(&s->told.lock);
    if (s->events->not_renamed)
        s->events->not_renamed(s->events->arg, path);
    pthread_mutex_unlock(&s->told.lock);
}

int zc_sender_hash(struct zc_sworker *w, int fd, uint64_t n,
                   uint8_t out[ZC_HASH_SIZE])
{
    if (w->s->opt->apply & ZC_APPLY_COLD)
        zc_hash_from_disk(fd);
    return zc_hash_fd(&w->scratch, fd, n,
                      zc_hash_kind(w->s->terms.open.flags), &w->s->failed,
                      out);
}

void zc_sender_pace(struct zc_sender *s, uint64_t n, int64_t ns)
{
    struct zc_rate *rate = &s->rate;
    uint64_t now = atomic_load(&rate->range), range = now;
    if (ns > TURN_NS)
        range = n / (uint64_t)(1 + ns / TURN_NS);
    else if (ns < TURN_NS / 4)
        range = 2 * now;
    range = ZC_MIN(ZC_MAX(range, RANGE_MIN), rate->range_max);
    if (range != now)
        atomic_store(&rate->range, range);
}

/* N bytes take up the line: from when on. */
static int64_t book(struct zc_sender *s, uint64_t n, int64_t now)
{
    int64_t cost = (int64_t)((double)n * 1e9 / s->rate.limit);
    pthread_mutex_lock(&s->rate.lock);
    int64_t start = ZC_MAX(s->rate.next, now);
    s->rate.next = start + cost;
    pthread_mutex_unlock(&s->rate.lock);
    return start;
}

/* What is to be paid for before N bytes are sent. Nobody knows what will become
 * of them where they are compressed: what was sent since the last time, then. */
static uint64_t due(struct zc_sender *s, uint64_t n)
{
    if (!s->conn.t->ops->wire)
        return n;
    pthread_mutex_lock(&s->rate.lock);
    uint64_t sent = zc_conn_wire_out(&s->conn);
    n = sent - s->rate.paid;
    s->rate.paid = sent;
    pthread_mutex_unlock(&s->rate.lock);
    return n;
}

void zc_sender_charge(struct zc_sender *s, uint64_t n)
{
    if (s->rate.limit)
        book(s, due(s, n), zc_clock_ns());
}

void zc_sender_throttle(struct zc_sender *s, uint64_t n)
{
    if (!s->rate.limit)
        return;
    int64_t now = zc_clock_ns(), start = book(s, due(s, n), now);
    while (now < start && !s->failed) {
        zc_clock_sleep_ns(ZC_MIN(start - now, TICK_NS));
        now = zc_clock_ns();
    }
}
