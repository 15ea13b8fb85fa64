// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The process that starts receivers; see forker.h. What it is asked and says is
 * forker_talk.h.
 */
#include "daemon/forker.h"

#include "base/clock.h"
#include "base/libc.h"
#include "base/log.h"
#include "base/vec.h"
#include "daemon/forker_talk.h"
#include "daemon/serve.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define STOP_WAIT_NS (10 * ZC_NSEC_PER_SEC)

struct zc_forker {
    pthread_mutex_t lock; /* one request at a time; innermost */
    const struct zc_require *require;
    int fd;
    pid_t pid;
};

/* --- the forker's own process --- */

struct child {
    pid_t pid;
    char *path; /* its whole request */
};

struct children {
    ZC_VEC(struct child) v;
    const struct zc_require *require;
    int signal_fd;
};

/* Forgets the receivers that have ended. */
static void reap(struct children *c)
{
    struct signalfd_siginfo info;
    int status;
    while (read(c->signal_fd, &info, sizeof info) == sizeof info)
        ;
    for (size_t i = 0; i < c->v.len;) {
        pid_t r = waitpid(c->v.v[i].pid, &status, WNOHANG);
        if (r == 0) {
            i++;
            continue;
        }
        if (r > 0 && WIFSIGNALED(status))
            zc_log(ZC_LOG_WARN, "the receiver was killed by signal %d",
                   WTERMSIG(status));
        free(c->v.v[i].path);
        c->v.v[i] = c->v.v[--c->v.len];
    }
}

static bool serves(const struct child *c, const char *path)
{
    return !path || strcmp(c->path, path) == 0;
}

/* Waits for the receivers of PATH (NULL: all of them), whose connections have
 * ended: what they still hold is not to be applied behind the next one's
 * back. */
static void wait_for(struct children *c, const char *path)
{
    int64_t end = zc_clock_ns() + STOP_WAIT_NS;
    struct pollfd p = {.fd = c->signal_fd, .events = POLLIN};
    for (;;) {
        size_t left = 0;
        int64_t ns = end - zc_clock_ns();
        reap(c);
        for (size_t i = 0; i < c->v.len; i++) {
            if (!serves(&c->v.v[i], path))
                continue;
            left++;
            if (ns <= 0)
                kill(c->v.v[i].pid, SIGKILL);
        }
        if (!left)
            return;
        poll(&p, 1, ns > 0 ? (int)(ns / 1000000) + 1 : -1);
    }
}

static int start_receiver(struct children *c, int fd, const char *request)
{
    struct zc_err err = {0};
    struct child child = {.path = strdup(request)};
    wait_for(c, request);
    if (!child.path || zc_vec_push(&c->v, child)) {
        free(child.path);
        return zc_forker_answer(fd, ENOMEM, -1);
    }
    struct child *last = &c->v.v[c->v.len - 1];
    struct zc_transport *t = zc_serve_embedded(request + 1, c->require, &last->pid,
                                              &err);
    if (!t) {
        free(last->path);
        c->v.len--;
        return zc_forker_answer(fd, err.eno ? err.eno : ENOMEM, -1);
    }
    int r = zc_forker_answer(fd, 0, t->poll_rfd);
    zc_transport_free(t);
    return r;
}

static int obey(struct children *c, int fd, const char *request)
{
    if (*request != ZC_FORKER_END)
        return start_receiver(c, fd, request);
    wait_for(c, request + 1);
    return zc_forker_answer(fd, 0, -1);
}

/* Signals are blocked at first: no handler of our parent's is to run here. */
static _Noreturn void forker_main(int fd, const struct zc_require *require)
{
    static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
    struct children c = {.require = require, .signal_fd = -1};
    char request[ZC_FORKER_REQUEST_MAX];
    sigset_t mask;

    /* Stop signals that reach us all, from a terminal or a service manager, are
     * our parent's business. */
    for (size_t i = 0; i < ZC_ARRAY_LEN(ignored); i++)
        signal(ignored[i], SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
    zc_log_forked();
    sigemptyset(&mask);
    sigaddset(&mask, SIGCHLD);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    prctl(PR_SET_NAME, "zcsync-forker");
    /* The parent's descriptors, its end of our socket among them, are not kept
     * open here. */
    if (fd > 3)
        (void)close_range(3, (unsigned)fd - 1, 0);
    (void)close_range((unsigned)fd + 1, ~0U, 0);
    c.signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);

    struct pollfd p[] = {{.fd = fd, .events = POLLIN},
                         {.fd = c.signal_fd, .events = POLLIN}};
    for (;;) {
        if (poll(p, ZC_ARRAY_LEN(p), -1) < 0 && errno != EINTR)
            break;
        reap(&c);
        if (!p[0].revents)
            continue;
        if (zc_forker_hear(fd, request) || obey(&c, fd, request))
            break;
    }
    close(fd);
    wait_for(&c, NULL);
    _exit(0);
}

