// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One push from beginning to end: handshake and OPEN, the threads, the end.
 * The story and the threads are in sender.h.
 */
#include "sync/push.h"

#include "base/clock.h"
#include "base/relpath.h"
#include "fs/rootdir.h"
#include "sync/hostid.h"
#include "sync/sender.h"

#include <poll.h>
#include <string.h>
#include <sys/stat.h>

/* Bytes of lists that the peer has not finished with: some 200,000 entries at
 * most, and well below ZC_PENDING_MAX. */
#define WINDOW ((size_t)8 << 20)
#define DIRS_AHEAD 4096

/* Small files and lists are gathered up to here before they are sent. */
#define BATCH ((size_t)768 << 10)
#define RANGE ((uint64_t)8 << 20)

#define MAX_IDLE_DIRS 128
#define TICK_NS (50 * 1000000LL)

void zc_sender_fail(struct zc_sender *s, const struct zc_err *err)
{
    pthread_mutex_lock(&s->lock);
    if (!s->failed && !s->finished) {
        s->failed = true;
        s->err = *err;
    }
    pthread_cond_broadcast(&s->work);
    pthread_mutex_unlock(&s->lock);
}

void zc_sender_trouble(struct zc_sender *s, enum zc_trouble kind,
                       const char *what, const char *path, int eno)
{
    atomic_fetch_add(&s->stats->troubles, 1);
    pthread_mutex_lock(&s->event_lock);
    if (kind == ZC_TROUBLE_VANISHED)
        s->some_vanished = true;
    else
        s->some_failed = true;
    if (s->events->trouble)
        s->events->trouble(s->events->arg, kind, what, path, eno);
    pthread_mutex_unlock(&s->event_lock);
}

void zc_sender_throttle(struct zc_sender *s, uint64_t n)
{
    uint64_t rate = s->opt->bwlimit;
    if (!rate)
        return;
    int64_t now = zc_clock_ns(), cost = (int64_t)((double)n * 1e9 / rate);
    pthread_mutex_lock(&s->rate_lock);
    int64_t start = ZC_MAX(s->rate_next, now);
    s->rate_next = start + cost;
    pthread_mutex_unlock(&s->rate_lock);
    while (now < start && !s->failed) {
        zc_clock_sleep_ns(ZC_MIN(start - now, TICK_NS));
        now = zc_clock_ns();
    }
}

int zc_sworker_flush(struct zc_sworker *w)
{
    struct zc_err err;
    if (!w->out.len && !w->out.failed)
        return 0;
    zc_sender_throttle(w->s, w->out.len);
    zc_link_lock(&w->s->link);
    int r = zc_scan_number(w) ? zc_err_nomem(&err)
                              : zc_link_send_locked(&w->s->link, &w->out,
                                                    &err);
    zc_link_unlock(&w->s->link);
    if (r)
        zc_sender_fail(w->s, &err);
    return r;
}

/* Takes the retry that is due, if any; *WAIT is when the next one is. */
static bool take_retry(struct zc_sender *s, struct zc_retry *out,
                       int64_t *wait)
{
    int64_t now = zc_clock_ns();
    for (size_t i = 0; i < s->retries.len; i++) {
        struct zc_retry *r = &s->retries.v[i];
        if (r->due <= now) {
            *out = *r;
            *r = s->retries.v[--s->retries.len];
            return true;
        }
        *wait = ZC_MIN(*wait, r->due - now);
    }
    return false;
}

/* Of a directory with a great many subdirectories, no more is listed while
 * those already known keep us busy. */
static bool may_scan(const struct zc_sender *s)
{
    if (!s->dirs || s->window >= WINDOW)
        return false;
    return !s->dirs->after || s->dirs_active < DIRS_AHEAD || !s->unanswered;
}

/*
 * Lists directories until there is something worth sending. One that is not
 * finished goes back on the stack only when its list is on the wire: the next
 * one, by whichever worker, must come after it.
 */
