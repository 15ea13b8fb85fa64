// SPDX-License-Identifier: GPL-2.0-or-later
/* A libssh2 session over a stream socket; see link.h. */
#include "ssh/link.h"

#include "base/clock.h"
#include "ssh/ctr.h"

#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

#define IN_SIZE (256 * ZC_KIB)
#define SLICE_MS 200       /* how often the stop flag is looked at */
#define BYE_NS (ZC_NSEC_PER_SEC / 5)

static struct zc_ssh_link *of(void **abstract)
{
    return *abstract;
}

static LIBSSH2_RECV_FUNC(on_recv)
{
    struct zc_ssh_link *l = of(abstract);
    (void)socket;
    (void)flags;
    if (l->dead)
        return -ECONNRESET;
    if (!l->in.len)
        return -EAGAIN; /* the end is for others to see: more is to be read */
    size_t n = ZC_MIN(length, l->in.len);
    memcpy(buffer, zc_fifo_head(&l->in), n);
    zc_fifo_took(&l->in, n);
    return (ssize_t)n;
}

static ssize_t send_now(struct zc_ssh_link *l, const void *bytes, size_t n)
{
    ssize_t r = send(l->fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (r >= 0)
        return r;
    if (errno == EAGAIN || errno == EINTR)
        return 0;
    /* What the peer has said before may tell why. */
    l->why = errno;
    l->mute = true;
    return 0;
}

/* What was sent goes from the front when it is as much as what was not. */
static void tidy_out(struct zc_ssh_link *l)
{
    size_t n = zc_ssh_link_unsent(l);
    if (!l->out_at || l->out_at < n)
        return;
    memmove(l->out.data, l->out.data + l->out_at, n);
    l->out.len = n;
    l->out_at = 0;
}

static LIBSSH2_SEND_FUNC(on_send)
{
    struct zc_ssh_link *l = of(abstract);
    ssize_t sent = 0;
    (void)socket;
    (void)flags;
    if (l->dead)
        return -EPIPE;
    if (!l->out.len)
        sent = send_now(l, buffer, length);
    if (l->mute)
        return (ssize_t)length;
    tidy_out(l);
    zc_buf_put(&l->out, (const char *)buffer + sent, length - (size_t)sent);
    if (l->out.failed) {
        l->dead = true;
        l->why = ENOMEM;
        return -EPIPE;
    }
    return (ssize_t)length;
}

static LIBSSH2_DISCONNECT_FUNC(on_disconnect)
{
    struct zc_ssh_link *l = of(abstract);
    (void)session;
    (void)reason;
    (void)language;
    (void)language_len;
    size_t n = message_len > 0 ? (size_t)message_len : 0;
    n = ZC_MIN(n, sizeof l->bye - 1);
    memcpy(l->bye, message, n);
    l->bye[n] = '\0';
}

/* --- memory, for the sake of amend.h --- */

static LIBSSH2_ALLOC_FUNC(on_alloc)
{
    void *p = malloc(count);
    zc_ssh_amend_given(&of(abstract)->amend, p, count);
    return p;
}

static LIBSSH2_FREE_FUNC(on_free)
{
    zc_ssh_amend_freed(&of(abstract)->amend, ptr);
    free(ptr);
}

static LIBSSH2_REALLOC_FUNC(on_realloc)
{
    zc_ssh_amend_freed(&of(abstract)->amend, ptr);
    return realloc(ptr, count);
}

static void init_library(void)
{
    (void)libssh2_init(0);
    if (!libssh2_version(0x010b00))
        (void)zc_ssh_ctr_install();
}

struct zc_ssh_link *zc_ssh_link_new(int fd, const char *host,
                                    const atomic_bool *stop,
                                    struct zc_err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, init_library);
    struct zc_ssh_link *l = calloc(1, sizeof *l);
    if (!l) {
        close(fd);
        zc_err_nomem(err);
        return NULL;
    }
    l->fd = fd;
    l->host = host;
    l->stop = stop;
    l->heard_ns = zc_clock_ns();
    if (zc_fifo_init(&l->in, IN_SIZE) == 0)
        l->session = libssh2_session_init_ex(on_alloc, on_free,
                                             on_realloc, l);
    if (!l->session) {
        zc_ssh_link_free(l);
        zc_err_nomem(err);
        return NULL;
    }
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    libssh2_session_set_blocking(l->session, 0);
    /* Its own types: the callbacks are passed as void pointers. */
    LIBSSH2_RECV_FUNC((*recv_func)) = on_recv;
    LIBSSH2_SEND_FUNC((*send_func)) = on_send;
    libssh2_session_callback_set(l->session, LIBSSH2_CALLBACK_RECV,
                                 (void *)recv_func);
    libssh2_session_callback_set(l->session, LIBSSH2_CALLBACK_SEND,
                                 (void *)send_func);
    LIBSSH2_DISCONNECT_FUNC((*disconnect_func)) = on_disconnect;
    libssh2_session_callback_set(l->session, LIBSSH2_CALLBACK_DISCONNECT,
                                 (void *)disconnect_func);
    return l;
}

