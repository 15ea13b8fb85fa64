// SPDX-License-Identifier: GPL-2.0-or-later
/* The chores of a child process; see process.h. */
#include "daemon/process.h"

#include "base/clock.h"
#include "base/libc.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static const int stop_signals[] = {SIGTERM, SIGINT, SIGHUP};

static bool heeded(int sig)
{
    struct sigaction sa;
    return sig == SIGTERM || sigaction(sig, NULL, &sa) ||
           sa.sa_handler != SIG_IGN;
}

void zc_process_stop_mask(sigset_t *set)
{
    sigemptyset(set);
    for (size_t i = 0; i < ZC_ARRAY_LEN(stop_signals); i++)
        if (heeded(stop_signals[i]))
            sigaddset(set, stop_signals[i]);
}

void zc_process_set_signal(int sig, void (*handler)(int))
{
    struct sigaction sa = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigemptyset(&sa.sa_mask);
    sigaction(sig, &sa, NULL);
}

void zc_process_set_stop(void (*handler)(int))
{
    for (size_t i = 0; i < ZC_ARRAY_LEN(stop_signals); i++)
        if (heeded(stop_signals[i]))
            zc_process_set_signal(stop_signals[i], handler);
}

static int by_number(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

void zc_process_close_others(const int *keep, size_t n)
{
    int sorted[8];
    n = ZC_MIN(n, ZC_ARRAY_LEN(sorted));
    memcpy(sorted, keep, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_number);

    unsigned from = STDERR_FILENO + 1;
    for (size_t i = 0; i < n; i++) {
        if (sorted[i] < (int)from)
            continue;
        if (sorted[i] > (int)from)
            (void)close_range(from, (unsigned)sorted[i] - 1, 0);
        from = (unsigned)sorted[i] + 1;
    }
    (void)close_range(from, ~0U, 0);
}

void zc_process_name(const char *name)
{
    (void)prctl(PR_SET_NAME, name, 0, 0, 0);
}

void zc_process_die_with(pid_t parent, int sig)
{
    (void)prctl(PR_SET_PDEATHSIG, sig, 0, 0, 0);
    if (getppid() != parent) /* it died before it could be told */
        raise(sig);
}

void zc_process_keep_secrets(void)
{
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int zc_process_wait(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

/* True when PID has ended by END. */
static bool ends_by(pid_t pid, int64_t end, int *status)
{
    struct timespec step = {.tv_nsec = 500000};
    for (;;) {
        pid_t r = waitpid(pid, status, WNOHANG);
        if (r == pid || (r < 0 && errno != EINTR))
            return true;
        if (zc_clock_ns() >= end)
            return false;
        nanosleep(&step, NULL);
        if (step.tv_nsec < 50000000)
            step.tv_nsec *= 2;
    }
}

int zc_process_wait_for(pid_t pid, unsigned seconds)
{
    int status = 0;
    if (ends_by(pid, zc_clock_ns() + seconds * ZC_NSEC_PER_SEC, &status))
        return status;
    kill(pid, SIGTERM);
    if (ends_by(pid, zc_clock_ns() + ZC_NSEC_PER_SEC, &status))
        return status;
    kill(pid, SIGKILL);
    return zc_process_wait(pid);
}

const char *zc_process_fate(int status, char *out, size_t size)
{
    if (WIFSIGNALED(status))
        snprintf(out, size, "was killed by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    else
        snprintf(out, size, "ended with exit code %d", WEXITSTATUS(status));
    return out;
}
