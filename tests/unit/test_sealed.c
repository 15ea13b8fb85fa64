// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Streams that encrypt: sizes around a record's, both directions at once, and
 * what comes of every way to tamper with the bytes in between. What is on the
 * wire is also made and read here, record by record, with nothing but the
 * cipher.
 */
#include "net/sealed.h"

#include "../tap.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define MIB ((size_t)1 << 20)
#define OVERHEAD 18 /* of a record: length and tag */

static const uint8_t key_ab[ZC_AEAD_KEY] = "one direction ................."
                                           ".",
                     key_ba[ZC_AEAD_KEY] = "and the other ................."
                                           ".";

/* What a test runs with. */
static enum zc_suite suite;
static const char *carrier;
static void (*connect_two)(int s[2]);

static void by_pair(int s[2])
{
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s))
        skip_all("no socket pair: %s", strerror(errno));
}

static void by_tcp(int s[2])
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof a;
    int l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    s[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (l < 0 || s[0] < 0 || bind(l, (struct sockaddr *)&a, n) ||
        listen(l, 1) || getsockname(l, (struct sockaddr *)&a, &n) ||
        connect(s[0], (struct sockaddr *)&a, n))
        skip_all("no TCP over loopback: %s", strerror(errno));
    s[1] = accept4(l, NULL, NULL, SOCK_CLOEXEC);
    close(l);
    for (int i = 0; i < 2; i++)
        setsockopt(s[i], IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
}

static struct zc_transport *sealed_over(int fd, const uint8_t *tx,
                                        const uint8_t *rx)
{
    struct zc_transport *t = zc_transport_new_fds(fd, fd, "peer");
    struct zc_transport *sealed = t ? zc_sealed_new(t, suite, tx, rx) : NULL;
    if (!sealed)
        skip_all("out of memory");
    return sealed;
}

/* Two that talk to each other. */
static void both(struct zc_transport **a, struct zc_transport **b)
{
    int s[2];
    connect_two(s);
    *a = sealed_over(s[0], key_ab, key_ba);
    *b = sealed_over(s[1], key_ba, key_ab);
    zc_transport_set_timeout(*a, 60); /* rather than hang */
    zc_transport_set_timeout(*b, 60);
}

static uint8_t pattern(size_t i)
{
    return (uint8_t)(i * 31 + i / 251);
}

struct job {
    struct zc_transport *t;
    size_t n, piece; /* bytes in all, and in one vector */
    size_t calls;    /* that they are spread over; 0: one */
    int result, eno;
    pthread_t thread;
};

/* Sends N patterned bytes; empty vectors among them. */
static void *send_job(void *arg)
{
    struct job *j = arg;
    size_t each = j->calls ? j->n / j->calls : j->n;
    uint8_t *bytes = malloc(j->n + 1);
    struct iovec *iov = calloc(2 * (each / j->piece + 2), sizeof *iov);
    for (size_t i = 0; i < j->n; i++)
        bytes[i] = pattern(i);
    for (size_t from = 0; from < j->n && !j->result; from += each) {
        size_t end = ZC_MIN(from + each, j->n);
        int used = 1;
        for (size_t at = from; at < end; at += j->piece) {
            iov[used++] = (struct iovec){bytes + at,
                                         ZC_MIN(j->piece, end - at)};
            iov[used++] = (struct iovec){NULL, 0};
        }
        iov[0] = (struct iovec){NULL, 0};
        j->result = zc_transport_send(j->t, iov, used);
    }
    j->eno = errno;
    free(iov);
    free(bytes);
    return NULL;
}

/* N patterned bytes come from T when it is asked for PIECE at a time. */
static bool recv_pattern(struct zc_transport *t, size_t n, size_t piece)
{
    uint8_t *buf = malloc(piece);
    size_t done = 0;
    bool same = true;
    while (done < n && same) {
        ssize_t r = zc_transport_recv(t, buf, ZC_MIN(piece, n - done));
        if (r <= 0)
            break;
        for (ssize_t i = 0; i < r; i++)
            same = same && buf[i] == pattern(done + (size_t)i);
        done += (size_t)r;
    }
    free(buf);
    return same && done == n;
}

static void sizes(void)
{
    static const size_t all[] = {1, 2, 100, 4095, 4096, 4097, 16384, 61439,
                                 61440, 61441, 65518, 65519, 65520, 65535,
                                 65536, 65537, 245759, 245760, 245761,
                                 5 * MIB + 1};
    static const size_t pieces[][2] = {
        /* vectors sent, buffers received */
        {MIB, MIB}, {8 * MIB, 1}, {1000, 4096}, {32768, 32768},
        {40000, 65536}, {1, 262144}};
    struct zc_transport *a, *b;
    both(&a, &b);
    for (size_t i = 0; i < ZC_ARRAY_LEN(all); i++) {
        int good = 0;
        for (size_t k = 0; k < ZC_ARRAY_LEN(pieces); k++) {
            struct job j = {.t = a, .n = all[i], .piece = pieces[k][0]};
            if (all[i] / ZC_MIN(pieces[k][0], pieces[k][1]) > MIB)
                j.n = 3 * 65536 + 1; /* it takes too long */
            pthread_create(&j.thread, NULL, send_job, &j);
            good += recv_pattern(b, j.n, pieces[k][1]);
            pthread_join(j.thread, NULL);
            good += j.result == 0 && !zc_transport_pending(b);
        }
        is_int(good, 2 * ZC_ARRAY_LEN(pieces), "%s: %zu bytes", carrier,
               all[i]);
    }
    uint8_t byte;
    is_int(zc_transport_send(a, NULL, 0), 0, "%s: nothing to send", carrier);
    is_int(zc_transport_recv(b, &byte, 0), 0, "%s: nothing to receive",
           carrier);
    zc_transport_free(a);
    is_int(zc_transport_recv(b, &byte, 1), 0, "%s: the end", carrier);
    struct job j = {.t = b, .n = MIB, .piece = MIB, .calls = 16};
    send_job(&j);
    ok(j.result == -1 && (j.eno == EPIPE || j.eno == ECONNRESET),
       "%s: nobody there: %s", carrier, strerror(j.eno));
    zc_transport_free(b);
}

struct rjob {
    struct zc_transport *t;
    size_t n;
    bool good;
    pthread_t thread;
};

static void *recv_job(void *arg)
{
    struct rjob *j = arg;
    j->good = recv_pattern(j->t, j->n, 100000);
    return NULL;
}

static void duplex(void)
{
    size_t n = 24 * MIB + 5;
    struct zc_transport *a, *b;
    both(&a, &b);
    struct job to_b = {.t = a, .n = n, .piece = 70000},
               to_a = {.t = b, .n = n, .piece = 3 * MIB, .calls = 9};
    struct rjob at_b = {.t = b, .n = n}, at_a = {.t = a, .n = n};
    pthread_create(&to_b.thread, NULL, send_job, &to_b);
    pthread_create(&to_a.thread, NULL, send_job, &to_a);
    pthread_create(&at_b.thread, NULL, recv_job, &at_b);
    recv_job(&at_a);
    pthread_join(at_b.thread, NULL);
    pthread_join(to_a.thread, NULL);
    pthread_join(to_b.thread, NULL);
    ok(at_a.good && at_b.good && !to_a.result && !to_b.result,
       "%s: both ways at once", carrier);
    zc_transport_free(a);
    zc_transport_free(b);
}

static void attributes(void)
{
    struct zc_transport *a, *b;
    both(&a, &b);
    ok(a->raw_rfd == -1 && a->raw_wfd == -1 && a->seals, "not raw, it seals");
    ok(a->poll_rfd >= 0 && a->poll_rfd == a->poll_wfd && a->socket,
       "something to poll");
    is_str(a->peer, "peer", "the peer's name");
    is_str(a->security, zc_suite_text(suite), "says how");
    is_int(a->timeout_ms, 60000, "its time-out");

    /* 100 bytes, of which 1 is taken: poll(2) has nothing to tell. */
    struct job j = {.t = a, .n = 100, .piece = 100};
    struct pollfd p = {.fd = b->poll_rfd, .events = POLLIN};
    uint8_t byte;
    ok(!zc_transport_pending(b), "nothing pending");
    send_job(&j);
    is_int(poll(&p, 1, 10000), 1, "poll tells of it");
    is_int(zc_transport_recv(b, &byte, 1), 1, "a byte of it");
    is_int(poll(&p, 1, 0), 0, "nothing to poll for");
    ok(zc_transport_pending(b), "the rest is pending");
    uint8_t rest[99];
    is_int(zc_transport_recv(b, rest, 99), 99, "and comes");
    ok(!zc_transport_pending(b), "nothing pending");
    zc_transport_free(a);
    zc_transport_free(b);
}

/* --- the wire --- */

/* Records made by hand. */
struct wire {
    uint8_t bytes[3 * 65600];
    size_t n;
};

/* Adds a record with N patterned bytes as number NONCE. */
static void wire_add(struct wire *w, const uint8_t *key, uint64_t nonce,
                     size_t n)
{
    static uint8_t plain[65536];
    struct zc_aead *aead = zc_aead_new(suite, key);
    for (size_t i = 0; i < n; i++)
        plain[i] = pattern(i);
    w->bytes[w->n] = (uint8_t)((n + ZC_AEAD_TAG) >> 8);
    w->bytes[w->n + 1] = (uint8_t)(n + ZC_AEAD_TAG);
    zc_aead_seal(aead, nonce, NULL, 0, plain, n, w->bytes + w->n + 2);
    zc_aead_free(aead);
    w->n += n + OVERHEAD;
}

static struct wire three_records(void)
{
    struct wire w = {.n = 0};
    for (unsigned i = 0; i < 3; i++)
        wire_add(&w, key_ab, i, 40);
    return w;
}

/* What B makes of the N bytes at BYTES and the end of the stream: how many
 * bytes it gives away, all of them right, or -1; *ENO is of what came then (0:
 * the end). */
static long fed(const uint8_t *bytes, size_t n, int *eno)
{
    int s[2];
    uint8_t buf[1000];
    long got = 0;
    bool right = true;
    connect_two(s);
    struct zc_transport *b = sealed_over(s[1], key_ba, key_ab);
    zc_transport_set_timeout(b, 60);
    right = write(s[0], bytes, n) == (ssize_t)n;
    close(s[0]);
    ssize_t r;
    while ((r = zc_transport_recv(b, buf, sizeof buf)) > 0) {
        for (ssize_t i = 0; i < r; i++)
            right = right && buf[i] == pattern((size_t)(got + i) % 40);
        got += r;
    }
    *eno = r ? errno : 0;
    /* And for ever after. */
    if (r && (zc_transport_recv(b, buf, 1) != -1 || errno != *eno ||
              !zc_transport_pending(b)))
        right = false;
    zc_transport_free(b);
    return right ? got : -1;
}

static void forged(void)
{
    struct wire w = three_records();
    int eno, bad = 0;
    is_int(fed(w.bytes, w.n, &eno), 120, "%s: three records by hand", carrier);
    is_int(eno, 0, "%s: and the end", carrier);
    for (size_t bit = 0; bit < w.n * 8; bit++) {
        w.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        long whole = (long)(bit / 8 / (40 + OVERHEAD)) * 40;
        /* A length that is too big waits for bytes that do not come. */
        if (fed(w.bytes, w.n, &eno) != whole ||
            (eno != EBADMSG && eno != ECONNRESET))
            bad++;
        w.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    is_int(bad, 0, "%s: any bit flipped ends it there", carrier);
    for (size_t n = 0; n < w.n; n++) {
        long whole = (long)(n / (40 + OVERHEAD));
        bool part = n % (40 + OVERHEAD);
        if (fed(w.bytes, n, &eno) != whole * 40 ||
            eno != (part ? ECONNRESET : 0))
            bad++;
    }
    is_int(bad, 0, "%s: cut anywhere: what was whole, and an error", carrier);
}

static void out_of_order(void)
{
    static const struct {
        const char *what;
        unsigned records[4], n;
        long got;
    } all[] = {{"two exchanged", {0, 2, 1}, 3, 40},
               {"the first is replayed", {0, 0, 1}, 3, 40},
               {"the last is replayed", {0, 1, 2, 2}, 4, 120},
               {"one is missing", {0, 2}, 2, 40},
               {"the first is missing", {1, 2}, 2, 0}};
    struct wire w = three_records();
    for (size_t i = 0; i < ZC_ARRAY_LEN(all); i++) {
        uint8_t bytes[4 * (40 + OVERHEAD)];
        int eno;
        for (unsigned k = 0; k < all[i].n; k++)
            memcpy(bytes + k * (40 + OVERHEAD),
                   w.bytes + all[i].records[k] * (40 + OVERHEAD),
                   40 + OVERHEAD);
        is_int(fed(bytes, all[i].n * (40 + OVERHEAD), &eno), all[i].got,
               "%s: %s", carrier, all[i].what);
        is_int(eno, EBADMSG, "%s: EBADMSG", carrier);
    }
}

static void strange_records(void)
{
    int eno;
    struct wire w = {.n = 0};
    wire_add(&w, key_ab, 0, 0);
    wire_add(&w, key_ab, 1, 40);
    is_int(fed(w.bytes, w.n, &eno), 0, "%s: a record of nothing", carrier);
    is_int(eno, EBADMSG, "%s: is none", carrier);
    for (unsigned n = 0; n <= 16; n++) {
        uint8_t bytes[40] = {0, (uint8_t)n};
        if (fed(bytes, 2 + n, &eno) != 0 || eno != EBADMSG)
            break;
        if (n == 16)
            ok(true, "%s: nor is one that is too short for a tag", carrier);
    }
    w = (struct wire){.n = 0};
    wire_add(&w, key_ba, 0, 40);
    is_int(fed(w.bytes, w.n, &eno), 0, "%s: our own key comes back", carrier);
    is_int(eno, EBADMSG, "%s: EBADMSG", carrier);
    w = (struct wire){.n = 0};
    suite = suite == ZC_SUITE_AESGCM ? ZC_SUITE_CHACHAPOLY : ZC_SUITE_AESGCM;
    wire_add(&w, key_ab, 0, 40);
    suite = suite == ZC_SUITE_AESGCM ? ZC_SUITE_CHACHAPOLY : ZC_SUITE_AESGCM;
    is_int(fed(w.bytes, w.n, &eno), 0, "%s: the other suite", carrier);
    is_int(eno, EBADMSG, "%s: EBADMSG", carrier);
}

/* Writes its bytes in pieces. */
struct feeder {
    int fd;
    const uint8_t *bytes;
    size_t n, piece;
    pthread_t thread;
};

static void *feed(void *arg)
{
    struct feeder *f = arg;
    for (size_t at = 0; at < f->n; at += f->piece) {
        size_t n = ZC_MIN(f->piece, f->n - at);
        if (write(f->fd, f->bytes + at, n) != (ssize_t)n)
            break;
    }
    close(f->fd);
    return NULL;
}

/* Records of any size that Noise allows, in pieces that arrive one by one. */
static void others(void)
{
    static const size_t all[] = {1, 65519, 16384, 65519, 5};
    static const size_t pieces[] = {1, 2, 17, 1000, 65535, 65537, 100000};
    static struct wire w;
    w.n = 0;
    for (size_t i = 0; i < ZC_ARRAY_LEN(all); i++)
        wire_add(&w, key_ab, i, all[i]);
    for (size_t k = 0; k < ZC_ARRAY_LEN(pieces); k++) {
        int s[2], good = 0;
        uint8_t byte;
        connect_two(s);
        struct zc_transport *b = sealed_over(s[1], key_ba, key_ab);
        struct feeder f = {.fd = s[0], .bytes = w.bytes, .n = w.n,
                           .piece = pieces[k]};
        zc_transport_set_timeout(b, 60);
        pthread_create(&f.thread, NULL, feed, &f);
        for (size_t i = 0; i < ZC_ARRAY_LEN(all); i++)
            good += recv_pattern(b, all[i], 50000);
        is_int(good, ZC_ARRAY_LEN(all), "%s: another's records, %zu bytes at "
               "a time", carrier, pieces[k]);
        is_int(zc_transport_recv(b, &byte, 1), 0, "%s: to the end", carrier);
        pthread_join(f.thread, NULL);
        zc_transport_free(b);
    }
}

/* --- many records --- */

#define MANY (2 * ZC_SEALED_REKEY + 3)

static void *send_many(void *arg)
{
    struct job *j = arg;
    for (size_t i = 0; i < MANY && !j->result; i++) {
        uint8_t byte = pattern(i);
        j->result = zc_transport_send(j->t, &(struct iovec){&byte, 1}, 1);
    }
    return NULL;
}

static bool read_all(int fd, uint8_t *p, size_t n)
{
    while (n) {
        ssize_t r = read(fd, p, n);
        if (r <= 0)
            return false;
        p += r;
        n -= (size_t)r;
    }
    return true;
}

static void rekeys(void)
{
    struct zc_transport *a, *b;
    both(&a, &b);
    struct job j = {.t = a};
    pthread_create(&j.thread, NULL, send_many, &j);
    ok(recv_pattern(b, MANY, 1000), "%s: %d records arrive", carrier, MANY);
    pthread_join(j.thread, NULL);
    zc_transport_free(a);
    zc_transport_free(b);

    /* The same, read by hand. */
    int s[2];
    size_t right = 0;
    connect_two(s);
    struct zc_aead *aead = zc_aead_new(suite, key_ab);
    j = (struct job){.t = sealed_over(s[0], key_ab, key_ba)};
    pthread_create(&j.thread, NULL, send_many, &j);
    for (size_t i = 0; i < MANY; i++) {
        uint8_t record[1 + OVERHEAD], plain = 0;
        bool crossing = i && i % ZC_SEALED_REKEY == 0;
        if (!read_all(s[1], record, sizeof record) || record[0] ||
            record[1] != 1 + ZC_AEAD_TAG)
            break;
        if (crossing && !zc_aead_open(aead, i, NULL, 0, record + 2,
                                      1 + ZC_AEAD_TAG, &plain))
            break;
        if (crossing)
            zc_aead_rekey(aead);
        if (zc_aead_open(aead, i, NULL, 0, record + 2, 1 + ZC_AEAD_TAG,
                         &plain) || plain != pattern(i))
            break;
        right++;
    }
    is_int(right, MANY, "%s: with a new key every %d", carrier,
           ZC_SEALED_REKEY);
    zc_transport_shutdown(j.t);
    pthread_join(j.thread, NULL);
    zc_transport_free(j.t);
    zc_aead_free(aead);
    close(s[1]);
}

/* --- waiting --- */

static void timeouts(void)
{
    struct wire w = three_records();
    uint8_t buf[40];
    int s[2];
    connect_two(s);
    struct zc_transport *b = sealed_over(s[1], key_ba, key_ab);
    is_int(zc_transport_set_timeout(b, 1), 0, "%s: a time-out", carrier);
    ok(write(s[0], w.bytes, 30) == 30, "%s: half a record", carrier);
    errno = 0;
    is_int(zc_transport_recv(b, buf, sizeof buf), -1, "%s: not all there",
           carrier);
    is_int(errno, ETIMEDOUT, "%s: ETIMEDOUT", carrier);
    zc_transport_set_recv_end(b, 1);
    errno = 0;
    is_int(zc_transport_recv(b, buf, sizeof buf), -1,
           "%s: nor at an end that is set", carrier);
    is_int(errno, ETIMEDOUT, "%s: which is the same", carrier);
    zc_transport_set_recv_end(b, 0);
    ok(!zc_transport_pending(b), "%s: nothing pending", carrier);
    ok(write(s[0], w.bytes + 30, 28 + 58) == 28 + 58, "%s: the rest", carrier);
    is_int(zc_transport_recv(b, buf, sizeof buf), 40, "%s: nothing is lost",
           carrier);
    ok(zc_transport_pending(b), "%s: another one is there", carrier);
    is_int(zc_transport_recv(b, buf, sizeof buf), 40, "%s: and comes",
           carrier);

    /* Nobody reads: final, because nobody knows how much went. */
    struct job j = {.t = b, .n = 32 * MIB, .piece = 32 * MIB};
    send_job(&j);
    is_int(j.result, -1, "%s: nobody reads", carrier);
    is_int(j.eno, ETIMEDOUT, "%s: send times out", carrier);
    j = (struct job){.t = b, .n = 1, .piece = 1};
    send_job(&j);
    is_int(j.result, -1, "%s: and never sends again", carrier);
    is_int(j.eno, ETIMEDOUT, "%s: for the same reason", carrier);
    ok(write(s[0], w.bytes + 116, 58) == 58 &&
           zc_transport_recv(b, buf, sizeof buf) == 40,
       "%s: but receives", carrier);
    zc_transport_free(b);
    close(s[0]);
}

static void *shutdown_job(void *arg)
{
    poll(NULL, 0, 50); /* give the other thread time to block */
    zc_transport_shutdown(arg);
    return NULL;
}

static void shut_down(void)
{
    struct zc_transport *a, *b;
    pthread_t thread;
    uint8_t byte;
    both(&a, &b);
    pthread_create(&thread, NULL, shutdown_job, a);
    ok(zc_transport_recv(a, &byte, 1) <= 0, "%s: shutdown wakes a receiver",
       carrier);
    pthread_join(thread, NULL);
    zc_transport_free(a);
    zc_transport_free(b);
    both(&a, &b);
    struct job j = {.t = a, .n = 32 * MIB, .piece = MIB};
    pthread_create(&thread, NULL, shutdown_job, a);
    send_job(&j);
    is_int(j.result, -1, "%s: shutdown wakes a sender", carrier);
    pthread_join(thread, NULL);
    zc_transport_free(a);
    zc_transport_free(b);
}

int main(void)
{
    static const enum zc_suite suites[] = {ZC_SUITE_CHACHAPOLY,
                                           ZC_SUITE_AESGCM};
    static const struct {
        const char *name;
        void (*connect_two)(int s[2]);
    } over[] = {{"socket pair", by_pair}, {"TCP", by_tcp}};
    static char text[80];
    signal(SIGPIPE, SIG_IGN);
    alarm(240);
    carrier = text;
    for (size_t i = 0; i < ZC_ARRAY_LEN(suites); i++)
        for (size_t k = 0; k < ZC_ARRAY_LEN(over); k++) {
            suite = suites[i];
            connect_two = over[k].connect_two;
            snprintf(text, sizeof text, "%s, %s", zc_suite_text(suite),
                     over[k].name);
            attributes();
            sizes();
            duplex();
            out_of_order();
            strange_records();
            others();
            shut_down();
            if (i == k) /* they take seconds */
                timeouts();
            if (connect_two == by_pair) {
                forged();
                rekeys();
            }
        }
    return done_testing();
}
