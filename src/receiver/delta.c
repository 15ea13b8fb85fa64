// SPDX-License-Identifier: GPL-2.0-or-later
/* Sums of a basis, and copies from it; see delta.h. */
#include "receiver/delta.h"

#include "base/io.h"
#include "base/vec.h"
#include "delta/anchors.h"
#include "delta/blocks.h"
#include "receiver/core.h"
#include "receiver/room.h"
#include "receiver/volumes.h"
#include "session/copies.h"
#include "session/hash.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

/* So much is read or copied before other files have their turn. */
#define TURN ((uint64_t)32 << 20)
/* So much is copied before it is hashed: it is in the processor's cache still. */
#define STRIDE ((uint64_t)512 << 10)
/* From so many bytes on it pays to say first that they come. */
#define PREALLOCATE_MIN ((uint64_t)128 << 10)
/* Where more is to be copied no sum is told. */
#define AHEAD_BYTES ((uint64_t)256 << 20)
#define AHEAD_JOBS 4096

struct job {
    union {
        struct zc_msg_ask ask;
        struct zc_segment copy;
    };
};

struct lane {
    ZC_VEC(struct job) jobs; /* those before `done` are done */
    size_t done;
    bool busy; /* a worker is at them, or will be */
};

struct zc_rdelta {
    struct zc_rdelta_of of;
    atomic_bool given_up;
    /* Under receiver.lock: */
    struct lane lanes[ZC_RDELTA_LANES];
    unsigned n_asks;
    uint64_t to_copy; /* bytes */
    bool parked;      /* ASKs wait, and nobody is at them */
    bool ended;       /* END has come while somebody was */
    /* Whose copies are, and the reader's once it is quiet: what failed first. */
    unsigned op;
    int eno;
    struct zc_hasher hasher; /* of `out`; no state: it is read at the end */
};

/* Whether what is written of a file is as good as what will be there at its end. */
static bool may_follow(const struct zc_receiver *r,
                       const struct zc_rdelta_of *of)
{
    return !of->in_place && !atomic_load(&r->doubts) &&
           !(r->apply & (ZC_APPLY_COLD | ZC_APPLY_DROP_CACHE));
}

struct zc_rdelta *zc_rdelta_new(const struct zc_receiver *r,
                                const struct zc_rdelta_of *of)
{
    struct zc_rdelta *d = calloc(1, sizeof *d);
    if (!d) {
        int basis = of->basis;
        zc_close(&basis);
        return NULL;
    }
    d->of = *of;
    if (may_follow(r, of) &&
        zc_hasher_init(&d->hasher, of->size, zc_hash_kind(r->flags)))
        errno = 0; /* it is hashed at the end, then */
    return d;
}

void zc_rdelta_free(struct zc_rdelta *d)
{
    if (!d)
        return;
    zc_close(&d->of.basis);
    zc_hasher_fini(&d->hasher);
    for (unsigned i = 0; i < ZC_RDELTA_LANES; i++)
        zc_vec_fini(&d->lanes[i].jobs);
    free(d);
}

/* --- jobs --- */

static size_t waiting(const struct lane *l)
{
    return l->jobs.len - l->done;
}

/* Those that are done make room. */
static void forget_done(struct lane *l)
{
    if (l->done < 1024 || l->done < l->jobs.len / 2)
        return;
    l->jobs.len = waiting(l);
    memmove(l->jobs.v, l->jobs.v + l->done, l->jobs.len * sizeof *l->jobs.v);
    l->done = 0;
}

/* Too much is to be copied for more to be told. With the lock. */
static bool is_ahead(const struct zc_rdelta *d)
{
    return d->to_copy >= AHEAD_BYTES ||
           waiting(&d->lanes[ZC_RDELTA_COPIES]) >= AHEAD_JOBS;
}

/* A sender takes what came before an answer for done. */
static bool has_room(const struct zc_rdelta *d, enum zc_rdelta_lane lane)
{
    return waiting(&d->lanes[ZC_RDELTA_COPIES]) + d->n_asks <
               ZC_JOBS_MAX + AHEAD_JOBS &&
           (lane == ZC_RDELTA_COPIES || d->n_asks < ZC_ASKS_MAX);
}

