// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Blocks over another transport; see compress.h.
 *
 *   send: caller's bytes --zstd--> | head | piece of the stream | -> inner
 *                        --------> | head |, caller's bytes       -> inner
 *   bare: | head | -> inner; the mover sends the bytes over inner by itself
 *   recv: inner -> rx.buf: | head | piece | head ... --zstd--> caller's memory
 *         inner -> caller's memory, the rest of a block that is not compressed
 *
 * What sends and what receives share nothing that changes.
 *
 * One stream for each direction, flushed at the end of each send, so that a small
 * file finds what is like it in those before it.
 */
#include "net/compress.h"

#include "base/clock.h"
#include "net/worth.h"

#include <endian.h>
#include <linux/sockios.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <zstd.h>

/* Bytes that are compressed at a time. */
#define PIECE ((size_t)256 << 10)
#define TX_SIZE (ZC_COMPRESS_HEADER + PIECE + PIECE / 128 + 1024)
_Static_assert(TX_SIZE - ZC_COMPRESS_HEADER <= ZC_COMPRESS_SQUEEZED_MAX,
               "a block's length");
_Static_assert(PIECE <= ZC_COMPRESS_PLAIN_MAX, "what becomes of it");
#define RX_SIZE ((size_t)128 << 10)
/* What comes with a header, and is copied once more: answers and the like, and
 * not much of a file. */
#define RX_FEW ((size_t)16 << 10)

/* Not worth a piece of the stream. */
#define SHORT 100
/* A file's bytes that go around us with one header. */
#define RUN_MIN ((size_t)256 << 10)
#define RUN_MAX ((size_t)8 << 20)
/* What comes after bytes that did not shrink is left alone, twice as much each
 * time. */
#define HARD_FIRST PIECE
#define HARD_LAST (8 * PIECE)
#define IS_HARD(n, left) ((left) > (n) - (n) / 32)

/* Vectors that are sent with a header before them in one call. */
#define VECTORS 16

struct sending {
    int dead; /* errno of all calls from now on; 0: it works */
    int level;
    struct zc_worth worth;
    ZSTD_CCtx *zstd; /* NULL until needed */
    uint8_t *buf;    /* likewise; TX_SIZE */
    struct zc_density own; /* of what belongs to no file */
    struct zc_density *d;  /* of what is being sent */
    size_t run; /* on its way around us */
    int64_t run_start;
    atomic_uint_fast64_t wire;
};

struct receiving {
    int dead;
    uint8_t *buf; /* RX_SIZE */
    size_t start, end; /* bytes in it that were not looked at yet */
    ZSTD_DCtx *zstd;   /* NULL until needed */
    bool squeezed;     /* the block is */
    bool more;         /* zstd has bytes that found no room */
    uint32_t left;     /* bytes of the block still to come */
    uint64_t plain;    /* what has become of it */
    atomic_uint_fast64_t wire;
};

struct compress {
    struct zc_transport base; /* first: the two are cast into each other */
    struct zc_transport *inner;
    struct sending tx;
    /* Apart from what the sending thread writes. */
    _Alignas(64) struct receiving rx;
};

static struct compress *compress_of(struct zc_transport *t)
{
    return (struct compress *)t;
}

static int die(int *dead, int eno)
{
    *dead = eno;
    errno = eno;
    return -1;
}

/* --- sending --- */

static void put_header(uint8_t out[ZC_COMPRESS_HEADER], uint32_t head)
{
    head = htole32(head);
    memcpy(out, &head, sizeof head);
}

/* Before more is sent: whether it is to be compressed, from here on. */
static void decide(struct compress *c, int64_t now)
{
    struct zc_worth *w = &c->tx.worth;
    int queued;
    if (!zc_worth_due(w, now))
        return;
    if (ioctl(c->base.poll_wfd, c->base.socket ? SIOCOUTQ : FIONREAD, &queued))
        queued = -1;
    zc_worth_decide(w, queued, now);
}

/* N bytes have been sent, from START on. */
static void note_sent(struct sending *tx, size_t n, int64_t start)
{
    zc_worth_sent(&tx->worth, n, zc_clock_ns() - start);
    atomic_fetch_add_explicit(&tx->wire, n, memory_order_relaxed);
}

/* IOV, N bytes in all, to the inner transport. */
static int pass_on(struct compress *c, struct iovec *iov, int count, size_t n)
{
    struct sending *tx = &c->tx;
    int64_t start = zc_clock_ns();
    decide(c, start);
    if (zc_transport_send(c->inner, iov, count))
        return die(&tx->dead, errno);
    note_sent(tx, n, start);
    return 0;
}

