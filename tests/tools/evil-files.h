/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attacks with files: FILE, DATA, END, META, DONE. */
#ifndef ZC_TESTS_EVIL_FILES_H
#define ZC_TESTS_EVIL_FILES_H

#include "evil-sender.h"

static void file_name(struct evil *e, const char *name)
{
    struct zc_entry victim = file_entry("victim", 5);
    struct zc_entry other = file_entry(name, 5);
    begin_with(e, &victim, 1);
    put_file(e, first, &other, "evil!");
}

/* The same with a file that comes in ranges. */
static void big_name(struct evil *e, const char *name)
{
    struct zc_entry victim = file_entry("victim", 1 << 20);
    struct zc_entry other = file_entry(name, 1 << 20);
    begin_with(e, &victim, 1);
    put_file(e, first, &other, NULL);
    put_data(e, first, 0, 4096, 4096);
    put_end(e, first, ZC_VERDICT_COMMIT);
    evil_await(e, ZC_FRAME_RESULT);
}

/* ... and with a symlink that is sent as metadata. */
static void special_name(struct evil *e, const char *name)
{
    struct zc_entry victim = link_entry("victim", "/etc");
    struct zc_msg_file m = {.ref = first, .xattrs = wire_xattrs()};
    victim.flags = ZC_ENTRY_XATTRS;
    memset(victim.xattr_digest, 1, sizeof victim.xattr_digest);
    begin_with(e, &victim, 1);
    m.entry = victim;
    m.entry.name = name;
    m.entry.name_len = (uint8_t)strlen(name);
    zc_file_encode(&e->out, ZC_FRAME_META, &m);
    evil_send(e);
    evil_await(e, ZC_FRAME_RESULT);
}

static void file_ref(struct evil *e, const char *arg)
{
    struct zc_entry entries[] = {
        wire_entry("a dir", S_IFDIR | 0755), file_entry("b file", 5),
        link_entry("c link", "/etc/passwd"),
        wire_entry("d fifo", S_IFIFO | 0644)};
    struct zc_ref ref = {0, 0};
    sscanf(arg, "%u,%u", &ref.list, &ref.index);
    begin_with(e, entries, ZC_ARRAY_LEN(entries));
    struct zc_entry lie =
        file_entry(ref.list == 1 && ref.index < 4 ? entries[ref.index].name
                                                  : "lie", 5);
    put_file(e, ref, &lie, "evil!");
}

static void file_twice(struct evil *e, const char *arg)
{
    struct zc_entry victim = file_entry("victim", 100);
    (void)arg;
    begin_file(e, 100);
    put_file(e, first, &victim, NULL);
}

/* As if it had come over a socket pair, with the file itself. */
static void file_passed(struct evil *e, const char *arg)
{
    struct zc_entry victim = file_entry("victim", 1 << 20);
    struct zc_msg_file m = {
        .ref = first, .flags = ZC_FILE_PASSED, .entry = victim};
    (void)arg;
    begin_with(e, &victim, 1);
    zc_file_encode(&e->out, ZC_FRAME_FILE, &m);
    evil_send(e);
    evil_await(e, ZC_FRAME_GOT);
}

static void file_after_result(struct evil *e, const char *arg)
{
    struct zc_entry victim = file_entry("victim", 5);
    (void)arg;
    begin_with(e, &victim, 1);
    put_file(e, first, &victim, "first");
    evil_await(e, ZC_FRAME_RESULT);
    put_file(e, first, &victim, "again");
}

static void file_many_open(struct evil *e, const char *arg)
{
    static char names[ZC_OPEN_FILES_MAX + 1][8];
    struct zc_entry entries[ZC_OPEN_FILES_MAX + 1];
    (void)arg;
    for (uint32_t i = 0; i < ZC_ARRAY_LEN(entries); i++) {
        snprintf(names[i], sizeof names[i], "f%03u", i);
        entries[i] = file_entry(names[i], 1 << 20);
    }
    begin_with(e, entries, ZC_ARRAY_LEN(entries));
    for (uint32_t i = 0; i < ZC_ARRAY_LEN(entries); i++)
        put_file(e, (struct zc_ref){1, i}, &entries[i], NULL);
}

static void file_inline_size(struct evil *e, const char *arg)
{
    struct zc_entry victim = file_entry("victim", strtoull(arg, NULL, 0));
    begin_with(e, &victim, 1);
    put_file(e, first, &victim, "12345");
}

