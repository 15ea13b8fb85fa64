// SPDX-License-Identifier: GPL-2.0-or-later
/* The thread between a channel of a session and a socket; see pump.h. */
#include "ssh/pump.h"

#include "base/clock.h"
#include "base/libc.h"
#include "net/transport.h"
#include "ssh/lanes.h"
#include "ssh/stderr.h"

#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#define UP_SIZE (512 * ZC_KIB)
#define DOWN_SIZE (512 * ZC_KIB)
#define DOING "it was in use"

struct zc_ssh_pump {
    struct zc_ssh_pump_setup s;
    struct zc_ssh_link *l;
    LIBSSH2_CHANNEL *channel;
    struct zc_ssh_lanes *_Atomic lanes; /* NULL: all goes over that channel */
    int fd;   /* our end; -1: whoever had the other one has closed it */
    int wake; /* eventfd: to be given up */
    unsigned long opening; /* by so much the window is just opened; 0 */
    pthread_t thread;
    atomic_bool give_up;
    struct zc_fifo up, down;
    bool up_ended;   /* end of file from the socket */
    bool eof_sent;   /* ... and told to the remote */
    bool down_ended; /* end of file from the remote, passed on */
    bool closed;     /* the channel is, and all is passed on */
    bool failed;     /* with a sentence in ERR */
    bool asking;     /* the peer has not answered yet */
    struct zc_ssh_stderr remote;
    struct zc_ssh_ended ended;
    struct zc_err err;
};

static bool failed(struct zc_ssh_pump *p)
{
    if (!p->failed)
        zc_ssh_link_error(p->l, ZC_EXIT_SOCKET, DOING, &p->err);
    p->failed = true;
    return false;
}

static bool has_room(struct zc_fifo *f)
{
    return zc_fifo_room(f, ZC_SSH_PACKET) >= ZC_SSH_PACKET;
}

static void socket_gone(struct zc_ssh_pump *p)
{
    zc_close(&p->fd);
    p->up_ended = true;
    zc_fifo_took(&p->down, p->down.len);
}

/* --- up --- */

static bool read_socket(struct zc_ssh_pump *p)
{
    if (p->up_ended || !has_room(&p->up))
        return false;
    ssize_t n = recv(p->fd, zc_fifo_tail(&p->up),
                     zc_fifo_room(&p->up, ZC_SSH_PACKET), MSG_DONTWAIT);
    if (n > 0)
        zc_fifo_put(&p->up, (size_t)n);
    else if (n == 0)
        p->up_ended = true;
    else if (errno == EAGAIN || errno == EINTR)
        return false;
    else
        socket_gone(p);
    return true;
}

static bool write_channel(struct zc_ssh_pump *p)
{
    bool did = false;
    struct zc_ssh_lanes *lanes = atomic_load(&p->lanes);
    if (lanes) {
        int r = zc_ssh_lanes_step(lanes, &p->up);
        return r < 0 ? failed(p) : r > 0;
    }
    while (p->up.len && zc_ssh_link_unsent(p->l) < ZC_SSH_UNSENT_MAX) {
        ssize_t n = libssh2_channel_write(
            p->channel, (const char *)zc_fifo_head(&p->up), p->up.len);
        if (n == LIBSSH2_ERROR_EAGAIN || n == 0)
            return did;
        if (n < 0)
            return failed(p);
        zc_fifo_took(&p->up, (size_t)n);
        did = true;
    }
    return did;
}

static bool end_channel(struct zc_ssh_pump *p)
{
    struct zc_ssh_lanes *lanes = atomic_load(&p->lanes);
    if (!p->up_ended || p->up.len || p->eof_sent ||
        (lanes && !zc_ssh_lanes_idle(lanes)))
        return false;
    int r = libssh2_channel_send_eof(lanes ? zc_ssh_lanes_current(lanes)
                                           : p->channel);
    if (r == LIBSSH2_ERROR_EAGAIN)
        return false;
    if (r)
        return failed(p);
    return p->eof_sent = true;
}

/* --- down --- */

/*
 * How much the remote may send, read by us or not, is ours to say. libssh2 would
 * keep it near what the channel was opened with; it opens nothing by itself as
 * long as it is kept well above. When it cannot be said at once (new keys are
 * made), the same has to be said again before anything is read: libssh2 would
 * count something else than what it has sent. False: it has to.
 */
static bool open_window(struct zc_ssh_pump *p)
{
    unsigned long now = libssh2_channel_window_read_ex(p->channel, NULL, NULL);
    if (!p->opening && now < ZC_SSH_WINDOW / 2)
        p->opening = ZC_SSH_WINDOW - now;
    if (!p->opening)
        return true;
    int r = libssh2_channel_receive_window_adjust2(p->channel, p->opening, 1,
                                                   NULL);
    if (r == LIBSSH2_ERROR_EAGAIN)
        return false;
    p->opening = 0;
    return r ? failed(p) : true;
}

