// SPDX-License-Identifier: GPL-2.0-or-later
/* What a file and its basis have in common; see delta.h. */
#include "sender/delta.h"

#include "base/io.h"
#include "delta/anchors.h"
#include "delta/blocks.h"
#include "sender/lists.h"
#include "session/hash.h"

#include <string.h>

#define PIECE (ZC_BLOCKS_MAX * ZC_BLOCK_BIG)
#define PIECES 16 /* on their way */
/* Literals from so many bytes on are worth a DATA of their own. */
#define DATA_MIN ((uint64_t)ZC_PATCH_MAX)
/* So much of the basis is said at a time, so that the peer can begin. */
#define COPY_MAX ((uint64_t)16 << 20)
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
    int64_t grid;     /* offset of the first block here: `begin` is in it */
    uint64_t from;    /* its offset in the basis */
    uint64_t covered; /* bytes behind it that the basis has */
    uint64_t blocks;  /* bit i: block i was asked for */
    uint64_t differ;  /* ... and is another */
    uint64_t look;    /* those of them that are still to be asked about */
    struct answer *small; /* sums of blocks in those that differ */
    bool asked;       /* the basis has something there */
    bool ready;       /* there is nothing more to be known */
};

/* Literals, in order. */
struct segments {
    struct zc_segment v[2 * PIECES];
    unsigned n;
};

struct zc_sdelta {
    struct zc_ref ref;
    int fd;
    uint64_t size, basis;
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
    struct segments again; /* to be cut once more, before ... */
    struct zc_segment literal; /* what is left of it to be cut */
    unsigned barren;           /* pieces in a row */
    uint64_t skip;
    uint64_t seed;             /* the peer's, from its first answer on */
    int64_t shift;             /* so far things are behind where they were */
    bool aligned;
    struct {
        struct zc_anchors *here; /* NULL: nothing is looked for */
        uint64_t at;             /* where they begin */
        struct zc_shifts shifts;
        unsigned waits;          /* for so many answers */
        uint64_t next, step;     /* before there nothing is looked for again */
    } search;
    struct zc_hasher hasher; /* of all of it; no state: by another way */
    struct zc_segment run; /* decided, not said yet; length 0: nothing */
    bool spoiled;
    int eno;
};

struct zc_sdelta *zc_sdelta_new(struct zc_ref ref, int fd,
                                struct zc_segments *segments, uint64_t basis,
                                bool aligned)
{
    struct zc_sdelta *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->ref = ref;
    d->fd = fd;
    d->size = segments->tiling.size;
    d->basis = basis;
    d->segments = segments;
    d->skip = d->search.step = SKIP_MIN;
    d->aligned = aligned;
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
    free(d->search.here);
    zc_hasher_fini(&d->hasher);
    free(d);
}

/* --- questions and answers --- */

/* P: NULL where there is none. Noted before it is on the wire: the answer may come
 * at once. */
