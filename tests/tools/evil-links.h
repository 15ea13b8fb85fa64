/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attacks that try to leave the share through symlinks and hard links. */
#ifndef ZC_TESTS_EVIL_LINKS_H
#define ZC_TESTS_EVIL_LINKS_H

#include "evil-sender.h"

/* `planted` in the share is a symlink that leads outside. */
static void dir_over_symlink(struct evil *e, const char *arg)
{
    struct zc_entry dir = wire_entry("planted", S_IFDIR | 0777);
    struct zc_entry inside = file_entry("inside", 5);
    (void)arg;
    begin_with(e, &dir, 1);
    put_list(e, 2, first, ZC_LIST_LAST, "", &inside, 1);
    evil_await(e, ZC_FRAME_NEED);
    put_file(e, (struct zc_ref){2, 0}, &inside, "evil!");
    evil_await(e, ZC_FRAME_RESULT);
}

static void file_over_symlink(struct evil *e, const char *arg)
{
    struct zc_entry victim = file_entry("planted", 5);
    (void)arg;
    begin_with(e, &victim, 1);
    put_file(e, first, &victim, "evil!");
    evil_await(e, ZC_FRAME_RESULT);
}

static void open_through_symlink(struct evil *e, const char *arg)
{
    struct zc_entry victim = file_entry("sentinel", 5);
    struct zc_msg_open m = good_open();
    m.path = wire_bytes(arg);
    m.flags = ZC_OPEN_DELETE | ZC_OPEN_FORCE_DELETE;
    open_session(e, &m);
    opened(e);
    put_root(e);
    evil_await(e, ZC_FRAME_NEED);
    put_list(e, 1, root_ref, ZC_LIST_LAST, "", &victim, 1);
    evil_await(e, ZC_FRAME_NEED);
    put_file(e, first, &victim, "evil!");
}

/* The directory becomes a symlink before its content arrives. */
static void symlink_then_file(struct evil *e, const char *arg)
{
    struct zc_entry entries[] = {link_entry("a link", arg),
                                 wire_entry("b dir", S_IFDIR | 0777)};
    struct zc_entry inside = file_entry("sentinel", 5);
    begin_with(e, entries, 2);
    put_list(e, 2, (struct zc_ref){1, 0}, ZC_LIST_LAST, "", &inside, 1);
    put_file(e, (struct zc_ref){2, 0}, &inside, "evil!");
}

/* An entry listed as a symlink is sent as a file with metadata to match. */
static void meta_through_symlink(struct evil *e, const char *arg)
{
    struct zc_entry link = link_entry("planted", "elsewhere");
    struct zc_msg_file m = {.ref = first, .xattrs = wire_xattrs()};
    (void)arg;
    link.flags = ZC_ENTRY_XATTRS;
    memset(link.xattr_digest, 1, sizeof link.xattr_digest);
    begin_with(e, &link, 1);
    m.entry = link;
    m.entry.mode = S_IFDIR | 07777;
    m.entry.target_len = 0;
    zc_file_encode(&e->out, ZC_FRAME_META, &m);
    evil_send(e);
}

static void link_groups(struct evil *e, const char *arg)
{
    struct zc_entry entries[] = {
        file_entry("a", 5),
        file_entry("b", 7),
        link_entry("c", "/etc/passwd"),
        wire_entry("d", S_IFIFO | 0644),
        file_entry("e", UINT32_MAX),
        file_entry("planted", 5),
    };
    (void)arg;
    for (size_t i = 0; i < ZC_ARRAY_LEN(entries); i++) {
        entries[i].flags = ZC_ENTRY_HARD_LINK;
        entries[i].link_dev = UINT32_MAX;
        entries[i].link_ino = UINT64_MAX;
        entries[i].link_count = UINT32_MAX;
    }
    begin_with(e, entries, ZC_ARRAY_LEN(entries));
    for (uint32_t i = 0; i < 2; i++)
        put_file(e, (struct zc_ref){1, i}, &entries[i],
                 i ? "seven b" : "evil!");
    evil_await(e, ZC_FRAME_RESULT);
    zc_done_encode(&e->out, 0);
    evil_send(e);
}

static const struct attack link_attacks[] = {
    {"open-symlink", "refused", open_through_symlink, "planted"},
    {"open-symlink-sub", "refused", open_through_symlink, "planted/sub"},
    {"dir-over-symlink", "any", dir_over_symlink, NULL},
    {"file-over-symlink", "any", file_over_symlink, NULL},
    {"symlink-then-file", "refused", symlink_then_file, "/etc"},
    {"symlink-up-then-file", "refused", symlink_then_file, ".."},
    {"meta-through-symlink", "any", meta_through_symlink, NULL},
    {"link-groups", "any", link_groups, NULL},
};

#endif
