// SPDX-License-Identifier: GPL-2.0-or-later
/* When commands of `on change` are run; see hooks.h. */
#include "daemon/hooks.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/hook_feed.h"
#include "daemon/hook_marks.h"
#include "daemon/hook_run.h"
#include "daemon/process.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

/* From one pipe at a time: others have something to tell, too. */
#define READS_MAX 16
/* Between SIGTERM and SIGKILL. */
#define PATIENCE_NS (5 * ZC_NSEC_PER_SEC)

struct hook {
    bool mirror;
    char *name;
    /* Of the configuration that holds; NULL: it has none any more. */
    const struct zc_conf_on_change *conf;
    const char *path;
    struct zc_buf changes;
    bool pending, all;
    zc_hook_marks marks; /* to go when what is pending has been seen to */
    pid_t pid;           /* 0: it does not run */
    char *file;          /* while it runs */
    int64_t start_at, kill_at; /* zc_clock_ns; 0: not */
    bool told;           /* to end */
    zc_hook_marks served; /* the marks of what it runs for */
    struct zc_snap_hook st;
};

/* A pipe from a child. */
struct feed {
    int fd;
    bool mirror;
    uint64_t number;
    char *state; /* where its mark is */
    struct zc_hooks *hooks;
    struct zc_hook_feed told;
};

struct zc_hooks {
    sigset_t mask;
    const struct zc_conf *conf;
    uint64_t numbers;
    bool stopping;
    ZC_VEC(struct hook *) v;
    ZC_VEC(struct feed *) feeds;
};

static const char *kind_of(bool mirror)
{
    return mirror ? "mirror" : "share";
}

struct zc_hooks *zc_hooks_new(const sigset_t *mask)
{
    struct zc_hooks *h = calloc(1, sizeof *h);
    if (h)
        h->mask = *mask;
    return h;
}

static void hook_free(struct hook *k)
{
    zc_buf_fini(&k->changes);
    zc_hook_marks_fini(&k->marks);
    zc_hook_marks_fini(&k->served);
    free(k->file);
    free(k->name);
    free(k);
}

static void feed_free(struct feed *f)
{
    zc_close(&f->fd);
    zc_hook_feed_fini(&f->told);
    free(f->state);
    free(f);
}

void zc_hooks_free(struct zc_hooks *h)
{
    if (!h)
        return;
    for (size_t i = 0; i < h->v.len; i++)
        hook_free(h->v.v[i]);
    for (size_t i = 0; i < h->feeds.len; i++)
        feed_free(h->feeds.v[i]);
    zc_vec_fini(&h->v);
    zc_vec_fini(&h->feeds);
    free(h);
}

void zc_hooks_forget(struct zc_hooks *h)
{
    for (size_t i = 0; h && i < h->feeds.len; i++)
        zc_close(&h->feeds.v[i]->fd);
}

/* --- configuration --- */

static struct hook *find(const struct zc_hooks *h, bool mirror,
                         const char *name)
{
    for (size_t i = 0; i < h->v.len; i++)
        if (h->v.v[i]->mirror == mirror && strcmp(h->v.v[i]->name, name) == 0)
            return h->v.v[i];
    return NULL;
}

static struct hook *hook_new(struct zc_hooks *h, bool mirror, const char *name)
{
    struct hook *k = calloc(1, sizeof *k);
    if (k)
        k->name = strdup(name);
    if (!k || !k->name || zc_vec_push(&h->v, k)) {
        if (k)
            hook_free(k);
        return NULL;
    }
    k->mirror = mirror;
    k->st.mirror = mirror;
    snprintf(k->st.name, sizeof k->st.name, "%s", name);
    return k;
}

/* It is not known what has changed. */
static void doubt(struct hook *k)
{
    k->all = k->pending = true;
    zc_buf_fini(&k->changes);
}

static void add_hook(struct zc_hooks *h, bool mirror, const char *name,
                     const char *path, const struct zc_conf_on_change *conf)
{
    struct hook *k = find(h, mirror, name);
    if (!conf->command)
        return;
    if (!k && !(k = hook_new(h, mirror, name))) {
        zc_log(ZC_LOG_ERROR, "on change of %s %s: out of memory",
               kind_of(mirror), name);
        return;
    }
    k->conf = conf;
    k->path = path;
}

