// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From a place to a running command; see ssh.h. Each hop is a session of its
 * own with its own configuration, host key and login:
 *
 *     configuration -> a socket (reach.c) -> hands -> host key -> login
 *         -> a channel -> a pump
 */
#include "ssh/open.h"

#include "base/clock.h"
#include "net/far.h"
#include "ssh/auth.h"
#include "ssh/hostkey.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define HANDS_S 60 /* to shake hands, where nobody has said how long */
#define ANSWER_S 60
/* Nearer ones are not limited: 2 MiB in each 10 ms are more than libssh2 encrypts. */
#define FAR_US 10000

/* Fast ones first. */
#define CIPHERS                                                            \
    "aes128-gcm@openssh.com,aes256-gcm@openssh.com,aes128-ctr,aes192-ctr," \
    "aes256-ctr,chacha20-poly1305@openssh.com,aes128-cbc,aes256-cbc"
#define MACS                                                          \
    "hmac-sha2-256-etm@openssh.com,hmac-sha2-256,"                    \
    "hmac-sha2-512-etm@openssh.com,hmac-sha2-512,hmac-sha1"

static int prefer(struct zc_ssh *s, struct zc_err *err)
{
    const struct zc_ssh_config *c = &s->c;
    static const char cipher[] = "cipher", ciphers[] = "Ciphers";
    const struct zc_ssh_choice choices[] = {
        {LIBSSH2_METHOD_KEX, NULL, c->kex, "key exchange", "KexAlgorithms"},
        {LIBSSH2_METHOD_CRYPT_CS, CIPHERS, c->ciphers, cipher, ciphers},
        {LIBSSH2_METHOD_CRYPT_SC, CIPHERS, c->ciphers, cipher, ciphers},
        {LIBSSH2_METHOD_MAC_CS, MACS, c->macs, "MAC", "MACs"},
        {LIBSSH2_METHOD_MAC_SC, MACS, c->macs, "MAC", "MACs"},
    };
    for (size_t i = 0; i < ZC_ARRAY_LEN(choices); i++)
        if (zc_ssh_link_prefer(s->link, &choices[i], err))
            return -1;
    return zc_ssh_hostkey_prefer(s->link, c, err);
}

static int shake_hands(struct zc_ssh *s, struct zc_err *err)
{
    static const char doing[] = "shaking hands";
    unsigned seconds = s->contimeout_s ? s->contimeout_s : HANDS_S;
    int64_t end = zc_clock_ns() + seconds * ZC_NSEC_PER_SEC;
    int r;
    if (prefer(s, err))
        return -1;
    while ((r = libssh2_session_handshake(s->link->session, s->link->fd)) ==
           LIBSSH2_ERROR_EAGAIN)
        if (zc_ssh_link_wait(s->link, end, doing, err))
            return -1;
    return r ? zc_ssh_link_error(s->link, ZC_EXIT_START, doing, err) : 0;
}

struct zc_ssh *zc_ssh_login(const struct zc_ssh_place *place,
                            const struct zc_ssh_options *o, unsigned depth,
                            struct zc_err *err)
{
    struct zc_ssh *s = calloc(1, sizeof *s);
    if (!s) {
        zc_err_nomem(err);
        return NULL;
    }
    s->o = *o;
    s->depth = depth;
    int r = zc_ssh_config_get(&s->c, place, o, err);
    s->contimeout_s = o->contimeout_s ? o->contimeout_s
                                      : s->c.connect_timeout_s;
    int fd = r ? -1 : zc_ssh_reach(s, err);
    if (fd >= 0)
        s->link = zc_ssh_link_new(fd, s->c.host, o->stop, err);
    if (!s->link || shake_hands(s, err) ||
        zc_ssh_hostkey_check(s->link, &s->c, o, err) ||
        zc_ssh_authenticate(s->link, &s->c, o, err)) {
        zc_ssh_end(s, 0, NULL, NULL);
        return NULL;
    }
    return s;
}

/* --- channels --- */

static bool again(struct zc_ssh *s, int r, int *failed, struct zc_err *err)
{
    if (r != LIBSSH2_ERROR_EAGAIN)
        return false;
    int64_t end = zc_clock_ns() + ANSWER_S * ZC_NSEC_PER_SEC;
    *failed = zc_ssh_link_wait(s->link, end, "opening a channel", err);
    return !*failed;
}

