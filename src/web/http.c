// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The server of the status page, over libmicrohttpd; see web.h. One thread, one
 * poll(2): libmicrohttpd's epoll descriptor, the word to end, and time.
 *
 * Each connection has a time by which it has to have got on, whatever trickles
 * in or out until then (libmicrohttpd's own time-out only asks whether there
 * was a byte):
 *
 *   WAITING    for a whole request       10 s, then 15 s for each that follows
 *   ANSWERING  the answer is written     30 s
 *   LISTENING  an event is written       30 s; between events, for ever
 *
 * Where there are nearly as many as there may be, the one that has waited
 * longest makes room.
 */
#include "web/web.h"

#include "base/clock.h"
#include "web/events.h"
#include "web/files.h"

#include <microhttpd.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define CONNECTIONS_MAX 64
#define CONNECTIONS_MANY 48
#define LISTENERS_MAX 32
#define MEMORY_MAX ((size_t)16 * ZC_KIB) /* of a connection; so of a request */

#define FIRST_NS (10 * ZC_NSEC_PER_SEC)
#define NEXT_NS (15 * ZC_NSEC_PER_SEC)
#define ANSWER_NS (30 * ZC_NSEC_PER_SEC)
#define NEVER INT64_MAX

/* How old what is shown may be: so many questions cost no more than a few. */
#define FRESH_NS (ZC_NSEC_PER_SEC / 5)
#define TICK_NS ZC_NSEC_PER_SEC
/* An event that says nothing new, so that both sides know of each other. */
#define BEAT_NS (10 * ZC_NSEC_PER_SEC)

enum state { WAITING, ANSWERING, LISTENING, ENDED };

struct client {
    struct zc_web *web;
    struct client *next, **link;
    struct MHD_Connection *c;
    int fd;
    enum state state;
    int64_t until; /* zc_clock_ns */
    /* LISTENING */
    struct zc_web_event *event; /* being written; NULL: none */
    size_t at;
    uint64_t heard;
    bool suspended; /* nothing to write */
};

struct zc_web {
    struct zc_web_conf conf;
    struct MHD_Daemon *daemon;
    int epoll_fd;
    struct client *clients;
    unsigned n_clients, n_listeners;
    struct zc_buf json, metrics; /* what was seen last */
    int64_t seen_at;             /* 0: never */
    int64_t tick_at;
    struct zc_web_events events;
    bool quiet; /* the last one said what the one before it did */
    struct zc_err failure; /* code OK: none */
};

/* --- what there is to see --- */

/* Objects a line each become an array. */
static void make_array(struct zc_buf *out, const struct zc_buf *lines)
{
    zc_buf_reset(out);
    zc_buf_u8(out, '[');
    for (size_t i = 0; i < lines->len; i++) {
        if (lines->data[i] == '\n' && i + 1 < lines->len)
            zc_buf_u8(out, ',');
        zc_buf_u8(out, lines->data[i]);
    }
    if (lines->len == 0)
        zc_buf_u8(out, '\n');
    out->data[out->len - 1] = ']';
    zc_buf_u8(out, '\n');
}

/* -1: W has failed. */
static int look(struct zc_web *w)
{
    struct zc_buf lines = ZC_BUF_INIT;
    int64_t now = zc_clock_ns();
    if (w->failure.code)
        return -1;
    if (w->seen_at && now - w->seen_at < FRESH_NS)
        return 0;
    zc_buf_reset(&w->metrics);
    int r = w->conf.look(w->conf.arg, &lines, &w->metrics, &w->failure);
    if (r == 0)
        make_array(&w->json, &lines);
    if (r == 0 && (lines.failed || w->json.failed || w->metrics.failed))
        r = zc_err_nomem(&w->failure);
    w->seen_at = r == 0 ? now : 0;
    zc_buf_fini(&lines);
    return r;
}

/* --- connections --- */

static void let_event_go(struct client *k)
{
    zc_web_event_let_go(k->event);
    k->event = NULL;
    if (k->state == LISTENING)
        k->web->n_listeners--;
}

static void wake(struct client *k)
{
    if (!k->suspended)
        return;
    k->suspended = false;
    MHD_resume_connection(k->c);
}

