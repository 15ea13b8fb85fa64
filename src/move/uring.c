// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * io_uring(7): four pairs of calls, each waiting for the one before it, with one
 * entry into the kernel.
 *
 *   sending:    read piece 0 -> send it -> read piece 1 -> send it -> ...
 *   receiving:  recv piece 0 -> write it -> recv piece 1 -> write it -> ...
 *
 * A call that does less than it was asked for ends the chain. What the ring has not
 * done then is done by an ordinary call, which also tells what is wrong; and the
 * next four begin a new chain.
 *
 * The pieces are registered, so that their pages need not be looked up each
 * time. To another machine they are sent without a copy where the kernel can
 * (SEND_ZC): it keeps a piece until it says so, so the next chain uses others.
 *
 * A confined process has no rings (daemon/sandbox.c): what they do no list of
 * system calls can see.
 */
#include "base/io.h"
#include "move/internal.h"
#include "move/mover.h"

#include <liburing.h>
#include <sys/mman.h>
#include <sys/socket.h>

#define PIECE ZC_MOVER_BUF
#define CHAIN (ZC_MOVER_CALL / PIECE) /* pieces */
#define PIECES (2 * CHAIN)

/* Of the two calls of a piece. */
enum { FIRST, SECOND, CALLS };

struct piece {
    uint8_t *bytes;
    size_t n;
    int done[CALLS]; /* what each has returned */
    bool held;       /* the kernel still sends from it */
};

struct zc_uring {
    struct io_uring ring;
    uint8_t *memory;
    struct piece pieces[PIECES];
    unsigned next;    /* the first of the next chain */
    unsigned pending; /* calls under way */
    struct io_uring_sqe *last; /* of the chain that is being made */
    bool zerocopy;    /* the kernel has SEND_ZC */
    bool broken;      /* calls are left in it that must not be made */
    bool late;        /* T has timed out, and is shut down */
};

void zc_uring_free(struct zc_uring *u)
{
    if (!u)
        return;
    io_uring_queue_exit(&u->ring);
    munmap(u->memory, PIECES * PIECE);
    free(u);
}

/* 0, or -errno. Before Linux 5.12, which the feature stands for, a send that
 * was cut short did not end the chain, and the next piece would have followed
 * it. */
static int look_what_there_is(struct zc_uring *u)
{
    static const int needed[] = {IORING_OP_READ_FIXED, IORING_OP_WRITE_FIXED,
                                 IORING_OP_SEND, IORING_OP_RECV};
    struct io_uring_probe *probe = io_uring_get_probe_ring(&u->ring);
    int r = probe ? 0 : -ENOSYS;
    if (!(u->ring.features & IORING_FEAT_NATIVE_WORKERS))
        r = -EOPNOTSUPP;
    for (size_t i = 0; !r && i < ZC_ARRAY_LEN(needed); i++)
        if (!io_uring_opcode_supported(probe, needed[i]))
            r = -EOPNOTSUPP;
    if (!r)
        u->zerocopy = io_uring_opcode_supported(probe, IORING_OP_SEND_ZC);
    io_uring_free_probe(probe);
    return r;
}

static int register_pieces(struct zc_uring *u)
{
    struct iovec iov[PIECES];
    for (size_t i = 0; i < PIECES; i++) {
        u->pieces[i].bytes = u->memory + i * PIECE;
        iov[i] = (struct iovec){u->pieces[i].bytes, PIECE};
    }
    return io_uring_register_buffers(&u->ring, iov, PIECES);
}

