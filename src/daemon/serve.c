// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Receivers in processes of their own:
 *
 *   zc_serve_run       parent: accept, fork, reap, log; no peer's byte is ever
 *                      read here
 *       child          one connection: zc_receive_run, confined, then _exit
 *   zc_serve_embedded  one such child at the end of a socket pair
 *   zc_serve_stdio     the same in this very process
 *
 * SIGTERM reaches a session as the end of its connection: the handler shuts the
 * transport down, zc_receive_run finds its stream ended, removes its staging
 * files and returns. A handler and not a thread that waits for signals, because
 * such a thread would have to start before the sandbox is entered and would
 * stay outside it.
 */
#include "daemon/serve.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/vec.h"
#include "daemon/sandbox.h"
#include "net/dial.h"
#include "net/endpoint.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define MAX_CONNECTIONS_DEFAULT 64
#define STOP_WAIT_NS (10 * ZC_NSEC_PER_SEC)
/* How long a peer gets to read why its session failed. */
#define LINGER_NS (2 * ZC_NSEC_PER_SEC)

/* Signals that end a receiver. */
static const int stop_signals[] = {SIGTERM, SIGINT, SIGHUP};

/* The stop flag of this file: the connection that a stop signal ends. Set
 * before the handlers are installed, in a process that serves one session. */
static struct zc_transport *volatile session_transport;

static void on_stop(int sig)
{
    (void)sig;
    zc_transport_shutdown(session_transport);
}

static void set_signal(int sig, void (*handler)(int))
{
    struct sigaction sa = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigemptyset(&sa.sa_mask);
    sigaction(sig, &sa, NULL);
}

/* A shell or nohup(1) that made this process ignore SIG meant it. */
static bool heeded(int sig)
{
    struct sigaction sa;
    return sig == SIGTERM || sigaction(sig, NULL, &sa) ||
           sa.sa_handler != SIG_IGN;
}

static void stop_mask(sigset_t *set)
{
    sigemptyset(set);
    for (size_t i = 0; i < ZC_ARRAY_LEN(stop_signals); i++)
        if (heeded(stop_signals[i]))
            sigaddset(set, stop_signals[i]);
}

/* From now on stop signals end T, and a broken pipe is an errno. */
static void handle_signals(struct zc_transport *t)
{
    session_transport = t;
    for (size_t i = 0; i < ZC_ARRAY_LEN(stop_signals); i++)
        if (heeded(stop_signals[i]))
            set_signal(stop_signals[i], on_stop);
    set_signal(SIGPIPE, SIG_IGN);
}

/* As many files as the administrator allows: a receiver holds a directory open
 * per level and per applying thread. */
static void raise_nofile(void)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < r.rlim_max) {
        r.rlim_cur = r.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &r);
    }
}

/* Closes what a forked receiver has no use for: everything but the standard
 * streams and its connection. */
static void close_others(const struct zc_transport *t)
{
    unsigned lo = (unsigned)ZC_MIN(t->raw_rfd, t->raw_wfd);
    unsigned hi = (unsigned)ZC_MAX(t->raw_rfd, t->raw_wfd);
    if (lo > 3)
        (void)close_range(3, lo - 1, 0);
    if (hi > lo + 1)
        (void)close_range(lo + 1, hi - 1, 0);
    (void)close_range(hi + 1, ~0U, 0);
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

static int serve_session(struct zc_transport *t,
                         const struct zc_receive_options *opt,
                         struct zc_err *err)
{
    struct zc_receive_options confined = *opt;
    if (!confined.confine)
        confined.confine = zc_sandbox_enter;
    raise_nofile();
    int r = zc_receive_run(t, &confined, err);
    if (r)
        linger(t);
    return r;
}

static int check_share(const struct zc_share *share, struct zc_err *err)
{
    struct stat st;
    if (!zc_share_name_ok(share->name, strlen(share->name)))
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "\"%.300s\" cannot name a share: 1 to 255 bytes "
                          "without '/', ':' and control bytes", share->name);
    int eno = stat(share->path, &st) ? errno : 0;
    if (!eno && !S_ISDIR(st.st_mode))
        eno = ENOTDIR;
    if (eno)
        return zc_err_set(err, ZC_EXIT_SELECT, eno,
                          "share %s cannot be served from %.512s", share->name,
                          share->path);
    return 0;
}