/* The rest follows when libmicrohttpd sees the end of the connection. */
static void put_out(struct client *k)
{
    let_event_go(k);
    k->state = ENDED;
    k->until = NEVER;
    (void)shutdown(k->fd, SHUT_RDWR);
    wake(k);
}

/* Whoever listens has nothing more to say, so this is the end; libmicrohttpd
 * would see it when it writes, at the second event that nobody hears. */
static bool is_gone(const struct client *k)
{
    char c;
    ssize_t n = recv(k->fd, &c, 1, MSG_PEEK | MSG_DONTWAIT);
    return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

static void put_out_gone(struct zc_web *w)
{
    for (struct client *k = w->clients; k; k = k->next)
        if (k->state == LISTENING && is_gone(k))
            put_out(k);
}

static void make_room(struct zc_web *w)
{
    struct client *old = NULL;
    for (struct client *k = w->clients; k; k = k->next)
        if (k->state == WAITING && (!old || k->until < old->until))
            old = k;
    if (old)
        put_out(old);
}

static void add_client(struct zc_web *w, struct MHD_Connection *c,
                       void **context)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct client *k = info ? calloc(1, sizeof *k) : NULL;
    if (w->n_clients >= CONNECTIONS_MANY)
        make_room(w);
    if (!k) {
        if (info)
            (void)shutdown(info->connect_fd, SHUT_RDWR);
        return;
    }
    *k = (struct client){.web = w, .next = w->clients, .link = &w->clients,
                         .c = c, .fd = info->connect_fd,
                         .until = zc_clock_ns() + FIRST_NS};
    if (k->next)
        k->next->link = &k->next;
    w->clients = k;
    w->n_clients++;
    *context = k;
}

static void on_connection(void *arg, struct MHD_Connection *c, void **context,
                          enum MHD_ConnectionNotificationCode what)
{
    struct zc_web *w = arg;
    struct client *k = *context;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        add_client(w, c, context);
    } else if (k) {
        let_event_go(k);
        *k->link = k->next;
        if (k->next)
            k->next->link = k->link;
        w->n_clients--;
        free(k);
        *context = NULL;
    }
}

static struct client *client_of(struct MHD_Connection *c)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

static void on_completed(void *arg, struct MHD_Connection *c, void **request,
                         enum MHD_RequestTerminationCode why)
{
    struct client *k = client_of(c);
    (void)arg;
    (void)request;
    (void)why;
    if (!k || k->state == ENDED)
        return;
    let_event_go(k);
    k->state = WAITING;
    k->until = zc_clock_ns() + NEXT_NS;
}

/* --- answers --- */

/* Nothing is loaded from elsewhere, and nothing on the page is a program but
 * what is in page.js. */
static const char policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types 'none'";

static const struct {
    const char *name, *value;
} headers[] = {
    {"Content-Security-Policy", policy},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cache-Control", "no-store"},
};

/* R (NULL: out of memory) is the answer. */
static enum MHD_Result answer(struct MHD_Connection *c, unsigned code,
                              const char *type, struct MHD_Response *r)
{
    if (!r)
        return MHD_NO;
    bool good = MHD_add_response_header(r, "Content-Type", type) == MHD_YES;
    for (size_t i = 0; i < ZC_ARRAY_LEN(headers); i++)
        good = MHD_add_response_header(r, headers[i].name, headers[i].value) ==
                   MHD_YES && good;
    if (code == MHD_HTTP_METHOD_NOT_ALLOWED)
        good = MHD_add_response_header(r, "Allow", "GET, HEAD") == MHD_YES &&
               good;
    if (code == MHD_HTTP_UNAUTHORIZED)
        good = MHD_add_response_header(r, "WWW-Authenticate",
                                       "Basic realm=\"zcsync\"") == MHD_YES &&
               good;
    enum MHD_Result result = good ? MHD_queue_response(c, code, r) : MHD_NO;
    MHD_destroy_response(r);
    return result;
}

static enum MHD_Result say(struct MHD_Connection *c, unsigned code,
                           const char *sentence)
{
    return answer(c, code, "text/plain; charset=utf-8",
                  MHD_create_response_from_buffer(strlen(sentence),
                                                  (void *)sentence,
                                                  MHD_RESPMEM_PERSISTENT));
}

