// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One client at a time through its states:
 *
 *   ASKING    a line is read, until its newline
 *   WAITING   nothing is to be read but the end; frames are written as they
 *             come
 *   ANSWERING what OUT holds is written, and then it ends, or, where it stays,
 *             is ASKING again
 *
 * A client is freed in one place, reap_gone, so that none disappears while it
 * is being worked on.
 */
#include "daemon/control.h"

#include "base/clock.h"
#include "net/peer_user.h"
#include "net/unix.h"

#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define PATIENCE_NS (30 * ZC_NSEC_PER_SEC)
/* Somebody who waits and does not read what is in the way. */
#define WAITING_BYTES_MAX (256 * ZC_KIB)
#define GROUPS_MAX 65536 /* of a process, says the kernel */

enum state { ASKING, ANSWERING, WAITING };

struct client {
    uint64_t id;
    int fd; /* -1: to be freed */
    enum state state;
    bool master; /* may ask for more than to be told something */
    bool stays;  /* has joined: it asks for the status only, and does not end */
    int64_t until; /* zc_clock_ns; dropped then */
    char line[ZC_CONTROL_LINE_MAX];
    size_t line_len;
    struct zc_buf out;
    size_t sent;
};

struct zc_control {
    struct zc_control_events events;
    int fd;
    char *path; /* to be removed, or NULL */
    uid_t uid;
    gid_t gid; /* (gid_t)-1: no group */
    uint64_t last_id;
    ZC_VEC(struct client *) clients;
    size_t polled; /* clients at the last zc_control_poll */
};

/* The socket. */

static int find_group(struct zc_control *c, const char *group,
                      struct zc_err *err)
{
    errno = 0;
    const struct group *g = getgrnam(group ? group : "zcsync");
    c->gid = g ? g->gr_gid : (gid_t)-1;
    if (!g && group)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "there is no group %.200s for the control socket",
                          group);
    return 0;
}

/* The folder below /run is there only if a service manager, or tmpfiles.d(5),
 * made it. What goes wrong shows when the socket is bound. */
static void make_folder(const char *path)
{
    zc_auto_free char *copy = strdup(path);
    char *slash = copy ? strrchr(copy, '/') : NULL;
    if (!slash || slash == copy)
        return;
    *slash = '\0';
    mode_t mask = umask(022);
    (void)!mkdir(copy, 0755);
    umask(mask);
}

static int bind_path(struct zc_control *c, const struct sockaddr_un *addr,
                     bool group_named, struct zc_err *err)
{
    const char *path = addr->sun_path;
    c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* Nobody else may connect before the group is set. */
    mode_t mask = umask(0177);
    int fail = c->fd < 0 || bind(c->fd, (const struct sockaddr *)addr,
                                 sizeof *addr);
    int why = errno;
    umask(mask);
    if (fail)
        return zc_err_set(err, ZC_EXIT_SOCKET, why, "control socket %s", path);
    c->path = strdup(path);
    if (!c->path) {
        unlink(path);
        return zc_err_nomem(err);
    }
    if (c->gid != (gid_t)-1 && lchown(path, (uid_t)-1, c->gid)) {
        if (group_named)
            return zc_err_set(err, ZC_EXIT_SOCKET, errno,
                              "could not give the control socket %s to its "
                              "group", path);
        c->gid = (gid_t)-1;
    }
    if (chmod(path, c->gid == (gid_t)-1 ? 0600 : 0660) ||
        listen(c->fd, SOMAXCONN))
        return zc_err_set(err, ZC_EXIT_SOCKET, errno, "control socket %s",
                          path);
    return 0;
}

static int open_path(struct zc_control *c, const char *path, const char *group,
                     struct zc_err *err)
{
    static const char what[] = "control socket";
    struct sockaddr_un addr;
    if (zc_unix_address(path, what, &addr, err))
        return -1;
    make_folder(path);
    return zc_unix_clear(&addr, what, "another zcsyncd", err) ||
                   bind_path(c, &addr, group, err)
               ? -1
               : 0;
}

struct zc_control *zc_control_new(const char *path, const char *group, int fd,
                                  const struct zc_control_events *events,
                                  struct zc_err *err)
{
    struct zc_control *c = calloc(1, sizeof *c);
    if (!c) {
        zc_err_nomem(err);
        return NULL;
    }
    c->events = *events;
    c->fd = fd;
    c->uid = geteuid();
    if (find_group(c, group, err) ||
        (fd < 0 && open_path(c, path, group, err))) {
        c->fd = fd < 0 ? c->fd : -1;
        zc_control_free(c);
        return NULL;
    }
    return c;
}

/* Clients. */