/* True when the N bytes at NAME are one of LIST, commas between them. */
static bool listed(const char *list, const char *name, size_t n)
{
    for (const char *p = list; *p; p += strspn(p, ",")) {
        size_t len = strcspn(p, ",");
        if (len == n && !memcmp(p, name, n))
            return true;
        p += len;
    }
    return false;
}

/* Goes along with a list, and is no method. */
static bool is_signal(const char *name)
{
    return !strncmp(name, "kex-strict-", 11) || !strncmp(name, "ext-info-", 9);
}

static bool allowed(const struct zc_ssh_choice *c, const char *name)
{
    return !c->allowed || is_signal(name) ||
           listed(c->allowed, name, strlen(name));
}

/* Appends what is allowed of ALGS, in the order of the choice. */
static void put_known(struct zc_buf *b, const struct zc_ssh_choice *c,
                      const char **algs, int count)
{
    for (int i = 0; i < count && !c->names; i++)
        if (allowed(c, algs[i]))
            zc_buf_printf(b, "%s%s", b->len ? "," : "", algs[i]);
    for (const char *p = c->names ? c->names : ""; *p; p += strspn(p, ",")) {
        size_t n = strcspn(p, ",");
        for (int i = 0; i < count; i++)
            if (strlen(algs[i]) == n && !memcmp(algs[i], p, n) &&
                allowed(c, algs[i]))
                zc_buf_printf(b, "%s%s", b->len ? "," : "", algs[i]);
        p += n;
    }
}

/* libssh2 takes unknown names out of the list by itself, and before 1.11 with a
 * memcpy(3) of ranges that overlap. */
int zc_ssh_link_prefer(struct zc_ssh_link *l, const struct zc_ssh_choice *c,
                       struct zc_err *err)
{
    static const char doing[] = "choosing how to talk";
    const char **algs = NULL;
    struct zc_buf b = ZC_BUF_INIT;
    int count = libssh2_session_supported_algs(l->session, c->method, &algs);
    if (count <= 0)
        return zc_ssh_link_error(l, ZC_EXIT_START, doing, err);
    put_known(&b, c, algs, count);
    libssh2_free(l->session, (void *)algs);
    int r = LIBSSH2_ERROR_ALLOC;
    bool none = !b.len && !b.failed;
    zc_buf_put(&b, "", 1);
    if (!b.failed && !none)
        r = libssh2_session_method_pref(l->session, c->method, (char *)b.data);
    zc_buf_fini(&b);
    if (none)
        return zc_err_set(err, ZC_EXIT_START, 0,
                          "%s: libssh2 has no %s that %s of ssh_config allows "
                          "(%.300s)", l->host, c->what, c->key, c->allowed);
    return r ? zc_ssh_link_error(l, ZC_EXIT_START, doing, err) : 0;
}

/* What is still to be sent, for a moment. */
static void last_words(struct zc_ssh_link *l)
{
    int64_t end = zc_clock_ns() + BYE_NS;
    libssh2_session_disconnect(l->session, "done");
    while (zc_ssh_link_unsent(l) && !l->dead && zc_clock_ns() < end) {
        struct pollfd p = {.fd = l->fd, .events = POLLOUT};
        (void)poll(&p, 1, SLICE_MS);
        zc_ssh_link_flush(l);
    }
}

