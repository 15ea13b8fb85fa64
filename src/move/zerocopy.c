// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * MSG_ZEROCOPY: the socket sends from memory of ours, which must stay as it is
 * until the kernel says so. It does that on the error queue of the socket, by
 * numbers: it counts the calls on a socket that went well, from 0 on.
 *
 *   pieces:   | in the socket | in the socket | being read | free |
 *   calls:      12 13           14              -
 *                               ^ the queue said "12 to 14 are done": all free
 *
 * A range is over when all its calls are, so nothing is on the queue between
 * ranges, where a poll(2) of others would find it again and again, and
 * whichever mover comes next can count from the transport's own number on.
 *
 * The pieces are mapped, not allocated: should the transport fail, the kernel keeps
 * the pages it still refers to, and nobody else gets them.
 */
#include "base/clock.h"
#include "base/io.h"
#include "move/internal.h"
#include "move/mover.h"

#include <linux/errqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>

/* What a socket may hold, about, and half of what a user may lock by default. */
#define PIECES 16
#define PIECE ((size_t)256 << 10)

/* The numbers wrap around; what is compared are differences. */
struct piece {
    uint32_t first; /* call */
    uint32_t calls; /* from there on that were made of it */
    uint32_t left;  /* of them that are not done */
};

struct zc_zerocopy {
    uint8_t *memory;
    struct piece pieces[PIECES];
    unsigned next; /* the piece that is used next */
    bool refused;  /* in this range: the bytes are copied */
};

void zc_zerocopy_free(struct zc_zerocopy *z)
{
    if (z)
        munmap(z->memory, PIECES * PIECE);
    free(z);
}

static struct zc_zerocopy *zerocopy_new(void)
{
    struct zc_zerocopy *z = calloc(1, sizeof *z);
    if (!z) {
        errno = ENOMEM;
        return NULL;
    }
    z->memory = mmap(NULL, PIECES * PIECE, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (z->memory != MAP_FAILED)
        return z;
    free(z);
    errno = ENOMEM;
    return NULL;
}

int zc_move_begin_zerocopy(struct zc_mover *m, struct zc_transport *t, int fd,
                           enum zc_move_fault *fault)
{
    int on = 1;
    (void)fd;
    *fault = ZC_FAULT_NONE;
    if (setsockopt(t->raw_wfd, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof on))
        return -1;
    if (!m->zerocopy)
        m->zerocopy = zerocopy_new();
    if (!m->zerocopy)
        return -1;
    m->zerocopy->refused = false;
    return 0;
}

/* --- what is done --- */

/* How many of the calls FROM to TO are P's. */
static uint32_t overlap(const struct piece *p, uint32_t from, uint32_t to)
{
    uint32_t a = ZC_MAX((int32_t)(from - p->first), 0);
    int32_t last = (int32_t)(to - p->first);
    if (last < 0 || a >= p->calls)
        return 0;
    return ZC_MIN((uint32_t)last + 1, p->calls) - a;
}

/* The calls FROM to TO are done. */
static void count(struct zc_mover *m, uint32_t from, uint32_t to, bool copied)
{
    for (unsigned i = 0; i < PIECES; i++) {
        struct piece *p = &m->zerocopy->pieces[i];
        uint32_t n = p->left ? overlap(p, from, to) : 0;
        p->left -= ZC_MIN(n, p->left);
        m->zerocopied.calls += n;
        m->zerocopied.copied += copied ? n : 0;
    }
}

static void take_word(struct zc_mover *m, struct msghdr *msg)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        const struct sock_extended_err *e = (const void *)CMSG_DATA(c);
        bool ip = c->cmsg_level == SOL_IP && c->cmsg_type == IP_RECVERR;
        bool ip6 = c->cmsg_level == SOL_IPV6 && c->cmsg_type == IPV6_RECVERR;
        if ((ip || ip6) && e->ee_errno == 0 &&
            e->ee_origin == SO_EE_ORIGIN_ZEROCOPY)
            count(m, e->ee_info, e->ee_data,
                  e->ee_code & SO_EE_CODE_ZEROCOPY_COPIED);
    }
}

