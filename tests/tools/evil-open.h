/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attacks before anything is listed: HELLO and OPEN. */
#ifndef ZC_TESTS_EVIL_OPEN_H
#define ZC_TESTS_EVIL_OPEN_H

#include "evil-sender.h"

/* The receiver's own HELLO comes once it has ours, whatever that says. */
static void skip_hello(struct evil *e)
{
    evil_swallow(e, ZC_HELLO_SIZE);
}

static void hello_bytes(struct evil *e, const char *bytes)
{
    dial(e);
    evil_raw(e, bytes, strlen(bytes));
    if (strlen(bytes) < ZC_HELLO_SIZE)
        shutdown(e->fd, SHUT_WR);
    skip_hello(e);
}

static void hello_garbage(struct evil *e, const char *arg)
{
    uint8_t bytes[4096];
    (void)arg;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 131 + (i >> 3));
    dial(e);
    evil_raw(e, bytes, sizeof bytes);
    skip_hello(e);
}

static void hello_as(struct evil *e, const char *arg)
{
    struct zc_hello h = {1, 1, ZC_ROLE_SENDER,
                         ~ZC_FEATURE_COMPRESS, 0, 0};
    uint8_t bytes[ZC_HELLO_SIZE];
    if (strcmp(arg, "version") == 0)
        h.version = h.version_min = 0x7fff;
    else if (strcmp(arg, "role") == 0) /* a receiver would be one who pulls */
        h.role = (enum zc_role)77;
    zc_hello_encode(&h, bytes);
    dial(e);
    evil_raw(e, bytes, sizeof bytes);
    skip_hello(e);
}

/* Many connections that never say a word. */
static void silence(struct evil *e, const char *arg)
{
    int fds[200], n = atoi(arg);
    for (int i = 0; i < n; i++) {
        dial(e);
        fds[i] = e->fd;
    }
    puts("silent");
    fflush(stdout);
    sleep(PATIENCE_S);
    for (int i = 0; i < n - 1; i++)
        close(fds[i]);
    evil_end(e, "tolerated");
}

/* Drips one byte of a good start at a time. */
static void drip(struct evil *e, const char *arg)
{
    struct zc_hello h = {1, 1, ZC_ROLE_SENDER, 0, 0, 0};
    uint8_t bytes[ZC_HELLO_SIZE];
    (void)arg;
    zc_hello_encode(&h, bytes);
    dial(e);
    puts("silent");
    fflush(stdout);
    for (int i = 0; i < 30; i++) {
        evil_raw(e, bytes + i, 1);
        usleep(100000);
    }
    evil_end(e, "tolerated");
}

static void open_path(struct evil *e, const char *path)
{
    struct zc_msg_open m = good_open();
    m.path = wire_bytes(path);
    open_session(e, &m);
}

static void open_path_nul(struct evil *e, const char *arg)
{
    struct zc_msg_open m = good_open();
    m.path = (struct zc_bytes){(const uint8_t *)"a\0/../..", 8};
    (void)arg;
    open_session(e, &m);
}

static void open_share(struct evil *e, const char *name)
{
    struct zc_msg_open m = good_open();
    m.share = wire_bytes(name);
    open_session(e, &m);
}

static void open_name(struct evil *e, const char *name)
{
    struct zc_msg_open m = good_open();
    m.flags = ZC_OPEN_SINGLE_FILE;
    m.name = wire_bytes(name);
    open_session(e, &m);
}

static void open_flags(struct evil *e, const char *arg)
{
    struct zc_msg_open m = good_open();
    m.flags = 1u << 31;
    (void)arg;
    open_session(e, &m);
}

static void open_chown(struct evil *e, const char *arg)
{
    struct zc_msg_open m = good_open();
    m.chown_user = wire_bytes(arg);
    open_session(e, &m);
    evil_await(e, ZC_FRAME_OPENED);
}

static void open_filter(struct evil *e, const char *rule)
{
    struct zc_msg_open m = good_open();
    m.filter = (struct zc_bytes){(const uint8_t *)rule, strlen(rule) + 1};
    open_session(e, &m);
}

/* As much as a frame can hold: one endless rule, or as many as fit. */
static void open_huge_filter(struct evil *e, const char *arg)
{
    struct zc_msg_open m = good_open();
    size_t n = ZC_FRAME_BODY_MAX - 1024;
    uint8_t *text = malloc(n);
    for (size_t i = 0; i < n; i++)
        text[i] = (uint8_t)(arg[i % strlen(arg)] == '.' ? 0
                                                        : arg[i % strlen(arg)]);
    text[n - 1] = 0;
    m.filter = (struct zc_bytes){text, n};
    open_session(e, &m);
    free(text);
}

static void open_twice(struct evil *e, const char *arg)
{
    struct zc_msg_open m = good_open();
    (void)arg;
    open_session(e, &m);
    evil_await(e, ZC_FRAME_OPENED);
    zc_open_encode(&e->out, &m);
    evil_send(e);
}

static void before_open(struct evil *e, const char *arg)
{
    (void)arg;
    dial(e);
    evil_hello(e, ZC_ROLE_SENDER);
    put_root(e);
}

static void done_first(struct evil *e, const char *arg)
{
    struct zc_msg_open m = good_open();
    (void)arg;
    open_session(e, &m);
    evil_await(e, ZC_FRAME_OPENED);
    zc_done_encode(&e->out, 0);
    evil_send(e);
}

static const struct attack open_attacks[] = {
    {"hello-garbage", "refused", hello_garbage, NULL},
    {"hello-http", "refused", hello_bytes, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
                                           "and some more bytes"},
    {"hello-short", "refused", hello_bytes, "zcsync"},
    {"hello-nothing", "refused", hello_bytes, ""},
    {"hello-version", "refused", hello_as, "version"},
    {"hello-role", "refused", hello_as, "role"},
    {"silent", "any", silence, "7"}, /* an address may have one more */
    {"silent-crowd", "any", silence, "200"},
    {"drip", "any", drip, NULL},

    {"open-absolute", "refused", open_path, "/etc"},
    {"open-dotdot", "refused", open_path, ".."},
    {"open-climbs", "refused", open_path, "a/../../.."},
    {"open-dot", "refused", open_path, "./a"},
    {"open-nul", "refused", open_path_nul, NULL},
    {"open-staging", "refused", open_path, ".zcsync"},
    {"open-no-share", "refused", open_share, "nosuchshare"},
    {"open-empty-share", "refused", open_share, ""},
    {"open-path-as-share", "refused", open_share, "../share"},
    {"open-name-dotdot", "refused", open_name, ".."},
    {"open-name-slash", "refused", open_name, "a/b"},
    {"open-name-staging", "any", open_name, ".zcsync"},
    {"open-flags", "refused", open_flags, NULL},
    {"open-chown", "any", open_chown, "4294967295"},
    {"open-chown-odd", "any", open_chown, "-1"},
    {"open-filter-merge", "refused", open_filter, ". /etc/passwd"},
    {"open-filter-merge-long", "refused", open_filter, "merge /etc/passwd"},
    {"open-filter-dir-merge", "any", open_filter, ": .rules"},
    {"open-filter-noise", "refused", open_filter, "\xff\x01\x02"},
    {"open-filter-stars", "any", open_filter,
     "- *a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b"},
    {"open-filter-endless", "refused", open_huge_filter, "- xxxx"},
    {"open-filter-many", "refused", open_huge_filter, "- x."},
    {"open-twice", "refused", open_twice, NULL},
    {"list-before-open", "refused", before_open, NULL},
    {"done-first", "refused", done_first, NULL},
};

#endif
