// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Choosing a mover, and driving it over a whole range: short counts, files that
 * end early, files that cannot be written. The movers themselves are in
 * sendfile.c, splice.c, mmap.c, readwrite.c and overlap.c.
 */
#include "move/mover.h"

#include "base/io.h"
#include "move/internal.h"

#include <poll.h>
#include <string.h>

enum carrier {
    RAW,   /* the transport gives its fds away, which are sockets */
    PIPES, /* likewise pipes */
    SEALS, /* it copies while it encrypts */
    OTHER,
};

/*
 * The table. Big files only: those of up to ZC_INLINE_MAX bytes are gathered
 * with their headers into one buffer by the sender, which beats every mover
 * there. Measured by tests/bench/push.sh --case=big --mover=...; figures in
 * HACKING.md.
 *
 * Sealed with AES-256-GCM, from the page cache, the sender's CPU s/GB of three
 * runs each in turns: mmap 0.31-0.36 and readwrite 0.35-0.39 where the cache is
 * in large folios, as readahead makes them; both 0.43 where it is in pages.
 */
static const struct choice {
    enum zc_mover_kind asked;
    enum carrier over;
    zc_move_fn *send, *recv;
} table[] = {
    {ZC_MOVER_AUTO, RAW, zc_move_send_sendfile, zc_move_recv_overlap},
    {ZC_MOVER_SENDFILE, RAW, zc_move_send_sendfile, zc_move_recv_splice},
    {ZC_MOVER_SPLICE, RAW, zc_move_send_splice, zc_move_recv_splice},
    {ZC_MOVER_READWRITE, RAW, zc_move_send_buffer, zc_move_recv_buffer},
    {ZC_MOVER_MMAP, RAW, zc_move_send_mmap, zc_move_recv_buffer},
    {ZC_MOVER_AUTO, PIPES, zc_move_send_sendfile, zc_move_recv_splice},
    {ZC_MOVER_SPLICE, PIPES, zc_move_send_splice, zc_move_recv_splice},
    {ZC_MOVER_READWRITE, PIPES, zc_move_send_buffer, zc_move_recv_buffer},
    {ZC_MOVER_MMAP, PIPES, zc_move_send_mmap, zc_move_recv_buffer},
    {ZC_MOVER_READWRITE, SEALS, zc_move_send_buffer, zc_move_recv_buffer},
    {ZC_MOVER_AUTO, SEALS, zc_move_send_mmap, zc_move_recv_buffer},
    {ZC_MOVER_AUTO, OTHER, zc_move_send_buffer, zc_move_recv_buffer},
};

static const char *const names[] = {"auto", "sendfile", "splice", "readwrite",
                                    "mmap"};

int zc_mover_parse(const char *name, enum zc_mover_kind *kind)
{
    for (size_t i = 0; i < ZC_ARRAY_LEN(names); i++)
        if (!strcmp(name, names[i])) {
            *kind = (enum zc_mover_kind)i;
            return 0;
        }
    return -1;
}

const char *zc_mover_name(enum zc_mover_kind kind)
{
    return names[kind];
}

/* What was asked for where the table has it, else what is best. */
static const struct choice *choose(const struct zc_mover *m,
                                   const struct zc_transport *t, int raw_fd)
{
    enum carrier over = raw_fd < 0  ? t->seals ? SEALS : OTHER
                        : t->socket ? RAW
                                    : PIPES;
    const struct choice *c = NULL;
    for (size_t i = 0; i < ZC_ARRAY_LEN(table); i++)
        if (table[i].over == over &&
            (table[i].asked == m->kind ||
             (!c && table[i].asked == ZC_MOVER_AUTO)))
            c = &table[i];
    return c;
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
    zc_move_fn *send = choose(m, t, t->raw_wfd)->send;
    while (length) {
        enum zc_move_fault fault = ZC_FAULT_NONE;
        size_t most = send == zc_move_send_mmap ? ZC_MOVER_WINDOW
                                                : ZC_MOVER_CALL;
        size_t now = (size_t)ZC_MIN(length, (uint64_t)most);
        ssize_t r = send(m, t, fd, offset, now, &fault);
        if (r < 0 && fault == ZC_FAULT_PEER)
            return -1;
        if (r < 0 && send != zc_move_send_buffer) {
            /* A file system without sendfile, splice or mmap, or a call that
             * does not say whether it was the file. */
            send = zc_move_send_buffer;
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
    zc_move_fn *recv = choose(m, t, t->raw_rfd)->recv;
    size_t most = recv == zc_move_recv_overlap ? ZC_MOVER_RANGE : ZC_MOVER_CALL;
    while (length && !*file_eno && fd >= 0) {
        enum zc_move_fault fault = ZC_FAULT_NONE;
        size_t now = (size_t)ZC_MIN(length, (uint64_t)most);
        ssize_t r = recv(m, t, fd, offset, now, &fault);
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
