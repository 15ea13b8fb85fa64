// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Movers whose system calls do less than they were asked for, or are interrupted,
 * all the time: what arrives is the same. The calls are ours here, in front of those
 * of the C library.
 */
#include "move/mover.h"

#include "../tap.h"
#include "transports.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#define MIB ((size_t)1 << 20)
#define SIZE (5 * MIB + 4097)

static atomic_uint seed, no_buffers;
static atomic_bool faults;
static int source;
static uint8_t *bytes;

static unsigned any(unsigned n)
{
    unsigned x = atomic_fetch_add(&seed, 2654435769u);
    x ^= x >> 16;
    x *= 0x7feb352du;
    x ^= x >> 15;
    return x % n;
}

/* True: the call is interrupted. Else *N has become less, mostly. */
static bool meddle(size_t *n)
{
    if (!faults)
        return false;
    if (any(5) == 0) {
        errno = EINTR;
        return true;
    }
    if (*n > 1 && any(3))
        *n = any(4) ? *n - any((unsigned)ZC_MIN(*n, 100000)) : 1 + any((unsigned)ZC_MIN(*n, 100));
    return false;
}

#define CALL(number, ...) (meddle(&n) ? -1 : syscall(number, __VA_ARGS__))

ssize_t recv(int fd, void *p, size_t n, int flags)
{
    return CALL(SYS_recvfrom, fd, p, n, flags, NULL, NULL);
}

ssize_t send(int fd, const void *p, size_t n, int flags)
{
    return CALL(SYS_sendto, fd, p, n, flags, NULL, 0);
}

ssize_t pread64(int fd, void *p, size_t n, off64_t at)
{
    return CALL(SYS_pread64, fd, p, n, at);
}

ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at)
{
    return CALL(SYS_pwrite64, fd, p, n, at);
}

ssize_t sendfile64(int out, int in, off64_t *at, size_t n)
{
    return CALL(SYS_sendfile, out, in, at, n);
}

ssize_t splice(int in, off64_t *in_at, int out, off64_t *out_at, size_t n,
               unsigned flags)
{
    return CALL(SYS_splice, in, in_at, out, out_at, n, flags);
}

/* Of what has one buffer. MSG_ZEROCOPY has a failure of its own. */
ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
    struct iovec iov;
    struct msghdr less = *m;
    if (m->msg_iovlen == 1) {
        iov = m->msg_iov[0];
        if (meddle(&iov.iov_len))
            return -1;
        less.msg_iov = &iov;
    }
    if (faults && flags & MSG_ZEROCOPY && any(6) == 0) {
        atomic_fetch_add(&no_buffers, 1);
        errno = ENOBUFS;
        return -1;
    }
    return syscall(SYS_sendmsg, fd, &less, flags);
}

ssize_t recvmsg(int fd, struct msghdr *m, int flags)
{
    if (faults && flags & MSG_ERRQUEUE && any(4) == 0) {
        errno = EINTR;
        return -1;
    }
    return syscall(SYS_recvmsg, fd, m, flags);
}

/* --- what is carried ----------------------------------------------------- */

struct job {
    struct zc_mover m;
    uint64_t offset, length;
    int result;
};

static void *send_job(void *job)
{
    struct job *j = job;
    bool short_file = false;
    int eno = 0;
    j->result = zc_mover_send(&j->m, a, source, j->offset, j->length,
                              &short_file, &eno);
    j->result = j->result || short_file || eno;
    return NULL;
}

static bool carry(struct job *j, struct zc_mover *in, int fd)
{
    pthread_t thread;
    int eno = 0;
    pthread_create(&thread, NULL, send_job, j);
    int r = zc_mover_recv(in, b, fd, j->offset, j->length, &eno);
    pthread_join(thread, NULL);
    faults = false;
    uint8_t *got = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0);
    bool same = got != MAP_FAILED &&
                !memcmp(got + j->offset, bytes + j->offset, j->length);
    munmap(got, SIZE);
    faults = true;
    return !r && !eno && !j->result && same;
}

static void all_sizes(enum zc_mover_kind kind, const char *over, int fd)
{
    static const size_t sizes[] = {1, 4095, 4096, 4097, MIB - 1, MIB, MIB + 1,
                                   SIZE - 5};
    struct zc_mover in;
    struct job j = {.result = 0};
    int good = 0;
    zc_mover_init(&j.m, kind);
    zc_mover_init(&in, kind);
    faults = true;
    for (size_t i = 0; i < ZC_ARRAY_LEN(sizes); i++) {
        j.offset = i % 2 ? 5 : 0;
        j.length = sizes[i];
        good += carry(&j, &in, fd);
    }
    faults = false;
    is_int(good, ZC_ARRAY_LEN(sizes), "%s over %s", zc_mover_name(kind), over);
    is_int(j.m.zerocopied.calls, a->zerocopies,
           "all is told of that was sent without a copy: %u", a->zerocopies);
    zc_mover_fini(&j.m);
    zc_mover_fini(&in);
}

/* On a disk, where O_DIRECT means something. */
static int file(void)
{
    char path[] = "/var/tmp/zcsync-faults-XXXXXX";
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0 || unlink(path) || ftruncate(fd, SIZE))
        skip_all("no file in /var/tmp");
    return fd;
}

int main(void)
{
    static const struct {
        const char *name;
        void (*make)(void);
    } over[] = {{"a local socket", sockets}, {"TCP", tcp}, {"pipes", pipes}};
    const char *given = getenv("ZC_SEED");
    unsigned first = given ? (unsigned)atoi(given) : (unsigned)getpid();
    seed = first;
    signal(SIGPIPE, SIG_IGN);
    alarm(200);
    source = file();
    bytes = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, source, 0);
    if (bytes == MAP_FAILED)
        skip_all("no memory");
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (uint8_t)(1 + (i * 31 + i / 251) % 255);
    diag("ZC_SEED=%u", first);
    for (size_t i = 0; i < ZC_ARRAY_LEN(over); i++)
        for (int kind = ZC_MOVER_AUTO; kind <= ZC_MOVER_LAST; kind++) {
            int fd = file();
            over[i].make();
            zc_transport_set_timeout(a, 30);
            zc_transport_set_timeout(b, 30);
            all_sizes((enum zc_mover_kind)kind, over[i].name, fd);
            zc_transport_free(a);
            zc_transport_free(b);
            close(fd);
        }
    ok(no_buffers > 0, "MSG_ZEROCOPY found no buffers %u times", no_buffers);
    return done_testing();
}