static int do_scan(struct zc_sworker *w)
{
    struct zc_sender *s = w->s;
    struct zc_sdir *unfinished = NULL;
    while (!unfinished && w->out.len < BATCH / 8) {
        pthread_mutex_lock(&s->lock);
        struct zc_sdir *d = may_scan(s) && !s->failed ? s->dirs : NULL;
        if (d)
            s->dirs = d->next;
        pthread_mutex_unlock(&s->lock);
        if (!d)
            break;
        if (!zc_scan_some(w, d))
            unfinished = d;
    }
    int r = zc_sworker_flush(w);
    if (unfinished) {
        pthread_mutex_lock(&s->lock);
        unfinished->next = s->dirs;
        s->dirs = unfinished;
        pthread_cond_broadcast(&s->work);
        pthread_mutex_unlock(&s->lock);
    }
    return r;
}

static int do_files(struct zc_sworker *w)
{
    struct zc_sender *s = w->s;
    pthread_mutex_lock(&s->lock);
    struct zc_slist *l = s->files;
    if (l) {
        s->files = l->next;
        if (!s->files)
            s->files_end = &s->files;
    }
    pthread_mutex_unlock(&s->lock);
    return l ? zc_send_list(w, l) : 0;
}

/*
 * What to do next, by urgency: verdicts (the peer holds a file open for each),
 * retries, then data for one half of the workers and lists for the other, so
 * that both go on side by side.
 */
static int do_something(struct zc_sworker *w, struct zc_sbig *got,
                        const struct zc_retry *retry, bool files, bool scan)
{
    if (got)
        return zc_send_verdict(w, got);
    if (retry)
        return zc_send_again(w, retry);
    if (files && (w->number % 2 == 0 || !scan))
        return do_files(w);
    return do_scan(w);
}

/* Everything asked for was sent and answered: DONE. With the lock held. */
static bool all_done(const struct zc_sender *s)
{
    return !s->dirs_active && !s->lists.used && !s->done_sent;
}

/* SRC was unmounted, removed or replaced meanwhile: what was not found in it
 * says nothing about what is to be deleted. */
static bool source_gone(const struct zc_sender *s)
{
    struct stat st;
    return stat(s->opt->src, &st) || st.st_ino != s->root_stat.ino ||
           st.st_dev != s->root_stat.dev;
}

static int send_done(struct zc_sworker *w)
{
    struct zc_sender *s = w->s;
    s->done_sent = true;
    pthread_mutex_unlock(&s->lock);
    atomic_store(&s->stats->scan_done, true);
    atomic_store(&s->stats->finishing, true);
    zc_done_encode(&w->out, source_gone(s) ? ZC_DONE_SOURCE_GONE : 0);
    int r = zc_sworker_flush(w);
    pthread_mutex_lock(&s->lock);
    return r;
}

