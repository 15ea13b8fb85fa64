/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Attacks of evil-receiver on a sender that has rounds: tests/tools/rounds. Its
 * second round is AT 0 (the root), LIST 1 with the names of evil-receiver.c and
 * the bytes of the two small files, unasked. Included by evil-receiver.c, once.
 */
#ifndef ZC_TESTS_EVIL_RECEIVER_ROUNDS_H
#define ZC_TESTS_EVIL_RECEIVER_ROUNDS_H

/* The first round, about the whole tree: nothing is needed. */
static void first_round(struct evil *e)
{
    e->rounds = true;
    begin_root(e);
    put_final(e, 1);
    evil_await(e, ZC_FRAME_DONE);
    put_finished(e, 0, "");
}

/* Up to the list of the second, and both files. */
static void second_round(struct evil *e)
{
    first_round(e);
    evil_await(e, ZC_FRAME_LIST);
    evil_await(e, ZC_FRAME_FILE);
    evil_await(e, ZC_FRAME_FILE);
}

static void round_need(struct evil *e, const char *arg)
{
    unsigned list = 0, index = 0, what = 0;
    sscanf(arg, "%u,%u,%i", &list, &index, (int *)&what);
    second_round(e);
    put_need(e, list, 0, index, (uint8_t)what);
}

/* Answers a round as a good receiver does; ABSENT needs no answer. */
static void settle_round(struct evil *e)
{
    put_final(e, 0);
    put_final(e, 1);
    put_result(e, 1, SMALL, ZC_STATUS_OK, 0, 0);
    put_result(e, 1, LAST_SMALL, ZC_STATUS_SAME, 0, 0);
    evil_await(e, ZC_FRAME_DONE);
}

static void third_round(struct evil *e)
{
    evil_await(e, ZC_FRAME_LIST);
    evil_await(e, ZC_FRAME_FILE);
    evil_await(e, ZC_FRAME_FILE);
    settle_round(e);
    put_finished(e, 0, "");
}

/* ARG: "CODE TEXT" of the second round's FINISHED. */
static void round_good(struct evil *e, const char *arg)
{
    char *text;
    unsigned long code = strtoul(arg, &text, 10);
    second_round(e);
    settle_round(e);
    put_finished(e, (uint8_t)code, text);
    third_round(e);
}

static void round_applied(struct evil *e, const char *arg)
{
    (void)arg;
    second_round(e);
    put_need(e, 1, 0, SMALL, ZC_NEED_APPLIED);
    settle_round(e);
    put_finished(e, 0, "");
    third_round(e);
}

/* ARG: the status, and how often. */
static void round_result(struct evil *e, const char *arg)
{
    unsigned index = 0, status = 0, n = 0;
    sscanf(arg, "%u,%u,%u", &index, &status, &n);
    second_round(e);
    for (unsigned i = 0; i < n; i++)
        put_result(e, 1, index, (uint8_t)status, 0, 0);
}

static void round_again(struct evil *e, const char *arg)
{
    (void)arg;
    second_round(e);
    do {
        put_result(e, 1, SMALL, ZC_STATUS_AGAIN, 0, 0);
    } while (evil_await(e, ZC_FRAME_FILE));
}

static void round_got(struct evil *e, const char *arg)
{
    (void)arg;
    second_round(e);
    put_got(e, 1, SMALL);
}

/* Something that belongs to no round. ARG: what. When it arrives the next round
 * may have begun, and it make sense by accident. */
static void round_between(struct evil *e, const char *arg)
{
    first_round(e);
    if (strcmp(arg, "need") == 0)
        put_need(e, 1, 0, SMALL, ZC_NEED_DATA);
    else if (strcmp(arg, "need-at") == 0)
        put_need(e, 0, ZC_NEED_FINAL, 0, ZC_NEED_DESCEND);
    else if (strcmp(arg, "result") == 0)
        put_result(e, 1, SMALL, ZC_STATUS_OK, 0, 0);
    else if (strcmp(arg, "note-result") == 0)
        put_result(e, 1, SMALL, ZC_STATUS_NOTE_FAILED, ZC_OP_CREATE, 13);
    else if (strcmp(arg, "got") == 0)
        put_got(e, 1, BIG);
    else if (strcmp(arg, "finished") == 0)
        put_finished(e, 0, "");
    else if (strcmp(arg, "opened") == 0)
        put_opened(e, "");
    else if (strcmp(arg, "error") == 0)
        error_frame(e, 12, "no more of this");
}

