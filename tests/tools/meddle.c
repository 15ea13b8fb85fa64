// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Somebody on the path between two zcsync: sees what crosses, and does to it
 * what an attacker would.
 *
 *     meddle [OPTION...] --to ADDR:PORT      stands in front of a server
 *     meddle [OPTION...] --answer FILE       is the server: sends FILE
 *     meddle [OPTION...] --send FILE --to ADDR:PORT
 *                                            is the client: sends FILE
 *
 * The first two print "listening ADDR:PORT", and the first "up N down N" for
 * each connection that has ended: bytes that came from the client ("up") and
 * from the server ("down"). The third writes what it is answered to standard
 * output, and when its peer has closed the connection "closed after N ms" to
 * standard error.
 *
 *     --save PREFIX        what came, unchanged, goes into PREFIX.up, .down
 *     --once               only the first connection is meddled with
 *     --flip DIR:BIT       that bit of the stream, counted from 0
 *     --poke DIR:AT:HEX    these bytes in place of those from AT on
 *     --cut DIR:N          after N bytes both sides see the end
 *     --drip MS            one byte at a time, so far apart
 *     --delay MS           so long before anything is passed on
 *     --from ADDR          where the client's end is
 *     --listen ADDR        where it listens (127.0.0.1)
 *     --hang               after FILE the client waits, and does not say that
 *                          this was all
 *
 * For sealed connections (zcsync-protocol(7)), not for kernel TLS; record 0 is
 * the first after a direction's HELLO, and so belongs to the handshake:
 *
 *     --drop DIR:K         record K is left out
 *     --repeat DIR:K       it comes twice
 *     --swap DIR:K         it comes after the next one
 *
 * DIR is up or down. A process per connection: poll, read, change, write.
 */
#include "base/buf.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/util.h"
#include "proto/hello.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHUNK 65536
#define LENGTH 2 /* bytes that say how long a record is */
#define NEVER UINT64_MAX

enum { UP, DOWN };
static const char *const dir_names[] = {"up", "down"};

/* What is done to one direction. */
struct plan {
    uint64_t flip, cut, drop, repeat, swap; /* NEVER: not */
    uint64_t poke;
    struct zc_buf poked;
};

struct options {
    struct plan plans[2];
    const char *to, *answer, *send, *save, *from, *listen;
    int drip_ms, delay_ms;
    bool once, hang;
};

/* One direction of a connection. */
struct way {
    const struct plan *plan;
    int from, to, save;
    uint64_t in; /* bytes so far */
    struct zc_buf part;  /* of a record, which is not all there */
    struct zc_buf aside; /* a record that is to come after the next */
    struct zc_buf due;   /* to be written, from `done` on */
    size_t done;
    uint64_t record;
    bool ended;
};

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "meddle: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void pause_ms(int ms)
{
    if (ms)
        zc_clock_sleep_ns(ms * INT64_C(1000000));
}

/* --- addresses --- */

static struct sockaddr_in address(const char *text)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    char host[64];
    const char *colon = strrchr(text, ':');
    int n = colon ? (int)(colon - text) : (int)strlen(text);
    snprintf(host, sizeof host, "%.*s", n, text);
    if (inet_pton(AF_INET, host, &a.sin_addr) != 1) {
        fprintf(stderr, "meddle: %s is not ADDR:PORT\n", text);
        exit(1);
    }
    a.sin_port = htons((uint16_t)(colon ? atoi(colon + 1) : 0));
    return a;
}

static int connect_to(const struct options *o)
{
    struct sockaddr_in to = address(o->to);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        die("socket");
    if (o->from) {
        struct sockaddr_in from = address(o->from);
        if (bind(fd, (struct sockaddr *)&from, sizeof from))
            die(o->from);
    }
    if (connect(fd, (struct sockaddr *)&to, sizeof to))
        die(o->to);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    return fd;
}

