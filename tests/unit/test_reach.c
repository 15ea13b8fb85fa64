// SPDX-License-Identifier: GPL-2.0-or-later
/* The way to an endpoint: src/net/reach.c, to a child and to a daemon. */
#include "net/reach.h"

#include "net/dial.h"

#include "../tap.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static struct zc_err err;
static char told[200]; /* what was called, in order */

static void note(const char *what)
{
    strncat(told, what, sizeof told - strlen(told) - 1);
}

static void begin(void)
{
    memset(&err, 0, sizeof err);
    told[0] = '\0';
}

/* --- a child ------------------------------------------------------------- */

static struct zc_transport *theirs;
static struct zc_reached *reached;

static void end(void *arg)
{
    note(reached->t == arg ? "end " : "end of another ");
}

static int start(void *arg, const char *path, struct zc_reached *out,
                 struct zc_err *e)
{
    note(arg ? path : "refused");
    if (!arg)
        return zc_err_set(e, ZC_EXIT_START, 0, "no child today");
    if (zc_transport_pair(&out->t, &theirs, e))
        return -1;
    out->end = end;
    out->arg = out->t;
    return 0;
}

static void test_local(void)
{
    struct zc_endpoint at;
    struct zc_reached r;
    zc_endpoint_parse("/srv/here", &at, &err);
    struct zc_reach how = {.at = &at, .role = ZC_ROLE_SENDER, .timeout_s = 7, .local = start,
                           .local_arg = &at};
    begin();
    reached = &r;
    is_int(zc_reach(&how, &r, &err), 0, "a local DEST");
    is_str(told, "/srv/here", "is started with its path");
    is_int(r.t->timeout_ms, 7000, "and gets the time-out");
    begin();
    zc_reached_end(&r);
    is_str(told, "end ", "its end is waited for");
    ok(!r.t && !r.end, "once");
    char byte;
    is_int(zc_transport_recv(theirs, &byte, 1), 0, "the connection is closed");
    zc_transport_free(theirs);
    zc_reached_end(&r);
    is_str(told, "end ", "ending nothing does nothing");

    how.local_arg = NULL;
    begin();
    is_int(zc_reach(&how, &r, &err), -1, "one that cannot be started");
    is_str(err.text, "no child today", "says why");
    ok(!r.t && !r.end, "and leaves nothing to end");
    zc_endpoint_fini(&at);
}

/* --- a daemon ------------------------------------------------------------ */

static int listener;

static void *serve(void *arg)
{
    struct zc_err e;
    struct zc_transport *t;
    (void)arg;
    do
        t = zc_accept(listener);
    while (!t && errno == EINTR);
    t = t ? zc_shake(t, ZC_ROLE_RECEIVER, false, &zc_security_plain, &e)
          : NULL;
    zc_transport_free(t);
    return NULL;
}

static int expect(void *arg, struct zc_err *e)
{
    const char *plan = arg;
    note("expect ");
    return strcmp(plan, "unknown")
               ? 0
               : zc_err_set(e, ZC_EXIT_START, 0, "nobody knows it");
}

static int secure(void *arg, const struct zc_transport *t,
                  struct zc_security *sec, struct zc_err *e)
{
    const char *plan = arg;
    note(t->timeout_ms == 9000 ? "secure " : "secure, no time-out ");
    if (!strcmp(plan, "refused"))
        return zc_err_set(e, ZC_EXIT_START, 0, "not in plain");
    sec->plain = true;
    return 0;
}

/* Reaches a daemon that is there, or (PORT) another. */
static int reach(const char *plan, const char *port, struct zc_reached *r)
{
    char text[100];
    struct zc_endpoint at;
    pthread_t server;
    snprintf(text, sizeof text, "zcsync://127.0.0.1:%s/share", port);
    if (zc_endpoint_parse(text, &at, &err))
        return -2;
    struct zc_reach how = {.at = &at, .role = ZC_ROLE_SENDER, .contimeout_s = 5, .timeout_s = 9,
                           .expect = expect, .secure = secure,
                           .secure_arg = (void *)plan};
    bool served = strcmp(plan, "unknown") != 0;
    if (served && pthread_create(&server, NULL, serve, NULL))
        return -2;
    begin();
    int result = zc_reach(&how, r, &err);
    if (served)
        pthread_join(server, NULL);
    zc_endpoint_fini(&at);
    return result;
}

static void test_daemon(void)
{
    char bound[160];
    bool loopback;
    struct zc_reached r;
    listener = zc_listen(NULL, "0", bound, sizeof bound, &loopback, &err);
    ok(listener >= 0, "listening on %s", bound);
    const char *port = strrchr(bound, ':') + 1;

    is_int(reach("plain", port, &r), 0, "a daemon");
    is_str(told, "expect secure ", "who it is to be is asked before, how it is "
                                   "to be secured when it is connected");
    ok(r.t && !strcmp(r.t->security, "plain") && !r.end, "hands are shaken");
    zc_reached_end(&r);

    is_int(reach("refused", port, &r), -1, "one that is not to be spoken to");
    is_str(err.text, "not in plain", "is hung up on");
    ok(!r.t, "and not reached");

    is_int(reach("unknown", port, &r), -1, "one that is refused before");
    is_str(told, "expect ", "is not connected to");
    zc_close(&listener);
}

static void test_nobody(void)
{
    char bound[160];
    bool loopback;
    struct zc_endpoint at;
    struct zc_reached r;
    int fd = zc_listen(NULL, "0", bound, sizeof bound, &loopback, &err);
    char text[200];
    snprintf(text, sizeof text, "zcsync://%s/share", bound);
    zc_close(&fd);
    zc_endpoint_parse(text, &at, &err);
    struct zc_reach how = {.at = &at, .role = ZC_ROLE_SENDER, .secure = secure, .secure_arg = ""};
    begin();
    is_int(zc_reach(&how, &r, &err), -1, "where nobody listens");
    is_int(err.code, ZC_EXIT_SOCKET, "it is a matter of sockets");
    is_str(told, "", "and nothing is asked about keys");
    zc_endpoint_fini(&at);
}

int main(void)
{
    test_local();
    test_daemon();
    test_nobody();
    return done_testing();
}
