// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Three ways to start receivers:
 *
 *   zc_serve_run       listens, and starts one per connection (receivers.c),
 *                      until it is told to stop
 *   zc_serve_embedded  one at the end of a socket pair
 *   zc_serve_stdio     one in this very process, for the standard streams
 */
#include "daemon/serve.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/direct.h"
#include "daemon/lanes.h"
#include "daemon/process.h"
#include "daemon/receiver_child.h"
#include "daemon/receivers.h"
#include "net/address.h"
#include "net/dial.h"
#include "net/endpoint.h"
#include "net/unix.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define STOP_WAIT_NS (10 * ZC_NSEC_PER_SEC)

/* Sealed or not, all or none: nobody has to think about which is which. */
static int check_keys(const struct zc_share *share, bool sealed,
                      struct zc_err *err)
{
    if (sealed && !zc_share_sealed(share))
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "share %s has no keys: with an identity there must "
                          "be one at least", share->name);
    if (!sealed && zc_share_sealed(share))
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "share %s has keys, which needs an identity",
                          share->name);
    return 0;
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

static int check_shares(const struct zc_accept_options *opt, bool sealed,
                        struct zc_err *err)
{
    if (opt->n_shares == 0)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "nothing to serve: write NAME=PATH");
    for (size_t i = 0; i < opt->n_shares; i++) {
        const char *name = opt->shares[i].name;
        if (check_share(&opt->shares[i], err) ||
            check_keys(&opt->shares[i], sealed, err))
            return -1;
        for (size_t k = 0; k < i; k++)
            if (strcmp(name, opt->shares[k].name) == 0)
                return zc_err_set(err, ZC_EXIT_USAGE, 0,
                                  "share %s is given twice", name);
    }
    return 0;
}

/* The parent. */

struct server {
    const struct zc_serve_options *opt;
    int listen_fd, signal_fd;
    bool loopback;
    sigset_t old_mask;
    struct zc_receivers receivers;
    zc_pollfds fds;
};

static int open_listener(struct server *s, char *bound, size_t size,
                         struct zc_err *err)
{
    zc_auto_free char *host = NULL, *port = NULL;

    if (s->opt->listen && zc_addr_split(s->opt->listen, &host, &port, err))
        return -1;
    s->listen_fd = zc_listen(host, port ? port : ZC_DEFAULT_PORT, bound, size,
                             &s->loopback, err);
    if (s->listen_fd < 0)
        return -1;
    if (!s->loopback && !s->opt->plain && !s->opt->identity)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "other hosts could reach %s and read what crosses "
                          "it: write --plain to allow that, or --listen "
                          "127.0.0.1:PORT, or --identity FILE and --peer-key "
                          "KEY to encrypt", bound);
    /* A connection that is reset between poll and accept must not block us. */
    if (fcntl(s->listen_fd, F_SETFL, O_NONBLOCK))
        return zc_err_set(err, ZC_EXIT_SOCKET, errno,
                          "could not set up %s", bound);
    return 0;
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

/* For poll(2), rounded up. */
static int timeout_ms(const struct server *s)
{
    int64_t ns = zc_receivers_next(&s->receivers, zc_clock_ns());
    if (ns == INT64_MAX)
        return -1;
    return (int)ZC_MIN((ns + 999999) / 1000000, (int64_t)3600 * 1000);
}

static int accept_until_stopped(struct server *s, struct zc_err *err)
{
    const struct pollfd own[] = {{.fd = s->signal_fd, .events = POLLIN},
                                 {.fd = s->listen_fd, .events = POLLIN}};
    for (;;) {
        s->fds.len = 0;
        if (zc_vec_push(&s->fds, own[0]) || zc_vec_push(&s->fds, own[1]) ||
            zc_receivers_poll(&s->receivers, &s->fds))
            return zc_err_nomem(err);
        int n = poll(s->fds.v, s->fds.len, timeout_ms(s));
        if (n < 0 && errno != EINTR)
            return zc_err_set(err, ZC_EXIT_SOCKET, errno,
                              "could not wait for connections");
        if (n < 0)
            continue;
        if (stop_requested(s))
            return 0;
        zc_receivers_polled(&s->receivers, s->fds.v + 2, s->fds.len - 2);
        zc_receivers_reap(&s->receivers, false);
        zc_receivers_tick(&s->receivers, zc_clock_ns());
        if (s->fds.v[1].revents)
            zc_receivers_accept(&s->receivers, s->listen_fd);
    }
}

