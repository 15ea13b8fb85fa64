// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Children that shake hands; see handshakes.h. A child is worth something to an
 * attacker, as it has a copy of the private key to work with; so nothing else
 * is within its reach, it lives for seconds, and there are few of them.
 */
#include "daemon/handshakes.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/handshake_answer.h"
#include "daemon/process.h"
#include "daemon/sandbox.h"
#include "net/address.h"
#include "net/dial.h"
#include "net/ktls.h"
#include "net/peer_user.h"
#include "proto/frame.h"
#include "proto/msg.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <netinet/in.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* Seconds until a child is killed: what it gives itself, and some, so that it
 * can say what happened. */
#define HANDSHAKE_S 10
#define GRACE_S 1
/* Seconds until a peer must have spoken. What is lost on the way is sent again after
 * one to three (RFC 6298), and either host may be busy. */
#define SILENCE_S 5
/* Who has not spoken for so long makes room first: a sender does at once. */
#define SLOW_NS (ZC_NSEC_PER_SEC / 10)
/* How long a peer that is sent away gets to read why. */
#define LINGER_NS (ZC_NSEC_PER_SEC / 5)
/* Processes, those that are being killed among them, for one that may shake
 * hands. */
#define CROWD_FACTOR 2

#define FAILURES_BURST 50
#define FAILURES_EVERY_NS (ZC_NSEC_PER_SEC / 5)
#define CROWD_BURST 5
#define CROWD_EVERY_NS ZC_NSEC_PER_SEC

static_assert(sizeof(struct zc_handshake_answer) <= PIPE_BUF,
              "written and read as one");

/* --- the log --- */

static bool may_say(struct zc_log_budget *b, unsigned burst, int64_t every)
{
    int64_t now = zc_clock_ns();
    int64_t more = (now - b->at) / every;
    if (!b->at || b->left + more >= burst) {
        b->left = burst;
        b->at = now;
    } else {
        b->left += (unsigned)more;
        b->at += more * every;
    }
    if (b->left) {
        b->left--;
        return true;
    }
    b->unsaid++;
    return false;
}

void zc_handshakes_refuse(struct zc_handshakes *h, bool crowd,
                          const char *peer, const char *why)
{
    struct zc_log_budget *b = crowd ? &h->crowd : &h->failures;
    h->refused++;
    if (!may_say(b, crowd ? CROWD_BURST : FAILURES_BURST,
                 crowd ? CROWD_EVERY_NS : FAILURES_EVERY_NS))
        return;
    if (b->unsaid)
        zc_log(ZC_LOG_WARN, "%" PRIu64 " connections more were refused before "
                            "this one", b->unsaid);
    b->unsaid = 0;
    zc_log(ZC_LOG_WARN, "%s: refused: %s", peer, why);
}

/* --- the child --- */

/* Tells the peer why it is sent away, sealed if that is how it came. */
static void send_away(struct zc_transport *t, const struct zc_secured *s,
                      const struct zc_err *why)
{
    int64_t end = zc_clock_ns() + LINGER_NS;
    struct pollfd p = {.fd = t->poll_wfd, .events = POLLOUT};
    struct zc_buf out = ZC_BUF_INIT;
    const struct zc_msg_error m = {
        (uint8_t)why->code,
        {(const uint8_t *)why->text,
         ZC_MIN(strlen(why->text), (size_t)ZC_ERROR_TEXT_MAX)}};
    uint64_t seq = 0;
    struct zc_transport *u = zc_secure(t, s, NULL);
    zc_error_encode(&out, &m);
    if (u && !out.failed && poll(&p, 1, (int)(LINGER_NS / 1000000)) == 1) {
        zc_frame_number(out.data, out.len, &seq);
        struct iovec iov = {out.data, out.len};
        if (zc_transport_send(u, &iov, 1) == 0)
            zc_transport_linger(u, end - zc_clock_ns());
    }
    zc_buf_fini(&out);
}

/* The handshake, and whether that peer is wanted. -1 with what to log. */
static int shake(const struct zc_handshakes *h, struct zc_transport *t,
                 struct zc_secured *s, struct zc_err *err)
{
    struct zc_err told = {0};
    if (zc_handshake(t, ZC_ROLE_ANY, false, &h->security, s, err))
        return -1;
    if (!h->admit || h->admit(h->arg, s, &told, err) == 0)
        return 0;
    send_away(t, s, &told);
    return -1;
}

