// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A hostile receiver: takes one connection of `zcsync push` and answers it as
 * ATTACK says.
 *
 *     evil-receiver ATTACK    prints "listening ADDR:PORT", then serves
 *     evil-receiver --list    "ATTACK CODES" for each: the exit codes of push
 *                             that are right, as a pattern
 *
 * The sender for those that begin with "round-" is tests/tools/rounds.
 * SRC is expected to hold a-dir/inside, b-small, c-big (too large to come
 * inline), d-link (a symlink) and e-small, and no more.
 */
#include "evil.h"

#include <netinet/in.h>

enum { DIR, SMALL, BIG, LINK, LAST_SMALL, ENTRIES };

enum { PATIENCE_S = 20 };

static int listener;

/* ---- steps of a good session --------------------------------------------- */

static void meet(struct evil *e)
{
    e->fd = accept(listener, NULL, NULL);
    if (e->fd < 0) {
        perror("evil-receiver: accept");
        exit(2);
    }
    evil_socket_timeout(e, PATIENCE_S);
}

static void hello(struct evil *e)
{
    meet(e);
    evil_hello(e, ZC_ROLE_RECEIVER);
    evil_await(e, ZC_FRAME_OPEN);
}

static void put_opened(struct evil *e, const char *name)
{
    zc_opened_encode(&e->out, &(struct zc_msg_opened){
                                  .host_id = {1, 2, 3},
                                  .root_dev = 1, .root_ino = 2,
                                  .name = wire_bytes(name)});
    evil_send(e);
}

static void put_need(struct evil *e, uint32_t list, uint16_t flags,
                     uint32_t index, uint8_t what)
{
    size_t at = zc_need_begin(&e->out, list);
    zc_need_add(&e->out, &(struct zc_need_item){.index = index, .what = what});
    zc_need_end(&e->out, at, 1, flags);
    evil_send(e);
}

static void put_final(struct evil *e, uint32_t list)
{
    size_t at = zc_need_begin(&e->out, list);
    zc_need_end(&e->out, at, 0, ZC_NEED_FINAL);
    evil_send(e);
}

static void put_result(struct evil *e, uint32_t list, uint32_t index,
                       uint8_t status, uint8_t op, uint32_t eno)
{
    size_t at = zc_result_begin(&e->out);
    zc_result_add(&e->out, &(struct zc_result_item){{list, index}, status, op,
                                                    eno});
    zc_result_end(&e->out, at, 1);
    evil_send(e);
}

static void begin(struct evil *e)
{
    hello(e);
    put_opened(e, "");
    evil_await(e, ZC_FRAME_LIST);
}

/* Up to the list of the root's entries, list 1. */
static void begin_root(struct evil *e)
{
    begin(e);
    put_need(e, 0, ZC_NEED_FINAL, 0, ZC_NEED_DESCEND);
    evil_await(e, ZC_FRAME_LIST);
}

/* ---- before the session -------------------------------------------------- */

static void hello_bytes(struct evil *e, const char *bytes)
{
    meet(e);
    evil_raw(e, bytes, strlen(bytes));
    if (strlen(bytes) < ZC_HELLO_SIZE)
        shutdown(e->fd, SHUT_WR);
}

static void hello_as(struct evil *e, const char *arg)
{
    struct zc_hello h = {1, 1, ZC_ROLE_RECEIVER, UINT64_MAX, 0, 0};
    uint8_t bytes[ZC_HELLO_SIZE];
    if (strcmp(arg, "version") == 0)
        h.version = h.version_min = 0x7fff;
    else if (strcmp(arg, "role") == 0)
        h.role = ZC_ROLE_SENDER;
    zc_hello_encode(&h, bytes);
    meet(e);
    evil_raw(e, bytes, sizeof bytes);
}

static void silent(struct evil *e, const char *stage)
{
    if (strcmp(stage, "hello") == 0)
        meet(e);
    else if (strcmp(stage, "open") == 0)
        hello(e);
    else if (strcmp(stage, "list") == 0)
        begin(e);
    else
        begin_root(e);
    sleep(PATIENCE_S);
}

