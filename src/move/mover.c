// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Choosing a mover, and driving it over a whole range: short counts, files that
 * end early, files that cannot be written. The movers themselves are in
 * sendfile.c, splice.c, mmap.c, readwrite.c, overlap.c, direct.c,
 * zerocopy.c and uring.c.
 */
#include "move/mover.h"

#include "base/log.h"
#include "move/internal.h"

#include <string.h>

/* What bytes cross: bits. */
enum carrier {
    NETWORK = 1 << 0, /* a socket, which the transport gives away */
    LOCAL = 1 << 1,   /* likewise, of the kind that leads to this machine only */
    PIPES = 1 << 2,   /* likewise */
    SEALS = 1 << 3,   /* it copies while it encrypts */
    OTHER = 1 << 4,
    SOCKETS = NETWORK | LOCAL,
    RAW = SOCKETS | PIPES,
    ANY = RAW | SEALS | OTHER,
};

/* One direction of a technique: how it moves, over what it can, and bytes of a
 * call. */
struct way {
    zc_move_fn *move; /* NULL: it is for the other direction */
    unsigned over;
    size_t most;
    /* For each range, in front of its calls and behind them; NULL: nothing. */
    zc_move_begin_fn *begin;
    zc_move_end_fn *end;
};

/* Nothing before the first call, nor after the last. */
#define ALONE NULL, NULL

static const struct technique {
    const char *name;
    struct way send, recv;
} techniques[] = {
    [ZC_MOVER_AUTO] = {"auto", {0}, {0}},
    [ZC_MOVER_READWRITE] = {"readwrite",
                            {zc_move_send_buffer, ANY, ZC_MOVER_CALL, ALONE},
                            {zc_move_recv_buffer, ANY, ZC_MOVER_CALL, ALONE}},
    [ZC_MOVER_MMAP] = {"mmap",
                       {zc_move_send_mmap, RAW | SEALS, ZC_MOVER_WINDOW, ALONE},
                       {0}},
    [ZC_MOVER_SENDFILE] = {"sendfile",
                           {zc_move_send_sendfile, RAW, ZC_MOVER_CALL, ALONE},
                           {0}},
    [ZC_MOVER_SPLICE] = {"splice",
                         {zc_move_send_splice, RAW, ZC_MOVER_CALL, ALONE},
                         {zc_move_recv_splice, RAW, ZC_MOVER_CALL, ALONE}},
    [ZC_MOVER_OVERLAP] = {"overlap",
                          {0},
                          {zc_move_recv_overlap, SOCKETS, ZC_MOVER_RANGE, ALONE}},
    [ZC_MOVER_DIRECT] = {"direct",
                         {zc_move_send_direct, ANY, ZC_MOVER_CALL,
                          zc_move_begin_direct_read, zc_move_end_direct},
                         {zc_move_recv_direct, ANY, ZC_MOVER_CALL,
                          zc_move_begin_direct_write, zc_move_end_direct}},
    [ZC_MOVER_ZEROCOPY] = {"zerocopy",
                           {zc_move_send_zerocopy, NETWORK, ZC_MOVER_CALL,
                            zc_move_begin_zerocopy, zc_move_end_zerocopy},
                           {0}},
    [ZC_MOVER_URING] = {"uring",
                        {zc_move_send_uring, SOCKETS, ZC_MOVER_CALL,
                         zc_move_begin_uring, zc_move_end_uring},
                        {zc_move_recv_uring, SOCKETS, ZC_MOVER_CALL,
                         zc_move_begin_uring, zc_move_end_uring}},
};

/*
 * What is best. Big files only: those of up to ZC_INLINE_MAX bytes are gathered
 * with their headers into one buffer by the sender, which beats every mover
 * there. Measured by tests/bench/push.sh; figures in HACKING.md.
 *
 * Sealed with AES-256-GCM, from the page cache, the sender's CPU s/GB of three
 * runs each in turns: mmap 0.31-0.36 and readwrite 0.35-0.39 where the cache is
 * in large folios, as readahead makes them; both 0.43 where it is in pages.
 */
static const struct best {
    enum carrier over;
    enum zc_mover_kind send, recv;
    const char *text; /* of what is crossed, in sentences */
} best[] = {
    {NETWORK, ZC_MOVER_SENDFILE, ZC_MOVER_OVERLAP, "a network"},
    {LOCAL, ZC_MOVER_SENDFILE, ZC_MOVER_OVERLAP, "a local socket"},
    {PIPES, ZC_MOVER_SENDFILE, ZC_MOVER_SPLICE, "pipes"},
    {SEALS, ZC_MOVER_MMAP, ZC_MOVER_READWRITE, "an encrypted connection"},
    {OTHER, ZC_MOVER_READWRITE, ZC_MOVER_READWRITE, "this connection"},
};

