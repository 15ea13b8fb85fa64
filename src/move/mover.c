// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Choosing a mover, and driving it over a whole range: short counts, files that
 * end early, files that cannot be written. The movers themselves are in
 * sendfile.c, splice.c, mmap.c, readwrite.c and overlap.c.
 */
#include "move/mover.h"

#include "base/io.h"
#include "base/log.h"
#include "move/internal.h"

#include <poll.h>
#include <string.h>

/* What bytes cross: bits. */
enum carrier {
    SOCKETS = 1 << 0, /* the transport gives them away */
    PIPES = 1 << 1,   /* likewise */
    SEALS = 1 << 2,   /* it copies while it encrypts */
    OTHER = 1 << 3,
    RAW = SOCKETS | PIPES,
    ANY = RAW | SEALS | OTHER,
};

/* One direction of a technique: how it moves, over what it can, and bytes of a
 * call. */
struct way {
    zc_move_fn *move; /* NULL: it is for the other direction */
    unsigned over;
    size_t most;
};

static const struct technique {
    const char *name;
    struct way send, recv;
} techniques[] = {
    [ZC_MOVER_AUTO] = {"auto", {0}, {0}},
    [ZC_MOVER_READWRITE] = {"readwrite",
                            {zc_move_send_buffer, ANY, ZC_MOVER_CALL},
                            {zc_move_recv_buffer, ANY, ZC_MOVER_CALL}},
    [ZC_MOVER_MMAP] = {"mmap",
                       {zc_move_send_mmap, RAW | SEALS, ZC_MOVER_WINDOW},
                       {0}},
    [ZC_MOVER_SENDFILE] = {"sendfile",
                           {zc_move_send_sendfile, RAW, ZC_MOVER_CALL},
                           {0}},
    [ZC_MOVER_SPLICE] = {"splice",
                         {zc_move_send_splice, RAW, ZC_MOVER_CALL},
                         {zc_move_recv_splice, RAW, ZC_MOVER_CALL}},
    [ZC_MOVER_OVERLAP] = {"overlap",
                          {0},
                          {zc_move_recv_overlap, SOCKETS, ZC_MOVER_RANGE}},
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
    {SOCKETS, ZC_MOVER_SENDFILE, ZC_MOVER_OVERLAP, "a socket"},
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
                        : t->socket ? SOCKETS
                                    : PIPES;
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
    const struct way *asked = way_of(m->kind, sending);
    return asked->over & b->over ? asked
                                 : way_of(sending ? b->send : b->recv, sending);
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
}

int zc_mover_need_buf(struct zc_mover *m)
{
    if (!m->buf)
        m->buf = malloc(ZC_MOVER_BUF);
    if (!m->buf)
        errno = ENOMEM;
    return m->buf ? 0 : -1;
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

/* LENGTH bytes over T, whatever becomes of the file. */
static int send_run(struct zc_mover *m, struct zc_transport *t, int fd,
                    uint64_t offset, uint64_t length, bool *short_file,
                    int *read_eno)
{
    const struct way *plain = way_of(ZC_MOVER_READWRITE, true);
    const struct way *send = choose(m, t, true);
    while (length) {
        enum zc_move_fault fault = ZC_FAULT_NONE;
        size_t now = (size_t)ZC_MIN(length, (uint64_t)send->most);
        ssize_t r = send->move(m, t, fd, offset, now, &fault);
        if (r < 0 && fault == ZC_FAULT_PEER)
            return -1;
        if (r < 0 && send != plain) {
            /* A file system without sendfile, splice or mmap, or a call that
             * does not say whether it was the file. */
            if (m->kind != ZC_MOVER_AUTO && !m->said)
                zc_log(ZC_LOG_INFO, "%s cannot read a file (%s): %s does it",
                       zc_mover_name(m->kind), strerror(errno),
                       zc_mover_name(ZC_MOVER_READWRITE));
            m->said = true;
            send = plain;
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
    while (n) {
        ssize_t r = zc_transport_recv(t, buf, ZC_MIN(n, (uint64_t)room));
        if (r == 0)
            errno = ECONNRESET;
        if (r <= 0)
            return -1;
        n -= (uint64_t)r;
    }
    return 0;
}

static int recv_run(struct zc_mover *m, struct zc_transport *t, int fd,
                    uint64_t offset, uint64_t length, int *file_eno)
{
    const struct way *recv = choose(m, t, false);
    while (length && !*file_eno && fd >= 0) {
        enum zc_move_fault fault = ZC_FAULT_NONE;
        size_t now = (size_t)ZC_MIN(length, (uint64_t)recv->most);
        ssize_t r = recv->move(m, t, fd, offset, now, &fault);
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
