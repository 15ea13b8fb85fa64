// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * daemon/receivers.c where shares have keys: whose key gets a session, what is
 * left for plain ones, who can end whose session through the fence, and whose
 * session ends when keys and shares are taken away. The daemon is a process,
 * its configurations are numbered; the session is played by a zc_receive_run of our
 * own.
 */
#include "daemon/receivers.h"

#include "base/clock.h"
#include "base/log.h"
#include "net/dial.h"
#include "proto/frame.h"
#include "proto/msg.h"

#include "../tap.h"

#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

static struct zc_err err;
static struct zc_identity *daemons, *alice, *carol, *dave;
static char port[16], log_path[] = "/tmp/zcsync-receivers.XXXXXX";
static int listener, log_fd;

/* --- the daemon --- */

/* 'e': echo, 'w': the same, at work on share p, 'd': can it be dumped, 'o' SHARE ORIGIN: what `opened` says. */
int zc_receive_run(struct zc_transport *t, const struct zc_accept_options *opt,
                   struct zc_err *e)
{
    char in[1 + 1 + ZC_ORIGIN_SIZE], out;
    while (zc_transport_recv(t, in, 1) == 1) {
        out = in[0];
        if (in[0] == 'w')
            opt->opened(opt->opened_arg, "p", NULL, e);
        if (in[0] == 'd')
            out = prctl(PR_GET_DUMPABLE) ? 'y' : 'n';
        if (in[0] == 'o') {
            for (size_t n = 1; n < sizeof in;) {
                ssize_t r = zc_transport_recv(t, in + n, sizeof in - n);
                if (r <= 0)
                    return zc_err_set(e, ZC_EXIT_STREAM, 0, "it ended");
                n += (size_t)r;
            }
            const char name[] = {in[1], '\0'};
            const uint8_t *origin = (const uint8_t *)in + 2;
            out = opt->opened(opt->opened_arg, name, origin, e) ? 'n' : 'y';
        }
        zc_transport_send(t, &(struct iovec){&out, 1}, 1);
    }
    return zc_err_set(e, ZC_EXIT_STREAM, 0, "it ended");
}

/* Shares k and l have keys, p has none. From 1 on k is not alice's any more, in
 * 2 there is no p; 4 is 0 with four places. */
static struct zc_receivers_conf configuration(char number)
{
    static uint8_t keys[2][ZC_KEY_SIZE];
    memcpy(keys[0], alice->public_key, ZC_KEY_SIZE);
    memcpy(keys[1], carol->public_key, ZC_KEY_SIZE);
    bool revoked = number == '1' || number == '2';
    const struct zc_share all[] = {
        {.name = "k", .path = "/", .keys = &keys[revoked], .n_keys = 1},
        {.name = "l", .path = "/", .keys = keys, .n_keys = 2},
        {.name = "p", .path = "/"}};
    struct zc_share *shares = malloc(sizeof all);
    if (shares)
        memcpy(shares, all, sizeof all);
    return (struct zc_receivers_conf){
        .receive = {.shares = shares, .n_shares = number == '2' ? 2 : 3},
        .security = {.identity = daemons, .plain = true},
        .identity = daemons,
        .max = number == '4' ? 4 : 20};
}

/* Takes a configuration from FD; false: it is over. */
static bool reconfigure(struct zc_receivers *r, int fd)
{
    char number;
    if (read(fd, &number, 1) != 1)
        return false;
    const struct zc_share *old = r->conf.receive.shares;
    const struct zc_receivers_conf conf = configuration(number);
    if (zc_receivers_configure(r, &conf, &err))
        number = '!';
    free((void *)old);
    return write(fd, &number, 1) == 1;
}

