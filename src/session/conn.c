// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Frames over a transport; see link.h.
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

int zc_link_init(struct zc_link *l, struct zc_transport *t, struct zc_err *err)
{
    memset(l, 0, sizeof *l);
    l->t = t;
    l->slab = slab_new();
    if (!l->slab)
        return zc_err_nomem(err);
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->turn, NULL);
    return 0;
}

void zc_link_fini(struct zc_link *l)
{
    if (!l->slab)
        return;
    zc_slab_unref(l->slab);
    l->slab = NULL;
    pthread_mutex_destroy(&l->lock);
    pthread_cond_destroy(&l->turn);
}

int zc_link_error(const struct zc_link *l, int eno, struct zc_err *err)
{
    if (eno == ETIMEDOUT || eno == EAGAIN)
        return zc_err_set(err, ZC_EXIT_TIMEOUT, 0,
                          "no answer from %s within the time-out", l->t->peer);
    eno = zc_ktls_why(l->t->poll_rfd, eno);
    if (eno == EBADMSG)
        return zc_err_set(err, ZC_EXIT_STREAM, 0,
                          "what came from %s was changed on the way",
                          l->t->peer);
    if (eno == EKEYEXPIRED)
        return zc_err_set(err, ZC_EXIT_SOCKET, 0,
                          "the keys of the connection to %s have encrypted all "
                          "they may: a new connection gets new ones",
                          l->t->peer);
    return zc_err_set(err, ZC_EXIT_SOCKET, eno, "connection to %s lost",
                      l->t->peer);
}

static int closed(const struct zc_link *l, struct zc_err *err)
{
    return zc_err_set(err, ZC_EXIT_STREAM, 0,
                      "%s closed the connection before the end", l->t->peer);
}

void zc_link_lock(struct zc_link *l)
{
    pthread_mutex_lock(&l->lock);
    uint64_t mine = l->next_ticket++;
    while (mine != l->now_serving)
        pthread_cond_wait(&l->turn, &l->lock);
    pthread_mutex_unlock(&l->lock);
}

bool zc_link_trylock(struct zc_link *l)
{
    pthread_mutex_lock(&l->lock);
    bool ok = l->now_serving == l->next_ticket;
    if (ok)
        l->next_ticket++;
    pthread_mutex_unlock(&l->lock);
    return ok;
}

void zc_link_unlock(struct zc_link *l)
{
    pthread_mutex_lock(&l->lock);
    l->now_serving++;
    if (l->now_serving != l->next_ticket)
        pthread_cond_broadcast(&l->turn);
    pthread_mutex_unlock(&l->lock);
}

int zc_link_send_locked(struct zc_link *l, struct zc_buf *b,
                        struct zc_err *err)
{
    if (b->failed)
        return zc_err_nomem(err);
    if (!b->len)
        return 0;
    zc_frame_number(b->data, b->len, &l->seq_out);
    struct iovec iov = {b->data, b->len};
    size_t n = b->len;
    b->len = 0;
    if (zc_transport_send(l->t, &iov, 1))
        return zc_link_error(l, errno, err);
    atomic_fetch_add_explicit(&l->bytes_out, n, memory_order_relaxed);
    atomic_store_explicit(&l->sent_lately, true, memory_order_relaxed);
    return 0;
}

int zc_link_send(struct zc_link *l, struct zc_buf *b, struct zc_err *err)
{
    zc_link_lock(l);
    int r = zc_link_send_locked(l, b, err);
    zc_link_unlock(l);
    return r;
}

bool zc_link_idle(struct zc_link *l)
{
    return !atomic_exchange_explicit(&l->sent_lately, false,
                                     memory_order_relaxed);
}

/* Makes room for NEED bytes behind l->start. */
static int make_room(struct zc_link *l, size_t need, struct zc_err *err)
{
    if (l->start == l->end && atomic_load(&l->slab->refs) == 1)
        l->start = l->end = 0;
    if (l->start + need <= ZC_SLAB_SIZE)
        return 0;
    size_t have = l->end - l->start;
    if (atomic_load(&l->slab->refs) == 1) {
        memmove(l->slab->data, l->slab->data + l->start, have);
    } else {
        struct zc_slab *fresh = slab_new();
        if (!fresh)
            return zc_err_nomem(err);
        memcpy(fresh->data, l->slab->data + l->start, have);
        zc_slab_unref(l->slab);
        l->slab = fresh;
    }
    l->start = 0;
    l->end = have;
    return 0;
}

/* Receives until NEED bytes are there. */
static int fill(struct zc_link *l, size_t need, bool exact, struct zc_err *err)
{
    if (l->end - l->start >= need)
        return 0;
    if (make_room(l, need, err))
        return -1;
    while (l->end - l->start < need) {
        size_t room = exact ? need - (l->end - l->start)
                            : ZC_SLAB_SIZE - l->end;
        ssize_t r = zc_transport_recv(l->t, l->slab->data + l->end, room);
        if (r < 0)
            return zc_link_error(l, errno, err);
        if (r == 0) {
            l->ended = l->end == l->start;
            return closed(l, err);
        }
        l->end += (size_t)r;
        atomic_fetch_add_explicit(&l->bytes_in, (uint64_t)r,
                                  memory_order_relaxed);
    }
    return 0;
}

int zc_link_recv(struct zc_link *l, bool exact, struct zc_frame *f,
                 struct zc_bytes *body, struct zc_slab **slab,
                 struct zc_err *err)
{
    if (fill(l, ZC_FRAME_HEADER_SIZE, exact, err) ||
        zc_frame_decode(l->slab->data + l->start, l->seq_in + 1, f, err) ||
        fill(l, ZC_FRAME_HEADER_SIZE + f->length, exact, err))
        return -1;
    l->seq_in++;
    body->p = l->slab->data + l->start + ZC_FRAME_HEADER_SIZE;
    body->n = f->length;
    *slab = l->slab;
    l->start += ZC_FRAME_HEADER_SIZE + f->length;
    return 0;
}

const uint8_t *zc_link_take_raw(struct zc_link *l, size_t n, size_t *got)
{
    *got = ZC_MIN(n, l->end - l->start);
    if (!*got)
        return NULL;
    const uint8_t *p = l->slab->data + l->start;
    l->start += *got;
    return p;
}

unsigned zc_link_threads(unsigned asked, unsigned max)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    if (asked)
        return ZC_MIN(asked, max);
    return (unsigned)ZC_MIN(ZC_MAX(cpus, 2L), 4L);
}
