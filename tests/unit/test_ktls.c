// SPDX-License-Identifier: GPL-2.0-or-later
/* Kernel TLS: the keys, the probe, and, where the kernel has it (make
 * check-ktls brings one that does), records of its own, of a peer in user space
 * and forged ones, as recv, splice and the movers see them. */
#include "tap.h"

#include "base/io.h"
#include "move/mover.h"
#include "tlspeer.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>

static const uint8_t key_a[ZC_AEAD_KEY] = "the key of what a sends to b ..";
static const uint8_t key_b[ZC_AEAD_KEY] = "the key of what b sends to a ..";

/* Two ends of a TCP connection. */
static void tcp_pair(int v[2])
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    int l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    v[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(l, (struct sockaddr *)&a, n) || listen(l, 1) ||
        getsockname(l, (struct sockaddr *)&a, &n) ||
        connect(v[0], (struct sockaddr *)&a, n) ||
        (v[1] = accept(l, NULL, NULL)) < 0)
        skip_all("no loopback TCP: %s", strerror(errno));
    close(l);
    /* Nothing here may hang, whatever the kernel does. */
    struct timeval tv = {.tv_sec = 20};
    for (int i = 0; i < 2; i++) {
        setsockopt(v[i], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
        setsockopt(v[i], SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
        setsockopt(v[i], IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    }
}

static void close_pair(int v[2])
{
    close(v[0]);
    close(v[1]);
}

/* Both ends in the kernel. */
static void ktls_pair(int v[2])
{
    tcp_pair(v);
    if (zc_ktls_start(v[0], key_a, key_b) || zc_ktls_start(v[1], key_b, key_a))
        diag("zc_ktls_start: %s", strerror(errno));
}

/* V[1] in the kernel; what V[0] sends is made by P. */
static void peer_pair(int v[2], struct tlspeer *p)
{
    tcp_pair(v);
    tlspeer_init(p, key_a);
    if (zc_ktls_start(v[1], key_b, key_a))
        diag("zc_ktls_start: %s", strerror(errno));
}

static void send_raw(int fd, const void *data, size_t n)
{
    if (send(fd, data, n, MSG_NOSIGNAL) != (ssize_t)n)
        diag("send: %s", strerror(errno));
}

static void send_record(struct tlspeer *p, int fd, int type, const char *text)
{
    uint8_t record[TLS_RECORD_MAX];
    send_raw(fd, record, tlspeer_seal(p, type, text, strlen(text), record));
}

/* Without the kernel's TLS. */

static void test_derive(void)
{
    /* hashlib.blake2b(b"zcsync kernel TLS, AES-256-GCM",
     *                 key=bytes(range(32)), digest_size=44) */
    static const uint8_t want[] = {
        0xc9, 0x8f, 0x8b, 0xba, 0x82, 0x85, 0x93, 0x6a, 0x0c, 0x78, 0xca,
        0xac, 0x68, 0x30, 0xfc, 0x96, 0xf6, 0x86, 0x0e, 0xbd, 0x83, 0x77,
        0x5d, 0xc7, 0xaa, 0x45, 0xcf, 0x45, 0xc3, 0x5a, 0x4d, 0x69, 0x0d,
        0x0b, 0xdc, 0xe6, 0x84, 0x1e, 0xd4, 0xc4, 0x2b, 0xee, 0xaa, 0x3d,
    };
    uint8_t key[ZC_AEAD_KEY];
    struct zc_ktls_secret got;
    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)i;
    zc_ktls_derive(key, &got);
    ok(sizeof got == sizeof want && memcmp(&got, want, sizeof want) == 0,
       "key, salt and IV are what another BLAKE2b makes of it");
}

static int open_fds(void)
{
    int n = 0;
    DIR *d = opendir("/proc/self/fd");
    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n;
}

static void *ask(void *possible)
{
    *(bool *)possible = zc_ktls_possible();
    return NULL;
}

static bool test_possible(void)
{
    pthread_t threads[8];
    bool said[8];
    int before = open_fds(), same = 0;
    for (int i = 0; i < 8; i++)
        pthread_create(&threads[i], NULL, ask, &said[i]);
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    bool possible = zc_ktls_possible();
    for (int i = 0; i < 8; i++)
        same += said[i] == possible;
    is_int(same, 8, "eight threads that ask at once are told the same");
    is_int(open_fds(), before, "the probe leaves nothing open");
    return possible;
}

static void test_other_fds(bool possible)
{
    int tcp[2], local[2], pipes[2], udp = socket(AF_INET, SOCK_DGRAM, 0);
    tcp_pair(tcp);
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, local) || pipe(pipes))
        skip_all("no fds: %s", strerror(errno));
    ok(zc_ktls_fits(tcp[0]), "TCP fits");
    ok(!zc_ktls_fits(local[0]) && !zc_ktls_fits(pipes[0]) &&
           !zc_ktls_fits(udp) && !zc_ktls_fits(-1),
       "a UNIX socket, a pipe, UDP and no fd do not");
    ok(zc_ktls_start(local[0], key_a, key_b) == -1 &&
           zc_ktls_start(pipes[0], key_a, key_b) == -1,
       "and cannot be given keys");
    ok((zc_ktls_start(tcp[0], key_a, key_b) == 0) == possible,
       "TCP can be given keys when the probe says so, and only then");
    is_int(zc_ktls_why(local[0], EBADMSG), EBADMSG,
           "EBADMSG from something else stays what it is");
    is_int(zc_ktls_why(tcp[0], ECONNRESET), ECONNRESET,
           "and so does ECONNRESET");
    close_pair(tcp);
    close_pair(local);
    close_pair(pipes);
    close(udp);
}

