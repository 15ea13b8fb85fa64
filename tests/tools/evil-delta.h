/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attacks with files that are made of older ones: ASK, COPY, PATCH. */
#ifndef ZC_TESTS_EVIL_DELTA_H
#define ZC_TESTS_EVIL_DELTA_H

#include "evil-sender.h"

/* A new version, of SIZE bytes, of file1, which has 5. */
static void begin_delta(struct evil *e, uint64_t size)
{
    struct zc_msg_open m = good_open();
    struct zc_entry file = file_entry("file1", size);
    m.flags |= ZC_OPEN_DELTA;
    open_session(e, &m);
    opened(e);
    put_root(e);
    evil_await(e, ZC_FRAME_NEED);
    put_list(e, 1, root_ref, ZC_LIST_LAST | ZC_LIST_INCOMPLETE, "", &file, 1);
    evil_await(e, ZC_FRAME_NEED);
    zc_file_encode(&e->out, ZC_FRAME_FILE,
                   &(struct zc_msg_file){.ref = first, .flags = ZC_FILE_DELTA,
                                         .entry = file});
    evil_send(e);
}

static void put_ask(struct evil *e, uint64_t offset, uint64_t blocks,
                    uint8_t grain)
{
    zc_ask_encode(&e->out, &(struct zc_msg_ask){first, offset, blocks, grain});
    evil_send(e);
}

static void put_copy(struct evil *e, uint64_t offset, uint64_t length,
                     uint64_t from)
{
    zc_copy_encode(&e->out, &(struct zc_msg_copy){first, offset, length, from});
    evil_send(e);
}

static void put_patch(struct evil *e, uint64_t offset, size_t n)
{
    static const uint8_t bytes[ZC_PATCH_MAX + 1];
    zc_patch_encode(&e->out, &(struct zc_msg_patch){first, offset, {bytes, n}});
    evil_send(e);
}

static void put_sent(struct evil *e)
{
    zc_ref_encode(&e->out, ZC_FRAME_SENT, first);
    evil_send(e);
}

/* Nobody has said that he can do it. */
static void delta_unasked(struct evil *e, const char *arg)
{
    struct zc_entry victim = file_entry("victim", 5);
    (void)arg;
    begin_with(e, &victim, 1);
    zc_file_encode(&e->out, ZC_FRAME_FILE,
                   &(struct zc_msg_file){.ref = first, .flags = ZC_FILE_DELTA,
                                         .entry = victim});
    evil_send(e);
}

/* ARG: what is said of a file that is sent whole. */
static void delta_of_whole(struct evil *e, const char *arg)
{
    begin_file(e, 1 << 20);
    if (*arg == 'a')
        put_ask(e, 0, 1, ZC_GRAIN_BIG);
    else if (*arg == 'c')
        put_copy(e, 0, 4096, 0);
    else
        put_patch(e, 0, 5);
}

/* ARG: offset, blocks, grain. */
static void delta_ask(struct evil *e, const char *arg)
{
    unsigned long long offset = 0, blocks = 0;
    unsigned grain = 0;
    sscanf(arg, "%lli,%lli,%u", (long long *)&offset, (long long *)&blocks,
           &grain);
    begin_delta(e, 1 << 20);
    put_ask(e, offset, blocks, (uint8_t)grain);
}

/* The basis is short, and more is asked of it than there is. */
static void delta_ask_much(struct evil *e, const char *arg)
{
    begin_delta(e, 1 << 20);
    put_ask(e, strtoull(arg, NULL, 0), UINT64_MAX, ZC_GRAIN_SMALL);
    evil_await(e, ZC_FRAME_SUMS);
    put_sent(e);
    put_end(e, first, ZC_VERDICT_VERIFY);
    evil_await(e, ZC_FRAME_RESULT);
}

/* ARG: offset, length, from: of a file of 1 MiB. */
static void delta_copy(struct evil *e, const char *arg)
{
    unsigned long long v[3] = {0};
    sscanf(arg, "%lli,%lli,%lli", (long long *)&v[0], (long long *)&v[1],
           (long long *)&v[2]);
    begin_delta(e, 1 << 20);
    put_copy(e, v[0], v[1], v[2]);
}

/* ARG: two offsets; each time 4 KiB are copied, or (the second) sent. */
static void delta_order(struct evil *e, const char *arg)
{
    unsigned a = 0, b = 0;
    sscanf(arg, "%u,%u", &a, &b);
    begin_delta(e, 1 << 20);
    put_copy(e, a, 4096, 0);
    if (strchr(arg, 'p'))
        put_patch(e, b, 4096);
    else
        put_copy(e, b, 4096, 0);
}

/* ARG: offset, bytes: of a file of 1 MiB. */
static void delta_patch(struct evil *e, const char *arg)
{
    unsigned long long offset = 0;
    unsigned n = 0;
    sscanf(arg, "%lli,%u", (long long *)&offset, &n);
    begin_delta(e, 1 << 20);
    put_patch(e, offset, n);
}

