// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The life of a mirror in zcsyncd:
 *
 *        start             stop pipe closed          ended
 *   idle ------> running ------------------> leaving ------> idle or forgotten
 *    ^             | died
 *    +-------------+   again after 1 s, 2 s, 4 s, ... half a minute
 *
 * A mirror that was removed or changed while its process runs is leaving; what
 * comes after its end is decided then, by looking into the configuration. So
 * there is never more than one process for a mirror.
 *
 * The write end of the stop pipe is nowhere but here, and so watchers stop also
 * when this process is gone, however it went.
 */
#include "daemon/mirrors.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/process.h"
#include "daemon/watcher.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define BACKOFF_MIN_NS ZC_NSEC_PER_SEC
#define BACKOFF_MAX_NS (30 * ZC_NSEC_PER_SEC)
/* A process that lived so long starts with the shortest back-off. */
#define STEADY_NS (60 * ZC_NSEC_PER_SEC)
/* What a watcher gets beyond its drain time to end. */
#define STOP_EXTRA_S 5
/* Between SIGABRT and SIGKILL: enough to write a core file's beginning. */
#define ABORT_NS ZC_NSEC_PER_SEC
#define BEATS_MISSED 2
#define BEAT_ID 0 /* the id of the watchdog's questions */

struct mirror {
    char *name;
    char *text; /* of the configuration it was started with, or NULL */
    uint8_t key[ZC_KEY_SIZE]; /* of the identity; zeros: it needs none */
    struct zc_mirror_status *status;
    struct zc_peer_keys *keys;
    pid_t pid; /* 0: no process */
    int stop_fd, control_fd;
    int64_t started, backoff;
    int64_t start_at, kill_at; /* zc_clock_ns; 0: not at all */
    unsigned drain_s;
    bool leaving;
    uint64_t restarts;
    ZC_VEC(char *) paused; /* destinations, as in `to` */
    bool full;       /* it has not read what it was sent */
    bool rekey;      /* it has to be told that keys have changed */
    bool asked;      /* by the watchdog, and did not answer yet */
    unsigned missed; /* beats */
};

struct zc_mirrors {
    struct zc_mirrors_events events;
    sigset_t mask;
    const struct zc_conf *conf;
    struct zc_identity *id;
    bool stopping;
    ZC_VEC(struct mirror *) v;
};

struct zc_mirrors *zc_mirrors_new(const struct zc_mirrors_events *events,
                                  const sigset_t *mask)
{
    struct zc_mirrors *m = calloc(1, sizeof *m);
    if (m) {
        m->events = *events;
        m->mask = *mask;
    }
    return m;
}

static void mirror_free(struct mirror *w)
{
    zc_close(&w->stop_fd);
    zc_close(&w->control_fd);
    if (w->status)
        munmap(w->status, sizeof *w->status);
    zc_peer_keys_free(w->keys);
    for (size_t i = 0; i < w->paused.len; i++)
        free(w->paused.v[i]);
    zc_vec_fini(&w->paused);
    free(w->name);
    free(w->text);
    free(w);
}

void zc_mirrors_free(struct zc_mirrors *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->v.len; i++)
        mirror_free(m->v.v[i]);
    zc_vec_fini(&m->v);
    free(m);
}

