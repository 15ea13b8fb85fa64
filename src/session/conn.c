// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Frames over a transport; see conn.h.
 *
 *   slab:  | consumed | start ... end received | free          |
 *
 * When a frame does not fit behind `start`, what has arrived of it moves to a
 * new slab (or to the front of this one where nobody else holds it).
 */
#include "session/conn.h"

#include "net/ktls.h"

#include <string.h>

void zc_slab_ref(struct zc_slab *s)
{
    atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
}

void zc_slab_unref(struct zc_slab *s)
{
    if (s && atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) == 1)
        free(s);
}

static struct zc_slab *slab_new(void)
{
    struct zc_slab *s = malloc(sizeof *s);
    if (s)
        atomic_init(&s->refs, 1);
    return s;
}

int zc_conn_init(struct zc_conn *c, struct zc_transport *t, struct zc_err *err)
{
    memset(c, 0, sizeof *c);
    c->t = t;
    c->slab = slab_new();
    if (!c->slab)
        return zc_err_nomem(err);
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->turn, NULL);
    return 0;
}

void zc_conn_fini(struct zc_conn *c)
{
    if (!c->slab)
        return;
    zc_slab_unref(c->slab);
    c->slab = NULL;
    pthread_mutex_destroy(&c->lock);
    pthread_cond_destroy(&c->turn);
}

int zc_conn_error(const struct zc_conn *c, int eno, struct zc_err *err)
{
    if (eno == ETIMEDOUT || eno == EAGAIN)
        return zc_err_set(err, ZC_EXIT_TIMEOUT, 0,
                          "no answer from %s within the time-out", c->t->peer);
    eno = zc_ktls_why(c->t->poll_rfd, eno);
    if (eno == EBADMSG)
        return zc_err_set(err, ZC_EXIT_STREAM, 0,
                          "what came from %s was changed on the way",
                          c->t->peer);
    if (eno == EKEYEXPIRED)
        return zc_err_set(
            err, ZC_EXIT_SOCKET, 0,
            "the keys of the connection to %s have encrypted all "
            "they may: a new connection gets new ones",
            c->t->peer);
    return zc_err_set(err, ZC_EXIT_SOCKET, eno, "connection to %s lost",
                      c->t->peer);
}

int zc_conn_peer_error(const struct zc_conn *c, struct zc_bytes body,
                       struct zc_err *err)
{
    struct zc_msg_error m;
    if (zc_error_decode(body, &m, err))
        return -1;
    return zc_conn_peer_words(c, m.code, m.text, err);
}

int zc_conn_peer_words(const struct zc_conn *c, unsigned code,
                       struct zc_bytes text, struct zc_err *err)
{
    const char *host = c->t->host;
    if (code > ZC_EXIT_CONTIMEOUT)
        code = ZC_EXIT_STREAM;
    if (!text.n)
        return zc_err_set(err, (enum zc_exit)code, 0,
                          "%s%sthe peer gave up and did not say why", host,
                          *host ? ": " : "");
    return zc_err_set(err, (enum zc_exit)code, 0, "%s%s%.*s", host,
                      *host ? ": " : "", (int)text.n, (const char *)text.p);
}

static void encode_reason(struct zc_buf *out, const struct zc_err *err)
{
    const struct zc_msg_error m = {
        (uint8_t)err->code,
        {(const uint8_t *)err->text,
         ZC_MIN(strlen(err->text), (size_t)ZC_ERROR_TEXT_MAX)}};
    zc_error_encode(out, &m);
}

void zc_conn_tell(struct zc_conn *c, const struct zc_err *err)
{
    struct zc_err ignored;
    struct zc_buf out = ZC_BUF_INIT;
    encode_reason(&out, err);
    zc_conn_send(c, &out, &ignored);
    zc_buf_fini(&out);
}

void zc_conn_trytell(struct zc_conn *c, const struct zc_err *err)
{
    struct zc_err ignored;
    struct zc_buf out = ZC_BUF_INIT;
    if (!zc_conn_trylock(c))
        return;
    encode_reason(&out, err);
    zc_conn_send_locked(c, &out, &ignored);
    zc_conn_unlock(c);
    zc_buf_fini(&out);
}

static int closed(const struct zc_conn *c, struct zc_err *err)
{
    return zc_err_set(err, ZC_EXIT_STREAM, 0,
                      "%s closed the connection before the end", c->t->peer);
}

void zc_conn_lock(struct zc_conn *c)
{
    pthread_mutex_lock(&c->lock);
    uint64_t mine = c->next_ticket++;
    while (mine != c->now_serving)
        pthread_cond_wait(&c->turn, &c->lock);
    pthread_mutex_unlock(&c->lock);
}

bool zc_conn_trylock(struct zc_conn *c)
{
    pthread_mutex_lock(&c->lock);
    bool ok = c->now_serving == c->next_ticket;
    if (ok)
        c->next_ticket++;
    pthread_mutex_unlock(&c->lock);
    return ok;
}

void zc_conn_unlock(struct zc_conn *c)
{
    pthread_mutex_lock(&c->lock);
    c->now_serving++;
    if (c->now_serving != c->next_ticket)
        pthread_cond_broadcast(&c->turn);
    pthread_mutex_unlock(&c->lock);
}