static int send_header(struct compress *c, size_t n)
{
    uint8_t head[ZC_COMPRESS_HEADER];
    struct iovec iov = {head, sizeof head};
    put_header(head, (uint32_t)n);
    return pass_on(c, &iov, 1, sizeof head);
}

/* IOV as it is: N bytes, ZC_COMPRESS_BARE_MAX at most. */
static int send_bare(struct compress *c, struct iovec *iov, int count, size_t n)
{
    uint8_t head[ZC_COMPRESS_HEADER];
    struct iovec all[1 + VECTORS] = {{head, sizeof head}};
    if (count > VECTORS)
        return send_header(c, n) || pass_on(c, iov, count, n) ? -1 : 0;
    put_header(head, (uint32_t)n);
    memcpy(all + 1, iov, (size_t)count * sizeof *iov);
    return pass_on(c, all, count + 1, sizeof head + n);
}

static int start_zstd(struct sending *tx)
{
    if (tx->zstd)
        return 0;
    tx->buf = malloc(TX_SIZE);
    tx->zstd = tx->buf ? ZSTD_createCCtx() : NULL;
    if (!tx->zstd ||
        ZSTD_isError(ZSTD_CCtx_setParameter(
            tx->zstd, ZSTD_c_compressionLevel, tx->level)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(tx->zstd, ZSTD_c_windowLog,
                                            ZC_COMPRESS_WINDOW_LOG)))
        return die(&tx->dead, ENOMEM);
    return 0;
}

/* Puts N bytes off the front of *IOV into the stream, and the stream into OUT. */
static int squeeze(struct sending *tx, struct iovec **iov, size_t n,
                   ZSTD_outBuffer *out)
{
    while (n) {
        size_t now = ZC_MIN(n, (*iov)->iov_len);
        if (!now) {
            (*iov)++;
            continue;
        }
        ZSTD_inBuffer in = {(*iov)->iov_base, now, 0};
        n -= now;
        size_t r = ZSTD_compressStream2(tx->zstd, out, &in,
                                        n ? ZSTD_e_continue : ZSTD_e_flush);
        /* There is room for all of it. */
        if (ZSTD_isError(r) || in.pos < in.size || (!n && r))
            return die(&tx->dead, ENOMEM);
        (*iov)->iov_base = (uint8_t *)(*iov)->iov_base + now;
        (*iov)->iov_len -= now;
    }
    return 0;
}

/* What this thread has had of a processor: who has to wait for one is slow
 * either way. */
static int64_t cpu_ns(void)
{
    struct timespec t;
    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t))
        return 0;
    return t.tv_sec * ZC_NSEC_PER_SEC + t.tv_nsec;
}

static int send_squeezed(struct compress *c, struct iovec **iov, size_t n)
{
    struct sending *tx = &c->tx;
    if (start_zstd(tx))
        return -1;
    ZSTD_outBuffer out = {tx->buf + ZC_COMPRESS_HEADER,
                          TX_SIZE - ZC_COMPRESS_HEADER, 0};
    int64_t start = cpu_ns();
    if (squeeze(tx, iov, n, &out))
        return -1;
    zc_worth_squeezed(&tx->worth, n, out.pos, cpu_ns() - start);
    tx->d->tried = true;
    if (!IS_HARD(n, out.pos))
        tx->d->next = 0;
    else
        tx->d->left = tx->d->next =
            tx->d->next ? ZC_MIN(2 * tx->d->next, HARD_LAST) : HARD_FIRST;
    put_header(tx->buf, ZC_COMPRESS_SQUEEZED | (uint32_t)out.pos);
    struct iovec all = {tx->buf, ZC_COMPRESS_HEADER + out.pos};
    return pass_on(c, &all, 1, all.iov_len);
}

/* Whether the next N bytes are to be compressed. */
static bool wanted(struct sending *tx, size_t n)
{
    size_t hard = ZC_MIN(tx->d->left, n);
    tx->d->left -= hard;
    return tx->worth.on && !hard;
}

/* The vectors at IOV that hold the next N bytes, in TO. How many; 0: more than
 * there is room for. */
static int cut(const struct iovec *iov, size_t n, struct iovec to[VECTORS])
{
    int count = 0;
    for (; n && count < VECTORS; iov++) {
        size_t now = ZC_MIN(n, iov->iov_len);
        if (now)
            to[count++] = (struct iovec){iov->iov_base, now};
        n -= now;
    }
    return n ? 0 : count;
}