static void ask(struct zc_sworker *w, struct zc_sdelta *d, struct piece *p,
                uint64_t from, uint64_t blocks, uint8_t grain)
{
    struct zc_msg_ask m = {d->ref, from, blocks, grain};
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

/* --- the file here --- */

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
static bool same(struct zc_sworker *w, struct zc_sdelta *d, int64_t at,
                 uint64_t n, const uint8_t *sum)
{
    uint8_t mine[ZC_SUM_SIZE];
    if (!n || d->spoiled || at < 0 || n > d->size ||
        (uint64_t)at > d->size - n)
        return false;
    const uint8_t *p = read_here(w, d, (uint64_t)at, (size_t)n);
    if (!p)
        return false;
    zc_block_sum(d->seed, p, (size_t)n, mine);
    return !memcmp(mine, sum, sizeof mine);
}

void zc_sdelta_follow(struct zc_sdelta *d, enum zc_hash_kind kind)
{
    if (zc_hasher_init(&d->hasher, d->size, kind))
        errno = 0;
}

/* What is in front of END is hashed, the last of it while it is in the processor's
 * cache. */
static void follow(struct zc_sworker *w, struct zc_sdelta *d, int64_t end)
{
    if (d->hasher.state && end > 0 &&
        zc_hasher_follow(&d->hasher, &w->scratch, d->fd, (uint64_t)end,
                         &w->s->failed))
        zc_hasher_fini(&d->hasher);
}

int zc_sdelta_hash(struct zc_sworker *w, struct zc_sdelta *d,
                   uint8_t hash[ZC_HASH_SIZE])
{
    return d->hasher.state &&
                   !zc_hasher_some(&d->hasher, &w->scratch, d->fd, UINT64_MAX,
                                   &w->s->failed, hash)
               ? 0
               : -1;
}

/* Where block I of P is here; the first may begin before the file does. */
static int64_t block_at(const struct piece *p, unsigned i)
{
    return p->grid + (int64_t)(i * ZC_BLOCK_BIG);
}

/* Not while anchors are looked for: their answer is the last then. */
static void look_closer(struct zc_sworker *w, struct zc_sdelta *d,
                        struct piece *p)
{
    if (!p->look)
        p->ready = true;
    else if (!d->search.here && !d->spoiled)
        ask(w, d, p, p->from, p->look, ZC_GRAIN_SMALL);
    else
        return;
    p->look = 0;
}

static void compare_big(struct zc_sworker *w, struct zc_sdelta *d,
                        const struct answer *a)
{
    struct piece *p = a->piece;
    const uint8_t *sum = a->sums;
    p->covered = a->m.length;
    p->blocks = p->differ = a->m.ask.blocks;
    for (unsigned i = 0; i < ZC_BLOCKS_MAX; i++) {
        uint64_t n = covered(p->covered, i);
        if (!(a->m.ask.blocks >> i & 1) || !n)
            continue;
        if (same(w, d, block_at(p, i), n, sum))
            p->differ &= ~((uint64_t)1 << i);
        else
            p->look |= (uint64_t)1 << i;
        sum += ZC_SUM_SIZE;
        follow(w, d, block_at(p, i) + (int64_t)n);
    }
    look_closer(w, d, p);
}

/* Of a search. */
static void take_anchors(struct zc_sdelta *d, const struct answer *a)
{
    struct zc_rd r = zc_rd_init(a->sums, a->m.sums.n);
    struct zc_anchor_at one;
    d->search.waits--;
    while (zc_rd_left(&r)) {
        one.at = zc_rd_u32(&r);
        one.hash = zc_rd_u64(&r);
        zc_shifts_vote(&d->search.shifts, d->search.here, d->search.at, &one,
                       1, a->m.ask.offset);
    }
}

static void take_answer(struct zc_sworker *w, struct zc_sdelta *d,
                        struct answer *a)
{
    d->seed = a->m.seed;
    if (a->m.ask.grain != ZC_GRAIN_SMALL) {
        if (a->m.ask.grain == ZC_GRAIN_BIG)
            compare_big(w, d, a);
        else
            take_anchors(d, a);
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

/* --- what is said --- */

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
    uint64_t from = kind == ZC_SEGMENT_COPY
                        ? offset - (uint64_t)y->d->shift
                        : offset;
    if (run->length && run->kind == kind &&
        run->offset + run->length == offset &&
        run->from + run->length == from) {
        run->length += end - offset;
        if (kind == ZC_SEGMENT_COPY && run->length >= COPY_MAX)
            say_run(y);
        return;
    }
    say_run(y);
    *run = (struct zc_segment){.kind = kind, .offset = offset,
                               .length = end - offset, .from = from};
}

/* Of [AT, AT + N) the first SAME bytes are those of the basis; as far as it is
 * P's. How many of P's are. */
static uint64_t decide_part(struct saying *y, const struct piece *p,
                            int64_t at, uint64_t n, uint64_t same_bytes)
{
    int64_t begin = ZC_MAX(at, (int64_t)p->begin);
    int64_t end = ZC_MIN(at + (int64_t)n, (int64_t)p->end);
    if (begin >= end)
        return 0;
    int64_t middle = ZC_MIN(ZC_MAX(at + (int64_t)same_bytes, begin), end);
    decide(y, ZC_SEGMENT_COPY, (uint64_t)begin, (uint64_t)middle);
    decide(y, ZC_SEGMENT_LITERAL, (uint64_t)middle, (uint64_t)end);
    return (uint64_t)(middle - begin);
}

/* Block I of P, which differs: *SUM are those of the small ones in it. */
static uint64_t decide_small(struct saying *y, const struct piece *p,
                             unsigned i, const uint8_t **sum)
{
    int64_t at = block_at(p, i);
    uint64_t found = 0;
    uint64_t there = covered(p->covered, i);
    for (uint64_t b = 0; b < ZC_BLOCK_BIG; b += ZC_BLOCK_SMALL) {
        uint64_t n = b < there ? ZC_MIN(there - b, ZC_BLOCK_SMALL) : 0;
        int64_t here = at + (int64_t)b;
        bool is_same = n && same(y->w, y->d, here, n, *sum);
        found += decide_part(y, p, here, ZC_BLOCK_SMALL, is_same ? n : 0);
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
        int64_t at = block_at(p, i);
        if (looked >> i & 1)
            found += decide_small(y, p, i, &sum);
        else
            found += decide_part(y, p, at, ZC_BLOCK_BIG,
                                 p->differ >> i & 1 ? 0
                                                    : covered(p->covered, i));
    }
    return found;
}

/* --- searching --- */

/* So much at the end of a piece without anything in common is worth a search. */
#define TAIL_MIN ((uint64_t)128 << 10)

/* From where on nothing of P, which is ready, is in the basis. From the back, as
 * mostly it has the last of it. */
static uint64_t common_end(struct zc_sworker *w, struct zc_sdelta *d,
                           const struct piece *p)
{
    const uint8_t *sum = p->small->sums + p->small->m.sums.n;
    int64_t end = (int64_t)p->begin;
    bool found = false;
    for (unsigned i = ZC_BLOCKS_MAX; i-- > 0 && !found;) {
        int64_t at = block_at(p, i);
        uint64_t b = covered(p->covered, i), n = b;
        if (!(p->blocks >> i & 1) || !n)
            continue;
        found = !(p->differ >> i & 1);
        for (; !found && b; n = b) {
            b = (n - 1) / ZC_BLOCK_SMALL * ZC_BLOCK_SMALL;
            sum -= ZC_SUM_SIZE;
            found = same(w, d, at + (int64_t)b, n - b, sum);
            if (found)
                break;
        }
        if (found)
            end = at + (int64_t)n;
    }
    return ZC_MIN(ZC_MAX((uint64_t)end, p->begin), p->end);
}

/* Is it worth a search, and may it be one? */
static bool may_search(const struct zc_sdelta *d, const struct piece *p)
{
    return !d->aligned && p->asked && p->small && p->end > d->search.next &&
           p->small->m.length == p->covered;
}

/* The anchors in the file here, from AT on. */
static void find_here(struct zc_sworker *w, struct zc_sdelta *d, uint64_t at)
{
    uint64_t end = ZC_MIN(at + PIECE, d->size);
    d->search.at = at;
    d->search.shifts.n = 0;
    zc_anchors_init(d->search.here, d->seed);
    for (size_t n; at < end && !d->spoiled; at += n) {
        n = (size_t)ZC_MIN(end - at, ZC_BLOCK_BIG);
        const uint8_t *p = read_here(w, d, at, n);
        if (p)
            zc_anchors_add(d->search.here, p, n);
    }
}

/* The peer is asked where what P, the first piece, has may be. False: it is not. */
static bool ask_around(struct zc_sworker *w, struct zc_sdelta *d,
                       const struct piece *p)
{
    d->search.here = malloc(sizeof *d->search.here);
    if (!d->search.here)
        return false;
    find_here(w, d, p->begin);
    for (int i = -1; i <= 1; i++) {
        if (i < 0 && p->from < PIECE)
            continue;
        uint64_t from = p->from + (uint64_t)(int64_t)i * PIECE;
        if (from >= d->basis)
            break;
        ask(w, d, NULL, from, UINT64_MAX, ZC_GRAIN_ANCHORS);
        d->search.waits++;
    }
    return true;
}

/* Says of P, the first piece, what it has in common with the basis, and
 * searches for the rest, where that is much: true when it does. */
static bool begin_search(struct saying *y, struct piece *p)
{
    struct zc_sdelta *d = y->d;
    if (d->search.here)
        return true;
    if (!may_search(d, p))
        return false;
    uint64_t end = p->end, middle = common_end(y->w, d, p);
    if (d->spoiled || middle < d->search.next ||
        (middle > p->begin && end - middle < TAIL_MIN))
        return false;
    if (middle > p->begin) {
        p->end = middle;
        decide_piece(y, p);
        p->end = end;
        p->begin = middle;
        d->barren = 0;
    }
    return middle < end && ask_around(y->w, d, p);
}

/* L is to be cut once more, behind what is. */
static void add_again(struct segments *s, const struct zc_segment *l)
{
    struct zc_segment *last = s->n ? &s->v[s->n - 1] : NULL;
    if (last && last->offset + last->length == l->offset)
        last->length += l->length;
    else if (l->length)
        s->v[s->n++] = *l;
}

/* All of what is on its way is cut once more. */
static void cut_again(struct zc_sdelta *d)
{
    struct segments all = {0};
    for (unsigned i = 0; i < d->n; i++) {
        struct piece *p = &d->pieces[(d->first + i) % PIECES];
        add_again(&all, &(struct zc_segment){.offset = p->begin,
                                             .length = p->end - p->begin});
        free(p->small);
        *p = (struct piece){0};
    }
    d->n = 0;
    for (unsigned i = 0; i < d->again.n; i++)
        add_again(&all, &d->again.v[i]);
    d->again = all;
}

/* It has been answered: on with what was found, or as before. */
static void end_search(struct zc_sworker *w, struct zc_sdelta *d)
{
    int64_t shift;
    if (!d->search.here || d->search.waits)
        return;
    uint64_t at = d->search.at;
    free(d->search.here);
    d->search.here = NULL;
    if (d->again.n <= PIECES && zc_shifts_most(&d->search.shifts, &shift) &&
        shift != d->shift) {
        d->shift = shift;
        d->search.next = at + PIECE;
        d->search.step = SKIP_MIN;
        d->barren = 0;
        cut_again(d);
        return;
    }
    d->search.next = at + d->search.step;
    d->search.step = ZC_MIN(2 * d->search.step, SKIP_MAX);
    for (unsigned i = 0; i < d->n; i++)
        if (d->pieces[(d->first + i) % PIECES].look)
            look_closer(w, d, &d->pieces[(d->first + i) % PIECES]);
}

/* Says what is known from the first piece on. */
static bool say_pieces(struct saying *y)
{
    struct zc_sdelta *d = y->d;
    bool any = false;
    while (d->n && d->pieces[d->first].ready && !y->failed) {
        struct piece *p = &d->pieces[d->first];
        if (begin_search(y, p))
            break;
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

/* --- cutting --- */

/* What is to be cut next; NULL: there is nothing. */
static struct zc_segment *next_literal(struct zc_sdelta *d)
{
    struct segments *again = &d->again;
    while (again->n && !again->v[0].length)
        memmove(again->v, again->v + 1, --again->n * sizeof *again->v);
    if (again->n)
        return &again->v[0];
    while (!d->literal.length)
        if (!zc_segments_next(d->segments, &d->literal))
            return NULL;
        else if (d->literal.kind != ZC_SEGMENT_LITERAL)
            d->literal.length = 0;
    return &d->literal;
}

/* The basis has nothing where L begins, or not enough in common to go on asking: so
 * many bytes go unasked, 0: none. */
static uint64_t unasked(struct zc_sdelta *d, const struct zc_segment *l)
{
    int64_t from = (int64_t)l->offset - d->shift;
    if (from < 0)
        return ZC_MIN((uint64_t)-from, l->length);
    if ((uint64_t)from / ZC_BLOCK_BIG * ZC_BLOCK_BIG >= d->basis)
        return l->length;
    if (d->barren < BARREN)
        return 0;
    uint64_t n = d->skip;
    d->barren = BARREN - 1; /* one question, and on */
    d->skip = ZC_MIN(2 * d->skip, SKIP_MAX);
    return ZC_MIN(n, l->length);
}

static void cut_piece(struct zc_sworker *w, struct zc_sdelta *d,
                      struct zc_segment *l)
{
    struct piece *p = &d->pieces[(d->first + d->n++) % PIECES];
    uint64_t begin = l->offset, n = unasked(d, l);
    *p = (struct piece){.begin = begin, .asked = !n, .ready = n};
    if (!n) {
        uint64_t from = begin - (uint64_t)d->shift;
        uint64_t before = from % ZC_BLOCK_BIG;
        p->from = from - before;
        p->grid = (int64_t)begin - (int64_t)before;
        n = ZC_MIN(PIECE - before, l->length);
    }
    p->end = begin + n;
    l->offset += n;
    l->length -= n;
    if (!p->asked)
        return;
    uint64_t blocks = ((uint64_t)((int64_t)p->end - p->grid) +
                       ZC_BLOCK_BIG - 1) / ZC_BLOCK_BIG;
    ask(w, d, p, p->from, UINT64_MAX >> (ZC_BLOCKS_MAX - blocks),
        ZC_GRAIN_BIG);
}

static bool cut_pieces(struct zc_sworker *w, struct zc_sdelta *d)
{
    struct zc_segment *l;
    bool any = false;
    while (d->n < PIECES && !d->spoiled && !d->search.here &&
           (l = next_literal(d))) {
        cut_piece(w, d, l);
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
    end_search(w, d);
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
