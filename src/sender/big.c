// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Big files go range by range through a mover; what they were when they began
 * is compared with what they are when the peer has all of it, and only then
 * they are committed:
 *
 *   open, lease, stat -> FILE -> DATA... -> SENT        zc_big_send
 *                                           GOT          (answers.c)
 *   stat, lease: same? -> END(commit | verify | retry)   verdict
 *
 * To a receiver on this machine the file itself is passed, open for reading, where
 * it may be able to clone it; it asks for the bytes where it cannot:
 *
 *   open, lease, stat -> FILE and the descriptor        pass_file
 *                                     BYTES -> DATA... -> SENT   zc_big_go_on
 *                                     GOT                as above
 *
 * A file somebody has open for writing gets no lease; its bytes are read a
 * second time, and the peer commits only if the hash of what it got is the hash
 * of what is there now. That also lets a log that only grows through: the part
 * that was promised is still what it was.
 *
 * Of a file that the peer has an older version of, what is the same is copied
 * there (delta.h):
 *
 *   open, lease, stat -> FILE -> ASK...                 zc_big_send
 *                                SUMS                   (answers.c)
 *          COPY, PATCH, DATA, ASK... -> SENT            zc_big_go_on
 *
 * and the hash of all of it tells whether it was the same.
 */
#include "sender/big.h"

#include "base/clock.h"
#include "base/fds.h"
#include "base/log.h"
#include "fs/cached.h"
#include "sender/delta.h"
#include "sender/lease.h"
#include "sender/samples.h"
#include "sender/segments.h"

#include <fcntl.h>
#include <string.h>

/* A big file on its way: FILE is sent, END is not. */
struct zc_sbig {
    LIST_ENTRY(zc_sbig) link; /* in zc_bigs.waiting */
    struct zc_slist *list;
    uint32_t index;
    unsigned tries;
    int fd;
    struct zc_cached *cached; /* as of zc_sfile */
    struct zc_stat before; /* as of FILE */
    enum zc_lease lease;
    struct zc_samples samples;
    struct zc_segments segments;
    struct zc_sdelta *delta; /* NULL: it is sent whole */
    bool asking;  /* SENT is still to come */
    bool ready;   /* something has come for it: SUMS, GOT, BYTES */
    bool claimed; /* a worker is at it */
    bool listed;  /* in zc_bigs.waiting */
    bool passed;  /* it was, and nothing of it has been sent */
    bool passing; /* ... or is being: nobody may claim it */
    bool refused; /* ... and BYTES is the answer */
    bool dense;   /* as of zc_density */
    bool spoiled;      /* came short, must be sent again */
    int read_eno;
};

void zc_bigs_init(struct zc_sender *s, struct zc_bigs *bigs)
{
    s->bigs = bigs;
    bigs->most = zc_fds_part(ZC_OPEN_FILES_MAX / 2, 4);
    LIST_INIT(&bigs->waiting);
    pthread_mutex_init(&bigs->suffixes.lock, NULL);
}

void zc_bigs_start(struct zc_sender *s)
{
    const struct zc_msg_open *open = &s->terms.open;
    /* What is written in place is gone before it could be copied to somewhere
     * else. */
    s->bigs->aligned = open->walk & ZC_WALK_ALIGNED ||
                       open->apply & ZC_APPLY_INPLACE;
    /* What looks near may be the beginning of a tunnel. */
    bool near = s->conn.t->near && !s->terms.another_host;
    s->bigs->delta = open->flags & ZC_OPEN_DELTA &&
                     (!near || open->walk & ZC_WALK_DELTA_ALWAYS);
}

static void big_destroy(struct zc_sbig *b)
{
    zc_sdelta_free(b->delta);
    zc_cached_leave(b->cached, b->fd);
    zc_close(&b->fd);
    free(b);
}

void zc_bigs_fini(struct zc_sender *s)
{
    for (struct zc_sbig *b; (b = LIST_FIRST(&s->bigs->waiting));) {
        LIST_REMOVE(b, link);
        big_destroy(b);
    }
    pthread_mutex_destroy(&s->bigs->suffixes.lock);
}

/* What the mover has counted since the last time. */
static void tell_zerocopied(struct zc_sworker *w)
{
    struct zc_stats *stats = w->s->stats;
    if (!w->mover.zerocopied.calls)
        return;
    atomic_fetch_add(&stats->zerocopy_calls, w->mover.zerocopied.calls);
    atomic_fetch_add(&stats->zerocopy_copied, w->mover.zerocopied.copied);
    w->mover.zerocopied.calls = w->mover.zerocopied.copied = 0;
}