static enum MHD_Result show(struct zc_web *w, struct MHD_Connection *c,
                            const char *type, const struct zc_buf *what)
{
    if (look(w))
        return say(c, MHD_HTTP_SERVICE_UNAVAILABLE, "zcsyncd is gone\n");
    return answer(c, MHD_HTTP_OK, type,
                  MHD_create_response_from_buffer(what->len, what->data,
                                                  MHD_RESPMEM_MUST_COPY));
}

/* --- events --- */

static ssize_t next_bytes(void *arg, uint64_t pos, char *to, size_t max)
{
    struct client *k = arg;
    (void)pos;
    if (k->state != LISTENING)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (!k->event) {
        k->event = zc_web_events_after(&k->web->events, k->heard);
        k->at = 0;
        k->until = zc_clock_ns() + ANSWER_NS;
    }
    if (!k->event) {
        k->until = NEVER;
        k->suspended = true;
        MHD_suspend_connection(k->c);
        return 0;
    }
    size_t n = ZC_MIN(max, k->event->size - k->at);
    memcpy(to, k->event->bytes + k->at, n);
    k->at += n;
    if (k->at == k->event->size) {
        k->heard = k->event->number;
        zc_web_event_let_go(k->event);
        k->event = NULL;
    }
    return (ssize_t)n;
}

/* Adds an event, unless the last two said the same just now: it takes two to
 * tell that nothing goes on. */
static int add_event(struct zc_web *w)
{
    int64_t now = zc_clock_ns();
    if (look(w))
        return -1;
    bool same = zc_web_events_told(&w->events, &w->json);
    if (same && w->quiet && now - w->events.added_at < BEAT_NS)
        return 0;
    w->quiet = same;
    if (zc_web_events_add(&w->events, now, zc_clock_wall_ns() / 1000000,
                          &w->json))
        return zc_err_nomem(&w->failure);
    for (struct client *k = w->clients; k; k = k->next)
        wake(k);
    return 0;
}

static enum MHD_Result listen_to(struct zc_web *w, struct MHD_Connection *c,
                                 struct client *k)
{
    if (w->n_listeners >= LISTENERS_MAX)
        put_out_gone(w);
    if (w->n_listeners >= LISTENERS_MAX)
        return say(c, MHD_HTTP_SERVICE_UNAVAILABLE,
                   "too many look at this page\n");
    if (add_event(w))
        return say(c, MHD_HTTP_SERVICE_UNAVAILABLE, "zcsyncd is gone\n");
    w->n_listeners++;
    k->state = LISTENING;
    w->tick_at = ZC_MIN(w->tick_at, zc_clock_ns() + TICK_NS);
    return answer(c, MHD_HTTP_OK, "text/event-stream",
                  MHD_create_response_from_callback(MHD_SIZE_UNKNOWN,
                                                    4 * ZC_KIB, next_bytes, k,
                                                    NULL));
}

/* --- requests --- */

static enum MHD_Result show_path(struct zc_web *w, struct MHD_Connection *c,
                                 struct client *k, const char *path)
{
    if (strcmp(path, "/api/status") == 0)
        return show(w, c, "application/json", &w->json);
    if (strcmp(path, "/metrics") == 0)
        return show(w, c, "text/plain; version=0.0.4; charset=utf-8",
                    &w->metrics);
    if (strcmp(path, "/api/events") == 0)
        return listen_to(w, c, k);
    for (size_t i = 0; i < zc_web_n_files; i++) {
        const struct zc_web_file *f = &zc_web_files[i];
        if (strcmp(path, f->path) == 0)
            return answer(c, MHD_HTTP_OK, f->type,
                          MHD_create_response_from_buffer(
                              f->size, (void *)f->bytes,
                              MHD_RESPMEM_PERSISTENT));
    }
    return say(c, MHD_HTTP_NOT_FOUND, "there is no such page\n");
}

static const char *header(struct MHD_Connection *c, const char *name)
{
    return MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
}

