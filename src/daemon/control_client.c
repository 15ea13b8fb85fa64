// SPDX-License-Identifier: GPL-2.0-or-later
/* The asking end of the control socket; see control_client.h. */
#include "daemon/control_client.h"

#include "base/clock.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* A daemon that is alive answers `status` at once. */
#define ANSWER_NS (30 * ZC_NSEC_PER_SEC)

struct call {
    const char *path;
    int fd;
    int64_t end; /* zc_clock_ns; 0: no limit */
    int stop_fd; /* -1: none */
};

static int no_daemon(const char *path, int eno, struct zc_err *err)
{
    if (eno == EACCES || eno == EPERM)
        return zc_err_set(err, ZC_EXIT_START, 0,
                          "may not ask zcsyncd at %s: only root and members of "
                          "its control group may", path);
    return zc_err_set(err, ZC_EXIT_SOCKET, 0,
                      "no zcsyncd answers at %s (%s): start it with "
                      "'systemctl start zcsyncd', or name its socket with "
                      "--control", path, strerror(eno));
}

static int send_request(const struct call *c, const char *request,
                        struct zc_err *err)
{
    char line[ZC_CONTROL_LINE_MAX];
    int n = snprintf(line, sizeof line, "zcsync %d %s\n", ZC_CONTROL_VERSION,
                     request);
    if (n < 0 || (size_t)n >= sizeof line)
        return zc_err_set(err, ZC_EXIT_USAGE, 0, "the name is too long");
    /* A daemon that does not want us says so, and may be gone by now. */
    (void)send(c->fd, line, (size_t)n, MSG_NOSIGNAL);
    return 0;
}

static int call(struct call *c, const char *path, const char *request,
                struct zc_err *err)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    c->path = path;
    c->fd = -1;
    if (strlen(path) >= sizeof addr.sun_path)
        return no_daemon(path, ENAMETOOLONG, err);
    memcpy(addr.sun_path, path, strlen(path) + 1);
    c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&addr, sizeof addr))
        return no_daemon(path, errno, err);
    return send_request(c, request, err);
}