static void drop(struct zc_control *c, struct client *k)
{
    if (k->fd >= 0 && k->state == WAITING)
        c->events.cancel(c->events.arg, k->id);
    zc_close(&k->fd);
}

static void reap_gone(struct zc_control *c)
{
    for (size_t i = c->clients.len; i-- > 0;) {
        struct client *k = c->clients.v[i];
        if (k->fd >= 0)
            continue;
        zc_buf_fini(&k->out);
        free(k);
        c->clients.v[i] = c->clients.v[--c->clients.len];
    }
}

void zc_control_free(struct zc_control *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->clients.len; i++)
        drop(c, c->clients.v[i]);
    reap_gone(c);
    zc_vec_fini(&c->clients);
    zc_close(&c->fd);
    if (c->path)
        unlink(c->path);
    free(c->path);
    free(c);
}

static bool in_group(int fd, gid_t gid)
{
    gid_t *groups = malloc(GROUPS_MAX * sizeof *groups);
    socklen_t size = GROUPS_MAX * sizeof *groups;
    bool in = false;
    if (groups && getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) == 0)
        for (size_t i = 0; i < size / sizeof *groups; i++)
            in = in || groups[i] == gid;
    free(groups);
    return in;
}

/* The mode of the socket says the same, unless somebody passed us one with
 * another. */
static bool allowed(const struct zc_control *c, int fd, bool *master)
{
    struct ucred who;
    *master = false;
    if (!zc_peer_cred(fd, &who))
        return false;
    *master = who.uid == 0 || who.uid == c->uid;
    if (*master)
        return true;
    return c->gid != (gid_t)-1 &&
           (who.gid == c->gid || in_group(fd, c->gid));
}

static void answer(struct client *k)
{
    k->state = ANSWERING;
    k->until = zc_clock_ns() + PATIENCE_NS;
    if (k->out.failed)
        zc_close(&k->fd);
}

static void refuse(struct client *k, const struct zc_err *why)
{
    zc_control_put_error(&k->out, why->code, why->text);
    answer(k);
}

int zc_control_join(struct zc_control *c, int fd)
{
    struct client *k = calloc(1, sizeof *k);
    if (!k || fcntl(fd, F_SETFL, O_NONBLOCK) || zc_vec_push(&c->clients, k)) {
        free(k);
        close(fd);
        return -1;
    }
    k->fd = fd;
    k->id = ++c->last_id;
    k->until = INT64_MAX;
    k->stays = true;
    return 0;
}

static void accept_client(struct zc_control *c)
{
    int fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
            zc_clock_sleep_ns(ZC_NSEC_PER_SEC / 10); /* it stays pending */
        return;
    }
    struct client *k = calloc(1, sizeof *k);
    if (c->clients.len >= ZC_CONTROL_CLIENTS_MAX || !k ||
        zc_vec_push(&c->clients, k)) {
        free(k);
        close(fd);
        return;
    }
    k->fd = fd;
    k->id = ++c->last_id;
    k->until = zc_clock_ns() + PATIENCE_NS;
    if (!allowed(c, fd, &k->master)) {
        struct zc_err err;
        zc_err_set(&err, ZC_EXIT_START, 0,
                   "only root, zcsyncd's own user and members of the control "
                   "group may ask it");
        refuse(k, &err);
    }
}

static void put_status(struct zc_control *c, struct zc_buf *out)
{
    size_t head = out->len;
    zc_buf_u32(out, 0);
    zc_buf_u32(out, ZC_CONTROL_ANSWER_STATUS);
    c->events.status(c->events.arg, out);
    if (!out->failed)
        zc_buf_set_u32(out, head, (uint32_t)(out->len - head -
                                             ZC_CONTROL_HEAD));
}

static void obey(struct zc_control *c, struct client *k, size_t n)
{
    struct zc_control_request r;
    struct zc_err err = {0};
    if (zc_control_parse(k->line, n, &r, &err)) {
        refuse(k, &err);
        return;
    }
    if (r.verb == ZC_CONTROL_STATUS) {
        put_status(c, &k->out);
        answer(k);
        return;
    }
    if (k->stays) {
        drop(c, k);
        return;
    }
    if (r.verb != ZC_CONTROL_WAIT && !k->master) {
        zc_err_set(&err, ZC_EXIT_START, 0,
                   "only root and zcsyncd's own user may %s a mirror",
                   zc_control_verb_name(r.verb));
        refuse(k, &err);
        return;
    }
    /* In this order: the answer may come before the call returns. */
    k->state = WAITING;
    if (c->events.ask(c->events.arg, k->id, &r, &err))
        refuse(k, &err);
}