static int check_shares(const struct zc_receive_options *opt,
                        struct zc_err *err)
{
    if (opt->n_shares == 0)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "nothing to serve: write NAME=PATH");
    for (size_t i = 0; i < opt->n_shares; i++) {
        const char *name = opt->shares[i].name;
        if (check_share(&opt->shares[i], err))
            return -1;
        for (size_t k = 0; k < i; k++)
            if (strcmp(name, opt->shares[k].name) == 0)
                return zc_err_set(err, ZC_EXIT_USAGE, 0,
                                  "share %s is given twice", name);
    }
    return 0;
}

/* The parent. */

struct child {
    pid_t pid;
    char peer[sizeof((struct zc_transport *)0)->peer];
};

struct server {
    const struct zc_serve_options *opt;
    unsigned max;
    int listen_fd, signal_fd;
    sigset_t old_mask;
    ZC_VEC(struct child) children;
};

static int open_listener(struct server *s, char *bound, size_t size,
                         struct zc_err *err)
{
    zc_auto_free char *host = NULL, *port = NULL;
    bool loopback;

    if (s->opt->listen && zc_addr_split(s->opt->listen, &host, &port, err))
        return -1;
    s->listen_fd = zc_listen(host, port ? port : ZC_DEFAULT_PORT, bound, size,
                             &loopback, err);
    if (s->listen_fd < 0)
        return -1;
    if (!loopback && !s->opt->plain)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "other hosts could reach %s and read what crosses "
                          "it: write --plain to allow that, or --listen "
                          "127.0.0.1:PORT", bound);
    /* A connection that is reset between poll and accept must not block us. */
    if (fcntl(s->listen_fd, F_SETFL, O_NONBLOCK))
        return zc_err_set(err, ZC_EXIT_SOCKET, errno,
                          "could not set up %s", bound);
    return 0;
}

/* A child's whole life. */
static _Noreturn void child_main(struct server *s, struct zc_transport *t)
{
    struct zc_err err = {0};

    handle_signals(t);
    sigprocmask(SIG_SETMASK, &s->old_mask, NULL);
    zc_close(&s->listen_fd);
    zc_close(&s->signal_fd);
    close_others(t);

    int r = serve_session(t, &s->opt->receive, &err);
    if (r)
        zc_log(ZC_LOG_WARN, "%s: %s", t->peer, err.text);
    else
        zc_log(ZC_LOG_INFO, "%s: session finished", t->peer);
    _exit(r ? err.code : 0); /* the stdio buffers are the parent's */
}

static void handle_connection(struct server *s)
{
    struct zc_transport *t = zc_accept(s->listen_fd);
    if (!t) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
            errno == ENOMEM) {
            zc_log(ZC_LOG_WARN, "could not accept a connection: %s",
                   strerror(errno));
            zc_clock_sleep_ns(ZC_NSEC_PER_SEC / 10); /* it stays pending */
        }
        return;
    }
    struct child c = {0};
    memcpy(c.peer, t->peer, sizeof c.peer);
    if (s->children.len >= s->max) {
        zc_log(ZC_LOG_WARN, "%s: refused, %u connections are open already",
               c.peer, s->max);
    } else if (zc_vec_push(&s->children, c)) {
        zc_log(ZC_LOG_WARN, "%s: refused, out of memory", c.peer);
    } else {
        pid_t pid = fork();
        if (pid == 0)
            child_main(s, t);
        if (pid < 0) {
            zc_log(ZC_LOG_WARN, "%s: could not start a receiver: %s", c.peer,
                   strerror(errno));
            s->children.len--;
        } else {
            s->children.v[s->children.len - 1].pid = pid;
        }
    }
    zc_transport_free(t);
}