/* Sends LITERAL as DATA ranges, taking turns with the others. */
static int send_literal(struct zc_sworker *w, struct zc_sbig *b,
                        const struct zc_segment *literal)
{
    struct zc_sender *s = w->s;
    uint64_t offset = literal->offset, end = offset + literal->length;
    while (offset < end) {
        uint64_t n = ZC_MIN(end - offset, atomic_load(&s->rate.range));
        struct zc_msg_data m = {{b->list->id, b->index}, offset, n};
        struct zc_err err;
        bool short_file = false;
        zc_sender_throttle(s, n);
        zc_conn_lock(&s->conn);
        int64_t start = zc_clock_ns();
        zc_data_encode(&w->out, &m);
        int r = zc_conn_send_locked(&s->conn, &w->out, &err);
        if (!r && zc_mover_send(&w->mover, s->conn.t, b->fd, offset, n,
                                &short_file, &b->read_eno))
            r = zc_conn_error(&s->conn, errno, &err);
        zc_conn_unlock(&s->conn);
        tell_zerocopied(w);
        if (r) {
            zc_sender_fail(s, &err);
            return -1;
        }
        zc_sender_pace(s, n, zc_clock_ns() - start);
        zc_cached_shed(b->cached, b->fd, offset, n);
        atomic_fetch_add(&s->conn.bytes_out, n);
        atomic_fetch_add(&s->stats->sent_bytes, n);
        offset += n;
        if (short_file) {
            b->spoiled = true;
            return 0;
        }
    }
    return 0;
}

/* What is not literal the peer has, or makes of nothing. */
static int send_segments(struct zc_sworker *w, struct zc_sbig *b)
{
    struct zc_segment segment;
    while (zc_segments_next(&b->segments, &segment)) {
        if (segment.kind != ZC_SEGMENT_LITERAL)
            continue;
        if (send_literal(w, b, &segment))
            return -1;
        if (b->spoiled)
            break;
    }
    return 0;
}

/* --- what the peer says of it --- */

/* ASKING, it may be answered again and again; else once. */
static struct zc_sbig *find(struct zc_sender *s, struct zc_ref ref,
                            bool asking)
{
    struct zc_sbig *b;
    LIST_FOREACH (b, &s->bigs->waiting, link)
        if (b->list->id == ref.list && b->index == ref.index &&
            b->asking == asking && (asking || (!b->ready && !b->claimed)))
            break;
    return b;
}

static void is_ready(struct zc_sender *s, struct zc_sbig *b)
{
    if (!b->ready && !b->claimed && !b->passing)
        s->bigs->n_ready++;
    b->ready = true;
    zc_sender_wake_all(s);
}

bool zc_big_got(struct zc_sender *s, struct zc_ref ref)
{
    pthread_mutex_lock(&s->lock);
    struct zc_sbig *b = find(s, ref, false);
    if (b)
        is_ready(s, b);
    if (b && b->passed) {
        zc_clones_learn(&s->bigs->clones, b->before.dev, 0);
        atomic_fetch_add(&s->stats->sent_bytes, b->before.size);
    }
    pthread_mutex_unlock(&s->lock);
    return b;
}

bool zc_big_refused(struct zc_sender *s, struct zc_ref ref, int eno)
{
    pthread_mutex_lock(&s->lock);
    struct zc_sbig *b = find(s, ref, false);
    bool ok = b && b->passed, never = false;
    if (ok) {
        is_ready(s, b);
        b->passed = false;
        b->refused = true;
        never = zc_clones_learn(&s->bigs->clones, b->before.dev, eno);
    }
    pthread_mutex_unlock(&s->lock);
    if (never)
        zc_log(ZC_LOG_INFO,
               "no blocks can be shared with the destination (%s): big files "
               "are copied", strerror(eno));
    return ok;
}

int zc_big_sums(struct zc_sender *s, const struct zc_msg_sums *m,
                struct zc_err *err)
{
    bool nomem = false;
    pthread_mutex_lock(&s->lock);
    struct zc_sbig *b = find(s, m->ask.ref, true);
    bool ok = b && zc_sdelta_answer(b->delta, m, &nomem);
    if (ok)
        is_ready(s, b);
    pthread_mutex_unlock(&s->lock);
    if (nomem)
        return zc_err_nomem(err);
    return ok ? 0
              : zc_err_set(err, ZC_EXIT_STREAM, 0,
                           "the peer's answer makes no sense: sums that nobody "
                           "has asked for");
}

