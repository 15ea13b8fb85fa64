// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * daemon/handshakes.c: who gets through and with what, how many may try, what
 * becomes of those that do not, and what the log says of it. Clients that shake
 * hands are processes; the others are sockets that say nothing.
 */
#include "daemon/handshakes.h"

#include "base/clock.h"
#include "base/log.h"
#include "net/dial.h"
#include "proto/frame.h"
#include "proto/msg.h"

#include "../tap.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

static struct zc_err err;
static struct zc_identity *alice, *bob; /* alice connects */
static char port[16], log_path[] = "/tmp/zcsync-handshakes.XXXXXX";
static int listener, log_fd;

/* What came of the last one. */
static struct zc_transport *got;
static struct zc_secured secured;
static unsigned n_got;

static void on_done(void *arg, struct zc_transport *t, struct zc_secured *s)
{
    (void)arg;
    zc_transport_free(got);
    got = t;
    secured = *s;
    n_got++;
}

static struct zc_handshakes new_handshakes(void)
{
    struct zc_handshakes h = {.security = {.identity = bob}, .done = on_done};
    n_got = 0;
    if (ftruncate(log_fd, 0) || zc_handshakes_prepare(&h.security, &err))
        skip_all("%s", err.text);
    return h;
}

/* One turn of the loop around it. */
static void turn(struct zc_handshakes *h)
{
    struct pollfd l = {.fd = listener, .events = POLLIN};
    zc_pollfds fds = {0};
    if (zc_vec_push(&fds, l) || zc_handshakes_poll(h, &fds))
        return;
    poll(fds.v, fds.len, 20);
    zc_handshakes_polled(h, fds.v + 1, fds.len - 1);
    zc_handshakes_reap(h, false);
    zc_handshakes_tick(h, zc_clock_ns());
    if (fds.v[0].revents)
        zc_handshakes_accept(h, listener, NULL);
    zc_vec_fini(&fds);
}

/* Until so many have got through, been refused, and are at it. */
static bool until(struct zc_handshakes *h, unsigned through, uint64_t refused,
                  size_t left)
{
    for (int i = 0; i < 1000; i++) {
        if (n_got == through && h->refused == refused && h->v.len == left)
            return true;
        turn(h);
    }
    diag("%u got through, %llu were refused, %zu are left", n_got,
         (unsigned long long)h->refused, h->v.len);
    return false;
}

static const char *log_text(void)
{
    static char text[65536];
    ssize_t n = pread(log_fd, text, sizeof text - 1, 0);
    text[ZC_MAX(n, 0)] = '\0';
    return text;
}

static unsigned log_lines(void)
{
    unsigned n = 0;
    for (const char *p = log_text(); *p; p++)
        n += *p == '\n';
    return n;
}

static unsigned open_fds(void)
{
    unsigned n = 0;
    DIR *d = opendir("/proc/self/fd");
    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n;
}

/* A connection from 127.0.0.LAST that says nothing. */
static int connect_from(unsigned last)
{
    struct sockaddr_in to = {.sin_family = AF_INET}, from = to;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + last);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons((uint16_t)atoi(port));
    if (bind(fd, (struct sockaddr *)&from, sizeof from) ||
        connect(fd, (struct sockaddr *)&to, sizeof to))
        diag("could not connect: %s", strerror(errno));
    return fd;
}

static bool closed(int fd)
{
    char c;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, 20000) == 1 && recv(fd, &c, 1, 0) <= 0;
}

static bool has_ended(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, 0) != 0;
}

static int trust(void *arg, const uint8_t key[ZC_KEY_SIZE], struct zc_err *e)
{
    (void)arg;
    return zc_key_equal(key, bob->public_key)
               ? 0
               : zc_err_set(e, ZC_EXIT_START, 0, "not bob");
}

/* A client that does it right, in a process; it says a word and ends with 0
 * when it hears another. */
