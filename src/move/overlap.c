// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Socket -> pipe and pipe -> file side by side: one of two pipes is filled by the
 * thread that receives while a thread of the mover's empties the other into the
 * file, which is where the bytes are copied, and most of the time goes.
 *
 *   receives:  | fill 0 | fill 1  | fill 0  | fill 1  |
 *   writes:             | empty 0 | empty 1 | empty 0 | empty 1 |
 *
 * A pipe is the receiving thread's unless it is `full`. The lock covers that and
 * `eno`, the first error of a write, after which nothing more is written.
 */
#include "move/internal.h"
#include "move/mover.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>

#define PIPES 2
/* Shorter ranges are not worth a change of threads. */
#define OVERLAP_MIN (2 * ZC_MOVER_CALL)

struct zc_overlap {
    pthread_t thread;
    pthread_mutex_t lock; /* innermost */
    pthread_cond_t filled, emptied;
    int fd; /* what is written to */
    int eno;
    bool over;
    unsigned next; /* the receiving thread's: the pipe it fills next */
    struct {
        struct zc_pipe pipe;
        size_t n;
        uint64_t offset;
        bool full;
    } v[PIPES];
};

static void *write_main(void *overlap)
{
    struct zc_overlap *o = overlap;
    pthread_mutex_lock(&o->lock);
    for (unsigned i = 0;; i = (i + 1) % PIPES) {
        while (!o->v[i].full && !o->over)
            pthread_cond_wait(&o->filled, &o->lock);
        if (!o->v[i].full)
            break;
        int fd = o->eno ? -1 : o->fd;
        pthread_mutex_unlock(&o->lock);
        int eno = zc_pipe_empty(&o->v[i].pipe, fd, o->v[i].offset, o->v[i].n)
                      ? errno
                      : 0;
        pthread_mutex_lock(&o->lock);
        if (!o->eno)
            o->eno = eno;
        o->v[i].full = false;
        pthread_cond_signal(&o->emptied);
    }
    pthread_mutex_unlock(&o->lock);
    return NULL;
}

/* More than one CPU is ours. */
static bool has_cpus(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) || CPU_COUNT(&set) > 1;
}

static void overlap_free(struct zc_overlap *o)
{
    for (unsigned i = 0; i < PIPES; i++)
        zc_pipe_fini(&o->v[i].pipe);
    pthread_cond_destroy(&o->filled);
    pthread_cond_destroy(&o->emptied);
    pthread_mutex_destroy(&o->lock);
    free(o);
}

/* A thread that no signal reaches. */
static int start_thread(struct zc_overlap *o)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int r = pthread_create(&o->thread, NULL, write_main, o);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return r;
}

/* NULL: it cannot be had, or is of no use here. */
static struct zc_overlap *overlap_new(void)
{
    struct zc_overlap *o = has_cpus() ? calloc(1, sizeof *o) : NULL;
    if (!o)
        return NULL;
    pthread_mutex_init(&o->lock, NULL);
    pthread_cond_init(&o->filled, NULL);
    pthread_cond_init(&o->emptied, NULL);
    bool ok = true;
    for (unsigned i = 0; i < PIPES; i++) {
        o->v[i].pipe = ZC_PIPE_INIT;
        ok = ok && !zc_pipe_need(&o->v[i].pipe);
    }
    if (ok && !start_thread(o))
        return o;
    overlap_free(o);
    return NULL;
}

void zc_overlap_end(struct zc_overlap *o)
{
    if (!o)
        return;
    pthread_mutex_lock(&o->lock);
    o->over = true;
    pthread_cond_signal(&o->filled);
    pthread_mutex_unlock(&o->lock);
    pthread_join(o->thread, NULL);
    overlap_free(o);
}

/* Waits until pipe I is empty. The error of a write so far. */
static int wait_empty(struct zc_overlap *o, unsigned i)
{
    pthread_mutex_lock(&o->lock);
    while (o->v[i].full)
        pthread_cond_wait(&o->emptied, &o->lock);
    int eno = o->eno;
    pthread_mutex_unlock(&o->lock);
    return eno;
}

static void hand_over(struct zc_overlap *o, uint64_t offset, size_t n)
{
    pthread_mutex_lock(&o->lock);
    o->v[o->next].n = n;
    o->v[o->next].offset = offset;
    o->v[o->next].full = true;
    o->next = (o->next + 1) % PIPES;
    pthread_cond_signal(&o->filled);
    pthread_mutex_unlock(&o->lock);
}

/* N bytes off T, for OFFSET, or fewer where one cannot be written: *DONE of them.
 * -1 and errno: T has failed. */
static int receive(struct zc_overlap *o, struct zc_transport *t, uint64_t offset,
                   size_t n, size_t *done)
{
    while (*done < n && !wait_empty(o, o->next)) {
        ssize_t r = zc_pipe_fill(&o->v[o->next].pipe, t,
                                 ZC_MIN(n - *done, ZC_MOVER_CALL));
        if (r < 0)
            return -1;
        hand_over(o, offset + *done, (size_t)r);
        *done += (size_t)r;
    }
    return 0;
}

ssize_t zc_move_recv_overlap(struct zc_mover *m, struct zc_transport *t, int fd,
                             uint64_t offset, size_t n,
                             enum zc_move_fault *fault)
{
    if (!m->overlap && !m->no_overlap && n >= OVERLAP_MIN) {
        m->overlap = overlap_new();
        m->no_overlap = !m->overlap;
    }
    struct zc_overlap *o = m->overlap;
    if (!o || n < OVERLAP_MIN)
        return zc_move_recv_splice(m, t, fd, offset, n, fault);
    o->fd = fd;
    o->eno = 0; /* the thread has nothing to do */
    size_t done = 0;
    int bad = receive(o, t, offset, n, &done), why = errno;
    for (unsigned i = 0; i < PIPES; i++)
        wait_empty(o, i);
    if (bad && why == EINVAL && !done) { /* it cannot be spliced from */
        m->no_overlap = true;
        zc_overlap_end(o);
        m->overlap = NULL;
        return zc_move_recv_splice(m, t, fd, offset, n, fault);
    }
    *fault = bad ? ZC_FAULT_PEER : o->eno ? ZC_FAULT_FILE : ZC_FAULT_NONE;
    errno = bad ? why : o->eno;
    return bad ? -1 : (ssize_t)done;
}
