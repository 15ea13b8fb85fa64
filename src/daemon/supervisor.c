// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * zcsyncd's first process. It has one thread and one poll(2), and reads no byte
 * of a peer's:
 *
 *   signals ------------> stop, reload, look after children that ended
 *   listening sockets --> receivers.c   a process per connection: one that
 *                         handshakes.c  shakes hands, then one that receives
 *   control socket -----> control.c     status; all else --> waits.c
 *   watchers' answers --> mirrors.c     a process per [mirror]
 *   time ---------------> the watchdog, back-offs, who is not to be waited for
 *
 * With no watchdog and nothing wrong there is no time to wait for, and it
 * sleeps until something happens.
 *
 * A reload is about what begins after it: new connections meet the new identity,
 * shares and keys. A session that is open goes on as it began, unless its share
 * is gone or its peer's key has been taken out: then it is told to end.
 */
#include "daemon/supervisor.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/activate.h"
#include "daemon/control.h"
#include "daemon/listeners.h"
#include "daemon/mirrors.h"
#include "daemon/notify.h"
#include "daemon/process.h"
#include "daemon/receivers.h"
#include "daemon/waits.h"

#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

/* A stop takes no longer than this, whatever the mirrors would like. */
#define STOP_MAX_S 30
#define STOP_MIN_S 10
#define STOP_EXTRA_S 5
/* After SIGKILL: a process that hangs in the kernel is left to it. */
#define KILL_S 3
/* The service manager has to hear from us once per WATCHDOG_USEC. Four beats
 * leave time to notice a watcher that hangs (two of them) and to replace it. */
#define BEATS 4
/* After a start or a reload the first peers are in sync soon, and nothing but
 * time tells. */
#define SETTLE_NS (2 * ZC_NSEC_PER_SEC)

typedef ZC_VEC(struct zc_share) zc_shares;

struct supervisor {
    const char *file;
    struct zc_conf *conf;
    int signal_fd;
    sigset_t old_mask;
    bool masked;
    int64_t started; /* wall clock */
    uint64_t reloads;
    struct zc_notify notify;
    struct zc_listeners listeners;
    struct zc_receivers receivers;
    struct zc_identity *identity; /* NULL: none */
    zc_shares shares;
    struct zc_mirrors *mirrors;
    struct zc_control *control;
    char *control_path, *control_group; /* of `control`; path NULL: passed in */
    struct zc_waits *waits;
    int64_t beat_ns, beat_at;     /* 0: no watchdog */
    int64_t status_at;            /* STATUS= is to be looked at; 0: it is not */
    zc_pollfds fds;
};

/* What is going on. */

static int add_sessions(const struct supervisor *s, struct zc_snapshot *snap)
{
    for (size_t i = 0; i < s->receivers.v.len; i++) {
        const struct zc_receiver_process *r = &s->receivers.v.v[i];
        struct zc_snap_session c = {.pid = (uint64_t)r->pid,
                                    .since = (uint64_t)r->since};
        snprintf(c.peer, sizeof c.peer, "%s", r->peer);
        snprintf(c.security, sizeof c.security, "%s", r->security);
        snprintf(c.key, sizeof c.key, "%s", r->key);
        if (r->note && atomic_load(&r->note->opened))
            /* Written by a process that may be anybody's by now. */
            snprintf(c.share, sizeof c.share, "%.*s",
                     (int)sizeof r->note->share - 1, r->note->share);
        if (zc_vec_push(&snap->sessions, c))
            return -1;
    }
    return 0;
}

static int take_snapshot(const struct supervisor *s, struct zc_snapshot *snap)
{
    snprintf(snap->version, sizeof snap->version, "%s", PACKAGE_VERSION);
    snprintf(snap->file, sizeof snap->file, "%s", s->file);
    for (size_t i = 0, n = 0; i < s->listeners.v.len; i++) {
        n += (size_t)snprintf(snap->listen + n, sizeof snap->listen - n,
                              "%s%s", i ? ", " : "",
                              s->listeners.v.v[i].bound);
        if (n >= sizeof snap->listen)
            break;
    }
    snap->at = (uint64_t)zc_clock_wall_ns();
    snap->started = (uint64_t)s->started;
    snap->pid = (uint64_t)getpid();
    snap->reloads = s->reloads;
    snap->accepted = s->receivers.accepted;
    snap->refused = s->receivers.handshakes.refused;
    snap->unauthenticated = s->receivers.handshakes.waiting;
    snap->max_connections = zc_receivers_max(&s->receivers);
    snap->waiting = zc_waits_clients(s->waits);
    return zc_mirrors_snapshot(s->mirrors, snap) || add_sessions(s, snap) ? -1
                                                                          : 0;
}