static pid_t client(const struct zc_security *sec)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid)
        return pid;
    char c;
    struct zc_transport *t = zc_dial("127.0.0.1", port, 10, &err);
    if (t)
        t = zc_shake(t, ZC_ROLE_SENDER, true, sec, &err);
    if (!t)
        _exit(err.code);
    zc_transport_set_timeout(t, 60);
    zc_transport_send(t, &(struct iovec){"w", 1}, 1);
    _exit(zc_transport_recv(t, &c, 1) == 1 && c == 'v' ? 0 : 99);
}

static int exit_code(pid_t pid)
{
    int status = -1;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The other end of client(). */
static bool talk(void)
{
    char c = 0;
    struct zc_transport *t = zc_secure(got, &secured, &err);
    if (!t)
        return false;
    got = t;
    zc_transport_set_timeout(t, 60);
    return zc_transport_recv(t, &c, 1) == 1 && c == 'w' &&
           zc_transport_send(t, &(struct iovec){"v", 1}, 1) == 0;
}

static void through(void)
{
    struct zc_handshakes h = new_handshakes();
    struct zc_security sec = {.identity = alice, .trust = trust};
    unsigned fds = open_fds();
    pid_t pid = client(&sec);
    ok(until(&h, 1, 0, 0), "somebody gets through, and the child is gone");
    ok(secured.sealed, "sealed");
    ok(zc_key_equal(secured.peer_key, alice->public_key), "it is known who");
    ok(talk(), "both have the same keys");
    is_int(exit_code(pid), 0, "the other one thinks so, too");
    ok(strstr(got->peer, "127.0.0.1:") == got->peer, "%s", got->peer);

    pid = client(&zc_security_plain);
    ok(until(&h, 1, 1, 0), "who cannot seal is refused");
    is_int(exit_code(pid), ZC_EXIT_START, "and knows why");
    ok(strstr(log_text(), ": refused: the peer speaks plain only"),
       "one line says so");
    is_int(log_lines(), 1, "and not more");

    h.security = zc_security_plain;
    pid = client(&zc_security_plain);
    ok(until(&h, 2, 1, 0), "if nobody minds, plain it is");
    ok(!secured.sealed && talk(), "which works");
    is_int(exit_code(pid), 0, "on both sides");
    zc_transport_free(got);
    got = NULL;
    zc_handshakes_fini(&h);
    is_int(open_fds(), fds, "nothing stays open");
}

static void failures(void)
{
    static const struct {
        const char *bytes, *why;
    } bad[] = {
        {"GET / HTTP/1.1\r\nHost: somewhere\r\n\r\n", "zcsync protocol"},
        {"zcsync\r\n", "closed the connection"},
        {"", "closed the connection"},
    };
    struct zc_handshakes h = new_handshakes();
    for (size_t i = 0; i < ZC_ARRAY_LEN(bad); i++) {
        ok(ftruncate(log_fd, 0) == 0, "a new log");
        int fd = connect_from(1);
        (void)!send(fd, bad[i].bytes, strlen(bad[i].bytes), MSG_NOSIGNAL);
        shutdown(fd, SHUT_WR);
        ok(until(&h, 0, i + 1, 0), "refused: %s", bad[i].why);
        ok(strstr(log_text(), ": refused: the peer ") &&
               strstr(log_text(), bad[i].why), "%s", log_text());
        is_int(log_lines(), 1, "in one line");
        close(fd);
    }
    h.security.hello_s = h.security.handshake_s = 1;
    int fd = connect_from(1);
    ok(until(&h, 0, 4, 0), "silence ends by itself");
    ok(strstr(log_text(), "did not shake hands in time"), "in time");
    close(fd);
    zc_handshakes_fini(&h);
}

static void limits(void)
{
    struct zc_handshakes h = new_handshakes();
    int fds[6];
    h.max = 4;
    h.max_per_address = 3;
    h.security.hello_s = h.security.handshake_s = 60;
    for (int i = 0; i < 4; i++)
        fds[i] = connect_from(1);
    ok(until(&h, 0, 1, 3), "a fourth of one address");
    ok(closed(fds[0]), "takes the place of the first");
    ok(strstr(log_text(), ": refused: made room for another"), "%s",
       log_text());
    ok(!has_ended(fds[1]) && !has_ended(fds[2]) && !has_ended(fds[3]),
       "and no other");
    fds[4] = connect_from(2);
    ok(until(&h, 0, 1, 4), "another address is welcome");
    fds[5] = connect_from(3);
    ok(until(&h, 0, 2, 4), "a fifth in all is, too");
    ok(closed(fds[1]), "in place of the oldest of those that are three");
    ok(!has_ended(fds[4]), "and not of one that is alone");
    is_int(h.waiting, 4, "there are not more than four");
    close(fds[2]);
    ok(until(&h, 0, 3, 3), "one gives up");
    fds[0] = connect_from(3);
    ok(until(&h, 0, 3, 4), "and there is room");
    fds[1] = connect_from(2);
    ok(until(&h, 0, 4, 4), "of pairs");
    ok(closed(fds[4]) || closed(fds[5]), "the oldest goes");
    close(fds[1]);
    close(fds[0]);
    ok(until(&h, 0, 6, 2), "the numbers are right");

    zc_handshakes_kill(&h);
    zc_handshakes_reap(&h, true);
    is_int(h.v.len, 0, "all can be ended");
    is_int(h.refused, 6, "which is no refusal");
    is_int(h.waiting, 0, "nobody waits");
    ok(closed(fds[3]) && closed(fds[5]), "their connections end, too");
    for (int i = 3; i < 6; i++)
        close(fds[i]);
    zc_handshakes_fini(&h);
}

/* Somebody keeps a hundred connections open and makes new ones all the time;
 * one who shakes hands as one should gets through. */
static void crowded(void)
{
    struct zc_handshakes h = new_handshakes();
    struct zc_security sec = {.identity = alice, .trust = trust};
    int fds[100];
    h.max = 8;
    h.max_per_address = 6;
    h.security.hello_s = h.security.handshake_s = 60;
    for (size_t i = 0; i < ZC_ARRAY_LEN(fds); i++) {
        fds[i] = connect_from(2 + i % 10);
        turn(&h);
    }
    ok(until(&h, 0, ZC_ARRAY_LEN(fds) - 8, 8), "eight of a hundred wait");
    pid_t pid = client(&sec);
    ok(until(&h, 1, ZC_ARRAY_LEN(fds) - 7, 7), "a peer finds one");
    ok(talk(), "and is served");
    is_int(exit_code(pid), 0, "to its content");
    ok(log_lines() < 20, "the log is short, %u lines", log_lines());
    zc_transport_free(got);
    got = NULL;
    zc_handshakes_kill(&h);
    zc_handshakes_reap(&h, true);
    for (size_t i = 0; i < ZC_ARRAY_LEN(fds); i++)
        close(fds[i]);
    zc_handshakes_fini(&h);
}

/* --- who is not let in --- */

static int only_bob(void *arg, const struct zc_secured *s, struct zc_err *told,
                    struct zc_err *logged)
{
    (void)arg;
    if (s->sealed && zc_key_equal(s->peer_key, bob->public_key))
        return 0;
    zc_err_set(told, ZC_EXIT_START, 0, "go away");
    return zc_err_set(logged, ZC_EXIT_START, 0, "it is not bob");
}

/* A client that ends with 0 when it is told to go away, and then hears the
 * end. */
static pid_t unwanted(const struct zc_security *sec, bool stay)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid)
        return pid;
    uint8_t in[ZC_FRAME_HEADER_SIZE + 200];
    size_t n = 0;
    struct zc_frame f;
    struct zc_msg_error m;
    struct zc_transport *t = zc_dial("127.0.0.1", port, 10, &err);
    if (t)
        t = zc_shake(t, ZC_ROLE_SENDER, true, sec, &err);
    if (!t)
        _exit(err.code);
    zc_transport_set_timeout(t, 60);
    /* What a client says at once. It must not keep it from hearing. */
    zc_transport_send(t, &(struct iovec){"I want to", 9}, 1);
    for (ssize_t r = 1; r > 0; n += (size_t)r)
        r = zc_transport_recv(t, in + n, sizeof in - n);
    if (stay)
        pause();
    if (zc_frame_decode(in, 1, &f, &err) || f.type != ZC_FRAME_ERROR ||
        n != ZC_FRAME_HEADER_SIZE + f.length)
        _exit(98);
    struct zc_bytes body = {in + ZC_FRAME_HEADER_SIZE, f.length};
    _exit(zc_error_decode(body, &m, &err) == 0 && m.code == ZC_EXIT_START &&
                  m.text.n == 7 && !memcmp(m.text.p, "go away", 7)
              ? 0
              : 97);
}

