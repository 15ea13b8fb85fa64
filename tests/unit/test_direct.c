// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Direct connections (net/direct.c, daemon/direct.c): both ends, over a socket
 * pair in place of SSH; strangers at the port; and what is said when it cannot
 * be.
 */
#include "tap.h"

#include "daemon/direct.h"
#include "net/dial.h"
#include "net/direct.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define OTHER_END "192.0.2.1 1 127.0.0.1 2"

static struct zc_err err;

/* What the end that was started came to. */
enum { DIRECT = 10, TUNNEL = 11, FAILED = 12 };

/* That end, in a process of its own, greeting with NOISE; *CHANNEL leads to it. */
static pid_t start(struct zc_transport **channel, const char *noise)
{
    struct zc_transport *theirs;
    if (zc_transport_pair(channel, &theirs, &err))
        exit(1);
    pid_t pid = fork();
    if (pid)
        zc_transport_free(theirs);
    if (pid)
        return pid;
    zc_transport_free(*channel);
    struct iovec iov = {(char *)noise, strlen(noise)};
    if (iov.iov_len)
        zc_transport_send(theirs, &iov, 1);
    struct zc_transport *t;
    enum zc_role role;
    if (zc_direct_accept(theirs, &t, &role, &err))
        _exit(FAILED);
    if (!t)
        _exit(TUNNEL);
    char c = role == ZC_ROLE_RECEIVER ? 'r' : 's';
    iov = (struct iovec){&c, 1};
    if (zc_transport_send(t, &iov, 1))
        _exit(FAILED);
    zc_transport_free(t);
    _exit(DIRECT);
}