/* ARG: how it ends, with bytes of the basis that it does not have. */
static void delta_lies(struct evil *e, const char *arg)
{
    begin_delta(e, 1 << 20);
    put_copy(e, 0, 1 << 20, 0);
    put_sent(e);
    put_end(e, first, (uint8_t)atoi(arg));
    evil_await(e, ZC_FRAME_RESULT);
}

static void delta_after_sent(struct evil *e, const char *arg)
{
    begin_delta(e, 1 << 20);
    put_sent(e);
    if (*arg == 'c')
        put_copy(e, 0, 4096, 0);
    else
        put_ask(e, 0, 1, ZC_GRAIN_BIG);
}

/* Jobs without end: each file may have so many, and no more. */
static void delta_flood(struct evil *e, const char *arg)
{
    unsigned n = (unsigned)atoi(arg);
    begin_delta(e, (uint64_t)n << 12);
    for (unsigned i = 0; i < n && !e->over; i++)
        put_copy(e, (uint64_t)i << 12, 4096, (uint64_t)(i % 7) << 12);
    put_sent(e);
    put_end(e, first, ZC_VERDICT_VERIFY);
    evil_await(e, ZC_FRAME_RESULT);
}

/* ARG: so many copies of so many bytes wait, and then a question, which is to be
 * answered all the same; twice. */
static void delta_ahead(struct evil *e, const char *arg)
{
    unsigned n = 0, length = 0;
    uint64_t at = 0;
    sscanf(arg, "%u,%u", &n, &length);
    begin_delta(e, 2 * (uint64_t)n * length);
    for (int i = 0; i < 2; i++) {
        for (unsigned j = 0; j < n && !e->over; j++, at += length)
            put_copy(e, at, length, 0);
        put_ask(e, 0, 1, ZC_GRAIN_BIG);
        evil_await(e, ZC_FRAME_SUMS);
    }
    put_sent(e);
    put_end(e, first, ZC_VERDICT_VERIFY);
    evil_await(e, ZC_FRAME_RESULT);
}

/* The session ends in the middle of it. */
static void delta_hang_up(struct evil *e, const char *arg)
{
    (void)arg;
    begin_delta(e, 1 << 20);
    for (unsigned i = 0; i < 32; i++)
        put_ask(e, 0, UINT64_MAX, ZC_GRAIN_SMALL);
    close(e->fd);
    evil_end(e, "closed");
}

static const struct attack delta_attacks[] = {
    {"delta-unasked", "refused", delta_unasked, NULL},
    {"delta-ask-of-whole", "refused", delta_of_whole, "ask"},
    {"delta-copy-of-whole", "refused", delta_of_whole, "copy"},
    {"delta-patch-of-whole", "refused", delta_of_whole, "patch"},
    {"delta-ask-nothing", "refused", delta_ask, "0,0,16"},
    {"delta-ask-odd", "refused", delta_ask, "4096,1,16"},
    {"delta-ask-grain", "refused", delta_ask, "0,1,1"},
    {"delta-ask-anchors", "refused", delta_ask, "0,1,0"},
    {"delta-ask-anchors-odd", "refused", delta_ask, "4096,-1,0"},
    {"delta-ask-grain-64", "refused", delta_ask, "0,1,64"},
    {"delta-ask-2^63", "refused", delta_ask, "-9223372036854775808,1,16"},
    {"delta-ask-much", "any", delta_ask_much, "0"},
    {"delta-ask-beyond", "any", delta_ask_much, "0x100000"},
    {"delta-ask-far", "any", delta_ask_much, "0x7fffffffffff0000"},
    {"delta-copy-nothing", "refused", delta_copy, "0,0,0"},
    {"delta-copy-beyond", "refused", delta_copy, "1048576,1,0"},
    {"delta-copy-across", "refused", delta_copy, "1048575,2,0"},
    {"delta-copy-2^63", "refused", delta_copy, "0,-9223372036854775808,0"},
    {"delta-copy-wraps", "refused", delta_copy, "-50,100,0"},
    {"delta-copy-from-wraps", "refused", delta_copy, "0,100,-50"},
    {"delta-copy-overlaps", "refused", delta_order, "4096,8191"},
    {"delta-copy-goes-back", "refused", delta_order, "4096,0"},
    {"delta-patch-overlaps", "refused", delta_order, "4096,8191 p"},
    {"delta-patch-goes-back", "refused", delta_order, "4096,0 p"},
    {"delta-patch-nothing", "refused", delta_patch, "0,0"},
    {"delta-patch-beyond", "refused", delta_patch, "1048576,1"},
    {"delta-patch-too-long", "refused", delta_patch, "0,131073"},
    {"delta-patch-wraps", "refused", delta_patch, "-1,2"},
    {"delta-lies", "any", delta_lies, "3"},
    {"delta-unproved", "refused", delta_lies, "0"},
    {"delta-ask-after-sent", "refused", delta_after_sent, "ask"},
    {"delta-copy-after-sent", "refused", delta_after_sent, "copy"},
    {"delta-flood", "any", delta_flood, "200000"},
    {"delta-ahead-jobs", "any", delta_ahead, "6000,4096"},
    {"delta-ahead-bytes", "any", delta_ahead, "1,536870912"},
    {"delta-hang-up", "any", delta_hang_up, NULL},
};

#endif