static int listener(const struct options *o)
{
    struct sockaddr_in a = address(o->listen ? o->listen : "127.0.0.1");
    char text[INET_ADDRSTRLEN];
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, n) || listen(fd, 64) ||
        getsockname(fd, (struct sockaddr *)&a, &n))
        die("listen");
    inet_ntop(AF_INET, &a.sin_addr, text, sizeof text);
    printf("listening %s:%d\n", text, ntohs(a.sin_port));
    fflush(stdout);
    return fd;
}

/* --- what is done to a direction --- */

/* Changes bytes of the N at P, which are those from AT on in the stream. */
static void change(const struct plan *plan, uint64_t at, uint8_t *p, size_t n)
{
    uint64_t bit = plan->flip;
    if (bit != NEVER && bit / 8 >= at && bit / 8 - at < n)
        p[bit / 8 - at] ^= (uint8_t)(1 << bit % 8);
    for (size_t i = 0; i < plan->poked.len; i++)
        if (plan->poke + i >= at && plan->poke + i - at < n)
            p[plan->poke + i - at] = plan->poked.data[i];
}

static void pass_record(struct way *w, const void *bytes, size_t n)
{
    uint64_t k = w->record++;
    if (k == w->plan->swap) {
        zc_buf_put(&w->aside, bytes, n);
        return;
    }
    if (k != w->plan->drop)
        zc_buf_put(&w->due, bytes, n);
    if (k == w->plan->repeat)
        zc_buf_put(&w->due, bytes, n);
    zc_buf_put(&w->due, w->aside.data, w->aside.len);
    zc_buf_reset(&w->aside);
}

/* Passes on what is whole of w->part: HELLO, then records. */
static void pass_records(struct way *w)
{
    size_t at = 0, have = w->part.len;
    const uint8_t *p = w->part.data;
    if (w->in == have) { /* nothing has been taken out yet: HELLO is in it */
        if (have < ZC_HELLO_SIZE)
            return;
        zc_buf_put(&w->due, p, ZC_HELLO_SIZE);
        at = ZC_HELLO_SIZE;
    }
    while (have - at >= LENGTH) {
        size_t n = LENGTH + ((size_t)p[at] << 8 | p[at + 1]);
        if (have - at < n)
            break;
        pass_record(w, p + at, n);
        at += n;
    }
    struct zc_buf rest = ZC_BUF_INIT;
    zc_buf_put(&rest, p + at, have - at);
    zc_buf_fini(&w->part);
    w->part = rest;
}

static bool by_record(const struct plan *p)
{
    return p->drop != NEVER || p->repeat != NEVER || p->swap != NEVER;
}

/* Takes what has come. */
static void take(struct way *w, uint8_t *bytes, size_t n)
{
    if (w->save >= 0 && zc_io_write(w->save, bytes, n))
        die("--save");
    change(w->plan, w->in, bytes, n);
    w->in += n;
    if (by_record(w->plan)) {
        zc_buf_put(&w->part, bytes, n);
        pass_records(w);
    } else {
        zc_buf_put(&w->due, bytes, n);
    }
}

/* --- a connection --- */

/* Where both sides see the end, if it is now. */
static bool cut_now(struct way *w, uint64_t written)
{
    return w->plan->cut != NEVER && written >= w->plan->cut;
}

/* Reads once from W. False when the connection is to end for both. */
static bool read_some(struct way *w, const struct options *o)
{
    uint8_t bytes[CHUNK];
    size_t want = o->drip_ms ? 1 : sizeof bytes;
    if (w->plan->cut != NEVER)
        want = ZC_MIN(want, (size_t)ZC_MIN(w->plan->cut - w->in, CHUNK));
    ssize_t n = want ? read(w->from, bytes, want) : 0;
    if (n < 0)
        return errno == EINTR || errno == EAGAIN;
    if (n == 0) {
        w->ended = true;
        zc_buf_put(&w->due, w->part.data, w->part.len);
        zc_buf_put(&w->due, w->aside.data, w->aside.len);
        zc_buf_reset(&w->part);
        zc_buf_reset(&w->aside);
        return true;
    }
    pause_ms(o->drip_ms + o->delay_ms);
    take(w, bytes, (size_t)n);
    return true;
}

