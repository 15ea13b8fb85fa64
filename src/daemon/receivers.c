// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Receivers in processes of their own:
 *
 *   parent   accept, fork, reap, log; no peer's byte is ever read here
 *   child    one connection: zc_receive_run, confined, then _exit
 *
 * SIGTERM reaches a session as the end of its connection: the handler shuts the
 * transport down, zc_receive_run finds its stream ended, removes its staging
 * files and returns. A handler and not a thread that waits for signals, because
 * such a thread would have to start before the sandbox is entered and would
 * stay outside it.
 */
#include "daemon/receivers.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/process.h"
#include "daemon/sandbox.h"
#include "net/dial.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* How long a peer gets to read why its session failed. */
#define LINGER_NS (2 * ZC_NSEC_PER_SEC)

/* The stop flag of this file: the connection that a stop signal ends. Set
 * before the handlers are installed, in a process that serves one session. */
static struct zc_transport *volatile session_transport;

static void on_stop(int sig)
{
    (void)sig;
    zc_transport_shutdown(session_transport);
}

void zc_receiver_signals(struct zc_transport *t)
{
    session_transport = t;
    zc_process_set_stop(on_stop);
    zc_process_set_signal(SIGPIPE, SIG_IGN);
}

void zc_receiver_forget(void)
{
    session_transport = NULL;
}

/*
 * Closing a TCP socket with unread bytes resets the connection, and a reset
 * can overtake the message that says why. So after a failure: no more from us,
 * and the peer's bytes are read and dropped until it closes too.
 */
static void linger(struct zc_transport *t)
{
    char dropped[16 * 1024];
    if (!t->socket)
        return;
    shutdown(t->raw_wfd, SHUT_WR);
    int64_t end = zc_clock_ns() + LINGER_NS;
    struct pollfd p = {.fd = t->raw_rfd, .events = POLLIN};
    for (int64_t left; (left = end - zc_clock_ns()) > 0;) {
        if (poll(&p, 1, (int)(left / 1000000) + 1) <= 0)
            return;
        if (recv(p.fd, dropped, sizeof dropped, MSG_DONTWAIT) <= 0)
            return;
    }
}

int zc_receiver_session(struct zc_transport *t,
                        const struct zc_receive_options *opt,
                        struct zc_err *err)
{
    struct zc_receive_options confined = *opt;
    if (!confined.confine)
        confined.confine = zc_sandbox_enter;
    zc_process_raise_nofile(); /* it holds a directory open per level */
    int r = zc_receive_run(t, &confined, err);
    if (r)
        linger(t);
    return r;
}

/* What a receiver tells others. */
struct told {
    struct zc_receiver_note *note;
    struct zc_fence *fence;
    struct zc_fence_slot *slot;
};

/* Tells the parent which share it is, and older receivers of the same mirror to
 * end. */
static int tell(void *arg, const char *share, const uint8_t *origin,
                struct zc_err *err)
{
    const struct told *t = arg;
    if (t->note) {
        snprintf(t->note->share, sizeof t->note->share, "%s", share);
        atomic_store(&t->note->opened, true);
    }
    return origin ? zc_fence_enter(t->fence, t->slot, origin, err) : 0;
}

/* A child's whole life. */
static _Noreturn void child_main(struct zc_transport *t, pid_t parent,
                                 const struct zc_receive_options *opt,
                                 struct told *told, const sigset_t *mask)
{
    struct zc_receive_options own = *opt;
    struct zc_err err = {0};

    own.opened = tell;
    own.opened_arg = told;
    zc_process_name("zcsync:receive");
    zc_receiver_signals(t);
    sigprocmask(SIG_SETMASK, mask, NULL);
    zc_process_die_with(parent, SIGTERM);
    zc_process_close_others((const int[]){t->raw_rfd, t->raw_wfd}, 2);

    int r = zc_receiver_session(t, &own, &err);
    if (r)
        zc_log(ZC_LOG_WARN, "%s: %s", t->peer, err.text);
    else
        zc_log(ZC_LOG_INFO, "%s: session finished", t->peer);
    _exit(r ? err.code : 0); /* the stdio buffers are the parent's */
}

static struct zc_receiver_note *note_new(void)
{
    void *p = mmap(NULL, sizeof(struct zc_receiver_note),
                   PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

static void note_free(struct zc_receiver_note *note)
{
    if (note)
        munmap(note, sizeof *note);
}

void zc_receivers_fini(struct zc_receivers *r)
{
    for (size_t i = 0; i < r->v.len; i++)
        note_free(r->v.v[i].note);
    zc_vec_fini(&r->v);
    zc_fence_free(r->fence);
}

/* Starts the receiver of C. -1: logged. */
static int start(struct zc_receivers *r, struct zc_receiver *c,
                 struct zc_transport *t, const struct zc_receive_options *opt,
                 const sigset_t *mask)
{
    pid_t parent = getpid();
    if (!r->fence)
        r->fence = zc_fence_new();
    c->since = zc_clock_wall_ns();
    c->note = note_new();
    c->slot = r->fence ? zc_fence_take(r->fence) : NULL;
    errno = ENOMEM;
    c->pid = c->slot ? fork() : -1;
    if (c->pid == 0)
        child_main(t, parent, opt, &(struct told){c->note, r->fence, c->slot},
                   mask);
    if (c->pid > 0)
        return 0;
    zc_log(ZC_LOG_WARN, "%s: could not start a receiver: %s", c->peer,
           strerror(errno));
    zc_fence_give_back(c->slot);
    note_free(c->note);
    return -1;
}

void zc_receivers_accept(struct zc_receivers *r, int listen_fd,
                         const struct zc_receive_options *opt,
                         const sigset_t *mask)
{
    struct zc_transport *t = zc_accept(listen_fd);
    if (!t) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
            errno == ENOMEM) {
            zc_log(ZC_LOG_WARN, "could not accept a connection: %s",
                   strerror(errno));
            zc_clock_sleep_ns(ZC_NSEC_PER_SEC / 10); /* it stays pending */
        }
        return;
    }
    struct zc_receiver c = {0};
    memcpy(c.peer, t->peer, sizeof c.peer);
    r->refused++;
    if (r->v.len >= r->max) {
        zc_log(ZC_LOG_WARN, "%s: refused, %u connections are open already",
               c.peer, r->max);
    } else if (zc_vec_push(&r->v, c)) {
        zc_log(ZC_LOG_WARN, "%s: refused, out of memory", c.peer);
    } else if (start(r, &r->v.v[r->v.len - 1], t, opt, mask)) {
        r->v.len--;
    } else {
        r->refused--;
        r->accepted++;
    }
    zc_transport_free(t);
}

bool zc_receivers_reap(struct zc_receivers *r, bool wait)
{
    bool any = false;
    for (size_t i = 0; i < r->v.len;) {
        struct zc_receiver *c = &r->v.v[i];
        int status = 0;
        pid_t pid = waitpid(c->pid, &status, wait ? 0 : WNOHANG);
        if (pid == 0)
            i++;
        if (pid == 0 || (pid < 0 && errno == EINTR))
            continue;
        if (WIFSIGNALED(status))
            zc_log(ZC_LOG_WARN, "%s: the receiver was killed by signal %d",
                   c->peer, WTERMSIG(status));
        zc_fence_give_back(c->slot);
        note_free(c->note);
        *c = r->v.v[--r->v.len];
        any = true;
    }
    return any;
}

void zc_receivers_signal(const struct zc_receivers *r, int sig)
{
    for (size_t i = 0; i < r->v.len; i++)
        kill(r->v.v[i].pid, sig);
}