static struct mirror *mirror_new(const char *name)
{
    struct mirror *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->stop_fd = w->control_fd = -1;
    w->name = strdup(name);
    void *p = mmap(NULL, sizeof *w->status, PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (p != MAP_FAILED)
        w->status = p;
    w->keys = zc_peer_keys_new();
    if (w->name && w->status && w->keys)
        return w;
    mirror_free(w);
    return NULL;
}

static struct mirror *find(const struct zc_mirrors *m, const char *name)
{
    for (size_t i = 0; i < m->v.len; i++)
        if (strcmp(m->v.v[i]->name, name) == 0)
            return m->v.v[i];
    return NULL;
}

/* What the configuration has under NAME, or NULL. */
static const struct zc_conf_mirror *wanted(const struct zc_mirrors *m,
                                           const char *name)
{
    if (m->stopping)
        return NULL;
    for (size_t i = 0; i < m->conf->mirrors.len; i++)
        if (strcmp(m->conf->mirrors.v[i].name, name) == 0)
            return &m->conf->mirrors.v[i];
    return NULL;
}

/* Starting. */

/* As it is, or up to a quarter longer: mirrors that died together need not
 * start together. */
static int64_t jittered(int64_t ns)
{
    uint32_t r = 0;
    (void)!getrandom(&r, sizeof r, GRND_NONBLOCK);
    return ns + (int64_t)((uint64_t)ns / 4 * r / UINT32_MAX);
}

static void start_later(struct mirror *w)
{
    if (zc_clock_ns() - w->started > STEADY_NS)
        w->backoff = 0;
    w->backoff = w->backoff ? ZC_MIN(2 * w->backoff, BACKOFF_MAX_NS)
                            : BACKOFF_MIN_NS;
    w->start_at = zc_clock_ns() + jittered(w->backoff);
}

/* The public key of the identity that CONF needs, or zeros. */
static void key_for(const struct zc_mirrors *m,
                    const struct zc_conf_mirror *conf,
                    uint8_t key[ZC_KEY_SIZE])
{
    memset(key, 0, ZC_KEY_SIZE);
    for (size_t i = 0; m->id && i < conf->to.len; i++)
        if (conf->to.v[i].peer)
            memcpy(key, m->id->public_key, ZC_KEY_SIZE);
}

/* Whether W was started with what CONF says. */
static bool is_same(const struct zc_mirrors *m, const struct mirror *w,
                    const struct zc_conf_mirror *conf)
{
    uint8_t key[ZC_KEY_SIZE];
    key_for(m, conf, key);
    return w->text && strcmp(w->text, conf->text) == 0 &&
           memcmp(w->key, key, sizeof key) == 0;
}

/* A process of another configuration, or the first one: nothing of what was
 * counted is about this one. */
static int adopt_text(const struct zc_mirrors *m, struct mirror *w,
                      const struct zc_conf_mirror *conf)
{
    if (is_same(m, w, conf))
        return 0;
    char *text = strdup(conf->text);
    if (!text)
        return -1;
    free(w->text);
    w->text = text;
    key_for(m, conf, w->key);
    memset(w->status, 0, sizeof *w->status);
    w->restarts = 0;
    return 0;
}

static bool is_paused(const struct mirror *w, const char *peer)
{
    for (size_t i = 0; i < w->paused.len; i++)
        if (strcmp(w->paused.v[i], peer) == 0)
            return true;
    return false;
}

static int fork_watcher(struct zc_mirrors *m, struct mirror *w,
                        const struct zc_conf_mirror *conf)
{
    int stop[2] = {-1, -1}, control[2] = {-1, -1};
    struct zc_watcher child = {.mirror = conf,
                               .conf = m->conf,
                               .identity = m->id,
                               .status = w->status,
                               .keys = w->keys,
                               .parent = getpid(),
                               .mask = &m->mask,
                               .changes_fd = -1,
                               .mark = m->events.mark,
                               .mark_arg = m->events.arg};
    if (conf->on_change.command)
        child.changes_fd = m->events.feed(m->events.arg,
                                          &child.changes_number);
    for (size_t i = 0; i < conf->to.len; i++)
        child.paused[i] = is_paused(w, conf->to.v[i].text);
    if (pipe2(stop, O_CLOEXEC) == 0 &&
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) == 0) {
        child.stop_fd = stop[0];
        child.control_fd = control[1];
        w->pid = fork();
        if (w->pid == 0)
            zc_watcher_main(&child);
    } else {
        w->pid = -1;
    }
    int why = errno;
    zc_close(&child.changes_fd);
    zc_close(&stop[0]);
    zc_close(&control[1]);
    if (w->pid > 0) {
        w->stop_fd = stop[1];
        w->control_fd = control[0];
        return 0;
    }
    w->pid = 0;
    zc_close(&stop[1]);
    zc_close(&control[0]);
    errno = why;
    return -1;
}

