// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One stream over several channels: what is cut into records comes out as it was,
 * whatever the windows are and however it is read (net/lanes.c); and the process
 * that merges, with channels that come, do not come, and end (daemon/lanes.c).
 */
#include "tap.h"

#include "base/io.h"
#include "daemon/lanes.h"
#include "net/lanes.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define LANE_MAX ((size_t)1 << 22)
#define STREAM ((size_t)3000000)

static struct zc_err err;
static const uint8_t name[ZC_LANES_NAME] = "0123456789abcde";

struct lane {
    uint8_t *bytes;
    size_t wrote, read, window;
};

static uint32_t seed;
static uint32_t draw(uint32_t below)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % below;
}

/* A byte that tells where it was. */
static uint8_t at(size_t i)
{
    return (uint8_t)(i * 2654435761u >> 13);
}

static void write_some(struct zc_lanes_out *o, struct lane *lanes, size_t *sent,
                       size_t len)
{
    size_t room[ZC_LANES_MAX], n;
    const uint8_t *head = zc_lanes_todo(o, &n);
    if (!n) {
        for (unsigned i = 0; i < ZC_LANES_MAX; i++)
            room[i] = lanes[i].window;
        if (!zc_lanes_decide(o, len - *sent, room))
            return;
        head = zc_lanes_todo(o, &n);
    }
    struct lane *l = &lanes[o->current];
    if (n > l->window)
        n = l->window;
    n = n > 1 ? 1 + draw((uint32_t)n) : n;
    for (size_t i = 0; i < n; i++)
        l->bytes[l->wrote++] = head ? head[i] : at((*sent)++);
    l->window -= n;
    zc_lanes_wrote(o, n);
}

/* False: what came is not what was sent. */
static bool read_some(struct zc_lanes_in *in, struct lane *lanes, size_t *got)
{
    uint8_t *word;
    size_t n = zc_lanes_next(in, &word);
    struct lane *l = &lanes[in->current];
    if (n > l->wrote - l->read)
        n = l->wrote - l->read;
    if (!n)
        return true;
    n = 1 + draw((uint32_t)n);
    for (size_t i = 0; i < n; i++, l->read++) {
        if (word)
            word[i] = l->bytes[l->read];
        else if (l->bytes[l->read] != at((*got)++))
            return false;
    }
    return zc_lanes_took(in, n) == 0;
}

/* WINDOW: what a lane's is at most. How many lanes were used; 0: it failed. */
static unsigned carry(size_t window, unsigned n_lanes, size_t len)
{
    struct lane lanes[ZC_LANES_MAX] = {0};
    struct zc_lanes_out o;
    struct zc_lanes_in in = {.joined = 1};
    size_t sent = 0, got = 0;
    unsigned used = 0;
    bool good = true;
    for (unsigned i = 0; i < ZC_LANES_MAX; i++)
        lanes[i].bytes = malloc(LANE_MAX);
    lanes[0].window = window;
    zc_lanes_begin(&o, name);
    for (unsigned turns = 0; good && got < len && turns < 30000000; turns++) {
        unsigned i = draw(ZC_LANES_MAX);
        struct lane *l = &lanes[i];
        if (i && i < n_lanes && sent > len / 4 && !(in.joined & 1u << i)) {
            in.joined |= 1u << i;
            l->window = window;
        } else if (in.joined & 1u << i && draw(8) == 0) {
            l->window = window - (l->wrote - l->read);
        }
        write_some(&o, lanes, &sent, len);
        if (lanes[0].read == 0 && lanes[0].wrote >= sizeof name)
            lanes[0].read = sizeof name;
        if (lanes[0].read && draw(4))
            good = read_some(&in, lanes, &got);
    }
    good = good && got == len && !memcmp(lanes[0].bytes, name, sizeof name);
    for (unsigned i = 0; i < ZC_LANES_MAX; i++) {
        used += lanes[i].wrote > 0;
        free(lanes[i].bytes);
    }
    return good ? used : 0;
}

