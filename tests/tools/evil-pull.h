/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Attacks of a sharer on who pulls. The first word of their names says what it
 * was asked for: "file" the file `one`, "files" the names `one` and `dir`, "filter"
 * all but *.o, "whole" all of it, "delete" that with --delete, "dry" a dry run.
 */
#ifndef ZC_TESTS_EVIL_PULL_H
#define ZC_TESTS_EVIL_PULL_H

#include "evil-sender.h"

#include "session/told.h"

/* Opens, with the root as FLAGS say, and waits for it to be entered. */
static void begin_pull(struct evil *e, const char *name, uint16_t flags)
{
    struct zc_entry root = wire_entry("", S_IFDIR | 0755);
    root.flags |= flags;
    opened_as = name;
    e->rounds = true; /* it goes on after FINISHED */
    open_session(e, NULL);
    put_list(e, 0, root_ref, ZC_LIST_LAST, "", &root, 1);
    evil_await(e, ZC_FRAME_NEED);
}

static void put_verdict(struct evil *e, uint8_t code, const char *text)
{
    zc_verdict_encode(&e->out, &(struct zc_msg_verdict){code,
                                                        wire_bytes(text)});
    evil_send(e);
}

static void put_done(struct evil *e)
{
    zc_done_encode(&e->out, 0);
    evil_send(e);
}

/* All was well, it says. */
static void lie(struct evil *e)
{
    put_done(e);
    evil_await(e, ZC_FRAME_FINISHED);
    put_verdict(e, 0, "");
}

/* ---- what was not asked for ---------------------------------------------- */

static void file_named(struct evil *e, const char *name)
{
    struct zc_entry entry = file_entry(name, 5);
    begin_pull(e, name, ZC_ENTRY_IMPLIED);
    put_list(e, 1, root_ref, ZC_LIST_LAST | ZC_LIST_INCOMPLETE, "", &entry, 1);
    evil_await(e, ZC_FRAME_NEED);
    put_file(e, first, &entry, "evil!");
    lie(e);
}

/* ENTRIES where `one` was asked for. */
static void instead_of_one(struct evil *e, uint16_t flags,
                           const struct zc_entry *entries, uint32_t n)
{
    begin_pull(e, "one", ZC_ENTRY_IMPLIED);
    put_list(e, 1, root_ref, flags, "", entries, n);
    evil_await(e, ZC_FRAME_NEED);
    lie(e);
}

static void file_beside(struct evil *e, const char *name)
{
    struct zc_entry v[] = {file_entry("one", 0), file_entry(name, 0)};
    instead_of_one(e, ZC_LIST_LAST | ZC_LIST_INCOMPLETE, v, 2);
}

static void file_dir(struct evil *e, const char *arg)
{
    struct zc_entry dir = wire_entry("one", S_IFDIR | 0755);
    (void)arg;
    instead_of_one(e, ZC_LIST_LAST | ZC_LIST_INCOMPLETE, &dir, 1);
}

/* What else is there would be deleted. */
static void file_whole(struct evil *e, const char *arg)
{
    struct zc_entry v = file_entry("one", 0);
    (void)arg;
    instead_of_one(e, ZC_LIST_LAST, &v, 1);
}

static void file_absent(struct evil *e, const char *arg)
{
    struct zc_entry v = file_entry("one", 0);
    (void)arg;
    v.flags = ZC_ENTRY_ABSENT;
    instead_of_one(e, ZC_LIST_LAST | ZC_LIST_INCOMPLETE, &v, 1);
}

static void file_root(struct evil *e, const char *arg)
{
    (void)arg;
    begin_pull(e, "one", 0);
}

static void list_of(struct evil *e, uint16_t flags, const struct zc_entry *v,
                    uint32_t n)
{
    begin_pull(e, "", 0);
    put_list(e, 1, root_ref, flags, "", v, n);
    evil_await(e, ZC_FRAME_NEED);
    lie(e);
}

static void lists_name(struct evil *e, const char *name)
{
    struct zc_entry v = file_entry(name, 0);
    list_of(e, ZC_LIST_LAST | ZC_LIST_INCOMPLETE, &v, 1);
}

static void files_whole(struct evil *e, const char *arg)
{
    struct zc_entry v = file_entry("one", 0);
    (void)arg;
    list_of(e, ZC_LIST_LAST, &v, 1);
}

/* In a directory that was listed, of which nothing is. */
static void files_below(struct evil *e, const char *arg)
{
    struct zc_entry dir = wire_entry("dir", S_IFDIR | 0755);
    struct zc_entry below = file_entry("below", 0);
    (void)arg;
    begin_pull(e, "", 0);
    put_list(e, 1, root_ref, ZC_LIST_LAST | ZC_LIST_INCOMPLETE, "", &dir, 1);
    evil_await(e, ZC_FRAME_NEED);
    put_list(e, 2, first, ZC_LIST_LAST | ZC_LIST_INCOMPLETE, "", &below, 1);
    evil_await(e, ZC_FRAME_NEED);
    lie(e);
}