void zc_hooks_configure(struct zc_hooks *h, const struct zc_conf *conf)
{
    bool first = !h->conf;
    h->conf = conf;
    for (size_t i = 0; i < h->v.len; i++)
        h->v.v[i]->conf = NULL;
    for (size_t i = 0; i < conf->shares.len; i++)
        add_hook(h, false, conf->shares.v[i].name, conf->shares.v[i].path,
                 &conf->shares.v[i].on_change);
    for (size_t i = 0; i < conf->mirrors.len; i++)
        add_hook(h, true, conf->mirrors.v[i].name, conf->mirrors.v[i].path,
                 &conf->mirrors.v[i].on_change);
    for (size_t i = h->v.len; i-- > 0;) {
        struct hook *k = h->v.v[i];
        if (first && k->conf &&
            zc_hook_marks_find(&k->marks, conf->state, k->mirror, k->name))
            doubt(k);
        if (k->conf)
            continue;
        k->pending = false;
        zc_hook_marks_clear(&k->marks);
        if (!k->pid) {
            hook_free(k);
            h->v.v[i] = h->v.v[--h->v.len];
        }
    }
}

/* --- what is told --- */

static bool is_wanted(const struct zc_hooks *h, bool mirror)
{
    for (size_t i = 0; i < h->v.len; i++)
        if (h->v.v[i]->mirror == mirror && h->v.v[i]->conf)
            return true;
    return false;
}

int zc_hooks_feed(struct zc_hooks *h, bool mirror, uint64_t *number)
{
    int p[2];
    if (!is_wanted(h, mirror))
        return -1;
    struct feed *f = calloc(1, sizeof *f);
    if (!f || pipe2(p, O_CLOEXEC)) {
        zc_log(ZC_LOG_ERROR, "on change: %m");
        free(f);
        return -1;
    }
    f->fd = p[0];
    f->hooks = h;
    f->mirror = mirror;
    f->number = *number = ++h->numbers;
    f->state = strdup(h->conf->state);
    if (!f->state || fcntl(p[0], F_SETFL, O_NONBLOCK) ||
        zc_vec_push(&h->feeds, f)) {
        zc_log(ZC_LOG_ERROR, "on change: %m");
        feed_free(f);
        close(p[1]);
        return -1;
    }
    return p[1];
}

void zc_hooks_mark(const struct zc_hooks *h, bool mirror, const char *name,
                   uint64_t number)
{
    if (zc_hook_mark_make(h->conf->state, mirror, name, number))
        zc_log(ZC_LOG_WARN, "on change of %s %s: a mark in %s, by which it is "
                            "run after a crash, could not be made: %m",
               kind_of(mirror), name, h->conf->state);
}

/* What F has told of is pending. */
static void take_round(void *arg, struct zc_hook_feed *told)
{
    struct feed *f = arg;
    struct hook *k = find(f->hooks, f->mirror, told->name);
    if (k && k->conf && (told->all || told->round.len)) {
        if (k->changes.len + told->round.len > ZC_HOOK_PENDING_MAX)
            told->all = true;
        if (!told->all && !k->all)
            zc_buf_put(&k->changes, told->round.data, told->round.len);
        if (told->all || k->changes.failed)
            doubt(k);
        k->pending = true;
    }
    zc_hook_feed_next(told);
}

/* Whoever told has ended. */
static void feed_ended(struct zc_hooks *h, struct feed *f)
{
    const char *name = f->told.name;
    struct hook *k = f->told.named ? find(h, f->mirror, name) : NULL;
    if (!k || !k->conf) {
        zc_hook_mark_drop(f->state, f->mirror, name, f->number);
        return;
    }
    if (!f->told.ended || f->told.bad) /* and not as it should */
        f->told.all = true;
    take_round(f, &f->told);
    if (zc_hook_marks_add(&k->marks, f->state, f->mirror, name, f->number))
        zc_log(ZC_LOG_ERROR, "on change: out of memory");
    if (!k->pending && !k->pid)
        zc_hook_marks_clear(&k->marks);
}