static int add(struct zc_receiver *r, struct zc_rdelta *d,
               enum zc_rdelta_lane lane, const struct job *job,
               struct zc_err *err)
{
    struct lane *l = &d->lanes[lane];
    int bad = 0;
    pthread_mutex_lock(&r->lock);
    bool room = has_room(d, lane), idle = false;
    if (room) {
        forget_done(l);
        bad = zc_vec_push(&l->jobs, *job);
    }
    if (room && !bad) {
        if (lane == ZC_RDELTA_COPIES)
            d->to_copy += job->copy.length;
        else
            d->n_asks++;
        idle = !l->busy && !(lane == ZC_RDELTA_ASKS && d->parked);
        l->busy |= idle;
    }
    pthread_mutex_unlock(&r->lock);
    if (!room)
        return zc_receiver_nonsense(err, "it asks for more of a file than may "
                                         "be under way");
    return bad ? zc_err_nomem(err) : idle;
}

int zc_rdelta_ask(struct zc_receiver *r, struct zc_rdelta *d,
                  const struct zc_msg_ask *m, struct zc_err *err)
{
    return add(r, d, ZC_RDELTA_ASKS, &(struct job){.ask = *m}, err);
}

int zc_rdelta_copy(struct zc_receiver *r, struct zc_rdelta *d,
                   const struct zc_segment *s, struct zc_err *err)
{
    return add(r, d, ZC_RDELTA_COPIES, &(struct job){.copy = *s}, err);
}

int zc_rdelta_sent(struct zc_receiver *r, struct zc_rdelta *d,
                   struct zc_err *err)
{
    pthread_mutex_lock(&r->lock);
    bool asks = d->n_asks;
    pthread_mutex_unlock(&r->lock);
    return asks ? zc_receiver_nonsense(err, "it ends a file that it still asks "
                                            "about")
                : 0;
}

void zc_rdelta_give_up(struct zc_rdelta *d)
{
    atomic_store(&d->given_up, true);
}

static bool is_busy(const struct zc_rdelta *d)
{
    return d->lanes[ZC_RDELTA_ASKS].busy || d->lanes[ZC_RDELTA_COPIES].busy;
}

bool zc_rdelta_end(struct zc_receiver *r, struct zc_rdelta *d)
{
    pthread_mutex_lock(&r->lock);
    d->ended = is_busy(d);
    bool quiet = !d->ended;
    pthread_mutex_unlock(&r->lock);
    return quiet;
}

bool zc_rdelta_leave(struct zc_receiver *r, struct zc_rdelta *d,
                     enum zc_rdelta_lane lane)
{
    pthread_mutex_lock(&r->lock);
    d->lanes[lane].busy = false;
    bool own = d->ended && !is_busy(d);
    pthread_mutex_unlock(&r->lock);
    return own;
}

int zc_rdelta_hash(struct zc_rworker *w, struct zc_rdelta *d,
                   uint8_t hash[ZC_HASH_SIZE])
{
    return d->hasher.state && !atomic_load(&w->r->doubts) &&
                   !zc_hasher_some(&d->hasher, &w->scratch, d->of.out,
                                   UINT64_MAX, &w->r->stopping, hash)
               ? 0
               : -1;
}

unsigned zc_rdelta_failure(const struct zc_rdelta *d, int *eno)
{
    *eno = d->eno;
    return d->op;
}

/* --- doing them --- */

/* How many bytes of the basis there are behind M's offset, that count. A short
 * block at its end does not: the sum of a few bytes can be undone. */
static uint64_t bytes_there(const struct zc_rdelta *d,
                            const struct zc_msg_ask *m)
{
    struct stat st;
    if (d->of.basis < 0 || fstat(d->of.basis, &st))
        return 0;
    uint64_t size = (uint64_t)st.st_size, rest = size % ZC_BLOCK_SMALL;
    if (rest < ZC_SUMMED_MIN)
        size -= rest;
    return size > m->offset
               ? ZC_MIN(size - m->offset, ZC_BLOCKS_MAX * ZC_BLOCK_BIG)
               : 0;
}