static void *worker_main(void *arg)
{
    struct zc_sworker *w = arg;
    struct zc_sender *s = w->s;
    pthread_mutex_lock(&s->lock);
    while (!s->failed && !s->finished) {
        struct zc_retry retry;
        int64_t wait = ZC_NSEC_PER_SEC;
        struct zc_sbig *got = zc_send_claim_got(s);
        bool due = !got && take_retry(s, &retry, &wait);
        bool files = s->files, scan = may_scan(s);
        if (!s->dirs_active && !s->unanswered)
            atomic_store(&s->stats->scan_done, true);
        if (got || due || files || scan) {
            pthread_mutex_unlock(&s->lock);
            int r = do_something(w, got, due ? &retry : NULL, files, scan);
            /* Nothing may stay in the buffer while we wait. */
            if (!r && w->out.len)
                r = zc_sworker_flush(w);
            if (r) {
                struct zc_err err;
                zc_err_nomem(&err); /* unless a better reason is known */
                zc_sender_fail(s, &err);
            }
            pthread_mutex_lock(&s->lock);
        } else if (all_done(s)) {
            send_done(w);
        } else {
            zc_clock_cond_wait(&s->work, &s->lock, wait);
        }
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

static struct zc_bytes text_bytes(const char *text)
{
    return (struct zc_bytes){(const uint8_t *)text, text ? strlen(text) : 0};
}

static void fill_open(const struct zc_push_options *opt, struct zc_buf *filter,
                      struct zc_msg_open *m)
{
    *m = (struct zc_msg_open){
        .keep = opt->keep,
        .fsync = (uint8_t)opt->fsync,
        .timeout_s = opt->timeout_s,
        .max_delete = opt->max_delete,
        .share = text_bytes(opt->share),
        .path = text_bytes(opt->path),
        .chown_user = text_bytes(opt->chown_user),
        .chown_group = text_bytes(opt->chown_group),
    };
    m->flags = (opt->dry_run ? ZC_OPEN_DRY_RUN : 0) |
               (opt->checksum ? ZC_OPEN_CHECKSUM : 0) |
               (opt->update ? ZC_OPEN_UPDATE : 0) |
               (opt->del ? ZC_OPEN_DELETE : 0) |
               (opt->force_delete ? ZC_OPEN_FORCE_DELETE : 0) |
               (opt->numeric_ids ? ZC_OPEN_NUMERIC_IDS : 0) |
               (opt->want_items ? ZC_OPEN_WANT_ITEMS : 0) |
               (opt->path_is_dir ? ZC_OPEN_PATH_IS_DIR : 0) |
               (opt->mover == ZC_MOVER_READWRITE ? ZC_OPEN_BUFFER : 0) |
               (opt->max_delete != ZC_MAX_DELETE_DEFAULT ? ZC_OPEN_MAX_DELETE
                                                         : 0);
    if (opt->single_file) {
        size_t n;
        const struct zc_fileset_node *const *v =
            zc_fileset_children(opt->only, NULL, &n);
        m->flags |= ZC_OPEN_SINGLE_FILE;
        m->name = text_bytes(n ? zc_fileset_name(v[0]) : "");
    }
    if (opt->filter) {
        zc_filter_encode(opt->filter, filter);
        m->filter = (struct zc_bytes){filter->data, filter->len};
    }
}

static int send_open(struct zc_sender *s, struct zc_err *err)
{
    struct zc_buf out = ZC_BUF_INIT, filter = ZC_BUF_INIT;
    struct zc_msg_open m;
    fill_open(s->opt, &filter, &m);
    if (m.flags & ZC_OPEN_SINGLE_FILE)
        s->source_name = (const char *)m.name.p;
    zc_open_encode(&out, &m);
    int r = -1;
    if (out.len > ZC_FRAME_BODY_MAX)
        zc_err_set(err, ZC_EXIT_USAGE, 0,
                   "there are too many filter rules (%zu bytes of them)",
                   filter.len);
    else
        r = zc_link_send(&s->link, &out, err);
    zc_buf_fini(&out);
    zc_buf_fini(&filter);
    return r;
}

/* The peer's first answer: OPENED, or why not. */
static int recv_opened(struct zc_sender *s, struct zc_msg_opened *m,
                       struct zc_err *err)
{
    struct zc_frame f;
    struct zc_bytes body;
    struct zc_slab *slab;
    do {
        if (zc_link_recv(&s->link, false, &f, &body, &slab, err))
            return -1;
    } while (f.type == ZC_FRAME_PING);
    if (f.type == ZC_FRAME_ERROR) {
        struct zc_msg_error e;
        if (zc_error_decode(body, &e, err))
            return -1;
        return zc_err_set(err, (enum zc_exit)e.code, 0, "%.*s", (int)e.text.n,
                          (const char *)e.text.p);
    }
    if (f.type != ZC_FRAME_OPENED)
        return zc_err_set(err, ZC_EXIT_STREAM, 0,
                          "the peer answered OPEN with message type %u",
                          f.type);
    if (zc_opened_decode(body, m, err))
        return -1;
    if (s->opt->single_file) {
        s->single_name = strndup((const char *)m->name.p, m->name.n);
        if (!s->single_name)
            return zc_err_nomem(err);
        if (!m->name.n)
            return zc_err_set(err, ZC_EXIT_STREAM, 0,
                              "the peer did not name the file");
    }
    return 0;
}

/* Both on this machine: the destination must not be the source. */
static int compare_roots(struct zc_sender *s, const struct zc_msg_opened *m,
                         struct zc_err *err)
{
    uint8_t mine[ZC_HOST_ID_SIZE];
    zc_host_id(mine);
    if (memcmp(mine, m->host_id, sizeof mine) != 0 || !m->root_ino)
        return 0;
    if (m->root_dev == s->root_stat.dev && m->root_ino == s->root_stat.ino &&
        !s->opt->single_file)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "%s and the destination are the same directory",
                          s->opt->src);
    s->dest_dev = m->root_dev;
    s->dest_ino = m->root_ino;
    return 0;
}

static int handshake(struct zc_sender *s, struct zc_err *err)
{
    struct zc_msg_opened opened;
    if (zc_link_hello(&s->link, ZC_ROLE_SENDER, err))
        return -1;
    if (send_open(s, err)) {
        /* The peer may have said why it hung up. */
        struct zc_err why;
        if (err->code == ZC_EXIT_SOCKET && recv_opened(s, &opened, &why) &&
            why.code != ZC_EXIT_SOCKET)
            *err = why;
        return -1;
    }
    if (recv_opened(s, &opened, err) || compare_roots(s, &opened, err))
        return -1;
    s->ping_s = opened.timeout_s;
    if (s->opt->timeout_s && (!s->ping_s || s->opt->timeout_s < s->ping_s))
        s->ping_s = s->opt->timeout_s;
    return 0;
}

static int sender_init(struct zc_sender *s, struct zc_transport *t,
                       struct zc_err *err)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->work, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->id_lock, NULL);
    pthread_mutex_init(&s->event_lock, NULL);
    pthread_mutex_init(&s->rate_lock, NULL);
    s->files_end = &s->files;
    s->batch_max = BATCH;
    s->range_max = RANGE;
    if (s->opt->bwlimit) {
        /* An eighth of a second at a time. */
        uint64_t slice = ZC_MAX(s->opt->bwlimit / 8, (uint64_t)4096);
        s->batch_max = (size_t)ZC_MIN(slice, (uint64_t)s->batch_max);
        s->range_max = ZC_MIN(slice, s->range_max);
    }
    zc_lease_init();
    if (zc_link_init(&s->link, t, err))
        return -1;
    s->ids = zc_idmap_new(s->opt->numeric_ids);
    return s->ids ? 0 : zc_err_nomem(err);
}