struct zc_sbig *zc_big_claim(struct zc_sender *s)
{
    struct zc_sbig *b;
    if (!s->bigs->n_ready)
        return NULL;
    LIST_FOREACH (b, &s->bigs->waiting, link)
        if (b->ready && !b->claimed && !b->passing)
            break;
    if (b) {
        b->claimed = true;
        b->ready = false;
        s->bigs->n_ready--;
    }
    return b;
}

/* Who has claimed B waits for the peer. */
static void let_go(struct zc_sender *s, struct zc_sbig *b, bool asking)
{
    pthread_mutex_lock(&s->lock);
    b->claimed = false;
    b->asking = asking;
    b->ready &= asking; /* of the answers the last is taken */
    if (b->ready) { /* one has come meanwhile */
        s->bigs->n_ready++;
        zc_sender_wake_all(s);
    }
    pthread_mutex_unlock(&s->lock);
}

/* --- sending --- */

/* Waits for room among the big files on their way, going on with others
 * meanwhile, so that somebody always does. */
static int room_for_big(struct zc_sworker *w)
{
    struct zc_sender *s = w->s;
    pthread_mutex_lock(&s->lock);
    while (s->bigs->n >= s->bigs->most && !s->failed) {
        struct zc_sbig *b = zc_big_claim(s);
        if (!b) {
            pthread_cond_wait(&s->work, &s->lock);
            continue;
        }
        pthread_mutex_unlock(&s->lock);
        if (zc_big_go_on(w, b) || zc_lists_flush(w))
            return -1;
        pthread_mutex_lock(&s->lock);
    }
    bool failed = s->failed;
    if (!failed)
        s->bigs->n++;
    pthread_mutex_unlock(&s->lock);
    return failed ? -1 : 0;
}

/* From here on the peer may answer, and B is whoever's claims it. */
static void enlist(struct zc_sender *s, struct zc_sbig *b)
{
    pthread_mutex_lock(&s->lock);
    b->listed = true;
    b->asking = b->claimed = b->delta;
    LIST_INSERT_HEAD(&s->bigs->waiting, b, link);
    pthread_mutex_unlock(&s->lock);
}

static void big_free(struct zc_sender *s, struct zc_sbig *b)
{
    pthread_mutex_lock(&s->lock);
    if (b->listed)
        LIST_REMOVE(b, link);
    s->bigs->n--;
    zc_sender_wake_all(s);
    pthread_mutex_unlock(&s->lock);
    if (b->lease == ZC_LEASE_HELD)
        zc_lease_release(b->fd);
    big_destroy(b);
}

/* Whether B is worth passing. What of it is not on the disk yet gets there by
 * this thread, and not by the receiver's only one. */
static bool is_to_pass(struct zc_sender *s, const struct zc_sbig *b)
{
    if (b->spoiled || b->segments.copied)
        return false;
    pthread_mutex_lock(&s->lock);
    enum zc_clonable c = zc_clones_ask(s, &s->bigs->clones, &b->before);
    pthread_mutex_unlock(&s->lock);
    if (c == ZC_CLONABLE_YES)
        (void)sync_file_range(b->fd, 0, 0,
                              SYNC_FILE_RANGE_WAIT_BEFORE |
                                  SYNC_FILE_RANGE_WRITE |
                                  SYNC_FILE_RANGE_WAIT_AFTER);
    return c != ZC_CLONABLE_NO;
}

/* B's descriptor is on its way, or, SENT being false, could not go. False: nor has
 * the peer waited for it. */
static bool end_passing(struct zc_sender *s, struct zc_sbig *b, bool sent)
{
    pthread_mutex_lock(&s->lock);
    bool early = b->ready && !sent;
    b->passing = false;
    if (b->ready) { /* the answer has come meanwhile */
        s->bigs->n_ready++;
        zc_sender_wake_all(s);
    } else if (!sent) {
        LIST_REMOVE(b, link);
        b->listed = b->passed = false;
    }
    pthread_mutex_unlock(&s->lock);
    return !early;
}

/* FILE M and B's descriptor. 1: that has failed, or B is the answer's business; 0:
 * it cannot be passed now. */