static bool read_channel(struct zc_ssh_pump *p)
{
    bool did = false;
    while (has_room(&p->down) && open_window(p)) {
        ssize_t n = libssh2_channel_read(
            p->channel, (char *)zc_fifo_tail(&p->down),
            zc_fifo_room(&p->down, ZC_SSH_PACKET));
        if (n == LIBSSH2_ERROR_EAGAIN || n == 0)
            break;
        if (n < 0)
            return failed(p);
        if (p->fd >= 0) /* else there is nobody to read it */
            zc_fifo_put(&p->down, (size_t)n);
        did = true;
    }
    return did;
}

/* And takes what has come for the other stream from the network, within its
 * window, even while nobody reads that: when TCP has to stop the remote, it takes
 * seconds to get going again (bbr). */
static bool read_stderr(struct zc_ssh_pump *p)
{
    char text[4096];
    bool did = false;
    while (open_window(p)) {
        ssize_t n = libssh2_channel_read_stderr(p->channel, text, sizeof text);
        if (n == LIBSSH2_ERROR_EAGAIN || n == 0)
            return did;
        if (n < 0)
            return failed(p);
        zc_ssh_stderr_put(&p->remote, text, (size_t)n);
        did = true;
    }
    return did;
}

static bool write_socket(struct zc_ssh_pump *p)
{
    if (!p->down.len || p->fd < 0)
        return false;
    ssize_t n = send(p->fd, zc_fifo_head(&p->down), p->down.len,
                     MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0)
        zc_fifo_took(&p->down, (size_t)n);
    else if (n < 0 && errno != EAGAIN && errno != EINTR)
        socket_gone(p);
    else
        return false;
    return true;
}

/* The end of the remote's output, and of the channel. */
static bool look_for_end(struct zc_ssh_pump *p)
{
    if (p->down.len || libssh2_channel_eof(p->channel) != 1)
        return false;
    bool did = !p->down_ended;
    if (did && p->fd >= 0)
        shutdown(p->fd, SHUT_WR);
    p->down_ended = true;
    int r = libssh2_channel_wait_closed(p->channel);
    if (r == 0)
        return p->closed = true;
    return r == LIBSSH2_ERROR_EAGAIN ? did : failed(p);
}

/* --- is anybody there? --- */

/*
 * The peer has to answer a request about the channel, be it with a no, which it
 * is for one to set a variable once the command runs. (An answer to libssh2's
 * own keepalive would stay in its list of packets for ever.)
 */
static void ask_peer(struct zc_ssh_pump *p)
{
    int r = libssh2_channel_setenv_ex(p->channel, "ZCSYNC", 6, "1", 1);
    p->asking = r == LIBSSH2_ERROR_EAGAIN;
}

static int64_t look_after_peer(struct zc_ssh_pump *p)
{
    int64_t now = zc_clock_ns();
    int64_t alive = p->s.alive_s * ZC_NSEC_PER_SEC;
    int64_t dead = p->s.timeout_s * ZC_NSEC_PER_SEC;
    if (!alive && !dead)
        return ZC_CLOCK_FOREVER;
    int64_t silent = now - p->l->heard_ns;
    if (dead && silent >= dead) {
        zc_err_set(&p->err, ZC_EXIT_TIMEOUT, 0,
                   "no sign of life from %s for %u s", p->l->host,
                   p->s.timeout_s);
        p->failed = true;
        return 0;
    }
    if (alive && (p->asking || silent >= alive))
        ask_peer(p);
    int64_t left = dead ? dead - silent : ZC_CLOCK_FOREVER;
    return alive && !p->asking ? ZC_MIN(left, ZC_MAX(alive - silent, 0))
                               : left;
}

/* --- the loop --- */

static bool step(struct zc_ssh_pump *p)
{
    bool did = zc_ssh_link_flush(p->l);
    did |= zc_ssh_link_fill(p->l);
    did |= read_socket(p);
    did |= write_channel(p);
    did |= end_channel(p);
    did |= read_channel(p);
    did |= read_stderr(p);
    did |= write_socket(p);
    did |= look_for_end(p);
    return did;
}

static void sleep_until_ready(struct zc_ssh_pump *p, int64_t ns)
{
    struct pollfd f[3] = {{.fd = p->l->fd}, {.fd = p->fd}, {.fd = p->wake}};
    f[0].events = p->l->ended ? 0 : POLLIN;
    f[2].events = POLLIN;
    if (zc_ssh_link_unsent(p->l))
        f[0].events |= POLLOUT;
    if (!p->up_ended && has_room(&p->up))
        f[1].events |= POLLIN;
    if (p->down.len)
        f[1].events |= POLLOUT;
    /* poll(2) tells of a hangup whatever it is asked for. */
    for (int i = 0; i < 2; i++)
        if (!f[i].events)
            f[i].fd = -1;
    int ms = ns == ZC_CLOCK_FOREVER
                 ? -1
                 : (int)ZC_MIN(ns / 1000000 + 1, (int64_t)INT_MAX);
    (void)poll(f, 3, ms);
}

