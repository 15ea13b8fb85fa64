// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Following processes from call to call; see count.h. A thread that a process
 * makes is stopped at once, and may show up before or after the kernel tells
 * whose it is; until both are known it waits.
 */
#include "bench/count.h"

#include "base/vec.h"

#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#define AT_CALL (SIGTRAP | 0x80) /* PTRACE_O_TRACESYSGOOD */

/* A thread, or the only one of a process. */
struct task {
    pid_t tid;
    struct zc_bench_traced *of; /* NULL: not known yet */
    bool stopped;               /* for the first time, and waits for that */
};

struct tracer {
    struct zc_bench_traced *all;
    ZC_VEC(struct task) tasks;
    unsigned left; /* processes */
};

bool zc_bench_trace_me(void)
{
    return !ptrace(PTRACE_TRACEME, 0, NULL, NULL) && !raise(SIGSTOP);
}

static struct task *task_of(struct tracer *t, pid_t tid)
{
    for (size_t i = 0; i < t->tasks.len; i++)
        if (t->tasks.v[i].tid == tid)
            return &t->tasks.v[i];
    struct task fresh = {.tid = tid};
    for (unsigned i = 0; i < ZC_BENCH_TRACED; i++)
        if (t->all[i].pid == tid)
            fresh.of = &t->all[i];
    return zc_vec_push(&t->tasks, fresh) ? NULL
                                         : &t->tasks.v[t->tasks.len - 1];
}

static void go_on(pid_t tid, int sig)
{
    ptrace(PTRACE_SYSCALL, tid, NULL, (void *)(intptr_t)sig);
}

/* The first stop of TASK. */
static void begins(struct task *task)
{
    ptrace(PTRACE_SETOPTIONS, task->tid, NULL,
           (void *)(intptr_t)(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE |
                              PTRACE_O_EXITKILL));
    task->stopped = true;
    if (task->of)
        go_on(task->tid, 0);
}

/* TID, of PARENT, has made a thread. */
static void makes_thread(struct tracer *t, pid_t tid,
                         struct zc_bench_traced *parent)
{
    unsigned long made = 0;
    ptrace(PTRACE_GETEVENTMSG, tid, NULL, &made);
    struct task *task = task_of(t, (pid_t)made);
    if (!task)
        return;
    task->of = parent;
    if (task->stopped)
        go_on(task->tid, 0);
}

static void at_call(const struct task *task)
{
    struct __ptrace_syscall_info info;
    if (atomic_load(task->of->counts) &&
        ptrace(PTRACE_GET_SYSCALL_INFO, task->tid, (void *)sizeof info,
               &info) > 0 &&
        info.op == PTRACE_SYSCALL_INFO_ENTRY)
        task->of->calls++;
}

static void has_stopped(struct tracer *t, pid_t tid, int status)
{
    struct task *task = task_of(t, tid);
    int sig = WSTOPSIG(status);
    if (!task) { /* no memory */
        kill(tid, SIGKILL);
        return;
    }
    if (!task->stopped) {
        begins(task);
        return;
    }
    if (status >> 16 == PTRACE_EVENT_CLONE)
        makes_thread(t, tid, task->of);
    else if (sig == AT_CALL)
        at_call(task);
    go_on(tid, sig == AT_CALL || status >> 16 ? 0 : sig);
}

static void has_ended(struct tracer *t, pid_t tid, int status)
{
    bool ours = false;
    for (size_t i = 0; i < t->tasks.len; i++)
        if (t->tasks.v[i].tid == tid) /* the number may be given again */
            t->tasks.v[i] = t->tasks.v[--t->tasks.len];
    for (unsigned i = 0; i < ZC_BENCH_TRACED; i++)
        if (t->all[i].pid == tid) {
            t->all[i].status = status;
            t->all[i].pid = -1;
            t->left--;
            ours = true;
        }
    for (unsigned i = 0; ours && status && i < ZC_BENCH_TRACED; i++)
        if (t->all[i].pid > 0)
            kill(t->all[i].pid, SIGKILL);
}

void zc_bench_follow(struct zc_bench_traced all[ZC_BENCH_TRACED])
{
    struct tracer t = {.all = all, .left = ZC_BENCH_TRACED};
    while (t.left) {
        int status;
        pid_t tid = waitpid(-1, &status, __WALL);
        if (tid < 0 && errno != EINTR)
            break;
        if (tid > 0 && WIFSTOPPED(status))
            has_stopped(&t, tid, status);
        else if (tid > 0)
            has_ended(&t, tid, status);
    }
    zc_vec_fini(&t.tasks);
}