static void skip(struct iovec **iov, size_t n)
{
    while (n) {
        size_t now = ZC_MIN(n, (*iov)->iov_len);
        if (!now) {
            (*iov)++;
            continue;
        }
        (*iov)->iov_base = (uint8_t *)(*iov)->iov_base + now;
        (*iov)->iov_len -= now;
        n -= now;
    }
}

static int compress_send(struct zc_transport *t, struct iovec *iov, int count)
{
    struct compress *c = compress_of(t);
    struct sending *tx = &c->tx;
    size_t left = 0;
    if (tx->dead)
        return die(&tx->dead, tx->dead);
    for (int i = 0; i < count; i++)
        left += iov[i].iov_len;
    if (left && left < SHORT)
        return send_bare(c, iov, count, left);
    while (left) {
        struct iovec part[VECTORS];
        size_t n = ZC_MIN(left, PIECE);
        int parts = cut(iov, n, part);
        if (!parts || wanted(tx, n)) {
            if (send_squeezed(c, &iov, n))
                return -1;
        } else {
            if (send_bare(c, part, parts, n))
                return -1;
            skip(&iov, n);
        }
        left -= n;
    }
    return 0;
}

static struct zc_transport *compress_bare_out(struct zc_transport *t,
                                              uint64_t *n,
                                              struct zc_density *d)
{
    struct compress *c = compress_of(t);
    struct sending *tx = &c->tx;
    if (tx->dead) {
        die(&tx->dead, tx->dead);
        return NULL;
    }
    decide(c, zc_clock_ns());
    bool soft = tx->worth.on && !d->dense;
    if (*n < SHORT || (soft && !d->left)) {
        *n = ZC_MIN(*n, (uint64_t)PIECE);
        tx->d = d;
        return t;
    }
    size_t run = zc_worth_run(&tx->worth, RUN_MIN, RUN_MAX);
    if (soft)
        run = ZC_MIN(run, d->left);
    run = (size_t)ZC_MIN(*n, (uint64_t)run);
    d->left -= ZC_MIN(d->left, run);
    if (send_header(c, run))
        return NULL;
    *n = tx->run = run;
    tx->run_start = zc_clock_ns();
    return c->inner;
}

static void compress_bare_sent(struct zc_transport *t)
{
    struct sending *tx = &compress_of(t)->tx;
    tx->d = &tx->own;
    if (!tx->run) /* it has gone through us */
        return;
    note_sent(tx, tx->run, tx->run_start);
    tx->run = 0;
}

/* --- receiving --- */

/* More bytes, MOST at most, into rx.buf: as recv of a transport. */
static ssize_t fill(struct compress *c, size_t most)
{
    struct receiving *rx = &c->rx;
    if (rx->start) {
        memmove(rx->buf, rx->buf + rx->start, rx->end - rx->start);
        rx->end -= rx->start;
        rx->start = 0;
    }
    ssize_t r = zc_transport_recv(c->inner, rx->buf + rx->end,
                                  ZC_MIN(most, RX_SIZE - rx->end));
    if (r > 0) {
        rx->end += (size_t)r;
        atomic_fetch_add_explicit(&rx->wire, (uint64_t)r,
                                  memory_order_relaxed);
    }
    if (r == 0 && (rx->left || rx->end)) /* in the middle of a block */
        return die(&rx->dead, ECONNRESET);
    return r;
}

/* The block that the header at the front is of. */
static int take_header(struct receiving *rx)
{
    uint32_t head;
    memcpy(&head, rx->buf + rx->start, sizeof head);
    head = le32toh(head);
    rx->start += sizeof head;
    rx->squeezed = head & ZC_COMPRESS_SQUEEZED;
    rx->left = head & ~ZC_COMPRESS_SQUEEZED;
    rx->plain = 0;
    if (!rx->left || rx->left > (rx->squeezed ? ZC_COMPRESS_SQUEEZED_MAX
                                              : ZC_COMPRESS_BARE_MAX)) {
        rx->left = 0;
        return die(&rx->dead, EBADMSG);
    }
    return 0;
}

/* Until there is a block. 1; 0: the end of the stream; -1. FEW: with no more
 * than that behind its header. */
static int next_block(struct compress *c, size_t few)
{
    struct receiving *rx = &c->rx;
    while (!rx->left && !rx->more) {
        size_t have = rx->end - rx->start;
        if (have >= ZC_COMPRESS_HEADER) {
            if (take_header(rx))
                return -1;
            continue;
        }
        ssize_t r = fill(c, ZC_COMPRESS_HEADER - have + few);
        if (r <= 0)
            return (int)r;
    }
    return 1;
}

