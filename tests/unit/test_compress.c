// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Streams that compress: sizes around a block's, both directions at once, files
 * that go around it, streams that are cut, and blocks that make no sense, which
 * are made here with nothing but zstd.
 */
#include "net/compress.h"

#include "../tap.h"
#include "base/util.h"
#include "move/mover.h"

#include <endian.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <zstd.h>

#define MIB ((size_t)1 << 20)

static struct zc_transport *over(struct zc_transport *t, int how)
{
    struct zc_transport *c = t ? zc_compress_new(how) : NULL;
    if (!c)
        skip_all("out of memory");
    zc_compress_over(c, t);
    zc_transport_set_timeout(c, 60); /* rather than hang */
    return c;
}

static void pair(struct zc_transport **a, struct zc_transport **b)
{
    struct zc_err err;
    if (zc_transport_pair(a, b, &err))
        skip_all("%s", err.text);
    zc_transport_set_timeout(*a, 60);
    zc_transport_set_timeout(*b, 60);
}

/* As zc_secure makes it where the kernel has the keys: files leave by sendfile,
 * and what comes is for recv. */
static bool as_ktls;

static void both(struct zc_transport **a, struct zc_transport **b, int how)
{
    pair(a, b);
    if (as_ktls)
        (*a)->raw_rfd = (*b)->raw_rfd = -1;
    *a = over(*a, how);
    *b = over(*b, how);
}

/* HARD: it does not shrink; else it does. */
static uint8_t *bytes(size_t n, bool hard)
{
    uint8_t *p = malloc(n + 1);
    uint64_t x = 88172645463325252u;
    for (size_t i = 0; p && i < n; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        p[i] = (uint8_t)(x >> 24);
        if (!hard)
            p[i] = (uint8_t)('a' + x % 8 * (i % 3 / 2));
    }
    if (!p)
        skip_all("out of memory");
    return p;
}

struct job {
    struct zc_transport *t;
    const uint8_t *p;
    size_t n, piece; /* bytes in all, and in one vector */
    size_t call;     /* bytes a call */
    int result;
    pthread_t thread;
};

static void *send_job(void *arg)
{
    struct job *j = arg;
    struct iovec *iov = calloc(2 * (j->call / j->piece + 2), sizeof *iov);
    for (size_t from = 0; from < j->n && !j->result; from += j->call) {
        size_t end = ZC_MIN(from + j->call, j->n);
        int used = 1;
        for (size_t at = from; at < end; at += j->piece) {
            iov[used++] = (struct iovec){(void *)(j->p + at),
                                         ZC_MIN(j->piece, end - at)};
            iov[used++] = (struct iovec){NULL, 0};
        }
        iov[0] = (struct iovec){NULL, 0};
        j->result = zc_transport_send(j->t, iov, used);
    }
    free(iov);
    return NULL;
}

static bool recv_all(struct zc_transport *t, const uint8_t *p, size_t n,
                     size_t piece)
{
    uint8_t *buf = malloc(piece);
    size_t done = 0;
    bool same = true;
    while (done < n && same) {
        ssize_t r = zc_transport_recv(t, buf, ZC_MIN(piece, n - done));
        if (r <= 0)
            break;
        same = !memcmp(buf, p + done, (size_t)r);
        done += (size_t)r;
    }
    free(buf);
    return same && done == n;
}

static bool crosses(struct zc_transport *a, struct zc_transport *b,
                    struct job j, size_t room)
{
    j.t = a;
    pthread_create(&j.thread, NULL, send_job, &j);
    bool same = recv_all(b, j.p, j.n, room);
    pthread_join(j.thread, NULL);
    return same && !j.result;
}

static void sizes(int how, bool hard)
{
    static const size_t all[] = {1, 2, 99, 100, 101, 4095, 4096, 4097,
                                 16380, 16384, 16388, 131072, 262143, 262144,
                                 262145, 3 * MIB + 1};
    static const size_t shapes[][3] = {
        /* bytes in a vector, in a call, in a buffer that receives */
        {MIB, 8 * MIB, MIB}, {1000, 4096, 4096}, {70, 90, 33},
        {40000, 400000, 1}, {300000, 600000, 262144}};
    struct zc_transport *a, *b;
    uint8_t *p = bytes(all[ZC_ARRAY_LEN(all) - 1], hard);
    both(&a, &b, how);
    for (size_t k = 0; k < ZC_ARRAY_LEN(shapes); k++) {
        int good = 0;
        for (size_t i = 0; i < ZC_ARRAY_LEN(all); i++)
            if (shapes[k][2] == 1 && all[i] > MIB)
                good++; /* that is a matter of patience */
            else
                good += crosses(a, b,
                            (struct job){.p = p, .n = all[i],
                                         .piece = shapes[k][0],
                                         .call = shapes[k][1]},
                            shapes[k][2]);
        ok(good == ZC_ARRAY_LEN(all), "how %d, %s: %zu, %zu, %zu", how,
           hard ? "hard" : "soft", shapes[k][0], shapes[k][1], shapes[k][2]);
    }
    uint64_t wire = zc_transport_wire(a, true, 0);
    ok(wire == zc_transport_wire(b, false, 0), "both ends count alike");
    free(p);
    zc_transport_free(a);
    zc_transport_free(b);
}

