/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A two-way byte stream to a peer, whatever carries it. Movers ask for the raw
 * fds: where they are given, file data may cross them with sendfile(2) and
 * splice(2); where they are -1, every byte has to go through send and recv
 * (encrypted transports).
 *
 * One thread may send while another receives; two threads must not send, or
 * receive, at the same time. A time-out (zc_transport_set_timeout) shows as
 * ETIMEDOUT from send, recv and wait.
 *
 * send never raises SIGPIPE on a socket. On a pipe, and with sendfile or splice
 * on any raw fd, nothing can keep the kernel from it: the programs ignore
 * SIGPIPE before they use a transport.
 */
#ifndef ZC_NET_TRANSPORT_H
#define ZC_NET_TRANSPORT_H

#include "base/err.h"

#include <sys/uio.h>

struct zc_transport;

/* How far what is sent will shrink: what has been learned from the first bytes of
 * a file. Zeroed for another one. */
struct zc_density {
    bool dense; /* the caller's: it will not */
    bool tried; /* bytes of it were compressed, and did not shrink if NEXT */
    size_t left, next;
};

struct zc_transport_ops {
    /* At least one byte, 0 at the end of the stream, -1 and errno. EINTR is
     * handled inside. */
    ssize_t (*recv)(struct zc_transport *t, void *buf, size_t n);
    /* All of it, or -1 and errno. IOV is used up (may be changed). */
    int (*send)(struct zc_transport *t, struct iovec *iov, int count);
    /* Both directions end; a thread blocked in recv or send wakes up with an
     * error or end of stream. Callable from any thread and, for transports
     * over fds, from a signal handler. Bytes that arrived before may still be
     * received. */
    void (*shutdown)(struct zc_transport *t);
    void (*free)(struct zc_transport *t);
    /* True when recv has bytes that no poll(2) tells of. NULL: never. */
    bool (*pending)(const struct zc_transport *t);
    /* As zc_transport_set_timeout. NULL: what that does for fds. */
    int (*set_timeout)(struct zc_transport *t, unsigned seconds);
    /* As zc_transport_set_recv_end. NULL: it is looked at in T itself. */
    void (*set_recv_end)(struct zc_transport *t, int64_t end);
    /* As the functions of their names below, which say what NULL does. */
    struct zc_transport *(*bare_out)(struct zc_transport *t, uint64_t *n,
                                     struct zc_density *d);
    void (*bare_sent)(struct zc_transport *t);
    struct zc_transport *(*bare_in)(struct zc_transport *t, uint64_t *n);
    uint64_t (*wire)(const struct zc_transport *t, bool out);
};

struct zc_transport {
    const struct zc_transport_ops *ops;
    int raw_rfd, raw_wfd; /* -1: not raw. Owned by T; sockets block, pipes do
                             not: see zc_transport_wait */
    /* What carries it in the end, for poll(2), and for shutdown(2) by who is
     * done with it; never -1 over fds, raw or not. Ready does not mean that recv
     * has something: see zc_transport_pending. */
    int poll_rfd, poll_wfd;
    bool socket;          /* the fds are sockets (else pipes) */
    bool local;           /* ... of AF_UNIX */
    uint32_t zerocopies;  /* calls with MSG_ZEROCOPY so far: how the kernel counts */
    bool passes_fds; /* the other end is a process of ours that may have what we
                        have open: see zc_transport_send_fd */
    bool near; /* by its address the peer is on this machine, so that bytes cross as
                  fast as they are read */
    uint64_t features;    /* of ZC_FEATURES_MESSAGES, those that both ends know */
    bool seals;           /* send copies what it is given (encrypting it) */
    int timeout_ms;       /* 0: none */
    int64_t recv_end;     /* zc_clock_ns; 0: none */
    char host[128];       /* another one, as the user named it; "": this one, or
                             whoever dialled */
    char peer[160];       /* "192.0.2.1:8730", "local", "stdio": for messages */
    char security[64];    /* "plain", "SSH", "AES-256-GCM, kernel TLS" */
    char peer_key[48];    /* base64 of the peer's public key; "" when plain */
};

/* Over fds that T takes over: RFD and WFD may be the same socket, or two
 * pipes. Anything else works too, but is not raw. NULL: out of memory or fds;
 * RFD and WFD are then still the caller's. Pipes are made non-blocking until
 * T is freed. */