static void test_carry(void)
{
    static const size_t lengths[] = {1, 4095, 4096, 4097, STREAM};
    for (seed = 1; seed < 4; seed++) {
        uint32_t keep = seed;
        for (size_t i = 0; i < 5; i++)
            is_int(carry(200000, 1, lengths[i]), 1, "%zu bytes, one lane",
                   lengths[i]);
        ok(carry(200000, ZC_LANES_MAX, STREAM) > 1, "several lanes");
        is_int(carry(100, ZC_LANES_MAX, 20000), 1, "a window of 100 bytes");
        is_int(carry(24, 1, 3000), 1, "and one of 24");
        seed = keep;
    }
}

static int take_word(uint32_t word, unsigned joined, struct zc_lanes_in *in)
{
    const uint8_t bytes[4] = {(uint8_t)word, (uint8_t)(word >> 8),
                              (uint8_t)(word >> 16), (uint8_t)(word >> 24)};
    *in = (struct zc_lanes_in){.joined = joined};
    for (int i = 0; i < 4; i++) {
        uint8_t *into;
        zc_lanes_next(in, &into);
        *into = bytes[i];
        if (zc_lanes_took(in, 1))
            return -1;
    }
    return 0;
}

static void test_words(void)
{
    struct zc_lanes_in in;
    ok(!take_word(ZC_LANES_RECORD_MAX, 1, &in) && in.left == ZC_LANES_RECORD_MAX,
       "the longest record");
    ok(take_word(ZC_LANES_RECORD_MAX + 1, 1, &in), "a longer one");
    ok(take_word(0, 1, &in), "an empty one");
    ok(!take_word(0xffff0003, 9, &in) && in.current == 3, "a switch");
    ok(take_word(0xffff0002, 9, &in), "to a lane that has not joined");
    ok(take_word(0xffff0004, ~0u, &in), "to one that cannot be");
    ok(take_word(0xffffffff, ~0u, &in), "another");
    ok(take_word(0xfffe0000, ~0u, &in), "no record");

    struct zc_lanes_join j = {.lane = 3}, k;
    uint8_t bytes[ZC_LANES_JOIN_SIZE];
    memcpy(j.name, name, sizeof name);
    zc_lanes_encode(&j, bytes);
    ok(!zc_lanes_decode(bytes, &k, &err) && k.lane == 3 &&
           !memcmp(k.name, name, sizeof name),
       "who wants to join says so");
    bytes[8] = 4;
    ok(zc_lanes_decode(bytes, &k, &err), "but not as just any");
    bytes[8] = 0;
    ok(zc_lanes_decode(bytes, &k, &err), "nor as the first");
    bytes[8] = 1;
    bytes[0] = 'Z';
    ok(zc_lanes_decode(bytes, &k, &err), "and in no other words");
}

/* --- the merger --- */

struct session {
    struct zc_transport *t;
    int to; /* lane 0 */
    int back;
};

static void start(struct session *s, bool pipes)
{
    int in[2], out[2];
    if (pipes ? pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC)
              : socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in))
        exit(1);
    s->to = in[1];
    s->back = pipes ? out[0] : dup(in[1]);
    s->t = zc_transport_new_fds(in[0], pipes ? out[1] : dup(in[0]), "test");
    if (!s->t || zc_lanes_accept(&s->t, &err) ||
        zc_io_write(s->to, name, sizeof name))
        exit(1);
}

static void end(struct session *s)
{
    int status;
    zc_transport_free(s->t);
    ok(wait(&status) > 0 && status == 0, "the merger goes, too");
    close(s->to);
    close(s->back);
}

/* Runs what sshd would for another channel. Its standard input is *TO then. */
static pid_t join_as(uint8_t lane, const uint8_t *of, int *to, uint8_t answer[8])
{
    int in[2], out[2];
    struct zc_lanes_join j = {.lane = lane};
    uint8_t bytes[ZC_LANES_JOIN_SIZE];
    memcpy(j.name, of, sizeof j.name);
    zc_lanes_encode(&j, bytes);
    if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
        exit(1);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        close_range(3, ~0u, 0);
        _exit(zc_lanes_join(&err) ? 1 : 0);
    }
    close(in[0]);
    close(out[1]);
    memset(answer, 0, 8);
    if (zc_io_write(in[1], bytes, sizeof bytes) ||
        zc_io_read(out[0], answer, 8) < 0)
        exit(1);
    close(out[0]);
    *to = in[1];
    return pid;
}

