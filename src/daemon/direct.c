// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Waiting for a direct connection; see direct.h. Whoever comes shakes hands in a
 * process of its own (handshakes.h), as with zcsyncd; who has not the key that
 * came over the channel is sent away, and keeps nobody else from coming. A word
 * on the channel ends it all.
 */
#include "daemon/direct.h"

#include "base/clock.h"
#include "daemon/handshakes.h"
#include "net/dial.h"
#include "net/direct.h"

#include <fcntl.h>
#include <string.h>

/* Seconds for the other's word, and after that for any: the other end has only to
 * connect, or to give up. */
#define FIRST_S 60
#define WAIT_S 30
#define STRANGERS_MAX 16

struct direct {
    struct zc_transport *channel;
    struct zc_direct theirs;
    struct zc_identity *id;
    int listen_fd;
    struct zc_handshakes handshakes;
    struct zc_transport *t; /* the one that was waited for */
    struct zc_secured secured;
};

/* The address of ours that SSH came to, as sshd(8) tells; NULL: nobody knows. */
static char *own_address(void)
{
    const char *c = getenv("SSH_CONNECTION"); /* theirs, port, ours, port */
    for (int i = 0; c && i < 2; i++) {
        c = strchr(c, ' ');
        c = c ? c + 1 : NULL;
    }
    return c ? strndup(c, strcspn(c, " ")) : NULL;
}

/* 0: there is none, and that is no reason to give up. */
static uint16_t listen_for(struct direct *d)
{
    char bound[160];
    bool loopback;
    struct zc_err ignored;
    zc_auto_free char *address = own_address();
    if (!address)
        return 0;
    d->listen_fd = zc_listen(address, "0", bound, sizeof bound, &loopback,
                             &ignored);
    const char *colon = d->listen_fd >= 0 ? strrchr(bound, ':') : NULL;
    if (!colon || fcntl(d->listen_fd, F_SETFL, O_NONBLOCK)) {
        zc_close(&d->listen_fd);
        return 0;
    }
    return (uint16_t)atoi(colon + 1);
}

static int gone(int why, struct zc_err *err)
{
    return zc_err_set(err, why ? ZC_EXIT_SOCKET : ZC_EXIT_STREAM, why,
                      "the other end has gone");
}

/* Ours waits for nothing: the other one can be on its way only when this process
 * is there (OpenSSH opens no window before), and would take a round trip more. */
static int say(struct direct *d, struct zc_err *err)
{
    uint8_t out[ZC_DIRECT_SIZE];
    struct zc_direct ours = {.port = listen_for(d)};
    memcpy(ours.key, d->id->public_key, sizeof ours.key);
    zc_direct_encode(&ours, out);
    struct iovec iov = {out, sizeof out};
    return zc_transport_send(d->channel, &iov, 1) ? gone(errno, err) : 0;
}

static int hear(struct direct *d, struct zc_err *err)
{
    uint8_t in[ZC_DIRECT_SIZE];
    struct zc_transport *c = d->channel;
    zc_transport_set_recv_end(c, zc_clock_ns() + FIRST_S * ZC_NSEC_PER_SEC);
    for (size_t have = 0; have < sizeof in;) {
        ssize_t n = zc_transport_recv(c, in + have, sizeof in - have);
        if (n <= 0)
            return gone(n ? errno : 0, err);
        have += (size_t)n;
    }
    zc_transport_set_recv_end(c, 0);
    return zc_direct_decode(in, &d->theirs, err);
}

/* In a child that shakes hands. */
static int admit(void *arg, const struct zc_secured *s, struct zc_err *told,
                 struct zc_err *logged)
{
    const struct direct *d = arg;
    if (s->sealed && zc_key_equal(s->peer_key, d->theirs.key))
        return 0;
    zc_err_set(told, ZC_EXIT_START, 0, "somebody else is waited for");
    return zc_err_set(logged, ZC_EXIT_START, 0, "it is not who is waited for");
}

static void on_secured(void *arg, struct zc_transport *t, struct zc_secured *s)
{
    struct direct *d = arg;
    if (d->t || !s->sealed || !zc_key_equal(s->peer_key, d->theirs.key)) {
        zc_transport_free(t);
        return;
    }
    d->t = t;
    d->secured = *s;
}

/* One turn of waiting. 1: the channel has something to say. */
static int turn(struct direct *d, zc_pollfds *fds, int64_t end)
{
    const struct pollfd own[] = {
        {.fd = d->channel->poll_rfd, .events = POLLIN},
        {.fd = d->listen_fd, .events = POLLIN}};
    fds->len = 0;
    if (zc_vec_push(fds, own[0]) || zc_vec_push(fds, own[1]) ||
        zc_handshakes_poll(&d->handshakes, fds))
        return 1;
    int64_t now = zc_clock_ns();
    int64_t left = ZC_MIN(end - now, zc_handshakes_next(&d->handshakes, now));
    int n = poll(fds->v, fds->len, (int)(ZC_MAX(left, 0) / 1000000) + 1);
    if (n < 0)
        return errno == EINTR ? 0 : 1;
    zc_handshakes_polled(&d->handshakes, fds->v + 2, fds->len - 2);
    zc_handshakes_reap(&d->handshakes, false);
    zc_handshakes_tick(&d->handshakes, zc_clock_ns());
    if (fds->v[1].revents)
        zc_handshakes_accept(&d->handshakes, d->listen_fd, NULL);
    return fds->v[0].revents != 0;
}

static void wait_for_it(struct direct *d)
{
    zc_pollfds fds = {0};
    int64_t end = zc_clock_ns() + WAIT_S * ZC_NSEC_PER_SEC;
    while (!d->t && zc_clock_ns() < end && !turn(d, &fds, end))
        ;
    zc_vec_fini(&fds);
    zc_close(&d->listen_fd);
    zc_handshakes_kill(&d->handshakes);
    zc_handshakes_reap(&d->handshakes, true);
    zc_handshakes_fini(&d->handshakes);
}

int zc_direct_accept(struct zc_transport *channel, struct zc_transport **out,
                     enum zc_role *role, struct zc_err *err)
{
    struct direct d = {.channel = channel, .listen_fd = -1};
    *out = NULL;
    d.id = zc_identity_new(err);
    if (!d.id)
        return -1;
    d.handshakes = (struct zc_handshakes){
        .max = STRANGERS_MAX,
        .max_per_address = STRANGERS_MAX,
        .security = {.identity = d.id},
        .admit = admit,
        .done = on_secured,
        .arg = &d,
    };
    int r = say(&d, err) ||
                    zc_handshakes_prepare(&d.handshakes.security, err) ||
                    hear(&d, err)
                ? -1
                : 0;
    if (!r && d.listen_fd >= 0)
        wait_for_it(&d);
    zc_close(&d.listen_fd);
    zc_identity_free(d.id);
    if (!r && d.t) {
        *role = d.secured.role;
        *out = zc_secure(d.t, &d.secured, err);
        r = *out ? 0 : -1;
        if (r)
            zc_transport_free(d.t);
    }
    zc_secured_wipe(&d.secured);
    return r;
}