static struct zc_uring *uring_new(void)
{
    struct zc_uring *u = calloc(1, sizeof *u);
    int r = u ? 0 : -ENOMEM;
    if (r)
        goto out;
    u->memory = mmap(NULL, PIECES * PIECE, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (u->memory == MAP_FAILED) {
        r = -ENOMEM;
        goto out;
    }
    r = io_uring_queue_init(PIECES * CALLS, &u->ring, 0);
    if (r) {
        munmap(u->memory, PIECES * PIECE);
        goto out;
    }
    r = look_what_there_is(u);
    if (!r)
        r = register_pieces(u);
    if (!r)
        return u;
    zc_uring_free(u);
    u = NULL;
out:
    free(u);
    errno = -r;
    return NULL;
}

int zc_move_begin_uring(struct zc_mover *m, struct zc_transport *t, int fd,
                        enum zc_move_fault *fault)
{
    (void)t, (void)fd;
    *fault = ZC_FAULT_NONE;
    if (m->no_uring) {
        errno = m->no_uring;
        return -1;
    }
    if (!m->uring && !(m->uring = uring_new()))
        m->no_uring = errno;
    return m->uring ? 0 : -1;
}

/* --- what has been done --- */

static void take(struct zc_uring *u, struct io_uring_cqe *cqe)
{
    uint64_t call = io_uring_cqe_get_data64(cqe);
    struct piece *p = &u->pieces[call / CALLS];
    if (cqe->flags & IORING_CQE_F_NOTIF) {
        p->held = false;
    } else {
        p->done[call % CALLS] = cqe->res;
        p->held = cqe->flags & IORING_CQE_F_MORE;
        u->pending--;
    }
    io_uring_cqe_seen(&u->ring, cqe);
}

/* Waits for what comes next. Where nothing does in time, T is shut down, which ends
 * all calls that are under way; but what a socket holds it may hold for long. */
static void wait_one(struct zc_uring *u, struct zc_transport *t)
{
    struct __kernel_timespec ts = {.tv_sec = t->timeout_ms / 1000};
    struct io_uring_cqe *cqe;
    int r = io_uring_wait_cqe_timeout(
        &u->ring, &cqe, t->timeout_ms && !u->late ? &ts : NULL);
    if (!r)
        take(u, cqe);
    if (r == -ETIME) {
        u->late = true;
        zc_transport_shutdown(t);
    }
}

/* Until P can be used; or T has timed out. */
static void wait_for(struct zc_uring *u, struct zc_transport *t,
                     const struct piece *p)
{
    while (p->held && !u->late)
        wait_one(u, t);
}

static int in_time(const struct zc_uring *u)
{
    if (u->late)
        errno = ETIMEDOUT;
    return u->late ? -1 : 0;
}

int zc_move_end_uring(struct zc_mover *m, struct zc_transport *t)
{
    struct zc_uring *u = m->uring;
    for (unsigned i = 0; i < PIECES; i++)
        wait_for(u, t, &u->pieces[i]);
    int r = in_time(u), eno = errno;
    if (u->broken || u->late) {
        zc_uring_free(u);
        m->uring = NULL;
    }
    errno = eno;
    return r;
}

/* --- chains --- */

/* The pieces of the next chain, for N bytes: how many. None is in use. */
static unsigned next_pieces(struct zc_uring *u, struct zc_transport *t,
                            size_t n, struct piece **first)
{
    struct piece *p = *first = &u->pieces[u->next];
    unsigned count = 0;
    for (; n && count < CHAIN; count++, p++) {
        wait_for(u, t, p);
        p->n = ZC_MIN(n, PIECE);
        p->done[FIRST] = p->done[SECOND] = -ECANCELED;
        n -= p->n;
    }
    u->next = (u->next + CHAIN) % PIECES;
    return count;
}

/* CALL of P; what is needed for it is filled in by the caller. */
static void add(struct zc_uring *u, struct io_uring_sqe *sqe,
                const struct piece *p, unsigned call)
{
    unsigned i = (unsigned)(p - u->pieces);
    sqe->user_data = (uint64_t)i * CALLS + call;
    sqe->flags |= IOSQE_IO_LINK;
    u->last = sqe;
}

/* Makes N calls, of which each waits for the one before. Those that the kernel has
 * no memory for stay in the ring, which is not used again. */
static void run(struct zc_uring *u, struct zc_transport *t, unsigned n)
{
    int r;
    u->last->flags &= (uint8_t)~IOSQE_IO_LINK;
    do
        r = io_uring_submit(&u->ring);
    while (r == -EINTR);
    u->broken = r < (int)n;
    u->pending = (unsigned)ZC_MAX(r, 0);
    while (u->pending)
        wait_one(u, t);
}

/* SEND_ZC on this machine would copy, and take longer for it. */
static bool sends_without_copy(const struct zc_uring *u,
                               const struct zc_transport *t)
{
    return u->zerocopy && !t->near && !t->local;
}

static void add_read_and_send(struct zc_uring *u, const struct zc_transport *t,
                              int fd, uint64_t offset, struct piece *p)
{
    const int flags = MSG_WAITALL | MSG_NOSIGNAL;
    int i = (int)(p - u->pieces);
    struct io_uring_sqe *sqe = io_uring_get_sqe(&u->ring); /* there is room */
    io_uring_prep_read_fixed(sqe, fd, p->bytes, (unsigned)p->n, offset, i);
    add(u, sqe, p, FIRST);
    sqe = io_uring_get_sqe(&u->ring);
    if (sends_without_copy(u, t))
        io_uring_prep_send_zc_fixed(sqe, t->raw_wfd, p->bytes, p->n, flags, 0,
                                    (unsigned)i);
    else
        io_uring_prep_send(sqe, t->raw_wfd, p->bytes, p->n, flags);
    add(u, sqe, p, SECOND);
}

/* What is left to be done for P when its chain has run. Bytes that were sent, 0 at
 * the end of the file, -1. */
static ssize_t finish_send(struct zc_uring *u, struct zc_transport *t, int fd,
                           uint64_t offset, struct piece *p,
                           enum zc_move_fault *fault)
{
    size_t sent = (size_t)ZC_MAX(p->done[SECOND], 0);
    ssize_t have = (ssize_t)p->n;
    if (p->done[FIRST] != have)
        have = zc_io_pread(fd, p->bytes, p->n, (off_t)offset);
    if (have <= 0) {
        *fault = ZC_FAULT_FILE;
        return have;
    }
    if (p->done[SECOND] == -EOPNOTSUPP || p->done[SECOND] == -EINVAL)
        u->zerocopy = false;
    struct iovec rest = {p->bytes + sent, (size_t)have - sent};
    if (rest.iov_len && zc_transport_send(t, &rest, 1)) {
        *fault = ZC_FAULT_PEER;
        return -1;
    }
    return have;
}

static bool is_done(const struct piece *p)
{
    return p->done[FIRST] == (int)p->n && p->done[SECOND] == (int)p->n;
}

static void add_recv_and_write(struct zc_uring *u, const struct zc_transport *t,
                               int fd, uint64_t offset, struct piece *p)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&u->ring);
    io_uring_prep_recv(sqe, t->raw_rfd, p->bytes, p->n, MSG_WAITALL);
    add(u, sqe, p, FIRST);
    sqe = io_uring_get_sqe(&u->ring);
    io_uring_prep_write_fixed(sqe, fd, p->bytes, (unsigned)p->n, offset,
                              (int)(p - u->pieces));
    add(u, sqe, p, SECOND);
}