static void turned_away(void)
{
    struct zc_handshakes h = new_handshakes();
    struct zc_security sec = {.identity = alice, .trust = trust};
    h.admit = only_bob;
    pid_t pid = unwanted(&sec, false);
    ok(until(&h, 0, 1, 0), "who is not wanted does not get through");
    is_int(exit_code(pid), 0, "but hears why, sealed");
    ok(strstr(log_text(), ": refused: it is not bob"), "%s", log_text());
    is_int(log_lines(), 1, "in one line");
    sec.identity = bob;
    pid = client(&sec);
    ok(until(&h, 1, 1, 0), "bob does");
    ok(talk() && exit_code(pid) == 0, "and is served");

    h.security = zc_security_plain;
    pid = unwanted(&zc_security_plain, false);
    ok(until(&h, 1, 2, 0), "in plain");
    is_int(exit_code(pid), 0, "it is the same");

    h.security = (struct zc_security){.identity = bob};
    sec.identity = alice;
    int64_t from = zc_clock_ns();
    pid = unwanted(&sec, true);
    ok(until(&h, 1, 3, 0), "whoever stays");
    ok(zc_clock_ns() - from < 8 * ZC_NSEC_PER_SEC, "does not keep the place");
    kill(pid, SIGKILL);
    exit_code(pid);
    zc_transport_free(got);
    got = NULL;
    zc_handshakes_fini(&h);
}

