/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all attacks of evil-sender are made of: the steps of a session as a good
 * sender takes them. The attacks and their tables are in evil-open.h and so on,
 * which evil-sender.c includes, once each.
 */
#ifndef ZC_TESTS_EVIL_SENDER_H
#define ZC_TESTS_EVIL_SENDER_H

#include "evil.h"

#include <netinet/in.h>
#include <unistd.h>

/* Of the command line. */
static const char *share;
static struct sockaddr_in server;
static const char *command; /* of a server on its standard streams, instead */
/* A sharer is dialled by who pulls; -1: we dial. */
static int listener = -1;

#define PATIENCE_S (listener < 0 && !command ? 3 : 1)

/* What it then says of a file that was asked for; "": it is a directory. */
static const char *opened_as = "";

/* Names that are none. */
#define NAME_ATTACKS(prefix, fn)              \
    {prefix "dotdot", "refused", fn, ".."},   \
    {prefix "dot", "refused", fn, "."},       \
    {prefix "slash", "refused", fn, "a/b"},   \
    {prefix "absolute", "refused", fn, "/x"}, \
    {prefix "climbs", "refused", fn, "../sentinel"}, \
    {prefix "empty", "refused", fn, ""}

/* The other end of its standard input and output. */
static inline int start_command(void)
{
    int p[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, p))
        return -1;
    if (fork() == 0) {
        dup2(p[1], 0);
        dup2(p[1], 1);
        execl("/bin/sh", "sh", "-c", command, NULL);
        _exit(127);
    }
    close(p[1]);
    return p[0];
}

static inline void dial(struct evil *e)
{
    if (command) {
        e->fd = start_command();
        evil_socket_timeout(e, PATIENCE_S);
        return;
    }
    if (listener >= 0) {
        e->fd = accept(listener, NULL, NULL);
        evil_socket_timeout(e, PATIENCE_S);
        return;
    }
    e->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(e->fd, (struct sockaddr *)&server, sizeof server)) {
        perror("evil-sender: connect");
        exit(2);
    }
    evil_socket_timeout(e, PATIENCE_S);
}

static inline struct zc_msg_open good_open(void)
{
    return (struct zc_msg_open){.keep = 0x7ff, .share = wire_bytes(share)};
}

static inline void put_list(struct evil *e, uint32_t list, struct zc_ref dir,
                            uint16_t flags, const char *after,
                            const struct zc_entry *entries, uint32_t n)
{
    struct zc_msg_list m = {
        .list = list, .dir = dir, .after = wire_bytes(after)};
    size_t at = zc_list_begin(&e->out, &m);
    for (uint32_t i = 0; i < n; i++)
        zc_entry_encode(&e->out, &entries[i]);
    zc_list_end(&e->out, at, n, flags);
    evil_send(e);
}

static const struct zc_ref root_ref = {0, 0};

static inline void put_root(struct evil *e)
{
    struct zc_entry root = wire_entry("", S_IFDIR | 0755);
    put_list(e, 0, root_ref, ZC_LIST_LAST, "", &root, 1);
}

static inline void open_session(struct evil *e, const struct zc_msg_open *m)
{
    dial(e);
    evil_hello(e, ZC_ROLE_SENDER);
    if (listener >= 0) { /* whatever is asked for */
        evil_await(e, ZC_FRAME_OPEN);
        zc_opened_encode(&e->out, &(struct zc_msg_opened){
                                      .host_id = {1, 2, 3},
                                      .name = wire_bytes(opened_as)});
    } else {
        zc_open_encode(&e->out, m);
    }
    evil_send(e);
}

static inline void opened(struct evil *e)
{
    if (listener < 0)
        evil_await(e, ZC_FRAME_OPENED);
}

/* Up to the point where the root may be listed. */
static inline void begin(struct evil *e)
{
    struct zc_msg_open m = good_open();
    open_session(e, &m);
    opened(e);
    put_root(e);
    evil_await(e, ZC_FRAME_NEED);
}

/* Lists ENTRIES as all of the root, list 1, and waits for what is needed. */
static inline void begin_with(struct evil *e, const struct zc_entry *entries,
                              uint32_t n)
{
    begin(e);
    put_list(e, 1, root_ref, ZC_LIST_LAST, "", entries, n);
    evil_await(e, ZC_FRAME_NEED);
}

static inline struct zc_entry file_entry(const char *name, uint64_t size)
{
    struct zc_entry e = wire_entry(name, S_IFREG | 0644);
    e.size = size;
    return e;
}

static inline struct zc_entry link_entry(const char *name, const char *target)
{
    struct zc_entry e = wire_entry(name, S_IFLNK | 0777);
    e.target = target;
    e.target_len = (uint16_t)strlen(target);
    return e;
}

static inline void put_file(struct evil *e, struct zc_ref ref,
                            const struct zc_entry *entry, const char *data)
{
    struct zc_msg_file m = {.ref = ref, .entry = *entry};
    if (data) {
        m.flags = ZC_FILE_INLINE;
        m.data = wire_bytes(data);
    }
    zc_file_encode(&e->out, ZC_FRAME_FILE, &m);
    evil_send(e);
}

/* DATA as it says, but with RAW bytes after it. */
static inline void put_data(struct evil *e, struct zc_ref ref, uint64_t offset,
                            uint64_t length, size_t raw)
{
    static const char bytes[65536];
    zc_data_encode(&e->out, &(struct zc_msg_data){ref, offset, length});
    evil_send(e);
    evil_raw(e, bytes, raw);
}

static inline void put_end(struct evil *e, struct zc_ref ref, uint8_t verdict)
{
    zc_end_encode(&e->out, &(struct zc_msg_end){.ref = ref,
                                                .verdict = verdict});
    evil_send(e);
}

static const struct zc_ref first = {1, 0};

/* The root holds one file of SIZE, asked for and opened. */
static inline void begin_file(struct evil *e, uint64_t size)
{
    struct zc_entry victim = file_entry("victim", size);
    begin_with(e, &victim, 1);
    put_file(e, first, &victim, NULL);
}

#endif
