// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Receivers in processes of their own:
 *
 *   parent   accept, fork, reap, log; no peer's byte is ever read here
 *   child    shakes hands, confined (handshakes.c)
 *   child    the same connection: receiver_child.c
 */
#include "daemon/receivers.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/process.h"
#include "daemon/receiver_child.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

static struct zc_receiver_note *note_new(void)
{
    void *p = mmap(NULL, sizeof(struct zc_receiver_note),
                   PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

static void note_free(struct zc_receiver_note *note)
{
    if (note)
        munmap(note, sizeof *note);
}

/* Whoever has not said what he wants may be nobody, and makes room for others; who
 * has a key is somebody. */
static bool makes_room(const struct zc_receiver_process *c)
{
    return !c->sealed && !c->at_work &&
           !(c->note && atomic_load(&c->note->opened));
}

/* In a child: lets go of what it shares with its siblings, but for OWN. */
static void let_go(struct zc_receivers *r, const struct zc_receiver_note *own)
{
    for (size_t i = 0; i < r->v.len; i++) {
        struct zc_receiver_process *c = &r->v.v[i];
        if (c->note == own)
            continue;
        c->at_work = !makes_room(c); /* for as long as this one lasts */
        note_free(c->note);
        c->note = NULL;
    }
    if (r->conf.forked)
        r->conf.forked(r->conf.arg);
}

unsigned zc_receivers_max(const struct zc_receivers *r)
{
    return r->conf.max ? r->conf.max : ZC_RECEIVERS_MAX_DEFAULT;
}

static bool has_room(const struct zc_receivers *r)
{
    for (size_t i = 0; i < r->v.len; i++)
        if (makes_room(&r->v.v[i]))
            return true;
    return false;
}

/* NULL, or why nobody can be let in, in TEXT. */
static const char *full_house(const struct zc_receivers *r, char *text,
                              size_t size)
{
    if (r->v.len < zc_receivers_max(r) || has_room(r))
        return NULL;
    snprintf(text, size, "%u connections are open already",
             zc_receivers_max(r));
    return text;
}

/* Some shares have keys, and some have none. */
static bool is_mixed(const struct zc_accept_options *o)
{
    size_t keyed = 0;
    for (size_t i = 0; i < o->n_shares; i++)
        keyed += zc_share_sealed(&o->shares[i]);
    return keyed && keyed < o->n_shares;
}

/* The most sessions in plain that there may be. */
static unsigned plain_max(const struct zc_receivers *r)
{
    unsigned max = zc_receivers_max(r);
    return is_mixed(&r->conf.receive) ? max - max / 4 : max;
}

static unsigned plain_count(const struct zc_receivers *r)
{
    unsigned plain = 0;
    for (size_t i = 0; i < r->v.len; i++)
        plain += !r->v.v[i].sealed;
    return plain;
}

/* The same for a session in plain. */
static const char *plain_full(const struct zc_receivers *r, char *text,
                              size_t size)
{
    unsigned max = plain_max(r);
    if (plain_count(r) < max || has_room(r))
        return NULL;
    snprintf(text, size, "%u connections in plain are open already", max);
    return text;
}

/* Whether both came from one address; a socket of this machine is one. */
static bool same_host(const struct zc_receiver_process *a,
                      const struct zc_receiver_process *b)
{
    const char *end = strrchr(a->peer, ':');
    size_t n = end ? (size_t)(end - a->peer) + 1 : strlen(a->peer) + 1;
    return strncmp(a->peer, b->peer, n) == 0;
}

static unsigned count_like(const struct zc_receivers *r,
                           const struct zc_receiver_process *c)
{
    unsigned n = 0;
    for (size_t i = 0; i < r->v.len; i++)
        n += makes_room(&r->v.v[i]) && same_host(&r->v.v[i], c);
    return n;
}

static void forget(struct zc_receivers *r, struct zc_receiver_process *c)
{
    zc_fence_give_back(r->fence, c->slot);
    if (r->conf.ended)
        r->conf.ended(r->conf.arg, c);
    note_free(c->note);
    *c = r->v.v[--r->v.len];
}

/* Ends one of those that make room: the oldest of the address that has most. */
static void make_room(struct zc_receivers *r)
{
    struct zc_receiver_process *old = NULL;
    unsigned most = 0;
    for (size_t i = 0; i < r->v.len; i++) {
        struct zc_receiver_process *c = &r->v.v[i];
        unsigned n = makes_room(c) ? count_like(r, c) : 0;
        if (!n || n < most || (n == most && c->since >= old->since))
            continue;
        most = n;
        old = c;
    }
    if (!old)
        return;
    kill(old->pid, SIGKILL);
    zc_process_wait(old->pid);
    zc_handshakes_refuse(&r->handshakes, true, old->peer,
                         "made room for another");
    forget(r, old);
}

/* Whether anything of O is for KEY. */
static bool is_known(const struct zc_accept_options *o, const uint8_t *key)
{
    for (size_t i = 0; i < o->n_shares; i++)
        if (zc_share_visible(&o->shares[i], key))
            return true;
    return false;
}

/* In a child that shakes hands; R is as it was when that was forked. */
static int admit(void *arg, const struct zc_secured *s, struct zc_err *told,
                 struct zc_err *logged)
{
    const struct zc_receivers *r = arg;
    char text[ZC_KEY_TEXT_SIZE], why[100];
    if (!s->sealed) {
        const char *no = *r->plain_no ? r->plain_no
                                      : plain_full(r, why, sizeof why);
        if (!no)
            return 0;
        zc_err_set(told, ZC_EXIT_START, 0, "%s", no);
        return zc_err_set(logged, ZC_EXIT_START, 0, "%s", no);
    }
    if (is_known(&r->conf.receive, s->peer_key))
        return 0;
    zc_key_text(s->peer_key, text);
    zc_err_set(told, ZC_EXIT_START, 0, "the %s does not know the key %s",
               s->role == ZC_ROLE_SENDER ? "sender" : "receiver", text);
    return zc_err_set(logged, ZC_EXIT_START, 0,
                      "it has the key %s, which no share is for", text);
}

/* In a child that shakes hands: a user whom no share lets in in plain is sent away
 * by it. Of a peer who is not known, or of no share without keys, nothing is said
 * here. */
static void look_at_user(struct zc_receivers *r,
                         const struct zc_plain_peer *plain)
{
    const struct zc_accept_options *o = &r->conf.receive;
    const struct zc_share *one = NULL;
    size_t n = 0;
    *r->plain_no = '\0';
    if (!plain->asked || plain->who != ZC_PEER_USER)
        return;
    for (size_t i = 0; i < o->n_shares; i++) {
        if (zc_share_sealed(&o->shares[i]))
            continue;
        if (zc_share_admits(&o->shares[i], plain) != ZC_ADMIT_NO)
            return;
        one = &o->shares[i];
        n++;
    }
    if (n)
        zc_share_refusal(n == 1 ? one : NULL, plain->uid, r->plain_no,
                         sizeof r->plain_no);
}

/* In a child that shakes hands. */
static void on_forked(void *arg, const struct zc_plain_peer *plain)
{
    struct zc_receivers *r = arg;
    zc_fence_forget(r->fence);
    let_go(r, NULL);
    look_at_user(r, plain);
}

/* Starts the receiver of C. -1 and errno. */
static int start(struct zc_receivers *r, struct zc_receiver_process *c,
                 struct zc_transport *t, struct zc_secured *s)
{
    if (!r->fence)
        r->fence = zc_fence_new();
    c->since = zc_clock_wall_ns();
    memcpy(c->peer, t->peer, sizeof c->peer);
    zc_secured_text(s, c->security, sizeof c->security);
    c->role = s->role;
    c->sealed = s->sealed;
    memcpy(c->peer_key, s->peer_key, sizeof c->peer_key);
    if (s->sealed)
        zc_key_text(s->peer_key, c->key);
    c->note = note_new();
    c->at_work = !c->note;
    c->slot = r->fence ? zc_fence_take(r->fence) : NULL;
    struct zc_receiver_child child = {.receive = &r->conf.receive,
                                      .identity = r->conf.identity,
                                      .mark = r->conf.mark,
                                      .arg = r->conf.arg,
                                      .mask = &r->mask,
                                      .note = c->note,
                                      .fence = r->fence,
                                      .slot = c->slot,
                                      .plain = c->plain,
                                      .parent = getpid()};
    bool feeds = r->conf.feed && s->role == ZC_ROLE_RECEIVER;
    int feed = feeds ? r->conf.feed(r->conf.arg, &child.number) : -1;
    zc_changes_pipe_init(&child.pipe, feed);
    errno = ENOMEM;
    c->pid = c->slot ? fork() : -1;
    if (c->pid == 0) {
        let_go(r, c->note);
        zc_receiver_child(&child, t, s);
    }
    int why = errno;
    zc_close(&feed);
    errno = why;
    if (c->pid > 0) {
        zc_fence_started(r->fence, c->slot, c->pid);
        return 0;
    }
    int keep = errno;
    zc_fence_give_back(r->fence, c->slot);
    note_free(c->note);
    errno = keep;
    return -1;
}

/* Finds out who C is that came over T in plain; NULL, or why not. It is still
 * connected then, or it is not let in. */
static const char *find_user(struct zc_receiver_process *c,
                             const struct zc_transport *t)
{
    c->plain.asked = true;
    c->plain.who = zc_peer_user(t->poll_rfd, &c->plain.uid);
    return c->plain.who == ZC_PEER_GONE
               ? "it has closed the connection, so there is no telling which "
                 "user it was"
               : NULL;
}

/* Hands have been shaken. */
static void on_secured(void *arg, struct zc_transport *t, struct zc_secured *s)
{
    struct zc_receivers *r = arg;
    struct zc_receiver_process c = {0};
    char why[200];
    const char *full = full_house(r, why, sizeof why);
    if (!full && !s->sealed)
        full = plain_full(r, why, sizeof why);
    const char *gone = s->sealed ? NULL : find_user(&c, t);
    if (!full && !gone &&
        (r->v.len >= zc_receivers_max(r) ||
         (!s->sealed && plain_count(r) >= plain_max(r))))
        make_room(r);
    if (full) {
        zc_handshakes_refuse(&r->handshakes, true, t->peer, full);
    } else if (gone) {
        zc_handshakes_refuse(&r->handshakes, false, t->peer, gone);
    } else if (zc_vec_push(&r->v, c)) {
        zc_handshakes_refuse(&r->handshakes, true, t->peer, "out of memory");
    } else if (start(r, &r->v.v[r->v.len - 1], t, s)) {
        snprintf(why, sizeof why, "could not start a receiver: %s",
                 strerror(errno));
        zc_handshakes_refuse(&r->handshakes, true, t->peer, why);
        r->v.len--;
    } else {
        r->accepted++;
    }
    zc_transport_free(t);
}

void zc_receivers_init(struct zc_receivers *r, const sigset_t *mask)
{
    memset(r, 0, sizeof *r);
    r->mask = *mask;
    r->handshakes.done = on_secured;
    r->handshakes.admit = admit;
    r->handshakes.forked = on_forked;
    r->handshakes.arg = r;
}

void zc_receivers_fini(struct zc_receivers *r)
{
    for (size_t i = 0; i < r->v.len; i++)
        note_free(r->v.v[i].note);
    zc_vec_fini(&r->v);
    zc_fence_free(r->fence);
    zc_handshakes_fini(&r->handshakes);
}

void zc_receivers_accept(struct zc_receivers *r, int listen_fd)
{
    char why[200];
    zc_handshakes_accept(&r->handshakes, listen_fd,
                         full_house(r, why, sizeof why));
}

int zc_receivers_poll(const struct zc_receivers *r, zc_pollfds *fds)
{
    return zc_handshakes_poll(&r->handshakes, fds);
}

void zc_receivers_polled(struct zc_receivers *r, const struct pollfd *fds,
                         size_t n)
{
    zc_handshakes_polled(&r->handshakes, fds, n);
}

int64_t zc_receivers_next(const struct zc_receivers *r, int64_t now)
{
    return zc_handshakes_next(&r->handshakes, now);
}

void zc_receivers_tick(struct zc_receivers *r, int64_t now)
{
    zc_handshakes_tick(&r->handshakes, now);
}

/* C has ended; its note is not to be trusted to be a string. */
static void tell_refused(struct zc_receivers *r,
                         const struct zc_receiver_process *c)
{
    char why[ZC_ERR_TEXT_MAX];
    if (!c->note || !atomic_load(&c->note->refused))
        return;
    snprintf(why, sizeof why, "%.*s", (int)sizeof c->note->why - 1,
             c->note->why);
    zc_handshakes_refuse(&r->handshakes, false, c->peer, why);
}

bool zc_receivers_reap(struct zc_receivers *r, bool wait)
{
    bool any = false;
    zc_handshakes_reap(&r->handshakes, wait);
    for (size_t i = 0; i < r->v.len;) {
        struct zc_receiver_process *c = &r->v.v[i];
        int status = 0;
        pid_t pid = waitpid(c->pid, &status, wait ? 0 : WNOHANG);
        if (pid == 0)
            i++;
        if (pid == 0 || (pid < 0 && errno == EINTR))
            continue;
        if (WIFSIGNALED(status))
            zc_log(ZC_LOG_WARN, "%s: the receiver was killed by signal %d",
                   c->peer, WTERMSIG(status));
        tell_refused(r, c);
        forget(r, c);
        any = true;
    }
    return any;
}

void zc_receivers_signal(struct zc_receivers *r, int sig)
{
    zc_handshakes_kill(&r->handshakes);
    for (size_t i = 0; i < r->v.len; i++)
        kill(r->v.v[i].pid, sig);
}