static void start(struct zc_mirrors *m, struct mirror *w)
{
    const struct zc_conf_mirror *conf = wanted(m, w->name);
    w->start_at = w->kill_at = 0;
    if (!conf)
        return;
    w->full = w->asked = w->leaving = w->rekey = false;
    zc_peer_keys_set(w->keys, conf);
    w->missed = 0;
    w->started = zc_clock_ns();
    w->drain_s = conf->drain_s;
    if (adopt_text(m, w, conf)) {
        errno = ENOMEM;
    } else {
        zc_watcher_describe(conf, w->status);
        zc_mirror_set_state(w->status, ZC_MIRROR_STARTING);
        zc_mirror_set_text(w->status, "");
        if (fork_watcher(m, w, conf) == 0) {
            zc_log(ZC_LOG_INFO, "mirror %s: started, process %d", w->name,
                   (int)w->pid);
            m->events.askable(m->events.arg, w->name, true);
            return;
        }
    }
    int why = errno;
    start_later(w);
    zc_log(ZC_LOG_ERROR, "mirror %s: could not start its process: %s", w->name,
           strerror(why));
}

/* Stopping. */

static void stop(struct mirror *w)
{
    if (w->leaving || !w->pid)
        return;
    w->leaving = true;
    zc_close(&w->stop_fd);
    w->kill_at = zc_clock_ns() +
                 (w->drain_s + STOP_EXTRA_S) * ZC_NSEC_PER_SEC;
}

static bool send_request(struct mirror *w, const struct zc_mirror_request *r)
{
    if (!w->pid || w->leaving || w->full)
        return false;
    if (send(w->control_fd, r, sizeof *r, MSG_DONTWAIT | MSG_NOSIGNAL) ==
        sizeof *r)
        return true;
    w->full = errno == EAGAIN || errno == ENOBUFS;
    return false;
}

static void tell_keys(struct mirror *w)
{
    const struct zc_mirror_request r = {.verb = ZC_MIRROR_REKEY, .peer = -1};
    if (w->rekey && send_request(w, &r))
        w->rekey = false;
}

/* W goes on, with keys that may be others. */
static void take_keys(struct mirror *w, const struct zc_conf_mirror *conf)
{
    w->rekey |= zc_peer_keys_set(w->keys, conf);
    tell_keys(w);
}

void zc_mirrors_configure(struct zc_mirrors *m, const struct zc_conf *conf,
                          struct zc_identity *id)
{
    m->conf = conf;
    m->id = id;
    for (size_t i = m->v.len; i-- > 0;) {
        struct mirror *w = m->v.v[i];
        const struct zc_conf_mirror *want = wanted(m, w->name);
        bool same = want && is_same(m, w, want);
        if (w->pid && !same)
            stop(w);
        else if (w->pid)
            take_keys(w, want);
        if (!want)
            m->events.removed(m->events.arg, w->name);
        if (!want && !w->pid) {
            mirror_free(w);
            m->v.v[i] = m->v.v[--m->v.len];
        } else if (want && !w->pid && !same) {
            w->backoff = 0; /* it died of what was wrong with it, perhaps */
            start(m, w);
        }
    }
    for (size_t i = 0; i < conf->mirrors.len; i++) {
        const char *name = conf->mirrors.v[i].name;
        if (find(m, name))
            continue;
        struct mirror *w = mirror_new(name);
        if (!w || zc_vec_push(&m->v, w)) {
            zc_log(ZC_LOG_ERROR, "mirror %s: not started: out of memory", name);
            if (w)
                mirror_free(w);
            continue;
        }
        start(m, w);
    }
}

void zc_mirrors_forget(struct zc_mirrors *m)
{
    for (size_t i = 0; m && i < m->v.len; i++) {
        munmap(m->v.v[i]->status, sizeof *m->v.v[i]->status);
        zc_peer_keys_free(m->v.v[i]->keys);
    }
}

unsigned zc_mirrors_stop(struct zc_mirrors *m)
{
    unsigned drain = 0;
    m->stopping = true;
    for (size_t i = 0; i < m->v.len; i++) {
        struct mirror *w = m->v.v[i];
        w->start_at = 0;
        stop(w);
        if (w->pid)
            drain = ZC_MAX(drain, w->drain_s);
    }
    return drain;
}

void zc_mirrors_kill(struct zc_mirrors *m)
{
    for (size_t i = 0; i < m->v.len; i++)
        if (m->v.v[i]->pid)
            kill(m->v.v[i]->pid, SIGKILL);
}