static void on_status(void *arg, struct zc_buf *out)
{
    struct supervisor *s = arg;
    struct zc_snapshot snap = {0};
    if (take_snapshot(s, &snap))
        out->failed = true;
    else
        zc_snapshot_encode(&snap, out);
    zc_snapshot_fini(&snap);
    s->status_at = zc_clock_ns();
}

/* The line that `systemctl status` shows. */
static void show_status(struct supervisor *s)
{
    struct zc_snapshot snap = {0};
    char line[sizeof s->notify.status];
    s->status_at = 0;
    if (s->notify.fd < 0)
        return;
    if (take_snapshot(s, &snap) == 0) {
        zc_snapshot_line(&snap, line, sizeof line);
        int64_t again = zc_notify_status(&s->notify, line);
        if (again != INT64_MAX)
            s->status_at = zc_clock_ns() + again;
    }
    zc_snapshot_fini(&snap);
}

static void look_again(struct supervisor *s)
{
    if (s->notify.fd >= 0)
        s->status_at = zc_clock_ns() + SETTLE_NS;
}

/* Who tells whom. */

static int on_ask(void *arg, uint64_t client,
                  const struct zc_control_request *r, struct zc_err *err)
{
    struct supervisor *s = arg;
    return zc_waits_add(s->waits, client, r, err);
}

static void on_cancel(void *arg, uint64_t client)
{
    struct supervisor *s = arg;
    zc_waits_cancel(s->waits, client);
}

static void on_answer(void *arg, const char *mirror,
                      const struct zc_mirror_answer *a)
{
    struct supervisor *s = arg;
    (void)mirror;
    zc_waits_answer(s->waits, a);
}

static void on_askable(void *arg, const char *mirror, bool anew)
{
    struct supervisor *s = arg;
    zc_waits_askable(s->waits, mirror, anew);
}

static void on_removed(void *arg, const char *mirror)
{
    struct supervisor *s = arg;
    zc_waits_removed(s->waits, mirror);
}

/* Configuration. */

/* The private key that CONF names, in *ID; NULL when it names none. */
static int load_identity(const struct zc_conf *conf, struct zc_identity **id,
                         struct zc_err *err)
{
    *id = conf->identity ? zc_identity_load(conf->identity, err) : NULL;
    return conf->identity && !*id ? -1 : 0;
}

static int list_shares(const struct zc_conf *conf, zc_shares *shares,
                       struct zc_err *err)
{
    for (size_t i = 0; i < conf->shares.len; i++) {
        const struct zc_conf_share *c = &conf->shares.v[i];
        const struct zc_share share = {
            .name = c->name,
            .path = c->path,
            .read_only = c->read_only,
            .require = &c->require,
            .keys = c->keys.len ? &c->keys.v[0].key : NULL,
            .n_keys = c->keys.len,
            .read_keys = c->read_keys.len ? &c->read_keys.v[0].key : NULL,
            .n_read_keys = c->read_keys.len,
            .readable = c->readable,
            .fake = c->fake_super,
            .users = c->users.v,
            .n_users = c->users.len,
            .any_user = c->any_user,
            .trust = c->trust,
            .no_partial = !c->partial,
        };
        if (access(c->path, F_OK))
            zc_log(ZC_LOG_WARN, "share %s: %s: %s", c->name, c->path,
                   strerror(errno));
        if (zc_vec_push(shares, share))
            return zc_err_nomem(err);
    }
    return 0;
}

/* In a child of zc_receivers. */
static void on_forked(void *arg)
{
    struct supervisor *s = arg;
    zc_mirrors_forget(s->mirrors);
}

/* CONF holds for new connections from now on, and S has it and its identity;
 * what there was before is still the caller's. Sessions that are open have their
 * own copy. -1 with a sentence: nothing has changed. */
