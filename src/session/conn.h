/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection with frames on it, after the handshake. Sending is shared by
 * threads, in turn (first come, first served, so that a thread with gigabytes
 * to send does not starve one with a short answer); receiving belongs to one
 * thread.
 *
 * Bytes are received into slabs of 1 MiB. A frame's body is handed out as a
 * pointer into its slab; who keeps the body takes a reference on the slab. So
 * the bytes of a small file are touched once between socket and file.
 */
#ifndef ZC_SESSION_CONN_H
#define ZC_SESSION_CONN_H

#include "net/transport.h"
#include "proto/msg.h"

#include <pthread.h>
#include <stdatomic.h>

#define ZC_SLAB_SIZE ((size_t)1 << 20)

struct zc_slab {
    atomic_uint refs;
    uint8_t data[ZC_SLAB_SIZE];
};
void zc_slab_ref(struct zc_slab *s);
void zc_slab_unref(struct zc_slab *s); /* NULL is fine */

struct zc_conn {
    struct zc_transport *t;
    /* Sending: tickets give the turn. Lock order: innermost. */
    pthread_mutex_t lock;
    pthread_cond_t turn;
    uint64_t next_ticket, now_serving;
    uint64_t seq_out;
    atomic_bool sent_lately; /* cleared by zc_conn_idle */
    /* Receiving: one thread. */
    struct zc_slab *slab;
    size_t start, end; /* bytes in the slab that were received, not consumed */
    uint64_t seq_in;
    bool over;  /* nothing more comes from the peer: it is gone, */
    bool ended; /* and closed the connection between two frames */
    atomic_uint_fast64_t bytes_out, bytes_in;
};

int zc_conn_init(struct zc_conn *c, struct zc_transport *t,
                 struct zc_err *err);
void zc_conn_fini(struct zc_conn *c); /* the transport stays the caller's */

/* How many threads work at one end of a connection: ASKED, or (0) as many as
 * make sense on this machine; MAX at most. */
unsigned zc_conn_threads(unsigned asked, unsigned max);

/* Bytes that have crossed so far: bytes_out and bytes_in, or what a transport
 * that compresses has made of them. */
static inline uint64_t zc_conn_wire_out(const struct zc_conn *c)
{
    return zc_transport_wire(
        c->t, true, atomic_load_explicit(&c->bytes_out, memory_order_relaxed));
}
static inline uint64_t zc_conn_wire_in(const struct zc_conn *c)
{
    return zc_transport_wire(
        c->t, false, atomic_load_explicit(&c->bytes_in, memory_order_relaxed));
}
/* ... and what they were, both ways. */
static inline uint64_t zc_conn_plain(const struct zc_conn *c)
{
    return atomic_load_explicit(&c->bytes_out, memory_order_relaxed) +
           atomic_load_explicit(&c->bytes_in, memory_order_relaxed);
}

/* Takes the turn to send; other senders wait. */
void zc_conn_lock(struct zc_conn *c);
void zc_conn_unlock(struct zc_conn *c);
/* Takes the turn only if nobody has it or waits for it. */
bool zc_conn_trylock(struct zc_conn *c);

/* Numbers and sends the whole frames in B. Between lock and unlock. */
int zc_conn_send_locked(struct zc_conn *c, struct zc_buf *b,
                        struct zc_err *err);
/* The same with lock and unlock around it. B is empty afterwards. */
int zc_conn_send(struct zc_conn *c, struct zc_buf *b, struct zc_err *err);

/* The same, with the descriptor FD, over a transport that passes them. 1: not
 * now, as too many are on their way; B is as it was. */
int zc_conn_send_fd(struct zc_conn *c, struct zc_buf *b, int fd,
                    struct zc_err *err);

/* True when nothing was sent since the last call: time for a PING. */
bool zc_conn_idle(struct zc_conn *c);

/*
 * Receives the next frame: header in F, body at *BODY (in c->slab until the
 * next call, unless the caller takes a reference on *SLAB). EXACT: does not
 * receive beyond this frame's header and body if they are not there already,
 * so that raw bytes that may follow stay in the socket. -1 with a sentence:
 * ZC_EXIT_STREAM (the peer closed the connection, or nonsense),
 * ZC_EXIT_SOCKET, ZC_EXIT_TIMEOUT.
 */
int zc_conn_recv(struct zc_conn *c, bool exact, struct zc_frame *f,
                 struct zc_bytes *body, struct zc_slab **slab,
                 struct zc_err *err);

/* True when a whole frame, or part of one, has been received already. */
static inline bool zc_conn_has_bytes(const struct zc_conn *c)
{
    return c->end > c->start;
}

/* Raw bytes that were received together with earlier frames: up to N of them in
 * place, *GOT of them, consumed. NULL when there are none. */
const uint8_t *zc_conn_take_raw(struct zc_conn *c, size_t n, size_t *got);

/* The sentence of an ERROR in BODY, in the peer's own words, and from which host
 * they come where it is another. Returns -1. */
int zc_conn_peer_error(const struct zc_conn *c, struct zc_bytes body,
                       struct zc_err *err);
/* The same for an exit CODE and TEXT out of another message. */
int zc_conn_peer_words(const struct zc_conn *c, unsigned code,
                       struct zc_bytes text, struct zc_err *err);

/* The other way round: an ERROR with the sentence of ERR. */
void zc_conn_tell(struct zc_conn *c, const struct zc_err *err);
/* The same, unless somebody else is sending, who might wait for ever. */
void zc_conn_trytell(struct zc_conn *c, const struct zc_err *err);

/* A sentence for errno after a failed send or recv on C. Returns -1. */
int zc_conn_error(const struct zc_conn *c, int eno, struct zc_err *err);

#endif
