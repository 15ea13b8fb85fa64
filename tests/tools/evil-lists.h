/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attacks with lists: names, order, numbers, directories. */
#ifndef ZC_TESTS_EVIL_LISTS_H
#define ZC_TESTS_EVIL_LISTS_H

#include "evil-sender.h"

static void list_name(struct evil *e, const char *name)
{
    struct zc_entry entry = file_entry(name, 5);
    begin(e);
    put_list(e, 1, root_ref, ZC_LIST_LAST, "", &entry, 1);
}

static void list_dir_name(struct evil *e, const char *name)
{
    struct zc_entry entry = wire_entry(name, S_IFDIR | 0777);
    begin(e);
    put_list(e, 1, root_ref, ZC_LIST_LAST, "", &entry, 1);
}

static void list_name_nul(struct evil *e, const char *arg)
{
    struct zc_entry entry = file_entry("abc", 5);
    (void)arg;
    begin(e);
    entry.name = "a\0/../../x";
    entry.name_len = 10;
    put_list(e, 1, root_ref, ZC_LIST_LAST, "", &entry, 1);
}

/* 256 bytes do not fit the length's one byte: 255 are announced. */
static void list_name_256(struct evil *e, const char *arg)
{
    static char name[257];
    struct zc_entry entry = file_entry("", 5);
    (void)arg;
    begin(e);
    memset(name, 'x', 256);
    entry.name = name;
    entry.name_len = 255;
    size_t at = zc_list_begin(&e->out, &(struct zc_msg_list){.list = 1});
    zc_entry_encode(&e->out, &entry);
    zc_buf_u8(&e->out, 'x');
    zc_list_end(&e->out, at, 1, ZC_LIST_LAST);
    evil_send(e);
}

static void list_target(struct evil *e, const char *arg)
{
    static char target[65536];
    struct zc_entry entry = link_entry("ln", "x");
    memset(target, 'x', sizeof target);
    entry.target = target;
    entry.target_len = (uint16_t)atoi(arg);
    begin(e);
    put_list(e, 1, root_ref, ZC_LIST_LAST, "", &entry, 1);
}

static void list_order(struct evil *e, const char *names)
{
    char a[2] = {names[0]}, b[2] = {names[1]};
    struct zc_entry entries[] = {file_entry(a, 5), file_entry(b, 5)};
    begin(e);
    put_list(e, 1, root_ref, ZC_LIST_LAST, "", entries, 2);
}

/* The second list of the root takes a name of the first again. */
static void list_again(struct evil *e, const char *arg)
{
    struct zc_entry a = file_entry("m", 5), b = file_entry(arg, 5);
    begin(e);
    put_list(e, 1, root_ref, 0, "", &a, 1);
    put_list(e, 2, root_ref, ZC_LIST_LAST, "a", &b, 1);
}

static void list_after_last(struct evil *e, const char *arg)
{
    struct zc_entry a = file_entry("a", 5), b = file_entry("b", 5);
    (void)arg;
    begin(e);
    put_list(e, 1, root_ref, ZC_LIST_LAST, "", &a, 1);
    put_list(e, 2, root_ref, ZC_LIST_LAST, "a", &b, 1);
}

static void list_number(struct evil *e, const char *arg)
{
    struct zc_entry a = file_entry("a", 5);
    begin(e);
    put_list(e, (uint32_t)strtoul(arg, NULL, 0), root_ref, ZC_LIST_LAST, "",
             &a, 1);
}

static void list_ref(struct evil *e, const char *arg)
{
    struct zc_entry entries[] = {
        wire_entry("a dir", S_IFDIR | 0755), file_entry("b file", 5),
        link_entry("c link", "/"), wire_entry("d fifo", S_IFIFO | 0644)};
    struct zc_entry inside = file_entry("inside", 5);
    struct zc_ref ref = {1, 0};
    sscanf(arg, "%u,%u", &ref.list, &ref.index);
    begin_with(e, entries, ZC_ARRAY_LEN(entries));
    put_list(e, 2, ref, ZC_LIST_LAST, "", &inside, 1);
    put_file(e, (struct zc_ref){2, 0}, &inside, "evil!");
}