static int take_conf(struct supervisor *s, struct zc_conf *conf,
                     struct zc_err *err)
{
    struct zc_identity *id = NULL;
    zc_shares shares = {0};
    if (load_identity(conf, &id, err) || list_shares(conf, &shares, err))
        goto failed;
    const struct zc_receivers_conf r = {
        .receive = {.shares = shares.v,
                    .n_shares = shares.len,
                    .timeout_s = conf->timeout_s},
        .security = {.identity = id,
                     .plain = !zc_conf_sealed_only(conf),
                     .no_ktls = !conf->ktls},
        .identity = id,
        .max = conf->max_connections,
        .max_unauthenticated = conf->max_unauthenticated,
        .max_unauthenticated_per_address =
            conf->max_unauthenticated_per_address,
        .forked = on_forked,
        .arg = s,
    };
    if (zc_receivers_configure(&s->receivers, &r, err))
        goto failed;
    zc_vec_fini(&s->shares);
    s->identity = id;
    s->shares = shares;
    s->conf = conf;
    return 0;
failed:
    zc_identity_free(id);
    zc_vec_fini(&shares);
    return -1;
}

static int open_control(struct supervisor *s, const char *path,
                        const char *group, int fd, struct zc_err *err)
{
    const struct zc_control_events events = {on_status, on_ask, on_cancel, s};
    s->control = zc_control_new(path, group, fd, &events, err);
    if (!s->control)
        return -1;
    free(s->control_path);
    free(s->control_group);
    s->control_path = fd >= 0 ? NULL : strdup(path);
    s->control_group = group ? strdup(group) : NULL;
    if ((fd < 0 && !s->control_path) || (group && !s->control_group))
        return zc_err_nomem(err);
    return 0;
}

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* The control socket where and whose the configuration wants it, or as it was
 * with a sentence. */
static int move_control(struct supervisor *s, struct zc_err *err)
{
    const struct zc_conf *c = s->conf;
    struct zc_err ignored;
    if (!s->control_path || (same(s->control_path, c->control) &&
                             same(s->control_group, c->control_group)))
        return 0;
    zc_auto_free char *path = strdup(s->control_path);
    zc_auto_free char *group = s->control_group ? strdup(s->control_group)
                                                : NULL;
    if (!path)
        return zc_err_nomem(err);
    zc_control_free(s->control);
    s->control = NULL;
    if (open_control(s, c->control, c->control_group, -1, err) == 0)
        return 0;
    return open_control(s, path, group, -1, &ignored) ? -2 : -1;
}

/* Reads the file again. Whatever is wrong with it is said, and what was before
 * goes on. */
static int reload(struct supervisor *s, struct zc_err *fatal)
{
    struct zc_err err = {0};
    zc_notify_reloading(&s->notify);
    struct zc_conf *conf = zc_conf_load(s->file, &err), *old = s->conf;
    struct zc_identity *old_identity = s->identity;
    if (!conf || take_conf(s, conf, &err)) {
        zc_log(ZC_LOG_ERROR, "%s; going on as before", err.text);
        zc_conf_free(conf);
        zc_notify_ready(&s->notify);
        return 0;
    }
    if (zc_listeners_configure(&s->listeners, conf, &err))
        zc_log(ZC_LOG_ERROR, "%s; listening as before", err.text);
    int r = move_control(s, &err);
    if (r == -1)
        zc_log(ZC_LOG_ERROR, "%s; it stays where it was", err.text);
    zc_mirrors_configure(s->mirrors, conf, s->identity);
    zc_conf_free(old);
    zc_identity_free(old_identity);
    if (r == -2) {
        *fatal = err;
        return -1;
    }
    s->reloads++;
    zc_log(ZC_LOG_INFO, "%s has been read again", s->file);
    zc_notify_ready(&s->notify);
    return 0;
}

/* Start. */

/* Stays blocked for good: a signal that comes while a child is forked reaches
 * it once its handlers are there. SIGHUP is heeded even below nohup(1). */
static int catch_signals(struct supervisor *s, struct zc_err *err)
{
    sigset_t mask;
    zc_process_set_signal(SIGPIPE, SIG_IGN);
    zc_process_set_signal(SIGHUP, SIG_DFL);
    zc_process_set_signal(SIGCHLD, SIG_DFL);
    zc_process_stop_mask(&mask);
    sigaddset(&mask, SIGCHLD);
    sigprocmask(SIG_BLOCK, &mask, &s->old_mask);
    s->masked = true;
    s->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    if (s->signal_fd < 0)
        return zc_err_set(err, ZC_EXIT_SOCKET, errno,
                          "could not wait for signals");
    return 0;
}