/* Gone, where nothing was to be deleted. */
static void whole_absent(struct evil *e, const char *arg)
{
    struct zc_entry v = file_entry("kept", 0);
    (void)arg;
    v.flags = ZC_ENTRY_ABSENT;
    list_of(e, ZC_LIST_LAST | ZC_LIST_INCOMPLETE, &v, 1);
}

static void whole_at(struct evil *e, const char *arg)
{
    (void)arg;
    e->rounds = true;
    open_session(e, NULL);
    zc_at_encode(&e->out, &(struct zc_msg_at){.path = wire_bytes("dir1")});
    evil_send(e);
}

/* ---- how it ended -------------------------------------------------------- */

/* Up to DONE, with nothing in between. */
static void begin_empty(struct evil *e)
{
    begin_pull(e, "", 0);
    put_list(e, 1, root_ref, ZC_LIST_LAST | ZC_LIST_INCOMPLETE, "", NULL, 0);
    evil_await(e, ZC_FRAME_NEED);
}

static void verdict_none(struct evil *e, const char *arg)
{
    (void)arg;
    begin_empty(e);
    put_done(e);
    evil_await(e, ZC_FRAME_FINISHED);
    shutdown(e->fd, SHUT_RDWR);
    evil_end(e, "closed");
}

static void verdict_first(struct evil *e, const char *arg)
{
    (void)arg;
    e->rounds = true;
    open_session(e, NULL);
    put_verdict(e, 0, "");
}

/* In the same breath as DONE, with a file that never came. */
static void verdict_early(struct evil *e, const char *arg)
{
    struct zc_entry v = file_entry("one", 5);
    (void)arg;
    begin_pull(e, "", 0);
    put_list(e, 1, root_ref, ZC_LIST_LAST | ZC_LIST_INCOMPLETE, "", &v, 1);
    evil_await(e, ZC_FRAME_NEED);
    zc_done_encode(&e->out, 0);
    zc_verdict_encode(&e->out, &(struct zc_msg_verdict){0});
    evil_send(e);
}

/* ARG: "CODE TEXT". */
static void verdict_odd(struct evil *e, const char *arg)
{
    begin_empty(e);
    put_done(e);
    evil_await(e, ZC_FRAME_FINISHED);
    put_verdict(e, (uint8_t)atoi(arg), strchr(arg, ' ') + 1);
}

/* The destination has a directory there, with something in it. */
static void liar_dest(struct evil *e, const char *arg)
{
    struct zc_entry v = file_entry("real", 0);
    (void)arg;
    list_of(e, ZC_LIST_LAST | ZC_LIST_INCOMPLETE, &v, 1);
}

/* The brake holds what it asks for. */
static void liar_held(struct evil *e, const char *arg)
{
    (void)arg;
    begin_pull(e, "", 0);
    put_list(e, 1, root_ref, ZC_LIST_LAST, "", NULL, 0);
    evil_await(e, ZC_FRAME_NEED);
    lie(e);
}

/* It lists a file, and has it not. */
static void liar_unsent(struct evil *e, const char *arg)
{
    struct zc_entry v = file_entry("new", 100000);
    (void)arg;
    begin_pull(e, "", 0);
    put_list(e, 1, root_ref, ZC_LIST_LAST | ZC_LIST_INCOMPLETE, "", &v, 1);
    evil_await(e, ZC_FRAME_NEED);
    put_file(e, first, &v, NULL);
    put_end(e, first, ZC_VERDICT_ABANDON);
    evil_await(e, ZC_FRAME_RESULT);
    lie(e);
}

/* ---- what it tells ------------------------------------------------------- */

static void told(struct evil *e, unsigned n, const struct zc_item *item,
                 const char *what, int eno)
{
    begin_empty(e);
    evil_socket_timeout(e, 20); /* all of it is read, in its time */
    for (unsigned i = 0; i < n && !e->over; i++) {
        if (item)
            zc_told_item(&e->out, item);
        if (what)
            zc_told_trouble(&e->out, ZC_TROUBLE_DEST, what, "a\033[2Jb",
                            eno + (int)i);
        if (e->out.len > 1 << 20 || i == n - 1)
            evil_send(e);
    }
    lie(e);
}

static void told_item(struct evil *e, const char *n)
{
    static char path[4000];
    struct zc_item item = {.flags = ZC_ITEM_NEW,
                           .mode = S_IFLNK,
                           .mtime_s = INT64_MIN,
                           .size = UINT64_MAX,
                           .link_target = "\033]0;evil\007",
                           .hard_link_to = "x\ry"};
    memset(path, atoi(n) > 100 ? 'x' : '\033', sizeof path - 1);
    item.path = path;
    told(e, (unsigned)atoi(n), &item, NULL, 0);
}

