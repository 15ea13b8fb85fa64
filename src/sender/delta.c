// SPDX-License-Identifier: GPL-2.0-or-later
/* What a file and its basis have in common; see delta.h. */
#include "sender/delta.h"

#include "base/io.h"
#include "delta/blocks.h"
#include "sender/lists.h"

#include <string.h>

#define PIECE (ZC_BLOCKS_MAX * ZC_BLOCK_BIG)
#define PIECES 16 /* on their way */
/* Literals from so many bytes on are worth a DATA of their own. */
#define DATA_MIN ((uint64_t)ZC_PATCH_MAX)
/* So many pieces without anything in common, and the next bytes go unasked. */
#define BARREN 4
#define SKIP_MIN ((uint64_t)16 << 20)
#define SKIP_MAX ((uint64_t)256 << 20)

/* SUMS, and what they are about. */
struct answer {
    STAILQ_ENTRY(answer) next;
    struct piece *piece;
    struct zc_msg_sums m; /* its sums are in `sums` */
    uint8_t sums[];
};
STAILQ_HEAD(answers, answer);

/* A run of the file, [begin, end), and where it may be in the basis. */
struct piece {
    uint64_t begin, end;
    uint64_t grid;    /* offset of the first block here: `begin` is in it */
    uint64_t covered; /* bytes behind `grid` that the basis has */
    uint64_t differ;  /* bit i: block i does */
    struct answer *small; /* sums of blocks in those that differ */
    bool asked;       /* the basis has something there */
    bool ready;       /* there is nothing more to be known */
};

struct zc_sdelta {
    struct zc_ref ref;
    int fd;
    uint64_t size, basis, seed;
    struct zc_segments *segments;
    /* Under the sender's lock: what was asked, in order, and what has come. */
    struct {
        struct zc_msg_ask ask;
        struct piece *piece;
    } asks[ZC_ASKS_MAX];
    unsigned first_ask, n_asks;
    struct answers inbox;
    /* Whoever works on it: */
    struct piece pieces[PIECES];
    unsigned first, n;
    struct zc_segment literal; /* what is left of it to be cut */
    unsigned barren;           /* pieces in a row */
    uint64_t skip;
    struct zc_segment run; /* decided, not said yet; length 0: nothing */
    bool spoiled;
    int eno;
};

struct zc_sdelta *zc_sdelta_new(struct zc_ref ref, int fd,
                                struct zc_segments *segments, uint64_t basis,
                                uint64_t seed)
{
    struct zc_sdelta *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->ref = ref;
    d->fd = fd;
    d->size = segments->tiling.size;
    d->basis = basis;
    d->seed = seed;
    d->segments = segments;
    d->skip = SKIP_MIN;
    STAILQ_INIT(&d->inbox);
    return d;
}

static void free_answers(struct answers *answers)
{
    struct answer *a;
    while ((a = STAILQ_FIRST(answers))) {
        STAILQ_REMOVE_HEAD(answers, next);
        free(a);
    }
}

void zc_sdelta_free(struct zc_sdelta *d)
{
    if (!d)
        return;
    for (unsigned i = 0; i < PIECES; i++)
        free(d->pieces[i].small);
    free_answers(&d->inbox);
    free(d);
}

/* --- questions and answers ----------------------------------------------- */

/* Noted before it is on the wire: the answer may come at once. */
static void ask(struct zc_sworker *w, struct zc_sdelta *d, struct piece *p,
                uint64_t blocks, uint8_t grain)
{
    struct zc_msg_ask m = {d->ref, p->grid, blocks, grain};
    pthread_mutex_lock(&w->s->lock);
    unsigned i = (d->first_ask + d->n_asks++) % ZC_ASKS_MAX;
    d->asks[i].ask = m;
    d->asks[i].piece = p;
    pthread_mutex_unlock(&w->s->lock);
    zc_ask_encode(&w->out, &m);
}