int zc_mover_parse(const char *name, enum zc_mover_kind *kind)
{
    for (size_t i = 0; i < ZC_ARRAY_LEN(techniques); i++)
        if (!strcmp(name, techniques[i].name)) {
            *kind = (enum zc_mover_kind)i;
            return 0;
        }
    return -1;
}

const char *zc_mover_name(enum zc_mover_kind kind)
{
    return techniques[kind].name;
}

static const struct best *best_over(const struct zc_transport *t, bool sending)
{
    int raw_fd = sending ? t->raw_wfd : t->raw_rfd;
    enum carrier over = raw_fd < 0  ? t->seals ? SEALS : OTHER
                        : !t->socket ? PIPES
                        : t->local   ? LOCAL
                                     : NETWORK;
    const struct best *b = best;
    while (b->over != over)
        b++;
    return b;
}

static const struct way *way_of(enum zc_mover_kind kind, bool sending)
{
    return sending ? &techniques[kind].send : &techniques[kind].recv;
}

/* What was asked for where that can be, else what is best. */
static const struct way *choose(const struct zc_mover *m,
                                const struct zc_transport *t, bool sending)
{
    const struct best *b = best_over(t, sending);
    const struct way *asked = way_of(
        m->kind == ZC_MOVER_AUTO && m->past_cache ? ZC_MOVER_DIRECT : m->kind,
        sending);
    return asked->over & b->over ? asked
                                 : way_of(sending ? b->send : b->recv, sending);
}

enum zc_mover_kind zc_mover_best(const struct zc_transport *t, bool sending)
{
    const struct best *b = best_over(t, sending);
    return sending ? b->send : b->recv;
}

bool zc_mover_can(enum zc_mover_kind kind, const struct zc_transport *t,
                  bool sending)
{
    return kind == ZC_MOVER_AUTO ||
           way_of(kind, sending)->over & best_over(t, sending)->over;
}

bool zc_mover_instead(enum zc_mover_kind kind, const struct zc_transport *t,
                      bool sending, struct zc_mover_instead *out)
{
    const struct best *b = best_over(t, sending);
    const struct way *asked = way_of(kind, sending);
    /* Half of a technique is all there is of some. And of a transport that
     * compresses most of what is moved goes around it. */
    if (!asked->move || asked->over & b->over || t->ops->bare_out)
        return false;
    out->over = b->text;
    out->name = zc_mover_name(sending ? b->send : b->recv);
    return true;
}

void zc_mover_init(struct zc_mover *m, enum zc_mover_kind kind)
{
    *m = (struct zc_mover){.kind = kind, .pipe = ZC_PIPE_INIT};
}

void zc_mover_fini(struct zc_mover *m)
{
    zc_pipe_fini(&m->pipe);
    free(m->buf);
    m->buf = NULL;
    zc_overlap_end(m->overlap);
    m->overlap = NULL;
    zc_direct_free(m->direct);
    m->direct = NULL;
    zc_zerocopy_free(m->zerocopy);
    m->zerocopy = NULL;
    zc_uring_free(m->uring);
    m->uring = NULL;
}

int zc_mover_need_buf(struct zc_mover *m)
{
    if (!m->buf)
        m->buf = malloc(ZC_MOVER_BUF);
    if (!m->buf)
        errno = ENOMEM;
    return m->buf ? 0 : -1;
}

int zc_mover_fill(struct zc_transport *t, uint8_t *p, size_t n)
{
    while (n) {
        ssize_t r = zc_transport_recv(t, p, n);
        if (r == 0)
            errno = ECONNRESET;
        if (r <= 0)
            return -1;
        p += r;
        n -= (size_t)r;
    }
    return 0;
}

/* The peer was promised these bytes. */
static int send_zeros(struct zc_transport *t, uint64_t n)
{
    static const uint8_t zeros[64 * 1024];
    while (n) {
        size_t now = ZC_MIN(n, sizeof zeros);
        struct iovec iov = {(void *)zeros, now};
        if (zc_transport_send(t, &iov, 1))
            return -1;
        n -= now;
    }
    return 0;
}

void zc_mover_say(struct zc_mover *m, const char *cannot, int eno)
{
    if (m->kind != ZC_MOVER_AUTO && !m->said)
        zc_log(ZC_LOG_INFO, "%s cannot %s (%s): %s does it",
               zc_mover_name(m->kind), cannot, strerror(eno),
               zc_mover_name(ZC_MOVER_READWRITE));
    m->said = true;
}

/* The way for a range of FD, which has begun. */
static const struct way *begin(struct zc_mover *m, struct zc_transport *t,
                               int fd, bool sending)
{
    enum zc_move_fault fault = ZC_FAULT_NONE;
    const struct way *way = choose(m, t, sending);
    if (!way->begin || !way->begin(m, t, fd, &fault))
        return way;
    zc_mover_say(m, fault != ZC_FAULT_FILE ? "be used here"
                    : sending              ? "read a file"
                                           : "write a file",
                 errno);
    return way_of(ZC_MOVER_READWRITE, sending);
}

