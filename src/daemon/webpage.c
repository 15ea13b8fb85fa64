// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The status page; see webpage.h.
 *
 *     closed --listens--> open --forks--> running
 *        ^                 ^                 | died, or CONF has changed
 *        +--- in a while --+-----------------+
 *
 * The process has nothing to lose, so it is stopped by SIGKILL, and one that is
 * to be replaced is gone before the next one starts: none serves by an old
 * token.
 */
#include "daemon/webpage.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/control_client.h"
#include "daemon/metrics.h"
#include "daemon/process.h"
#include "daemon/sandbox.h"
#include "daemon/status_json.h"
#include "net/address.h"
#include "net/dial.h"
#include "web/web.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define BACKOFF_MIN_NS ZC_NSEC_PER_SEC
#define BACKOFF_MAX_NS (30 * ZC_NSEC_PER_SEC)
#define STEADY_NS (60 * ZC_NSEC_PER_SEC)
/* There are 64 connections at most. */
#define DESCRIPTORS 128
#define HOST_NAME_MAX_BYTES 65

struct zc_webpage {
    struct zc_control **control;
    sigset_t mask;
    void (*forked)(void *arg);
    void *arg;
    const struct zc_conf *conf; /* NULL: stopped */
    struct zc_web_token token;
    int fd;     /* listens; -1: closed */
    char *spec; /* what it was opened for */
    char bound[160];
    bool told; /* why it cannot be opened */
    pid_t pid;
    int64_t started, backoff, start_at; /* start_at 0: not at all */
};

struct zc_webpage *zc_webpage_new(struct zc_control **control,
                                  const sigset_t *mask,
                                  void (*forked)(void *arg), void *arg)
{
    struct zc_webpage *w = calloc(1, sizeof *w);
    if (w)
        *w = (struct zc_webpage){.control = control, .mask = *mask,
                                 .forked = forked, .arg = arg, .fd = -1};
    return w;
}

/* --- the process --- */

static int look(void *arg, struct zc_buf *json, struct zc_buf *metrics,
                struct zc_err *err)
{
    struct zc_snapshot s = {0};
    int r = zc_control_ask_again(*(const int *)arg, &s, err);
    if (r == 0) {
        zc_status_json(&s, true, json);
        zc_metrics_write(&s, metrics);
    }
    zc_snapshot_fini(&s);
    return r;
}

static void limit_descriptors(void)
{
    const struct rlimit r = {DESCRIPTORS, DESCRIPTORS};
    (void)setrlimit(RLIMIT_NOFILE, &r);
}

/* This host's name, and those that were written down. */
static char *names_of(const struct zc_conf *conf)
{
    char host[HOST_NAME_MAX_BYTES] = "";
    char *names;
    if (gethostname(host, sizeof host - 1))
        *host = '\0';
    return asprintf(&names, "%s,%s", host,
                    conf->web.names ? conf->web.names : "") < 0
               ? NULL
               : names;
}

static int serve(const struct zc_webpage *w, int control, struct zc_err *err)
{
    zc_auto_free char *names = names_of(w->conf);
    struct zc_web_conf conf = {.listen_fd = w->fd,
                               .door = {.names = names, .token = w->token},
                               .look = look,
                               .arg = &control};
    struct zc_web *web = names ? zc_web_new(&conf, err) : NULL;
    if (!names)
        return zc_err_nomem(err);
    if (!web)
        return -1;
    tzset(); /* reads a file */
    int r = zc_sandbox_isolate_server(err);
    if (r)
        zc_log(ZC_LOG_ERROR, "status page: %s", err->text);
    if (r == 0)
        r = zc_web_run(web, control, err);
    zc_web_free(web);
    return r;
}

/* It gets no more than these, and a stop signal ends it at once. */
static _Noreturn void page_main(const struct zc_webpage *w, int control,
                                pid_t parent)
{
    static const int plain[] = {SIGTERM, SIGINT, SIGCHLD};
    struct zc_err err = {0};
    w->forked(w->arg);
    zc_process_name("zcsync:web");
    for (size_t i = 0; i < ZC_ARRAY_LEN(plain); i++)
        zc_process_set_signal(plain[i], SIG_DFL);
    zc_process_set_signal(SIGHUP, SIG_IGN);
    zc_process_set_signal(SIGPIPE, SIG_IGN);
    sigprocmask(SIG_SETMASK, &w->mask, NULL);
    zc_process_die_with(parent, SIGKILL);
    zc_process_close_others((const int[]){w->fd, control}, 2);
    limit_descriptors();
    int r = serve(w, control, &err);
    if (r)
        zc_log(ZC_LOG_ERROR, "status page: %s", err.text);
    _exit(r ? err.code : 0); /* the stdio buffers are the parent's */
}