static int command_channel(struct zc_ssh *s, const char *command,
                           struct zc_err *err)
{
    int failed = 0, r;
    LIBSSH2_SESSION *session = s->link->session;
    do
        s->channel = libssh2_channel_open_ex(session, "session", 7,
                                             ZC_SSH_PACKET, ZC_SSH_PACKET,
                                             NULL, 0);
    while (!s->channel &&
           again(s, libssh2_session_last_errno(session), &failed, err));
    if (failed)
        return -1;
    if (!s->channel)
        return zc_ssh_link_error(s->link, ZC_EXIT_START, "opening a channel",
                                 err);
    do
        r = libssh2_channel_process_startup(s->channel, "exec", 4, command,
                                            (unsigned)strlen(command));
    while (again(s, r, &failed, err));
    if (failed || !r)
        return failed;
    return zc_ssh_link_error(s->link, ZC_EXIT_START, "starting a command",
                             err);
}

int zc_ssh_forward(struct zc_ssh *s, const char *host, unsigned port, int *fd,
                   struct zc_err *err)
{
    int failed = 0;
    do
        s->channel = libssh2_channel_direct_tcpip_ex(
            s->link->session, host, (int)port, "127.0.0.1", 0);
    while (!s->channel &&
           again(s, libssh2_session_last_errno(s->link->session), &failed,
                 err));
    if (failed)
        return -1;
    if (!s->channel) {
        zc_ssh_link_error(s->link, ZC_EXIT_SOCKET, "connecting", err);
        return zc_err_prefix(err, "to %s port %u through a jump host", host,
                             port);
    }
    return zc_ssh_start(s, fd, err);
}

int zc_ssh_start(struct zc_ssh *s, int *fd, struct zc_err *err)
{
    unsigned timeout = s->o.timeout_s;
    unsigned alive = timeout ? ZC_MAX(timeout / 3, 1U) : s->c.alive_interval_s;
    if (!timeout && alive)
        timeout = (unsigned)ZC_MIN((uint64_t)alive *
                                       ZC_MAX(s->c.alive_count, 1U),
                                   (uint64_t)INT_MAX);
    struct zc_ssh_pump_setup setup = {
        .link = s->link, .channel = s->channel, .timeout_s = timeout,
        .alive_s = alive, .remote_line = s->o.remote_line, .remark = s->o.remark,
        .arg = s->o.arg};
    s->pump = zc_ssh_pump_start(&setup, fd, err);
    return s->pump ? 0 : -1;
}

struct zc_ssh *zc_ssh_open(const struct zc_ssh_place *place,
                           const struct zc_ssh_options *o,
                           const char *command, int *fd, struct zc_err *err)
{
    struct zc_ssh *s = zc_ssh_login(place, o, 0, err);
    *fd = -1;
    if (s && (command_channel(s, command, err) || zc_ssh_start(s, fd, err))) {
        zc_ssh_end(s, 0, NULL, NULL);
        return NULL;
    }
    return s;
}

const char *zc_ssh_address(const struct zc_ssh *s)
{
    return *s->address ? s->address : NULL;
}

bool zc_ssh_far(const struct zc_ssh *s)
{
    return zc_far_rtt_us(s->link->fd) >= FAR_US;
}

int zc_ssh_lanes(struct zc_ssh *s, const char *command, struct zc_err *err)
{
    zc_far_set_up(s->link->fd);
    return zc_ssh_pump_lanes(s->pump, command, err);
}

int zc_ssh_end(struct zc_ssh *s, unsigned wait_s, struct zc_ssh_ended *ended,
               struct zc_err *err)
{
    int r = 0;
    if (ended)
        *ended = (struct zc_ssh_ended){.status = -1};
    if (s->pump)
        r = zc_ssh_pump_end(s->pump, wait_s, ended, err);
    zc_ssh_link_free(s->link);
    /* What was lost may have been the way, and then it says so better. */
    zc_ssh_unreach(s, r ? err : NULL);
    zc_ssh_config_fini(&s->c);
    free(s);
    return r;
}
