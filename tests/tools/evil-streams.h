/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Streams that are wrong, and floods. */
#ifndef ZC_TESTS_EVIL_STREAMS_H
#define ZC_TESTS_EVIL_STREAMS_H

#include "evil-sender.h"

static void frame_header(struct evil *e, const char *arg)
{
    unsigned length = 0, type = 0, flags = 0;
    unsigned long long seq = 0;
    uint8_t bytes[ZC_FRAME_HEADER_SIZE];
    sscanf(arg, "%i,%i,%i,%lli", (int *)&length, (int *)&type, (int *)&flags,
           (long long *)&seq);
    begin(e);
    struct zc_frame f = {length, (uint16_t)type, (uint16_t)flags,
                         e->seq_out + seq};
    zc_frame_encode(&f, bytes);
    evil_raw(e, bytes, sizeof bytes);
}

static void frame_type(struct evil *e, const char *arg)
{
    begin(e);
    evil_frame(e, (unsigned)atoi(arg), "\0\0\0\0\0\0\0\0", 8);
}

static void frame_cut(struct evil *e, const char *arg)
{
    uint8_t bytes[ZC_FRAME_HEADER_SIZE + 100] = {0};
    begin(e);
    struct zc_frame f = {1000, ZC_FRAME_LIST, 0, e->seq_out + 1};
    zc_frame_encode(&f, bytes);
    evil_raw(e, bytes, (size_t)atoi(arg));
    shutdown(e->fd, SHUT_WR);
}

static void error_from_sender(struct evil *e, const char *text)
{
    begin(e);
    zc_error_encode(&e->out, &(struct zc_msg_error){12, wire_bytes(text)});
    evil_send(e);
}

static void idname_bad(struct evil *e, const char *name)
{
    begin(e);
    zc_idname_encode(&e->out, &(struct zc_msg_idname){0, 7,
                                                      wire_bytes(name)});
    evil_send(e);
}

/* ---- floods -------------------------------------------------------------- */

enum { MILLION = 1000000 };

static void ping_flood(struct evil *e, const char *arg)
{
    (void)arg;
    begin(e);
    for (int i = 0; i < MILLION && !e->over; i += 1000) {
        for (int k = 0; k < 1000; k++)
            zc_ping_encode(&e->out);
        evil_send(e);
    }
}

static void idname_flood(struct evil *e, const char *arg)
{
    char name[256];
    (void)arg;
    begin(e);
    memset(name, 'n', sizeof name);
    for (uint32_t i = 0; i < MILLION / 5 && !e->over; i++) {
        snprintf(name, 11, "%010u", i);
        name[10] = 'n';
        zc_idname_encode(&e->out, &(struct zc_msg_idname){
                                      i & 1, i, {(uint8_t *)name, 255}});
        if (i % 1000 == 999)
            evil_send(e);
    }
}

/* A million lists of one file each, no answer read. */
static void list_flood(struct evil *e, const char *arg)
{
    char name[16], after[16] = "";
    (void)arg;
    begin(e);
    for (uint32_t i = 0; i < MILLION && !e->over; i++) {
        snprintf(name, sizeof name, "%08u", i);
        struct zc_entry entry = file_entry(name, 5);
        put_list(e, 1 + i, root_ref, 0, after, &entry, 1);
        memcpy(after, name, sizeof name);
    }
}

/* Full lists of files, devices ... that are asked for and never come; the
 * answers are read and thrown away. ARG: how many entries, and their type. */
