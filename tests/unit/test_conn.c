// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames over a socket pair: order, slabs, raw bytes between frames, damaged
 * and cut streams, turns to send. */
#include "session/conn.h"

#include "../tap.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

static struct zc_err err;
static struct zc_conn a, b;

static void setup(void)
{
    struct zc_transport *ta, *tb;
    if (zc_transport_pair(&ta, &tb, &err) || zc_conn_init(&a, ta, &err) ||
        zc_conn_init(&b, tb, &err))
        skip_all("%s", err.text);
    zc_transport_set_timeout(ta, 30); /* rather than hang */
    zc_transport_set_timeout(tb, 30);
    memset(&err, 0, sizeof err);
}

static void hang_up(struct zc_conn *l)
{
    zc_conn_fini(l);
    zc_transport_free(l->t);
    l->t = NULL;
}

static void teardown(void)
{
    hang_up(&a);
    hang_up(&b);
}

#define FRAMES 120

/* From nothing to the longest body; about 13 MiB in all. */
static size_t body_size(int i)
{
    return i % 40 == 39 ? ZC_FRAME_BODY_MAX : (size_t)(i % 10) * 21001;
}

static uint8_t pattern(int frame, size_t i)
{
    return (uint8_t)((size_t)frame * 7 + i * 31 + i / 251);
}

static bool is_pattern(struct zc_bytes body, int frame)
{
    if (body.n != body_size(frame))
        return false;
    for (size_t i = 0; i < body.n; i++)
        if (body.p[i] != pattern(frame, i))
            return false;
    return true;
}

static void *send_frames(void *arg)
{
    struct zc_buf buf = ZC_BUF_INIT;
    struct zc_err mine;
    int *result = arg;
    *result = 0;
    for (int i = 0; i < FRAMES; i++) {
        size_t at = zc_frame_begin(&buf, i % 2 ? ZC_FRAME_DATA : ZC_FRAME_FILE);
        uint8_t *p = zc_buf_reserve(&buf, body_size(i) + 1);
        for (size_t k = 0; p && k < body_size(i); k++)
            p[k] = pattern(i, k);
        buf.len += p ? body_size(i) : 0;
        zc_frame_end(&buf, at);
        /* Sometimes three at once. */
        if (i % 3 == 2 && zc_conn_send(&a, &buf, &mine))
            *result = -1;
    }
    if (buf.len)
        *result = -1;
    zc_buf_fini(&buf);
    return NULL;
}

static void many(bool exact)
{
    const char *how = exact ? "exact" : "not exact";
    struct {
        struct zc_bytes body;
        struct zc_slab *slab;
        int frame;
    } kept[FRAMES];
    int sent, in_order = 0, intact = 0, n_kept = 0, still = 0;
    uint64_t total = 0;
    pthread_t thread;
    setup();
    ok(zc_conn_idle(&a), "%s: nothing was sent yet", how);
    pthread_create(&thread, NULL, send_frames, &sent);
    for (int i = 0; i < FRAMES; i++) {
        struct zc_frame f;
        struct zc_bytes body;
        struct zc_slab *slab;
        if (zc_conn_recv(&b, exact, &f, &body, &slab, &err)) {
            diag("%s", err.text);
            break;
        }
        in_order += f.seq == (uint64_t)i + 1 && f.length == body.n &&
                    f.type == (i % 2 ? ZC_FRAME_DATA : ZC_FRAME_FILE);
        intact += is_pattern(body, i);
        total += body.n + ZC_FRAME_HEADER_SIZE;
        if (i % 17 == 3 || i == 39) {
            zc_slab_ref(slab);
            kept[n_kept].body = body;
            kept[n_kept].slab = slab;
            kept[n_kept++].frame = i;
        }
    }
    if (in_order < FRAMES)
        zc_transport_shutdown(b.t); /* lets the sender go */
    pthread_join(thread, NULL);
    is_int(sent, 0, "%s: frames were sent", how);
    is_int(in_order, FRAMES, "%s: all arrive, in order", how);
    is_int(intact, FRAMES, "%s: with their bodies", how);
    ok(total > 4 * ZC_MIB, "%s: several MiB of them", how);
    is_int(atomic_load(&a.bytes_out), total, "%s: bytes sent", how);
    is_int(atomic_load(&b.bytes_in), total, "%s: bytes received", how);
    ok(!zc_conn_idle(&a) && zc_conn_idle(&a), "%s: idle since", how);
    ok(!zc_conn_has_bytes(&b), "%s: nothing is left", how);
    teardown(); /* kept slabs outlive the link */
    for (int i = 0; i < n_kept; i++) {
        still += is_pattern(kept[i].body, kept[i].frame);
        zc_slab_unref(kept[i].slab);
    }
    is_int(still, n_kept, "%s: bodies that were kept are as they were", how);
    zc_slab_unref(NULL);
}

static void put_frame(struct zc_buf *buf, uint64_t seq, const char *body)
{
    struct zc_frame f = {(uint32_t)strlen(body), ZC_FRAME_DATA, 0, seq};
    uint8_t head[ZC_FRAME_HEADER_SIZE];
    zc_frame_encode(&f, head);
    zc_buf_put(buf, head, sizeof head);
    zc_buf_put_str(buf, body);
}

