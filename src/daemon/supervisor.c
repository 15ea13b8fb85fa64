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
 *   what has changed ---> hooks.c       the commands of `on change`
 *   the page's death ---> webpage.c     a process that shows the status
 *   time ---------------> the watchdog, back-offs, who is not to be waited for
 *
 * With no watchdog and nothing wrong there is no time to wait for, and it
 * sleeps until something happens.
 */
#include "daemon/supervisor.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/activate.h"
#include "daemon/process.h"
#include "daemon/supervisor_state.h"

#include <sys/signalfd.h>

/* A stop takes no longer than this, whatever the mirrors would like. */
#define STOP_MAX_S 30
#define STOP_MIN_S 10
#define STOP_EXTRA_S 5
/* After SIGKILL: a process that hangs in the kernel is left to it. */
#define KILL_S 3
/* So often pipes are read then. */
#define READ_NS (ZC_NSEC_PER_SEC / 20)
/* The service manager has to hear from us once per WATCHDOG_USEC. Four beats
 * leave time to notice a watcher that hangs (two of them) and to replace it. */
#define BEATS 4

/* --- what mirrors tell --- */

static void on_answer(void *arg, const char *mirror,
                      const struct zc_mirror_answer *a)
{
    struct supervisor *s = arg;
    zc_waits_answer(s->waits, mirror, a);
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

static int on_feed(void *arg, uint64_t *number)
{
    struct supervisor *s = arg;
    return zc_hooks_feed(s->hooks, true, number);
}

/* In a child. */
static void on_mark(void *arg, const char *mirror, uint64_t number)
{
    struct supervisor *s = arg;
    zc_hooks_mark(s->hooks, true, mirror, number);
}

/* --- start --- */

/* In the child that serves the page. */
static void on_page_forked(void *arg)
{
    struct supervisor *s = arg;
    zc_mirrors_forget(s->mirrors);
    zc_fence_forget(s->receivers.fence);
    zc_identity_free(s->identity);
}

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
    int r = zc_super_open_control(s, s->conf->control, s->conf->control_group,
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
    const struct zc_mirrors_events events = {
        on_answer, on_askable, on_removed, on_feed, on_mark, s};
    s->started = zc_clock_wall_ns();
    struct zc_conf *conf = zc_conf_load(s->file, err);
    if (!conf || catch_signals(s, err)) {
        zc_conf_free(conf);
        return -1;
    }
    zc_receivers_init(&s->receivers, &s->old_mask);
    s->pushers = zc_pushers_new();
    if (zc_super_take_conf(s, conf, err)) {
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
    s->page = zc_webpage_new(&s->control, &s->old_mask, on_page_forked, s);
    s->hooks = zc_hooks_new(&s->old_mask);
    if (!s->mirrors || !s->waits || !s->page || !s->pushers ||
        !s->hooks)
        return zc_err_nomem(err);
    zc_hooks_configure(s->hooks, s->conf);
    if (open_sockets(s, err))
        return -1;
    zc_mirrors_configure(s->mirrors, s->conf, s->identity);
    zc_webpage_configure(s->page, s->conf, &s->token);
    zc_notify_ready(&s->notify);
    zc_super_show_status(s);
    zc_super_look_again(s);
    return 0;
}

/* --- the loop --- */

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
    next = ZC_MIN(next, zc_hooks_next(s->hooks, now));
    next = ZC_MIN(next, zc_control_next(s->control, now));
    next = ZC_MIN(next, zc_receivers_next(&s->receivers, now));
    next = ZC_MIN(next, zc_webpage_next(s->page, now));
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
    size_t hooks = s->fds.len;
    if (zc_hooks_poll(s->hooks, &s->fds))
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
    zc_hooks_polled(s->hooks, s->fds.v + hooks, control - hooks);
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
        zc_webpage_reap(s->page);
        news |= zc_hooks_reap(s->hooks);
        news |= accepted != s->receivers.accepted;
        if (stop)
            return 0;
        if (hup && zc_super_reload(s, err))
            return -1;
        int64_t now = zc_clock_ns();
        zc_mirrors_tick(s->mirrors, now);
        zc_hooks_tick(s->hooks, now);
        zc_control_tick(s->control, now);
        zc_receivers_tick(&s->receivers, now);
        zc_webpage_tick(s->page, now);
        if (s->beat_at && now >= s->beat_at)
            beat(s, now);
        if (news || hup || (s->status_at && now >= s->status_at))
            zc_super_show_status(s);
        if (hup)
            zc_super_look_again(s);
    }
}

/* --- the end --- */

static bool all_gone(struct supervisor *s)
{
    zc_receivers_reap(&s->receivers, false);
    zc_mirrors_reap(s->mirrors);
    zc_hooks_read(s->hooks);
    zc_hooks_reap(s->hooks);
    return s->receivers.v.len == 0 && zc_mirrors_running(s->mirrors) == 0 &&
           zc_hooks_running(s->hooks) == 0;
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
        next = ZC_MIN(next, zc_hooks_next(s->hooks, now));
        next = ZC_MIN(next, READ_NS); /* what is told fills a pipe */
        poll(&p, 1, (int)(next / 1000000) + 1);
        zc_mirrors_tick(s->mirrors, zc_clock_ns());
        zc_hooks_tick(s->hooks, zc_clock_ns());
        read_signals(s, &stop, &hup);
    }
    return true;
}

static void stop(struct supervisor *s)
{
    zc_notify_stopping(&s->notify);
    zc_listeners_close(&s->listeners);
    zc_webpage_stop(s->page);
    zc_control_free(s->control);
    s->control = NULL;
    unsigned drain = zc_mirrors_stop(s->mirrors) + STOP_EXTRA_S;
    zc_receivers_signal(&s->receivers, SIGTERM);
    zc_hooks_stop(s->hooks);
    drain = ZC_MIN(ZC_MAX(drain, (unsigned)STOP_MIN_S), (unsigned)STOP_MAX_S);
    if (wait_gone(s, drain))
        return;
    zc_log(ZC_LOG_WARN, "%zu processes do not end, and are killed",
           s->receivers.v.len + zc_mirrors_running(s->mirrors) +
               zc_hooks_running(s->hooks));
    zc_receivers_signal(&s->receivers, SIGKILL);
    zc_mirrors_kill(s->mirrors);
    zc_hooks_kill(s->hooks);
    wait_gone(s, KILL_S);
}

static void fini(struct supervisor *s)
{
    zc_webpage_free(s->page);
    zc_control_free(s->control);
    zc_waits_free(s->waits);
    zc_mirrors_free(s->mirrors);
    zc_hooks_free(s->hooks);
    zc_listeners_close(&s->listeners);
    zc_receivers_fini(&s->receivers);
    zc_pushers_free(s->pushers);
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
    if (s.mirrors && s.page && s.hooks)
        stop(&s);
    fini(&s);
    return r;
}