static void end_process(struct zc_webpage *w)
{
    if (!w->pid)
        return;
    kill(w->pid, SIGKILL);
    zc_process_wait(w->pid);
    w->pid = 0;
}

/* -1 and errno. */
static int fork_page(struct zc_webpage *w)
{
    int s[2];
    pid_t parent = getpid();
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s))
        return -1;
    w->pid = fork();
    int why = errno;
    if (w->pid == 0)
        page_main(w, s[1], parent);
    close(s[1]);
    if (w->pid < 0) {
        close(s[0]);
        w->pid = 0;
    } else if (zc_control_join(*w->control, s[0])) {
        end_process(w);
        why = ENOMEM;
    }
    errno = why;
    return w->pid ? 0 : -1;
}

/* --- its parent --- */

static void close_socket(struct zc_webpage *w)
{
    zc_close(&w->fd);
    free(w->spec);
    w->spec = NULL;
}

/* -1 with a sentence. */
static int open_socket(struct zc_webpage *w, struct zc_err *err)
{
    const char *spec = w->conf->web.listen;
    zc_auto_free char *host = NULL, *port = NULL;
    bool loopback, absent;
    if (w->fd >= 0)
        return 0;
    if (zc_addr_split_with(spec, ZC_WEB_PORT, &host, &port, err))
        return -1;
    w->fd = zc_listen_early(host, port, w->bound, sizeof w->bound, &loopback,
                            &absent, err);
    if (w->fd < 0)
        return -1;
    w->spec = strdup(spec);
    int r = 0;
    if (!w->spec)
        r = zc_err_nomem(err);
    else if (fcntl(w->fd, F_SETFL, O_NONBLOCK))
        r = zc_err_set(err, ZC_EXIT_SOCKET, errno, "could not set up %s",
                       w->bound);
    else if (!loopback && !w->token.set) /* a name that leads elsewhere */
        r = zc_err_set(err, ZC_EXIT_USAGE, 0,
                       "other hosts can reach %s: a 'token file' is needed",
                       w->bound);
    if (r)
        close_socket(w);
    else
        zc_log(ZC_LOG_INFO, "status page: http://%s/%s", w->bound,
               absent ? ", an address that this host does not have yet" : "");
    return r;
}

static void start_later(struct zc_webpage *w)
{
    if (zc_clock_ns() - w->started > STEADY_NS)
        w->backoff = 0;
    w->backoff = w->backoff ? ZC_MIN(2 * w->backoff, BACKOFF_MAX_NS)
                            : BACKOFF_MIN_NS;
    w->start_at = zc_clock_ns() + w->backoff;
}

static void start(struct zc_webpage *w)
{
    struct zc_err err = {0};
    w->start_at = 0;
    w->started = zc_clock_ns();
    int r = open_socket(w, &err);
    if (r == 0 && fork_page(w))
        r = zc_err_set(&err, ZC_EXIT_START, errno,
                       "could not start its process");
    if (r == 0) {
        w->told = false;
        return;
    }
    if (!w->told)
        zc_log(ZC_LOG_ERROR, "status page: %s; it is tried again", err.text);
    w->told = true;
    start_later(w);
}

void zc_webpage_stop(struct zc_webpage *w)
{
    end_process(w);
    close_socket(w);
    w->start_at = 0;
    w->conf = NULL;
}

void zc_webpage_configure(struct zc_webpage *w, const struct zc_conf *conf,
                          const struct zc_web_token *token)
{
    if (!zc_conf_web_wanted(conf)) {
        zc_webpage_stop(w);
        return;
    }
    end_process(w);
    if (w->spec && (strcmp(w->spec, conf->web.listen) != 0 || !token->set))
        close_socket(w);
    w->conf = conf;
    w->token = *token;
    w->told = false;
    w->backoff = 0;
    start(w);
}

void zc_webpage_reap(struct zc_webpage *w)
{
    char fate[80];
    int status;
    if (!w->pid || waitpid(w->pid, &status, WNOHANG) != w->pid)
        return;
    w->pid = 0;
    if (!w->conf)
        return;
    start_later(w);
    zc_log(ZC_LOG_WARN, "status page: its process %s, and is started again in "
                        "%.1f s", zc_process_fate(status, fate, sizeof fate),
           (double)w->backoff / ZC_NSEC_PER_SEC);
}

int64_t zc_webpage_next(const struct zc_webpage *w, int64_t now)
{
    return w->start_at ? ZC_MAX(w->start_at - now, 0) : INT64_MAX;
}

void zc_webpage_tick(struct zc_webpage *w, int64_t now)
{
    if (w->start_at && now >= w->start_at && w->conf)
        start(w);
}

void zc_webpage_free(struct zc_webpage *w)
{
    if (!w)
        return;
    zc_webpage_stop(w);
    free(w);
}