/* Sends the bytes of BUF as they are. */
static void send_raw(struct zc_buf *buf)
{
    struct iovec iov = {buf->data, buf->len};
    if (zc_transport_send(a.t, &iov, 1))
        diag("send: %s", strerror(errno));
    zc_buf_fini(buf);
}

/* Receives the frame with number SEQ and that body. */
static bool frame_is(bool exact, uint64_t seq, const char *want)
{
    struct zc_frame f;
    struct zc_bytes body;
    struct zc_slab *slab;
    return zc_conn_recv(&b, exact, &f, &body, &slab, &err) == 0 &&
           f.seq == seq && body.n == strlen(want) &&
           memcmp(body.p, want, body.n) == 0;
}

static void raw_bytes(void)
{
    struct zc_buf buf = ZC_BUF_INIT;
    char raw[8] = "";
    size_t got = 99;
    setup();
    put_frame(&buf, 1, "head");
    zc_buf_put_str(&buf, "rawbyte");
    put_frame(&buf, 2, "");
    zc_buf_put_str(&buf, "RAWBYTE");
    put_frame(&buf, 3, "next");
    zc_buf_put_str(&buf, "abcde");
    put_frame(&buf, 4, "last");
    send_raw(&buf);
    ok(frame_is(true, 1, "head"), "exact: a frame");
    ok(!zc_conn_has_bytes(&b), "exact: and no more");
    ok(zc_conn_take_raw(&b, 7, &got) == NULL && got == 0,
       "exact: no raw bytes to take");
    is_int(zc_transport_recv(b.t, raw, 7), 7, "exact: they are in the socket");
    is_str(raw, "rawbyte", "exact: unchanged");
    ok(frame_is(true, 2, ""), "exact: an empty frame");
    is_int(zc_transport_recv(b.t, raw, 7), 7, "exact: raw bytes behind it");
    is_str(raw, "RAWBYTE", "exact: unchanged");

    ok(frame_is(false, 3, "next"), "not exact: a frame");
    ok(zc_conn_has_bytes(&b), "not exact: more has come with it");
    const uint8_t *p = zc_conn_take_raw(&b, 2, &got);
    ok(p && got == 2 && memcmp(p, "ab", 2) == 0, "two raw bytes");
    p = zc_conn_take_raw(&b, 3, &got);
    ok(p && got == 3 && memcmp(p, "cde", 3) == 0, "three more");
    ok(frame_is(true, 4, "last"), "the frame behind them");
    ok(!zc_conn_has_bytes(&b), "was the last");

    put_frame(&buf, 5, "x");
    zc_buf_put_str(&buf, "few");
    send_raw(&buf);
    ok(frame_is(false, 5, "x"), "one more");
    p = zc_conn_take_raw(&b, 1000, &got);
    ok(p && got == 3 && memcmp(p, "few", 3) == 0,
       "fewer raw bytes than asked for");
    teardown();
}

/* Sends N bytes of a frame of 4, or all for 0, from a header like F; hangs up;
 * a good frame goes before. Returns what the second zc_conn_recv does. */
static int second(struct zc_frame f, size_t n)
{
    struct zc_buf buf = ZC_BUF_INIT;
    uint8_t head[ZC_FRAME_HEADER_SIZE];
    struct zc_bytes body;
    struct zc_slab *slab;
    setup();
    put_frame(&buf, 1, "good");
    size_t first = buf.len;
    zc_frame_encode(&f, head);
    zc_buf_put(&buf, head, sizeof head);
    zc_buf_put_str(&buf, "body");
    buf.len = first + n;
    send_raw(&buf);
    hang_up(&a);
    if (!frame_is(false, 1, "good"))
        diag("the first frame did not arrive");
    memset(&err, 0, sizeof err);
    int r = zc_conn_recv(&b, false, &f, &body, &slab, &err);
    hang_up(&b);
    return r;
}

static void broken(void)
{
    static const struct {
        const char *name, *text;
        struct zc_frame f;
        size_t n;
    } cases[] = {
        {"a number skipped", "damaged", {4, ZC_FRAME_DATA, 0, 3}, 20},
        {"a number repeated", "damaged", {4, ZC_FRAME_DATA, 0, 1}, 20},
        {"a flag", "damaged", {4, ZC_FRAME_DATA, 1, 2}, 20},
        {"a byte too long", "524289",
         {ZC_FRAME_BODY_MAX + 1, ZC_FRAME_DATA, 0, 2}, 20},
        {"far too long", "4294967295", {UINT32_MAX, ZC_FRAME_DATA, 0, 2}, 20},
        {"closed between frames", "closed", {4, ZC_FRAME_DATA, 0, 2}, 0},
        {"closed in a header", "closed", {4, ZC_FRAME_DATA, 0, 2}, 15},
        {"closed after a header", "closed", {4, ZC_FRAME_DATA, 0, 2}, 16},
        {"closed in a body", "closed", {4, ZC_FRAME_DATA, 0, 2}, 19},
    };
    is_int(second((struct zc_frame){4, ZC_FRAME_DATA, 0, 2}, 20), 0,
           "a good second frame");
    for (size_t i = 0; i < ZC_ARRAY_LEN(cases); i++) {
        is_int(second(cases[i].f, cases[i].n), -1, "%s", cases[i].name);
        is_int(err.code, ZC_EXIT_STREAM, "... is a broken stream");
        ok(strstr(err.text, cases[i].text), "... and says: %s", err.text);
    }
}

