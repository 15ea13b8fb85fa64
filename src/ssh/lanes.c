// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Several channels for one stream; see lanes.h. From a channel to a lane:
 *
 *     OPENING -> STARTING -> JOINING -> WAITING -> READY
 *      open       exec        name       answer
 *
 * and from each of them to GONE. libssh2 opens one channel at a time. After EAGAIN
 * it wants the same bytes for the same channel again, which is what net/lanes.h
 * decides nothing new before.
 */
#include "ssh/lanes.h"

#include "net/preamble.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

/* What has less to send is not worth the processes. */
#define MUCH ZC_MIB

enum state {
    CLOSED,
    OPENING,
    STARTING,
    JOINING,
    WAITING,
    READY,
    GONE
};

struct lane {
    LIBSSH2_CHANNEL *channel;
    enum state state;
    uint8_t join[ZC_LANES_JOIN_SIZE], said[ZC_LANES_JOINED_SIZE];
    size_t at;    /* of JOIN: sent */
    size_t have;  /* of SAID */
    size_t noise; /* so many bytes may come before it */
    bool used;
};

struct zc_ssh_lanes {
    struct zc_ssh_link *l;
    struct zc_lanes_out out;
    struct lane lane[ZC_LANES_MAX];
    char *command;
    uint64_t sent;
};

struct zc_ssh_lanes *zc_ssh_lanes_new(struct zc_ssh_link *l,
                                      LIBSSH2_CHANNEL *channel,
                                      const char *command, struct zc_err *err)
{
    struct zc_lanes_join j;
    struct zc_ssh_lanes *s = calloc(1, sizeof *s);
    if (!s || !(s->command = strdup(command)) ||
        getrandom(j.name, sizeof j.name, 0) != sizeof j.name) {
        zc_ssh_lanes_free(s);
        zc_err_nomem(err);
        return NULL;
    }
    s->l = l;
    s->lane[0] = (struct lane){.channel = channel, .state = READY};
    for (j.lane = 1; j.lane < ZC_LANES_MAX; j.lane++) {
        zc_lanes_encode(&j, s->lane[j.lane].join);
        s->lane[j.lane].noise = ZC_PREAMBLE_MAX;
    }
    zc_lanes_begin(&s->out, j.name);
    return s;
}

void zc_ssh_lanes_free(struct zc_ssh_lanes *s)
{
    if (!s)
        return;
    free(s->command);
    free(s);
}

bool zc_ssh_lanes_idle(const struct zc_ssh_lanes *s)
{
    size_t n;
    zc_lanes_todo(&s->out, &n);
    return n == 0;
}

LIBSSH2_CHANNEL *zc_ssh_lanes_current(const struct zc_ssh_lanes *s)
{
    return s->lane[s->out.current].channel;
}

bool zc_ssh_lanes_say(const struct zc_ssh_lanes *s, char *text, size_t size)
{
    unsigned used = 0;
    for (unsigned i = 0; i < ZC_LANES_MAX; i++)
        used += s->lane[i].used;
    snprintf(text, size, "%s: sent over %u channel%s of SSH", s->l->host, used,
             used == 1 ? "" : "s");
    return s->sent >= MUCH;
}

/* --- the stream --- */

static bool decide(struct zc_ssh_lanes *s, size_t len)
{
    size_t room[ZC_LANES_MAX] = {0};
    for (unsigned i = 0; i < ZC_LANES_MAX; i++)
        if (s->lane[i].state == READY)
            room[i] = libssh2_channel_window_write(s->lane[i].channel);
    return zc_lanes_decide(&s->out, len, room);
}