/* Ends the children: asks them, and after ten seconds or a second stop signal
 * (an impatient Ctrl-C) does not ask. */
static void stop_children(struct server *s)
{
    struct pollfd p = {.fd = s->signal_fd, .events = POLLIN};
    int64_t end = zc_clock_ns() + STOP_WAIT_NS;

    bool patient = true;
    zc_receivers_signal(&s->receivers, SIGTERM);
    while (zc_receivers_reap(&s->receivers, false), s->receivers.v.len &&
           patient) {
        int64_t left = end - zc_clock_ns();
        if (left > 0)
            poll(&p, 1, (int)(left / 1000000) + 1);
        patient = left > 0 && !stop_requested(s);
    }
    zc_receivers_signal(&s->receivers, SIGKILL);
    zc_receivers_reap(&s->receivers, true);
}

static int configure(struct server *s, struct zc_err *err)
{
    const struct zc_serve_options *opt = s->opt;
    const struct zc_receivers_conf conf = {
        .receive = opt->receive,
        .security = {.identity = opt->identity,
                     .plain = !opt->identity,
                     .no_ktls = opt->no_ktls,
                     .suites = opt->suites},
        .identity = opt->identity,
        .max = opt->max_connections,
        .max_unauthenticated = opt->max_unauthenticated,
        .max_unauthenticated_per_address =
            opt->max_unauthenticated_per_address,
    };
    zc_receivers_init(&s->receivers, &s->old_mask);
    return zc_receivers_configure(&s->receivers, &conf, err);
}

int zc_serve_run(const struct zc_serve_options *opt, struct zc_err *err)
{
    struct server s = {.opt = opt, .listen_fd = -1, .signal_fd = -1};
    sigset_t mask;
    char bound[160] = "";
    int result = -1;

    if (check_shares(&opt->receive, opt->identity, err))
        return -1;
    /* Blocked in the parent for good: a signal that comes while a child is
     * forked reaches it once its handlers are there. */
    zc_process_stop_mask(&mask);
    sigaddset(&mask, SIGCHLD);
    zc_process_set_signal(SIGCHLD, SIG_DFL);
    sigprocmask(SIG_BLOCK, &mask, &s.old_mask);
    s.signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    if (s.signal_fd < 0) {
        zc_err_set(err, ZC_EXIT_SOCKET, errno, "could not wait for signals");
        goto out;
    }
    if (configure(&s, err) || open_listener(&s, bound, sizeof bound, err))
        goto out;
    printf("zcsync: listening on %s\n", bound);
    if (!opt->identity) {
        char plain[400];
        zc_share_say(&opt->receive.shares[0], s.loopback, plain, sizeof plain);
        printf("zcsync: %s\n", plain);
    }
    fflush(stdout);
    result = accept_until_stopped(&s, err);
    zc_close(&s.listen_fd);
    stop_children(&s);
out:
    zc_close(&s.listen_fd);
    if (*bound == '/')
        zc_unix_unlink(bound);
    zc_close(&s.signal_fd);
    zc_receivers_fini(&s.receivers);
    zc_vec_fini(&s.fds);
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

/* The bytes to come are merged by another process, which ends with this one's end of
 * them. */
static int take_lanes(struct zc_transport **t, struct zc_err *err)
{
    sigset_t mask, old_mask;
    zc_process_stop_mask(&mask);
    sigprocmask(SIG_BLOCK, &mask, &old_mask);
    int r = zc_lanes_accept(t, err);
    zc_receiver_signals(*t);
    sigprocmask(SIG_SETMASK, &old_mask, NULL);
    return r;
}

/* *T becomes what goes on over it. */
static int serve_plain(struct zc_transport **t,
                       const struct zc_accept_options *opt, struct zc_err *err)
{
    struct zc_secured plain;
    struct zc_security sec = zc_security_plain;
    sec.lanes = true;
    if (zc_handshake(*t, ZC_ROLE_ANY, false, &sec, &plain, err) ||
        (plain.lanes && take_lanes(t, err)))
        return -1;
    struct zc_transport *u = zc_secure(*t, &plain, err);
    if (!u)
        return -1;
    *t = u;
    return zc_receiver_session(u, plain.role, opt, err);
}

/* T stays open, so that the other end sees the end of this process there. */
static int serve_direct(struct zc_transport **t,
                        const struct zc_accept_options *opt,
                        struct zc_err *err)
{
    struct zc_transport *own;
    enum zc_role role;
    if (zc_direct_accept(*t, &own, &role, err))
        return -1;
    if (!own)
        return serve_plain(t, opt, err);
    zc_receiver_signals(own);
    int r = zc_receiver_session(own, role, opt, err);
    zc_receiver_signals(*t);
    zc_transport_free(own);
    return r;
}

int zc_serve_stdio(const struct zc_accept_options *opt, bool direct,
                   struct zc_err *err)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGPIPE};
    struct sigaction old[ZC_ARRAY_LEN(signals)];
    sigset_t mask, old_mask;

    if (!opt->own && check_shares(opt, false, err))
        return -1;
    struct zc_transport *t = take_stdio(err);
    if (!t)
        return -1;
    for (size_t i = 0; i < ZC_ARRAY_LEN(signals); i++)
        sigaction(signals[i], NULL, &old[i]);
    zc_process_stop_mask(&mask);
    zc_receiver_signals(t);
    sigprocmask(SIG_UNBLOCK, &mask, &old_mask);

    int r = direct ? serve_direct(&t, opt, err) : serve_plain(&t, opt, err);

    sigprocmask(SIG_BLOCK, &mask, NULL);
    for (size_t i = 0; i < ZC_ARRAY_LEN(signals); i++)
        sigaction(signals[i], &old[i], NULL);
    zc_receiver_forget();
    zc_transport_free(t);
    sigprocmask(SIG_SETMASK, &old_mask, NULL);
    return r;
}

