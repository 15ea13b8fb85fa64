/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls that glibc has and other C libraries have not, or not all of their versions
 * (musl 1.2.3 has none of these): made of what they have, under the names and with
 * the results that the manual pages give. With glibc nothing is here.
 */
#ifndef ZC_BASE_LIBC_H
#define ZC_BASE_LIBC_H

#include <features.h>

#ifndef __GLIBC__

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef STATX_TYPE
#include <linux/stat.h>
static inline int zc_libc_statx(int dirfd, const char *path, int flags,
                                unsigned mask, struct statx *st)
{
    return (int)syscall(SYS_statx, dirfd, path, flags, mask, st);
}
#define statx(...) zc_libc_statx(__VA_ARGS__)
#endif

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE (1 << 0)
#define RENAME_EXCHANGE (1 << 1)
#endif
static inline int zc_libc_renameat2(int from, const char *old, int to,
                                    const char *new, unsigned flags)
{
    return (int)syscall(SYS_renameat2, from, old, to, new, flags);
}
#define renameat2 zc_libc_renameat2

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
static inline int zc_libc_close_range(unsigned first, unsigned last,
                                      unsigned flags)
{
    return (int)syscall(SYS_close_range, first, last, flags);
}
#define close_range zc_libc_close_range

static inline int zc_libc_pidfd_open(pid_t pid, unsigned flags)
{
    return (int)syscall(SYS_pidfd_open, pid, flags);
}
#define pidfd_open zc_libc_pidfd_open

static inline int zc_libc_pidfd_send_signal(int pidfd, int sig, siginfo_t *info,
                                            unsigned flags)
{
    return (int)syscall(SYS_pidfd_send_signal, pidfd, sig, info, flags);
}
#define pidfd_send_signal zc_libc_pidfd_send_signal

/* By the wall clock: who sets it meanwhile changes how long this waits. */
static inline int zc_libc_clockjoin(pthread_t thread, void **result,
                                    clockid_t clock, const struct timespec *until)
{
    struct timespec now, wall;
    clock_gettime(clock, &now);
    clock_gettime(CLOCK_REALTIME, &wall);
    wall.tv_sec += until->tv_sec - now.tv_sec;
    wall.tv_nsec += until->tv_nsec - now.tv_nsec;
    if (wall.tv_nsec < 0) {
        wall.tv_nsec += 1000000000;
        wall.tv_sec--;
    } else if (wall.tv_nsec >= 1000000000) {
        wall.tv_nsec -= 1000000000;
        wall.tv_sec++;
    }
    return pthread_timedjoin_np(thread, result, &wall);
}
#define pthread_clockjoin_np zc_libc_clockjoin

/* Memory is given back without being asked. */
static inline int zc_libc_malloc_trim(size_t pad)
{
    return pad != 0;
}
#define malloc_trim zc_libc_malloc_trim

#endif
#endif