/* What has come to R, and errno, when WAY has ended. */
static int end(const struct way *way, struct zc_mover *m,
               struct zc_transport *t, int r)
{
    int eno = errno;
    if (way->end && way->end(m, t) && !r)
        return -1;
    errno = eno;
    return r;
}

/* LENGTH bytes by *WAY, which may become another. */
static int send_by(const struct way **way, struct zc_mover *m,
                   struct zc_transport *t, int fd, uint64_t offset,
                   uint64_t length, bool *short_file, int *read_eno)
{
    const struct way *plain = way_of(ZC_MOVER_READWRITE, true);
    while (length) {
        enum zc_move_fault fault = ZC_FAULT_NONE;
        size_t now = (size_t)ZC_MIN(length, (uint64_t)(*way)->most);
        ssize_t r = (*way)->move(m, t, fd, offset, now, &fault);
        if (r < 0 && fault == ZC_FAULT_PEER)
            return -1;
        if (r < 0 && *way != plain) {
            /* A file system without sendfile, splice or mmap, or a call that
             * does not say whether it was the file. */
            zc_mover_say(m, "read a file", errno);
            if (end(*way, m, t, 0))
                return -1;
            *way = plain;
            continue;
        }
        if (r <= 0) {
            *short_file = true;
            *read_eno = r < 0 ? errno : 0;
            return send_zeros(t, length);
        }
        offset += (uint64_t)r;
        length -= (uint64_t)r;
        if (fault == ZC_FAULT_FILE) {
            *short_file = true;
            *read_eno = errno;
            return send_zeros(t, length);
        }
    }
    return 0;
}

/* LENGTH bytes over T, whatever becomes of the file. */
static int send_run(struct zc_mover *m, struct zc_transport *t, int fd,
                    uint64_t offset, uint64_t length, bool *short_file,
                    int *read_eno)
{
    const struct way *way = begin(m, t, fd, true);
    int r = send_by(&way, m, t, fd, offset, length, short_file, read_eno);
    return end(way, m, t, r);
}

int zc_mover_send(struct zc_mover *m, struct zc_transport *t, int fd,
                  uint64_t offset, uint64_t length, bool *short_file,
                  int *read_eno)
{
    while (length && !*short_file) {
        uint64_t run = length;
        struct zc_transport *over = zc_transport_bare_out(t, &run, &m->density);
        if (!over || send_run(m, over, fd, offset, run, short_file, read_eno))
            return -1;
        zc_transport_bare_sent(t);
        offset += run;
        length -= run;
    }
    return length ? send_zeros(t, length) : 0;
}

static int discard(struct zc_mover *m, struct zc_transport *t, uint64_t n)
{
    uint8_t few[4096];
    bool much = !zc_mover_need_buf(m);
    uint8_t *buf = much ? m->buf : few;
    size_t room = much ? ZC_MOVER_BUF : sizeof few;
    for (size_t now; n; n -= now) {
        now = (size_t)ZC_MIN(n, (uint64_t)room);
        if (zc_mover_fill(t, buf, now))
            return -1;
    }
    return 0;
}

static int recv_by(const struct way *way, struct zc_mover *m,
                   struct zc_transport *t, int fd, uint64_t offset,
                   uint64_t length, int *file_eno)
{
    while (length && !*file_eno) {
        enum zc_move_fault fault = ZC_FAULT_NONE;
        size_t now = (size_t)ZC_MIN(length, (uint64_t)way->most);
        ssize_t r = way->move(m, t, fd, offset, now, &fault);
        if (r < 0)
            return -1;
        /* What came off the socket counts, even where writing it failed. */
        if (fault == ZC_FAULT_FILE)
            *file_eno = errno;
        offset += (uint64_t)r;
        length -= (uint64_t)r;
    }
    return length ? discard(m, t, length) : 0;
}

static int recv_run(struct zc_mover *m, struct zc_transport *t, int fd,
                    uint64_t offset, uint64_t length, int *file_eno)
{
    if (*file_eno || fd < 0)
        return discard(m, t, length);
    const struct way *way = begin(m, t, fd, false);
    return end(way, m, t, recv_by(way, m, t, fd, offset, length, file_eno));
}

int zc_mover_recv(struct zc_mover *m, struct zc_transport *t, int fd,
                  uint64_t offset, uint64_t length, int *file_eno)
{
    while (length) {
        uint64_t run = length;
        struct zc_transport *over = zc_transport_bare_in(t, &run);
        if (!over || recv_run(m, over, fd, offset, run, file_eno))
            return -1;
        offset += run;
        length -= run;
    }
    return 0;
}