/* Forgets the children that ended, after waiting for them unless FLAGS has
 * WNOHANG. They logged how, but for a violent end. */
static void reap(struct server *s, int flags)
{
    for (size_t i = 0; i < s->children.len;) {
        struct child *c = &s->children.v[i];
        int status = 0;
        pid_t r = waitpid(c->pid, &status, flags);
        if (r == 0)
            i++;
        if (r == 0 || (r < 0 && errno == EINTR))
            continue;
        if (WIFSIGNALED(status))
            zc_log(ZC_LOG_WARN, "%s: the receiver was killed by signal %d",
                   c->peer, WTERMSIG(status));
        *c = s->children.v[--s->children.len];
    }
}

static void signal_children(const struct server *s, int sig)
{
    for (size_t i = 0; i < s->children.len; i++)
        kill(s->children.v[i].pid, sig);
}

/* Reads the pending signals; true when one of them says stop. */
static bool stop_requested(const struct server *s)
{
    struct signalfd_siginfo info;
    bool stop = false;
    while (read(s->signal_fd, &info, sizeof info) == sizeof info)
        if (info.ssi_signo != SIGCHLD)
            stop = true;
    return stop;
}

static int accept_until_stopped(struct server *s, struct zc_err *err)
{
    struct pollfd p[] = {{.fd = s->signal_fd, .events = POLLIN},
                         {.fd = s->listen_fd, .events = POLLIN}};
    for (;;) {
        if (poll(p, ZC_ARRAY_LEN(p), -1) < 0) {
            if (errno == EINTR)
                continue;
            return zc_err_set(err, ZC_EXIT_SOCKET, errno,
                              "could not wait for connections");
        }
        if (stop_requested(s))
            return 0;
        reap(s, WNOHANG);
        if (p[1].revents)
            handle_connection(s);
    }
}

/* Ends the children: asks them, and after ten seconds or a second stop signal
 * (an impatient Ctrl-C) does not ask. */
static void stop_children(struct server *s)
{
    struct pollfd p = {.fd = s->signal_fd, .events = POLLIN};
    int64_t end = zc_clock_ns() + STOP_WAIT_NS;

    bool patient = true;
    signal_children(s, SIGTERM);
    for (reap(s, WNOHANG); s->children.len && patient; reap(s, WNOHANG)) {
        int64_t left = end - zc_clock_ns();
        if (left > 0)
            poll(&p, 1, (int)(left / 1000000) + 1);
        patient = left > 0 && !stop_requested(s);
    }
    signal_children(s, SIGKILL);
    reap(s, 0);
}

int zc_serve_run(const struct zc_serve_options *opt, struct zc_err *err)
{
    struct server s = {.opt = opt, .listen_fd = -1, .signal_fd = -1};
    sigset_t mask;
    char bound[160];
    int result = -1;

    s.max = opt->max_connections ? opt->max_connections
                                 : MAX_CONNECTIONS_DEFAULT;
    if (check_shares(&opt->receive, err))
        return -1;
    /* Blocked in the parent for good: a signal that comes while a child is
     * forked reaches it once its handlers are there. */
    stop_mask(&mask);
    sigaddset(&mask, SIGCHLD);
    set_signal(SIGCHLD, SIG_DFL);
    sigprocmask(SIG_BLOCK, &mask, &s.old_mask);
    s.signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    if (s.signal_fd < 0) {
        zc_err_set(err, ZC_EXIT_SOCKET, errno, "could not wait for signals");
        goto out;
    }
    if (open_listener(&s, bound, sizeof bound, err))
        goto out;
    printf("zcsync: listening on %s\n", bound);
    fflush(stdout);
    result = accept_until_stopped(&s, err);
    zc_close(&s.listen_fd);
    stop_children(&s);
out:
    zc_close(&s.listen_fd);
    zc_close(&s.signal_fd);
    zc_vec_fini(&s.children);
    sigprocmask(SIG_SETMASK, &s.old_mask, NULL);
    return result;
}