static int start_unzstd(struct receiving *rx)
{
    if (rx->zstd)
        return 0;
    rx->zstd = ZSTD_createDCtx();
    if (!rx->zstd ||
        ZSTD_isError(ZSTD_DCtx_setParameter(rx->zstd, ZSTD_d_windowLogMax,
                                            ZC_COMPRESS_WINDOW_LOG)))
        return die(&rx->dead, ENOMEM);
    return 0;
}

/* What has come of a compressed block, into BUF (N bytes, more than none). How
 * much that was; 0: it takes more of the block, or the next. */
static ssize_t expand(struct receiving *rx, void *buf, size_t n)
{
    ZSTD_inBuffer in = {rx->buf + rx->start,
                        ZC_MIN(rx->end - rx->start, (size_t)rx->left), 0};
    ZSTD_outBuffer out = {buf, n, 0};
    if (start_unzstd(rx))
        return -1;
    size_t r = ZSTD_decompressStream(rx->zstd, &out, &in);
    if (ZSTD_isError(r) || !r) /* 0: the stream has ended, which it does not */
        return die(&rx->dead, EBADMSG);
    rx->start += in.pos;
    rx->left -= (uint32_t)in.pos;
    rx->plain += out.pos;
    rx->more = out.pos == n || in.pos < in.size;
    /* Nothing for so many bytes: a run of such blocks would keep recv from
     * returning and from timing out. */
    if (rx->plain > ZC_COMPRESS_PLAIN_MAX ||
        (!rx->left && !rx->more && !rx->plain))
        return die(&rx->dead, EBADMSG);
    return (ssize_t)out.pos;
}

/* What is there of a block that is not compressed. */
static ssize_t take_bare(struct compress *c, void *buf, size_t n)
{
    struct receiving *rx = &c->rx;
    ssize_t r;
    n = ZC_MIN(n, (size_t)rx->left);
    if (rx->start == rx->end && rx->left < RX_FEW) {
        r = fill(c, RX_FEW);
        if (r <= 0)
            return r;
    }
    if (rx->start < rx->end) {
        r = (ssize_t)ZC_MIN(n, rx->end - rx->start);
        memcpy(buf, rx->buf + rx->start, (size_t)r);
        rx->start += (size_t)r;
    } else {
        r = zc_transport_recv(c->inner, buf, n);
        if (r == 0)
            return die(&rx->dead, ECONNRESET);
        if (r < 0)
            return r;
        atomic_fetch_add_explicit(&rx->wire, (uint64_t)r,
                                  memory_order_relaxed);
    }
    rx->left -= (uint32_t)r;
    return r;
}

static ssize_t compress_recv(struct zc_transport *t, void *buf, size_t n)
{
    struct compress *c = compress_of(t);
    struct receiving *rx = &c->rx;
    while (n && !rx->dead) {
        int there = next_block(c, RX_FEW);
        if (there <= 0)
            return there;
        if (!rx->squeezed)
            return take_bare(c, buf, n);
        if (rx->start == rx->end && !rx->more) {
            ssize_t r = fill(c, RX_SIZE);
            if (r <= 0)
                return r;
        }
        ssize_t r = expand(rx, buf, n);
        if (r)
            return r;
    }
    return n ? die(&rx->dead, rx->dead) : 0;
}

static struct zc_transport *compress_bare_in(struct zc_transport *t,
                                             uint64_t *n)
{
    struct compress *c = compress_of(t);
    struct receiving *rx = &c->rx;
    if (rx->dead)
        return t; /* recv tells */
    int there = next_block(c, 0);
    if (there <= 0) {
        if (there == 0)
            errno = ECONNRESET;
        return NULL;
    }
    size_t have = rx->end - rx->start;
    if (rx->squeezed || have || rx->left < RX_FEW) {
        uint64_t most = rx->squeezed ? PIECE : have ? have : rx->left;
        *n = ZC_MIN(*n, most);
        return t;
    }
    *n = ZC_MIN(*n, (uint64_t)rx->left);
    rx->left -= (uint32_t)*n;
    atomic_fetch_add_explicit(&rx->wire, *n, memory_order_relaxed);
    return c->inner;
}

static bool compress_pending(const struct zc_transport *t)
{
    const struct compress *c = (const struct compress *)t;
    const struct receiving *rx = &c->rx;
    size_t have = rx->end - rx->start, header = ZC_COMPRESS_HEADER;
    if (rx->dead || rx->more || (rx->left && !rx->squeezed && have))
        return true;
    if (rx->left)
        return have >= rx->left;
    if (have < header)
        return false;
    uint32_t head;
    memcpy(&head, rx->buf + rx->start, sizeof head);
    head = le32toh(head);
    return !(head & ZC_COMPRESS_SQUEEZED)
               ? have > header
               : have - header >= (head & ~ZC_COMPRESS_SQUEEZED);
}