/* --- the process that has threads --- */

static int start(struct zc_forker *f, struct zc_err *err)
{
    int s[2];
    sigset_t all, old;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, s))
        return zc_err_set(err, ZC_EXIT_SOCKET, errno,
                          "could not make a socket pair");
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    f->pid = fork();
    int why = errno;
    if (f->pid == 0) {
        close(s[0]);
        forker_main(s[1], f->require);
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    close(s[1]);
    f->fd = s[0];
    if (f->pid > 0)
        return 0;
    zc_close(&f->fd);
    return zc_err_set(err, ZC_EXIT_START, why, "could not start a process");
}

/* Lets the forker end, and waits for it. */
static void stop(struct zc_forker *f)
{
    zc_close(&f->fd);
    while (f->pid > 0 && waitpid(f->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    f->pid = 0;
}

struct zc_forker *zc_forker_new(const struct zc_require *require,
                                struct zc_err *err)
{
    struct zc_forker *f = calloc(1, sizeof *f);
    if (!f) {
        zc_err_nomem(err);
        return NULL;
    }
    f->require = require;
    pthread_mutex_init(&f->lock, NULL);
    if (start(f, err) == 0)
        return f;
    pthread_mutex_destroy(&f->lock);
    free(f);
    return NULL;
}

/* With the lock: a REQUEST about PATH, which is not too long. As
 * zc_forker_hear_answer. */
static int ask(struct zc_forker *f, enum zc_forker_want request,
               const char *path, int *fd)
{
    if (f->fd < 0 || zc_forker_ask(f->fd, request, path))
        return -1;
    return zc_forker_hear_answer(f->fd, fd);
}

/* What zc_reached_end waits for. */
struct reached {
    struct zc_forker *forker;
    char request[];
};

/* The receiver has nothing open any more. */
static void end(void *arg)
{
    struct reached *r = arg;
    pthread_mutex_lock(&r->forker->lock);
    (void)ask(r->forker, ZC_FORKER_END, r->request, NULL);
    pthread_mutex_unlock(&r->forker->lock);
    free(r);
}

static int set_end(struct zc_forker *f, enum zc_forker_want request,
                   const char *path, struct zc_reached *out)
{
    size_t n = strlen(path) + 1;
    struct reached *r = malloc(sizeof *r + n + 1);
    if (!r)
        return -1;
    r->forker = f;
    r->request[0] = (char)request;
    memcpy(r->request + 1, path, n);
    out->end = end;
    out->arg = r;
    return 0;
}

static int reach(struct zc_forker *f, enum zc_forker_want request,
                 const char *path, struct zc_reached *out, struct zc_err *err)
{
    int fd = -1;
    if (strlen(path) + 3 > ZC_FORKER_REQUEST_MAX)
        return zc_err_set(err, ZC_EXIT_SELECT, ENAMETOOLONG, "%.200s...", path);
    pthread_mutex_lock(&f->lock);
    int eno = ask(f, request, path, &fd);
    if (eno < 0) {
        /* Somebody killed it. A new one has to be forked among threads after
         * all: what it uses either has no locks (poll, fork) or is made safe
         * for that by the C library (malloc) or zc_log_forked. */
        stop(f);
        if (start(f, err) == 0)
            eno = ask(f, request, path, &fd);
    }
    pthread_mutex_unlock(&f->lock);
    if (eno < 0)
        return zc_err_set(err, ZC_EXIT_START, 0,
                          "the process that starts receivers is gone");
    if (eno)
        return zc_err_set(err, ZC_EXIT_START, eno,
                          "could not start a receiver");
    out->t = zc_transport_new_local(fd);
    if (out->t) /* as it was said to the process that shook hands */
        out->t->features = ZC_FEATURES_MESSAGES;
    if (out->t && set_end(f, request, path, out) == 0)
        return 0;
    if (!out->t)
        zc_close(&fd);
    zc_transport_free(out->t);
    return zc_err_nomem(err);
}

int zc_forker_reach(void *forker, const char *path, struct zc_reached *out,
                    struct zc_err *err)
{
    return reach(forker, ZC_FORKER_START, path, out, err);
}

int zc_forker_reach_beside(void *forker, const char *path,
                           struct zc_reached *out, struct zc_err *err)
{
    return reach(forker, ZC_FORKER_BESIDE, path, out, err);
}

void zc_forker_free(struct zc_forker *f)
{
    if (!f)
        return;
    stop(f);
    pthread_mutex_destroy(&f->lock);
    free(f);
}
