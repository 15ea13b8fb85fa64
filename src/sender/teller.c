// SPDX-License-Identifier: GPL-2.0-or-later
/* Telling the user at the other end; see teller.h. */
#include "sender/teller.h"

#include "base/clock.h"
#include "base/log.h"
#include "session/told.h"

#include <stdio.h>
#include <string.h>

#define EVERY_NS (ZC_NSEC_PER_SEC / 5)
#define LOGGED_MAX 100

/* What may wait to be sent. A user who looks at a page of it for long gets
 * there when some 200,000 lines are behind that page. */
#define WAITING_MAX ((size_t)32 << 20)
/* What is sent without a break, so that others have their turns. */
#define PART ((size_t)64 << 10)

void zc_teller_init(struct zc_teller *t, const struct zc_stats *stats,
                    bool logs)
{
    *t = (struct zc_teller){
        .stats = stats, .logs = logs, .out = ZC_BUF_INIT};
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&t->more, &monotonic);
    pthread_cond_init(&t->less, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&t->lock, NULL);
}

void zc_teller_fini(struct zc_teller *t)
{
    zc_buf_fini(&t->out);
    pthread_cond_destroy(&t->more);
    pthread_cond_destroy(&t->less);
    pthread_mutex_destroy(&t->lock);
}

/* With the lock. */
static bool has_room(struct zc_teller *t)
{
    if (t->out.len < WAITING_MAX)
        return true;
    t->dropped++;
    return false;
}

static void on_item(void *arg, const struct zc_item *item)
{
    struct zc_teller *t = arg;
    if (!item->flags)
        return;
    pthread_mutex_lock(&t->lock);
    if (has_room(t))
        zc_told_item(&t->out, item);
    pthread_cond_signal(&t->more);
    pthread_mutex_unlock(&t->lock);
}

/* What could not be read is this host's own trouble. */
static void log_own(struct zc_teller *t, enum zc_trouble kind, const char *what,
                    const char *path, int eno)
{
    if (!t->logs || kind != ZC_TROUBLE_SOURCE || ++t->logged > LOGGED_MAX)
        return;
    zc_log(ZC_LOG_WARN, "%s: could not %s%s%s", *path ? path : ".", what,
           eno ? ": " : "", eno ? strerror(eno) : "");
    if (t->logged == LOGGED_MAX)
        zc_log(ZC_LOG_WARN, "what else could not be read is told to the peer "
                            "only");
}

static void on_trouble(void *arg, enum zc_trouble kind, const char *what,
                       const char *path, int eno)
{
    struct zc_teller *t = arg;
    log_own(t, kind, what, path, eno);
    pthread_mutex_lock(&t->lock);
    if (has_room(t))
        zc_told_trouble(&t->out, kind, what, path, eno);
    pthread_cond_signal(&t->more);
    pthread_mutex_unlock(&t->lock);
}

struct zc_events zc_teller_events(struct zc_teller *t)
{
    return (struct zc_events){
        .item = on_item, .trouble = on_trouble, .arg = t};
}

/* Adds STATS to B where they have changed. */
static void add_stats(struct zc_teller *t, struct zc_buf *b)
{
    uint64_t now[ZC_STATS_COUNT];
    zc_told_count(t->stats, now);
    if (memcmp(now, t->counted, sizeof now) == 0)
        return;
    memcpy(t->counted, now, sizeof now);
    zc_stats_encode(b, now);
}

/* The frames of B. -1: the connection is broken, and whoever else sends says
 * so. */
static int send_parts(struct zc_teller *t, const struct zc_buf *b)
{
    struct zc_rd frames = zc_rd_init(b->data, b->len);
    struct zc_buf part = ZC_BUF_INIT;
    struct zc_err ignored;
    int r = b->failed ? -1 : 0;
    while (!r && zc_rd_left(&frames)) {
        struct zc_bytes frame = zc_frame_around(zc_frame_next(&frames));
        zc_buf_put(&part, frame.p, frame.n);
        if (part.len >= PART || !zc_rd_left(&frames))
            r = zc_conn_send(t->conn, &part, &ignored);
    }
    zc_buf_fini(&part);
    return r;
}