bool zc_sdelta_answer(struct zc_sdelta *d, const struct zc_msg_sums *m,
                      bool *nomem)
{
    const struct zc_msg_ask *asked = &d->asks[d->first_ask].ask;
    *nomem = false;
    if (!d->n_asks || m->ask.offset != asked->offset ||
        m->ask.blocks != asked->blocks || m->ask.grain != asked->grain)
        return false;
    struct answer *a = malloc(sizeof *a + m->sums.n);
    *nomem = !a;
    if (!a)
        return false;
    a->m = *m;
    a->piece = d->asks[d->first_ask].piece;
    if (m->sums.n)
        memcpy(a->sums, m->sums.p, m->sums.n);
    a->m.sums.p = a->sums;
    d->first_ask = (d->first_ask + 1) % ZC_ASKS_MAX;
    d->n_asks--;
    STAILQ_INSERT_TAIL(&d->inbox, a, next);
    return true;
}

/* --- the file here ------------------------------------------------------- */

/* How many bytes of block I of P the basis has, LENGTH being known. */
static uint64_t covered(uint64_t length, unsigned i)
{
    uint64_t at = i * ZC_BLOCK_BIG;
    return at < length ? ZC_MIN(length - at, ZC_BLOCK_BIG) : 0;
}

static void spoil(struct zc_sdelta *d, int eno)
{
    d->spoiled = true;
    d->eno = d->eno ? d->eno : eno;
}

/* N bytes of the file, at most as many as fit W's memory. NULL: it is not what it
 * was. */
static const uint8_t *read_here(struct zc_sworker *w, struct zc_sdelta *d,
                                uint64_t at, size_t n)
{
    zc_buf_reset(&w->scratch);
    uint8_t *p = zc_buf_reserve(&w->scratch, n);
    ssize_t got = p ? zc_io_pread(d->fd, p, n, (off_t)at) : -1;
    if (got == (ssize_t)n)
        return p;
    spoil(d, !p ? ENOMEM : got < 0 ? errno : 0);
    return NULL;
}

/* SUM is that of what is here, N bytes from AT on. */
static bool same(struct zc_sworker *w, struct zc_sdelta *d, uint64_t at,
                 uint64_t n, const uint8_t *sum)
{
    uint8_t mine[ZC_SUM_SIZE];
    if (!n || d->spoiled || n > d->size || at > d->size - n)
        return false;
    const uint8_t *p = read_here(w, d, at, (size_t)n);
    if (!p)
        return false;
    zc_block_sum(d->seed, p, (size_t)n, mine);
    return !memcmp(mine, sum, sizeof mine);
}

static void compare_big(struct zc_sworker *w, struct zc_sdelta *d,
                        const struct answer *a)
{
    struct piece *p = a->piece;
    const uint8_t *sum = a->sums;
    uint64_t look = 0;
    p->covered = a->m.length;
    p->differ = a->m.ask.blocks;
    for (unsigned i = 0; i < ZC_BLOCKS_MAX; i++) {
        uint64_t n = covered(p->covered, i);
        if (!(a->m.ask.blocks >> i & 1) || !n)
            continue;
        if (same(w, d, p->grid + i * ZC_BLOCK_BIG, n, sum))
            p->differ &= ~((uint64_t)1 << i);
        else
            look |= (uint64_t)1 << i;
        sum += ZC_SUM_SIZE;
    }
    if (look && !d->spoiled)
        ask(w, d, p, look, ZC_GRAIN_SMALL);
    else
        p->ready = true;
}

static void take_answer(struct zc_sworker *w, struct zc_sdelta *d,
                        struct answer *a)
{
    if (a->m.ask.grain == ZC_GRAIN_BIG) {
        compare_big(w, d, a);
        free(a);
        return;
    }
    a->piece->small = a;
    a->piece->ready = true;
}

static void take_answers(struct zc_sworker *w, struct zc_sdelta *d)
{
    struct answers in = STAILQ_HEAD_INITIALIZER(in);
    struct answer *a;
    pthread_mutex_lock(&w->s->lock);
    STAILQ_CONCAT(&in, &d->inbox);
    pthread_mutex_unlock(&w->s->lock);
    while ((a = STAILQ_FIRST(&in))) {
        STAILQ_REMOVE_HEAD(&in, next);
        take_answer(w, d, a);
    }
}

/* --- what is said -------------------------------------------------------- */

struct saying {
    struct zc_sworker *w;
    struct zc_sdelta *d;
    zc_sdelta_literal *literal;
    void *arg;
    bool failed;
};