size_t zc_mirrors_running(const struct zc_mirrors *m)
{
    size_t n = 0;
    for (size_t i = 0; i < m->v.len; i++)
        n += m->v.v[i]->pid != 0;
    return n;
}

/* What `status` shows of a mirror without a process. A process that was killed
 * had no time to write it, one that failed wrote why. */
static void show_ended(struct mirror *w, int status, const char *fate)
{
    char text[ZC_STATUS_TEXT];
    if (WIFSIGNALED(status)) {
        snprintf(text, sizeof text, "its process %s", fate);
        zc_mirror_set_text(w->status, text);
    }
    zc_mirror_set_state(w->status, ZC_MIRROR_STOPPED);
    for (uint32_t i = 0; i < w->status->n_peers && i < ZC_STATUS_PEERS_MAX;
         i++) {
        struct zc_peer_status *p = &w->status->peers[i];
        p->now.began = 0; /* nothing is sent */
        bool paused = is_paused(w, p->name);
        zc_peer_set_state(p, paused ? ZC_PEER_PAUSED : ZC_PEER_DISCONNECTED);
        zc_peer_set_text(p, "", "the mirror's process is not running");
        zc_peer_set_security(p, "", "");
    }
}

/* W's process has ended. False: W is to be forgotten. */
static bool ended(struct zc_mirrors *m, struct mirror *w, int status)
{
    char fate[80];
    bool asked_to = w->leaving;
    w->pid = 0;
    w->leaving = false;
    w->kill_at = 0;
    zc_close(&w->stop_fd);
    zc_close(&w->control_fd);
    zc_process_fate(status, fate, sizeof fate);
    show_ended(w, status, fate);
    if (asked_to) {
        if (status == 0)
            zc_log(ZC_LOG_INFO, "mirror %s: stopped", w->name);
        else
            zc_log(ZC_LOG_WARN, "mirror %s: its process %s while it stopped",
                   w->name, fate);
        if (!wanted(m, w->name))
            return m->stopping;
        w->backoff = 0;
        start(m, w);
        return true;
    }
    if (m->stopping)
        return true;
    w->restarts++;
    start_later(w);
    zc_log(ZC_LOG_WARN, "mirror %s: its process %s, and is started again in "
                        "%.1f s", w->name, fate,
           (double)(w->start_at - zc_clock_ns()) / ZC_NSEC_PER_SEC);
    m->events.askable(m->events.arg, w->name, true); /* it is not, now */
    return true;
}

bool zc_mirrors_reap(struct zc_mirrors *m)
{
    bool any = false;
    for (size_t i = 0; i < m->v.len;) {
        struct mirror *w = m->v.v[i];
        int status = 0;
        if (!w->pid || waitpid(w->pid, &status, WNOHANG) != w->pid) {
            i++;
            continue;
        }
        any = true;
        if (ended(m, w, status)) {
            i++;
        } else {
            mirror_free(w);
            m->v.v[i] = m->v.v[--m->v.len];
        }
    }
    return any;
}

/* Time. */

int64_t zc_mirrors_next(const struct zc_mirrors *m, int64_t now)
{
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < m->v.len; i++) {
        const struct mirror *w = m->v.v[i];
        if (w->start_at)
            next = ZC_MIN(next, w->start_at);
        if (w->kill_at)
            next = ZC_MIN(next, w->kill_at);
    }
    return next == INT64_MAX ? next : ZC_MAX(next - now, 0);
}

void zc_mirrors_tick(struct zc_mirrors *m, int64_t now)
{
    for (size_t i = 0; i < m->v.len; i++) {
        struct mirror *w = m->v.v[i];
        if (w->kill_at && now >= w->kill_at) {
            w->kill_at = 0;
            if (w->leaving)
                zc_log(ZC_LOG_WARN, "mirror %s: its process does not end, and "
                                    "is killed", w->name);
            kill(w->pid, SIGKILL);
        }
        if (w->start_at && now >= w->start_at)
            start(m, w);
    }
}

/* Questions and answers. */

bool zc_mirrors_ask(struct zc_mirrors *m, const char *name,
                    const struct zc_mirror_request *r)
{
    struct mirror *w = find(m, name);
    return w && send_request(w, r);
}

