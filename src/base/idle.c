// SPDX-License-Identifier: GPL-2.0-or-later
/* Priorities; see idle.h. Not nice(2): without privilege there is no way back. */
#include "base/idle.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of linux/ioprio.h, which is newer than what it describes. */
#define WHO_PROCESS 1
#define CLASS_SHIFT 13
#define CLASS_NONE 0
#define CLASS_IDLE 3

void zc_idle_io(bool on)
{
    int class = on ? CLASS_IDLE : CLASS_NONE;
    (void)syscall(SYS_ioprio_set, WHO_PROCESS, 0, class << CLASS_SHIFT);
}

/* Not SCHED_IDLE: somebody may wait for a lock that this thread has. */
#define NICE 10

void zc_idle_thread(void)
{
    zc_idle_io(true);
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
}