static void file_huge(struct evil *e, const char *arg)
{
    begin_file(e, strtoull(arg, NULL, 0));
    put_data(e, first, 0, 4096, 4096);
    put_end(e, first, ZC_VERDICT_COMMIT);
    evil_await(e, ZC_FRAME_RESULT);
}

static void file_xattrs(struct evil *e, const char *arg)
{
    struct zc_entry victim = file_entry("victim", 5);
    struct zc_msg_file m = {
        .ref = first, .flags = ZC_FILE_INLINE, .data = wire_bytes("evil!")};
    static uint8_t noise[ZC_FRAME_BODY_MAX - 4096];
    victim.flags = ZC_ENTRY_XATTRS;
    memset(victim.xattr_digest, 1, sizeof victim.xattr_digest);
    m.entry = victim;
    memset(noise, 0xff, sizeof noise);
    m.xattrs = (struct zc_bytes){noise, (size_t)atoi(arg)};
    begin_with(e, &victim, 1);
    zc_file_encode(&e->out, ZC_FRAME_FILE, &m);
    evil_send(e);
}

static void data_range(struct evil *e, const char *arg)
{
    uint64_t offset = 0, length = 0;
    sscanf(arg, "%lli,%lli", (long long *)&offset, (long long *)&length);
    begin_file(e, 100);
    put_data(e, first, offset, length, ZC_MIN(length, (uint64_t)65536));
}

static void data_unopened(struct evil *e, const char *arg)
{
    struct zc_entry victim = file_entry("victim", 100);
    (void)arg;
    begin_with(e, &victim, 1);
    put_data(e, first, 0, 100, 100);
}

static void data_after_end(struct evil *e, const char *arg)
{
    (void)arg;
    begin_file(e, 100);
    put_data(e, first, 0, 50, 50);
    put_end(e, first, ZC_VERDICT_COMMIT);
    put_data(e, first, 50, 50, 50);
}

static void data_order(struct evil *e, const char *arg)
{
    begin_file(e, 65536);
    put_data(e, first, 4096, 4096, 4096);
    put_data(e, first, (uint64_t)atoi(arg), 4096, 4096);
}

static void data_cut(struct evil *e, const char *arg)
{
    (void)arg;
    begin_file(e, 1 << 20);
    put_data(e, first, 0, 1 << 20, 65536);
    shutdown(e->fd, SHUT_WR);
}

static void end_ref(struct evil *e, const char *arg)
{
    struct zc_entry victim = file_entry("victim", 100);
    begin_with(e, &victim, 1);
    put_end(e, first, (uint8_t)atoi(arg));
}

static void end_twice(struct evil *e, const char *arg)
{
    (void)arg;
    begin_file(e, 100);
    put_end(e, first, ZC_VERDICT_COMMIT);
    put_end(e, first, ZC_VERDICT_COMMIT);
}

static void sent_unopened(struct evil *e, const char *arg)
{
    struct zc_entry victim = file_entry("victim", 100);
    (void)arg;
    begin_with(e, &victim, 1);
    zc_ref_encode(&e->out, ZC_FRAME_SENT, first);
    evil_send(e);
}

static void meta_unasked(struct evil *e, const char *arg)
{
    struct zc_entry entries[] = {file_entry("victim", 5)};
    struct zc_msg_file m = {.ref = first, .entry = entries[0]};
    sscanf(arg, "%u,%u", &m.ref.list, &m.ref.index);
    if (m.ref.list == 0)
        m.entry = wire_entry("", S_IFDIR | 0777);
    begin_with(e, entries, 1);
    zc_file_encode(&e->out, ZC_FRAME_META, &m);
    evil_send(e);
}

/* A thousand directories with 128 KiB of attributes each, none of which is ever
 * finished. */
static void meta_hoard(struct evil *e, const char *arg)
{
    enum { N = 1000, VALUE = 65536 };
    static char names[N][8], value[VALUE];
    static struct zc_entry dirs[N];
    struct zc_buf set = ZC_BUF_INIT;
    (void)arg;
    zc_buf_u16(&set, 2);
    for (int i = 0; i < 2; i++) {
        zc_buf_u8(&set, 6);
        zc_buf_u32(&set, VALUE);
        zc_buf_put(&set, i ? "user.b" : "user.a", 6);
        zc_buf_put(&set, value, VALUE);
    }
    for (unsigned i = 0; i < N; i++) {
        snprintf(names[i], sizeof names[i], "h%04u", i);
        dirs[i] = wire_entry(names[i], S_IFDIR | 0755);
        dirs[i].flags = ZC_ENTRY_XATTRS;
        memset(dirs[i].xattr_digest, 1, sizeof dirs[i].xattr_digest);
    }
    begin_with(e, dirs, N);
    for (uint32_t i = 0; i < N && !e->over; i++) {
        struct zc_msg_file m = {.ref = {1, i},
                                .entry = dirs[i],
                                .xattrs = {set.data, set.len}};
        zc_file_encode(&e->out, ZC_FRAME_META, &m);
        evil_send(e);
        evil_drain(e);
    }
    zc_buf_fini(&set);
}