static _Noreturn void daemon_main(int fd)
{
    struct zc_receivers r;
    sigset_t mask, old;
    zc_pollfds fds = {0};
    zc_log_level = ZC_LOG_INFO;
    dup2(log_fd, STDERR_FILENO);
    sigemptyset(&mask);
    sigaddset(&mask, SIGTERM);
    sigprocmask(SIG_BLOCK, &mask, &old);
    zc_receivers_init(&r, &old);
    for (bool on = reconfigure(&r, fd); on;) {
        const struct pollfd own[] = {{.fd = fd, .events = POLLIN},
                                     {.fd = listener, .events = POLLIN}};
        fds.len = 0;
        if (zc_vec_push(&fds, own[0]) || zc_vec_push(&fds, own[1]) ||
            zc_receivers_poll(&r, &fds))
            break;
        poll(fds.v, fds.len, 20);
        zc_receivers_polled(&r, fds.v + 2, fds.len - 2);
        zc_receivers_reap(&r, false);
        if (fds.v[1].revents)
            zc_receivers_accept(&r, listener);
        if (fds.v[0].revents)
            on = reconfigure(&r, fd);
    }
    zc_receivers_signal(&r, SIGKILL);
    zc_receivers_reap(&r, true);
    _exit(0); /* what it was made of goes with it */
}

static pid_t daemon_pid;
static int control;

static void configure(char number)
{
    char done = 0;
    ok(write(control, &number, 1) == 1 && read(control, &done, 1) == 1 &&
           done == number, "configuration %c", number);
}

static void start(char number)
{
    int s[2];
    if (ftruncate(log_fd, 0) || socketpair(AF_UNIX, SOCK_STREAM, 0, s))
        skip_all("%s", strerror(errno));
    fflush(NULL);
    daemon_pid = fork();
    if (daemon_pid == 0) {
        close(s[0]);
        daemon_main(s[1]);
    }
    close(s[1]);
    control = s[0];
    configure(number);
}

static void stop(void)
{
    int status = -1;
    close(control);
    waitpid(daemon_pid, &status, 0);
    is_int(status, 0, "the daemon ends well");
}

/* --- clients --- */

static int trust(void *arg, const uint8_t key[ZC_KEY_SIZE], struct zc_err *e)
{
    (void)arg;
    return zc_key_equal(key, daemons->public_key)
               ? 0
               : zc_err_set(e, ZC_EXIT_START, 0, "somebody else");
}

/* Hands shaken as ID; NULL: in plain. */
static struct zc_transport *dial(const struct zc_identity *id)
{
    struct zc_security sec = {.identity = id, .trust = trust};
    struct zc_transport *t = zc_dial("127.0.0.1", port, 10, &err);
    if (t)
        zc_transport_set_timeout(t, 60);
    if (t)
        t = zc_shake(t, ZC_ROLE_SENDER, true, id ? &sec : &zc_security_plain,
                     &err);
    if (!t)
        diag("%s", err.text);
    return t;
}

static char ask(struct zc_transport *t, char c)
{
    if (!t || zc_transport_send(t, &(struct iovec){&c, 1}, 1) ||
        zc_transport_recv(t, &c, 1) != 1)
        return 0;
    return c;
}

static char opens(struct zc_transport *t, char share,
                  const uint8_t origin[ZC_ORIGIN_SIZE])
{
    char out[2 + ZC_ORIGIN_SIZE] = {'o', share}, in;
    memcpy(out + 2, origin, ZC_ORIGIN_SIZE);
    if (!t || zc_transport_send(t, &(struct iovec){out, sizeof out}, 1) ||
        zc_transport_recv(t, &in, 1) != 1)
        return 0;
    return in;
}

static bool ended(struct zc_transport *t)
{
    char c;
    return t && zc_transport_recv(t, &c, 1) <= 0 && errno != ETIMEDOUT;
}

/* What the ERROR says that ends T, "" when there is none. */
static const char *error_of(struct zc_transport *t)
{
    static char text[ZC_ERROR_TEXT_MAX + 1];
    uint8_t in[ZC_FRAME_HEADER_SIZE + 1200];
    size_t n = 0;
    struct zc_frame f;
    struct zc_msg_error m;
    text[0] = '\0';
    for (ssize_t r = 1; t && r > 0 && n < sizeof in; n += (size_t)ZC_MAX(r, 0))
        r = zc_transport_recv(t, in + n, sizeof in - n);
    if (n < ZC_FRAME_HEADER_SIZE || zc_frame_decode(in, 1, &f, &err) ||
        f.type != ZC_FRAME_ERROR || n != ZC_FRAME_HEADER_SIZE + f.length)
        return text;
    struct zc_bytes body = {in + ZC_FRAME_HEADER_SIZE, f.length};
    if (zc_error_decode(body, &m, &err) == 0)
        snprintf(text, sizeof text, "%.*s", (int)m.text.n,
                 (const char *)m.text.p);
    return text;
}