/* All N bytes. -1 with a sentence. */
static int get(struct call *c, void *to, size_t n, struct zc_err *err)
{
    for (size_t at = 0; at < n;) {
        struct pollfd p[] = {{.fd = c->fd, .events = POLLIN},
                             {.fd = c->stop_fd, .events = POLLIN}};
        int64_t left = c->end ? c->end - zc_clock_ns() : 0;
        int ms = -1;
        if (c->end)
            ms = left > 0 ? (int)ZC_MIN(left / 1000000 + 1,
                                        (int64_t)INT32_MAX) : 0;
        int r = poll(p, ZC_ARRAY_LEN(p), ms);
        if (r < 0 && errno != EINTR)
            return zc_err_set(err, ZC_EXIT_SOCKET, errno, "%s", c->path);
        if (r == 0 && zc_clock_ns() >= c->end)
            return zc_err_set(err, ZC_EXIT_TIMEOUT, 0,
                              "zcsyncd at %s did not answer in time", c->path);
        if (r > 0 && p[1].revents)
            return zc_err_set(err, ZC_EXIT_SIGNAL, 0, "interrupted");
        if (r <= 0)
            continue;
        ssize_t got = recv(c->fd, (char *)to + at, n - at, MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (got <= 0)
            return zc_err_set(err, ZC_EXIT_SOCKET, got < 0 ? errno : 0,
                              "zcsyncd at %s ended the conversation", c->path);
        at += (size_t)got;
    }
    return 0;
}

/* One frame; *BODY is on the heap. An ERROR frame is an error. */
static int get_frame(struct call *c, enum zc_control_type *type, void **body,
                     size_t *n, struct zc_err *err)
{
    uint8_t head[ZC_CONTROL_HEAD];
    if (get(c, head, sizeof head, err))
        return -1;
    if (zc_control_head(head, type, n))
        return zc_err_set(err, ZC_EXIT_STREAM, 0,
                          "what answers at %s is no zcsyncd", c->path);
    *body = malloc(*n + 1);
    if (!*body)
        return zc_err_nomem(err);
    if (get(c, *body, *n, err) == 0) {
        if (*type != ZC_CONTROL_ANSWER_ERROR)
            return 0;
        zc_control_get_error(*body, *n, err);
    }
    free(*body);
    return -1;
}

/* The answer to `status`. */
static int get_status(struct call *c, struct zc_snapshot *s,
                      struct zc_err *err)
{
    enum zc_control_type type;
    zc_auto_free void *body = NULL;
    size_t n;
    if (get_frame(c, &type, &body, &n, err)) {
        body = NULL;
        return -1;
    }
    if (type != ZC_CONTROL_ANSWER_STATUS)
        return zc_err_set(err, ZC_EXIT_STREAM, 0,
                          "zcsyncd at %s answers something else", c->path);
    return zc_snapshot_decode(s, body, n, err);
}

int zc_control_ask_status(const char *path, struct zc_snapshot *s,
                          struct zc_err *err)
{
    struct call c = {.end = zc_clock_ns() + ANSWER_NS, .stop_fd = -1};
    int r = call(&c, path, "status", err);
    if (r == 0)
        r = get_status(&c, s, err);
    zc_close(&c.fd);
    return r;
}

int zc_control_ask_again(int fd, struct zc_snapshot *s, struct zc_err *err)
{
    struct call c = {.path = "the other end of a socket", .fd = fd,
                     .end = zc_clock_ns() + ANSWER_NS, .stop_fd = -1};
    return send_request(&c, "status", err) ? -1 : get_status(&c, s, err);
}

void zc_missings_fini(zc_missings *missing)
{
    for (size_t i = 0; i < missing->len; i++) {
        free(missing->v[i].mirror);
        free(missing->v[i].text);
    }
    zc_vec_fini(missing);
}

/* Files what is new about a mirror in the place of what was said before. */
static int note(zc_missings *missing, const void *body, size_t n,
                struct zc_err *err)
{
    struct zc_missing m;
    if (zc_control_get_waiting(body, n, &m.mirror, &m.text))
        return zc_err_set(err, ZC_EXIT_STREAM, 0,
                          "what zcsyncd says makes no sense");
    for (size_t i = 0; i < missing->len; i++) {
        if (strcmp(missing->v[i].mirror, m.mirror) != 0)
            continue;
        free(missing->v[i].mirror);
        free(missing->v[i].text);
        missing->v[i] = m;
        return 0;
    }
    if (zc_vec_push(missing, m) == 0)
        return 0;
    free(m.mirror);
    free(m.text);
    return zc_err_nomem(err);
}

static int wait_for_done(struct call *c, zc_missings *missing,
                         struct zc_err *err)
{
    for (;;) {
        enum zc_control_type type;
        void *body;
        size_t n;
        if (get_frame(c, &type, &body, &n, err))
            return -1;
        int r = type == ZC_CONTROL_ANSWER_WAITING ? note(missing, body, n, err)
                                                  : 0;
        free(body);
        if (r)
            return -1;
        if (type == ZC_CONTROL_ANSWER_DONE)
            return 0;
    }
}

int zc_control_ask(const char *path, enum zc_control_verb verb,
                   const char *what, unsigned timeout_s, int stop_fd,
                   zc_missings *missing, struct zc_err *err)
{
    struct call c = {.stop_fd = stop_fd};
    char request[ZC_CONTROL_LINE_MAX];
    if (timeout_s)
        c.end = zc_clock_ns() + timeout_s * ZC_NSEC_PER_SEC;
    int n = snprintf(request, sizeof request, "%s%s%s",
                     zc_control_verb_name(verb), *what ? " " : "", what);
    if (n < 0 || (size_t)n >= sizeof request)
        return zc_err_set(err, ZC_EXIT_USAGE, 0, "the name is too long");
    int r = call(&c, path, request, err);
    if (r == 0)
        r = wait_for_done(&c, missing, err);
    zc_close(&c.fd);
    return r;
}