/* False: F is over. */
static bool read_feed(struct zc_hooks *h, struct feed *f)
{
    char bytes[16384];
    ssize_t n = 1;
    for (int i = 0; i < READS_MAX && n > 0; i++)
        if ((n = read(f->fd, bytes, sizeof bytes)) > 0)
            zc_hook_feed_take(&f->told, bytes, (size_t)n, take_round, f);
    if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
        return true;
    feed_ended(h, f);
    return false;
}

void zc_hooks_read(struct zc_hooks *h)
{
    for (size_t i = h->feeds.len; i-- > 0;) {
        if (read_feed(h, h->feeds.v[i]))
            continue;
        feed_free(h->feeds.v[i]);
        h->feeds.v[i] = h->feeds.v[--h->feeds.len];
    }
}

int zc_hooks_poll(const struct zc_hooks *h, zc_pollfds *fds)
{
    for (size_t i = 0; i < h->feeds.len; i++) {
        struct pollfd p = {.fd = h->feeds.v[i]->fd, .events = POLLIN};
        if (zc_vec_push(fds, p))
            return -1;
    }
    return 0;
}

void zc_hooks_polled(struct zc_hooks *h, const struct pollfd *fds, size_t n)
{
    bool any = false;
    for (size_t i = 0; i < n; i++)
        any |= fds[i].revents != 0;
    if (any)
        zc_hooks_read(h);
}

/* --- running --- */

static char *file_of(const struct zc_hooks *h, const struct hook *k)
{
    const char *dir = getenv("RUNTIME_DIRECTORY"); /* systemd.exec(5) */
    const char *slash = strrchr(h->conf->control, '/');
    char *path;
    bool ours = dir && *dir == '/' && !strchr(dir, ':');
    int r = ours ? asprintf(&path, "%s/changes.%s.%s", dir, kind_of(k->mirror),
                            k->name)
                 : asprintf(&path, "%.*s/changes.%s.%s",
                            (int)(slash - h->conf->control), h->conf->control,
                            kind_of(k->mirror), k->name);
    return r < 0 ? NULL : path;
}

static void served(struct hook *k)
{
    zc_hook_marks_clear(&k->served);
    if (k->file)
        (void)unlink(k->file);
    free(k->file);
    k->file = NULL;
}

static void start(struct zc_hooks *h, struct hook *k, int64_t now)
{
    struct zc_err err;
    k->file = file_of(h, k);
    const struct zc_hook_run run = {.conf = k->conf,
                                    .kind = kind_of(k->mirror),
                                    .name = k->name,
                                    .path = k->path,
                                    .file = k->file,
                                    .changes = &k->changes,
                                    .all = k->all,
                                    .mask = &h->mask};
    pid_t pid = k->file ? zc_hook_run(&run, &err) : zc_err_nomem(&err);
    zc_hook_marks_clear(&k->served); /* nothing, but for what failed */
    k->served = k->marks;
    k->marks = (zc_hook_marks){0};
    zc_buf_fini(&k->changes);
    k->pending = k->all = false;
    k->start_at = now + (int64_t)k->conf->interval_s * ZC_NSEC_PER_SEC;
    k->st.runs++;
    k->st.began = (uint64_t)zc_clock_wall_ns();
    k->told = false;
    if (pid > 0) {
        k->pid = pid;
        k->st.running = true;
        k->kill_at = k->conf->timeout_s
                         ? now + (int64_t)k->conf->timeout_s * ZC_NSEC_PER_SEC
                         : 0;
        return;
    }
    served(k);
    k->st.failures++;
    k->st.ended = k->st.began;
    snprintf(k->st.fate, sizeof k->st.fate, "%.120s", err.text);
    zc_log(ZC_LOG_ERROR, "on change of %s %s: %s", kind_of(k->mirror), k->name,
           err.text);
}

