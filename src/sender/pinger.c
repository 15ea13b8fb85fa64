// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * PING and the time-out of a sender; see pinger.h.
 *
 * Time-outs of the socket would not do: whoever waits for room in it may wait
 * for a receiver that is busy with its disk, and says PING all the time; and
 * the reader waits for days when there is nothing to send.
 */
#include "sender/pinger.h"

#include "base/clock.h"
#include "net/dial.h"

#include <poll.h>

/* What was seen of the line so far. */
struct watched {
    int64_t step;   /* ns between two looks */
    int64_t looked; /* zc_clock_ns */
    uint64_t bytes; /* received until then */
    int64_t heard;  /* something came after that */
};

/* Looks at the line. False: nothing has come for the time-out. */
static bool look(struct zc_sender *s, struct watched *w, int64_t now)
{
    uint64_t bytes = atomic_load_explicit(&s->conn.bytes_in,
                                          memory_order_relaxed);
    if (bytes != w->bytes)
        w->heard = w->looked;
    /* This process itself stood still: what has come is still to be read. */
    if (now - w->looked > 2 * w->step)
        w->heard = now;
    w->bytes = bytes;
    w->looked = now;
    int64_t patience = s->pinger->timeout_s * ZC_NSEC_PER_SEC;
    return !patience || now - w->heard < patience;
}

/*
 * When nothing was sent since the last time. Whoever has the turn is sending, so
 * the line is not quiet; a PING that may not fit into the socket is not sent, so
 * that the end of the session never waits for a peer that is stuck.
 */
static void ping(struct zc_sender *s, struct zc_buf *b)
{
    struct pollfd room = {.fd = s->conn.t->poll_wfd, .events = POLLOUT};
    struct zc_err err;
    if (!zc_conn_idle(&s->conn) || !zc_conn_trylock(&s->conn))
        return;
    zc_ping_encode(b);
    if (room.fd < 0 || poll(&room, 1, 0) == 1)
        zc_conn_send_locked(&s->conn, b, &err); /* the reader sees trouble */
    zc_buf_reset(b);
    zc_conn_unlock(&s->conn);
}

static void give_up(struct zc_sender *s)
{
    struct zc_err err;
    zc_conn_error(&s->conn, ETIMEDOUT, &err);
    zc_sender_fail(s, &err);
    zc_transport_shutdown(s->conn.t); /* wakes whoever waits for it */
}

/* Until there is a round. With the lock. */
static void sleep_on(struct zc_sender *s, struct watched *w)
{
    s->pinger->asleep = true;
    while (s->pinger->asleep && !s->failed && !s->closing)
        zc_clock_cond_wait(&s->over, &s->lock, ZC_CLOCK_FOREVER);
    s->pinger->asleep = false;
    w->looked = w->heard = zc_clock_ns();
    w->bytes = atomic_load(&s->conn.bytes_in);
}

static void *pinger_main(void *sender)
{
    struct zc_sender *s = sender;
    struct zc_buf b = ZC_BUF_INIT;
    struct watched w = {.step = s->terms.ping_s * ZC_NSEC_PER_SEC / 4};
    bool lost = false;
    w.looked = w.heard = zc_clock_ns();
    pthread_mutex_lock(&s->lock);
    while (!s->failed && !s->closing && !lost) {
        int64_t left = w.looked + w.step - zc_clock_ns();
        if (left > 0) {
            zc_clock_cond_wait(&s->over, &s->lock, left);
            continue;
        }
        if (s->round.finished) {
            sleep_on(s, &w);
            continue;
        }
        pthread_mutex_unlock(&s->lock);
        lost = !look(s, &w, zc_clock_ns());
        if (lost)
            give_up(s);
        else
            ping(s, &b);
        pthread_mutex_lock(&s->lock);
    }
    pthread_mutex_unlock(&s->lock);
    zc_buf_fini(&b);
    return NULL;
}

void zc_pinger_init(struct zc_sender *s, struct zc_pinger *p)
{
    *p = (struct zc_pinger){0};
    s->pinger = p;
}

void zc_pinger_start(struct zc_sender *s)
{
    struct zc_pinger *p = s->pinger;
    p->timeout_s = (unsigned)s->conn.t->timeout_ms / 1000;
    if (!s->terms.ping_s)
        return;
    p->started = !pthread_create(&p->thread, NULL, pinger_main, s);
    if (!p->started)
        return; /* then the transport's time-out stays */
    zc_transport_set_timeout(s->conn.t, 0);
    zc_dial_keepalive(s->conn.t, p->timeout_s, false);
}

void zc_pinger_wake(struct zc_sender *s)
{
    if (!s->pinger->asleep)
        return;
    s->pinger->asleep = false;
    pthread_cond_broadcast(&s->over);
}

void zc_pinger_join(struct zc_sender *s)
{
    if (s->pinger->started)
        pthread_join(s->pinger->thread, NULL);
    s->pinger->started = false;
}
