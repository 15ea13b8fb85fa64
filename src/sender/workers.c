// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The sender's workers: what to do next, by urgency, until nothing is left;
 * then DONE.
 */
#include "sender/workers.h"

#include "base/clock.h"
#include "base/idle.h"
#include "sender/big.h"
#include "sender/check.h"
#include "sender/files.h"
#include "sender/lists.h"
#include "sender/survey.h"
#include "sender/walk.h"

void zc_sworker_init(struct zc_sworker *w, struct zc_sender *s, unsigned i)
{
    w->s = s;
    w->number = i;
    STAILQ_INIT(&w->fresh);
    zc_mover_init(&w->mover, s->opt->mover);
    w->mover.past_cache = s->opt->apply & ZC_APPLY_DROP_CACHE;
}

void zc_sworker_fini(struct zc_sworker *w)
{
    zc_slists_free(w->s, &w->fresh); /* never sent */
    zc_buf_fini(&w->out);
    zc_buf_fini(&w->xattrs);
    zc_buf_fini(&w->path);
    zc_buf_fini(&w->scratch);
    zc_mover_fini(&w->mover);
}

/*
 * What to do next, by urgency: big files on their way (the peer holds one open
 * for each),
 * retries, then data for one half of the workers and lists for the other, so
 * that both go on side by side; and where all that can wait, big files to compare.
 */
static int do_something(struct zc_sworker *w, struct zc_sbig *got,
                        const struct zc_retry *retry, bool files, bool walk,
                        struct zc_scheck *check)
{
    if (got)
        return zc_big_go_on(w, got);
    if (retry)
        return zc_files_again(w, retry);
    if (check)
        return zc_check_go_on(w, check);
    if (files && (w->number % 2 == 0 || !walk))
        return zc_files_some(w);
    return walk ? zc_walk_some(w) : zc_survey_some(w);
}

/* Everything asked for was sent and answered: DONE. With the lock held. */
static bool all_done(const struct zc_sender *s)
{
    return zc_lists_over(s) && !s->round.busy && !s->round.seeding &&
           !s->round.done_sent && !s->round.finished;
}

bool zc_sworkers_ready(const struct zc_sender *s)
{
    return zc_lists_wanted(s) || zc_walk_ready(s) || all_done(s);
}

/* SRC was unmounted, removed or replaced meanwhile: what was not found in it
 * says nothing about what is to be deleted. */
static bool source_gone(const struct zc_sender *s)
{
    return s->source.gone(&s->source, s->root_stat.dev, s->root_stat.ino);
}

static int send_done(struct zc_sworker *w)
{
    struct zc_sender *s = w->s;
    s->round.done_sent = true;
    unsigned sync = s->round.sync ? ZC_DONE_SYNC : 0;
    pthread_mutex_unlock(&s->lock);
    atomic_store(&s->stats->scan_done, true);
    atomic_store(&s->stats->finishing, true);
    unsigned gone = source_gone(s) ? ZC_DONE_SOURCE_GONE : 0;
    zc_done_encode(&w->out, (uint8_t)(gone | sync));
    int r = zc_lists_flush(w);
    pthread_mutex_lock(&s->lock);
    return r;
}

void zc_sworker_priority(struct zc_sworker *w)
{
    bool leisure = w->s->round.leisure;
    if (w->leisure != leisure)
        zc_idle_io(leisure);
    w->leisure = leisure;
}

/* Until there may be something to do. OWN: the round is this thread's. */
static void wait_for_work(struct zc_sender *s, bool own, int64_t wait)
{
    s->own_waits |= own;
    zc_clock_cond_wait(own ? &s->own : &s->work, &s->lock, wait);
    if (own)
        s->own_waits = false;
}

/* One thing, or the wait for one. With the lock held; lets go of it. */
static void do_next(struct zc_sworker *w, bool own)
{
    struct zc_sender *s = w->s;
    struct zc_retry retry;
    int64_t wait = ZC_CLOCK_FOREVER;
    struct zc_sbig *got = zc_big_claim(s);
    bool due = !got && zc_retries_take(&s->retries, zc_clock_ns(), &retry,
                                       &wait);
    bool files = zc_lists_wanted(s), walk = zc_walk_ready(s);
    bool survey = zc_survey_ready(s);
    if (zc_lists_answered(s))
        atomic_store(&s->stats->scan_done, true);
    struct zc_scheck *check = got || due || files || walk || survey
                                  ? NULL
                                  : zc_checks_claim(s);
    if (got || due || files || walk || survey || check) {
        zc_sworker_priority(w);
        s->round.busy++;
        if (own) /* who may have been the only one to be woken */
            zc_sender_wake(s);
        pthread_mutex_unlock(&s->lock);
        int r = do_something(w, got, due ? &retry : NULL, files, walk,
                             check);
        /* Nothing may stay in the buffer while we wait. */
        if (!r && w->out.len)
            r = zc_lists_flush(w);
        if (r)
            zc_sender_fail_nomem(s); /* unless a better reason is known */
        pthread_mutex_lock(&s->lock);
        s->round.busy--;
    } else if (all_done(s)) {
        send_done(w);
    } else {
        wait_for_work(s, own, wait);
    }
}

void *zc_sworker_main(void *worker)
{
    struct zc_sworker *w = worker;
    struct zc_sender *s = w->s;
    pthread_mutex_lock(&s->lock);
    while (!s->failed && !s->closing)
        do_next(w, false);
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

void zc_sworker_round(struct zc_sworker *w)
{
    struct zc_sender *s = w->s;
    pthread_mutex_lock(&s->lock);
    while (!s->failed && !s->round.finished)
        do_next(w, true);
    pthread_mutex_unlock(&s->lock);
}