static bool write_some(struct way *w)
{
    ssize_t n = send(w->to, w->due.data + w->done, w->due.len - w->done,
                     MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0)
        return errno == EINTR || errno == EAGAIN;
    w->done += (size_t)n;
    if (w->done == w->due.len) {
        zc_buf_reset(&w->due);
        w->done = 0;
    }
    return true;
}

/* What poll is to look for. */
static struct pollfd interest(const struct way *w)
{
    if (w->due.len)
        return (struct pollfd){.fd = w->to, .events = POLLOUT};
    return (struct pollfd){.fd = w->ended ? -1 : w->from, .events = POLLIN};
}

/* False when the connection is to end for both. */
static bool step(struct way *w, short revents, const struct options *o)
{
    bool was_due = w->due.len > 0, had_ended = w->ended;
    if (revents && !(was_due ? write_some(w) : read_some(w, o)))
        return false;
    if (!w->due.len && cut_now(w, w->in))
        return false;
    if (!w->due.len && w->ended && (was_due || !had_ended))
        shutdown(w->to, SHUT_WR);
    return true;
}

static int save_file(const struct options *o, int dir)
{
    char name[4096];
    if (!o->save)
        return -1;
    snprintf(name, sizeof name, "%s.%s", o->save, dir_names[dir]);
    int fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        die(name);
    return fd;
}

static void relay(const struct options *o, const struct plan plans[2], int a)
{
    int b = connect_to(o);
    struct way ways[2] = {
        {.plan = &plans[UP], .from = a, .to = b, .save = save_file(o, UP)},
        {.plan = &plans[DOWN], .from = b, .to = a, .save = save_file(o, DOWN)}};
    for (;;) {
        struct pollfd p[2] = {interest(&ways[UP]), interest(&ways[DOWN])};
        if (p[0].fd < 0 && p[1].fd < 0)
            break;
        if (poll(p, 2, -1) < 0 && errno != EINTR)
            die("poll");
        if (!step(&ways[UP], p[0].revents, o) ||
            !step(&ways[DOWN], p[1].revents, o))
            break;
    }
    printf("up %llu down %llu\n", (unsigned long long)ways[UP].in,
           (unsigned long long)ways[DOWN].in);
    fflush(stdout);
}

/* --- the ends --- */

static void send_file(const struct options *o, const char *name, int to)
{
    uint8_t bytes[CHUNK];
    ssize_t n;
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        die(name);
    while ((n = read(fd, bytes, o->drip_ms ? 1 : sizeof bytes)) > 0) {
        pause_ms(o->drip_ms);
        for (ssize_t done = 0, w; done < n; done += w) {
            w = send(to, bytes + done, (size_t)(n - done), MSG_NOSIGNAL);
            if (w < 0) /* it has heard enough */
                n = w = 0;
        }
        if (n == 0)
            break;
    }
    close(fd);
}

/* To standard output, until FD ends. */
static void print_rest(int fd)
{
    uint8_t bytes[CHUNK];
    ssize_t n;
    while ((n = read(fd, bytes, sizeof bytes)) > 0)
        if (zc_io_write(STDOUT_FILENO, bytes, (size_t)n))
            die("standard output");
}

static int be_client(const struct options *o)
{
    int fd = connect_to(o);
    int64_t start = zc_clock_ns();
    send_file(o, o->send, fd);
    if (!o->hang)
        shutdown(fd, SHUT_WR);
    print_rest(fd);
    fprintf(stderr, "closed after %lld ms\n",
            (long long)((zc_clock_ns() - start) / 1000000));
    return 0;
}

static void be_server(const struct options *o, int fd)
{
    uint8_t dropped[CHUNK];
    send_file(o, o->answer, fd);
    while (read(fd, dropped, sizeof dropped) > 0)
        ;
}