struct zc_transport *zc_transport_new_fds(int rfd, int wfd, const char *peer);

/* No progress for SECONDS (0: wait for ever) ends a send, recv or wait with
 * ETIMEDOUT. Sets SO_RCVTIMEO and SO_SNDTIMEO on sockets (a raw sendfile or
 * splice then fails with EAGAIN, which callers treat as ETIMEDOUT). */
int zc_transport_set_timeout(struct zc_transport *t, unsigned seconds);

/* From END (zc_clock_ns) on recv fails with ETIMEDOUT, however steadily bytes
 * come; 0: no such end. The time-out holds besides. */
void zc_transport_set_recv_end(struct zc_transport *t, int64_t end);

/* Before *each* raw operation on a pipe, which moves what is possible and does
 * not block: waits until it is ready, times out (ETIMEDOUT) or is shut down
 * (ESHUTDOWN). EVENTS is POLLIN or POLLOUT. On sockets returns 0 at once. */
int zc_transport_wait(struct zc_transport *t, short events);

static inline ssize_t zc_transport_recv(struct zc_transport *t, void *buf,
                                        size_t n)
{
    return t->ops->recv(t, buf, n);
}
static inline int zc_transport_send(struct zc_transport *t, struct iovec *iov,
                                    int count)
{
    return t->ops->send(t, iov, count);
}
static inline void zc_transport_shutdown(struct zc_transport *t)
{
    t->ops->shutdown(t);
}
static inline bool zc_transport_pending(const struct zc_transport *t)
{
    return t->ops->pending && t->ops->pending(t);
}

/*
 * For who has many bytes to send, or to receive, and would rather use raw fds:
 * the transport over which the next *N of them cross, which may become fewer, but
 * not none. That is T, or one below it, which gets exactly so many; between
 * bare_out and bare_sent, where they have been sent, nothing else is sent. They are
 * of the file of D. NULL and errno: T has failed.
 */
static inline struct zc_transport *zc_transport_bare_out(struct zc_transport *t,
                                                         uint64_t *n,
                                                         struct zc_density *d)
{
    return t->ops->bare_out ? t->ops->bare_out(t, n, d) : t;
}
static inline void zc_transport_bare_sent(struct zc_transport *t)
{
    if (t->ops->bare_sent)
        t->ops->bare_sent(t);
}
static inline struct zc_transport *zc_transport_bare_in(struct zc_transport *t,
                                                        uint64_t *n)
{
    return t->ops->bare_in ? t->ops->bare_in(t, n) : t;
}
/* What has become, so far, of PLAIN bytes that were sent (OUT) or received:
 * fewer where T compresses. */
static inline uint64_t zc_transport_wire(const struct zc_transport *t, bool out,
                                         uint64_t plain)
{
    return t->ops->wire ? t->ops->wire(t, out) : plain;
}

/*
 * Where T passes them: sends the N bytes at P with the descriptor FD, which stays
 * the caller's. -1 and errno: T has failed, but for ETOOMANYREFS, with which
 * nothing was sent, as too many are on their way. The other end gets them one by
 * one, in the order in which they were sent, each before the last of its bytes:
 * -1 is one for which there was no room there, or none at all.
 */
int zc_transport_send_fd(struct zc_transport *t, const void *p, size_t n,
                         int fd);
int zc_transport_take_fd(struct zc_transport *t);

/* Closes and frees. NULL is fine. */
void zc_transport_free(struct zc_transport *t);

/*
 * Closing a TCP socket with unread bytes resets the connection, and a reset can
 * overtake the message that says why. So where a session has failed: no more
 * from us, and the peer's bytes are read and dropped until it closes too, or NS
 * have passed. T can only be freed then. Nothing is done where it is no socket.
 */
void zc_transport_linger(struct zc_transport *t, int64_t ns);

/* Gives FD, an AF_UNIX socket, room for what splice moves at a time. */
void zc_transport_grow_sndbuf(int fd);

/* Over FD, one end of a socket pair whose other end a process of ours has; it
 * passes descriptors. As zc_transport_new_fds. */
struct zc_transport *zc_transport_new_local(int fd);

/* Two of those, connected, for an embedded receiver. */
int zc_transport_pair(struct zc_transport **a, struct zc_transport **b,
                      struct zc_err *err);

#endif