static void pending_flood(struct evil *e, const char *arg)
{
    static char names[ZC_LIST_ENTRIES_MAX][16];
    static struct zc_entry entries[ZC_LIST_ENTRIES_MAX];
    char after[16] = "";
    unsigned total = 0, type = S_IFREG, n = ZC_LIST_ENTRIES_MAX;
    sscanf(arg, "%u,%o", &total, &type);
    bool linked = strstr(arg, "linked");
    begin(e);
    for (unsigned i = 0; i < total / n && !e->over; i++) {
        for (unsigned k = 0; k < n; k++) {
            snprintf(names[k], sizeof names[k], "%08u", i * n + k);
            entries[k] = wire_entry(names[k], type | 0700);
            if (linked) {
                entries[k].flags = ZC_ENTRY_HARD_LINK;
                entries[k].link_ino = i * n + k;
                entries[k].link_count = 2;
            }
        }
        put_list(e, 1 + i, root_ref, 0, after, entries, n);
        memcpy(after, names[n - 1], sizeof after);
        evil_drain(e);
    }
    for (int i = 0; i < 20; i++) {
        usleep(50000);
        evil_drain(e);
    }
}

/* The same file begun and dropped over and over. */
static void retry_flood(struct evil *e, const char *arg)
{
    struct zc_entry victim = file_entry("victim", 1 << 30);
    (void)arg;
    begin_with(e, &victim, 1);
    for (int i = 0; i < 20000 && !e->over; i++) {
        put_file(e, first, &victim, NULL);
        put_end(e, first, ZC_VERDICT_RETRY);
        evil_drain(e);
    }
}

/* Everything at once and not one answer read, to the last byte of every buffer
 * in between. */
static void deaf(struct evil *e, const char *arg)
{
    static char names[ZC_LIST_ENTRIES_MAX][16];
    static struct zc_entry entries[ZC_LIST_ENTRIES_MAX];
    char after[16] = "";
    (void)arg;
    begin(e);
    for (unsigned i = 0; i < 2000 && !e->over; i++) {
        for (unsigned k = 0; k < ZC_LIST_ENTRIES_MAX; k++) {
            snprintf(names[k], sizeof names[k], "%04u%08u", i, k);
            entries[k] = file_entry(names[k], 5);
        }
        put_list(e, 1 + i, root_ref, 0, after, entries, ZC_LIST_ENTRIES_MAX);
        memcpy(after, names[ZC_LIST_ENTRIES_MAX - 1], sizeof after);
    }
}

static const struct attack stream_attacks[] = {
    {"seq-again", "refused", frame_header, "0,41,0,0"},
    {"seq-skipped", "refused", frame_header, "0,41,0,2"},
    {"frame-flags", "refused", frame_header, "0,41,1,1"},
    {"frame-long", "refused", frame_header, "0x80001,41,0,1"},
    {"frame-longest", "refused", frame_header, "-1,3,0,1"},
    {"frame-type-0", "refused", frame_type, "0"},
    {"frame-type-unknown", "refused", frame_type, "13"},
    {"frame-type-receiver", "refused", frame_type, "22"},
    {"frame-type-far", "refused", frame_type, "65535"},
    {"frame-type-ping-with-body", "refused", frame_type, "41"},
    {"frame-type-done-with-body", "refused", frame_type, "9"},
    {"frame-cut-in-header", "refused", frame_cut, "7"},
    {"frame-cut-after-header", "refused", frame_cut, "16"},
    {"frame-cut-in-body", "refused", frame_cut, "99"},
    {"error-with-escapes", "refused", error_from_sender,
     "\033]0;owned\007\033[2J\nzcsync: all is well"},
    {"idname-empty", "refused", idname_bad, ""},
    {"idname-odd", "any", idname_bad, "../../etc\n:\033[31m"},

    {"ping-flood", "any", ping_flood, NULL},
    {"idname-flood", "any", idname_flood, NULL},
    {"list-flood", "any", list_flood, NULL},
    {"pending-files", "any", pending_flood, "1000000,0100000"},
    {"pending-linked", "any", pending_flood, "1000000,0100000,linked"},
    {"pending-dirs", "any", pending_flood, "50000,0040000"},
    {"pending-fifos", "any", pending_flood, "50000,0010000"},
    {"retry-flood", "any", retry_flood, NULL},
    {"deaf", "any", deaf, NULL},
};

#endif