/* Likewise: bytes that were received; what could not be written is *FAULT, and no
 * reason to stop. */
static ssize_t finish_recv(struct zc_uring *u, struct zc_transport *t, int fd,
                           uint64_t offset, struct piece *p,
                           enum zc_move_fault *fault)
{
    (void)u;
    size_t got = (size_t)ZC_MAX(p->done[FIRST], 0);
    size_t written = (size_t)ZC_MAX(p->done[SECOND], 0);
    if (got < p->n && zc_mover_fill(t, p->bytes + got, p->n - got)) {
        *fault = ZC_FAULT_PEER;
        return -1;
    }
    if (written < p->n && zc_io_pwrite(fd, p->bytes + written, p->n - written,
                                       (off_t)(offset + written)))
        *fault = ZC_FAULT_FILE;
    return (ssize_t)p->n;
}

/* --- both ways --- */

/* Two calls for P, the bytes at OFFSET of FD. */
typedef void add_fn(struct zc_uring *u, const struct zc_transport *t, int fd,
                    uint64_t offset, struct piece *p);

/* What is left to be done for P; see finish_send. */
typedef ssize_t finish_fn(struct zc_uring *u, struct zc_transport *t, int fd,
                          uint64_t offset, struct piece *p,
                          enum zc_move_fault *fault);

/* COUNT pieces from P on, which are at OFFSET of FD, through the ring. -1 and
 * errno: the time is over. */
static int run_pieces(struct zc_uring *u, struct zc_transport *t, int fd,
                      uint64_t offset, unsigned count, struct piece *p,
                      add_fn *add_calls)
{
    if (in_time(u))
        return -1;
    for (unsigned i = 0; i < count; i++)
        add_calls(u, t, fd, offset + i * PIECE, &p[i]);
    run(u, t, count * CALLS);
    return in_time(u);
}

/* Up to N bytes at OFFSET of FD, as far as one chain goes. Bytes moved, 0, -1; the
 * pieces behind one whose chain was cut are for the next call. */
static ssize_t move_chain(struct zc_uring *u, struct zc_transport *t, int fd,
                          uint64_t offset, size_t n, add_fn *add_calls,
                          finish_fn *finish, enum zc_move_fault *fault)
{
    struct piece *p;
    unsigned count = next_pieces(u, t, n, &p);
    ssize_t total = 0;
    if (run_pieces(u, t, fd, offset, count, p, add_calls)) {
        *fault = ZC_FAULT_PEER;
        return -1;
    }
    for (unsigned i = 0; i < count; i++, p++) {
        bool whole = is_done(p);
        ssize_t r = finish(u, t, fd, offset + (uint64_t)total, p, fault);
        if (r <= 0 && total && *fault == ZC_FAULT_FILE) {
            *fault = ZC_FAULT_NONE; /* the next call will tell */
            return total;
        }
        if (r <= 0)
            return r;
        total += r;
        if (!whole)
            break;
    }
    return total;
}

ssize_t zc_move_send_uring(struct zc_mover *m, struct zc_transport *t, int fd,
                           uint64_t offset, size_t n,
                           enum zc_move_fault *fault)
{
    if (m->uring->broken) /* until the end of the range */
        return zc_move_send_buffer(m, t, fd, offset, n, fault);
    return move_chain(m->uring, t, fd, offset, n, add_read_and_send,
                      finish_send, fault);
}

ssize_t zc_move_recv_uring(struct zc_mover *m, struct zc_transport *t, int fd,
                           uint64_t offset, size_t n,
                           enum zc_move_fault *fault)
{
    if (m->uring->broken)
        return zc_move_recv_buffer(m, t, fd, offset, n, fault);
    return move_chain(m->uring, t, fd, offset, n, add_recv_and_write,
                      finish_recv, fault);
}
