// SPDX-License-Identifier: GPL-2.0-or-later
/* The progress line; see progress.h. */
#include "cli/progress.h"

#include "base/clock.h"
#include "cli/signals.h"
#include "cli/terminal.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define TICK_NS (ZC_NSEC_PER_SEC / 5) /* in place */
#define LINE_NS ZC_NSEC_PER_SEC       /* line by line */
#define LINE_MAX_BYTES 256
/* After a first Ctrl-C, if it takes so long that somebody can read it. */
#define STOPPING "stopping: waiting for the receiver; Ctrl-C ends it at once"

struct zc_progress {
    FILE *out;
    bool in_place;
    zc_progress_look_fn *look;
    void *arg;
    int64_t start_ns;
    /* Of look_at_stats. */
    const struct zc_stats *stats;
    struct zc_pace pace;
    pthread_t thread;

    /* Taken after the log's own lock, never before it. */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool quit;
    size_t drawn;    /* columns that the line on the terminal has */
    unsigned paused; /* how many are printing */
    bool idle;       /* there was nothing to show */
};

/* --- the thread --- */

/* What a push is looked at by. */
static bool look_at_stats(void *arg, struct zc_progress_view *v)
{
    struct zc_progress *p = arg;
    zc_pace_look(&p->pace, p->stats, zc_clock_ns(), v);
    return true;
}

/* A job in the background leaves the terminal to the one in front. */
static bool in_foreground(FILE *out)
{
    pid_t front = tcgetpgrp(fileno(out));
    return front < 0 || front == getpgrp();
}

/* With the lock held. */
static void take_off(struct zc_progress *p)
{
    if (!p->drawn)
        return;
    size_t width = zc_terminal_columns(fileno(p->out));
    fprintf(p->out, "\r%*s\r", (int)ZC_MIN(p->drawn, width - 1), "");
    fflush(p->out);
    p->drawn = 0;
    zc_signals_line(false);
}

/* With the lock held. The width is asked for each time, so that no SIGWINCH
 * has to be caught. */
static void draw(struct zc_progress *p)
{
    struct zc_progress_view v = {0};
    char line[LINE_MAX_BYTES], all[2 * LINE_MAX_BYTES];
    if (p->in_place && !in_foreground(p->out))
        return;
    p->idle = !p->look(p->arg, &v);
    if (p->idle) {
        take_off(p);
        return;
    }
    size_t width = p->in_place ? zc_terminal_columns(fileno(p->out)) : LINE_MAX_BYTES;
    if (p->stats && atomic_load(zc_signals_stop()))
        snprintf(line, ZC_MIN(sizeof line, width ? width : 1), STOPPING);
    else
        zc_progress_line(line, sizeof line, (unsigned)width, &v);
    size_t len = strlen(line);
    /* Blanks over the rest of the last line, unless the terminal shrank: they
     * work on every terminal, and none of them wraps. */
    size_t old = ZC_MIN(p->drawn, width ? width - 1 : 0);
    if (p->in_place)
        snprintf(all, sizeof all, "\r%s%*s", line,
                 (int)(old > len ? old - len : 0), "");
    else
        snprintf(all, sizeof all, "%s\n", line);
    fputs(all, p->out);
    fflush(p->out);
    p->drawn = p->in_place ? len : 0;
    zc_signals_line(p->drawn);
}

static void *run(void *arg)
{
    struct zc_progress *p = arg;
    int64_t due = p->start_ns;
    pthread_mutex_lock(&p->lock);
    while (!p->quit) {
        due += p->in_place && !p->idle ? TICK_NS : LINE_NS;
        struct timespec at = {due / ZC_NSEC_PER_SEC, due % ZC_NSEC_PER_SEC};
        while (!p->quit && pthread_cond_timedwait(&p->wake, &p->lock, &at) == 0)
            ;
        if (!p->quit && !p->paused)
            draw(p);
        due = ZC_MAX(due, zc_clock_ns() - LINE_NS); /* after a Ctrl-Z */
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

static struct zc_progress *start(FILE *out, bool in_place,
                                 const struct zc_stats *stats,
                                 zc_progress_look_fn *look, void *arg)
{
    struct zc_progress *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->out = out;
    p->in_place = in_place;
    p->look = look ? look : look_at_stats;
    p->arg = look ? arg : p;
    p->stats = stats;
    p->start_ns = zc_clock_ns();
    p->pace.start_ns = p->start_ns; /* whatever was counted counts */
    pthread_mutex_init(&p->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&p->wake, &attr);
    pthread_condattr_destroy(&attr);

    /* Signals are for the thread that runs the push: it has to wake up. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int r = pthread_create(&p->thread, NULL, run, p);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (r) {
        pthread_cond_destroy(&p->wake);
        pthread_mutex_destroy(&p->lock);
        free(p);
        return NULL;
    }
    return p;
}

struct zc_progress *zc_progress_start(FILE *out, bool in_place,
                                      const struct zc_stats *stats)
{
    return start(out, in_place, stats, NULL, NULL);
}

struct zc_progress *zc_progress_watch(FILE *out, bool in_place,
                                      zc_progress_look_fn *look, void *arg)
{
    return start(out, in_place, NULL, look, arg);
}

void zc_progress_stop(struct zc_progress *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->quit = true;
    pthread_cond_signal(&p->wake);
    pthread_mutex_unlock(&p->lock);
    pthread_join(p->thread, NULL);
    if (p->in_place)
        take_off(p);
    else
        draw(p); /* where it ended, for those who only see the log */
    pthread_cond_destroy(&p->wake);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

void zc_progress_pause(struct zc_progress *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->paused++;
    take_off(p);
    pthread_mutex_unlock(&p->lock);
}

void zc_progress_resume(struct zc_progress *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->paused--;
    pthread_mutex_unlock(&p->lock);
}