static void read_line(struct zc_control *c, struct client *k)
{
    ssize_t n = recv(k->fd, k->line + k->line_len,
                     sizeof k->line - k->line_len, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        drop(c, k);
        return;
    }
    k->line_len += (size_t)n;
    char *end = memchr(k->line, '\n', k->line_len);
    if (!end && k->line_len < sizeof k->line)
        return;
    /* There is one request to a connection. */
    if (!end || end != k->line + k->line_len - 1) {
        struct zc_err err;
        zc_err_set(&err, ZC_EXIT_STREAM, 0, "the request is too long");
        refuse(k, &err);
        return;
    }
    obey(c, k, k->line_len - 1);
}

static void write_out(struct zc_control *c, struct client *k)
{
    while (k->sent < k->out.len) {
        ssize_t n = send(k->fd, k->out.data + k->sent, k->out.len - k->sent,
                         MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n < 0) {
            drop(c, k);
            return;
        }
        k->sent += (size_t)n;
        k->until = zc_clock_ns() + PATIENCE_NS;
    }
    zc_buf_reset(&k->out);
    k->sent = 0;
    if (k->state == ANSWERING && k->stays) {
        k->state = ASKING;
        k->line_len = 0;
        k->until = INT64_MAX;
    } else if (k->state == ANSWERING) {
        drop(c, k);
    }
}

static bool has_output(const struct client *k)
{
    return k->sent < k->out.len;
}

int zc_control_poll(struct zc_control *c, zc_pollfds *fds)
{
    bool room = c->clients.len < ZC_CONTROL_CLIENTS_MAX;
    struct pollfd p = {.fd = room ? c->fd : -1, .events = POLLIN};
    reap_gone(c);
    if (zc_vec_push(fds, p))
        return -1;
    c->polled = c->clients.len;
    for (size_t i = 0; i < c->clients.len; i++) {
        const struct client *k = c->clients.v[i];
        p.fd = k->fd;
        p.events = has_output(k) ? POLLOUT : 0;
        if (k->state != ANSWERING)
            p.events |= POLLIN;
        if (zc_vec_push(fds, p))
            return -1;
    }
    return 0;
}

static void handle(struct zc_control *c, struct client *k, short revents)
{
    if (k->fd < 0 || !revents)
        return;
    /* Whoever waits has nothing more to say, so this is the end, or close to
     * it. */
    if (k->state == WAITING && (revents & ~POLLOUT))
        drop(c, k);
    else if (k->state == ASKING)
        read_line(c, k);
    else if (revents & ~POLLOUT)
        drop(c, k);
    if (k->fd >= 0 && has_output(k))
        write_out(c, k);
}

void zc_control_polled(struct zc_control *c, const struct pollfd *fds)
{
    size_t n = ZC_MIN(c->polled, c->clients.len);
    for (size_t i = 0; i < n; i++)
        handle(c, c->clients.v[i], fds[1 + i].revents);
    reap_gone(c);
    if (fds[0].revents)
        accept_client(c);
}

static bool limited(const struct client *k)
{
    return k->state != WAITING || has_output(k);
}

int64_t zc_control_next(const struct zc_control *c, int64_t now)
{
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < c->clients.len; i++)
        if (limited(c->clients.v[i]))
            next = ZC_MIN(next, c->clients.v[i]->until);
    return next == INT64_MAX ? next : ZC_MAX(next - now, 0);
}

void zc_control_tick(struct zc_control *c, int64_t now)
{
    for (size_t i = 0; i < c->clients.len; i++) {
        struct client *k = c->clients.v[i];
        if (limited(k) && now >= k->until)
            drop(c, k);
    }
    reap_gone(c);
}

/* Answers to who waits. */

static struct client *waiting(struct zc_control *c, uint64_t id)
{
    for (size_t i = 0; i < c->clients.len; i++) {
        struct client *k = c->clients.v[i];
        if (k->id == id && k->fd >= 0 && k->state == WAITING)
            return k;
    }
    return NULL;
}

void zc_control_waiting(struct zc_control *c, uint64_t client,
                        const char *mirror, const char *text)
{
    struct client *k = waiting(c, client);
    if (!k || k->out.len > WAITING_BYTES_MAX)
        return;
    if (!has_output(k))
        k->until = zc_clock_ns() + PATIENCE_NS;
    zc_control_put_waiting(&k->out, mirror, text);
}

void zc_control_done(struct zc_control *c, uint64_t client)
{
    struct client *k = waiting(c, client);
    if (!k)
        return;
    zc_control_put(&k->out, ZC_CONTROL_ANSWER_DONE, NULL, 0);
    answer(k);
}

void zc_control_fail(struct zc_control *c, uint64_t client,
                     const struct zc_err *why)
{
    struct client *k = waiting(c, client);
    if (k)
        refuse(k, why);
}