/* A request whose head is there; what may follow it is not read. */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *c,
                                  const char *path, const char *method,
                                  const char *version, const char *upload,
                                  size_t *upload_size, void **request)
{
    struct zc_web *w = arg;
    struct client *k = client_of(c);
    (void)version;
    (void)upload;
    (void)upload_size;
    if (!k || k->state == ENDED)
        return MHD_NO;
    *request = k;
    k->state = ANSWERING;
    k->until = zc_clock_ns() + ANSWER_NS;
    if (!zc_web_host_ok(&w->conf.door, header(c, "Host")))
        return say(c, MHD_HTTP_MISDIRECTED_REQUEST,
                   "this host is not called that: use its address, or put the "
                   "name into 'host names' of [web] in zcsync.conf\n");
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        return say(c, MHD_HTTP_METHOD_NOT_ALLOWED,
                   "this page is to be looked at only\n");
    if (!zc_web_token_ok(&w->conf.door, header(c, "Authorization")))
        return say(c, MHD_HTTP_UNAUTHORIZED,
                   "the token is needed, for a password or as a bearer's\n");
    return show_path(w, c, k, path);
}

/* --- the loop --- */

struct zc_web *zc_web_new(const struct zc_web_conf *conf, struct zc_err *err)
{
    struct zc_web *w = calloc(1, sizeof *w);
    if (!w) {
        zc_err_nomem(err);
        return NULL;
    }
    w->conf = *conf;
    w->tick_at = zc_clock_ns();
    w->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, w,
        MHD_OPTION_LISTEN_SOCKET, conf->listen_fd,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, w,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, w,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, MEMORY_MAX,
        MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
    const union MHD_DaemonInfo *info =
        w->daemon ? MHD_get_daemon_info(w->daemon, MHD_DAEMON_INFO_EPOLL_FD)
                  : NULL;
    if (info) {
        w->epoll_fd = info->epoll_fd;
        return w;
    }
    zc_err_set(err, ZC_EXIT_START, errno, "libmicrohttpd does not start");
    zc_web_free(w);
    return NULL;
}

void zc_web_free(struct zc_web *w)
{
    if (!w)
        return;
    for (struct client *k = w->clients; k; k = k->next)
        put_out(k);
    if (w->daemon)
        MHD_stop_daemon(w->daemon);
    zc_web_events_fini(&w->events);
    zc_buf_fini(&w->json);
    zc_buf_fini(&w->metrics);
    free(w);
}

/* For poll(2): until something is due. */
static int timeout_ms(const struct zc_web *w)
{
    MHD_UNSIGNED_LONG_LONG ms;
    int64_t next = w->tick_at, now = zc_clock_ns();
    for (const struct client *k = w->clients; k; k = k->next)
        next = ZC_MIN(next, k->until);
    next = ZC_MAX(next - now + 999999, 0) / 1000000;
    if (MHD_get_timeout(w->daemon, &ms) == MHD_YES && (int64_t)ms < next)
        next = (int64_t)ms;
    return (int)ZC_MIN(next, (int64_t)60000);
}

static int tick(struct zc_web *w)
{
    int64_t now = zc_clock_ns();
    for (struct client *k = w->clients; k; k = k->next)
        if (now >= k->until)
            put_out(k);
    if (now < w->tick_at)
        return 0;
    put_out_gone(w);
    w->tick_at = now + (w->n_listeners ? TICK_NS : ZC_WEB_KEEP_NS);
    return add_event(w);
}

int zc_web_run(struct zc_web *w, int end_fd, struct zc_err *err)
{
    struct pollfd fds[] = {{.fd = end_fd, .events = POLLIN},
                           {.fd = w->epoll_fd, .events = POLLIN}};
    while (!w->failure.code && tick(w) == 0) {
        int n = poll(fds, ZC_ARRAY_LEN(fds), timeout_ms(w));
        if (n < 0 && errno != EINTR)
            return zc_err_set(err, ZC_EXIT_SOCKET, errno,
                              "could not wait for anything to happen");
        if (n > 0 && fds[0].revents)
            return 0;
        if (MHD_run(w->daemon) != MHD_YES)
            return zc_err_set(err, ZC_EXIT_SOCKET, 0,
                              "libmicrohttpd does not run");
    }
    *err = w->failure;
    return -1;
}