/* Signals stay blocked: it ends soon, and SIGKILL is for the rest. */
static _Noreturn void child_main(const struct zc_handshakes *h,
                                 struct zc_transport *t, int fd, pid_t parent)
{
    struct zc_secured s = {0};
    struct zc_err err = {0};
    struct zc_plain_peer plain = {.asked = h->security.plain};
    struct zc_handshake_answer a;

    if (plain.asked)
        plain.who = zc_peer_user(t->poll_rfd, &plain.uid);
    if (h->forked)
        h->forked(h->arg, &plain);
    zc_process_name("zcsync:shake");
    zc_process_set_signal(SIGPIPE, SIG_IGN);
    zc_process_die_with(parent, SIGKILL);
    zc_process_close_others((const int[]){t->poll_rfd, t->poll_wfd, fd}, 3);
    /* The address is before the sentence already. */
    snprintf(t->peer, sizeof t->peer, "the peer");
    bool good = zc_sandbox_isolate(&err) == 0 && shake(h, t, &s, &err) == 0;
    zc_handshake_answer_set(&a, &s, good ? NULL : &err);
    (void)!write(fd, &a, sizeof a);
    sodium_memzero(&a, sizeof a);
    zc_secured_wipe(&s);
    _exit(0); /* the stdio buffers are the parent's */
}

int zc_handshakes_prepare(const struct zc_security *security,
                          struct zc_err *err)
{
    static const enum zc_suite suites[] = {ZC_SUITE_CHACHAPOLY,
                                           ZC_SUITE_AESGCM};
    static const uint8_t key[ZC_AEAD_KEY];
    uint8_t sealed[1 + ZC_AEAD_TAG], opened[1];
    if (!security->identity)
        return 0;
    if (sodium_init() < 0)
        return zc_err_set(err, ZC_EXIT_START, 0, "libsodium cannot start");
    for (size_t i = 0; i < ZC_ARRAY_LEN(suites); i++) {
        struct zc_aead *a = zc_aead_new(suites[i], key);
        bool works = a &&
                     zc_aead_seal(a, 0, NULL, 0, "", 1, sealed) == 0 &&
                     zc_aead_open(a, 0, NULL, 0, sealed, sizeof sealed,
                                  opened) == 0;
        zc_aead_free(a);
        if (!works)
            return zc_err_set(err, ZC_EXIT_START, 0, "libcrypto cannot do %s",
                              zc_suite_text(suites[i]));
    }
    if (!security->no_ktls)
        (void)zc_ktls_possible();
    return 0;
}

/* --- newcomers --- */

/* Who counts as one: an address, or, of IPv6, the network that somebody has; a
 * user of this machine. */
static void address_of(int fd, uint8_t out[17])
{
    union zc_address a;
    uint32_t uid;
    memset(out, 0, 17);
    if (zc_address_there(fd, &a))
        return;
    if (a.any.sa_family == AF_UNIX && zc_peer_user(fd, &uid) == ZC_PEER_USER) {
        out[0] = 1;
        memcpy(out + 1, &uid, sizeof uid);
    } else if (a.any.sa_family == AF_INET) {
        out[0] = 4;
        memcpy(out + 1, &a.v4.sin_addr, 4);
    } else if (a.any.sa_family == AF_INET6) {
        out[0] = 6;
        memcpy(out + 1, a.v6.sin6_addr.s6_addr, 8);
    }
}

static bool same_address(const struct zc_handshake_child *a,
                         const struct zc_handshake_child *b)
{
    return memcmp(a->address, b->address, sizeof a->address) == 0;
}

/* The last of H, which has just been started, is one of those that wait. */
static void count_in(struct zc_handshakes *h)
{
    struct zc_handshake_child *c = &h->v.v[h->v.len - 1];
    for (size_t i = 0; i + 1 < h->v.len; i++)
        if (h->v.v[i].t && same_address(&h->v.v[i], c)) {
            h->v.v[i].same++;
            c->same = h->v.v[i].same;
        }
    c->same = ZC_MAX(c->same, 1u);
    c->age = ++h->started;
    h->waiting++;
}

/* Its connection has ended, or is somebody else's now. */
static void done_with(struct zc_handshakes *h, struct zc_handshake_child *c)
{
    zc_close(&c->fd);
    if (!c->t)
        return;
    c->t = NULL;
    h->waiting--;
    for (size_t i = 0; i < h->v.len; i++)
        if (h->v.v[i].t && same_address(&h->v.v[i], c))
            h->v.v[i].same--;
}

static void refuse(struct zc_handshakes *h, struct zc_handshake_child *c,
                   bool crowd, const char *why)
{
    zc_handshakes_refuse(h, crowd, c->t->peer, why);
    zc_transport_free(c->t);
    done_with(h, c);
}