static int ended(pid_t pid)
{
    int status;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_direct(void)
{
    struct zc_transport *channel, *t;
    char c = '\0';
    pid_t pid = start(&channel, "Welcome to this host\nzczcdirec\n");
    is_int(zc_direct_reach(channel, "127.0.0.1", ZC_ROLE_SENDER, 0, true, &t,
                           &err),
           0, "a direct connection");
    ok(t && zc_transport_recv(t, &c, 1) == 1 && c == 'r',
       "carries bytes, and the roles are agreed upon");
    ok(t && strstr(t->security, "256"), "sealed: %s", t ? t->security : "");
    zc_transport_free(t);
    is_int(ended(pid), DIRECT, "as the other end says");
    zc_transport_free(channel);
}

static void test_nowhere(void)
{
    struct zc_transport *channel, *t;
    pid_t pid = start(&channel, "");
    is_int(zc_direct_reach(channel, NULL, ZC_ROLE_SENDER, 0, false, &t, &err), 0,
           "an end that cannot be dialled");
    ok(!t, "goes on over the channel");
    struct iovec iov = {"zcsync\r\n", 8};
    zc_transport_send(channel, &iov, 1);
    is_int(ended(pid), TUNNEL, "and so does the other, told by a word");
    zc_transport_free(channel);

    pid = start(&channel, "");
    is_int(zc_direct_reach(channel, "127.0.0.2", ZC_ROLE_SENDER, 0, true, &t,
                           &err),
           -1, "where nothing else will do it is refused");
    ok(strstr(err.text, "no direct connection"), "in a sentence: %s", err.text);
    zc_transport_free(channel);
    is_int(ended(pid), TUNNEL, "and the other end sees the end");

    unsetenv("SSH_CONNECTION");
    pid = start(&channel, "");
    is_int(zc_direct_reach(channel, "127.0.0.1", ZC_ROLE_RECEIVER, 0, false, &t,
                           &err),
           0, "an end that does not know its address");
    ok(!t, "listens nowhere");
    is_int(ended(pid), TUNNEL, "and goes on over the channel");
    zc_transport_free(channel);
    setenv("SSH_CONNECTION", OTHER_END, 1);
}

/* The channel's words, by hand: the port. */
static uint16_t agree(struct zc_transport *channel, const uint8_t *key)
{
    struct zc_direct d = {0};
    uint8_t bytes[ZC_DIRECT_SIZE];
    memcpy(d.key, key, sizeof d.key);
    zc_direct_encode(&d, bytes);
    struct iovec iov = {bytes, sizeof bytes};
    zc_transport_send(channel, &iov, 1);
    for (size_t n = 0; n < sizeof bytes;) {
        ssize_t r = zc_transport_recv(channel, bytes + n, sizeof bytes - n);
        if (r <= 0)
            return 0;
        n += (size_t)r;
    }
    return zc_direct_decode(bytes, &d, &err) ? 0 : d.port;
}

static int any_key(void *arg, const uint8_t key[ZC_KEY_SIZE], struct zc_err *e)
{
    (void)arg;
    (void)key;
    (void)e;
    return 0;
}

/* Dials PORT with ID and shakes hands. */
static struct zc_transport *dial_as(uint16_t port, const struct zc_identity *id)
{
    char text[8];
    const struct zc_security sec = {.identity = id, .trust = any_key};
    snprintf(text, sizeof text, "%u", port);
    struct zc_transport *t = zc_dial("127.0.0.1", text, 5, &err);
    return t ? zc_shake(t, ZC_ROLE_RECEIVER, true, &sec, &err) : NULL;
}

static void test_strangers(void)
{
    struct zc_transport *channel, *silent[3];
    struct zc_identity *right = zc_identity_new(&err);
    struct zc_identity *wrong = zc_identity_new(&err);
    char text[8], c = '\0';
    pid_t pid = start(&channel, "");
    uint16_t port = agree(channel, right->public_key);
    ok(port, "a port");
    snprintf(text, sizeof text, "%u", port);
    for (int i = 0; i < 3; i++)
        silent[i] = zc_dial("127.0.0.1", text, 5, &err);
    struct iovec iov = {"GET / HTTP/1.0\r\n\r\n", 18};
    zc_transport_send(silent[1], &iov, 1);
    struct zc_transport *t = dial_as(port, wrong);
    ok(!t || zc_transport_recv(t, &c, 1) != 1 || c != 's',
       "who has another key does not get in");
    zc_transport_free(t);
    t = dial_as(port, right);
    ok(t && zc_transport_recv(t, &c, 1) == 1 && c == 's',
       "whoever has the key does, strangers or not");
    zc_transport_free(t);
    is_int(ended(pid), DIRECT, "and nobody else");
    ok(!dial_as(port, right), "afterwards nobody listens");
    for (int i = 0; i < 3; i++)
        zc_transport_free(silent[i]);
    zc_transport_free(channel);
    zc_identity_free(right);
    zc_identity_free(wrong);
}

static void test_nonsense(void)
{
    static char zeros[100000];
    struct zc_transport *ours, *theirs, *t;
    zc_transport_pair(&ours, &theirs, &err);
    pid_t pid = fork();
    if (pid == 0) {
        zc_transport_free(ours);
        struct iovec iov = {zeros, sizeof zeros};
        zc_transport_send(theirs, &iov, 1);
        _exit(0);
    }
    zc_transport_free(theirs);
    is_int(zc_direct_reach(ours, "127.0.0.1", ZC_ROLE_SENDER, 0, false, &t, &err),
           -1, "nothing but noise is refused");
    is_int(err.code, ZC_EXIT_PROTOCOL, "as no zcsync: %s", err.text);
    zc_transport_free(ours);
    ended(pid);

    pid = start(&ours, "");
    struct iovec iov = {zeros, ZC_DIRECT_SIZE};
    zc_transport_send(ours, &iov, 1);
    is_int(ended(pid), FAILED, "and so by the other end");
    zc_transport_free(ours);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    setenv("SSH_CONNECTION", OTHER_END, 1);
    test_direct();
    test_nowhere();
    test_strangers();
    test_nonsense();
    return done_testing();
}