/* All that the queue has. */
static void take_words(struct zc_mover *m, int fd)
{
    for (;;) {
        union {
            char bytes[128];
            struct cmsghdr align;
        } control;
        struct msghdr msg = {.msg_control = &control,
                             .msg_controllen = sizeof control};
        if (recvmsg(fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0)
            take_word(m, &msg);
        else if (errno != EINTR)
            return;
    }
}

/* Until the queue has something. -1 and errno: it will not, or not in time. */
static int wait_words(const struct zc_transport *t)
{
    struct pollfd p = {.fd = t->raw_wfd}; /* POLLERR is always told */
    int eno = 0, r;
    socklen_t size = sizeof eno;
    int64_t end = zc_clock_ns() + t->timeout_ms * INT64_C(1000000);
    do {
        int64_t left = (end - zc_clock_ns() + 999999) / 1000000;
        r = poll(&p, 1, t->timeout_ms ? (int)ZC_MAX(left, 0) : -1);
    } while (r < 0 && errno == EINTR);
    if (r < 0)
        return -1;
    if (r == 0)
        eno = ETIMEDOUT;
    else if (getsockopt(p.fd, SOL_SOCKET, SO_ERROR, &eno, &size))
        return -1;
    else if (!eno && !(p.revents & POLLERR))
        eno = EPIPE; /* both directions are shut down */
    errno = eno;
    return eno ? -1 : 0;
}

/* Until P is free. */
static int wait_for(struct zc_mover *m, struct zc_transport *t,
                    const struct piece *p)
{
    if (p->left)
        take_words(m, t->raw_wfd);
    while (p->left) {
        int bad = wait_words(t), eno = errno;
        uint32_t left = p->left;
        take_words(m, t->raw_wfd);
        if (bad && p->left == left) {
            errno = eno;
            return -1;
        }
    }
    return 0;
}

int zc_move_end_zerocopy(struct zc_mover *m, struct zc_transport *t)
{
    for (unsigned i = 0; i < PIECES; i++)
        if (wait_for(m, t, &m->zerocopy->pieces[i]))
            return -1;
    return 0;
}

/* --- sending --- */

/* Whether something can be done about ERRNO of a call of which nothing was sent:
 * the bytes are copied, these if there is too little memory for what is to be kept
 * track of, all of the range if it is something else. */
static bool copies(struct zc_mover *m, int eno)
{
    if (eno == EOPNOTSUPP || eno == EINVAL) {
        zc_mover_say(m, "be used here", eno);
        m->zerocopy->refused = true;
        return true;
    }
    return eno == ENOBUFS || eno == ENOMEM;
}

/* The N bytes at BYTES, which are P's. */
static int send_piece(struct zc_mover *m, struct zc_transport *t,
                      struct piece *p, uint8_t *bytes, size_t n)
{
    struct iovec iov = {bytes, n};
    *p = (struct piece){.first = t->zerocopies};
    while (iov.iov_len && !m->zerocopy->refused) {
        struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
        ssize_t r = sendmsg(t->raw_wfd, &msg, MSG_ZEROCOPY | MSG_NOSIGNAL);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0 && copies(m, errno))
            break;
        if (r < 0)
            return -1;
        t->zerocopies++;
        p->calls++;
        p->left++;
        iov.iov_base = (uint8_t *)iov.iov_base + r;
        iov.iov_len -= (size_t)r;
    }
    return iov.iov_len ? zc_transport_send(t, &iov, 1) : 0;
}

ssize_t zc_move_send_zerocopy(struct zc_mover *m, struct zc_transport *t,
                              int fd, uint64_t offset, size_t n,
                              enum zc_move_fault *fault)
{
    struct zc_zerocopy *z = m->zerocopy;
    struct piece *p = &z->pieces[z->next];
    uint8_t *bytes = z->memory + z->next * PIECE;
    *fault = ZC_FAULT_PEER;
    if (wait_for(m, t, p))
        return -1;
    ssize_t have = zc_io_pread(fd, bytes, ZC_MIN(n, PIECE), (off_t)offset);
    if (have <= 0) {
        *fault = ZC_FAULT_FILE;
        return have;
    }
    z->next = (z->next + 1) % PIECES;
    if (send_piece(m, t, p, bytes, (size_t)have))
        return -1;
    *fault = ZC_FAULT_NONE;
    return have;
}
