// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fencing; see fence.h. Two receivers of one origin that enter at the same time
 * both publish before they look, so that at least one of them sees the other,
 * and the order of their numbers decides which of them goes.
 *
 * A pid in a slot cannot have been used again while the slot is taken, as the
 * parent gives it back only after waitpid. So: open a pidfd, look whether the
 * slot is still the same, and only then send a signal.
 */
#include "daemon/fence.h"

#include "base/clock.h"
#include "base/log.h"

#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>

#define SLOTS 65536
#define ASKED_MS 10000
#define KILLED_MS 3000

struct zc_fence_slot {
    atomic_uint_fast64_t number; /* 0: free; by age. The parent's */
    atomic_int pid;              /* 0: not entered. The receiver's */
    uint8_t origin[ZC_ORIGIN_SIZE]; /* before pid */
};

struct zc_fence {
    atomic_uint_fast64_t last; /* the parent's */
    uint32_t used;             /* slots from here on were never taken */
    atomic_uint_fast32_t end;  /* the same, for receivers */
    struct zc_fence_slot slots[SLOTS];
};

struct zc_fence *zc_fence_new(void)
{
    void *p = mmap(NULL, sizeof(struct zc_fence), PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

void zc_fence_free(struct zc_fence *f)
{
    if (f)
        munmap(f, sizeof *f);
}

struct zc_fence_slot *zc_fence_take(struct zc_fence *f)
{
    uint32_t i = 0;
    while (i < f->used && f->slots[i].number)
        i++;
    if (i == SLOTS)
        return NULL;
    if (i == f->used)
        atomic_store(&f->end, ++f->used);
    atomic_store(&f->slots[i].number, ++f->last);
    return &f->slots[i];
}

void zc_fence_give_back(struct zc_fence_slot *slot)
{
    if (!slot)
        return;
    atomic_store(&slot->pid, 0);
    atomic_store(&slot->number, 0);
}

/* Waits until the process has ended, MS at most. */
static bool has_ended(int pidfd, int ms)
{
    struct pollfd p = {.fd = pidfd, .events = POLLIN};
    int64_t end = zc_clock_ns() + ms * INT64_C(1000000);
    for (int64_t left; (left = end - zc_clock_ns()) > 0;) {
        int r = poll(&p, 1, (int)(left / 1000000) + 1);
        if (r > 0)
            return true;
        if (r < 0 && errno != EINTR)
            return false;
    }
    return false;
}

/* Ends the process in OLD, whose number is NUMBER. */
static int end_process(struct zc_fence_slot *old, uint64_t number, pid_t pid,
                       struct zc_err *err)
{
    zc_auto_close int pidfd = pidfd_open(pid, 0);
    int eno = errno;
    if (atomic_load(&old->number) != number)
        return 0;
    if (pidfd >= 0) {
        zc_log(ZC_LOG_INFO, "a newer connection of the same mirror ends the "
                            "session of process %d", (int)pid);
        if (pidfd_send_signal(pidfd, SIGTERM, NULL, 0) == 0 &&
            has_ended(pidfd, ASKED_MS))
            return 0;
        if (pidfd_send_signal(pidfd, SIGKILL, NULL, 0) == 0 &&
            has_ended(pidfd, KILLED_MS))
            return 0;
        eno = errno == ESRCH ? ESRCH : ETIMEDOUT;
    }
    if (eno == ESRCH)
        return 0;
    return zc_err_set(err, ZC_EXIT_START, eno,
                      "an older session of this mirror does not end");
}

int zc_fence_enter(struct zc_fence *f, struct zc_fence_slot *slot,
                   const uint8_t origin[ZC_ORIGIN_SIZE], struct zc_err *err)
{
    uint64_t mine = atomic_load(&slot->number);
    memcpy(slot->origin, origin, ZC_ORIGIN_SIZE);
    atomic_store(&slot->pid, getpid());
    uint32_t end = (uint32_t)atomic_load(&f->end);
    for (uint32_t i = 0; i < end; i++) {
        struct zc_fence_slot *s = &f->slots[i];
        uint64_t number = atomic_load(&s->number);
        pid_t pid = atomic_load(&s->pid);
        if (s == slot || !number || !pid ||
            memcmp(s->origin, origin, ZC_ORIGIN_SIZE) != 0)
            continue;
        if (number > mine)
            return zc_err_set(err, ZC_EXIT_START, 0,
                              "a newer connection of this mirror is there");
        if (end_process(s, number, pid, err))
            return -1;
    }
    return 0;
}