#define SOME (3 * MIB)

static void shrinks(int how)
{
    struct zc_transport *a, *b;
    uint8_t *soft = bytes(SOME, false), *hard = bytes(SOME, true);
    both(&a, &b, how);
    struct job j = {.p = soft, .n = SOME, .piece = MIB, .call = MIB};
    ok(crosses(a, b, j, MIB), "level %d", how);
    uint64_t wire = zc_transport_wire(a, true, 0);
    ok(wire < SOME * 3 / 4, "... it shrinks: %.2f MiB", (double)wire / MIB);
    j.p = hard;
    ok(crosses(a, b, j, MIB), "... what does not shrink");
    wire = zc_transport_wire(a, true, 0) - wire;
    ok(wire < SOME + SOME / 500, "... does not grow");
    free(soft);
    free(hard);
    zc_transport_free(a);
    zc_transport_free(b);
}

static void at_once(void)
{
    struct zc_transport *a, *b;
    uint8_t *p = bytes(6 * MIB, false), *q = bytes(6 * MIB, true);
    both(&a, &b, ZC_COMPRESS_AUTO);
    struct job j = {.t = b, .p = q, .n = 6 * MIB, .piece = MIB, .call = 70000};
    struct job i = {.t = a, .p = p, .n = 6 * MIB, .piece = 999, .call = 80000};
    pthread_create(&i.thread, NULL, send_job, &i);
    pthread_create(&j.thread, NULL, send_job, &j);
    /* One after the other takes room for 6 MiB that nobody receives. */
    bool good = true;
    for (size_t at = 0; at < 6 * MIB && good; at += 65536)
        good = recv_all(b, p + at, 65536, 5000) &&
               recv_all(a, q + at, 65536, 70000);
    pthread_join(i.thread, NULL);
    pthread_join(j.thread, NULL);
    ok(good && !i.result && !j.result, "both directions at once");
    free(p);
    free(q);
    zc_transport_free(a);
    zc_transport_free(b);
}

/* --- files --- */

struct file_job {
    struct zc_transport *t;
    int fd;
    size_t n;
    bool dense, short_file;
    int result;
};

static void *send_file(void *arg)
{
    struct file_job *j = arg;
    struct zc_mover m;
    int eno;
    zc_mover_init(&m, ZC_MOVER_AUTO);
    m.density.dense = j->dense;
    j->result = zc_mover_send(&m, j->t, j->fd, 0, j->n, &j->short_file, &eno);
    zc_mover_fini(&m);
    return NULL;
}