/* C is not needed any more: one without a process is forgotten, another when
 * its process is gone. */
static void let_go(struct zc_handshakes *h, struct zc_handshake_child *c)
{
    if (c->pid) {
        c->end = INT64_MAX;
        kill(c->pid, SIGKILL);
    } else {
        *c = h->v.v[--h->v.len];
    }
}

static bool is_slow(const struct zc_handshake_child *c, int64_t now)
{
    return !c->pid && now - c->since > SLOW_NS;
}

/* Whether A makes room before B does. */
static bool goes_first(const struct zc_handshake_child *a,
                       const struct zc_handshake_child *b, int64_t now)
{
    if (a->same != b->same)
        return a->same > b->same;
    if (is_slow(a, now) != is_slow(b, now))
        return is_slow(a, now);
    return a->age < b->age;
}

/* Ends one of those that wait and are of the address of C, or, where C is NULL,
 * of one that has the most. */
static void make_room(struct zc_handshakes *h,
                      const struct zc_handshake_child *c)
{
    struct zc_handshake_child *old = NULL;
    int64_t now = zc_clock_ns();
    for (size_t i = 0; i < h->v.len; i++) {
        struct zc_handshake_child *o = &h->v.v[i];
        if (o->t && (!c || same_address(o, c)) &&
            (!old || goes_first(o, old, now)))
            old = o;
    }
    if (!old)
        return;
    refuse(h, old, true, "made room for another");
    let_go(h, old);
}

/* False with a sentence when there is no place for C, whatever is done. */
static bool find_place(struct zc_handshakes *h,
                       const struct zc_handshake_child *c, char *why,
                       size_t size)
{
    unsigned max = h->max ? h->max : ZC_HANDSHAKES_MAX_DEFAULT;
    unsigned each = h->max_per_address ? h->max_per_address
                                       : ZC_HANDSHAKES_PER_ADDRESS_DEFAULT;
    unsigned same = 0;
    /* They die faster than they come, unless something is very wrong. */
    if (h->v.len >= (size_t)max * CROWD_FACTOR) {
        snprintf(why, size, "%zu processes are shaking hands already",
                 h->v.len);
        return false;
    }
    for (size_t i = 0; i < h->v.len && !same; i++)
        if (h->v.v[i].t && same_address(&h->v.v[i], c))
            same = h->v.v[i].same;
    if (same >= each)
        make_room(h, c);
    else if (h->waiting >= max)
        make_room(h, NULL);
    return true;
}

/* -1 and errno. */
static int start(const struct zc_handshakes *h, struct zc_handshake_child *c)
{
    int p[2];
    unsigned s = h->security.handshake_s;
    pid_t parent = getpid();
    if (pipe2(p, O_CLOEXEC | O_NONBLOCK))
        return -1;
    c->end = zc_clock_ns() + ((s ? s : HANDSHAKE_S) + GRACE_S) *
                                 ZC_NSEC_PER_SEC;
    c->pid = fork();
    if (c->pid == 0)
        child_main(h, c->t, p[1], parent);
    int why = errno;
    close(p[1]);
    c->fd = p[0];
    if (c->pid > 0)
        return 0;
    c->pid = 0;
    zc_close(&c->fd);
    errno = why;
    return -1;
}

/* What C has said so far, which stays where it is: 0, as zcsync does; 1, nothing
 * yet; -1, something else, or it has gone without a word: why not, in WHY. */
static int first_words(const struct zc_handshake_child *c, const char **why)
{
    uint8_t in[ZC_HELLO_SIZE];
    ssize_t n = recv(c->t->poll_rfd, in, sizeof in, MSG_PEEK | MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 1;
    *why = n <= 0 ? "the peer closed the connection before the end"
                  : "the peer does not speak the zcsync protocol";
    return n > 0 && zc_hello_begins(in, (size_t)n) ? 0 : -1;
}

/* There is something to hear from C, which has no process yet. */
static void spoken(struct zc_handshakes *h, struct zc_handshake_child *c)
{
    char text[200];
    const char *why;
    int r = first_words(c, &why);
    if (r > 0)
        return;
    if (r == 0 && start(h, c)) {
        snprintf(text, sizeof text, "could not start a process: %s",
                 strerror(errno));
        why = text;
        r = -1;
    }
    if (r == 0)
        return;
    refuse(h, c, false, why);
    let_go(h, c);
}

void zc_handshakes_accept(struct zc_handshakes *h, int listen_fd,
                          const char *busy)
{
    struct zc_handshake_child c = {.fd = -1, .t = zc_accept(listen_fd)};
    char why[200];
    if (!c.t) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
            errno == ENOMEM) {
            zc_log(ZC_LOG_WARN, "could not accept a connection: %s",
                   strerror(errno));
            zc_clock_sleep_ns(ZC_NSEC_PER_SEC / 10); /* it stays pending */
        }
        return;
    }
    unsigned s = h->security.hello_s;
    c.since = zc_clock_ns();
    c.end = c.since + (s ? s : SILENCE_S) * ZC_NSEC_PER_SEC;
    address_of(c.t->poll_rfd, c.address);
    if (busy) {
        zc_handshakes_refuse(h, true, c.t->peer, busy);
    } else if (!find_place(h, &c, why, sizeof why)) {
        zc_handshakes_refuse(h, true, c.t->peer, why);
    } else if (zc_vec_push(&h->v, c)) {
        zc_handshakes_refuse(h, true, c.t->peer, "out of memory");
    } else {
        count_in(h);
        return;
    }
    zc_transport_free(c.t);
}