static int open_sockets(struct supervisor *s, struct zc_err *err)
{
    struct zc_activated passed;
    if (zc_activate_take(&passed, err))
        return -1;
    /* First, since there is one daemon to a control socket. It takes over what
     * was passed in. */
    int r = open_control(s, s->conf->control, s->conf->control_group,
                         passed.control, err);
    if (s->control)
        passed.control = -1;
    if (r == 0)
        r = zc_listeners_adopt(&s->listeners, &passed, s->conf, err);
    if (r == 0)
        r = zc_listeners_configure(&s->listeners, s->conf, err);
    zc_activate_close(&passed);
    return r;
}

static int start(struct supervisor *s, struct zc_err *err)
{
    const struct zc_mirrors_events events = {on_answer, on_askable, on_removed,
                                             s};
    s->started = zc_clock_wall_ns();
    struct zc_conf *conf = zc_conf_load(s->file, err);
    if (!conf || catch_signals(s, err)) {
        zc_conf_free(conf);
        return -1;
    }
    zc_receivers_init(&s->receivers, &s->old_mask);
    if (take_conf(s, conf, err)) {
        zc_conf_free(conf);
        return -1;
    }
    zc_notify_init(&s->notify);
    s->beat_ns = (int64_t)ZC_MIN(s->notify.watchdog_us, UINT64_C(1) << 50) *
                 1000 / BEATS;
    if (s->beat_ns)
        s->beat_at = zc_clock_ns() + s->beat_ns;
    s->mirrors = zc_mirrors_new(&events, &s->old_mask);
    s->waits = zc_waits_new(&s->mirrors, &s->control, &s->conf);
    if (!s->mirrors || !s->waits)
        return zc_err_nomem(err);
    if (open_sockets(s, err))
        return -1;
    zc_mirrors_configure(s->mirrors, s->conf, s->identity);
    zc_notify_ready(&s->notify);
    show_status(s);
    look_again(s);
    return 0;
}

/* The loop. */

/* Reads the pending signals. */
static void read_signals(const struct supervisor *s, bool *stop, bool *hup)
{
    struct signalfd_siginfo info;
    *stop = *hup = false;
    while (read(s->signal_fd, &info, sizeof info) == sizeof info) {
        *hup |= info.ssi_signo == SIGHUP;
        *stop |= info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT;
    }
}

static int64_t until(int64_t at, int64_t now)
{
    return at ? ZC_MAX(at - now, 0) : INT64_MAX;
}

/* For poll(2): milliseconds, -1 for ever. Rounded up, so that the time has come
 * when it returns. */
static int timeout_ms(const struct supervisor *s)
{
    int64_t now = zc_clock_ns(), next = until(s->beat_at, now);
    next = ZC_MIN(next, until(s->status_at, now));
    next = ZC_MIN(next, zc_mirrors_next(s->mirrors, now));
    next = ZC_MIN(next, zc_control_next(s->control, now));
    next = ZC_MIN(next, zc_receivers_next(&s->receivers, now));
    if (next == INT64_MAX)
        return -1;
    return (int)ZC_MIN((next + 999999) / 1000000, (int64_t)3600 * 1000);
}

static int collect_fds(struct supervisor *s)
{
    struct pollfd p = {.fd = s->signal_fd, .events = POLLIN};
    s->fds.len = 0;
    if (zc_vec_push(&s->fds, p))
        return -1;
    for (size_t i = 0; i < s->listeners.v.len; i++) {
        p.fd = s->listeners.v.v[i].fd;
        if (zc_vec_push(&s->fds, p))
            return -1;
    }
    return 0;
}

/* Waits, and hands on what came to those whose descriptors they are. */
static int poll_once(struct supervisor *s, struct zc_err *err)
{
    if (collect_fds(s))
        return zc_err_nomem(err);
    size_t listeners = 1, mirrors = s->fds.len;
    if (zc_mirrors_poll(s->mirrors, &s->fds))
        return zc_err_nomem(err);
    size_t control = s->fds.len;
    if (zc_control_poll(s->control, &s->fds))
        return zc_err_nomem(err);
    size_t receivers = s->fds.len;
    if (zc_receivers_poll(&s->receivers, &s->fds))
        return zc_err_nomem(err);
    int n = poll(s->fds.v, s->fds.len, timeout_ms(s));
    if (n < 0 && errno != EINTR)
        return zc_err_set(err, ZC_EXIT_SOCKET, errno,
                          "could not wait for anything to happen");
    if (n <= 0)
        return 0;
    zc_mirrors_polled(s->mirrors, s->fds.v + mirrors);
    zc_control_polled(s->control, s->fds.v + control);
    zc_receivers_polled(&s->receivers, s->fds.v + receivers,
                        s->fds.len - receivers);
    for (size_t i = listeners; i < mirrors; i++) {
        if (!s->fds.v[i].revents)
            continue;
        zc_receivers_accept(&s->receivers, s->fds.v[i].fd);
    }
    return 0;
}