static void say_literal(struct saying *y, const struct zc_segment *s)
{
    struct zc_sworker *w = y->w;
    if (s->length >= DATA_MIN) {
        int r = y->literal(y->arg, w, s->offset, s->length);
        y->failed = r < 0;
        if (r > 0)
            spoil(y->d, 0);
        return;
    }
    const uint8_t *p = read_here(w, y->d, s->offset, (size_t)s->length);
    if (!p)
        return;
    zc_patch_encode(&w->out,
                    &(struct zc_msg_patch){y->d->ref, s->offset,
                                           {p, (size_t)s->length}});
    atomic_fetch_add(&w->s->stats->sent_bytes, s->length);
}

/* What was decided. */
static void say_run(struct saying *y)
{
    struct zc_segment s = y->d->run;
    y->d->run.length = 0;
    if (!s.length || y->failed || y->d->spoiled)
        return;
    if (s.kind == ZC_SEGMENT_LITERAL)
        say_literal(y, &s);
    else
        zc_copy_encode(&y->w->out,
                       &(struct zc_msg_copy){y->d->ref, s.offset, s.length,
                                             s.from});
    if (!y->failed && y->w->out.len >= y->w->s->rate.batch_max)
        y->failed = zc_lists_flush(y->w);
}

/* [OFFSET, END) is of KIND: one run with what is before it, if that fits. */
static void decide(struct saying *y, enum zc_segment_kind kind,
                   uint64_t offset, uint64_t end)
{
    struct zc_segment *run = &y->d->run;
    if (offset >= end)
        return;
    if (run->length && run->kind == kind &&
        run->offset + run->length == offset) {
        run->length += end - offset;
        return;
    }
    say_run(y);
    *run = (struct zc_segment){.kind = kind, .offset = offset,
                               .length = end - offset, .from = offset};
}

/* Of [AT, AT + N) the first SAME bytes are those of the basis; as far as it is
 * P's. How many of P's are. */
static uint64_t decide_part(struct saying *y, const struct piece *p,
                            uint64_t at, uint64_t n, uint64_t same_bytes)
{
    uint64_t begin = ZC_MAX(at, p->begin), end = ZC_MIN(at + n, p->end);
    if (begin >= end)
        return 0;
    uint64_t middle = ZC_MIN(ZC_MAX(at + same_bytes, begin), end);
    decide(y, ZC_SEGMENT_COPY, begin, middle);
    decide(y, ZC_SEGMENT_LITERAL, middle, end);
    return middle - begin;
}

/* Block I of P, which differs: *SUM are those of the small ones in it. */
static uint64_t decide_small(struct saying *y, const struct piece *p,
                             unsigned i, const uint8_t **sum)
{
    uint64_t at = p->grid + i * ZC_BLOCK_BIG, found = 0;
    uint64_t there = covered(p->covered, i);
    for (uint64_t b = 0; b < ZC_BLOCK_BIG; b += ZC_BLOCK_SMALL) {
        uint64_t n = b < there ? ZC_MIN(there - b, ZC_BLOCK_SMALL) : 0;
        bool is_same = n && same(y->w, y->d, at + b, n, *sum);
        found += decide_part(y, p, at + b, ZC_BLOCK_SMALL, is_same ? n : 0);
        *sum += n ? ZC_SUM_SIZE : 0;
    }
    return found;
}

/* All that is known of P. How many bytes of it the basis has. */
static uint64_t decide_piece(struct saying *y, const struct piece *p)
{
    const uint8_t *sum = p->small ? p->small->sums : NULL;
    uint64_t looked = p->small ? p->small->m.ask.blocks : 0, found = 0;
    /* The basis became shorter meanwhile: those sums are of no use. */
    if (p->small && p->small->m.length != p->covered)
        looked = 0;
    for (unsigned i = 0; i < ZC_BLOCKS_MAX; i++) {
        uint64_t at = p->grid + i * ZC_BLOCK_BIG;
        if (looked >> i & 1)
            found += decide_small(y, p, i, &sum);
        else
            found += decide_part(y, p, at, ZC_BLOCK_BIG,
                                 p->differ >> i & 1 ? 0
                                                    : covered(p->covered, i));
    }
    return found;
}

