// SPDX-License-Identifier: GPL-2.0-or-later
/* Streams over socket pairs and pipes: short counts, time-outs, interruptions,
 * shutdown from elsewhere. */
#include "net/transport.h"

#include "base/clock.h"

#include "../tap.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>

/* What a test runs over: two transports that talk to each other. */
struct link {
    const char *kind;
    struct zc_transport *a, *b;
};

static struct link sockets(void)
{
    struct link l = {.kind = "socket pair"};
    struct zc_err err;
    if (zc_transport_pair(&l.a, &l.b, &err))
        skip_all("%s", err.text);
    return l;
}

static struct link pipes(void)
{
    struct link l = {.kind = "pipes"};
    int ab[2], ba[2];
    if (pipe2(ab, O_CLOEXEC) || pipe2(ba, O_CLOEXEC))
        skip_all("no pipes: %s", strerror(errno));
    l.a = zc_transport_new_fds(ba[0], ab[1], "a");
    l.b = zc_transport_new_fds(ab[0], ba[1], "b");
    return l;
}

static void link_free(struct link *l)
{
    zc_transport_free(l->a);
    zc_transport_free(l->b);
}

static uint8_t pattern(size_t i)
{
    return (uint8_t)(i * 31 + i / 251);
}

struct job {
    struct zc_transport *t;
    size_t n, piece; /* bytes in all, and in one vector */
    int result, eno;
};

/* Sends N patterned bytes in vectors of PIECE bytes, all in one call. */
static void *send_job(void *arg)
{
    struct job *j = arg;
    size_t count = j->n / j->piece + 2;
    uint8_t *bytes = malloc(j->n + 1);
    struct iovec *iov = calloc(count, sizeof *iov);
    int used = 1; /* the first vector stays empty */
    for (size_t i = 0; i < j->n; i++)
        bytes[i] = pattern(i);
    for (size_t at = 0; at < j->n; at += j->piece)
        iov[used++] = (struct iovec){bytes + at, ZC_MIN(j->piece, j->n - at)};
    j->result = zc_transport_send(j->t, iov, used);
    j->eno = errno;
    free(iov);
    free(bytes);
    return NULL;
}

static bool recv_pattern(struct zc_transport *t, size_t n)
{
    uint8_t buf[3000];
    for (size_t done = 0; done < n;) {
        ssize_t r = zc_transport_recv(t, buf, ZC_MIN(sizeof buf, n - done));
        if (r <= 0)
            return false;
        for (ssize_t i = 0; i < r; i++)
            if (buf[i] != pattern(done + (size_t)i))
                return false;
        done += (size_t)r;
    }
    return true;
}

static void sizes(struct link l)
{
    static const size_t all[] = {1, 2, 4095, 4096, 4097, 65537, 3000001};
    for (size_t i = 0; i < ZC_ARRAY_LEN(all); i++) {
        struct job j = {.t = l.a, .n = all[i], .piece = 1000};
        pthread_t thread;
        pthread_create(&thread, NULL, send_job, &j);
        ok(recv_pattern(l.b, all[i]), "%s: %zu bytes arrive", l.kind, all[i]);
        pthread_join(thread, NULL);
        is_int(j.result, 0, "%s: and were sent", l.kind);
    }
    is_int(zc_transport_send(l.a, NULL, 0), 0, "%s: nothing to send", l.kind);

    struct job many = {.t = l.b, .n = 5 * IOV_MAX + 1, .piece = 1};
    send_job(&many);
    is_int(many.result, 0, "%s: more than IOV_MAX vectors", l.kind);
    ok(recv_pattern(l.a, many.n), "%s: arrive the other way", l.kind);
}

static void end_of_stream(struct link l)
{
    uint8_t byte;
    struct job j = {.t = l.b, .n = 100, .piece = 100};
    zc_transport_free(l.a);
    is_int(zc_transport_recv(l.b, &byte, 1), 0, "%s: closed: end of stream",
           l.kind);
    send_job(&j);
    is_int(j.result, -1, "%s: sending to nobody fails", l.kind);
    is_int(j.eno, EPIPE, "%s: with EPIPE, not a signal", l.kind);
    zc_transport_free(l.b);
}