/* The sums of block I behind M's offset, N bytes; false: it is not to be had. */
static bool sum_block(struct zc_rworker *w, const struct zc_rdelta *d,
                      const struct zc_msg_ask *m, unsigned i, uint64_t n,
                      struct zc_buf *sums)
{
    uint8_t *p = zc_buf_reserve(&w->path, ZC_BLOCK_BIG);
    off_t at = (off_t)(m->offset + i * ZC_BLOCK_BIG);
    size_t count = (n + ((uint64_t)1 << m->grain) - 1) >> m->grain;
    uint8_t *out = zc_buf_reserve(sums, count * ZC_SUM_SIZE);
    if (!p || !out || zc_io_pread(d->of.basis, p, (size_t)n, at) != (ssize_t)n)
        return false;
    zc_block_sums(d->of.seed, p, (size_t)n, m->grain, out);
    sums->len += count * ZC_SUM_SIZE;
    return true;
}

/* What can be read of it counts: a sender knows what to do with less. */
static uint64_t sum_blocks(struct zc_rworker *w, const struct zc_rdelta *d,
                           const struct zc_msg_ask *m, struct zc_buf *out)
{
    uint64_t length = bytes_there(d, m);
    zc_buf_reset(&w->path);
    for (unsigned i = 0; i < ZC_BLOCKS_MAX; i++) {
        uint64_t at = i * ZC_BLOCK_BIG;
        if (!(m->blocks >> i & 1) || at >= length)
            continue;
        if (!sum_block(w, d, m, i, ZC_MIN(length - at, ZC_BLOCK_BIG), out))
            length = at;
    }
    return length;
}

/* Where the anchors are in what the basis has behind M's offset. */
static uint64_t find_anchors(struct zc_rworker *w, const struct zc_rdelta *d,
                             const struct zc_msg_ask *m, struct zc_buf *out)
{
    struct zc_anchors *a = malloc(sizeof *a);
    uint64_t length = bytes_there(d, m), done = 0;
    zc_buf_reset(&w->path);
    uint8_t *p = zc_buf_reserve(&w->path, ZC_BLOCK_BIG);
    if (a)
        zc_anchors_init(a, d->of.seed);
    while (a && p && done < length) {
        size_t n = (size_t)ZC_MIN(length - done, ZC_BLOCK_BIG);
        if (zc_io_pread(d->of.basis, p, n, (off_t)(m->offset + done)) !=
            (ssize_t)n)
            break;
        zc_anchors_add(a, p, n);
        done += n;
    }
    for (size_t i = 0; a && i < a->n; i++) {
        zc_buf_u32(out, a->v[i].at);
        zc_buf_u64(out, a->v[i].hash);
    }
    free(a);
    return done;
}

/* So much is read for it, about. */
static uint64_t answer(struct zc_rworker *w, struct zc_rdelta *d,
                       const struct zc_msg_ask *m)
{
    struct zc_msg_sums sums = {.ask = *m, .seed = d->of.seed};
    struct zc_buf *b = &w->scratch;
    zc_buf_reset(b);
    sums.length = m->grain == ZC_GRAIN_ANCHORS ? find_anchors(w, d, m, b)
                                               : sum_blocks(w, d, m, b);
    sums.sums = (struct zc_bytes){b->data, b->len};
    zc_sums_encode(&w->out, &sums);
    pthread_mutex_lock(&w->r->lock);
    d->n_asks--; /* SENT may come as soon as this is on the wire */
    pthread_mutex_unlock(&w->r->lock);
    zc_rworker_flush(w);
    return sums.length;
}

static void fail(struct zc_rdelta *d, unsigned op, int eno)
{
    if (d->op)
        return;
    d->op = op;
    d->eno = eno;
}

/* There is room for nothing: that is no fault of the basis. */
static unsigned op_of(int eno)
{
    return eno == ENOSPC || eno == EDQUOT || eno == EFBIG ? ZC_OP_WRITE
                                                          : ZC_OP_READ;
}

/* What is in front of END has been written; a hole in front of it may be behind the
 * end of the file still, which the reader may move meanwhile. */
static void follow(struct zc_rworker *w, struct zc_rdelta *d, uint64_t end)
{
    struct stat st;
    if (!d->hasher.state)
        return;
    if (fstat(d->of.out, &st) ||
        zc_hasher_follow(&d->hasher, &w->scratch, d->of.out,
                         ZC_MIN(end, (uint64_t)st.st_size), &w->r->stopping))
        zc_hasher_fini(&d->hasher);
}