static void round_finished_early(struct evil *e, const char *arg)
{
    (void)arg;
    second_round(e);
    put_finished(e, 0, "");
}

static void round_finished_twice(struct evil *e, const char *arg)
{
    (void)arg;
    second_round(e);
    settle_round(e);
    put_finished(e, 0, "");
    put_finished(e, 0, "");
}

/* An entry of the first round's directory, which the second has not. */
static void round_stale(struct evil *e, const char *arg)
{
    e->rounds = true;
    begin_root(e);
    put_need(e, 1, ZC_NEED_FINAL, DIR, ZC_NEED_DESCEND);
    evil_await(e, ZC_FRAME_LIST);
    put_final(e, 2);
    evil_await(e, ZC_FRAME_DONE);
    put_finished(e, 0, "");
    evil_await(e, ZC_FRAME_FILE);
    if (strcmp(arg, "need") == 0)
        put_need(e, 2, 0, 0, ZC_NEED_DATA);
    else
        put_result(e, 2, 0, ZC_STATUS_NOTE_FAILED, ZC_OP_CREATE, 13);
}

/* Wants what it says it has: ARG is how much of the big file. */
static void round_from(struct evil *e, const char *arg)
{
    second_round(e);
    size_t at = zc_need_begin(&e->out, 1);
    zc_need_add(&e->out, &(struct zc_need_item){
                             .index = BIG, .what = ZC_NEED_FROM,
                             .hash = {1, 2, 3},
                             .from = strtoull(arg, NULL, 0)});
    zc_need_end(&e->out, at, 1, ZC_NEED_FINAL);
    put_final(e, 0);
    put_result(e, 1, SMALL, ZC_STATUS_OK, 0, 0);
    put_result(e, 1, LAST_SMALL, ZC_STATUS_OK, 0, 0);
    take_big(e);
    third_round(e);
}

static void round_hang_up(struct evil *e, const char *arg)
{
    if (strcmp(arg, "between") == 0)
        first_round(e);
    else
        second_round(e);
    close(e->fd);
    evil_end(e, "hung up");
}

static void round_silent(struct evil *e, const char *arg)
{
    (void)arg;
    second_round(e);
    sleep(PATIENCE_S);
}

static void round_pings(struct evil *e, const char *arg)
{
    (void)arg;
    first_round(e);
    for (int i = 0; i < MILLION && !e->over; i += 1000) {
        for (int k = 0; k < 1000; k++)
            zc_ping_encode(&e->out);
        evil_send(e);
    }
    evil_await(e, ZC_FRAME_LIST);
    evil_await(e, ZC_FRAME_FILE);
    evil_await(e, ZC_FRAME_FILE);
    settle_round(e);
    put_finished(e, 0, "");
    third_round(e);
}

/* Trouble with, or renames to, names that nobody ever had. */
static void round_hoard(struct evil *e, const char *arg)
{
    static char path[65000];
    second_round(e);
    memset(path, 'a', sizeof path);
    for (size_t i = 200; i < sizeof path; i += 200)
        path[i] = '/';
    for (int i = 0; i < 5000 && !e->over; i++) {
        for (int k = 0, n = i; k < 8; k++, n /= 10)
            path[k] = (char)('0' + n % 10);
        zc_note_encode(&e->out, &(struct zc_msg_note){
                                    (uint8_t)atoi(arg), S_IFREG, 13,
                                    {(const uint8_t *)path, sizeof path - 1}});
        evil_send(e);
    }
}

