// SPDX-License-Identifier: GPL-2.0-or-later
/* The stop flag and who sets it; see signals.h. */
#include "cli/signals.h"
#include "base/err.h"

#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static atomic_bool stop;
static atomic_bool graceful;
static atomic_int caught; /* the first signal, 0: none */
static atomic_int wake = -1; /* an eventfd, if there is one */
static atomic_bool line_drawn; /* the cursor is behind something */

static const char *name_of(int sig)
{
    switch (sig) {
    case SIGINT:
        return "SIGINT";
    case SIGTERM:
        return "SIGTERM";
    case SIGHUP:
        return "SIGHUP";
    default:
        return NULL;
    }
}

/* Async-signal-safe, as is all of on_signal. */
static void say_interrupted(int sig)
{
    char line[64] = "";
    if (atomic_load(&line_drawn))
        strcat(line, "\n");
    strcat(line, "zcsync: interrupted by signal ");
    strcat(line, name_of(sig));
    strcat(line, "\n");
    ssize_t r = write(STDERR_FILENO, line, strlen(line));
    (void)r; /* there is nothing left to do about it */
}

static void say_over(void)
{
    static const char line[] = "zcsync: " ZC_TIME_OVER "\n";
    (void)!write(STDERR_FILENO, line, sizeof line - 1);
}

static void on_signal(int sig)
{
    int none = 0;
    bool first = atomic_compare_exchange_strong(&caught, &none, sig);
    if (sig == SIGALRM && !first)
        return; /* it is stopping anyway */
    atomic_store(&stop, true);
    int fd = atomic_load(&wake), keep = errno;
    if (fd >= 0)
        (void)!write(fd, &(uint64_t){1}, sizeof(uint64_t));
    errno = keep;
    if (first && atomic_load(&graceful))
        return;
    if (sig == SIGALRM) {
        say_over();
        _exit(ZC_EXIT_TIMEOUT);
    }
    say_interrupted(sig);
    _exit(ZC_EXIT_SIGNAL);
}

void zc_signals_catch(void)
{
    static const int sigs[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < ZC_ARRAY_LEN(sigs); i++) {
        struct sigaction now, ours = {.sa_handler = on_signal};
        sigemptyset(&ours.sa_mask);
        if (sigaction(sigs[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
            sigaction(sigs[i], &ours, NULL);
    }
}

int zc_signals_fd(void)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    atomic_store(&wake, fd);
    return fd;
}

atomic_bool *zc_signals_stop(void)
{
    return &stop;
}

void zc_signals_graceful(bool on)
{
    atomic_store(&graceful, on);
}

void zc_signals_stop_at(time_t at)
{
    struct sigaction ours = {.sa_handler = on_signal};
    struct itimerspec when = {.it_value.tv_sec = at};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL,
                             .sigev_signo = SIGALRM};
    timer_t timer;
    sigemptyset(&ours.sa_mask);
    sigaction(SIGALRM, &ours, NULL);
    /* By the clock on the wall, also when that is set. */
    if (timer_create(CLOCK_REALTIME, &event, &timer) ||
        timer_settime(timer, TIMER_ABSTIME, &when, NULL))
        alarm((unsigned)ZC_MAX(at - time(NULL), 1));
}

bool zc_signals_time_over(void)
{
    return atomic_load(&caught) == SIGALRM;
}

void zc_signals_line(bool drawn)
{
    atomic_store(&line_drawn, drawn);
}

const char *zc_signals_name(void)
{
    return name_of(atomic_load(&caught));
}
