// SPDX-License-Identifier: GPL-2.0-or-later
/* Merging lanes, and becoming one; see lanes.h. */
#include "daemon/lanes.h"

#include "base/clock.h"
#include "base/hex.h"
#include "base/io.h"
#include "daemon/process.h"
#include "daemon/sandbox.h"
#include "net/lanes.h"
#include "net/passfd.h"
#include "net/peer_user.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define BUF_SIZE ((size_t)256 * ZC_KIB)
#define SESSION_S 5 /* for the session to be told the name */

struct joiner {
    int fd;   /* -1: none */
    bool done; /* its lane is ours; only waits */
};

struct merger {
    struct zc_lanes_in in;
    int lane[ZC_LANES_MAX];
    struct joiner joiner[ZC_LANES_MAX - 1];
    int listen_fd; /* -1: there is one lane */
    int out;       /* does not block */
    uid_t user;
    size_t at, len; /* of BUF: still to be written */
    uint8_t buf[BUF_SIZE];
};

static socklen_t address(const uint8_t name[ZC_LANES_NAME],
                         struct sockaddr_un *a)
{
    char text[2 * ZC_LANES_NAME + 1];
    zc_hex_put(text, name, ZC_LANES_NAME);
    memset(a, 0, sizeof *a);
    a->sun_family = AF_UNIX;
    int n = snprintf(a->sun_path + 1, sizeof a->sun_path - 1,
                     "zcsync-lanes-%s", text);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
}

/* Names of sockets are not secret (/proc/net/unix). */
static bool is_of(int fd, uid_t user)
{
    struct ucred who;
    return zc_peer_cred(fd, &who) && who.uid == user;
}

/* --- the merger --- */

/* One read(2), where FD has something; it may be one that does not block. 0: the
 * end. */
static ssize_t read_some(int fd, void *bytes, size_t n)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    for (;;) {
        ssize_t r = poll(&p, 1, -1) < 0 ? -1 : read(fd, bytes, n);
        if (r >= 0 || (errno != EINTR && errno != EAGAIN))
            return r;
    }
}

static int listen_at(const uint8_t name[ZC_LANES_NAME])
{
    struct sockaddr_un a;
    socklen_t n = address(name, &a);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && (bind(fd, (struct sockaddr *)&a, n) || listen(fd, 8)))
        zc_close(&fd);
    return fd;
}

static struct joiner *vacancy(struct merger *m)
{
    for (size_t i = 0; i < ZC_ARRAY_LEN(m->joiner); i++)
        if (m->joiner[i].fd < 0)
            return &m->joiner[i];
    return NULL;
}