static void round_notes(struct evil *e, const char *arg)
{
    first_round(e);
    for (int i = 0; i < MILLION / 5 && !e->over; i++) {
        zc_note_encode(&e->out, &(struct zc_msg_note){
                                    ZC_OP_DELETE, S_IFREG, (uint32_t)atoi(arg),
                                    wire_bytes("some/where")});
        if (i % 256 == 255)
            evil_send(e);
    }
    put_final(e, 9);
}

#define ROUND_ATTACKS                                                     \
    {"round-good", "0", round_good, "0"},                                 \
    {"round-brake", "25", round_good, "25 too many would be deleted"},    \
    {"round-finished-11", "11", round_good, "11 no more space"},          \
    {"round-applied", "0", round_applied, NULL},                          \
    {"round-descend-at", "12", round_need, "0,0,32"},                     \
    {"round-data-of-at", "12", round_need, "0,0,1"},                      \
    {"round-check-of-at", "12", round_need, "0,0,8"},                     \
    {"round-from-of-at", "12", round_need, "0,0,2"},                      \
    {"round-need-beyond-at", "12", round_need, "0,1,16"},                 \
    {"round-data-of-eager", "12", round_need, "1,1,1"},                   \
    {"round-from-of-eager", "12", round_need, "1,1,2"},                   \
    {"round-check-of-eager", "12", round_need, "1,1,8"},                  \
    {"round-meta-of-eager", "12", round_need, "1,1,16"},                  \
    {"round-pending-eager", "12", round_need, "1,1,64"},                  \
    {"round-applied-data-of-eager", "12", round_need, "1,1,0x81"},        \
    {"round-descend-eager", "12", round_need, "1,1,32"},                  \
    {"round-data-of-absent", "12", round_need, "1,5,1"},                  \
    {"round-from-of-dir", "12", round_need, "1,0,2"},                     \
    {"round-from-of-link", "12", round_need, "1,3,2"},                    \
    {"round-result-unasked", "12", round_result, "2,0,1"},                \
    {"round-result-of-absent", "12", round_result, "5,0,1"},              \
    {"round-result-twice", "12", round_result, "1,0,2"},                  \
    {"round-result-same-twice", "12", round_result, "1,5,2"},             \
    {"round-again-twice", "12|30", round_result, "1,2,2"},                \
    {"round-again-for-ever", "30", round_again, NULL},                    \
    {"round-got-of-eager", "12", round_got, NULL},                        \
    {"round-need-between", "12", round_between, "need"},                  \
    {"round-need-at-between", "12", round_between, "need-at"},            \
    {"round-result-between", "12|30", round_between, "result"},           \
    {"round-note-result-between", "12|30", round_between, "note-result"}, \
    {"round-got-between", "12", round_between, "got"},                    \
    {"round-finished-between", "12", round_between, "finished"},          \
    {"round-opened-between", "12", round_between, "opened"},              \
    {"round-error-between", "12", round_between, "error"},                \
    {"round-finished-early", "12", round_finished_early, NULL},           \
    {"round-finished-twice", "12", round_finished_twice, NULL},           \
    {"round-stale-need", "12", round_stale, "need"},                      \
    {"round-stale-result", "12", round_stale, "result"},                  \
    {"round-from-0", "0", round_from, "0"},                               \
    {"round-from-wrong", "0", round_from, "1000000"},                     \
    {"round-from-all", "0", round_from, "3145728"},                       \
    {"round-from-beyond", "0", round_from, "3145729"},                    \
    {"round-from-far", "0", round_from, "0xffffffffffffffff"},            \
    {"round-hang-up", "10|12", round_hang_up, "in"},                      \
    {"round-hang-up-between", "10|12", round_hang_up, "between"},         \
    {"round-silent", "30", round_silent, NULL},                           \
    {"round-ping-flood", "0", round_pings, NULL},                         \
    {"round-note-flood", "12", round_notes, "13"},                        \
    {"round-note-hoard", "12", round_hoard, "11"},                        \
    {"round-deleted-flood", "12", round_notes, "0"}

#endif
