/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Time. Any thread. */
#ifndef ZC_BASE_CLOCK_H
#define ZC_BASE_CLOCK_H

#include "base/util.h"

#include <pthread.h>
#include <time.h>

#define ZC_NSEC_PER_SEC 1000000000LL

/* Nanoseconds since an arbitrary start, never going back (CLOCK_MONOTONIC). */
static inline int64_t zc_clock_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * ZC_NSEC_PER_SEC + ts.tv_nsec;
}

/* Nanoseconds since 1970 by the wall clock, to compare with file times. */
static inline int64_t zc_clock_wall_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return ts.tv_sec * ZC_NSEC_PER_SEC + ts.tv_nsec;
}

#define ZC_CLOCK_FOREVER INT64_MAX

/* Waits for C, which must go by CLOCK_MONOTONIC (pthread_condattr_setclock(3)),
 * but no longer than NS nanoseconds (or ZC_CLOCK_FOREVER). With M locked. */
static inline void zc_clock_cond_wait(pthread_cond_t *c, pthread_mutex_t *m,
                                      int64_t ns)
{
    struct timespec until;
    if (ns == ZC_CLOCK_FOREVER) {
        pthread_cond_wait(c, m);
        return;
    }
    clock_gettime(CLOCK_MONOTONIC, &until);
    ns += until.tv_nsec;
    until.tv_sec += ns / ZC_NSEC_PER_SEC;
    until.tv_nsec = ns % ZC_NSEC_PER_SEC;
    pthread_cond_timedwait(c, m, &until);
}

/* Sleeps NS nanoseconds, through signals. */
static inline void zc_clock_sleep_ns(int64_t ns)
{
    struct timespec ts = {ns / ZC_NSEC_PER_SEC, ns % ZC_NSEC_PER_SEC};
    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, &ts) == EINTR)
        ;
}

#endif
