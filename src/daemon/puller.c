// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The child that receives, and who listens to it; see puller.h. What it says is
 * pull_words.h.
 */
#include "daemon/puller.h"

#include "base/log.h"
#include "daemon/process.h"
#include "daemon/pull_words.h"
#include "daemon/receiver_child.h"
#include "daemon/sandbox.h"
#include "receiver/receive.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define TICK_MS 50

/* --- the child --- */

static int tell(void *arg, unsigned type, struct zc_bytes body)
{
    return zc_pull_say(*(const int *)arg, type, body);
}

static _Noreturn void child_main(struct zc_transport *t,
                                 const struct zc_options *opt,
                                 const struct zc_pull *how, int fd,
                                 pid_t parent, const sigset_t *mask)
{
    struct zc_pull own = *how;
    struct zc_err err = {0};
    struct zc_pull_ending e = {0};
    own.confine = zc_sandbox_enter;
    own.tell = tell;
    own.arg = &fd;
    own.sent = &e.sent;
    own.received = &e.received;
    own.plain = &e.plain;
    zc_log_forked();
    zc_process_name("zcsync:receive");
    zc_process_close_others((const int[]){t->poll_rfd, t->poll_wfd, fd}, 3);
    zc_receiver_signals(t);
    sigprocmask(SIG_SETMASK, mask, NULL);
    zc_process_die_with(parent, SIGTERM);
    if (zc_receive_from(t, opt, &own, &err)) {
        e.code = (uint32_t)err.code;
        snprintf(e.text, sizeof e.text, "%s", err.text);
    }
    (void)zc_pull_say_end(fd, &e);
    _exit((int)e.code); /* the stdio buffers are the parent's */
}

/* --- the parent --- */

/* Until the child has ended, or something makes no sense. */
static int hear_all(struct zc_pull_heard *l, int fd, pid_t child,
                    const atomic_bool *stop, struct zc_err *err)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    bool told = false;
    for (;;) {
        if (stop && atomic_load(stop) && !told) {
            kill(child, SIGTERM);
            told = true;
        }
        int n = poll(&p, 1, TICK_MS);
        if (n < 0 && errno != EINTR)
            return zc_err_errno(err, "wait for the process that receives");
        if (n <= 0)
            continue;
        int r = zc_pull_hear(l, fd, err);
        if (r)
            return r < 0 ? -1 : 0;
    }
}

/* What the child knows by itself counts whatever the peer says of it. */
static enum zc_exit worse(enum zc_exit own, enum zc_exit told)
{
    if (own == ZC_EXIT_PARTIAL)
        return told == ZC_EXIT_OK || told == ZC_EXIT_VANISHED ? own : told;
    return told == ZC_EXIT_OK ? own : told;
}

static enum zc_exit outcome(const struct zc_pull_heard *l, int status,
                            const atomic_bool *stop, struct zc_err *err)
{
    char fate[100];
    const enum zc_exit own = (enum zc_exit)l->ending.code;
    bool done = own == ZC_EXIT_OK || own == ZC_EXIT_PARTIAL ||
                own == ZC_EXIT_VANISHED;
    if (stop && atomic_load(stop)) {
        zc_err_set(err, ZC_EXIT_SIGNAL, 0, "stopped");
        return ZC_EXIT_SIGNAL;
    }
    if (!l->ended)
        zc_err_set(err, ZC_EXIT_START, 0, "the process that receives %s",
                   zc_process_fate(status, fate, sizeof fate));
    else if (!done)
        zc_err_set(err, own, 0, "%s", l->ending.text);
    else if (!l->verdict.there)
        zc_err_set(err, ZC_EXIT_STREAM, 0,
                   "the peer did not say what came of it");
    else
        zc_err_set(err, worse(own, l->verdict.code), 0, "%s",
                   *l->verdict.text ? l->verdict.text
                                    : "the peer did not say why it failed");
    return err->code;
}

enum zc_exit zc_puller_end(struct zc_puller *p, const struct zc_events *events,
                           struct zc_stats *stats, const atomic_bool *stop,
                           struct zc_err *err)
{
    struct zc_pull_heard l = {
        .events = events, .stats = stats, .body = ZC_BUF_INIT};
    int r = hear_all(&l, p->fd, p->child, stop, err);
    if (r)
        kill(p->child, SIGTERM);
    zc_close(&p->fd);
    int status = zc_process_wait(p->child);
    enum zc_exit code = r ? err->code : outcome(&l, status, stop, err);
    atomic_store(&stats->wire_out, l.ending.sent);
    atomic_store(&stats->wire_in, l.ending.received);
    atomic_store(&stats->wire_plain, l.ending.plain);
    zc_buf_fini(&l.body);
    return code;
}

int zc_puller_start(struct zc_puller *p, struct zc_transport *t,
                    const struct zc_options *opt, const struct zc_pull *how,
                    struct zc_err *err)
{
    sigset_t mask, old;
    int fds[2];
    if (pipe2(fds, O_CLOEXEC))
        return zc_err_errno(err, "make a pipe");
    fflush(stdout);
    pid_t parent = getpid();
    /* No signal reaches the child before its handlers are there. */
    zc_process_stop_mask(&mask);
    sigprocmask(SIG_BLOCK, &mask, &old);
    p->child = fork();
    int why = errno;
    if (p->child == 0)
        child_main(t, opt, how, fds[1], parent, &old);
    sigprocmask(SIG_SETMASK, &old, NULL);
    close(fds[1]);
    p->fd = fds[0];
    if (p->child > 0)
        return 0;
    zc_close(&p->fd);
    return zc_err_set(err, ZC_EXIT_START, why, "could not start a receiver");
}