bool zc_mirrors_has_process(const struct zc_mirrors *m, const char *name)
{
    const struct mirror *w = find(m, name);
    return w && w->pid;
}

static int pause_peer(struct mirror *w, const char *peer, bool on)
{
    if (on) {
        char *copy = is_paused(w, peer) ? NULL : strdup(peer);
        if (is_paused(w, peer) || (copy && zc_vec_push(&w->paused, copy) == 0))
            return 0;
        free(copy);
        return -1;
    }
    for (size_t i = w->paused.len; i-- > 0;) {
        if (strcmp(w->paused.v[i], peer) != 0)
            continue;
        free(w->paused.v[i]);
        w->paused.v[i] = w->paused.v[--w->paused.len];
    }
    return 0;
}

int zc_mirrors_pause(struct zc_mirrors *m, const char *name, const char *peer,
                     bool on)
{
    struct mirror *w = find(m, name);
    const struct zc_conf_mirror *conf = wanted(m, name);
    int r = 0;
    for (size_t i = 0; w && conf && i < conf->to.len; i++)
        if (!peer || strcmp(conf->to.v[i].text, peer) == 0)
            r |= pause_peer(w, conf->to.v[i].text, on);
    return r;
}

int zc_mirrors_poll(struct zc_mirrors *m, zc_pollfds *fds)
{
    for (size_t i = 0; i < m->v.len; i++) {
        const struct mirror *w = m->v.v[i];
        struct pollfd p = {.fd = w->control_fd, /* -1: skipped by poll */
                           .events = POLLIN};
        if (w->full)
            p.events |= POLLOUT;
        if (zc_vec_push(fds, p))
            return -1;
    }
    return 0;
}

static void read_answers(struct zc_mirrors *m, struct mirror *w)
{
    struct zc_mirror_answer a;
    ssize_t n;
    while ((n = recv(w->control_fd, &a, sizeof a, MSG_DONTWAIT)) ==
           sizeof a) {
        a.missing[sizeof a.missing - 1] = '\0';
        if (a.id == BEAT_ID) {
            w->asked = false;
            w->missed = 0;
        } else {
            m->events.answer(m->events.arg, w->name, &a);
        }
    }
    /* Its end: nothing more comes until the process has been reaped. */
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        zc_close(&w->control_fd);
}

void zc_mirrors_polled(struct zc_mirrors *m, const struct pollfd *fds)
{
    for (size_t i = 0; i < m->v.len; i++) {
        struct mirror *w = m->v.v[i];
        if (w->control_fd < 0)
            continue;
        if (fds[i].revents & POLLOUT) {
            w->full = false;
            tell_keys(w);
            m->events.askable(m->events.arg, w->name, false);
        }
        if (fds[i].revents & ~POLLOUT)
            read_answers(m, w);
    }
}

static void give_up(struct mirror *w)
{
    zc_log(ZC_LOG_ERROR, "mirror %s: its process %d does not answer, and is "
                         "killed", w->name, (int)w->pid);
    kill(w->pid, SIGABRT);
    w->kill_at = zc_clock_ns() + ABORT_NS;
}

bool zc_mirrors_beat(struct zc_mirrors *m)
{
    bool well = true;
    for (size_t i = 0; i < m->v.len; i++) {
        struct mirror *w = m->v.v[i];
        if (!w->pid || w->leaving || w->kill_at)
            continue; /* it is being seen to */
        if (w->asked && ++w->missed >= BEATS_MISSED) {
            give_up(w);
            continue;
        }
        well = well && !w->asked;
        const struct zc_mirror_request r = {.id = BEAT_ID, .peer = -2};
        w->asked = true;
        (void)send_request(w, &r);
    }
    return well;
}

int zc_mirrors_snapshot(struct zc_mirrors *m, struct zc_snapshot *s)
{
    for (size_t i = 0; i < m->v.len; i++) {
        struct mirror *w = m->v.v[i];
        struct zc_snap_mirror *c = zc_snapshot_add(s, w->status);
        if (!c)
            return -1;
        c->pid = (uint64_t)w->pid;
        c->restarts = w->restarts;
        if (w->start_at)
            c->start_in = (uint64_t)ZC_MAX(w->start_at - zc_clock_ns(), 1);
    }
    return 0;
}