/* --- the rest --- */

static uint64_t compress_wire(const struct zc_transport *t, bool out)
{
    const struct compress *c = (const struct compress *)t;
    return atomic_load_explicit(out ? &c->tx.wire : &c->rx.wire,
                                memory_order_relaxed);
}

static void compress_shutdown(struct zc_transport *t)
{
    zc_transport_shutdown(compress_of(t)->inner);
}

static int compress_set_timeout(struct zc_transport *t, unsigned seconds)
{
    struct compress *c = compress_of(t);
    int r = zc_transport_set_timeout(c->inner, seconds);
    t->timeout_ms = c->inner->timeout_ms;
    return r;
}

static void compress_set_recv_end(struct zc_transport *t, int64_t end)
{
    zc_transport_set_recv_end(compress_of(t)->inner, end);
}

static void compress_free(struct zc_transport *t)
{
    struct compress *c = compress_of(t);
    int keep = errno;
    zc_transport_free(c->inner);
    ZSTD_freeCCtx(c->tx.zstd);
    ZSTD_freeDCtx(c->rx.zstd);
    free(c->tx.buf);
    free(c->rx.buf);
    free(c);
    errno = keep;
}

static const struct zc_transport_ops compress_ops = {
    .recv = compress_recv,
    .send = compress_send,
    .shutdown = compress_shutdown,
    .free = compress_free,
    .pending = compress_pending,
    .set_timeout = compress_set_timeout,
    .set_recv_end = compress_set_recv_end,
    .bare_out = compress_bare_out,
    .bare_sent = compress_bare_sent,
    .bare_in = compress_bare_in,
    .wire = compress_wire,
};

struct zc_transport *zc_compress_new(int how)
{
    struct compress *c = aligned_alloc(_Alignof(struct compress), sizeof *c);
    if (!c)
        return NULL;
    memset(c, 0, sizeof *c);
    c->base.ops = &compress_ops;
    c->rx.buf = malloc(RX_SIZE);
    if (!c->rx.buf) {
        compress_free(&c->base);
        return NULL;
    }
    c->tx.d = &c->tx.own;
    bool by_itself = how == ZC_COMPRESS_AUTO;
    c->tx.level = by_itself ? ZC_COMPRESS_LEVEL : zc_compress_level(how);
    zc_worth_init(&c->tx.worth, !by_itself, zc_clock_ns());
    return &c->base;
}

void zc_compress_over(struct zc_transport *t, struct zc_transport *inner)
{
    struct compress *c = compress_of(t);
    size_t n = strlen(inner->security);
    *t = *inner;
    t->ops = &compress_ops;
    t->raw_rfd = t->raw_wfd = -1;
    t->seals = false;
    snprintf(t->security + n, sizeof t->security - n, ", zstd");
    c->inner = inner;
}

int zc_compress_level(int64_t level)
{
    level = ZC_MAX(level, (int64_t)ZC_COMPRESS_LEVEL_MIN);
    level = ZC_MIN(level, (int64_t)ZC_COMPRESS_LEVEL_MAX);
    return level ? (int)level : ZC_COMPRESS_LEVEL;
}

int zc_compress_limited(int how, uint64_t limit)
{
    return how == ZC_COMPRESS_AUTO && limit ? ZC_COMPRESS_LEVEL : how;
}

int zc_compress_parse(const char *text, int *how)
{
    static const char zstd[] = "zstd";
    char *end;
    if (!strcmp(text, "auto") || !strcmp(text, "off")) {
        *how = *text == 'a' ? ZC_COMPRESS_AUTO : ZC_COMPRESS_OFF;
        return 0;
    }
    if (strncmp(text, zstd, strlen(zstd)))
        return -1;
    text += strlen(zstd);
    *how = ZC_COMPRESS_LEVEL;
    if (!*text)
        return 0;
    if (*text != ':' || !text[1] || text[1 + strspn(text + 1, "-0123456789")])
        return -1;
    errno = 0;
    long level = strtol(text + 1, &end, 10);
    if (*end || errno || level < ZC_COMPRESS_LEVEL_MIN ||
        level > ZC_COMPRESS_LEVEL_MAX)
        return -1;
    *how = zc_compress_level(level);
    return 0;
}

void zc_compress_text(int how, char *text, size_t size)
{
    if (how == ZC_COMPRESS_OFF || how == ZC_COMPRESS_AUTO)
        snprintf(text, size, "%s", how ? "auto" : "off");
    else
        snprintf(text, size, "zstd:%d", how);
}