static int temp_file(const uint8_t *p, size_t n)
{
    int fd = open("/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, p, n) != (ssize_t)n)
        skip_all("no temporary file");
    return fd;
}

static void file(int how, bool hard, bool dense, size_t cut)
{
    const size_t n = 5 * MIB + 123;
    struct zc_transport *a, *b;
    struct zc_mover m;
    uint8_t *p = bytes(n, hard), *q = calloc(1, n);
    int in = temp_file(p, n - cut), out = temp_file((uint8_t *)"", 0);
    int eno = 0;
    pthread_t thread;
    both(&a, &b, how);
    struct file_job j = {.t = a, .fd = in, .n = n, .dense = dense};
    memset(p + n - cut, 0, cut);
    zc_mover_init(&m, ZC_MOVER_AUTO);
    pthread_create(&thread, NULL, send_file, &j);
    int r = zc_mover_recv(&m, b, out, 0, n, &eno);
    pthread_join(thread, NULL);
    ok(!r && !eno && !j.result && j.short_file == (cut > 0) &&
           pread(out, q, n, 0) == (ssize_t)n && !memcmp(p, q, n),
       "a file: how %d, %s, %s, %zu cut off%s", how, hard ? "hard" : "soft",
       dense ? "dense by its name" : "any", cut, as_ktls ? ", kernel TLS" : "");
    ok(crosses(a, b, (struct job){.p = p, .n = 100, .piece = 100, .call = 100},
               100),
       "... and what follows");
    uint64_t wire = zc_transport_wire(a, true, 0);
    ok(wire == zc_transport_wire(b, false, 0), "... counted alike");
    if (dense && !cut) /* the zeros that take its place may shrink */
        ok(wire >= n && wire < n + 500, "... as it is");
    zc_mover_fini(&m);
    close(in);
    close(out);
    free(p);
    free(q);
    zc_transport_free(a);
    zc_transport_free(b);
}

/* --- streams made here --- */

static ZSTD_CCtx *zstd(int window)
{
    ZSTD_CCtx *z = ZSTD_createCCtx();
    if (!z)
        skip_all("out of memory");
    ZSTD_CCtx_setParameter(z, ZSTD_c_windowLog, window);
    return z;
}

static size_t head(uint8_t *out, uint32_t n, bool squeezed)
{
    n = htole32(n | (squeezed ? ZC_COMPRESS_SQUEEZED : 0));
    memcpy(out, &n, sizeof n);
    return sizeof n;
}

/* A block of N bytes at P, to OUT. */
static size_t block(ZSTD_CCtx *z, uint8_t *out, const void *p, size_t n,
                    ZSTD_EndDirective end)
{
    ZSTD_inBuffer i = {p, n, 0};
    ZSTD_outBuffer o = {out + ZC_COMPRESS_HEADER, MIB, 0};
    ZSTD_compressStream2(z, &o, &i, end);
    return head(out, (uint32_t)o.pos, true) + o.pos;
}

struct drip {
    struct zc_transport *t;
    const uint8_t *p;
    size_t n, each;
};

static void *drip(void *arg)
{
    const struct drip *d = arg;
    for (size_t at = 0; at < d->n; at += d->each) {
        struct iovec iov = {(void *)(d->p + at), ZC_MIN(d->each, d->n - at)};
        if (zc_transport_send(d->t, &iov, 1))
            break;
    }
    shutdown(d->t->poll_wfd, SHUT_WR);
    return NULL;
}

/* What recv says, after all it gave, to N bytes, of which EACH come at a time,
 * and then the end: errno, or 0. *GOT: how many it gave. */
static int fate(const uint8_t *p, size_t n, size_t each, size_t *got)
{
    struct zc_transport *a, *b;
    uint8_t buf[5000];
    ssize_t r;
    pthread_t thread;
    pair(&a, &b);
    b = over(b, ZC_COMPRESS_AUTO);
    struct drip d = {a, p, n, each};
    pthread_create(&thread, NULL, drip, &d);
    *got = 0;
    while ((r = zc_transport_recv(b, buf, sizeof buf)) > 0)
        *got += (size_t)r;
    int eno = r ? errno : 0;
    if (r && (zc_transport_recv(b, buf, 1) >= 0 || errno != eno))
        eno = -1; /* it was to stay so */
    pthread_join(thread, NULL);
    zc_transport_free(a);
    zc_transport_free(b);
    return eno;
}

static void cuts(void)
{
    uint8_t *p = bytes(3000, false), out[10000];
    ZSTD_CCtx *z = zstd(ZC_COMPRESS_WINDOW_LOG);
    size_t one = block(z, out, p, 2000, ZSTD_e_flush), got;
    size_t two = one + head(out + one, 50, false) + 50;
    memcpy(out + two - 50, p, 50);
    size_t n = two + block(z, out + two, p + 2000, 1000, ZSTD_e_flush);
    int bad = 0, early = 0;
    for (size_t at = 1; at < n; at += at < two - 60 || at > two + 5 ? 7 : 1) {
        int eno = fate(out, at, at, &got);
        bool border = at == one || at == two;
        bad += eno != (border ? 0 : ECONNRESET);
        early += got < (at >= two ? 2050u : at >= one ? 2000u : 0u);
    }
    is_int(bad, 0, "wherever the stream is cut, it is noticed");
    is_int(early, 0, "... after what was whole");
    for (size_t each = 1; each < 40; each += 6)
        ok(!fate(out, n, each, &got) && got == 3050, "%zu at a time", each);
    int strange = 0;
    for (size_t at = 0; at < n; at += at < 20 ? 1 : 5) {
        out[at] ^= 0x41;
        int eno = fate(out, n, n, &got);
        strange += eno != 0 && eno != EBADMSG && eno != ECONNRESET;
        out[at] ^= 0x41;
    }
    is_int(strange, 0, "wherever it is changed, it ends well");
    ZSTD_freeCCtx(z);
    free(p);
}

static void nonsense(void)
{
    uint8_t *p = calloc(1, 2 * MIB), *out = calloc(1, 2 * MIB);
    size_t got, n;
    ZSTD_CCtx *z = zstd(ZC_COMPRESS_WINDOW_LOG);
    n = head(out, 0, false);
    is_int(fate(out, n, n, &got), EBADMSG, "a block of nothing");
    n = head(out, 0, true);
    is_int(fate(out, n, n, &got), EBADMSG, "... compressed");
    n = head(out, ZC_COMPRESS_BARE_MAX + 1, false);
    is_int(fate(out, n, n, &got), EBADMSG, "a block that is too long");
    n = head(out, ZC_COMPRESS_SQUEEZED_MAX + 1, true);
    is_int(fate(out, n, n, &got), EBADMSG, "... compressed");
    memcpy(out + head(out, 20, true), "this is not zstd's..", 20);
    is_int(fate(out, 24, 24, &got), EBADMSG, "something else than zstd's");

    n = block(z, out, p, ZC_COMPRESS_PLAIN_MAX, ZSTD_e_flush);
    ok(!fate(out, n, n, &got) && got == ZC_COMPRESS_PLAIN_MAX,
       "as much as a block may become");
    ZSTD_CCtx_reset(z, ZSTD_reset_session_only);
    n = block(z, out, p, ZC_COMPRESS_PLAIN_MAX + 1, ZSTD_e_flush);
    is_int(fate(out, n, n, &got), EBADMSG, "more than that");
    ok(got <= ZC_COMPRESS_PLAIN_MAX, "... is not given");

    ZSTD_CCtx_reset(z, ZSTD_reset_session_only);
    n = block(z, out, p, 1000, ZSTD_e_end);
    is_int(fate(out, n, n, &got), EBADMSG, "a stream that ends");
    /* RFC 8878, 3.1.2: a frame to be skipped, in which is nothing. */
    memcpy(out + head(out, 12, true),
           "\x50\x2a\x4d\x18\x04\0\0\0....", 12);
    is_int(fate(out, 16, 16, &got), EBADMSG, "a block without a byte in it");
    ZSTD_freeCCtx(z);

    z = zstd(ZC_COMPRESS_WINDOW_LOG + 1);
    n = block(z, out, p, 1000, ZSTD_e_flush);
    is_int(fate(out, n, n, &got), EBADMSG, "a window that is too large");
    ZSTD_freeCCtx(z);
    free(p);
    free(out);
}

/* --- words --- */

static void words(void)
{
    static const struct {
        const char *text;
        int how;
    } good[] = {{"auto", ZC_COMPRESS_AUTO}, {"off", ZC_COMPRESS_OFF},
                {"zstd", 3}, {"zstd:1", 1}, {"zstd:19", 19}, {"zstd:-7", -7},
                {"zstd:0", 3}};
    static const char *const bad[] = {"", "on", "zstd:", "zstd:x", "zstd:20",
                                      "zstd:-101", "zstd:3 ", "zstd3", "AUTO",
                                      "zstd:99999999999999999999"};
    int how;
    for (size_t i = 0; i < ZC_ARRAY_LEN(good); i++)
        ok(!zc_compress_parse(good[i].text, &how) && how == good[i].how,
           "%s", good[i].text);
    for (size_t i = 0; i < ZC_ARRAY_LEN(bad); i++)
        ok(zc_compress_parse(bad[i], &how) == -1, "not '%s'", bad[i]);
    ok(zc_compress_level(-5000) == ZC_COMPRESS_LEVEL_MIN &&
           zc_compress_level(22) == ZC_COMPRESS_LEVEL_MAX &&
           zc_compress_level(0) == ZC_COMPRESS_LEVEL,
       "levels have their limits");
}

int main(void)
{
    static const int hows[] = {ZC_COMPRESS_AUTO, ZC_COMPRESS_LEVEL};
    for (size_t i = 0; i < ZC_ARRAY_LEN(hows); i++)
        for (int hard = 0; hard < 2; hard++) {
            sizes(hows[i], hard);
            for (int dense = 0; dense < 2; dense++)
                for (size_t cut = 0; cut < 4 * MIB; cut += MIB + 77) {
                    file(hows[i], hard, dense, cut);
                    as_ktls = true;
                    file(hows[i], hard, dense, cut);
                    as_ktls = false;
                }
        }
    shrinks(ZC_COMPRESS_LEVEL_MIN);
    shrinks(ZC_COMPRESS_LEVEL);
    shrinks(ZC_COMPRESS_LEVEL_MAX);
    at_once();
    cuts();
    nonsense();
    words();
    return done_testing();
}