static void timeouts(struct link l)
{
    uint8_t byte;
    struct job j = {.t = l.b, .n = 8 << 20, .piece = 1 << 20};
    is_int(zc_transport_set_timeout(l.b, 1), 0, "%s: set a time-out", l.kind);
    errno = 0;
    is_int(zc_transport_recv(l.b, &byte, 1), -1, "%s: nothing comes", l.kind);
    is_int(errno, ETIMEDOUT, "%s: recv times out", l.kind);
    send_job(&j);
    is_int(j.result, -1, "%s: nobody reads", l.kind);
    is_int(j.eno, ETIMEDOUT, "%s: send times out", l.kind);
    is_int(zc_transport_set_timeout(l.b, UINT_MAX), 0,
           "%s: a time-out beyond what fits is cut", l.kind);
}

/* Says a byte every 50 ms. */
static void *drip_job(void *arg)
{
    struct job *j = arg;
    for (size_t i = 0; i < j->n && !j->result; i++) {
        j->result = zc_transport_send(j->t, &(struct iovec){"d", 1}, 1);
        poll(NULL, 0, 50);
    }
    return NULL;
}

static void recv_end(struct link l)
{
    uint8_t byte;
    pthread_t thread;
    struct job j = {.t = l.a, .n = 12};
    int64_t end = zc_clock_ns() + 300000000;
    zc_transport_set_timeout(l.b, 20);
    zc_transport_set_recv_end(l.b, end);
    pthread_create(&thread, NULL, drip_job, &j);
    ssize_t r;
    do
        r = zc_transport_recv(l.b, &byte, 1);
    while (r == 1);
    is_int(r < 0 ? errno : 0, ETIMEDOUT,
           "%s: bytes that keep coming do not put off the end", l.kind);
    ok(zc_clock_ns() >= end, "%s: which is not early", l.kind);
    pthread_join(thread, NULL);
    zc_transport_set_recv_end(l.b, 0);
    is_int(zc_transport_recv(l.b, &byte, 1), 1, "%s: without it, on it goes",
           l.kind);
}

static void *shutdown_job(void *arg)
{
    poll(NULL, 0, 100); /* give the other thread time to block */
    zc_transport_shutdown(arg);
    return NULL;
}

static void shut_down(struct link l, bool sending)
{
    pthread_t thread;
    uint8_t byte;
    struct job j = {.t = l.a, .n = 16 << 20, .piece = 1 << 20};
    pthread_create(&thread, NULL, shutdown_job, l.a);
    if (sending) {
        send_job(&j);
        is_int(j.result, -1, "%s: shutdown wakes a sender", l.kind);
    } else {
        ok(zc_transport_recv(l.a, &byte, 1) <= 0,
           "%s: shutdown wakes a receiver", l.kind);
    }
    pthread_join(thread, NULL);
    send_job(&j);
    is_int(j.result, -1, "%s: no sending afterwards", l.kind);
    ok(zc_transport_recv(l.a, &byte, 1) <= 0, "%s: no receiving", l.kind);
}

static void nothing(int sig)
{
    (void)sig;
}

/* A signal every two milliseconds, while the peer is slow. */
static void interrupted(struct link l)
{
    struct sigaction sa = {.sa_handler = nothing}; /* no SA_RESTART */
    struct itimerval tick = {{0, 2000}, {0, 2000}}, off = {0};
    struct job j = {.t = l.a, .n = 9 << 20, .piece = 70000};
    pthread_t thread;
    sigaction(SIGALRM, &sa, NULL);
    setitimer(ITIMER_REAL, &tick, NULL);
    pthread_create(&thread, NULL, send_job, &j);
    poll(NULL, 0, 50);
    ok(recv_pattern(l.b, j.n), "%s: all arrives through signals", l.kind);
    pthread_join(thread, NULL);
    is_int(j.result, 0, "%s: and was sent", l.kind);

    uint8_t byte;
    zc_transport_set_timeout(l.b, 1);
    errno = 0;
    is_int(zc_transport_recv(l.b, &byte, 1), -1, "%s: signals and silence",
           l.kind);
    is_int(errno, ETIMEDOUT, "%s: are a time-out", l.kind);
    setitimer(ITIMER_REAL, &off, NULL);
}

#define RAW_SIZE (3 * 1024 * 1024 + 77)