static void lost(void)
{
    struct zc_buf buf = ZC_BUF_INIT;
    setup();
    hang_up(&b);
    zc_frame_end(&buf, zc_frame_begin(&buf, ZC_FRAME_PING));
    is_int(zc_conn_send(&a, &buf, &err), -1, "sending to nobody");
    is_int(err.code, ZC_EXIT_SOCKET, "... is a lost connection");
    ok(zc_conn_trylock(&a), "... and leaves the turn to others");
    zc_conn_unlock(&a);
    is_int(zc_conn_error(&a, ETIMEDOUT, &err), -1, "a time-out");
    is_int(err.code, ZC_EXIT_TIMEOUT, "... has a code of its own");
    zc_buf_fini(&buf);
    hang_up(&a);
}

static int turns[3], n_turns; /* under the link's lock */

static void *take_turn(void *arg)
{
    zc_conn_lock(&a);
    turns[n_turns++] = *(int *)arg;
    zc_conn_unlock(&a);
    return NULL;
}

static uint64_t tickets(void)
{
    pthread_mutex_lock(&a.lock);
    uint64_t n = a.next_ticket;
    pthread_mutex_unlock(&a.lock);
    return n;
}

static void in_turn(void)
{
    int id[3] = {0, 1, 2}, good = 0;
    pthread_t thread[3];
    setup();
    ok(zc_conn_trylock(&a), "trylock");
    ok(!zc_conn_trylock(&a), "... not twice");
    zc_conn_unlock(&a);
    for (int round = 0; round < 20; round++) {
        zc_conn_lock(&a);
        n_turns = 0;
        uint64_t before = tickets();
        for (int i = 0; i < 3; i++) {
            pthread_create(&thread[i], NULL, take_turn, &id[i]);
            while (tickets() < before + (uint64_t)i + 1)
                poll(NULL, 0, 1);
        }
        good += n_turns == 0 && !zc_conn_trylock(&a);
        zc_conn_unlock(&a);
        for (int i = 0; i < 3; i++)
            pthread_join(thread[i], NULL);
        good += n_turns == 3 && turns[0] == 0 && turns[1] == 1 && turns[2] == 2;
    }
    is_int(good, 40, "first come, first served");
    ok(zc_conn_trylock(&a), "and free in the end");
    zc_conn_unlock(&a);
    teardown();
}

/* --- frames with a descriptor --- */

static void frame_with(struct zc_buf *buf, uint32_t number)
{
    zc_ref_encode(buf, ZC_FRAME_SENT, (struct zc_ref){number, 0});
}

/* The next frame is the one with NUMBER. */
static bool comes(uint32_t number)
{
    struct zc_frame f;
    struct zc_bytes body;
    struct zc_slab *slab;
    struct zc_ref ref;
    return !zc_conn_recv(&b, false, &f, &body, &slab, &err) &&
           !zc_ref_decode(body, &ref, &err) && ref.list == number;
}

/* Sends frames with descriptors that nobody takes, as one who may not have many on
 * their way, until that is refused; then one without. The number of the last. */
static uint32_t until_refused(void)
{
    struct zc_buf buf = ZC_BUF_INIT;
    struct rlimit few = {.rlim_cur = 30, .rlim_max = 30};
    uint32_t n = 0;
    int r = 0;
    setrlimit(RLIMIT_NOFILE, &few);
    if (geteuid() == 0 && setresuid(65534, 65534, 65534))
        return 0;
    for (; !r && n < 1000; n++) {
        frame_with(&buf, n);
        r = zc_conn_send_fd(&a, &buf, STDERR_FILENO, &err);
    }
    if (r != 1 || !buf.len)
        return 0;
    r = zc_conn_send(&a, &buf, &err); /* the same bytes, later */
    zc_buf_fini(&buf);
    return r ? 0 : n;
}

static void descriptors(void)
{
    int status = 0, good = 0;
    setup();
    pid_t child = fork();
    if (child == 0)
        _exit((int)until_refused());
    waitpid(child, &status, 0);
    int n = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    ok(n > 1, "there is an end to descriptors on their way, after %d", n - 1);
    for (int i = 0; i < n; i++) {
        good += comes((uint32_t)i);
        int fd = zc_transport_take_fd(b.t);
        good += (fd >= 0) == (i < n - 1);
        zc_close(&fd);
    }
    is_int(good, 2 * n, "all frames come in order, and the last without one");
    teardown();
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    alarm(120);
    many(false);
    many(true);
    raw_bytes();
    broken();
    lost();
    in_turn();
    descriptors();
    return done_testing();
}