static void beat(struct supervisor *s, int64_t now)
{
    s->beat_at = now + s->beat_ns;
    if (zc_mirrors_beat(s->mirrors))
        zc_notify_watchdog(&s->notify);
    s->status_at = now;
}

static int serve(struct supervisor *s, struct zc_err *err)
{
    for (;;) {
        bool stop, hup;
        uint64_t accepted = s->receivers.accepted;
        if (poll_once(s, err))
            return -1;
        read_signals(s, &stop, &hup);
        bool news = zc_receivers_reap(&s->receivers, false);
        news |= zc_mirrors_reap(s->mirrors);
        news |= accepted != s->receivers.accepted;
        if (stop)
            return 0;
        if (hup && reload(s, err))
            return -1;
        int64_t now = zc_clock_ns();
        zc_mirrors_tick(s->mirrors, now);
        zc_control_tick(s->control, now);
        zc_receivers_tick(&s->receivers, now);
        if (s->beat_at && now >= s->beat_at)
            beat(s, now);
        if (news || hup || (s->status_at && now >= s->status_at))
            show_status(s);
        if (hup)
            look_again(s);
    }
}

/* The end. */

static bool all_gone(struct supervisor *s)
{
    zc_receivers_reap(&s->receivers, false);
    zc_mirrors_reap(s->mirrors);
    return s->receivers.v.len == 0 && zc_mirrors_running(s->mirrors) == 0;
}

/* Waits up to SECONDS for all children to end; a stop signal ends that, too. */
static bool wait_gone(struct supervisor *s, unsigned seconds)
{
    struct pollfd p = {.fd = s->signal_fd, .events = POLLIN};
    int64_t end = zc_clock_ns() + seconds * ZC_NSEC_PER_SEC;
    bool stop = false, hup;
    while (!all_gone(s)) {
        int64_t now = zc_clock_ns(), next = zc_mirrors_next(s->mirrors, now);
        if (stop || now >= end)
            return false;
        next = ZC_MIN(next, end - now);
        poll(&p, 1, (int)(next / 1000000) + 1);
        zc_mirrors_tick(s->mirrors, zc_clock_ns());
        read_signals(s, &stop, &hup);
    }
    return true;
}

static void stop(struct supervisor *s)
{
    zc_notify_stopping(&s->notify);
    zc_listeners_close(&s->listeners);
    zc_control_free(s->control);
    s->control = NULL;
    unsigned drain = zc_mirrors_stop(s->mirrors) + STOP_EXTRA_S;
    zc_receivers_signal(&s->receivers, SIGTERM);
    drain = ZC_MIN(ZC_MAX(drain, (unsigned)STOP_MIN_S), (unsigned)STOP_MAX_S);
    if (wait_gone(s, drain))
        return;
    zc_log(ZC_LOG_WARN, "%zu processes do not end, and are killed",
           s->receivers.v.len + zc_mirrors_running(s->mirrors));
    zc_receivers_signal(&s->receivers, SIGKILL);
    zc_mirrors_kill(s->mirrors);
    wait_gone(s, KILL_S);
}

static void fini(struct supervisor *s)
{
    zc_control_free(s->control);
    zc_waits_free(s->waits);
    zc_mirrors_free(s->mirrors);
    zc_listeners_close(&s->listeners);
    zc_receivers_fini(&s->receivers);
    zc_identity_free(s->identity);
    zc_notify_fini(&s->notify);
    zc_close(&s->signal_fd);
    zc_vec_fini(&s->shares);
    zc_vec_fini(&s->fds);
    free(s->control_path);
    free(s->control_group);
    zc_conf_free(s->conf);
    if (s->masked)
        sigprocmask(SIG_SETMASK, &s->old_mask, NULL);
}

int zc_supervisor_run(const char *file, struct zc_err *err)
{
    struct supervisor s = {.file = file, .signal_fd = -1, .notify = {.fd = -1}};
    int r = start(&s, err);
    if (r == 0)
        r = serve(&s, err);
    if (s.mirrors)
        stop(&s);
    fini(&s);
    return r;
}