/* Says what is known from the first piece on. */
static bool say_pieces(struct saying *y)
{
    struct zc_sdelta *d = y->d;
    bool any = false;
    while (d->n && d->pieces[d->first].ready && !y->failed) {
        struct piece *p = &d->pieces[d->first];
        if (!p->asked)
            decide(y, ZC_SEGMENT_LITERAL, p->begin, p->end);
        else if (decide_piece(y, p))
            d->barren = 0;
        else
            d->barren++;
        if (!d->barren)
            d->skip = SKIP_MIN;
        free(p->small);
        *p = (struct piece){0};
        d->first = (d->first + 1) % PIECES;
        d->n--;
        any = true;
    }
    return any;
}

/* --- cutting ------------------------------------------------------------- */

/* The next literal of the file; false: there is none. */
static bool next_literal(struct zc_sdelta *d)
{
    while (!d->literal.length)
        if (!zc_segments_next(d->segments, &d->literal))
            return false;
        else if (d->literal.kind != ZC_SEGMENT_LITERAL)
            d->literal.length = 0;
    return true;
}

/* The basis has nothing at AT, or not enough in common to go on asking: so many
 * bytes go unasked, 0: none. */
static uint64_t unasked(struct zc_sdelta *d, uint64_t at)
{
    if (at / ZC_BLOCK_BIG * ZC_BLOCK_BIG >= d->basis)
        return d->literal.length;
    if (d->barren < BARREN)
        return 0;
    uint64_t n = d->skip;
    d->barren = BARREN - 1; /* one question, and on */
    d->skip = ZC_MIN(2 * d->skip, SKIP_MAX);
    return ZC_MIN(n, d->literal.length);
}

static void cut_piece(struct zc_sworker *w, struct zc_sdelta *d)
{
    struct piece *p = &d->pieces[(d->first + d->n++) % PIECES];
    uint64_t begin = d->literal.offset, n = unasked(d, begin);
    *p = (struct piece){.begin = begin, .asked = !n, .ready = n};
    p->grid = begin / ZC_BLOCK_BIG * ZC_BLOCK_BIG;
    if (!n)
        n = ZC_MIN(p->grid + PIECE - begin, d->literal.length);
    p->end = begin + n;
    d->literal.offset += n;
    d->literal.length -= n;
    if (!p->asked)
        return;
    uint64_t blocks = (p->end - p->grid + ZC_BLOCK_BIG - 1) / ZC_BLOCK_BIG;
    ask(w, d, p, UINT64_MAX >> (ZC_BLOCKS_MAX - blocks), ZC_GRAIN_BIG);
}

static bool cut_pieces(struct zc_sworker *w, struct zc_sdelta *d)
{
    bool any = false;
    while (d->n < PIECES && !d->spoiled && next_literal(d)) {
        cut_piece(w, d);
        any = true;
    }
    return any;
}

/* Nothing is asked that is not answered: the peer is to be left in peace. */
static bool is_quiet(struct zc_sworker *w, struct zc_sdelta *d)
{
    pthread_mutex_lock(&w->s->lock);
    bool quiet = !d->n_asks && STAILQ_EMPTY(&d->inbox);
    pthread_mutex_unlock(&w->s->lock);
    return quiet;
}

enum zc_sdelta_state zc_sdelta_go(struct zc_sworker *w, struct zc_sdelta *d,
                                  zc_sdelta_literal *literal, void *arg)
{
    struct saying y = {w, d, literal, arg, false};
    take_answers(w, d);
    while (!d->spoiled && !y.failed) {
        bool said = say_pieces(&y);
        if (!cut_pieces(w, d) && !said)
            break;
    }
    if (y.failed)
        return ZC_SDELTA_FAILED;
    if (!d->spoiled && !d->n) {
        say_run(&y);
        if (y.failed)
            return ZC_SDELTA_FAILED;
    }
    if (d->spoiled) {
        errno = d->eno;
        return is_quiet(w, d) ? ZC_SDELTA_SPOILED : ZC_SDELTA_WAITS;
    }
    return d->n ? ZC_SDELTA_WAITS : ZC_SDELTA_SAID;
}
