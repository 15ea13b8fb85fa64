// SPDX-License-Identifier: GPL-2.0-or-later
/* The status page: who is let in, and what is kept of what was. */
#include "web/door.h"
#include "web/events.h"

#include "../tap.h"

#include <stdio.h>
#include <string.h>

#define SECOND INT64_C(1000000000)

static void hosts(void)
{
    static const struct {
        const char *host;
        bool ok;
    } cases[] = {
        {"127.0.0.1", true},       {"127.0.0.1:8731", true},
        {"[::1]", true},           {"[::1]:8731", true},
        {"[2001:db8::1]:1", true}, {"localhost", true},
        {"LocalHost:1", true},     {"localhost.", true},
        {"a.example", true},       {"A.Example:80", true},
        {"b", true},               {"a.example.:80", true},
        {NULL, false},             {"", false},
        {":80", false},            {".", false},
        {"::1", false},            {"[::1", false},
        {"[]", false},             {"127.0.0.1.example", false},
        {"a.example.evil", false}, {"evil.a.example", false},
        {"a.example, b", false},   {"a", false},
        {"localhost:80:80", false}, {"127.0.0.1:x", false},
        {"1270.0.1", false},       {"0x7f.1", false},
    };
    const struct zc_web_door d = {.names = " a.example,\tb , "};
    char host[400];
    for (size_t i = 0; i < ZC_ARRAY_LEN(cases); i++)
        ok(zc_web_host_ok(&d, cases[i].host) == cases[i].ok, "host %s: %s",
           cases[i].host ? cases[i].host : "(none)",
           cases[i].ok ? "ours" : "not ours");
    memset(host, 'a', sizeof host - 1);
    host[sizeof host - 1] = '\0';
    ok(!zc_web_host_ok(&d, host), "a name that is too long is not ours");
    ok(!zc_web_host_ok(&(struct zc_web_door){0}, "b"), "without names none is");
}

static void tokens(void)
{
    static const char text[] = "0123456789abcdef\nmore\n";
    struct zc_web_door d = {0};
    struct zc_err err;
    char big[ZC_WEB_TOKEN_MAX + 2];
    ok(zc_web_token_ok(&d, NULL), "where there is no token nobody needs one");
    ok(zc_web_token_parse(&d.token, "f", text, sizeof text - 1, &err) == 0,
       "a token is the first line of its file");
    ok(!zc_web_token_ok(&d, NULL), "then it is needed");
    ok(zc_web_token_ok(&d, "Bearer 0123456789abcdef"), "as a bearer's");
    ok(zc_web_token_ok(&d, "bearer   0123456789abcdef"), "in any case");
    ok(zc_web_token_ok(&d, "Basic bWU6MDEyMzQ1Njc4OWFiY2RlZg=="),
       "as a password");
    ok(!zc_web_token_ok(&d, "Basic bWUwMTIzNDU2Nzg5YWJjZGVm"),
       "not without a user");
    ok(!zc_web_token_ok(&d, "Bearer 0123456789abcde") &&
           !zc_web_token_ok(&d, "Bearer 0123456789abcdef0") &&
           !zc_web_token_ok(&d, "Bearer0123456789abcdef") &&
           !zc_web_token_ok(&d, "Bearer") && !zc_web_token_ok(&d, ""),
       "and nothing else");
    ok(zc_web_token_parse(&d.token, "f", text, 15, &err) && err.text[0],
       "15 characters are too few");
    memset(big, 'x', sizeof big);
    ok(zc_web_token_parse(&d.token, "f", big, ZC_WEB_TOKEN_MAX, &err) == 0 &&
           zc_web_token_parse(&d.token, "f", big, sizeof big, &err),
       "256 are enough, and more too many");
    ok(zc_web_token_parse(&d.token, "f", "0123456789abcde\xff", 16, &err),
       "a byte that is no character is refused");
}

static void add(struct zc_web_events *e, int64_t now, const char *status)
{
    struct zc_buf b = ZC_BUF_INIT;
    zc_buf_put_str(&b, status);
    if (zc_web_events_add(e, now, now / 1000000, &b))
        diag("out of memory");
    zc_buf_fini(&b);
}

static bool told(const struct zc_web_events *e, const char *status)
{
    struct zc_buf b = ZC_BUF_INIT;
    zc_buf_put_str(&b, status);
    bool yes = zc_web_events_told(e, &b);
    zc_buf_fini(&b);
    return yes;
}

static void one_event(struct zc_web_events *e)
{
    static const char text[] =
        "data: {\"at\":1000,\"status\":[{\"a\":1}, {\"b\":2}] }\n\n";
    ok(!zc_web_events_after(e, 0), "at first there is nothing to tell");
    ok(!told(e, "[]\n"), "and nothing was");
    add(e, SECOND, "[{\"a\":1},\n{\"b\":2}]\n");
    struct zc_web_event *first = zc_web_events_after(e, 0);
    ok(first && first->number == 1 && first->size == sizeof text - 1 &&
           memcmp(first->bytes, text, first->size) == 0,
       "an event is one line");
    ok(told(e, "[{\"a\":1},\n{\"b\":2}]\n"), "it is known what was told");
    ok(!told(e, "[{\"a\":1},\n{\"b\":3}]\n") && !told(e, "[]\n"),
       "and what was not");
    ok(!zc_web_events_after(e, 1), "after the newest there is none");
    for (int64_t s = 2; s <= 2000; s++)
        add(e, s * SECOND, "[]\n");
    is_int(first ? first->refs : 0, 1, "who has an event keeps it");
    zc_web_event_let_go(first);
}

static void events(void)
{
    struct zc_web_events e = {0};
    uint64_t last = 0;
    unsigned n = 0;
    one_event(&e);
    is_int(e.n_kept, ZC_WEB_KEPT, "a quarter of an hour is kept");
    for (struct zc_web_event *v; (v = zc_web_events_after(&e, last)); n++) {
        if (v->number <= last)
            diag("not in order");
        last = v->number;
        zc_web_event_let_go(v);
    }
    ok(last == 2000 && n >= ZC_WEB_KEPT && n <= ZC_WEB_KEPT + 1,
       "whoever comes is told of that, up to the newest");
    char *big = malloc(ZC_WEB_KEPT_BYTES / 2);
    if (!big)
        skip_all("out of memory");
    memset(big, ' ', ZC_WEB_KEPT_BYTES / 2 - 1);
    big[ZC_WEB_KEPT_BYTES / 2 - 1] = '\0';
    for (int64_t s = 3000; s < 3100; s += 20)
        add(&e, s * SECOND, big);
    ok(e.kept_bytes <= ZC_WEB_KEPT_BYTES && e.n_kept < 3,
       "but no more bytes than a few MiB");
    free(big);
    zc_web_events_fini(&e);
}

int main(void)
{
    hosts();
    tokens();
    events();
    return done_testing();
}