static _Noreturn void serve(const struct options *o)
{
    static const struct plan nothing = {NEVER, NEVER, NEVER, NEVER, NEVER,
                                        NEVER, ZC_BUF_INIT};
    const struct plan plain[2] = {nothing, nothing};
    int l = listener(o);
    signal(SIGCHLD, SIG_IGN);
    for (unsigned count = 0;; count++) {
        int fd = accept4(l, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            continue;
        pid_t pid = fork();
        if (pid < 0)
            die("fork");
        if (pid == 0) {
            close(l);
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
            if (o->answer)
                be_server(o, fd);
            else
                relay(o, o->once && count ? plain : o->plans, fd);
            _exit(0);
        }
        close(fd);
    }
}

/* --- options --- */

static _Noreturn void usage(void)
{
    fputs("meddle: see the beginning of meddle.c\n", stderr);
    exit(1);
}

/* "DIR:" in front of *TEXT, which is moved behind it. */
static int direction(char **text)
{
    for (int d = UP; d <= DOWN; d++) {
        size_t n = strlen(dir_names[d]);
        if (strncmp(*text, dir_names[d], n) == 0 && (*text)[n] == ':') {
            *text += n + 1;
            return d;
        }
    }
    usage();
}

static uint64_t number(char **text)
{
    char *end;
    uint64_t n = strtoull(*text, &end, 10);
    if (end == *text)
        usage();
    *text = *end ? end + 1 : end;
    return n;
}

static void take_poke(struct plan *p, char *text)
{
    unsigned byte;
    int used;
    p->poke = number(&text);
    for (; sscanf(text, "%2x%n", &byte, &used) == 1 && used == 2; text += 2)
        zc_buf_u8(&p->poked, (uint8_t)byte);
}

static const struct option long_options[] = {
    {"to", 1, NULL, 't'},     {"answer", 1, NULL, 'a'},
    {"send", 1, NULL, 's'},   {"save", 1, NULL, 'S'},
    {"once", 0, NULL, 'o'},   {"flip", 1, NULL, 'f'},
    {"poke", 1, NULL, 'p'},   {"cut", 1, NULL, 'c'},
    {"drip", 1, NULL, 'd'},   {"delay", 1, NULL, 'D'},
    {"from", 1, NULL, 'F'},   {"hang", 0, NULL, 'h'},
    {"drop", 1, NULL, 'x'},   {"repeat", 1, NULL, 'r'},
    {"swap", 1, NULL, 'w'},   {"listen", 1, NULL, 'l'},
    {NULL, 0, NULL, 0}};

static void take_option(struct options *o, int c, char *text)
{
    struct plan *p = NULL;
    if (strchr("fpcxrw", c))
        p = &o->plans[direction(&text)];
    switch (c) {
    case 't': o->to = text; break;
    case 'a': o->answer = text; break;
    case 's': o->send = text; break;
    case 'S': o->save = text; break;
    case 'F': o->from = text; break;
    case 'l': o->listen = text; break;
    case 'o': o->once = true; break;
    case 'h': o->hang = true; break;
    case 'd': o->drip_ms = atoi(text); break;
    case 'D': o->delay_ms = atoi(text); break;
    case 'f': p->flip = number(&text); break;
    case 'c': p->cut = number(&text); break;
    case 'x': p->drop = number(&text); break;
    case 'r': p->repeat = number(&text); break;
    case 'w': p->swap = number(&text); break;
    case 'p': take_poke(p, text); break;
    default: usage();
    }
}

int main(int argc, char **argv)
{
    struct options o = {0};
    for (int d = UP; d <= DOWN; d++)
        o.plans[d] = (struct plan){NEVER, NEVER, NEVER, NEVER, NEVER,
                                   NEVER, ZC_BUF_INIT};
    for (int c; (c = getopt_long(argc, argv, "", long_options, NULL)) != -1;)
        take_option(&o, c, optarg);
    if (optind != argc || !o.to == !o.answer || (o.send && !o.to))
        usage();
    if (o.send)
        return be_client(&o);
    serve(&o);
}