static int open_source(struct zc_sender *s, struct zc_err *err)
{
    zc_auto_close int root = zc_root_open(s->opt->src, false, NULL, err);
    if (root < 0)
        return -1;
    if (zc_stat_at(root, "", &s->root_stat))
        return zc_err_set(err, ZC_EXIT_SELECT, errno, "cannot look at %s",
                          s->opt->src);
    s->tree = zc_dirtree_new(root, MAX_IDLE_DIRS);
    return s->tree ? 0 : zc_err_nomem(err);
}

static void sender_fini(struct zc_sender *s)
{
    size_t at = 0;
    for (struct zc_map_slot *m; (m = zc_map_next(&s->lists, &at));)
        zc_slist_free(s, m->value);
    zc_map_fini(&s->lists);
    while (s->dirs) {
        struct zc_sdir *d = s->dirs;
        s->dirs = d->next;
        zc_sdir_free(s, d);
    }
    while (s->bigs) {
        struct zc_sbig *b = s->bigs;
        s->bigs = b->next;
        zc_close(&b->fd);
        free(b);
    }
    while (s->dead) {
        struct zc_slist *l = s->dead;
        s->dead = l->next;
        zc_slist_free(s, l);
    }
    zc_vec_fini(&s->retries);
    zc_dirtree_free(s->tree);
    zc_idmap_free(s->ids);
    zc_link_fini(&s->link);
    free(s->single_name);
    pthread_mutex_destroy(&s->lock);
    pthread_mutex_destroy(&s->id_lock);
    pthread_mutex_destroy(&s->event_lock);
    pthread_mutex_destroy(&s->rate_lock);
    pthread_cond_destroy(&s->work);
}

/*
 * PING when the line has been quiet for a quarter of the time-out. Whoever has
 * the turn is sending, so it is not quiet; and this thread must not wait for a
 * peer that is stuck, as it has the stop flag to watch: a PING that may not fit
 * into the socket is not sent.
 */
static void keep_alive(struct zc_sender *s, int64_t *next)
{
    int64_t now = zc_clock_ns();
    if (!s->ping_s || now < *next)
        return;
    *next = now + s->ping_s * ZC_NSEC_PER_SEC / 4;
    struct pollfd room = {.fd = s->link.t->raw_wfd, .events = POLLOUT};
    if (!zc_link_idle(&s->link) || !zc_link_trylock(&s->link))
        return;
    struct zc_buf b = ZC_BUF_INIT;
    struct zc_err err;
    zc_ping_encode(&b);
    if (room.fd < 0 || poll(&room, 1, 0) == 1)
        zc_link_send_locked(&s->link, &b, &err); /* the reader sees trouble */
    zc_link_unlock(&s->link);
    zc_buf_fini(&b);
}

