/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attacks with digests of what both ends are said to have. */
#ifndef ZC_TESTS_EVIL_DIGESTS_H
#define ZC_TESTS_EVIL_DIGESTS_H

#include "evil-sender.h"

static void offer(struct evil *e)
{
    struct zc_entry root = wire_entry("", S_IFDIR | 0755);
    put_list(e, 0, root_ref, ZC_LIST_LAST | ZC_LIST_DIGESTS, "", &root, 1);
}

/* Up to the point where the groups of the root are awaited. */
static void begin_digests(struct evil *e, unsigned flags)
{
    struct zc_msg_open m = good_open();
    evil_features |= ZC_FEATURE_DIGESTS;
    m.flags |= flags;
    open_session(e, &m);
    opened(e);
    offer(e);
    evil_await(e, ZC_FRAME_DIGEST);
    evil_await(e, ZC_FRAME_NEED);
}

/* Groups of DIR that end with ENDS, each of these ended by a comma. */
static void put_groups(struct evil *e, uint32_t list, struct zc_ref dir,
                       const char *ends)
{
    struct zc_msg_list m = {.list = list, .dir = dir};
    size_t at = zc_list_begin(&e->out, &m);
    uint32_t n = 0;
    for (const char *end; (end = strchr(ends, ',')); ends = end + 1, n++)
        zc_group_encode(&e->out, &(struct zc_msg_group){
                                     {(const uint8_t *)ends,
                                      (size_t)(end - ends)},
                                     true,
                                     {1, 2, 3}});
    zc_list_end(&e->out, at, n, ZC_LIST_GROUPS);
    evil_send(e);
}

static void say_done(struct evil *e)
{
    zc_done_encode(&e->out, 0);
    evil_send(e);
}

/* HELLO knew nothing of it. */
static void digests_unknown(struct evil *e, const char *arg)
{
    struct zc_msg_open m = good_open();
    (void)arg;
    open_session(e, &m);
    opened(e);
    offer(e);
}

static void digests_unasked(struct evil *e, const char *ends)
{
    evil_features |= ZC_FEATURE_DIGESTS;
    begin(e);
    put_groups(e, 1, root_ref, ends);
}

static void groups_ends(struct evil *e, const char *ends)
{
    begin_digests(e, 0);
    put_groups(e, 1, root_ref, ends);
}

static void groups_of(struct evil *e, const char *arg)
{
    struct zc_ref dir = {0, 0};
    sscanf(arg, "%u,%u", &dir.list, &dir.index);
    begin_digests(e, 0);
    put_groups(e, 1, dir, ",");
}

static void groups_twice(struct evil *e, const char *arg)
{
    begin_digests(e, 0);
    put_groups(e, 1, root_ref, ",");
    if (*arg)
        evil_await(e, ZC_FRAME_NEED);
    put_groups(e, 2, root_ref, ",");
}

/* ARG: after the groups, or instead. */
static void groups_list(struct evil *e, const char *arg)
{
    begin_digests(e, ZC_OPEN_DELETE);
    if (*arg) {
        put_groups(e, 1, root_ref, ",");
        evil_await(e, ZC_FRAME_NEED);
    }
    put_list(e, *arg ? 2 : 1, root_ref, ZC_LIST_LAST, "", NULL, 0);
    say_done(e);
}

static void groups_never(struct evil *e, const char *arg)
{
    begin_digests(e, 0);
    if (*arg)
        say_done(e);
    else
        evil_end(e, "closed");
}

/* ARG: a directory that is there, or not, is said to be the same as here. */
static void digest_lies(struct evil *e, const char *name)
{
    struct zc_entry dir = wire_entry(name, S_IFDIR | 0755);
    dir.flags = ZC_ENTRY_DIGEST;
    begin_digests(e, 0);
    put_groups(e, 1, root_ref, ",");
    evil_await(e, ZC_FRAME_NEED);
    put_list(e, 2, root_ref, ZC_LIST_LAST | ZC_LIST_INCOMPLETE, "", &dir, 1);
    evil_await(e, ZC_FRAME_NEED);
    put_groups(e, 3, (struct zc_ref){2, 0}, ",");
    say_done(e);
}

static void digest_of_file(struct evil *e, const char *arg)
{
    struct zc_entry file = file_entry("file1", 5);
    (void)arg;
    file.flags = ZC_ENTRY_DIGEST;
    begin_with(e, &file, 1);
}

static const struct attack digest_attacks[] = {
    {"digests-unknown", "refused", digests_unknown, NULL},
    {"digests-unasked", "refused", digests_unasked, ","},
    {"digest-of-file", "refused", digest_of_file, NULL},
    {"digest-lies", "any", digest_lies, "real"},
    {"digest-of-nothing", "any", digest_lies, "nothing"},
    {"digest-of-symlink", "any", digest_lies, "planted"},
    NAME_ATTACKS("digest-name-", digest_lies),
    {"groups-order", "refused", groups_ends, "b,a,,"},
    {"groups-same", "refused", groups_ends, "a,a,,"},
    {"groups-no-end", "refused", groups_ends, "a,b,"},
    {"groups-two-ends", "refused", groups_ends, ",,"},
    {"groups-none", "refused", groups_ends, ""},
    {"groups-slash", "refused", groups_ends, "a/b,,"},
    {"groups-dotdot", "refused", groups_ends, "..,,"},
    {"groups-cut-otherwise", "any", groups_ends, "a,b,c,file1,kept,zz,,"},
    {"groups-of-nobody", "refused", groups_of, "7,7"},
    {"groups-of-root-entry", "refused", groups_of, "0,1"},
    {"groups-twice", "refused", groups_twice, ""},
    {"groups-twice-answered", "refused", groups_twice, "later"},
    {"groups-listed-first", "refused", groups_list, ""},
    {"groups-delete-all", "any", groups_list, "after"},
    {"groups-never-but-done", "refused", groups_never, "done"},
    {"groups-hang-up", "any", groups_never, ""},
};

#endif