static void *teller_main(void *teller)
{
    struct zc_teller *t = teller;
    struct zc_buf b = ZC_BUF_INIT;
    bool ending, broken = false;
    do {
        pthread_mutex_lock(&t->lock);
        if (!t->out.len && !t->ending)
            zc_clock_cond_wait(&t->more, &t->lock, EVERY_NS);
        struct zc_buf gathered = t->out;
        t->out = b;
        b = gathered;
        ending = t->ending;
        pthread_mutex_unlock(&t->lock);
        add_stats(t, &b);
        if (!broken)
            broken = send_parts(t, &b);
        zc_buf_reset(&b);
    } while (!ending);
    zc_buf_fini(&b);
    pthread_mutex_lock(&t->lock);
    t->over = true;
    pthread_cond_signal(&t->less);
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

int zc_teller_start(struct zc_teller *t, struct zc_conn *conn,
                    struct zc_err *err)
{
    t->conn = conn;
    errno = pthread_create(&t->thread, NULL, teller_main, t);
    t->running = errno == 0;
    return t->running ? 0
                      : zc_err_set(err, ZC_EXIT_MEMORY, errno,
                                   "cannot start a thread");
}

/* The connection is what failed, or the peer has ended it and knows why. */
static bool is_over(enum zc_exit code)
{
    return code == ZC_EXIT_SOCKET || code == ZC_EXIT_TIMEOUT ||
           code == ZC_EXIT_STREAM;
}

/* Until all is sent. No thread but the one that sends is left. */
static void drain(struct zc_teller *t, unsigned patience_s)
{
    const int64_t patience = patience_s ? patience_s * ZC_NSEC_PER_SEC
                                        : ZC_CLOCK_FOREVER;
    uint64_t sent = 0;
    pthread_mutex_lock(&t->lock);
    t->ending = true;
    pthread_cond_signal(&t->more);
    while (!t->over) {
        int64_t since = zc_clock_ns();
        zc_clock_cond_wait(&t->less, &t->lock, patience);
        uint64_t now = atomic_load(&t->conn->bytes_out);
        if (!t->over && now == sent && zc_clock_ns() - since >= patience)
            zc_transport_shutdown(t->conn->t);
        sent = now;
    }
    pthread_mutex_unlock(&t->lock);
    pthread_join(t->thread, NULL);
    t->running = false;
}

/* The counted, in a sentence that begins with "could not". */
static void tell_dropped(struct zc_teller *t, struct zc_buf *b)
{
    char what[120];
    snprintf(what, sizeof what,
             "tell of %llu more changes, as what was told was not read in time",
             (unsigned long long)t->dropped);
    zc_told_trouble(b, ZC_TROUBLE_DEST, what, "", 0);
}

enum zc_exit zc_teller_end(struct zc_teller *t, enum zc_exit code,
                           unsigned patience_s, const struct zc_err *err)
{
    struct zc_buf b = ZC_BUF_INIT;
    struct zc_err ignored;
    if (!t->running)
        return code;
    zc_transport_set_timeout(t->conn->t, patience_s);
    drain(t, patience_s);
    if (t->dropped && (code == ZC_EXIT_OK || code == ZC_EXIT_VANISHED))
        code = ZC_EXIT_PARTIAL;
    bool done = code == ZC_EXIT_OK || code == ZC_EXIT_PARTIAL ||
                code == ZC_EXIT_VANISHED;
    const char *text = done ? "" : err->text;
    const struct zc_msg_verdict m = {
        (uint8_t)code,
        {(const uint8_t *)text,
         ZC_MIN(strlen(text), (size_t)ZC_ERROR_TEXT_MAX)}};
    if (t->dropped)
        tell_dropped(t, &b);
    zc_verdict_encode(&b, &m);
    if (!is_over(code))
        zc_conn_send(t->conn, &b, &ignored);
    zc_buf_fini(&b);
    return code;
}