/* The caller's thread: watches over the others. */
static void watch(struct zc_sender *s, const atomic_bool *stop)
{
    int64_t next_ping = 0;
    pthread_mutex_lock(&s->lock);
    while (!s->failed && !s->finished) {
        zc_clock_cond_wait(&s->work, &s->lock, TICK_NS);
        pthread_mutex_unlock(&s->lock);
        atomic_store(&s->stats->wire_out, atomic_load(&s->link.bytes_out));
        if (stop && atomic_load(stop)) {
            struct zc_err err;
            zc_err_set(&err, ZC_EXIT_SIGNAL, 0, "stopped");
            zc_sender_fail(s, &err);
        }
        keep_alive(s, &next_ping);
        pthread_mutex_lock(&s->lock);
    }
    bool failed = s->failed;
    pthread_mutex_unlock(&s->lock);
    if (failed)
        zc_transport_shutdown(s->link.t); /* wakes whoever waits for it */
}

static unsigned thread_count(unsigned asked)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    if (asked)
        return ZC_MIN(asked, ZC_WORKERS_MAX);
    return (unsigned)ZC_MIN(ZC_MAX(cpus, 2L), 4L);
}

static void worker_init(struct zc_sworker *w, struct zc_sender *s, unsigned i)
{
    memset(w, 0, sizeof *w);
    w->s = s;
    w->number = i;
    zc_mover_init(&w->mover, s->opt->mover);
}

static void worker_fini(struct zc_sworker *w)
{
    for (size_t i = 0; i < w->fresh.len; i++) /* never sent */
        zc_slist_free(w->s, w->fresh.v[i].list);
    zc_vec_fini(&w->fresh);
    zc_buf_fini(&w->out);
    zc_buf_fini(&w->xattrs);
    zc_buf_fini(&w->path);
    zc_buf_fini(&w->scratch);
    zc_mover_fini(&w->mover);
}

static void run(struct zc_sender *s, const atomic_bool *stop)
{
    struct zc_sworker workers[ZC_WORKERS_MAX];
    unsigned n = thread_count(s->opt->threads), started = 0;
    pthread_t reader;
    for (unsigned i = 0; i < n; i++)
        worker_init(&workers[i], s, i);
    struct zc_err err;
    bool reading = false;
    if (zc_scan_root(&workers[0]) == 0 && zc_sworker_flush(&workers[0]) == 0) {
        reading = !pthread_create(&reader, NULL, zc_answers_thread, s);
        while (reading && started < n &&
               !pthread_create(&workers[started].thread, NULL, worker_main,
                               &workers[started]))
            started++;
        if (!started) {
            zc_err_set(&err, ZC_EXIT_MEMORY, errno, "cannot start a thread");
            zc_sender_fail(s, &err);
        }
    }
    watch(s, stop);
    for (unsigned i = 0; i < started; i++)
        pthread_join(workers[i].thread, NULL);
    if (reading)
        pthread_join(reader, NULL);
    for (unsigned i = 0; i < n; i++)
        worker_fini(&workers[i]);
}

static enum zc_exit outcome(struct zc_sender *s, struct zc_err *err)
{
    if (s->failed || s->peer_code) {
        *err = s->err;
        return s->err.code;
    }
    if (s->some_failed)
        return ZC_EXIT_PARTIAL;
    return s->some_vanished ? ZC_EXIT_VANISHED : ZC_EXIT_OK;
}

enum zc_exit zc_push_run(struct zc_transport *t,
                         const struct zc_push_options *opt,
                         const struct zc_push_events *events,
                         struct zc_push_stats *stats, const atomic_bool *stop,
                         struct zc_err *err)
{
    static const struct zc_push_events no_events;
    struct zc_sender s = {.opt = opt,
                          .events = events ? events : &no_events,
                          .stats = stats};
    enum zc_exit code;
    if (sender_init(&s, t, err) || open_source(&s, err) ||
        handshake(&s, err)) {
        code = err->code;
    } else {
        run(&s, stop);
        atomic_store(&stats->wire_out, atomic_load(&s.link.bytes_out));
        atomic_store(&stats->wire_in, atomic_load(&s.link.bytes_in));
        code = outcome(&s, err);
    }
    sender_fini(&s);
    return code;
}