/* Kernel to kernel. */

struct job {
    int fd;
    const uint8_t *data;
    size_t n;
};

static void *send_all(void *arg)
{
    struct job *j = arg;
    for (size_t done = 0; done < j->n;) {
        ssize_t r = send(j->fd, j->data + done, j->n - done, MSG_NOSIGNAL);
        if (r < 0)
            break;
        done += (size_t)r;
    }
    return NULL;
}

static bool carries(int from, int to, const uint8_t *data, size_t n)
{
    struct job j = {from, data, n};
    uint8_t *got = malloc(n + 1);
    size_t have = 0;
    pthread_t t;
    pthread_create(&t, NULL, send_all, &j);
    while (have < n) {
        ssize_t r = recv(to, got + have, n - have, 0);
        if (r <= 0)
            break;
        have += (size_t)r;
    }
    pthread_join(t, NULL);
    bool same = have == n && memcmp(got, data, n) == 0;
    free(got);
    return same;
}

static void test_sizes(void)
{
    static const size_t sizes[] = {1,     4095,  4096,          4097,
                                   16383, 16384, 16385, (1 << 20) + 3};
    static uint8_t data[(1 << 20) + 3];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 31 + i / 251);
    int v[2];
    ktls_pair(v);
    for (size_t i = 0; i < ZC_ARRAY_LEN(sizes); i++)
        ok(carries(v[0], v[1], data, sizes[i]) &&
               carries(v[1], v[0], data, sizes[i]),
           "%zu bytes there, and %zu back", sizes[i], sizes[i]);
    close_pair(v);
}

/* Kernel and user space. */

static void test_format(void)
{
    static const char secret[] = "a name that nobody else should see";
    struct tlspeer out, in;
    uint8_t wire[TLS_RECORD_MAX], plain[TLS_PLAIN_MAX + 1];
    char got[100];
    int v[2];
    peer_pair(v, &out);
    tlspeer_init(&in, key_b);

    send_raw(v[1], secret, sizeof secret);
    ssize_t n = recv(v[0], wire, TLS_HEADER, MSG_WAITALL);
    if (n == TLS_HEADER)
        n += recv(v[0], wire + n, (size_t)(wire[3] << 8 | wire[4]),
                  MSG_WAITALL);
    ok(n > 0 && !memmem(wire, (size_t)n, secret, sizeof secret - 1),
       "what is on the wire is not what was sent");
    int inner = tlspeer_open(&in, wire, (size_t)n, plain);
    ok(inner == sizeof secret + 1 && !memcmp(plain, secret, sizeof secret) &&
           plain[sizeof secret] == TLS_DATA,
       "it is a record of TLS 1.3 under the derived key");

    send_record(&out, v[0], TLS_DATA, secret);
    ok(recv(v[1], got, sizeof got, 0) == sizeof secret - 1 &&
           memcmp(got, secret, sizeof secret - 1) == 0,
       "the kernel opens such a record made elsewhere");
    close_pair(v);

    /* The peer may be quicker than we: its first records wait in the socket. */
    tcp_pair(v);
    tlspeer_init(&out, key_a);
    send_record(&out, v[0], TLS_DATA, "early");
    send_record(&out, v[0], TLS_DATA, "bird");
    struct pollfd arrived = {.fd = v[1], .events = POLLIN};
    poll(&arrived, 1, 20000);
    zc_ktls_start(v[1], key_b, key_a);
    ok(recv(v[1], got, 9, MSG_WAITALL) == 9 && !memcmp(got, "earlybird", 9),
       "records that came before the key are opened with it");
    close_pair(v);
}