static void *sendfile_job(void *arg)
{
    struct job *j = arg;
    int fd = memfd_create("from", MFD_CLOEXEC);
    uint8_t *map;
    if (ftruncate(fd, RAW_SIZE) ||
        (map = mmap(NULL, RAW_SIZE, PROT_WRITE, MAP_SHARED, fd, 0)) ==
            MAP_FAILED)
        return NULL;
    for (size_t i = 0; i < RAW_SIZE; i++)
        map[i] = pattern(i);
    munmap(map, RAW_SIZE);
    off_t at = 0;
    while (at < RAW_SIZE) {
        if (zc_transport_wait(j->t, POLLOUT) ||
            sendfile(j->t->raw_wfd, fd, &at, RAW_SIZE) <= 0)
            break;
    }
    close(fd);
    j->result = at == RAW_SIZE ? 0 : -1;
    return NULL;
}

/* File data crosses the raw fds as the movers make it. */
static void raw(struct link l)
{
    struct job j = {.t = l.a};
    pthread_t thread;
    int p[2], got = 0;
    bool same = true;
    static uint8_t buf[64 * 1024];
    if (pipe2(p, O_CLOEXEC))
        return;
    pthread_create(&thread, NULL, sendfile_job, &j);
    while (got < RAW_SIZE) {
        if (zc_transport_wait(l.b, POLLIN))
            break;
        ssize_t r = splice(l.b->raw_rfd, NULL, p[1], NULL, sizeof buf, 0);
        if (r <= 0 || read(p[0], buf, sizeof buf) != r)
            break;
        for (ssize_t i = 0; i < r; i++, got++)
            same = same && buf[i] == pattern((size_t)got);
    }
    pthread_join(thread, NULL);
    is_int(got, RAW_SIZE, "%s: sendfile to splice", l.kind);
    ok(same && j.result == 0, "%s: unchanged", l.kind);

    zc_transport_set_timeout(l.b, 1);
    errno = 0;
    if (l.b->socket) {
        is_int(splice(l.b->raw_rfd, NULL, p[1], NULL, 1, 0), -1,
               "%s: splice from a silent peer", l.kind);
        is_int(errno, EAGAIN, "%s: gives up with EAGAIN", l.kind);
    } else {
        is_int(zc_transport_wait(l.b, POLLIN), -1, "%s: a silent peer",
               l.kind);
        is_int(errno, ETIMEDOUT, "%s: wait gives up", l.kind);
        zc_transport_shutdown(l.b);
        is_int(zc_transport_wait(l.b, POLLIN), -1, "%s: wait after shutdown",
               l.kind);
        is_int(errno, ESHUTDOWN, "%s: says so", l.kind);
    }
    close(p[0]);
    close(p[1]);
}

static void kinds(void)
{
    int p[2], file = open("/dev/null", O_RDWR | O_CLOEXEC);
    uint8_t byte;

    struct link l = sockets();
    ok(l.a->socket && l.a->raw_rfd >= 0 && l.a->raw_rfd == l.a->raw_wfd,
       "a socket pair is raw");
    is_str(l.a->peer, "local", "its peer is local");
    ok(fcntl(l.a->raw_rfd, F_GETFD) & FD_CLOEXEC, "close-on-exec");
    link_free(&l);

    l = pipes();
    ok(!l.a->socket && l.a->raw_rfd >= 0, "pipes are raw");
    link_free(&l);

    struct zc_transport *t = zc_transport_new_fds(file, file, "file");
    ok(!t->socket && t->raw_rfd < 0 && t->raw_wfd < 0, "a device is not");
    is_int(zc_transport_recv(t, &byte, 1), 0, "but it can be read");
    zc_transport_free(t);

    if (pipe2(p, O_CLOEXEC))
        return;
    int other = fcntl(p[0], F_DUPFD_CLOEXEC, 0);
    t = zc_transport_new_fds(p[0], p[1], "flags");
    zc_transport_free(t);
    is_int(fcntl(other, F_GETFL) & O_NONBLOCK, 0,
           "a pipe shared with others blocks again afterwards");
    close(other);
    zc_transport_free(NULL);

    int s[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s))
        return;
    t = zc_transport_new_fds(s[0], s[0], "nonblock");
    zc_transport_set_timeout(t, 1);
    errno = 0;
    is_int(zc_transport_recv(t, &byte, 1), -1, "a non-blocking socket waits");
    is_int(errno, ETIMEDOUT, "for its time-out");
    zc_transport_free(t);
    close(s[1]);
}

