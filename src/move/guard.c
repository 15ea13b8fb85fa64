// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The SIGBUS handler; see guard.h. The kernel delivers the signal to the thread
 * that touched the page, so each thread has a record of its own of what it is
 * reading, which only it and the handler on top of it use.
 *
 *   window:   | read | read | fault ............... |
 *   then:     | file | file | zeros (anonymous) .... |   and the load is made
 *                                                        again
 *
 * The record and the handler that was there before are the only mutable
 * globals here: a signal handler gets no context to carry them in.
 */
#include "move/guard.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>

static _Thread_local struct {
    volatile uintptr_t start, end; /* end 0: no window */
    volatile uintptr_t fault;      /* the first one; 0: none */
} window;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct sigaction before; /* set before the handler can run */
static bool installed;
static uintptr_t page_mask;

/* Not ours. */
static void pass_on(int sig, siginfo_t *info, void *context)
{
    if (before.sa_flags & SA_SIGINFO) {
        before.sa_sigaction(sig, info, context);
        return;
    }
    if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
        before.sa_handler(sig);
        return;
    }
    if (before.sa_handler == SIG_IGN && info->si_code <= 0)
        return; /* from kill(2); a fault cannot be ignored */
    /* Makes the instruction fault again, or the signal arrive again, when this
     * returns, and the process die of it. */
    struct sigaction dfl = {.sa_handler = SIG_DFL};
    sigemptyset(&dfl.sa_mask);
    sigaction(sig, &dfl, NULL);
    if (info->si_code <= 0)
        raise(sig);
}

static void on_sigbus(int sig, siginfo_t *info, void *context)
{
    int keep = errno;
    uintptr_t at = (uintptr_t)info->si_addr, page = at & page_mask;
    /* mmap(2) is a mere system call: nothing is locked, nothing allocated. */
    if (info->si_code > 0 && at >= window.start && at < window.end &&
        mmap((void *)page, window.end - page, PROT_READ,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED) {
        if (!window.fault)
            window.fault = at;
        errno = keep;
        return;
    }
    pass_on(sig, info, context);
    errno = keep;
}

static void install(void)
{
    struct sigaction sa = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO};
    sigemptyset(&sa.sa_mask);
    page_mask = ~((uintptr_t)sysconf(_SC_PAGESIZE) - 1);
    installed = !sigaction(SIGBUS, NULL, &before) &&
                !sigaction(SIGBUS, &sa, NULL);
}

int zc_guard_begin(void *start, size_t n)
{
    sigset_t bus;
    pthread_once(&once, install);
    if (!installed) {
        errno = ENOSYS;
        return -1;
    }
    /* A fault kills where its signal is blocked. */
    sigemptyset(&bus);
    sigaddset(&bus, SIGBUS);
    errno = pthread_sigmask(SIG_UNBLOCK, &bus, NULL);
    if (errno)
        return -1;
    window.fault = 0;
    window.start = (uintptr_t)start;
    window.end = (uintptr_t)start + n;
    return 0;
}

const void *zc_guard_end(void)
{
    window.end = 0;
    return (const void *)window.fault;
}