/* The embedded receiver. */

/* The sender decides when the session ends, whatever signal reaches both of
 * them from a terminal or a service manager: it closes the connection, if only
 * by dying. What went wrong here it hears through the protocol. */
static _Noreturn void embedded_main(struct zc_transport *t, const char *path,
                                    const struct zc_require *require)
{
    const struct zc_share share = {
        .name = "", .path = path, .require = require};
    const struct zc_accept_options opt = {
        .shares = &share,
        .n_shares = 1,
        .embedded = true,
    };
    struct zc_err err = {0};

    zc_process_set_stop(SIG_IGN);
    zc_process_set_signal(SIGPIPE, SIG_IGN);
    zc_process_close_others((const int[]){t->poll_rfd, t->poll_wfd}, 2);
    t = zc_shake(t, ZC_ROLE_RECEIVER, false, &zc_security_plain, &err);
    int r = t ? zc_receiver_session(t, ZC_ROLE_RECEIVER, &opt, &err)
              : -1;
    if (r)
        zc_log(ZC_LOG_DEBUG, "receiver: %s", err.text);
    _exit(r ? err.code : 0);
}

struct zc_transport *zc_serve_embedded(const char *path,
                                       const struct zc_require *require,
                                       pid_t *child,
                                       struct zc_err *err)
{
    struct zc_transport *ours, *theirs;
    sigset_t mask, old_mask;

    if (zc_transport_pair(&ours, &theirs, err))
        return NULL;
    /* No signal reaches the child before it ignores them. */
    zc_process_stop_mask(&mask);
    sigprocmask(SIG_BLOCK, &mask, &old_mask);
    *child = fork();
    int why = errno;
    if (*child == 0) {
        zc_transport_free(ours);
        embedded_main(theirs, path, require);
    }
    sigprocmask(SIG_SETMASK, &old_mask, NULL);
    zc_transport_free(theirs);
    if (*child < 0) {
        zc_transport_free(ours);
        zc_err_set(err, ZC_EXIT_START, why, "could not start a receiver");
        return NULL;
    }
    ours = zc_shake(ours, ZC_ROLE_SENDER, true, &zc_security_plain, err);
    if (!ours)
        zc_serve_embedded_end(*child);
    return ours;
}

void zc_serve_embedded_end(pid_t child)
{
    int status = zc_process_wait(child);
    if (WIFSIGNALED(status))
        zc_log(ZC_LOG_WARN, "the receiver was killed by signal %d",
               WTERMSIG(status));
}
