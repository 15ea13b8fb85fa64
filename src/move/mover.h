/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Movers carry the bytes of file ranges: file -> peer on one side, peer -> file
 * on the other. The choice among them stands in one table in mover.c.
 *
 * A zc_mover holds what a mover needs from call to call (a pipe, a buffer);
 * each thread has its own.
 */
#ifndef ZC_MOVE_MOVER_H
#define ZC_MOVE_MOVER_H

#include "base/err.h"
#include "net/transport.h"

/* The numbers cross in OPEN. */
enum zc_mover_kind {
    ZC_MOVER_AUTO,      /* by the table */
    ZC_MOVER_READWRITE, /* through a buffer */
    ZC_MOVER_MMAP,      /* send: from a mapping */
    ZC_MOVER_SENDFILE,  /* send: sendfile(2) */
    ZC_MOVER_SPLICE,    /* splice(2) through a pipe */
    ZC_MOVER_OVERLAP,   /* receive: the same with two pipes and two threads */
    ZC_MOVER_DIRECT,    /* O_DIRECT: past the page cache */
    ZC_MOVER_ZEROCOPY,  /* send: MSG_ZEROCOPY, from a buffer */
    ZC_MOVER_URING,     /* through buffers, many calls at a time: io_uring */
};
#define ZC_MOVER_LAST ZC_MOVER_URING
#define ZC_MOVER_NAMES \
    "auto, readwrite, mmap, sendfile, splice, overlap, direct, zerocopy, uring"

/* One of ZC_MOVER_NAMES: -1 for anything else. */
int zc_mover_parse(const char *name, enum zc_mover_kind *kind);
const char *zc_mover_name(enum zc_mover_kind kind);

/* What stands in for a KIND that cannot do it over T: strings that need not be
 * freed. False: it can, or it is not for that direction anyway. */
struct zc_mover_instead {
    const char *over; /* what it cannot be used over */
    const char *name; /* of what is used */
};
bool zc_mover_instead(enum zc_mover_kind kind, const struct zc_transport *t,
                      bool sending, struct zc_mover_instead *out);

/* Can KIND carry bytes over T in that direction, by its nature? AUTO always can. A
 * file that turns out not to be for it is another matter. */
bool zc_mover_can(enum zc_mover_kind kind, const struct zc_transport *t,
                  bool sending);
/* What AUTO is over T. */
enum zc_mover_kind zc_mover_best(const struct zc_transport *t, bool sending);

struct zc_pipe {
    int r, w; /* -1 until needed */
    size_t size;
    uint8_t *buf; /* for files that cannot be spliced into; likewise NULL */
};
#define ZC_PIPE_INIT ((struct zc_pipe){.r = -1, .w = -1})

struct zc_direct;
struct zc_overlap;
struct zc_uring;
struct zc_zerocopy;

struct zc_mover {
    enum zc_mover_kind kind; /* as asked for; AUTO: by the table */
    struct zc_pipe pipe;
    uint8_t *buf; /* ZC_MOVER_BUF bytes, NULL until needed */
    struct zc_overlap *overlap; /* a thread and its buffers; NULL until needed */
    bool no_overlap; /* ... and they cannot be had, or are of no use */
    struct zc_direct *direct; /* a file past the cache, and memory; likewise */
    struct zc_zerocopy *zerocopy; /* buffers, and which are in use; likewise */
    struct zc_uring *uring; /* a ring and its buffers; likewise */
    int no_uring; /* why it cannot be had; 0: it was not tried, or it is there */
    struct {
        uint64_t calls;  /* of which the kernel has said that they are done */
        uint64_t copied; /* ... and that it has copied the bytes after all */
    } zerocopied;
    bool said;    /* the user knows that `kind` is not for some file, or not here */
    bool no_mmap; /* a file could be read, but not through a mapping */
    bool past_cache; /* the caller's: what goes through the page cache has to be
                        dropped again, so AUTO keeps out of it */
    struct zc_density density; /* the caller's: of the file that is sent */
};

/* Bytes per sendfile, splice and read call. Measured: smaller calls and pipes
 * lose up to a third; larger pipes need privilege. */
#define ZC_MOVER_CALL ((size_t)1 << 20)
#define ZC_MOVER_BUF ((size_t)256 << 10) /* no slower than 1 MiB when sealed */
/* Bytes received by two threads before all of them have to be written. */
#define ZC_MOVER_RANGE ((size_t)32 << 20)
/* Bytes that are mapped at a time; 1 MiB takes 15 % more CPU. */
#define ZC_MOVER_WINDOW ((size_t)8 << 20)

void zc_mover_init(struct zc_mover *m, enum zc_mover_kind kind);
void zc_mover_fini(struct zc_mover *m);

/*
 * Sends exactly LENGTH bytes of FD from OFFSET on, raw. Where the file ends
 * early, or cannot be read (*READ_ENO tells why), zeros are sent in place of
 * the rest and *SHORT_FILE is set: the peer was promised LENGTH bytes. -1 with
 * errno: the transport failed (EAGAIN and ETIMEDOUT: timed out).
 */
int zc_mover_send(struct zc_mover *m, struct zc_transport *t, int fd,
                  uint64_t offset, uint64_t length, bool *short_file,
                  int *read_eno);

/*
 * Receives exactly LENGTH raw bytes into FD at OFFSET. Where the file cannot be
 * written (*FILE_ENO is set; it may be set on entry already, or FD be -1) the
 * bytes are received all the same and dropped, so that the stream stays in
 * step. -1 with errno: the transport failed; 0 bytes left too early is
 * ECONNRESET.
 */
int zc_mover_recv(struct zc_mover *m, struct zc_transport *t, int fd,
                  uint64_t offset, uint64_t length, int *file_eno);

#endif