static int pass_file(struct zc_sworker *w, struct zc_sbig *b,
                     struct zc_msg_file m)
{
    struct zc_sender *s = w->s;
    struct zc_err err;
    size_t before = w->out.len;
    m.flags = ZC_FILE_PASSED;
    zc_file_encode(&w->out, ZC_FRAME_FILE, &m);
    b->passed = b->passing = true;
    enlist(s, b);
    int r = zc_conn_send_fd(&s->conn, &w->out, b->fd, &err);
    if (r > 0) {
        w->out.len = before;
        if (end_passing(s, b, false))
            return 0;
        zc_err_set(&err, ZC_EXIT_STREAM, 0,
                   "the peer's answer makes no sense: it has a file that was "
                   "not sent");
    }
    if (r)
        zc_sender_fail(s, &err);
    else
        end_passing(s, b, true);
    return 1;
}

/* FILE: what B, which is F, is from here on. 1: B is in other hands. -1: the run
 * has failed. */
static int send_file(struct zc_sworker *w, int dirfd, struct zc_sfile *f,
                     struct zc_sbig *b)
{
    struct zc_msg_file m;
    uint64_t copied = f->segments.copied;
    /* The lease first: what stat says must hold from here on. */
    b->lease = zc_lease_take(b->fd);
    if (zc_samples_take(&b->samples, b->fd, b->lease, &f->st))
        b->spoiled = true;
    b->before = f->st;
    zc_segments_init(&b->segments, b->fd, &b->before, w->s->opt->keep);
    if (copied && !zc_segments_copy(&b->segments, copied))
        b->spoiled = true; /* it was cut since we looked */
    zc_sfile_state(w, f, ZC_S_SENDING);
    if (zc_sfile_describe(w, dirfd, f, &m))
        return -1;
    if (b->segments.copied) {
        m.flags = ZC_FILE_FROM;
        m.from = b->segments.copied;
    } else if (f->basis) {
        b->delta = zc_sdelta_new(m.ref, b->fd, &b->segments, f->basis,
                                 w->s->bigs->aligned);
        if (!b->delta)
            return -1;
        if (b->lease == ZC_LEASE_HELD && !(w->s->opt->apply & ZC_APPLY_COLD))
            zc_sdelta_follow(b->delta,
                             zc_hash_kind(w->s->terms.open.flags));
        m.flags = ZC_FILE_DELTA;
    }
    if (!b->delta && is_to_pass(w->s, b) && pass_file(w, b, m))
        return 1;
    zc_file_encode(&w->out, ZC_FRAME_FILE, &m);
    return zc_lists_flush(w);
}