/* What is wrong with a stream, and what is then seen after "good". */
struct fault {
    const char *name;
    void (*make)(struct tlspeer *p, int fd);
    int recv_eno, splice_eno; /* 0: end of stream; -1: any error */
};

static void flipped(struct tlspeer *p, int fd, size_t byte)
{
    uint8_t record[TLS_RECORD_MAX];
    size_t n = tlspeer_seal(p, TLS_DATA, "forged", 6, record);
    record[byte < n ? byte : n - 1] ^= 1;
    send_raw(fd, record, n);
}
static void flip_body(struct tlspeer *p, int fd) { flipped(p, fd, 7); }
static void flip_tag(struct tlspeer *p, int fd) { flipped(p, fd, SIZE_MAX); }
static void flip_type(struct tlspeer *p, int fd)
{
    flipped(p, fd, TLS_HEADER + 6);
}

static void leave_one_out(struct tlspeer *p, int fd)
{
    p->seq++;
    send_record(p, fd, TLS_DATA, "one too far");
}
static void again(struct tlspeer *p, int fd)
{
    p->seq--;
    send_record(p, fd, TLS_DATA, "good");
}
static void alert(struct tlspeer *p, int fd)
{
    send_record(p, fd, TLS_ALERT, "\1");
}
static void key_update(struct tlspeer *p, int fd)
{
    send_record(p, fd, TLS_HANDSHAKE, "\x18\1\1\1\1");
}
static void cut(struct tlspeer *p, int fd)
{
    uint8_t record[TLS_RECORD_MAX];
    size_t n = tlspeer_seal(p, TLS_DATA, "cut", 3, record);
    send_raw(fd, record, n - 1);
    shutdown(fd, SHUT_WR);
}
static void end(struct tlspeer *p, int fd)
{
    (void)p;
    shutdown(fd, SHUT_WR);
}
static void plain_text(struct tlspeer *p, int fd)
{
    (void)p;
    send_raw(fd, "GET / HTTP/1.0\r\n\r\n", 18);
}
static void too_long(struct tlspeer *p, int fd)
{
    (void)p;
    send_raw(fd, "\x17\3\3\xff\xff bytes", 11);
}
static void too_short(struct tlspeer *p, int fd)
{
    (void)p;
    send_raw(fd, "\x17\3\3\0\1xxxxxx", 11);
}
static void silence(struct tlspeer *p, int fd)
{
    (void)p;
    (void)fd;
}

static const struct fault faults[] = {
    {"a flipped bit", flip_body, EBADMSG, EBADMSG},
    {"a flipped bit in the tag", flip_tag, EBADMSG, EBADMSG},
    {"a flipped bit in the type", flip_type, EBADMSG, EBADMSG},
    {"a record left out", leave_one_out, EBADMSG, EBADMSG},
    {"a record sent again", again, EBADMSG, EBADMSG},
    {"an alert", alert, EIO, EINVAL},
    {"a handshake record", key_update, EIO, EINVAL},
    {"plain text", plain_text, -1, -1},
    {"a record that is too long", too_long, -1, -1},
    {"a record that is too short", too_short, -1, -1},
    {"a cut record", cut, 0, 0},
    {"the end", end, 0, 0},
    {"silence", silence, EAGAIN, EAGAIN},
};

static ssize_t by_recv(int fd, char *buf, size_t n)
{
    return recv(fd, buf, n, 0);
}