static void opened_name(struct evil *e, const char *name)
{
    hello(e);
    put_opened(e, name);
    evil_await(e, ZC_FRAME_LIST);
    put_need(e, 0, ZC_NEED_FINAL, 0, ZC_NEED_DESCEND);
    evil_await(e, ZC_FRAME_LIST);
    put_need(e, 1, 0, ENTRIES, ZC_NEED_DATA);
}

static void opened_bytes(struct evil *e, const char *arg)
{
    static uint8_t noise[ZC_FRAME_BODY_MAX];
    hello(e);
    evil_frame(e, ZC_FRAME_OPENED, noise, (size_t)atoi(arg));
}

static void opened_twice(struct evil *e, const char *arg)
{
    (void)arg;
    hello(e);
    put_opened(e, "");
    put_opened(e, "");
}

static void instead_of_opened(struct evil *e, const char *arg)
{
    (void)arg;
    hello(e);
    put_need(e, 0, ZC_NEED_FINAL, 0, ZC_NEED_DESCEND);
}

static void error_at_open(struct evil *e, const char *text)
{
    hello(e);
    zc_error_encode(&e->out, &(struct zc_msg_error){5, wire_bytes(text)});
    evil_send(e);
}

static void hang_up(struct evil *e, const char *stage)
{
    struct linger reset = {1, 0};
    if (strstr(stage, "open"))
        hello(e);
    else
        begin_root(e);
    if (strstr(stage, "reset"))
        setsockopt(e->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(e->fd);
    evil_end(e, "hung up");
}

/* ---- questions ----------------------------------------------------------- */

/* ARG: "index,what" twice, in one NEED of list 1. */
static void need_two(struct evil *e, const char *arg)
{
    unsigned v[4] = {0};
    sscanf(arg, "%u,%i %u,%i", &v[0], (int *)&v[1], &v[2], (int *)&v[3]);
    begin_root(e);
    size_t at = zc_need_begin(&e->out, 1);
    for (int i = 0; i < 4; i += 2)
        zc_need_add(&e->out, &(struct zc_need_item){
                                 .index = v[i], .what = (uint8_t)v[i + 1]});
    zc_need_end(&e->out, at, 2, 0);
    evil_send(e);
}

/* The same in two messages. */
static void need_in_turn(struct evil *e, const char *arg)
{
    unsigned v[4] = {0};
    sscanf(arg, "%u,%i %u,%i", &v[0], (int *)&v[1], &v[2], (int *)&v[3]);
    begin_root(e);
    put_need(e, 1, 0, v[0], (uint8_t)v[1]);
    put_need(e, 1, 0, v[2], (uint8_t)v[3]);
}

/* The latter the second time through. */
static void need_second(struct evil *e, const char *arg)
{
    unsigned v[4] = {0};
    sscanf(arg, "%u,%i %u,%i", &v[0], (int *)&v[1], &v[2], (int *)&v[3]);
    begin_root(e);
    put_need(e, 1, 0, v[0], (uint8_t)v[1]);
    put_need(e, 1, ZC_NEED_SECOND, v[2], (uint8_t)v[3]);
    put_need(e, 1, ZC_NEED_SECOND, v[2], (uint8_t)v[3]);
}

static void need_one(struct evil *e, const char *arg)
{
    unsigned index = 0, what = 0;
    sscanf(arg, "%u,%i", &index, (int *)&what);
    begin_root(e);
    put_need(e, 1, 0, index, (uint8_t)what);
}

static void need_list(struct evil *e, const char *arg)
{
    begin_root(e);
    put_need(e, (uint32_t)strtoul(arg, NULL, 0), 0, 0, ZC_NEED_DESCEND);
}

static void need_after_final(struct evil *e, const char *arg)
{
    (void)arg;
    begin_root(e);
    put_final(e, 1);
    put_need(e, 1, 0, SMALL, ZC_NEED_DATA);
}

static void need_count(struct evil *e, const char *arg)
{
    begin_root(e);
    size_t at = zc_need_begin(&e->out, 1);
    zc_need_add(&e->out, &(struct zc_need_item){
                             .index = SMALL, .what = ZC_NEED_DATA});
    zc_need_end(&e->out, at, (uint32_t)strtoul(arg, NULL, 0), 0);
    evil_send(e);
}

static void need_flags(struct evil *e, const char *arg)
{
    (void)arg;
    begin_root(e);
    put_need(e, 1, 0xffff, SMALL, ZC_NEED_DATA);
}

/* Of what a dry run was told about it wants the bytes after all. */
static void dry_again(struct evil *e, const char *arg)
{
    (void)arg;
    begin_root(e);
    put_need(e, 1, 0, SMALL, ZC_NEED_META);
    evil_await(e, ZC_FRAME_META);
    put_result(e, 1, SMALL, ZC_STATUS_AGAIN, 0, 0);
    evil_await(e, ZC_FRAME_FILE);
}

/* ---- answers ------------------------------------------------------------- */

static void put_got(struct evil *e, uint32_t list, uint32_t index)
{
    zc_ref_encode(&e->out, ZC_FRAME_GOT, (struct zc_ref){list, index});
    evil_send(e);
}

static void got_nothing(struct evil *e, const char *arg)
{
    unsigned list = 0, index = 0;
    sscanf(arg, "%u,%u", &list, &index);
    begin_root(e);
    put_got(e, list, index);
}

static void got_unsent(struct evil *e, const char *arg)
{
    (void)arg;
    begin_root(e);
    put_need(e, 1, 0, BIG, ZC_NEED_DATA);
    put_got(e, 1, BIG);
    put_got(e, 1, BIG);
}

static void got_small(struct evil *e, const char *arg)
{
    (void)arg;
    begin_root(e);
    put_need(e, 1, 0, SMALL, ZC_NEED_DATA);
    evil_await(e, ZC_FRAME_FILE);
    put_got(e, 1, SMALL);
}

static void got_twice(struct evil *e, const char *arg)
{
    (void)arg;
    begin_root(e);
    put_need(e, 1, 0, BIG, ZC_NEED_DATA);
    evil_await(e, ZC_FRAME_FILE);
    put_got(e, 1, BIG);
    put_got(e, 1, BIG);
}

/* The bytes of a file that was not passed, and nothing else. */
static void bytes_for(struct evil *e, const char *arg)
{
    struct zc_msg_bytes m = {.eno = 95};
    sscanf(arg, "%u,%u", &m.ref.list, &m.ref.index);
    begin_root(e);
    put_need(e, 1, 0, BIG, ZC_NEED_DATA);
    evil_await(e, ZC_FRAME_FILE);
    zc_bytes_encode(&e->out, &m);
    evil_send(e);
}

/* All the bytes are taken, and never a word about them. */
static void got_never(struct evil *e, const char *arg)
{
    (void)arg;
    begin_root(e);
    put_need(e, 1, 0, BIG, ZC_NEED_DATA);
    put_final(e, 1);
    while (evil_recv(e))
        ;
}

static void result_for(struct evil *e, const char *arg)
{
    unsigned list = 0, index = 0, status = 0, op = 0;
    sscanf(arg, "%u,%u %u,%u", &list, &index, &status, &op);
    begin_root(e);
    put_result(e, list, index, (uint8_t)status, (uint8_t)op, 13);
}

static void result_unsent(struct evil *e, const char *arg)
{
    (void)arg;
    begin_root(e);
    size_t at = zc_need_begin(&e->out, 1);
    zc_need_add(&e->out, &(struct zc_need_item){
                             .index = LINK, .what = ZC_NEED_META});
    zc_need_end(&e->out, at, 1, 0);
    evil_send(e);
    evil_await(e, ZC_FRAME_META);
    put_result(e, 1, LINK, ZC_STATUS_AGAIN, 0, 0);
}

static void result_twice(struct evil *e, const char *arg)
{
    (void)arg;
    begin_root(e);
    put_need(e, 1, 0, SMALL, ZC_NEED_DATA);
    evil_await(e, ZC_FRAME_FILE);
    put_result(e, 1, SMALL, ZC_STATUS_OK, 0, 0);
    put_result(e, 1, SMALL, ZC_STATUS_OK, 0, 0);
}

static void result_failed(struct evil *e, const char *arg)
{
    begin_root(e);
    put_need(e, 1, ZC_NEED_FINAL, SMALL, ZC_NEED_DATA);
    evil_await(e, ZC_FRAME_FILE);
    put_result(e, 1, SMALL, ZC_STATUS_FAILED, ZC_OP_MAX - 1,
               (uint32_t)strtoul(arg, NULL, 0));
    evil_await(e, ZC_FRAME_DONE);
    zc_finished_encode(&e->out, &(struct zc_msg_finished){0});
    evil_send(e);
}

static void result_count(struct evil *e, const char *arg)
{
    begin_root(e);
    put_need(e, 1, 0, SMALL, ZC_NEED_DATA);
    evil_await(e, ZC_FRAME_FILE);
    size_t at = zc_result_begin(&e->out);
    zc_result_add(&e->out, &(struct zc_result_item){.ref = {1, SMALL}});
    zc_result_end(&e->out, at, (uint32_t)strtoul(arg, NULL, 0));
    evil_send(e);
}

/* It is never good enough. */
static void again_for_ever(struct evil *e, const char *arg)
{
    (void)arg;
    begin_root(e);
    put_need(e, 1, ZC_NEED_FINAL, SMALL, ZC_NEED_DATA);
    while (evil_await(e, ZC_FRAME_FILE))
        put_result(e, 1, SMALL, ZC_STATUS_AGAIN, 0, 0);
}

/* ---- the end ------------------------------------------------------------- */

static void put_finished(struct evil *e, uint8_t code, const char *text)
{
    zc_finished_encode(&e->out, &(struct zc_msg_finished){
                                    .code = code, .created = UINT64_MAX,
                                    .deleted = UINT64_MAX,
                                    .text = wire_bytes(text)});
    evil_send(e);
}

static void finished_early(struct evil *e, const char *arg)
{
    (void)arg;
    begin_root(e);
    put_finished(e, 0, "");
}

/* Nothing is needed; ARG: "CODE TEXT". */
static void finished_with(struct evil *e, const char *arg)
{
    char *text;
    unsigned long code = strtoul(arg, &text, 10);
    begin_root(e);
    put_final(e, 1);
    evil_await(e, ZC_FRAME_DONE);
    put_finished(e, (uint8_t)code, text);
}

static void after_finished(struct evil *e, const char *arg)
{
    (void)arg;
    begin_root(e);
    put_final(e, 1);
    evil_await(e, ZC_FRAME_DONE);
    put_finished(e, 0, "");
    put_finished(e, 0, "");
    put_need(e, 1, 0, SMALL, ZC_NEED_DATA);
    evil_raw(e, "noise", 5);
}

static void error_frame(struct evil *e, uint8_t code, const char *text)
{
    zc_error_encode(&e->out, &(struct zc_msg_error){code, wire_bytes(text)});
    evil_send(e);
}

static void error_with(struct evil *e, const char *arg)
{
    char *text;
    unsigned long code = strtoul(arg, &text, 10);
    begin_root(e);
    error_frame(e, (uint8_t)code, text);
}

static void note(struct evil *e, const char *path)
{
    begin_root(e);
    zc_note_encode(&e->out, &(struct zc_msg_note){
                                ZC_OP_DELETE, S_IFREG, 0, wire_bytes(path)});
    zc_note_encode(&e->out, &(struct zc_msg_note){
                                ZC_OP_DELETE, S_IFREG, 1, wire_bytes(path)});
    evil_send(e);
    put_final(e, 1);
    evil_await(e, ZC_FRAME_DONE);
    put_finished(e, 0, "");
}

/* ---- streams that are wrong ---------------------------------------------- */

static void frame_header(struct evil *e, const char *arg)
{
    unsigned length = 0, type = 0, flags = 0;
    long long seq = 0;
    uint8_t bytes[ZC_FRAME_HEADER_SIZE];
    sscanf(arg, "%i,%i,%i,%lli", (int *)&length, (int *)&type, (int *)&flags,
           &seq);
    begin_root(e);
    struct zc_frame f = {length, (uint16_t)type, (uint16_t)flags,
                         e->seq_out + (uint64_t)seq};
    zc_frame_encode(&f, bytes);
    evil_raw(e, bytes, sizeof bytes);
}

static void frame_type(struct evil *e, const char *arg)
{
    begin_root(e);
    evil_frame(e, (unsigned)atoi(arg), "\0\0\0\0\0\0\0\0", 8);
}

static void frame_cut(struct evil *e, const char *arg)
{
    uint8_t bytes[ZC_FRAME_HEADER_SIZE + 100] = {0};
    begin_root(e);
    struct zc_frame f = {1000, ZC_FRAME_NEED, 0, e->seq_out + 1};
    zc_frame_encode(&f, bytes);
    evil_raw(e, bytes, (size_t)atoi(arg));
    shutdown(e->fd, SHUT_WR);
}

/* ---- floods -------------------------------------------------------------- */

enum { MILLION = 1000000 };

static void ping_flood(struct evil *e, const char *arg)
{
    (void)arg;
    begin_root(e);
    for (int i = 0; i < MILLION && !e->over; i += 1000) {
        for (int k = 0; k < 1000; k++)
            zc_ping_encode(&e->out);
        evil_send(e);
    }
    put_final(e, 9);
}

static void note_flood(struct evil *e, const char *arg)
{
    char path[1024];
    bool deleted = strcmp(arg, "deleted") == 0;
    begin_root(e);
    memset(path, 'p', sizeof path);
    for (uint32_t i = 0; i < MILLION / 5 && !e->over; i++) {
        snprintf(path, 11, "%010u", i);
        for (size_t k = 10; k < sizeof path; k += 200)
            path[k] = '/';
        zc_note_encode(&e->out, &(struct zc_msg_note){
                                    (uint8_t)(deleted ? ZC_OP_DELETE
                                                      : i % ZC_OP_MAX),
                                    S_IFREG, deleted ? 0 : i,
                                    {(uint8_t *)path, sizeof path}});
        if (i % 256 == 255)
            evil_send(e);
    }
    put_final(e, 9);
}

static void result_flood(struct evil *e, const char *arg)
{
    (void)arg;
    begin_root(e);
    for (uint32_t i = 0; i < MILLION / ZC_RESULT_ITEMS_MAX && !e->over; i++) {
        size_t at = zc_result_begin(&e->out);
        for (uint32_t k = 0; k < ZC_RESULT_ITEMS_MAX; k++)
            zc_result_add(&e->out, &(struct zc_result_item){
                                       {1, SMALL},
                                       ZC_STATUS_NOTE_META,
                                       (uint8_t)(ZC_OP_META + k % 16), k});
        zc_result_end(&e->out, at, ZC_RESULT_ITEMS_MAX);
        evil_send(e);
    }
    put_final(e, 9);
}

/* Asks for everything there is and reads nothing of it. */
static void deaf(struct evil *e, const char *arg)
{
    (void)arg;
    begin_root(e);
    size_t at = zc_need_begin(&e->out, 1);
    for (uint32_t i = 0; i < ENTRIES; i++)
        zc_need_add(&e->out, &(struct zc_need_item){
                                 .index = i,
                                 .what = i == DIR ? ZC_NEED_DESCEND
                                         : i == LINK ? ZC_NEED_META
                                                     : ZC_NEED_DATA});
    zc_need_end(&e->out, at, ENTRIES, ZC_NEED_FINAL);
    evil_send(e);
    sleep(PATIENCE_S);
}

#include "evil-receiver-delta.h"
#include "evil-receiver-digests.h"
#include "evil-receiver-rounds.h"

#define ESCAPES "\033]0;owned\007\033[2J\nzcsync: all is well\r"

static const struct attack attacks[] = {
    {"hello-http", "2", hello_bytes, "HTTP/1.1 400 Bad Request\r\n\r\n"
                                     "and some more bytes"},
    {"hello-nothing", "12", hello_bytes, ""},
    {"hello-short", "12", hello_bytes, "zcsync"},
    {"hello-version", "2", hello_as, "version"},
    {"hello-role", "2", hello_as, "role"},
    {"silent-hello", "30", silent, "hello"},
    {"silent-open", "30", silent, "open"},
    {"silent-list", "30", silent, "list"},
    {"silent-need", "30", silent, "need"},
    {"opened-dotdot", "12", opened_name, ".."},
    {"opened-climbs", "12", opened_name, "../../x"},
    {"opened-unasked-name", "12", opened_name, "surprise"},
    {"opened-short", "12", opened_bytes, "3"},
    {"opened-long", "12", opened_bytes, "524288"},
    {"opened-twice", "12", opened_twice, NULL},
    {"opened-never", "12", instead_of_opened, NULL},
    {"error-at-open", "5", error_at_open, "there is no such share"},
    {"error-at-open-escapes", "5", error_at_open, ESCAPES},
    {"hang-up-open", "10|12", hang_up, "open"},
    {"hang-up-list", "10|12", hang_up, "list"},
    {"reset-open", "10|12", hang_up, "open reset"},
    {"reset-list", "10|12", hang_up, "list reset"},

    {"need-out-of-range", "12", need_one, "5,1"},
    {"need-far-out-of-range", "12", need_one, "4294967295,1"},
    {"need-nothing", "12", need_one, "1,0"},
    {"need-from-and-data", "12", need_one, "1,3"},
    {"need-from-of-dir", "12", need_one, "0,2"},
    {"need-from-of-link", "12", need_one, "3,2"},
    {"need-delta-of-dir", "12", need_one, "0,4"},
    {"need-delta-of-link", "12", need_one, "3,4"},
    {"need-bytes-of-dir", "12", need_one, "0,1"},
    {"need-check-of-dir", "12", need_one, "0,8"},
    {"need-bytes-of-link", "12", need_one, "3,1"},
    {"need-descend-file", "12", need_one, "1,32"},
    {"need-descend-link", "12", need_one, "3,32"},
    {"need-everything", "12", need_one, "1,0xe9"},
    {"need-two-ways", "12", need_one, "1,9"},
    {"need-same-twice", "12", need_two, "1,1 1,1"},
    {"need-descending", "12", need_two, "4,1 1,1"},
    {"need-same-in-turn", "12", need_in_turn, "1,1 1,1"},
    {"need-descending-in-turn", "12", need_in_turn, "4,1 1,1"},
    {"need-second-same", "12", need_second, "1,1 1,1"},
    {"need-second-twice", "12", need_second, "4,1 1,1"},
    {"need-second-descend", "12", need_second, "0,32 0,32"},
    {"need-descend-twice", "12", need_in_turn, "0,32 0,32"},
    {"need-root-again", "12", need_list, "0"},
    {"need-list-unknown", "12", need_list, "7"},
    {"need-list-far", "12", need_list, "0xffffffff"},
    {"need-after-final", "12", need_after_final, NULL},
    {"need-count-more", "12", need_count, "2"},
    {"need-count-less", "12", need_count, "0"},
    {"need-count-huge", "12", need_count, "0xffffffff"},
    {"need-flags", "12", need_flags, NULL},
    {"dry-need-data", "12", need_one, "1,1"},
    {"dry-need-big", "12", need_one, "2,1"},
    {"dry-need-pending", "12", need_one, "1,64"},
    {"dry-again", "12", dry_again, NULL},

    {"got-nothing", "12", got_nothing, "1,2"},
    {"got-unknown", "12", got_nothing, "99,99"},
    {"got-unsent", "12", got_unsent, NULL},
    {"got-small", "12", got_small, NULL},
    DELTA_ATTACKS,
    DIGEST_ATTACKS,
    {"got-twice", "12", got_twice, NULL},
    {"got-never", "30", got_never, NULL},
    {"bytes-not-passed", "12", bytes_for, "1,2"},
    {"bytes-unknown", "12", bytes_for, "9,9"},
    {"result-ok", "12", result_for, "1,1 0,0"},
    {"result-failed", "12", result_for, "1,1 1,5"},
    {"result-again", "12", result_for, "1,1 2,0"},
    {"result-status", "12", result_for, "1,1 9,0"},
    {"result-op", "12", result_for, "1,1 3,99"},
    {"result-out-of-range", "12", result_for, "1,5 4,4"},
    {"result-unknown", "12", result_for, "99,0 4,4"},
    {"result-again-of-link", "12", result_unsent, NULL},
    {"result-twice", "12", result_twice, NULL},
    {"result-errno-0", "23", result_failed, "0"},
    {"result-errno-far", "23", result_failed, "0xffffffff"},
    {"result-count-more", "12", result_count, "2"},
    {"result-count-less", "12", result_count, "0"},
    {"result-count-huge", "12", result_count, "0xffffffff"},
    {"again-for-ever", "30", again_for_ever, NULL},

    {"finished-early", "12", finished_early, NULL},
    {"finished-escapes", "25", finished_with, "25" ESCAPES},
    {"finished-silent-code", "25", finished_with, "25"},
    {"finished-odd-code", "[1-9].*", finished_with, "200 odd"},
    {"finished-and-more", "0|12", after_finished, NULL},
    {"error-escapes", "12", error_with, "12" ESCAPES},
    {"error-code-0", "12", error_with, "0 nothing"},
    {"error-code-23", "23|12", error_with, "23 in part"},
    {"error-code-odd", "[1-9].*", error_with, "255 odd"},
    {"error-no-text", "12", error_with, "12"},
    {"note-dotdot", "12", note, "../../etc/passwd"},
    {"note-absolute", "12", note, "/etc/passwd"},
    {"note-escapes", "12|23", note, "a" ESCAPES},

    {"seq-again", "12", frame_header, "0,41,0,0"},
    {"seq-skipped", "12", frame_header, "0,41,0,2"},
    {"frame-flags", "12", frame_header, "0,41,1,1"},
    {"frame-long", "12", frame_header, "0x80001,41,0,1"},
    {"frame-longest", "12", frame_header, "-1,21,0,1"},
    {"frame-type-0", "12", frame_type, "0"},
    {"frame-type-unknown", "12", frame_type, "39"},
    {"frame-type-sender", "12", frame_type, "1"},
    {"frame-type-data", "12", frame_type, "5"},
    {"frame-type-ping-with-body", "12", frame_type, "41"},
    {"frame-cut-in-header", "12", frame_cut, "7"},
    {"frame-cut-in-body", "12", frame_cut, "99"},

    {"ping-flood", "12", ping_flood, NULL},
    {"note-flood", "12", note_flood, "failed"},
    {"deleted-flood", "12", note_flood, "deleted"},
    {"result-flood", "12", result_flood, NULL},
    {"deaf", "30", deaf, NULL},

    ROUND_ATTACKS,
};

static int listen_somewhere(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t size = sizeof at;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener, (struct sockaddr *)&at, size) || listen(listener, 1) ||
        getsockname(listener, (struct sockaddr *)&at, &size)) {
        perror("evil-receiver: listen");
        return -1;
    }
    printf("listening 127.0.0.1:%u\n", ntohs(at.sin_port));
    fflush(stdout);
    return 0;
}

int main(int argc, char **argv)
{
    static struct evil e = {.fd = -1};

    if (argc == 2 && strcmp(argv[1], "--list") == 0)
        return evil_show(attacks, ZC_ARRAY_LEN(attacks));
    if (argc != 2) {
        fprintf(stderr, "usage: evil-receiver ATTACK | --list\n");
        return 2;
    }
    const struct attack *a =
        evil_find(attacks, ZC_ARRAY_LEN(attacks), argv[1]);
    if (!a) {
        fprintf(stderr, "evil-receiver: no attack is called %s\n", argv[1]);
        return 2;
    }
    if (listen_somewhere())
        return 2;
    a->run(&e, a->arg);

    /* Stays on the line, reading, until the sender hangs up. */
    while (!e.outcome[0])
        if (!evil_recv(&e))
            break;
    puts(e.outcome[0] ? e.outcome : "tolerated");
    zc_buf_fini(&e.out);
    return 0;
}