/* B's bytes. -1: the run has failed. */
static int send_data(struct zc_sworker *w, struct zc_sbig *b)
{
    posix_fadvise(b->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    w->mover.density = (struct zc_density){.dense = b->dense};
    return send_segments(w, b);
}

static int send_sent(struct zc_sworker *w, struct zc_ref ref)
{
    zc_ref_encode(&w->out, ZC_FRAME_SENT, ref);
    return zc_lists_flush(w);
}

static int literal_of(void *big, struct zc_sworker *w, uint64_t offset,
                      uint64_t length)
{
    struct zc_sbig *b = big;
    struct zc_segment s = {.offset = offset, .length = length};
    return send_literal(w, b, &s) ? -1 : b->spoiled;
}

/* What can be said of B now; its fields are this worker's. */
static int go_on_asking(struct zc_sworker *w, struct zc_sbig *b)
{
    struct zc_ref ref = {b->list->id, b->index};
    w->mover.density = (struct zc_density){.dense = b->dense};
    switch (zc_sdelta_go(w, b->delta, literal_of, b)) {
    case ZC_SDELTA_FAILED:
        return -1;
    case ZC_SDELTA_WAITS:
        if (zc_lists_flush(w))
            return -1;
        let_go(w->s, b, true);
        return 0;
    case ZC_SDELTA_SPOILED:
        b->spoiled = true;
        b->read_eno = errno;
        break;
    case ZC_SDELTA_SAID:
        break;
    }
    /* GOT may come, and end it, as soon as SENT is on the wire. */
    let_go(w->s, b, false);
    return send_sent(w, ref);
}

/* Whether a file called NAME will not shrink; learned where the user has not said
 * which do not. */
static bool is_dense(struct zc_sender *s, const char *name)
{
    return zc_suffix_is_dense(s->opt->skip_compress, name) ||
           (!s->opt->skip_compress &&
            zc_suffixes_skip(&s->bigs->suffixes, name));
}

int zc_big_send(struct zc_sworker *w, int dirfd, struct zc_sfile *f)
{
    struct zc_sender *s = w->s;
    if (zc_lists_flush(w) || room_for_big(w))
        return -1;
    struct zc_sbig *b = calloc(1, sizeof *b);
    if (!b) {
        pthread_mutex_lock(&s->lock);
        s->bigs->n--;
        pthread_mutex_unlock(&s->lock);
        return -1;
    }
    *b = (struct zc_sbig){.list = f->list, .index = f->index,
                          .tries = f->tries, .fd = f->fd,
                          .cached = f->cached};
    f->cached = NULL;
    b->dense = is_dense(s, f->name);
    int r = send_file(w, dirfd, f, b);
    f->fd = -1;
    if (r > 0)
        return s->failed ? -1 : 0;
    if (r || (!b->delta && send_data(w, b))) {
        big_free(s, b);
        return -1;
    }
    if (!b->delta && w->mover.density.tried && !s->opt->skip_compress)
        zc_suffixes_learn(&s->bigs->suffixes, f->name, !w->mover.density.next);
    bool asks = b->delta;
    enlist(s, b); /* before anything is on the wire that is answered */
    return asks ? go_on_asking(w, b)
                : send_sent(w, (struct zc_ref){f->list->id, f->index});
}

/* True when B is not what it was when it was opened. */
static bool is_changed(const struct zc_sbig *b)
{
    struct zc_stat now;
    return zc_stat_at(b->fd, "", &now) ||
           !zc_stat_same_version(&b->before, &now);
}

/* The hash of what B is, and has been all the time. -1: it was not made, or that is
 * not sure. */
static int hash_of_delta(struct zc_sworker *w, const struct zc_sbig *b,
                         uint8_t hash[ZC_HASH_SIZE])
{
    return b->delta && b->lease == ZC_LEASE_HELD &&
                   !zc_sdelta_hash(w, b->delta, hash) &&
                   zc_lease_unbroken(b->fd) && !is_changed(b)
               ? 0
               : -1;
}

/* What the peer shall do with what it has of B. */
static void judge(struct zc_sworker *w, struct zc_sbig *b,
                  struct zc_msg_end *end)
{
    struct zc_stat now;
    bool known = !b->spoiled && !zc_stat_at(b->fd, "", &now);
    bool same = known && zc_stat_same_version(&b->before, &now);
    bool grown = known && now.ino == b->before.ino &&
                 now.size > b->before.size &&
                 zc_samples_same(&b->samples, b->fd, b->before.size);
    end->verdict = ZC_VERDICT_RETRY;
    if (same && !b->segments.copied && !b->delta &&
        b->lease == ZC_LEASE_HELD &&
        zc_lease_unbroken(b->fd))
        end->verdict = ZC_VERDICT_COMMIT;
    else if (same || grown) {
        int r = hash_of_delta(w, b, end->hash) &&
                zc_sender_hash(w, b->fd, b->before.size, end->hash);
        int eno = errno;
        if (!r)
            end->verdict = ZC_VERDICT_VERIFY;
        else if (!is_changed(b)) /* else it was cut meanwhile */
            b->read_eno = eno;
    }
}

static int verdict(struct zc_sworker *w, struct zc_sbig *b)
{
    struct zc_sender *s = w->s;
    struct zc_sfile f;
    struct zc_msg_end end = {.ref = {b->list->id, b->index}};
    zc_sfile_init(s, &f, b->list, b->index, b->tries);
    judge(w, b, &end);
    int r = 0, eno = b->read_eno;
    if (end.verdict != ZC_VERDICT_RETRY) {
        zc_sfile_state(w, &f, ZC_S_SENT);
        zc_end_encode(&w->out, &end);
    } else if (eno) {
        r = zc_sfile_give_up(w, &f, "read it", eno);
    } else if (f.tries + 1 >= zc_sfile_tries_max(s)) {
        r = zc_sfile_retry(w, &f); /* gives up */
    } else {
        zc_end_encode(&w->out, &end);
        r = zc_lists_flush(w) || zc_sfile_retry(w, &f) ? -1 : 0;
    }
    big_free(s, b);
    return r;
}

/* B was passed, and its bytes are wanted after all. */
static int send_refused(struct zc_sworker *w, struct zc_sbig *b)
{
    struct zc_ref ref = {b->list->id, b->index};
    b->refused = false;
    if (zc_lists_flush(w) || send_data(w, b))
        return -1;
    let_go(w->s, b, false);
    return send_sent(w, ref);
}

int zc_big_go_on(struct zc_sworker *w, struct zc_sbig *b)
{
    return b->asking    ? go_on_asking(w, b)
           : b->refused ? send_refused(w, b)
                        : verdict(w, b);
}