/* Descriptors among the bytes: in order, whatever is read at a time. */
static void passed(void)
{
    struct link l = sockets();
    char got[64] = "";
    int p[3][2];
    for (int i = 0; i < 3; i++) {
        if (pipe2(p[i], O_CLOEXEC))
            skip_all("no pipes: %s", strerror(errno));
        char bytes[] = "0123456";
        bytes[0] = (char)('a' + i);
        is_int(zc_transport_send(l.a, &(struct iovec){"before", 6}, 1), 0,
               "bytes alone");
        is_int(zc_transport_send_fd(l.a, bytes, 7, p[i][1]), 0,
               "bytes and a descriptor");
        close(p[i][1]);
    }
    is_int(zc_transport_take_fd(l.b), -1, "none is there before its bytes");
    size_t n = 0;
    while (n < 3 * 13) {
        ssize_t r = zc_transport_recv(l.b, got + n, n ? sizeof got - n : 7);
        if (r <= 0)
            break;
        n += (size_t)r;
    }
    is_str(got, "beforea123456beforeb123456beforec123456", "all bytes");
    for (int i = 0; i < 3; i++) {
        int fd = zc_transport_take_fd(l.b);
        char c = (char)('A' + i), back = 0;
        ok(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC &&
               write(fd, &c, 1) == 1 && read(p[i][0], &back, 1) == 1 &&
               back == c,
           "descriptor %d is what was sent %d.", i, i);
        close(fd);
        close(p[i][0]);
    }
    is_int(zc_transport_take_fd(l.b), -1, "and no more");
    link_free(&l);
}

static unsigned open_fds(void)
{
    unsigned n = 0;
    for (int fd = 0; fd < 1024; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

/* One for which there is no room keeps its place in the row; those that nobody
 * takes are closed. */
static void passed_in_vain(void)
{
    struct rlimit old, few;
    unsigned before = open_fds();
    struct link l = sockets();
    char got[8];
    getrlimit(RLIMIT_NOFILE, &old);
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    few = (struct rlimit){.rlim_cur = (rlim_t)fd + 1, .rlim_max = old.rlim_max};
    for (int i = 0; i < 3; i++)
        zc_transport_send_fd(l.a, "x", 1, fd);
    setrlimit(RLIMIT_NOFILE, &few);
    is_int(zc_transport_recv(l.b, got, sizeof got), 1, "no room for the first");
    setrlimit(RLIMIT_NOFILE, &old);
    is_int(zc_transport_recv(l.b, got, sizeof got), 1, "for the second there is");
    is_int(zc_transport_recv(l.b, got, sizeof got), 1, "... and the third");
    is_int(zc_transport_take_fd(l.b), -1, "the first did not come");
    int second = zc_transport_take_fd(l.b);
    ok(second >= 0, "the second did");
    close(second);
    for (int i = 0; i < 5; i++)
        zc_transport_send_fd(l.a, "x", 1, fd);
    for (int i = 0; i < 3; i++)
        zc_transport_recv(l.b, got, 1);
    close(fd);
    link_free(&l);
    is_int((int)open_fds(), (int)before, "what nobody took is closed");

    struct link p = pipes();
    ok(!p.a->passes_fds, "pipes pass none");
    is_int(zc_transport_take_fd(p.b), -1, "so there is none");
    link_free(&p);
}

/* A peer that sends more of them than anybody takes. */
static void too_many_passed(void)
{
    struct link l = sockets();
    char c;
    int r = 1;
    for (int i = 0; i < 100 && r == 1; i++) {
        if (zc_transport_send_fd(l.a, "x", 1, STDERR_FILENO))
            break;
        r = (int)zc_transport_recv(l.b, &c, 1);
    }
    ok(r == -1 && errno == EPROTO, "there is an end to it");
    link_free(&l);
}

int main(void)
{
    struct link (*make[])(void) = {sockets, pipes};
    signal(SIGPIPE, SIG_IGN);
    kinds();
    for (size_t i = 0; i < ZC_ARRAY_LEN(make); i++) {
        struct link l = make[i]();
        sizes(l);
        end_of_stream(l);
        void (*each[])(struct link) = {timeouts, recv_end, interrupted, raw};
        for (size_t k = 0; k < ZC_ARRAY_LEN(each); k++) {
            l = make[i]();
            each[k](l);
            link_free(&l);
        }
        for (int sending = 0; sending < 2; sending++) {
            l = make[i]();
            shut_down(l, sending);
            link_free(&l);
        }
    }
    passed();
    passed_in_vain();
    too_many_passed();
    return done_testing();
}