static void count_sent(struct zc_conn *c, size_t n)
{
    atomic_fetch_add_explicit(&c->bytes_out, n, memory_order_relaxed);
    atomic_store_explicit(&c->sent_lately, true, memory_order_relaxed);
}

int zc_conn_send_locked(struct zc_conn *c, struct zc_buf *b,
                        struct zc_err *err)
{
    if (b->failed)
        return zc_err_nomem(err);
    if (!b->len)
        return 0;
    zc_frame_number(b->data, b->len, &c->seq_out);
    struct iovec iov = {b->data, b->len};
    size_t n = b->len;
    b->len = 0;
    if (zc_transport_send(c->t, &iov, 1))
        return zc_conn_error(c, errno, err);
    count_sent(c, n);
    return 0;
}

int zc_conn_send(struct zc_conn *c, struct zc_buf *b, struct zc_err *err)
{
    zc_conn_lock(c);
    int r = zc_conn_send_locked(c, b, err);
    zc_conn_unlock(c);
    return r;
}

/* With the turn. */
static int send_fd_locked(struct zc_conn *c, struct zc_buf *b, int fd,
                          struct zc_err *err)
{
    const uint64_t seq = c->seq_out;
    zc_frame_number(b->data, b->len, &c->seq_out);
    if (!zc_transport_send_fd(c->t, b->data, b->len, fd)) {
        count_sent(c, b->len);
        b->len = 0;
        return 0;
    }
    if (errno != ETOOMANYREFS)
        return zc_conn_error(c, errno, err);
    c->seq_out = seq;
    return 1;
}

int zc_conn_send_fd(struct zc_conn *c, struct zc_buf *b, int fd,
                    struct zc_err *err)
{
    if (b->failed)
        return zc_err_nomem(err);
    zc_conn_lock(c);
    int r = send_fd_locked(c, b, fd, err);
    zc_conn_unlock(c);
    return r;
}

bool zc_conn_idle(struct zc_conn *c)
{
    return !atomic_exchange_explicit(&c->sent_lately, false,
                                     memory_order_relaxed);
}

/* Makes room for NEED bytes behind c->start. */
static int make_room(struct zc_conn *c, size_t need, struct zc_err *err)
{
    if (c->start == c->end && atomic_load(&c->slab->refs) == 1)
        c->start = c->end = 0;
    if (c->start + need <= ZC_SLAB_SIZE)
        return 0;
    size_t have = c->end - c->start;
    if (atomic_load(&c->slab->refs) == 1) {
        memmove(c->slab->data, c->slab->data + c->start, have);
    } else {
        struct zc_slab *fresh = slab_new();
        if (!fresh)
            return zc_err_nomem(err);
        memcpy(fresh->data, c->slab->data + c->start, have);
        zc_slab_unref(c->slab);
        c->slab = fresh;
    }
    c->start = 0;
    c->end = have;
    return 0;
}

/* Receives until NEED bytes are there. */
static int fill(struct zc_conn *c, size_t need, bool exact, struct zc_err *err)
{
    if (c->end - c->start >= need)
        return 0;
    if (make_room(c, need, err))
        return -1;
    while (c->end - c->start < need) {
        size_t room =
            exact ? need - (c->end - c->start) : ZC_SLAB_SIZE - c->end;
        ssize_t r = zc_transport_recv(c->t, c->slab->data + c->end, room);
        if (r < 0) {
            c->over = errno != ETIMEDOUT && errno != EAGAIN;
            return zc_conn_error(c, errno, err);
        }
        if (r == 0) {
            c->over = true;
            c->ended = c->end == c->start;
            return closed(c, err);
        }
        c->end += (size_t)r;
        atomic_fetch_add_explicit(&c->bytes_in, (uint64_t)r,
                                  memory_order_relaxed);
    }
    return 0;
}

int zc_conn_recv(struct zc_conn *c, bool exact, struct zc_frame *f,
                 struct zc_bytes *body, struct zc_slab **slab,
                 struct zc_err *err)
{
    if (fill(c, ZC_FRAME_HEADER_SIZE, exact, err) ||
        zc_frame_decode(c->slab->data + c->start, c->seq_in + 1, f, err) ||
        fill(c, ZC_FRAME_HEADER_SIZE + f->length, exact, err))
        return -1;
    c->seq_in++;
    body->p = c->slab->data + c->start + ZC_FRAME_HEADER_SIZE;
    body->n = f->length;
    *slab = c->slab;
    c->start += ZC_FRAME_HEADER_SIZE + f->length;
    return 0;
}

const uint8_t *zc_conn_take_raw(struct zc_conn *c, size_t n, size_t *got)
{
    *got = ZC_MIN(n, c->end - c->start);
    if (!*got)
        return NULL;
    const uint8_t *p = c->slab->data + c->start;
    c->start += *got;
    return p;
}

unsigned zc_conn_threads(unsigned asked, unsigned max)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    if (asked)
        return ZC_MIN(asked, max);
    return (unsigned)ZC_MIN(ZC_MAX(cpus, 2L), 4L);
}
