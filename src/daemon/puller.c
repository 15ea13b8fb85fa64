// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The child that receives, and what it tells; see puller.h. On the pipe each
 * word is a type and a length, 4 bytes each, in this machine's order, and so many
 * bytes: a frame of the peer's as it came (session/told.h), or, last of all, type
 * 0 and how the child itself ended. The child may have been broken into: what it
 * says is taken as the peer's own would be.
 */
#include "daemon/puller.h"

#include "base/io.h"
#include "base/log.h"
#include "daemon/process.h"
#include "daemon/receivers.h"
#include "daemon/sandbox.h"
#include "receiver/receive.h"
#include "session/told.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#define TICK_MS 50

struct word {
    uint32_t type, n;
};

/* The child's last: its exit code, and a sentence. */
struct ending {
    uint64_t sent, received, plain; /* as in struct zc_pull */
    uint32_t code;
    char text[ZC_ERR_TEXT_MAX];
};

/* --- the child --- */

static int put_word(int fd, unsigned type, const void *bytes, size_t n)
{
    const struct word w = {type, (uint32_t)n};
    return zc_io_write(fd, &w, sizeof w) || zc_io_write(fd, bytes, n) ? -1
                                                                        : 0;
}

static int tell(void *arg, unsigned type, struct zc_bytes body)
{
    return put_word(*(const int *)arg, type, body.p, body.n);
}

static _Noreturn void child_main(struct zc_transport *t,
                                 const struct zc_options *opt,
                                 const struct zc_pull *how, int fd,
                                 pid_t parent, const sigset_t *mask)
{
    struct zc_pull own = *how;
    struct zc_err err = {0};
    struct ending e = {0};
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
    (void)put_word(fd, 0, &e, sizeof e);
    _exit((int)e.code); /* the stdio buffers are the parent's */
}

/* --- the parent --- */

struct listener {
    int fd;
    const struct zc_events *events;
    struct zc_stats *stats;
    struct zc_told_verdict verdict;
    bool ended;
    struct ending ending;
    struct zc_buf body; /* reused */
};

/* The next word, and what it means. 1: there is none any more. */
static int hear_word(struct listener *l, struct zc_err *err)
{
    struct word w;
    ssize_t n = zc_io_read(l->fd, &w, sizeof w);
    if (n == 0)
        return 1;
    if (n != sizeof w || w.n > ZC_FRAME_BODY_MAX)
        return zc_err_set(err, ZC_EXIT_STREAM, 0,
                          "the process that receives told something that makes "
                          "no sense");
    zc_buf_reset(&l->body);
    if (w.n && !zc_buf_reserve(&l->body, w.n))
        return zc_err_nomem(err);
    if (w.n && zc_io_read(l->fd, l->body.data, w.n) != (ssize_t)w.n)
        return 1;
    if (w.type == 0 && w.n == sizeof l->ending) {
        memcpy(&l->ending, l->body.data, sizeof l->ending);
        l->ending.text[sizeof l->ending.text - 1] = '\0';
        l->ended = true;
        return 0;
    }
    if (!zc_told_is(w.type))
        return zc_err_set(err, ZC_EXIT_STREAM, 0,
                          "the process that receives told something unknown");
    const struct zc_bytes body = {l->body.data, w.n};
    return zc_told_take(w.type, body, l->events, l->stats, &l->verdict, err);
}

/* Until the child has ended, or something makes no sense. */
static int hear_all(struct listener *l, pid_t child, const atomic_bool *stop,
                    struct zc_err *err)
{
    struct pollfd p = {.fd = l->fd, .events = POLLIN};
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
        int r = hear_word(l, err);
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

/* No code but those that there are. */
static enum zc_exit known(uint32_t code)
{
    return code > ZC_EXIT_CONTIMEOUT ? ZC_EXIT_STREAM : (enum zc_exit)code;
}

static enum zc_exit outcome(const struct listener *l, int status,
                            const atomic_bool *stop, struct zc_err *err)
{
    char fate[100];
    const enum zc_exit own = known(l->ending.code);
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
        zc_err_set(err, worse(own, known(l->verdict.code)), 0, "%s",
                   *l->verdict.text ? l->verdict.text
                                    : "the peer did not say why it failed");
    return err->code;
}

static enum zc_exit listen_to(pid_t child, int fd,
                              const struct zc_events *events,
                              struct zc_stats *stats, const atomic_bool *stop,
                              struct zc_err *err)
{
    struct listener l = {
        .fd = fd, .events = events, .stats = stats, .body = ZC_BUF_INIT};
    int r = hear_all(&l, child, stop, err);
    if (r)
        kill(child, SIGTERM);
    close(fd);
    int status = zc_process_wait(child);
    enum zc_exit code = r ? err->code : outcome(&l, status, stop, err);
    atomic_store(&stats->wire_out, l.ending.sent);
    atomic_store(&stats->wire_in, l.ending.received);
    atomic_store(&stats->wire_plain, l.ending.plain);
    zc_buf_fini(&l.body);
    return code;
}

enum zc_exit zc_puller_run(struct zc_transport *t, const struct zc_options *opt,
                           const struct zc_pull *how,
                           const struct zc_events *events,
                           struct zc_stats *stats, const atomic_bool *stop,
                           struct zc_err *err)
{
    sigset_t mask, old;
    int p[2];
    if (pipe2(p, O_CLOEXEC)) {
        zc_err_errno(err, "make a pipe");
        return err->code;
    }
    fflush(stdout);
    pid_t parent = getpid();
    /* No signal reaches the child before its handlers are there. */
    zc_process_stop_mask(&mask);
    sigprocmask(SIG_BLOCK, &mask, &old);
    pid_t child = fork();
    int why = errno;
    if (child == 0)
        child_main(t, opt, how, p[1], parent, &old);
    sigprocmask(SIG_SETMASK, &old, NULL);
    close(p[1]);
    if (child > 0)
        return listen_to(child, p[0], events, stats, stop, err);
    close(p[0]);
    zc_err_set(err, ZC_EXIT_START, why, "could not start a receiver");
    return err->code;
}