static void done_early(struct evil *e, const char *arg)
{
    (void)arg;
    begin_file(e, 100);
    put_data(e, first, 0, 50, 50);
    zc_done_encode(&e->out, 0);
    evil_send(e);
}

/* DONE while a directory that was asked for has not been listed. */
static void done_unlisted(struct evil *e, const char *arg)
{
    struct zc_entry dir = wire_entry("dir", S_IFDIR | 0755);
    (void)arg;
    begin_with(e, &dir, 1);
    zc_done_encode(&e->out, 0);
    evil_send(e);
}

static const struct attack file_attacks[] = {
    NAME_ATTACKS("file-name-", file_name),
    {"file-name-other", "any", file_name, "other"},
    {"file-name-planted", "any", file_name, "planted"},
    {"file-name-staging", "any", file_name, ".zcsync"},
    {"big-name-staging", "any", big_name, ".zcsync"},
    {"big-name-planted", "any", big_name, "planted"},
    {"big-name-climbs", "refused", big_name, "../sentinel"},
    {"special-name-staging", "any", special_name, ".zcsync"},
    {"special-name-planted", "any", special_name, "planted"},
    {"special-name-climbs", "refused", special_name, "../sentinel"},
    {"file-as-dir", "any", file_ref, "1,0"},
    {"file-as-symlink", "any", file_ref, "1,2"},
    {"file-as-fifo", "any", file_ref, "1,3"},
    {"file-unknown", "any", file_ref, "1,4"},
    {"file-of-root", "refused", file_ref, "0,0"},
    {"file-of-future", "refused", file_ref, "77,0"},
    {"file-of-far-future", "refused", file_ref, "4294967295,4294967295"},
    {"file-twice", "refused", file_twice, NULL},
    {"file-after-result", "refused", file_after_result, NULL},
    {"file-passed", "refused", file_passed, NULL},
    {"file-65-open", "refused", file_many_open, NULL},
    {"file-inline-short", "refused", file_inline_size, "6"},
    {"file-inline-long", "refused", file_inline_size, "4"},
    {"file-inline-huge", "refused", file_inline_size, "0x7fffffffffffffff"},
    {"file-size-2^63", "refused", file_inline_size, "0x8000000000000000"},
    {"file-8-eib", "any", file_huge, "0x7fffffffffffffff"},
    {"file-4-tib", "any", file_huge, "0x40000000000"},
    {"xattrs-noise", "refused", file_xattrs, "100"},
    {"xattrs-huge", "refused", file_xattrs, "500000"},
    {"data-beyond", "refused", data_range, "100,1"},
    {"data-too-long", "refused", data_range, "0,101"},
    {"data-across", "refused", data_range, "99,2"},
    {"data-nothing", "refused", data_range, "0,0"},
    {"data-offset-2^63", "refused", data_range, "-9223372036854775808,1"},
    {"data-offset-2^64", "refused", data_range, "-1,1"},
    {"data-length-2^63", "refused", data_range, "0,-9223372036854775808"},
    {"data-length-2^64", "refused", data_range, "0,-1"},
    {"data-wraps", "refused", data_range, "-50,100"},
    {"data-unopened", "refused", data_unopened, NULL},
    {"data-after-end", "refused", data_after_end, NULL},
    {"data-overlaps", "refused", data_order, "6000"},
    {"data-goes-back", "refused", data_order, "0"},
    {"data-cut", "refused", data_cut, NULL},
    {"end-unopened", "refused", end_ref, "0"},
    {"end-unopened-verify", "refused", end_ref, "3"},
    {"end-verdict", "refused", end_ref, "4"},
    {"end-twice", "refused", end_twice, NULL},
    {"sent-unopened", "refused", sent_unopened, NULL},
    {"meta-unasked", "any", meta_unasked, "1,1"},
    {"meta-of-root", "refused", meta_unasked, "0,0"},
    {"meta-hoard", "any", meta_hoard, NULL},
    {"done-early", "refused", done_early, NULL},
    {"done-unlisted", "refused", done_unlisted, NULL},
};

#endif