/* --- answers --- */

static void take_answer(struct zc_handshakes *h, struct zc_handshake_child *c)
{
    struct zc_handshake_answer a;
    struct zc_secured s;
    char why[ZC_ERR_TEXT_MAX];
    ssize_t n = read(c->fd, &a, sizeof a);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n != sizeof a) {
        refuse(h, c, false, "the process that shook hands with it died");
    } else if (zc_handshake_answer_get(&a, h->security.plain, &s, why)) {
        refuse(h, c, false, why);
    } else {
        struct zc_transport *t = c->t;
        done_with(h, c);
        h->done(h->arg, t, &s);
        zc_secured_wipe(&s);
    }
    sodium_memzero(&a, sizeof a);
}

int zc_handshakes_poll(const struct zc_handshakes *h, zc_pollfds *fds)
{
    for (size_t i = 0; i < h->v.len; i++) {
        const struct zc_handshake_child *c = &h->v.v[i];
        struct pollfd p = {.fd = c->pid ? c->fd : c->t->poll_rfd,
                           .events = POLLIN};
        if (p.fd >= 0 && zc_vec_push(fds, p))
            return -1;
    }
    return 0;
}

static bool is_polled(const struct zc_handshake_child *c, int fd)
{
    return c->pid ? c->fd == fd : c->t->poll_rfd == fd;
}

void zc_handshakes_polled(struct zc_handshakes *h, const struct pollfd *fds,
                          size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; fds[i].revents && k < h->v.len; k++)
            if (is_polled(&h->v.v[k], fds[i].fd)) {
                if (h->v.v[k].pid)
                    take_answer(h, &h->v.v[k]);
                else
                    spoken(h, &h->v.v[k]);
                break;
            }
}

/* --- their end --- */

int64_t zc_handshakes_next(const struct zc_handshakes *h, int64_t now)
{
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < h->v.len; i++)
        if (h->v.v[i].end != INT64_MAX)
            next = ZC_MIN(next, ZC_MAX(h->v.v[i].end - now, 0));
    return next;
}

void zc_handshakes_tick(struct zc_handshakes *h, int64_t now)
{
    for (size_t i = h->v.len; i-- > 0;) {
        struct zc_handshake_child *c = &h->v.v[i];
        if (c->end > now)
            continue;
        if (!c->pid || c->fd >= 0)
            refuse(h, c, false, "the peer did not shake hands in time");
        let_go(h, c);
    }
}

void zc_handshakes_reap(struct zc_handshakes *h, bool wait)
{
    for (size_t i = 0; i < h->v.len;) {
        struct zc_handshake_child *c = &h->v.v[i];
        pid_t pid = c->pid ? waitpid(c->pid, NULL, wait ? 0 : WNOHANG) : 0;
        if (pid == 0)
            i++;
        if (pid == 0 || (pid < 0 && errno == EINTR))
            continue;
        if (c->fd >= 0)
            take_answer(h, c); /* its last words, or their end */
        *c = h->v.v[--h->v.len];
    }
}

void zc_handshakes_kill(struct zc_handshakes *h)
{
    for (size_t i = h->v.len; i-- > 0;) {
        struct zc_handshake_child *c = &h->v.v[i];
        zc_transport_free(c->t);
        done_with(h, c);
        let_go(h, c);
    }
}

void zc_handshakes_fini(struct zc_handshakes *h)
{
    for (size_t i = 0; i < h->v.len; i++) {
        zc_transport_free(h->v.v[i].t);
        done_with(h, &h->v.v[i]);
    }
    zc_vec_fini(&h->v);
}