static void note_end(struct zc_ssh_pump *p)
{
    char *name = NULL;
    p->ended.status = -1;
    zc_ssh_stderr_end(&p->remote, p->ended.said, sizeof p->ended.said);
    if (!p->closed)
        return;
    libssh2_channel_get_exit_signal(p->channel, &name, NULL, NULL, NULL, NULL,
                                    NULL);
    if (name)
        snprintf(p->ended.signal, sizeof p->ended.signal, "%s", name);
    else
        p->ended.status = libssh2_channel_get_exit_status(p->channel);
    libssh2_free(p->l->session, name);
}

static void say_lanes(struct zc_ssh_pump *p)
{
    char text[400];
    struct zc_ssh_lanes *lanes = atomic_load(&p->lanes);
    if (lanes && p->s.remark && zc_ssh_lanes_say(lanes, text, sizeof text))
        p->s.remark(p->s.arg, text);
}

static void *run(void *arg)
{
    struct zc_ssh_pump *p = arg;
    while (!p->closed && !p->failed && !atomic_load(&p->give_up)) {
        if (step(p))
            continue;
        int64_t ns = ZC_CLOCK_FOREVER;
        if (p->l->ended && !p->down.len)
            failed(p); /* and all that has come is passed on */
        else if (!p->l->ended)
            ns = look_after_peer(p);
        if (!p->failed)
            sleep_until_ready(p, ns);
    }
    note_end(p);
    say_lanes(p);
    if (p->fd >= 0)
        shutdown(p->fd, SHUT_RDWR);
    return NULL;
}

/* --- from outside --- */

static void pump_free(struct zc_ssh_pump *p)
{
    zc_ssh_lanes_free(p->lanes);
    zc_fifo_fini(&p->up);
    zc_fifo_fini(&p->down);
    zc_close(&p->fd);
    zc_close(&p->wake);
    free(p);
}

/* With all signals blocked: they are for the others. */
static int start_thread(struct zc_ssh_pump *p)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int why = pthread_create(&p->thread, NULL, run, p);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return why;
}

struct zc_ssh_pump *zc_ssh_pump_start(const struct zc_ssh_pump_setup *setup,
                                      int *fd, struct zc_err *err)
{
    int pair[2] = {-1, -1};
    struct zc_ssh_pump *p = calloc(1, sizeof *p);
    if (!p) {
        zc_err_nomem(err);
        return NULL;
    }
    p->s = *setup;
    p->l = setup->link;
    p->channel = setup->channel;
    p->fd = p->wake = -1;
    zc_ssh_stderr_init(&p->remote, setup->remote_line, setup->arg);
    int why = zc_fifo_init(&p->up, UP_SIZE) || zc_fifo_init(&p->down, DOWN_SIZE)
                  ? ENOMEM
                  : 0;
    p->wake = eventfd(0, EFD_CLOEXEC);
    if (!why && (p->wake < 0 ||
                 socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)))
        why = errno;
    p->fd = pair[0];
    if (!why) {
        zc_transport_grow_sndbuf(pair[0]);
        zc_transport_grow_sndbuf(pair[1]);
        why = start_thread(p);
    }
    if (why) {
        zc_close(&pair[1]);
        pump_free(p);
        zc_err_set(err, ZC_EXIT_MEMORY, why, "could not start a thread for %s",
                   setup->link->host);
        return NULL;
    }
    *fd = pair[1];
    return p;
}

int zc_ssh_pump_lanes(struct zc_ssh_pump *p, const char *command,
                      struct zc_err *err)
{
    struct zc_ssh_lanes *lanes = zc_ssh_lanes_new(
        p->l, p->channel, command, err);
    if (!lanes)
        return -1;
    atomic_store(&p->lanes, lanes);
    return 0;
}

int zc_ssh_pump_end(struct zc_ssh_pump *p, unsigned wait_s,
                    struct zc_ssh_ended *ended, struct zc_err *err)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += wait_s;
    if (pthread_clockjoin_np(p->thread, NULL, CLOCK_MONOTONIC, &until)) {
        atomic_store(&p->give_up, true);
        eventfd_write(p->wake, 1);
        pthread_join(p->thread, NULL);
    }
    int r = p->failed ? -1 : 0;
    if (r && err)
        *err = p->err;
    if (ended)
        *ended = p->ended;
    pump_free(p);
    return r;
}