static bool log_has(const char *what)
{
    static char text[65536];
    for (int i = 0; i < 500; i++) {
        ssize_t n = pread(log_fd, text, sizeof text - 1, 0);
        text[ZC_MAX(n, 0)] = '\0';
        if (strstr(text, what))
            return true;
        zc_clock_sleep_ns(20000000);
    }
    diag("%s", text);
    return false;
}

static void free_all(struct zc_transport **t, size_t n)
{
    for (size_t i = 0; i < n; i++)
        zc_transport_free(t[i]);
}

/* --- tests --- */

static void strangers(void)
{
    char key[ZC_KEY_TEXT_SIZE], want[200];
    start('4');
    zc_key_text(dave->public_key, key);
    struct zc_transport *t[5];
    for (size_t i = 0; i < 5; i++)
        t[i] = dial(dave);
    snprintf(want, sizeof want, "the receiver does not know the key %s", key);
    for (size_t i = 0; i < 5; i++)
        is_str(error_of(t[i]), want, "a key that is in no share");
    snprintf(want, sizeof want, ": refused: it has the key %s, which no share "
                                "is for", key);
    ok(log_has(want), "is logged by the process that shook hands");
    free_all(t, 5);

    for (size_t i = 0; i < 3; i++) {
        t[i] = dial(NULL);
        is_int(ask(t[i], 'w'), 'w', "plain: one of three of four places");
    }
    t[3] = dial(NULL);
    is_str(error_of(t[3]), "3 connections in plain are open already",
           "the fourth is not for one in plain");
    ok(log_has(": refused: 3 connections in plain are open already"),
       "as the log says");
    t[4] = dial(alice);
    is_int(ask(t[4], 'e'), 'e', "but for one with a key");
    is_int(ask(t[4], 'd'), 'n', "no core dump has the keys of her session");
    ok(!dial(alice), "a fifth has no place");
    ok(log_has(": refused: 4 connections are open already"), "and is logged");
    free_all(t, 5);
    stop();

    start('4');
    for (size_t i = 0; i < 2; i++)
        t[i] = dial(NULL);
    is_int(ask(t[0], 'e'), 'e', "one that does not say what it wants");
    is_int(ask(t[1], 'w'), 'w', "one that is at work");
    t[2] = dial(NULL);
    is_int(ask(t[2], 'w'), 'w', "another");
    t[3] = dial(NULL);
    is_int(ask(t[3], 'w'), 'w', "a fourth has a place");
    is_int(ask(t[0], 'e'), 0, "which was that of the first");
    is_int(ask(t[1], 'e'), 'e', "those at work go on");
    ok(log_has(": refused: made room for another"), "as the log says");
    free_all(t, 4);
    stop();
}

/* Whoever has another key, or none, cannot end a session by its origin, be it
 * that he knows what the fence makes of it. */
