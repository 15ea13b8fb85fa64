// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A receiver's process, from its first step; see receiver_child.h.
 *
 * SIGTERM reaches a session as the end of its connection: the handler shuts the
 * transport down, zc_receive_run finds its stream ended, removes its staging
 * files and returns. A handler and not a thread that waits for signals, because
 * such a thread would have to start before the sandbox is entered and would
 * stay outside it.
 */
#include "daemon/receiver_child.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/process.h"
#include "daemon/sandbox.h"
#include "sender/serve.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* How long a peer gets to read why its session failed. */
#define LINGER_NS (2 * ZC_NSEC_PER_SEC)

/* The stop flag of this file: the connection that a stop signal ends. Set
 * before the handlers are installed, in a process that serves one session. */
static struct zc_transport *volatile session_transport;

static void on_stop(int sig)
{
    (void)sig;
    if (session_transport)
        zc_transport_shutdown(session_transport);
}

void zc_receiver_signals(struct zc_transport *t)
{
    session_transport = t;
    zc_process_set_stop(on_stop);
    zc_process_set_signal(SIGPIPE, SIG_IGN);
}

void zc_receiver_forget(void)
{
    session_transport = NULL;
}

int zc_receiver_session(struct zc_transport *t, enum zc_role role,
                        const struct zc_accept_options *opt,
                        struct zc_err *err)
{
    struct zc_accept_options confined = *opt;
    if (!confined.confine)
        confined.confine = zc_sandbox_enter;
    int r = role == ZC_ROLE_SENDER ? zc_source_run(t, &confined, err)
                                   : zc_receive_run(t, &confined, err);
    if (r)
        zc_transport_linger(t, LINGER_NS);
    return r;
}

/* A receiver of SHARE says what it changes, if anybody wants to know. */
static void begin_changes(struct zc_receiver_child *c, const char *share)
{
    const struct zc_accept_options *o = c->receive;
    for (size_t i = 0; i < o->n_shares && c->pipe.fd >= 0; i++) {
        if (!o->shares[i].on_change || strcmp(o->shares[i].name, share) != 0)
            continue;
        c->mark(c->arg, share, c->number);
        zc_changes_begin(&c->pipe, share);
        c->begun = true;
    }
}

/* T's peer, with WORD and how it is secured. */
static void log_peer(enum zc_log_level level, const struct zc_transport *t,
                     const char *word, const char *more)
{
    zc_log(level, "%s: %s, %s%s%s%s", t->peer, word, t->security,
           *t->peer_key ? ", key " : "", t->peer_key, more);
}

/* What the fence knows the mirror with ORIGIN by: of a peer with another key,
 * or with none, no origin leads to the same. */
static void fence_id(const struct zc_receiver_child *c, const uint8_t *origin,
                     uint8_t id[ZC_ORIGIN_SIZE])
{
    const uint8_t sealed = c->peer_key != NULL;
    crypto_generichash_state h;
    crypto_generichash_init(&h, NULL, 0, ZC_ORIGIN_SIZE);
    crypto_generichash_update(&h, &sealed, 1);
    if (sealed)
        crypto_generichash_update(&h, c->peer_key, ZC_KEY_SIZE);
    crypto_generichash_update(&h, origin, ZC_ORIGIN_SIZE);
    crypto_generichash_final(&h, id, ZC_ORIGIN_SIZE);
}

/* Tells the parent which share it is, and older receivers of the same mirror to
 * end. */
static int tell(void *arg, const char *share, const uint8_t *origin,
                struct zc_err *err)
{
    struct zc_receiver_child *c = arg;
    char more[ZC_RECEIVER_SHARE_MAX + 16];
    snprintf(more, sizeof more, ", share %s", share);
    log_peer(ZC_LOG_INFO, c->t, "connected", more);
    if (c->note) {
        snprintf(c->note->share, sizeof c->note->share, "%s", share);
        c->note->has_origin = origin != NULL;
        if (origin)
            memcpy(c->note->origin, origin, ZC_ORIGIN_SIZE);
        atomic_store(&c->note->opened, true);
    }
    begin_changes(c, share);
    uint8_t id[ZC_ORIGIN_SIZE];
    if (!origin)
        return 0;
    fence_id(c, origin, id);
    return zc_fence_enter(c->fence, c->slot, id, err);
}