/* --- what a child can reach --- */

static char *shared; /* memory that is */

static void let_go(void *arg, const struct zc_plain_peer *plain)
{
    (void)arg;
    (void)plain;
    munmap(shared, 4096);
}

/* Where the descriptor N of the process PID leads to. */
static const char *leads_to(pid_t pid, int n)
{
    static char path[64], to[256];
    snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)pid, n);
    ssize_t r = readlink(path, to, sizeof to - 1);
    to[ZC_MAX(r, 0)] = '\0';
    return to;
}

static bool has_shared(pid_t pid)
{
    char path[64], line[512], want[32];
    bool found = false;
    snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    snprintf(want, sizeof want, "%lx-", (unsigned long)shared);
    FILE *maps = fopen(path, "re");
    while (maps && !found && fgets(line, sizeof line, maps))
        found = strstr(line, want) && strstr(line, "zcsync-shared");
    if (maps)
        fclose(maps);
    return found;
}

/* FD, which is new, says the first half of a HELLO: its process, or 0. */
static pid_t speaks(struct zc_handshakes *h, int fd)
{
    for (int i = 0; i < 5; i++)
        turn(h);
    ok(h->v.len == 1 && h->v.v[0].pid == 0, "who says nothing has no process");
    (void)!send(fd, "zcsync\r\n", 8, MSG_NOSIGNAL);
    for (int i = 0; i < 500 && h->v.len == 1 && !h->v.v[0].pid; i++)
        turn(h);
    ok(h->v.len == 1 && h->v.v[0].pid, "who speaks has one");
    return h->v.len == 1 ? h->v.v[0].pid : 0;
}

static void reach(void)
{
    struct zc_handshakes h = new_handshakes();
    int memfd = memfd_create("zcsync-shared", MFD_CLOEXEC);
    if (memfd < 0 || ftruncate(memfd, 4096) || getuid() != 0) {
        skip(5, "needs root to look into another process");
        return;
    }
    shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
    close(memfd);
    h.forked = let_go;
    h.security.hello_s = h.security.handshake_s = 60;
    int fd = connect_from(1);
    pid_t pid = speaks(&h, fd);
    ok(pid > 0, "a child");
    for (int i = 0; i < 500 && strcmp(leads_to(pid, 1), "/dev/null"); i++)
        zc_clock_sleep_ns(20000000);
    is_str(leads_to(pid, 0), "/dev/null", "has no standard input");
    is_str(leads_to(pid, 1), "/dev/null", "no output");
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    is_str(leads_to(pid, 2), "/dev/null", "no log");
#endif
    ok(has_shared(getpid()) && !has_shared(pid), "and not what it let go of");
    zc_handshakes_kill(&h);
    zc_handshakes_reap(&h, true);
    munmap(shared, 4096);
    close(fd);
    zc_handshakes_fini(&h);
}