static void fenced(void)
{
    static const uint8_t origin[ZC_ORIGIN_SIZE] = {1, 2, 3};
    uint8_t keyed[ZC_ORIGIN_SIZE], text[1 + ZC_KEY_SIZE + ZC_ORIGIN_SIZE];
    uint8_t hashed[ZC_ORIGIN_SIZE];
    text[0] = 1;
    memcpy(text + 1, alice->public_key, ZC_KEY_SIZE);
    memcpy(text + 1 + ZC_KEY_SIZE, origin, ZC_ORIGIN_SIZE);
    crypto_generichash(hashed, sizeof hashed, text, sizeof text, NULL, 0);
    crypto_generichash(keyed, sizeof keyed, origin, sizeof origin,
                       alice->public_key, ZC_KEY_SIZE);
    start('0');
    struct zc_transport *t[6];
    t[0] = dial(alice);
    is_int(opens(t[0], 'l', origin), 'y', "a mirror");
    t[1] = dial(carol);
    is_int(opens(t[1], 'l', origin), 'y', "another key, the same origin");
    t[2] = dial(NULL);
    is_int(opens(t[2], 'p', origin), 'y', "plain, the same origin");
    t[3] = dial(NULL);
    is_int(opens(t[3], 'p', keyed), 'y', "plain, a hash of it");
    t[4] = dial(NULL);
    is_int(opens(t[4], 'p', hashed), 'y', "plain, another hash of it");
    for (size_t i = 0; i < 5; i++)
        is_int(ask(t[i], 'e'), 'e', "all of them go on");
    t[5] = dial(alice);
    is_int(opens(t[5], 'l', origin), 'y', "the mirror connects again");
    ok(ended(t[0]), "its old session has ended");
    for (size_t i = 1; i < 6; i++)
        is_int(ask(t[i], 'e'), 'e', "and no other");
    free_all(t, 6);
    stop();
}

static void revoked(void)
{
    static const uint8_t o[5][ZC_ORIGIN_SIZE] = {{1}, {2}, {3}, {4}, {5}};
    start('0');
    struct zc_transport *t[6];
    t[0] = dial(alice);
    t[1] = dial(alice);
    t[2] = dial(alice);
    t[3] = dial(carol);
    t[4] = dial(NULL);
    is_int(opens(t[0], 'k', o[0]), 'y', "alice has k");
    is_int(opens(t[1], 'l', o[1]), 'y', "and l");
    is_int(ask(t[2], 'e'), 'e', "and has not said what she wants");
    is_int(opens(t[3], 'l', o[3]), 'y', "carol has l");
    is_int(opens(t[4], 'p', o[4]), 'y', "somebody has p");
    configure('0');
    for (size_t i = 0; i < 5; i++)
        is_int(ask(t[i], 'e'), 'e', "nothing has changed");
    configure('1');
    ok(ended(t[0]), "k is not for alice any more: that session ends");
    ok(ended(t[2]), "and the one that could still open it");
    ok(log_has("its share is gone, or no longer for it"), "which is logged");
    is_int(ask(t[1], 'e'), 'e', "hers of l goes on");
    is_int(ask(t[3], 'e'), 'e', "carol's, too");
    is_int(ask(t[4], 'e'), 'e', "and the plain one");
    t[5] = dial(alice);
    is_int(ask(t[5], 'e'), 'e', "a new one of alice");
    configure('2');
    ok(ended(t[4]), "p is gone, and so is its session");
    is_int(ask(t[1], 'e'), 'e', "alice's goes on");
    is_int(ask(t[3], 'e'), 'e', "carol's goes on");
    is_int(ask(t[5], 'e'), 'e', "and so does the new one");
    free_all(t, 6);
    stop();
}

int main(void)
{
    char bound[160];
    bool loopback;
    signal(SIGPIPE, SIG_IGN);
    daemons = zc_identity_new(&err);
    alice = zc_identity_new(&err);
    carol = zc_identity_new(&err);
    dave = zc_identity_new(&err);
    listener = zc_listen("127.0.0.1", "0", bound, sizeof bound, &loopback,
                         &err);
    log_fd = mkstemp(log_path);
    if (!daemons || !alice || !carol || !dave || listener < 0 || log_fd < 0)
        skip_all("%s", err.text);
    unlink(log_path);
    fcntl(listener, F_SETFL, O_NONBLOCK);
    fcntl(log_fd, F_SETFL, O_APPEND);
    snprintf(port, sizeof port, "%s", strrchr(bound, ':') + 1);
    strangers();
    fenced();
    revoked();
    close(listener);
    close(log_fd);
    zc_identity_free(daemons);
    zc_identity_free(alice);
    zc_identity_free(carol);
    zc_identity_free(dave);
    return done_testing();
}