static ssize_t by_splice(int fd, char *buf, size_t n)
{
    int p[2];
    if (pipe(p))
        return -1;
    ssize_t r = splice(fd, NULL, p[1], NULL, n, 0);
    int eno = errno;
    if (r > 0)
        r = read(p[0], buf, n);
    close_pair(p);
    errno = eno;
    return r;
}

static bool as_wanted(ssize_t r, int want)
{
    if (want == 0)
        return r == 0;
    return r == -1 && (errno == want || want == -1);
}

static void be_quick(int fd)
{
    struct timeval tv = {.tv_usec = 20000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
}

/* GET once takes the good record, then meets the fault, and again. */
static void test_fault(const struct fault *f, const char *how,
                       ssize_t (*get)(int, char *, size_t), int want)
{
    struct tlspeer p;
    char buf[100];
    int v[2];
    peer_pair(v, &p);
    if (f->make == silence)
        be_quick(v[1]);
    send_record(&p, v[0], TLS_DATA, "good");
    bool good = get(v[1], buf, 4) == 4 && memcmp(buf, "good", 4) == 0;
    f->make(&p, v[0]);
    ssize_t r = get(v[1], buf, sizeof buf);
    int eno = r < 0 ? errno : 0;
    ok(good && as_wanted(r, want), "%s: %s says %s", f->name, how,
       r < 0 ? strerrorname_np(eno) : "end of stream");
    if (want && !as_wanted(r, want))
        diag("good: %d, returned %zd", good, r);
    be_quick(v[1]);
    r = get(v[1], buf, sizeof buf);
    ok(r <= 0, "%s: and %s gives nothing later", f->name, how);
    close_pair(v);
}

static void test_faults(void)
{
    for (size_t i = 0; i < ZC_ARRAY_LEN(faults); i++) {
        test_fault(&faults[i], "recv", by_recv, faults[i].recv_eno);
        test_fault(&faults[i], "splice", by_splice, faults[i].splice_eno);
    }
}

static void test_poll(void)
{
    uint8_t record[TLS_RECORD_MAX];
    struct tlspeer p;
    char c[2];
    int v[2];
    peer_pair(v, &p);
    struct pollfd f = {.fd = v[1], .events = POLLIN};
    size_t n = tlspeer_seal(&p, TLS_DATA, "whole", 5, record);
    send_raw(v[0], record, n - 1);
    ok(recv(v[1], c, 2, MSG_DONTWAIT) == -1 && errno == EAGAIN,
       "nothing of a record is seen before all of it is there");
    send_raw(v[0], record + n - 1, 1);
    is_int(poll(&f, 1, 20000), 1, "poll tells of a whole record");
    ok(recv(v[1], c, 2, 0) == 2 && poll(&f, 1, 0) == 1,
       "and of the rest of one that was read in part");
    close_pair(v);
}

static void *shut(void *fd)
{
    usleep(50000);
    shutdown(*(int *)fd, SHUT_RDWR);
    return NULL;
}

static void test_shutdown(void)
{
    char c[10];
    pthread_t t;
    int v[2];
    for (int i = 0; i < 2; i++) {
        ktls_pair(v);
        pthread_create(&t, NULL, shut, &v[1]);
        is_int((i ? by_splice : by_recv)(v[1], c, sizeof c), 0,
               "shutdown from another thread ends a waiting %s",
               i ? "splice" : "recv");
        pthread_join(t, NULL);
        close_pair(v);
    }
    ktls_pair(v);
    int file = memfd_create("file", MFD_CLOEXEC);
    ssize_t r = ftruncate(file, 64 << 20);
    pthread_create(&t, NULL, shut, &v[1]);
    while ((r = sendfile(v[1], file, &(off_t){0}, 64 << 20)) > 0)
        ;
    ok(r == -1 && (errno == EPIPE || errno == ECONNRESET),
       "and a waiting sendfile");
    pthread_join(t, NULL);
    close(file);
    close_pair(v);
}

static void test_limit(void)
{
    char c[10];
    int v[2], n = 0;
    ktls_pair(v);
    is_int(zc_ktls_why(v[0], EBADMSG), EBADMSG,
           "before the limit EBADMSG means a forged record");
    close_pair(v);

    tcp_pair(v);
    zc_ktls_start_limited(v[0], key_a, key_b, 3);
    while (n < 10 && send(v[0], "x", 1, MSG_NOSIGNAL) == 1)
        n++;
    is_int(zc_ktls_why(v[0], errno), EKEYEXPIRED,
           "no more records left to send: an expired key");
    ok(n == 2 || n == 3, "of three %d were sent", n);
    close_pair(v);

    struct tlspeer p;
    tcp_pair(v);
    zc_ktls_start_limited(v[1], key_b, key_a, 3);
    tlspeer_init(&p, key_a);
    p.seq = UINT64_C(0) - 3;
    for (n = 0; n < 10; n++)
        send_record(&p, v[0], TLS_DATA, "x");
    n = 0;
    while (n < 10 && recv(v[1], c, 1, 0) == 1)
        n++;
    is_int(zc_ktls_why(v[1], errno), EKEYEXPIRED,
           "a peer that sends more than it may: an expired key");
    close_pair(v);
}

/* Movers. */

#define MOVED ((3 << 20) + 11)

struct move_job {
    struct zc_transport *t;
    enum zc_mover_kind kind;
    int fd, result;
};

static void *move_out(void *arg)
{
    struct move_job *j = arg;
    struct zc_mover m;
    bool short_file = false;
    int eno = 0;
    zc_mover_init(&m, j->kind);
    j->result = zc_mover_send(&m, j->t, j->fd, 0, MOVED, &short_file, &eno);
    zc_mover_fini(&m);
    return NULL;
}

/* As zc_secure makes it: ktls.c says why. */
static struct zc_transport *transport(int fd)
{
    struct zc_transport *t = zc_transport_new_fds(fd, fd, "peer");
    if (!t)
        skip_all("no memory");
    t->raw_rfd = -1;
    return t;
}

static void test_mover(enum zc_mover_kind kind)
{
    int v[2], eno = 0;
    int from = memfd_create("from", 0), to = memfd_create("to", 0);
    uint8_t *data = malloc(MOVED), *got = malloc(MOVED);
    for (size_t i = 0; i < MOVED; i++)
        data[i] = (uint8_t)(i * 37 + i / 253);
    zc_io_pwrite(from, data, MOVED, 0);
    ktls_pair(v);
    struct zc_transport *a = transport(v[0]);
    struct zc_transport *b = transport(v[1]);
    struct move_job j = {a, kind, from, 0};
    struct zc_mover m;
    pthread_t t;
    zc_mover_init(&m, kind);
    pthread_create(&t, NULL, move_out, &j);
    int r = zc_mover_recv(&m, b, to, 0, MOVED, &eno);
    pthread_join(t, NULL);
    ok(r == 0 && j.result == 0 && eno == 0 &&
           zc_io_pread(to, got, MOVED, 0) == MOVED &&
           memcmp(got, data, MOVED) == 0,
       "%s: a file crosses", zc_mover_name(kind));

    zc_transport_free(a);
    zc_transport_free(b);
    struct tlspeer p;
    for (size_t i = 0; i < ZC_ARRAY_LEN(faults); i++) {
        if (faults[i].make == silence)
            continue;
        peer_pair(v, &p);
        b = transport(v[1]);
        send_record(&p, v[0], TLS_DATA, "good");
        faults[i].make(&p, v[0]);
        int want = faults[i].recv_eno ? faults[i].recv_eno : ECONNRESET;
        r = zc_mover_recv(&m, b, to, 0, MOVED, &eno);
        ok(as_wanted(r, want) && eno == 0, "%s: %s ends it with %s",
           zc_mover_name(kind), faults[i].name, strerrorname_np(errno));
        close(v[0]);
        zc_transport_free(b);
    }
    zc_mover_fini(&m);
    close(from);
    close(to);
    free(data);
    free(got);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    test_derive();
    bool possible = test_possible();
    test_other_fds(possible);
    if (!possible) {
        skip(1, "this kernel has no TLS");
        return done_testing();
    }
    test_sizes();
    test_format();
    test_faults();
    test_poll();
    test_shutdown();
    test_limit();
    for (int kind = ZC_MOVER_AUTO; kind <= ZC_MOVER_LAST; kind++)
        test_mover((enum zc_mover_kind)kind);
    return done_testing();
}
