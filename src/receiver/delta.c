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

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

/* So much is read or copied before other files have their turn. */
#define TURN ((uint64_t)32 << 20)

struct job {
    bool is_copy;
    union {
        struct zc_msg_ask ask;
        struct zc_segment copy;
    };
};

struct zc_rdelta {
    struct zc_ref ref;
    uint64_t seed;
    int basis, out;
    bool in_place;
    struct zc_volume *vol;
    atomic_bool given_up;
    /* Under receiver.lock: */
    ZC_VEC(struct job) jobs; /* those before `done` are done */
    size_t done;
    unsigned n_asks;
    bool busy;  /* a worker is at them, or will be */
    bool ended; /* END has come while one was */
    /* The worker's, and the reader's once it is quiet: what failed first. */
    unsigned op;
    int eno;
};

struct zc_rdelta *zc_rdelta_new(struct zc_ref ref, uint64_t seed, int basis,
                                int out, bool in_place,
                                struct zc_volume *vol)
{
    struct zc_rdelta *d = calloc(1, sizeof *d);
    if (!d) {
        zc_close(&basis);
        return NULL;
    }
    d->ref = ref;
    d->seed = seed;
    d->basis = basis;
    d->out = out;
    d->in_place = in_place;
    d->vol = vol;
    return d;
}

void zc_rdelta_free(struct zc_rdelta *d)
{
    if (!d)
        return;
    zc_close(&d->basis);
    zc_vec_fini(&d->jobs);
    free(d);
}

/* --- jobs ---------------------------------------------------------------- */

/* Those that are done make room. */
static void forget_done(struct zc_rdelta *d)
{
    if (d->done < 1024 || d->done < d->jobs.len / 2)
        return;
    d->jobs.len -= d->done;
    memmove(d->jobs.v, d->jobs.v + d->done, d->jobs.len * sizeof *d->jobs.v);
    d->done = 0;
}

static int add(struct zc_receiver *r, struct zc_rdelta *d,
               const struct job *job, struct zc_err *err)
{
    int bad = 0;
    pthread_mutex_lock(&r->lock);
    bool room = d->jobs.len - d->done < ZC_JOBS_MAX &&
                (job->is_copy || d->n_asks < ZC_ASKS_MAX);
    if (room) {
        forget_done(d);
        bad = zc_vec_push(&d->jobs, *job);
    }
    bool idle = room && !bad && !d->busy;
    if (room && !bad) {
        d->n_asks += !job->is_copy;
        d->busy = true;
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
    return add(r, d, &(struct job){.ask = *m}, err);
}

int zc_rdelta_copy(struct zc_receiver *r, struct zc_rdelta *d,
                   const struct zc_segment *s, struct zc_err *err)
{
    return add(r, d, &(struct job){.is_copy = true, .copy = *s}, err);
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

bool zc_rdelta_end(struct zc_receiver *r, struct zc_rdelta *d)
{
    pthread_mutex_lock(&r->lock);
    d->ended = d->busy;
    bool quiet = !d->busy;
    pthread_mutex_unlock(&r->lock);
    return quiet;
}

bool zc_rdelta_leave(struct zc_receiver *r, struct zc_rdelta *d)
{
    pthread_mutex_lock(&r->lock);
    d->busy = false;
    bool ended = d->ended;
    pthread_mutex_unlock(&r->lock);
    return ended;
}

unsigned zc_rdelta_failure(const struct zc_rdelta *d, int *eno)
{
    *eno = d->eno;
    return d->op;
}

/* --- doing them ---------------------------------------------------------- */

/* How many bytes of the basis there are behind M's offset, that count. A short
 * block at its end does not: the sum of a few bytes can be undone. */
static uint64_t bytes_there(const struct zc_rdelta *d,
                            const struct zc_msg_ask *m)
{
    struct stat st;
    if (d->basis < 0 || fstat(d->basis, &st))
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
    if (!p || !out || zc_io_pread(d->basis, p, (size_t)n, at) != (ssize_t)n)
        return false;
    zc_block_sums(d->seed, p, (size_t)n, m->grain, out);
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
        zc_anchors_init(a, d->seed);
    while (a && p && done < length) {
        size_t n = (size_t)ZC_MIN(length - done, ZC_BLOCK_BIG);
        if (zc_io_pread(d->basis, p, n, (off_t)(m->offset + done)) !=
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
    struct zc_msg_sums sums = {.ask = *m, .seed = d->seed};
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

static uint64_t copy(struct zc_receiver *r, struct zc_rdelta *d,
                     const struct zc_segment *s)
{
    if (d->op || atomic_load(&d->given_up))
        return 0;
    if (d->in_place && s->from == s->offset)
        return 0; /* there it is */
    if (d->in_place || d->basis < 0)
        fail(d, ZC_OP_READ, ESTALE);
    else if (zc_room_take(r, d->vol, d->vol->clones ? 0 : s->length))
        fail(d, ZC_OP_ROOM, errno);
    else if (zc_copy_range(d->basis, d->out, s))
        fail(d, op_of(errno), errno);
    return s->length;
}

/* Of a long copy some: there are others who wait, and it may be given up. With the
 * lock. */
static struct job next_job(struct zc_rdelta *d)
{
    struct job *first = &d->jobs.v[d->done], job = *first;
    if (job.is_copy && job.copy.length > TURN) {
        job.copy.length = TURN;
        first->copy.offset += TURN;
        first->copy.from += TURN;
        first->copy.length -= TURN;
    } else {
        d->done++;
    }
    return job;
}

/* The next job: MORE; or nobody is busy with them any more. */
static enum zc_rdelta_state take(struct zc_receiver *r, struct zc_rdelta *d,
                                 struct job *job)
{
    pthread_mutex_lock(&r->lock);
    enum zc_rdelta_state state = d->done < d->jobs.len ? ZC_RDELTA_MORE
                                 : d->ended            ? ZC_RDELTA_ENDED
                                                       : ZC_RDELTA_QUIET;
    if (state == ZC_RDELTA_MORE) {
        *job = next_job(d);
    } else {
        d->jobs.len = d->done = 0;
        d->busy = false;
    }
    pthread_mutex_unlock(&r->lock);
    return state;
}

enum zc_rdelta_state zc_rdelta_work(struct zc_rworker *w, struct zc_rdelta *d)
{
    struct job job;
    for (uint64_t bytes = 0; bytes < TURN;) {
        enum zc_rdelta_state state = take(w->r, d, &job);
        if (state != ZC_RDELTA_MORE)
            return state;
        bytes += job.is_copy ? copy(w->r, d, &job.copy) : answer(w, d, &job.ask);
    }
    return ZC_RDELTA_MORE;
}