/* One that hangs, whatever it does with its clock. */
static void hanging(void)
{
    struct zc_handshakes h = new_handshakes();
    int fd = connect_from(1);
    pid_t pid = speaks(&h, fd);
    if (pid <= 0)
        return;
    int64_t now = zc_clock_ns();
    ok(zc_handshakes_next(&h, now) > 0 &&
           zc_handshakes_next(&h, now) <= 11 * ZC_NSEC_PER_SEC,
       "it has eleven seconds");
    kill(pid, SIGSTOP);
    zc_handshakes_tick(&h, now);
    is_int(h.refused, 0, "which have not passed");
    zc_handshakes_tick(&h, now + 12 * ZC_NSEC_PER_SEC);
    is_int(h.refused, 1, "now they have");
    ok(closed(fd), "it is over at once");
    is_int(zc_handshakes_next(&h, now), INT64_MAX, "and nothing is due");
    ok(until(&h, 0, 1, 0), "the child is gone");
    ok(strstr(log_text(), "did not shake hands in time"), "%s", log_text());
    close(fd);

    fd = connect_from(1);
    pid = speaks(&h, fd);
    if (pid <= 0)
        return;
    kill(pid, SIGKILL);
    ok(until(&h, 0, 2, 0), "is killed");
    ok(strstr(log_text(), "died"), "%s", log_text());
    ok(closed(fd), "and its connection ends");
    close(fd);
    zc_handshakes_fini(&h);
}

static void flood(void)
{
    struct zc_handshakes h = new_handshakes();
    for (int i = 0; i < 5000; i++)
        zc_handshakes_refuse(&h, true, "192.0.2.1:1", "the house is full");
    is_int(h.refused, 5000, "5000 that find no place are counted");
    ok(log_lines() < 50, "but not written, %u lines", log_lines());
    unsigned before = log_lines();
    zc_handshakes_refuse(&h, false, "192.0.2.2:1", "that is somebody else");
    is_int(log_lines(), before + 1, "other news come through");
    for (int i = 0; i < 5000; i++)
        zc_handshakes_refuse(&h, false, "192.0.2.2:1", "somebody else again");
    ok(log_lines() < 200, "and are not endless either, %u lines", log_lines());
    h.failures.at -= 10 * ZC_NSEC_PER_SEC; /* time passes */
    before = log_lines();
    zc_handshakes_refuse(&h, false, "192.0.2.3:1", "later");
    is_int(log_lines(), before + 2, "the first later one");
    ok(strstr(log_text(), "connections more were refused"),
       "tells how many there were");
    zc_handshakes_fini(&h);
}

int main(void)
{
    char bound[160];
    bool loopback;
    signal(SIGPIPE, SIG_IGN);
    alice = zc_identity_new(&err);
    bob = zc_identity_new(&err);
    listener = zc_listen("127.0.0.1", "0", bound, sizeof bound, &loopback,
                         &err);
    log_fd = mkstemp(log_path);
    if (!alice || !bob || listener < 0 || log_fd < 0)
        skip_all("%s", err.text);
    unlink(log_path);
    fcntl(listener, F_SETFL, O_NONBLOCK);
    fcntl(log_fd, F_SETFL, O_APPEND);
    snprintf(port, sizeof port, "%s", strrchr(bound, ':') + 1);
    int stderr_copy = dup(STDERR_FILENO);
    dup2(log_fd, STDERR_FILENO);
    through();
    failures();
    limits();
    crowded();
    turned_away();
    reach();
    hanging();
    flood();
    dup2(stderr_copy, STDERR_FILENO);
    close(stderr_copy);
    close(listener);
    close(log_fd);
    zc_identity_free(alice);
    zc_identity_free(bob);
    return done_testing();
}