/* A directory in the same breath as its listing, before anybody asked. */
static void list_unasked(struct evil *e, const char *arg)
{
    struct zc_entry dir = wire_entry("dir", S_IFDIR | 0755);
    struct zc_entry inside = file_entry("inside", 5);
    struct zc_msg_open m = good_open();
    (void)arg;
    m.flags = ZC_OPEN_DRY_RUN;
    open_session(e, &m);
    opened(e);
    put_root(e);
    put_list(e, 1, (struct zc_ref){0, 7}, ZC_LIST_LAST, "", &dir, 1);
    put_list(e, 2, (struct zc_ref){1, 0}, ZC_LIST_LAST, "", &inside, 1);
}

static void list_twice(struct evil *e, const char *arg)
{
    struct zc_entry dir = wire_entry("dir", S_IFDIR | 0755);
    struct zc_entry inside = file_entry("inside", 5);
    (void)arg;
    begin_with(e, &dir, 1);
    put_list(e, 2, first, ZC_LIST_LAST, "", &inside, 1);
    put_list(e, 3, first, ZC_LIST_LAST, "", &inside, 1);
}

static void list_count(struct evil *e, const char *arg)
{
    struct zc_entry a = file_entry("a", 5);
    begin(e);
    size_t at = zc_list_begin(&e->out, &(struct zc_msg_list){.list = 1});
    zc_entry_encode(&e->out, &a);
    zc_list_end(&e->out, at, (uint32_t)strtoul(arg, NULL, 0), ZC_LIST_LAST);
    evil_send(e);
}

static void list_bytes(struct evil *e, const char *arg)
{
    uint8_t noise[4096];
    (void)arg;
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)(i * 7 + 1);
    begin(e);
    evil_frame(e, ZC_FRAME_LIST, noise, sizeof noise);
}

static const struct attack list_attacks[] = {
    NAME_ATTACKS("name-", list_name),
    NAME_ATTACKS("dir-name-", list_dir_name),
    {"name-nul", "refused", list_name_nul, NULL},
    {"name-256", "refused", list_name_256, NULL},
    {"name-staging", "any", list_name, ".zcsync"},
    {"dir-name-staging", "any", list_dir_name, ".zcsync"},
    {"target-empty", "refused", list_target, "0"},
    {"target-long", "refused", list_target, "4096"},
    {"target-longest", "refused", list_target, "65535"},
    {"list-duplicate", "refused", list_order, "aa"},
    {"list-disorder", "refused", list_order, "ba"},
    {"list-again", "refused", list_again, "m"},
    {"list-back", "refused", list_again, "b"},
    {"list-after-last", "refused", list_after_last, NULL},
    {"list-number-skipped", "refused", list_number, "2"},
    {"list-number-root", "refused", list_number, "0"},
    {"list-number-huge", "refused", list_number, "0xffffffff"},
    {"list-of-file", "refused", list_ref, "1,1"},
    {"list-of-symlink", "refused", list_ref, "1,2"},
    {"list-of-fifo", "refused", list_ref, "1,3"},
    {"list-of-nothing", "refused", list_ref, "1,4"},
    {"list-of-itself", "refused", list_ref, "2,0"},
    {"list-of-future", "refused", list_ref, "4294967295,4294967295"},
    {"list-unasked", "refused", list_unasked, NULL},
    {"list-twice", "refused", list_twice, NULL},
    {"list-count-more", "refused", list_count, "2"},
    {"list-count-less", "refused", list_count, "0"},
    {"list-count-huge", "refused", list_count, "0xffffffff"},
    {"list-noise", "refused", list_bytes, NULL},
};

#endif
