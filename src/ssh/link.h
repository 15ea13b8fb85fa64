/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A libssh2 session over a stream socket. libssh2 never sees the socket: it
 * takes what has come from IN, and what it sends goes to OUT when the socket
 * would block, so that no call of its ever ends with half a packet sent. That
 * matters, as libssh2 then wants the same call again before any other, and a
 * writer and a reader that adjusts its window get into each other's way. So its
 * EAGAIN always means: more must come in.
 *
 * One thread at a time, the one that opens it first and the pump then.
 */
#ifndef ZC_SSH_LINK_H
#define ZC_SSH_LINK_H

#include "base/buf.h"
#include "base/err.h"
#include "ssh/amend.h"
#include "ssh/fifo.h"

#include <libssh2.h>
#include <stdatomic.h>

#define ZC_SSH_PACKET 32768u /* of a channel: the most at once */

struct zc_ssh_link {
    LIBSSH2_SESSION *session;
    int fd; /* owned, does not block */
    const char *host; /* for sentences; the caller's */
    const atomic_bool *stop; /* may be NULL */
    struct zc_fifo in;
    struct zc_buf out;
    size_t out_at;
    int64_t heard_ns; /* when something came last */
    bool ended;       /* the peer has closed it */
    bool mute;        /* nothing can be sent any more */
    bool dead;        /* nothing goes over it any more, either way */
    int why;          /* errno of what broke it; 0 */
    char bye[200];    /* why the peer says good-bye; "" */
    void *arg;        /* for callbacks of libssh2 that get the link */
    struct zc_ssh_amend amend;
};

/* FD is taken over either way. NULL with a sentence. */
struct zc_ssh_link *zc_ssh_link_new(int fd, const char *host,
                                    const atomic_bool *stop,
                                    struct zc_err *err);
/* Says good-bye, when that can be said at once, and closes. NULL is fine. */
void zc_ssh_link_free(struct zc_ssh_link *l);

/* Before hands are shaken: of NAMES (NULL: all), those that libssh2 knows and
 * ALLOWED has (NULL: all), for METHOD (LIBSSH2_METHOD_...), the first one
 * preferred. WHAT it is, for a sentence, and the key of ssh_config: "cipher",
 * "Ciphers". */
struct zc_ssh_choice {
    int method;
    const char *names, *allowed, *what, *key;
};
int zc_ssh_link_prefer(struct zc_ssh_link *l, const struct zc_ssh_choice *c,
                       struct zc_err *err);

/* Takes what has come, or sends what has to go, without waiting. True: some of
 * it was done. */
bool zc_ssh_link_fill(struct zc_ssh_link *l);
bool zc_ssh_link_flush(struct zc_ssh_link *l);
static inline size_t zc_ssh_link_unsent(const struct zc_ssh_link *l)
{
    return l->out.len - l->out_at;
}

/*
 * After a call of libssh2 that returned EAGAIN: waits for more. -1 with a
 * sentence: END_NS is past (ZC_EXIT_CONTIMEOUT), the stop flag (or a signal,
 * where there is none), the connection is closed. DOING is what goes on
 * ("shaking hands").
 */
int zc_ssh_link_wait(struct zc_ssh_link *l, int64_t end_ns, const char *doing,
                     struct zc_err *err);

/* The sentence for a failure of libssh2: what it says, or what has become of
 * the socket. -1. */
int zc_ssh_link_error(struct zc_ssh_link *l, enum zc_exit code,
                      const char *doing, struct zc_err *err);

#endif