static bool says(struct session *s, const char *text)
{
    char got[100];
    size_t have = 0, n = strlen(text);
    zc_transport_set_timeout(s->t, 20);
    while (have < n) {
        ssize_t r = zc_transport_recv(s->t, got + have, n - have);
        if (r <= 0)
            return false;
        have += (size_t)r;
    }
    return !memcmp(got, text, n);
}

static bool ends(struct session *s)
{
    char c;
    zc_transport_set_timeout(s->t, 20);
    return zc_transport_recv(s->t, &c, 1) == 0;
}

static void put(int fd, const char *bytes, size_t n)
{
    if (zc_io_write(fd, bytes, n))
        exit(1);
}
#define PUT(fd, text) put(fd, text, sizeof text - 1)

static int code(pid_t pid)
{
    int status;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_merger(bool pipes)
{
    struct session s;
    uint8_t answer[8];
    int second, third, other;
    diag("%s", pipes ? "pipes" : "a socket");
    start(&s, pipes);
    PUT(s.to, "\5\0\0\0first");
    ok(says(&s, "first"), "one lane will do");
    pid_t a = join_as(2, name, &second, answer);
    ok(!memcmp(answer, zc_lanes_joined, 8), "another one joins");
    pid_t b = join_as(2, name, &other, answer);
    ok(memcmp(answer, zc_lanes_joined, 8), "not twice");
    is_int(code(b), 1, "and is told");
    close(other);
    b = join_as(1, name, &third, answer);
    ok(!memcmp(answer, zc_lanes_joined, 8), "a third one joins");
    PUT(third, "\5\0\0\0third\0\0\xff\xff");
    PUT(second, "\6\0\0\0sec");
    PUT(s.to, "\1\0\0\0,\2\0\xff");
    PUT(s.to, "\xff");
    ok(says(&s, ",sec"), "each is read when it is its turn");
    PUT(second, "ond\1\0\xff\xff");
    ok(says(&s, "ondthird"), "in pieces");
    PUT(s.to, "\3\0\0\0end");
    ok(says(&s, "end"), "and again");
    shutdown(s.to, SHUT_WR);
    if (pipes)
        dup2(s.back, s.to);
    ok(ends(&s), "an end of the current one is the end");
    is_int(code(a), 0, "of the others, too");
    is_int(code(b), 0, "likewise");
    close(second);
    close(third);
    end(&s);
}

/* What is sent is as before: a peer that does not read is not waited for. */
static void test_patience(bool pipes)
{
    static char bytes[4 * ZC_MIB];
    struct iovec iov = {bytes, sizeof bytes};
    struct session s;
    start(&s, pipes);
    zc_transport_set_timeout(s.t, 1);
    alarm(20);
    ok(zc_transport_send(s.t, &iov, 1) && errno == ETIMEDOUT,
       "a reader that is not there ends in time (%s)",
       pipes ? "pipes" : "a socket");
    alarm(100);
    end(&s);
}

static void test_nonsense(void)
{
    struct session s;
    uint8_t answer[8];
    int to;
    start(&s, false);
    PUT(s.to, "\1\0\0\0x\1\0\xff\xff\1\0\0\0y");
    ok(says(&s, "x") && ends(&s), "a lane that is not there is the end");
    end(&s);
    start(&s, true);
    pid_t a = join_as(1, name, &to, answer);
    PUT(s.to, "\1\0\xff\xff");
    PUT(to, "\5\0\0\0ab");
    close(to);
    ok(says(&s, "ab") && ends(&s), "and so is one that ends within a record");
    is_int(code(a), 0, "its process goes");
    end(&s);
    start(&s, true);
    a = join_as(1, name, &to, answer);
    zc_transport_free(s.t);
    is_int(code(a), 0, "a session that ends ends them");
    close(to);
    s.t = NULL;
    end(&s);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    alarm(100);
    test_carry();
    test_words();
    test_merger(true);
    test_merger(false);
    test_patience(true);
    test_patience(false);
    test_nonsense();
    return done_testing();
}
