// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fencing; see fence.h. Two receivers of one origin that enter at the same time
 * both publish before they look, so that at least one of them sees the other,
 * and the order of their numbers decides which of them goes.
 *
 *              parent         children
 *     table    read, write    read        a number and a pid for each slot
 *     slots    read, write    read, write which origin, has it entered
 *
 * Children get no mapping of the table that could be written to, and the seal
 * on the file below it keeps them from making one. A pid in the table cannot
 * have been used again while its slot is taken, as the parent gives it back only
 * after waitpid. So: open a pidfd, look whether the slot is still the same, and
 * only then send a signal.
 */
#include "daemon/fence.h"

#include "base/clock.h"
#include "base/libc.h"
#include "base/log.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#ifdef __GLIBC__
#include <sys/pidfd.h>
#endif

#define SLOTS 4096 /* conf_table.c lets no more connections be open */
#define ASKED_MS 10000
#define KILLED_MS 3000
#define STARTED_NS (10 * ZC_NSEC_PER_SEC)

struct row {
    atomic_uint_fast64_t number; /* 0: free; by age */
    atomic_int pid;              /* 0: not known yet */
};

struct table {
    atomic_uint_fast32_t end; /* rows from here on were never taken */
    struct row rows[SLOTS];
};

struct zc_fence_slot {
    atomic_bool entered;
    uint8_t origin[ZC_ORIGIN_SIZE]; /* before `entered` */
};

struct zc_fence {
    struct table *own;         /* the parent's; not mapped in children */
    const struct table *table; /* the same, for all */
    struct zc_fence_slot *slots;
    uint64_t last;
    uint32_t used; /* as `end` */
};

static void *map(size_t size, int prot, int flags, int fd)
{
    void *p = mmap(NULL, size, prot, flags | MAP_SHARED, fd, 0);
    return p == MAP_FAILED ? NULL : p;
}

/* The table, twice. -1 and errno. */
static int map_table(struct zc_fence *f)
{
    const size_t size = sizeof(struct table);
    zc_auto_close int fd = memfd_create("zcsync-fence",
                                        MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0 || ftruncate(fd, (off_t)size))
        return -1;
    f->own = map(size, PROT_READ | PROT_WRITE, 0, fd);
    if (!f->own || madvise(f->own, size, MADV_DONTFORK) ||
        fcntl(fd, F_ADD_SEALS,
              F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK | F_SEAL_GROW))
        return -1;
    f->table = map(size, PROT_READ, 0, fd);
    return f->table ? 0 : -1;
}

struct zc_fence *zc_fence_new(void)
{
    struct zc_fence *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    f->slots = map(SLOTS * sizeof *f->slots, PROT_READ | PROT_WRITE,
                   MAP_ANONYMOUS | MAP_NORESERVE, -1);
    if (f->slots && map_table(f) == 0)
        return f;
    int keep = errno;
    zc_fence_free(f);
    errno = keep;
    return NULL;
}

void zc_fence_forget(struct zc_fence *f)
{
    if (!f)
        return;
    if (f->table)
        munmap((void *)f->table, sizeof *f->table);
    if (f->slots)
        munmap(f->slots, SLOTS * sizeof *f->slots);
    f->table = NULL;
    f->slots = NULL;
}

void zc_fence_free(struct zc_fence *f)
{
    if (!f)
        return;
    zc_fence_forget(f);
    if (f->own)
        munmap(f->own, sizeof *f->own);
    free(f);
}

struct zc_fence_slot *zc_fence_take(struct zc_fence *f)
{
    uint32_t i = 0;
    while (i < f->used && f->own->rows[i].number)
        i++;
    if (i == SLOTS)
        return NULL;
    if (i == f->used)
        atomic_store(&f->own->end, ++f->used);
    atomic_store(&f->own->rows[i].number, ++f->last);
    return &f->slots[i];
}

void zc_fence_started(struct zc_fence *f, struct zc_fence_slot *slot,
                      pid_t pid)
{
    atomic_store(&f->own->rows[slot - f->slots].pid, pid);
}

void zc_fence_give_back(struct zc_fence *f, struct zc_fence_slot *slot)
{
    if (!slot)
        return;
    struct row *r = &f->own->rows[slot - f->slots];
    atomic_store(&slot->entered, false);
    atomic_store(&r->pid, 0);
    atomic_store(&r->number, 0);
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

/* PID waits for something that not even SIGKILL makes it give up. */
static bool hangs(pid_t pid)
{
    char path[40], text[200] = "";
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    zc_auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && read(fd, text, sizeof text - 1) < 0)
        return false;
    const char *state = strstr(text, "\nState:\t");
    return state && state[8] == 'D';
}

/* Ends the process PID of the row OLD, whose number is NUMBER. */
static int end_process(const struct row *old, uint64_t number, pid_t pid,
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
    return zc_err_set(err, ZC_EXIT_START, 0,
                      "an older session of this mirror, process %d, does not "
                      "end%s", (int)pid,
                      hangs(pid) ? ": it waits in the kernel, for a disk or a "
                                   "file system that does not answer"
                                 : "");
}

/* Whoever sees that we have entered must find our pid, which the parent writes
 * after its fork, and so, as a rule, long ago. */
static int await_pid(const struct row *mine, struct zc_err *err)
{
    int64_t end = zc_clock_ns() + STARTED_NS;
    while (atomic_load(&mine->pid) != getpid()) {
        if (zc_clock_ns() > end)
            return zc_err_set(err, ZC_EXIT_START, 0,
                              "the process that accepts connections hangs");
        zc_clock_sleep_ns(1000000);
    }
    return 0;
}

int zc_fence_enter(struct zc_fence *f, struct zc_fence_slot *slot,
                   const uint8_t origin[ZC_ORIGIN_SIZE], struct zc_err *err)
{
    const struct row *rows = f->table->rows, *mine = &rows[slot - f->slots];
    uint64_t number = atomic_load(&mine->number);
    if (await_pid(mine, err))
        return -1;
    memcpy(slot->origin, origin, ZC_ORIGIN_SIZE);
    atomic_store(&slot->entered, true);
    uint32_t end = (uint32_t)atomic_load(&f->table->end);
    for (uint32_t i = 0; i < end; i++) {
        const struct zc_fence_slot *s = &f->slots[i];
        uint64_t other = atomic_load(&rows[i].number);
        pid_t pid = atomic_load(&rows[i].pid);
        if (s == slot || !other || !pid || !atomic_load(&s->entered) ||
            memcmp(s->origin, origin, ZC_ORIGIN_SIZE) != 0)
            continue;
        if (other > number)
            return zc_err_set(err, ZC_EXIT_START, 0,
                              "a newer connection of this mirror is there");
        if (end_process(&rows[i], other, pid, err))
            return -1;
    }
    return 0;
}