/* The standard streams. */

/* Takes stdin and stdout for the protocol and leaves harmless ones in their
 * place, so that a stray message can never end up in the stream. */
static struct zc_transport *take_stdio(struct zc_err *err)
{
    zc_auto_close int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int in = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    int out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    struct zc_transport *t = NULL;

    if (null >= 0 && in >= 0 && out >= 0 &&
        dup2(null, STDIN_FILENO) >= 0 &&
        dup2(STDERR_FILENO, STDOUT_FILENO) >= 0)
        t = zc_transport_new_fds(in, out, "stdio");
    if (t)
        return t;
    zc_err_set(err, ZC_EXIT_SOCKET, errno,
               "could not use standard input and output");
    zc_close(&in);
    zc_close(&out);
    return NULL;
}

int zc_serve_stdio(const struct zc_receive_options *opt, struct zc_err *err)
{
    struct sigaction old[ZC_ARRAY_LEN(stop_signals)], old_pipe;
    sigset_t mask, old_mask;

    if (check_shares(opt, err))
        return -1;
    struct zc_transport *t = take_stdio(err);
    if (!t)
        return -1;
    for (size_t i = 0; i < ZC_ARRAY_LEN(stop_signals); i++)
        sigaction(stop_signals[i], NULL, &old[i]);
    sigaction(SIGPIPE, NULL, &old_pipe);
    stop_mask(&mask);
    handle_signals(t);
    sigprocmask(SIG_UNBLOCK, &mask, &old_mask);

    int r = serve_session(t, opt, err);

    sigprocmask(SIG_BLOCK, &mask, NULL);
    for (size_t i = 0; i < ZC_ARRAY_LEN(stop_signals); i++)
        sigaction(stop_signals[i], &old[i], NULL);
    sigaction(SIGPIPE, &old_pipe, NULL);
    session_transport = NULL;
    zc_transport_free(t);
    sigprocmask(SIG_SETMASK, &old_mask, NULL);
    return r;
}

/* The embedded receiver. */

/* The sender decides when the session ends, whatever signal reaches both of
 * them from a terminal or a service manager: it closes the connection, if only
 * by dying. What went wrong here it hears through the protocol. */
static _Noreturn void embedded_main(struct zc_transport *t, const char *path)
{
    const struct zc_share share = {.name = "", .path = path};
    const struct zc_receive_options opt = {
        .shares = &share,
        .n_shares = 1,
        .embedded = true,
    };
    struct zc_err err = {0};

    for (size_t i = 0; i < ZC_ARRAY_LEN(stop_signals); i++)
        set_signal(stop_signals[i], SIG_IGN);
    set_signal(SIGPIPE, SIG_IGN);
    close_others(t);
    int r = serve_session(t, &opt, &err);
    if (r)
        zc_log(ZC_LOG_DEBUG, "receiver: %s", err.text);
    _exit(r ? err.code : 0);
}

struct zc_transport *zc_serve_embedded(const char *path, pid_t *child,
                                       struct zc_err *err)
{
    struct zc_transport *ours, *theirs;
    sigset_t mask, old_mask;

    if (zc_transport_pair(&ours, &theirs, err))
        return NULL;
    /* No signal reaches the child before it ignores them. */
    stop_mask(&mask);
    sigprocmask(SIG_BLOCK, &mask, &old_mask);
    *child = fork();
    int why = errno;
    if (*child == 0) {
        zc_transport_free(ours);
        embedded_main(theirs, path);
    }
    sigprocmask(SIG_SETMASK, &old_mask, NULL);
    zc_transport_free(theirs);
    if (*child > 0)
        return ours;
    zc_transport_free(ours);
    zc_err_set(err, ZC_EXIT_START, why, "could not start a receiver");
    return NULL;
}

void zc_serve_embedded_end(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFSIGNALED(status))
        zc_log(ZC_LOG_WARN, "the receiver was killed by signal %d",
               WTERMSIG(status));
}