/* Of the disk there is enough again ("") or, as often as it is seen, not. */
static void tell_room(void *arg, const char *text)
{
    const struct zc_receiver_child *c = arg;
    struct zc_receiver_note *n = c->note;
    const char *share = n ? n->share : "";
    bool known = n && atomic_load(&n->low_at);
    if (*text && !known)
        zc_log(ZC_LOG_WARN, "%s: share %s: %s: what does not fit is not written "
                            "there until there is more room", c->t->peer,
               share, text);
    else if (!*text)
        zc_log(ZC_LOG_INFO, "%s: share %s: there is room again", c->t->peer,
               share);
    if (n && *text)
        snprintf(n->room, sizeof n->room, "%s", text);
    if (n)
        atomic_store(&n->low_at, *text ? zc_clock_ns() : 0);
}

/* How a session has ended. Who was let into no share may try again and again: that
 * is for the parent to tell, which knows of all of them. */
static void log_end(const struct zc_receiver_child *c, int code,
                    const struct zc_err *err)
{
    struct zc_receiver_note *note = c->note;
    if (code && note && !atomic_load(&note->opened)) {
        snprintf(note->why, sizeof note->why, "%s", err->text);
        atomic_store(&note->refused, true);
    } else if (code) {
        if (note) {
            snprintf(note->why, sizeof note->why, "%s", err->text);
            atomic_store(&note->failed, true);
        }
        zc_log(ZC_LOG_WARN, "%s: %s", c->t->peer, err->text);
    } else {
        zc_log(ZC_LOG_INFO, "%s: session finished", c->t->peer);
    }
}

_Noreturn void zc_receiver_child(struct zc_receiver_child *c,
                                 struct zc_transport *t, struct zc_secured *s)
{
    zc_identity_free(c->identity);
    struct zc_accept_options own = *c->receive;
    struct zc_err err = {0};
    uint8_t peer_key[ZC_KEY_SIZE];
    const enum zc_role role = s->role;

    memcpy(peer_key, s->peer_key, sizeof peer_key);
    own.peer_key = s->sealed ? peer_key : NULL;
    own.plain = c->plain;
    c->peer_key = own.peer_key;
    own.opened = tell;
    own.opened_arg = c;
    own.room = tell_room;
    own.intake = c->note ? &c->note->intake : NULL;
    struct zc_changes changes;
    zc_changes_init(&changes, &c->pipe, NULL);
    own.changes = &changes;
    zc_process_name(role == ZC_ROLE_SENDER ? "zcsync:send"
                                           : "zcsync:receive");
    zc_process_close_others(
        (const int[]){t->poll_rfd, t->poll_wfd, c->pipe.fd}, 3);
    struct zc_transport *u = zc_secure(t, s, &err);
    zc_secured_wipe(s);
    if (!u) {
        zc_log(ZC_LOG_WARN, "%s: %s", t->peer, err.text);
        _exit(err.code);
    }
    zc_receiver_signals(u);
    sigprocmask(SIG_SETMASK, c->mask, NULL);
    zc_process_die_with(c->parent, SIGTERM);
    c->t = u;
    log_peer(ZC_LOG_DEBUG, u, "has shaken hands", "");

    int code = zc_receiver_session(u, role, &own, &err) ? (int)err.code : 0;
    if (c->begun)
        zc_changes_end(&c->pipe);
    log_end(c, code, &err);
    _exit(code); /* the stdio buffers are the parent's */
}