void zc_ssh_link_free(struct zc_ssh_link *l)
{
    if (!l)
        return;
    if (l->session) {
        if (!l->dead && !l->ended)
            last_words(l);
        /* It would wait for the peer to close its channels. */
        l->dead = true;
        while (libssh2_session_free(l->session) == LIBSSH2_ERROR_EAGAIN)
            ;
    }
    zc_fifo_fini(&l->in);
    zc_buf_fini(&l->out);
    close(l->fd);
    free(l);
}

bool zc_ssh_link_fill(struct zc_ssh_link *l)
{
    size_t room = zc_fifo_room(&l->in, IN_SIZE / 2);
    if (!room || l->ended || l->dead)
        return false;
    ssize_t n = recv(l->fd, zc_fifo_tail(&l->in), room, MSG_DONTWAIT);
    if (n > 0) {
        zc_fifo_put(&l->in, (size_t)n);
        l->heard_ns = zc_clock_ns();
        return true;
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    l->ended = true;
    if (n < 0)
        l->why = errno;
    return true;
}

bool zc_ssh_link_flush(struct zc_ssh_link *l)
{
    size_t n = zc_ssh_link_unsent(l);
    if (!n || l->dead)
        return false;
    ssize_t r = send_now(l, l->out.data + l->out_at, n);
    if (!r && !l->mute)
        return false;
    l->out_at += (size_t)r;
    if (l->out_at == l->out.len || l->mute) {
        l->out_at = 0;
        zc_buf_reset(&l->out);
    }
    return true;
}

static int closed(struct zc_ssh_link *l, const char *doing, struct zc_err *err)
{
    if (*l->bye)
        return zc_err_set(err, ZC_EXIT_START, 0,
                          "%s closed the connection while %s: %s", l->host,
                          doing, l->bye);
    return zc_err_set(err, ZC_EXIT_SOCKET, l->why,
                      l->why ? "lost the connection to %s while %s"
                             : "%s closed the connection while %s",
                      l->host, doing);
}

static int interrupted(const struct zc_ssh_link *l, const char *doing,
                       struct zc_err *err)
{
    return zc_err_set(err, ZC_EXIT_SIGNAL, 0, "interrupted while %s with %s",
                      doing, l->host);
}

/*
 * While a session is set up each message is a question, and both ends wait: sshd
 * leaves Nagle's algorithm on, so that what it says unasked (its keys for
 * known_hosts) has to be acknowledged before its next answer goes, and our kernel
 * would put that off for 40 ms, in the hope of something to send along.
 */
static void acknowledge(struct zc_ssh_link *l)
{
    int now = 1; /* for what has come; not TCP: nothing */
    (void)setsockopt(l->fd, IPPROTO_TCP, TCP_QUICKACK, &now, sizeof now);
}

int zc_ssh_link_wait(struct zc_ssh_link *l, int64_t end_ns, const char *doing,
                     struct zc_err *err)
{
    for (;;) {
        if (l->stop && atomic_load(l->stop))
            return interrupted(l, doing, err);
        zc_ssh_link_flush(l);
        if (l->dead)
            return closed(l, doing, err);
        if (zc_ssh_link_fill(l) && !l->ended)
            return 0;
        if (l->ended)
            return closed(l, doing, err);
        int64_t left = (end_ns - zc_clock_ns() + 999999) / 1000000;
        if (left <= 0)
            return zc_err_set(err, ZC_EXIT_CONTIMEOUT, 0,
                              "%s did not answer in time while %s", l->host,
                              doing);
        struct pollfd p = {.fd = l->fd, .events = POLLIN};
        if (zc_ssh_link_unsent(l))
            p.events |= POLLOUT;
        acknowledge(l);
        if (poll(&p, 1, (int)ZC_MIN(left, SLICE_MS)) < 0 && errno == EINTR &&
            !l->stop)
            return interrupted(l, doing, err);
    }
}

int zc_ssh_link_error(struct zc_ssh_link *l, enum zc_exit code,
                      const char *doing, struct zc_err *err)
{
    char *text = NULL;
    if (l->dead || l->ended || *l->bye)
        return closed(l, doing, err);
    libssh2_session_last_error(l->session, &text, NULL, 0);
    return zc_err_set(err, code, 0, "%s: %s failed: %s", l->host, doing,
                      text && *text ? text : "libssh2 does not know why");
}
