/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The movers behind the table in mover.c; not for others. Each does one call's
 * worth and returns bytes moved, 0 at the end of the file, -1 and errno. With
 * ZC_FAULT_FILE and a positive count the bytes did cross the transport, and the
 * file is what is wrong (errno; 0: it was cut while it was read). ZC_FAULT_PEER
 * is for calls on the transport alone; one that does both, like sendfile, is the
 * file's, and the bytes are tried again through a buffer.
 */
#ifndef ZC_MOVE_INTERNAL_H
#define ZC_MOVE_INTERNAL_H

#include "net/transport.h"

#include <stdint.h>

struct zc_direct;
struct zc_mover;
struct zc_overlap;
struct zc_pipe;
struct zc_uring;
struct zc_zerocopy;

/* One side of a range moved; which side failed decides what happens next. */
enum zc_move_fault { ZC_FAULT_NONE, ZC_FAULT_FILE, ZC_FAULT_PEER };

typedef ssize_t zc_move_fn(struct zc_mover *m, struct zc_transport *t, int fd,
                           uint64_t offset, size_t n,
                           enum zc_move_fault *fault);

/* Before the first call of a range of FD. -1 and errno: it cannot be done, and the
 * fault is whose that is. */
typedef int zc_move_begin_fn(struct zc_mover *m, struct zc_transport *t, int fd,
                             enum zc_move_fault *fault);
/* After the last, also one that failed. -1 and errno: T has failed. */
typedef int zc_move_end_fn(struct zc_mover *m, struct zc_transport *t);

zc_move_fn zc_move_send_sendfile;
zc_move_fn zc_move_send_splice;
zc_move_fn zc_move_send_mmap;
zc_move_fn zc_move_send_buffer;
zc_move_fn zc_move_recv_splice;
zc_move_fn zc_move_recv_buffer;
zc_move_fn zc_move_recv_overlap;
zc_move_fn zc_move_send_direct;
zc_move_fn zc_move_recv_direct;
zc_move_begin_fn zc_move_begin_direct_read;
zc_move_begin_fn zc_move_begin_direct_write;
zc_move_end_fn zc_move_end_direct;
zc_move_fn zc_move_send_zerocopy;
zc_move_begin_fn zc_move_begin_zerocopy;
zc_move_end_fn zc_move_end_zerocopy;
zc_move_fn zc_move_send_uring;
zc_move_fn zc_move_recv_uring;
zc_move_begin_fn zc_move_begin_uring;
zc_move_end_fn zc_move_end_uring;

/* Makes M's buffer. 0 or -1. */
int zc_mover_need_buf(struct zc_mover *m);
/* N bytes off T to P: 0, or -1 and errno; ECONNRESET at its end. */
int zc_mover_fill(struct zc_transport *t, uint8_t *p, size_t n);
/* Tells the user, once, that what was asked for CANNOT, as of "read a file", for
 * the reason ENO, and that readwrite does it. */
void zc_mover_say(struct zc_mover *m, const char *cannot, int eno);

/* Makes P, of 2 MiB or what the limits allow. 0 or -1. */
int zc_pipe_need(struct zc_pipe *p);
void zc_pipe_fini(struct zc_pipe *p);
/* Off T into P, which is empty, N bytes or as many as it holds, or as there are; -1
 * and errno. */
ssize_t zc_pipe_fill(struct zc_pipe *p, struct zc_transport *t, size_t n);
/* All the N bytes in P into FD at OFFSET; -1 and errno. P is empty either way.
 * FD -1: they are dropped. */
int zc_pipe_empty(struct zc_pipe *p, int fd, uint64_t offset, size_t n);

/* NULL is fine. */
void zc_overlap_end(struct zc_overlap *o);
void zc_direct_free(struct zc_direct *d);
void zc_uring_free(struct zc_uring *u);
void zc_zerocopy_free(struct zc_zerocopy *z);

#endif
