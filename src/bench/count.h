/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts the system calls of processes by having the kernel stop them at each:
 * ptrace(2), as strace(1) does. Nothing is taken from what a mover is thought
 * to do.
 */
#ifndef ZC_BENCH_COUNT_H
#define ZC_BENCH_COUNT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define ZC_BENCH_TRACED 2

struct zc_bench_traced {
    pid_t pid;
    const atomic_bool *counts; /* in shared memory: now is the time */
    uint64_t calls;            /* of all its threads meanwhile */
    int status;                /* as of waitpid(2), at its end */
};

/* In the process that is to be traced, first of all. False: it may not. */
bool zc_bench_trace_me(void);
/* In its parent: until all of ALL have ended, whether they have called that or
 * not; there are no other children. When one fails the others are killed. */
void zc_bench_follow(struct zc_bench_traced all[ZC_BENCH_TRACED]);

#endif