static void let_in(struct merger *m)
{
    struct joiner *j = vacancy(m);
    if (!j)
        return;
    j->fd = accept4(m->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    j->done = false;
    if (j->fd >= 0 && !is_of(j->fd, m->user))
        zc_close(&j->fd);
}

static void take_lane(struct merger *m, struct joiner *j)
{
    uint8_t lane = 0;
    int fd;
    ssize_t r = zc_passfd_recv(j->fd, &lane, 1, &fd);
    if (r < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (r == 1 && fd >= 0 && lane > 0 && lane < ZC_LANES_MAX &&
        !(m->in.joined & 1u << lane) &&
        send(j->fd, &lane, 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1) {
        m->lane[lane] = fd;
        m->in.joined |= 1u << lane;
        j->done = true;
        return;
    }
    if (r >= 0 && fd >= 0)
        close(fd);
    zc_close(&j->fd);
}

/* Of the current lane. -1: it has ended, or makes no sense, which is the session's
 * end either way: it knows whether that may be. */
static int read_lane(struct merger *m)
{
    uint8_t *word;
    size_t n = zc_lanes_next(&m->in, &word);
    ssize_t r = read(m->lane[m->in.current], word ? word : m->buf,
                     word ? n : ZC_MIN(n, sizeof m->buf));
    if (r < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (r <= 0)
        return -1;
    if (!word) {
        m->at = 0;
        m->len = (size_t)r;
    }
    return zc_lanes_took(&m->in, (size_t)r);
}

static int write_out(struct merger *m)
{
    ssize_t r = write(m->out, m->buf + m->at, m->len);
    if (r < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    m->at += (size_t)r;
    m->len -= (size_t)r;
    return 0;
}

/* -1: it is over. */
static int turn(struct merger *m)
{
    struct pollfd f[3 + ZC_ARRAY_LEN(m->joiner)] = {
        {.fd = m->out, .events = m->len ? POLLOUT : 0},
        {.fd = m->len ? -1 : m->lane[m->in.current], .events = POLLIN},
        {.fd = vacancy(m) ? m->listen_fd : -1, .events = POLLIN}};
    for (size_t i = 0; i < ZC_ARRAY_LEN(m->joiner); i++)
        f[3 + i] = (struct pollfd){
            .fd = m->joiner[i].done ? -1 : m->joiner[i].fd, .events = POLLIN};
    if (poll(f, ZC_ARRAY_LEN(f), -1) < 0)
        return errno == EINTR ? 0 : -1;
    if (f[0].revents & (POLLERR | POLLHUP | POLLNVAL))
        return -1; /* the session has */
    if (f[1].revents && read_lane(m))
        return -1;
    if (f[2].revents)
        let_in(m);
    for (size_t i = 0; i < ZC_ARRAY_LEN(m->joiner); i++)
        if (f[3 + i].revents)
            take_lane(m, &m->joiner[i]);
    return m->len ? write_out(m) : 0;
}

/* The session decides when all of it ends, whatever signal reaches both. */
static _Noreturn void merge(int in, int out)
{
    static struct merger m = {.listen_fd = -1};
    uint8_t name[ZC_LANES_NAME];
    struct zc_err err;
    zc_process_set_stop(SIG_IGN);
    zc_process_set_signal(SIGPIPE, SIG_IGN);
    zc_process_close_others((const int[]){in, out}, 2);
    zc_process_name("zcsync-lanes");
    for (size_t have = 0; have < sizeof name;) {
        ssize_t r = read_some(in, name + have, sizeof name - have);
        if (r <= 0)
            _exit(ZC_EXIT_STREAM);
        have += (size_t)r;
    }
    m.listen_fd = listen_at(name);
    const uid_t user = geteuid(); /* which cannot be asked for later */
    if (zc_sandbox_isolate_merger(&err))
        _exit(ZC_EXIT_START);
    m.in.joined = 1;
    m.user = user;
    m.lane[0] = in;
    m.out = out;
    for (size_t i = 0; i < ZC_ARRAY_LEN(m.joiner); i++)
        m.joiner[i].fd = -1;
    while (!turn(&m))
        ;
    _exit(0);
}

/* Of the kind that FD is, so that raw bytes cross it as they would cross FD. */
static int make_pipe(int fd, int ends[2])
{
    struct stat st;
    if (fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode)) {
        if (pipe2(ends, O_CLOEXEC))
            return -1;
        (void)fcntl(ends[1], F_SETPIPE_SZ, (int)ZC_MIB);
    } else {
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
            return -1;
        zc_transport_grow_sndbuf(ends[1]);
    }
    return fcntl(ends[1], F_SETFL, O_NONBLOCK);
}

int zc_lanes_accept(struct zc_transport **t, struct zc_err *err)
{
    int ends[2] = {-1, -1}, in = (*t)->poll_rfd, why;
    int out = fcntl((*t)->poll_wfd, F_DUPFD_CLOEXEC, 3);
    pid_t pid = out < 0 || make_pipe(in, ends) ? -1 : fork();
    if (pid == 0)
        merge(in, ends[1]);
    why = errno;
    zc_close(&ends[1]);
    if (pid > 0) {
        /* First the old one goes: what it makes of OUT's flags holds for both. */
        char peer[sizeof (*t)->peer];
        snprintf(peer, sizeof peer, "%s", (*t)->peer);
        zc_transport_free(*t);
        *t = zc_transport_new_fds(ends[0], out, peer);
        why = errno;
        if (*t)
            return 0;
    }
    zc_close(&ends[0]);
    zc_close(&out);
    return zc_err_set(err, ZC_EXIT_SOCKET, why,
                      "could not receive over several channels");
}

/* --- one more lane --- */

static int connect_to(const uint8_t name[ZC_LANES_NAME])
{
    struct sockaddr_un a;
    socklen_t n = address(name, &a);
    int64_t end = zc_clock_ns() + SESSION_S * ZC_NSEC_PER_SEC;
    for (;;) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
            return -1;
        if (!connect(fd, (struct sockaddr *)&a, n)) {
            if (is_of(fd, geteuid()))
                return fd;
            errno = EPERM;
        }
        int why = errno;
        close(fd);
        errno = why;
        if (why != ECONNREFUSED || zc_clock_ns() >= end)
            return -1;
        zc_clock_sleep_ns(20 * 1000000);
    }
}

int zc_lanes_join(struct zc_err *err)
{
    uint8_t in[ZC_LANES_JOIN_SIZE], lane;
    struct zc_lanes_join j;
    if (zc_io_read(STDIN_FILENO, in, sizeof in) != sizeof in)
        return zc_err_set(err, ZC_EXIT_STREAM, 0,
                          "nobody has said which session this is for");
    if (zc_lanes_decode(in, &j, err))
        return -1;
    lane = (uint8_t)j.lane;
    zc_auto_close int fd = connect_to(j.name);
    if (fd < 0 || zc_passfd_send(fd, &lane, 1, STDIN_FILENO) != 1 ||
        zc_io_read(fd, &lane, 1) != 1)
        return zc_err_set(err, ZC_EXIT_SOCKET, 0,
                          "the session that this is for is not there");
    close(STDIN_FILENO);
    if (zc_io_write(STDOUT_FILENO, zc_lanes_joined, sizeof zc_lanes_joined))
        return zc_err_set(err, ZC_EXIT_SOCKET, errno,
                          "could not use standard output");
    (void)zc_io_read(fd, &lane, 1); /* until the session has ended */
    return 0;
}