static void told_trouble(struct evil *e, const char *n)
{
    told(e, (unsigned)atoi(n), NULL, "do \033[31mit\r", 1000);
}

static void told_stats(struct evil *e, const char *arg)
{
    uint64_t v[ZC_STATS_COUNT];
    (void)arg;
    begin_empty(e);
    memset(v, 0xff, sizeof v);
    zc_stats_encode(&e->out, v);
    evil_send(e);
    usleep(300000); /* for the progress line */
    memset(v, 0, sizeof v);
    v[0] = v[5] = v[6] = UINT64_MAX / 2;
    zc_stats_encode(&e->out, v);
    evil_send(e);
    lie(e);
}

/* ARG: "TYPE SIZE", of nothing that makes sense. */
static void told_noise(struct evil *e, const char *arg)
{
    static uint8_t noise[1 << 20];
    unsigned type = 0, n = 0;
    sscanf(arg, "%u %u", &type, &n);
    memset(noise, 0xee, sizeof noise);
    begin_empty(e);
    evil_frame(e, type, noise, n);
}

static void told_before(struct evil *e, const char *arg)
{
    (void)arg;
    e->rounds = true;
    dial(e);
    evil_hello(e, ZC_ROLE_SENDER);
    evil_await(e, ZC_FRAME_OPEN);
    zc_told_trouble(&e->out, ZC_TROUBLE_DEST, "be patient", "", 0);
    evil_send(e);
}

/* ---- silence ------------------------------------------------------------- */

static void silent(struct evil *e, const char *stage)
{
    struct zc_entry v = file_entry("one", 100000);
    if (strcmp(stage, "open") == 0) {
        dial(e);
        evil_hello(e, ZC_ROLE_SENDER);
    } else if (strcmp(stage, "list") == 0) {
        begin_pull(e, "", 0);
    } else {
        begin_pull(e, "", 0);
        put_list(e, 1, root_ref, ZC_LIST_LAST | ZC_LIST_INCOMPLETE, "", &v,
                 strcmp(stage, "file") == 0);
        evil_await(e, ZC_FRAME_NEED);
    }
    if (strcmp(stage, "verdict") == 0) {
        put_done(e);
        evil_await(e, ZC_FRAME_FINISHED);
    }
    sleep(10);
}

/* What is expected: the exit code of the pull. */
static const struct attack pull_attacks[] = {
    {"file-other-name", "12", file_named, "authorized_keys"},
    {"file-name-dotdot", "12", file_named, ".."},
    {"file-name-slash", "12", file_named, "a/one"},
    {"file-beside", "12", file_beside, "two"},
    {"file-is-dir", "12", file_dir, NULL},
    {"file-delete-whole", "12", file_whole, NULL},
    {"file-delete-absent", "12", file_absent, NULL},
    {"file-root", "12", file_root, NULL},
    {"files-other", "12", lists_name, "two"},
    {"files-below", "12", files_below, NULL},
    {"files-delete-whole", "12", files_whole, NULL},
    {"filter-hidden", "12", lists_name, "x.o"},
    {"filter-merge-hidden", "12", lists_name, "x.o"},
    {"whole-absent", "12", whole_absent, NULL},
    {"whole-at", "12", whole_at, NULL},

    {"whole-verdict-none", "12", verdict_none, NULL},
    {"whole-verdict-first", "12", verdict_first, NULL},
    {"whole-verdict-early", "12", verdict_early, NULL},
    {"whole-verdict-255", "12", verdict_odd, "255 \033[2Jwell"},
    {"whole-verdict-35", "35", verdict_odd, "35 \033[2Jwell\r"},
    {"dry-verdict-none", "12", verdict_none, NULL},
    {"whole-liar-dest", "23", liar_dest, NULL},
    {"delete-liar-held", "25", liar_held, NULL},
    {"whole-liar-unsent", "24", liar_unsent, NULL},

    {"whole-items", "0", told_item, "3"},
    {"whole-item-flood", "0", told_item, "8000"},
    {"whole-troubles", "0", told_trouble, "3"},
    {"whole-trouble-flood", "0", told_trouble, "100000"},
    {"whole-stats", "0", told_stats, NULL},
    {"whole-item-noise", "12", told_noise, "12 70000"},
    {"whole-trouble-noise", "12", told_noise, "13 9000"},
    {"whole-stats-short", "12", told_noise, "14 20"},
    {"whole-verdict-noise", "12", told_noise, "15 1000000"},
    {"whole-told-before", "12", told_before, NULL},

    {"whole-silent-open", "30", silent, "open"},
    {"whole-silent-list", "30", silent, "list"},
    {"whole-silent-file", "30", silent, "file"},
    {"whole-silent-verdict", "30", silent, "verdict"},
};

#endif