/* Only a hint. */
static void preallocate(const struct zc_rdelta *d, const struct zc_segment *s)
{
    struct stat st;
    if (d->of.vol->preallocate && !d->of.vol->clones && s->length >= PREALLOCATE_MIN &&
        !fstat(d->of.basis, &st) && st.st_blocks >= st.st_size / 512 &&
        fallocate(d->of.out, FALLOC_FL_KEEP_SIZE, (off_t)s->offset,
                  (off_t)s->length))
        errno = 0;
}

/* -1 and errno. What shares its blocks is not cut for that. */
static int copy_and_follow(struct zc_rworker *w, struct zc_rdelta *d,
                           struct zc_segment s)
{
    uint64_t stride = d->of.vol->clones ? s.length : STRIDE;
    preallocate(d, &s);
    while (s.length) {
        struct zc_segment now = s;
        now.length = ZC_MIN(s.length, stride);
        if (zc_copy_range(d->of.basis, d->of.out, &now))
            return -1;
        follow(w, d, now.offset + now.length);
        s.offset += now.length;
        s.from += now.length;
        s.length -= now.length;
    }
    return 0;
}

static uint64_t copy(struct zc_rworker *w, struct zc_rdelta *d,
                     const struct zc_segment *s)
{
    struct zc_volume *vol = d->of.vol;
    if (d->op || atomic_load(&d->given_up))
        return 0;
    if (d->of.in_place && s->from == s->offset)
        return 0; /* there it is */
    if (d->of.in_place || d->of.basis < 0)
        fail(d, ZC_OP_READ, ESTALE);
    else if (zc_room_take(w->r, vol, vol->clones ? 0 : s->length))
        fail(d, ZC_OP_ROOM, errno);
    else if (copy_and_follow(w, d, *s))
        fail(d, op_of(errno), errno);
    return s->length;
}

/* Of a long copy some: there are others who wait, and it may be given up. With the
 * lock. */
static struct job next_job(struct lane *l, enum zc_rdelta_lane lane)
{
    struct job *first = &l->jobs.v[l->done], job = *first;
    if (lane == ZC_RDELTA_COPIES && job.copy.length > TURN) {
        job.copy.length = TURN;
        first->copy.offset += TURN;
        first->copy.from += TURN;
        first->copy.length -= TURN;
    } else {
        l->done++;
    }
    return job;
}

/* The next job: MORE; or nobody is busy with them any more. */
static enum zc_rdelta_state take(struct zc_receiver *r, struct zc_rdelta *d,
                                 enum zc_rdelta_lane lane, struct job *job)
{
    struct lane *l = &d->lanes[lane];
    enum zc_rdelta_state state = ZC_RDELTA_MORE;
    pthread_mutex_lock(&r->lock);
    if (lane == ZC_RDELTA_ASKS && waiting(l) && is_ahead(d)) {
        d->parked = true;
        l->busy = false;
        state = ZC_RDELTA_QUIET;
    } else if (waiting(l)) {
        *job = next_job(l, lane);
    } else {
        l->jobs.len = l->done = 0;
        l->busy = false;
        state = d->ended && !is_busy(d) ? ZC_RDELTA_ENDED : ZC_RDELTA_QUIET;
    }
    pthread_mutex_unlock(&r->lock);
    return state;
}

/* N bytes are copied: is it time to answer again? */
static bool unpark(struct zc_receiver *r, struct zc_rdelta *d, uint64_t n)
{
    pthread_mutex_lock(&r->lock);
    d->to_copy -= n;
    bool wake = d->parked && !is_ahead(d);
    if (wake) {
        d->parked = false;
        d->lanes[ZC_RDELTA_ASKS].busy = true;
    }
    pthread_mutex_unlock(&r->lock);
    return wake;
}

enum zc_rdelta_state zc_rdelta_work(struct zc_rworker *w, struct zc_rdelta *d,
                                    enum zc_rdelta_lane lane)
{
    struct job job;
    for (uint64_t bytes = 0; bytes < TURN;) {
        enum zc_rdelta_state state = take(w->r, d, lane, &job);
        if (state != ZC_RDELTA_MORE)
            return state;
        if (lane == ZC_RDELTA_ASKS) {
            bytes += answer(w, d, &job.ask);
            continue;
        }
        bytes += copy(w, d, &job.copy);
        if (unpark(w->r, d, job.copy.length))
            return ZC_RDELTA_WAKE;
    }
    return ZC_RDELTA_MORE;
}
