// SPDX-License-Identifier: GPL-2.0-or-later
/* Signals become requests; see pausing.h. */
#include "cli/pausing.h"

#include "mirror/mirror.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

struct zc_pausing {
    int signals, stop; /* signalfd; eventfd */
    int control[2];    /* ours, the mirror's */
    pthread_t thread;
    bool running;
};

static void ask(const struct zc_pausing *p, enum zc_mirror_verb verb)
{
    const struct zc_mirror_request r = {.id = 1, .peer = -1, .verb = verb};
    (void)send(p->control[0], &r, sizeof r, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* What becomes of it is told as a state. */
static void drop_answers(const struct zc_pausing *p)
{
    struct zc_mirror_answer a;
    while (recv(p->control[0], &a, sizeof a, MSG_DONTWAIT) > 0)
        ;
}

static void *pausing_main(void *arg)
{
    struct zc_pausing *p = arg;
    struct pollfd f[] = {{.fd = p->stop, .events = POLLIN},
                         {.fd = p->signals, .events = POLLIN},
                         {.fd = p->control[0], .events = POLLIN}};
    while (poll(f, ZC_ARRAY_LEN(f), -1) >= 0 || errno == EINTR) {
        struct signalfd_siginfo info;
        if (f[0].revents)
            break;
        while (read(p->signals, &info, sizeof info) == sizeof info)
            ask(p, info.ssi_signo == SIGUSR1 ? ZC_MIRROR_PAUSE
                                             : ZC_MIRROR_RESUME);
        drop_answers(p);
    }
    return NULL;
}

struct zc_pausing *zc_pausing_start(int *control, struct zc_err *err)
{
    sigset_t mask;
    struct zc_pausing *p = calloc(1, sizeof *p);
    if (!p) {
        zc_err_nomem(err);
        return NULL;
    }
    p->control[0] = p->control[1] = -1;
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR1);
    sigaddset(&mask, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &mask, NULL);
    p->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    p->stop = eventfd(0, EFD_CLOEXEC);
    if (p->signals >= 0 && p->stop >= 0 &&
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, p->control) == 0)
        p->running = !pthread_create(&p->thread, NULL, pausing_main, p);
    if (p->running) {
        *control = p->control[1];
        return p;
    }
    zc_err_set(err, ZC_EXIT_START, errno, "could not wait for signals");
    zc_pausing_stop(p);
    return NULL;
}

void zc_pausing_stop(struct zc_pausing *p)
{
    if (!p)
        return;
    if (p->running) {
        (void)eventfd_write(p->stop, 1);
        pthread_join(p->thread, NULL);
    }
    zc_close(&p->signals);
    zc_close(&p->stop);
    zc_close(&p->control[0]);
    zc_close(&p->control[1]);
    free(p);
}