static void ended(struct hook *k, int status, bool stopping)
{
    bool good = WIFEXITED(status) && !WEXITSTATUS(status);
    zc_process_fate(status, k->st.fate, sizeof k->st.fate);
    if (k->told && !good && stopping)
        snprintf(k->st.fate, sizeof k->st.fate, "was ended with zcsyncd");
    else if (k->told && !good)
        snprintf(k->st.fate, sizeof k->st.fate, "was ended after %u seconds",
                 k->conf ? k->conf->timeout_s : 0);
    k->pid = 0;
    k->kill_at = 0;
    k->st.running = false;
    k->st.ended = (uint64_t)zc_clock_wall_ns();
    k->st.failures += !good;
    if (!good)
        zc_log(ZC_LOG_WARN, "on change of %s %s: its command %s",
               kind_of(k->mirror), k->name, k->st.fate);
    if (good)
        k->st.fate[0] = '\0';
}

/* What a command has started that was told to end goes with it, whether it heeds
 * SIGTERM or not, or the next run would meet it. Until the command is reaped the
 * number of its group is nobody else's. */
static bool has_ended(const struct hook *k, int *status)
{
    siginfo_t is = {0};
    if (!k->pid ||
        waitid(P_PID, (id_t)k->pid, &is, WEXITED | WNOHANG | WNOWAIT) ||
        !is.si_pid)
        return false;
    if (k->told)
        (void)kill(-k->pid, SIGKILL);
    return waitpid(k->pid, status, 0) == k->pid;
}

bool zc_hooks_reap(struct zc_hooks *h)
{
    bool any = false;
    for (size_t i = h->v.len; i-- > 0;) {
        struct hook *k = h->v.v[i];
        int status = 0;
        if (!has_ended(k, &status))
            continue;
        any = true;
        ended(k, status, h->stopping);
        if (h->stopping && status) { /* it is run again at the next start */
            zc_hook_marks_fini(&k->served);
            doubt(k);
        }
        served(k);
        if (!k->pending)
            zc_hook_marks_clear(&k->marks);
        if (!k->conf) {
            hook_free(k);
            h->v.v[i] = h->v.v[--h->v.len];
        }
    }
    return any;
}

int64_t zc_hooks_next(const struct zc_hooks *h, int64_t now)
{
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < h->v.len; i++) {
        const struct hook *k = h->v.v[i];
        if (k->kill_at)
            next = ZC_MIN(next, k->kill_at);
        if (k->pending && !k->pid && !h->stopping)
            next = ZC_MIN(next, k->start_at);
    }
    return next == INT64_MAX ? next : ZC_MAX(next - now, 0);
}

static void tell_to_end(struct hook *k, int64_t now)
{
    (void)kill(-k->pid, k->told ? SIGKILL : SIGTERM);
    k->told = true;
    k->kill_at = now + PATIENCE_NS;
}

void zc_hooks_tick(struct zc_hooks *h, int64_t now)
{
    for (size_t i = 0; i < h->v.len; i++) {
        struct hook *k = h->v.v[i];
        if (k->pid && k->kill_at && now >= k->kill_at)
            tell_to_end(k, now);
        if (k->pending && !k->pid && k->conf && !h->stopping &&
            now >= k->start_at)
            start(h, k, now);
    }
}

/* --- the end --- */

/* Marks of what is pending stay. */
void zc_hooks_stop(struct zc_hooks *h)
{
    h->stopping = true;
    for (size_t i = 0; i < h->v.len; i++)
        if (h->v.v[i]->pid)
            tell_to_end(h->v.v[i], zc_clock_ns());
}

void zc_hooks_kill(struct zc_hooks *h)
{
    for (size_t i = 0; i < h->v.len; i++)
        if (h->v.v[i]->pid)
            (void)kill(-h->v.v[i]->pid, SIGKILL);
}

size_t zc_hooks_running(const struct zc_hooks *h)
{
    size_t n = 0;
    for (size_t i = 0; i < h->v.len; i++)
        n += h->v.v[i]->pid != 0;
    return n;
}

int zc_hooks_snapshot(const struct zc_hooks *h, struct zc_snapshot *s)
{
    for (size_t i = 0; i < h->v.len; i++) {
        struct zc_snap_hook c = h->v.v[i]->st;
        c.pending = h->v.v[i]->pending;
        if (zc_vec_push(&s->hooks, c))
            return -1;
    }
    return 0;
}