static int send_stream(struct zc_ssh_lanes *s, struct zc_fifo *up)
{
    int did = 0;
    while (zc_ssh_link_unsent(s->l) < ZC_SSH_UNSENT_MAX) {
        size_t want;
        const uint8_t *head = zc_lanes_todo(&s->out, &want);
        if (!want) {
            if (!decide(s, up->len))
                break;
            continue;
        }
        ssize_t n = libssh2_channel_write(
            zc_ssh_lanes_current(s),
            (const char *)(head ? head : zc_fifo_head(up)), want);
        if (n == LIBSSH2_ERROR_EAGAIN || n == 0)
            break;
        if (n < 0)
            return -1;
        zc_lanes_wrote(&s->out, (size_t)n);
        if (!head) {
            zc_fifo_took(up, (size_t)n);
            s->sent += (uint64_t)n;
            s->lane[s->out.current].used = true;
        }
        did = 1;
    }
    return did;
}

/* --- more lanes --- */

/* Of libssh2. True: to go on. */
static bool passed(struct lane *a, ssize_t r)
{
    if (r == LIBSSH2_ERROR_EAGAIN)
        return false;
    a->state = r < 0 ? GONE : a->state + 1;
    return true;
}

/* Who gets no channel now asks for none any more. */
static bool open_channel(struct zc_ssh_lanes *s, struct lane *a)
{
    LIBSSH2_SESSION *session = s->l->session;
    a->channel = libssh2_channel_open_ex(session, "session", 7, ZC_SSH_PACKET,
                                         ZC_SSH_PACKET, NULL, 0);
    int why = a->channel ? 0 : libssh2_session_last_errno(session);
    if (!passed(a, a->channel ? 0 : ZC_MIN(why, -1)))
        return false;
    for (struct lane *b = a + 1; !a->channel && b < s->lane + ZC_LANES_MAX; b++)
        b->state = GONE;
    return true;
}

static bool send_join(struct lane *a)
{
    ssize_t n = libssh2_channel_write(a->channel, (char *)a->join + a->at,
                                      sizeof a->join - a->at);
    if (n > 0)
        a->at += (size_t)n;
    if (n > 0 && a->at < sizeof a->join)
        return true;
    return n != 0 && passed(a, n);
}

/* Its answer, which others may say something before, and what comes after that. */
static bool listen_to(struct lane *a)
{
    char bytes[4096];
    ssize_t n = libssh2_channel_read_stderr(a->channel, bytes, sizeof bytes);
    bool did = n > 0;
    bool ready = a->state == READY;
    n = ready ? libssh2_channel_read(a->channel, bytes, sizeof bytes)
              : libssh2_channel_read(a->channel, (char *)a->said + a->have,
                                     sizeof a->said - a->have);
    if (n > 0 && !ready) {
        a->have = zc_preamble_drop(a->said, a->have + (size_t)n, &a->noise,
                                   zc_lanes_joined_begins);
        if (a->have == sizeof a->said)
            a->state = zc_lanes_joined_begins(a->said, a->have) ? READY : GONE;
    }
    if (n > 0)
        return true;
    if (n != LIBSSH2_ERROR_EAGAIN &&
        (n < 0 || libssh2_channel_eof(a->channel) == 1))
        a->state = GONE;
    return did || a->state == GONE;
}

static bool see_to(struct zc_ssh_lanes *s, struct lane *a)
{
    switch (a->state) {
    case CLOSED:
        if (s->sent < MUCH)
            return false;
        a->state = OPENING;
        return true;
    case OPENING:
        return open_channel(s, a);
    case STARTING:
        return passed(a, libssh2_channel_process_startup(
                             a->channel, "exec", 4, s->command,
                             (unsigned)strlen(s->command)));
    case JOINING:
        return send_join(a);
    case WAITING:
    case READY:
        return listen_to(a);
    case GONE:
        break;
    }
    return false;
}

int zc_ssh_lanes_step(struct zc_ssh_lanes *s, struct zc_fifo *up)
{
    int did = send_stream(s, up);
    for (unsigned i = 1; i < ZC_LANES_MAX && did >= 0; i++) {
        if (see_to(s, &s->lane[i]))
            did = 1;
        if (s->lane[i].state <= OPENING)
            break; /* its turn comes before those after it */
    }
    return did;
}
