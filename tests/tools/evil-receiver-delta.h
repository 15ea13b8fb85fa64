/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a hostile receiver says of the older version that it has. */
#ifndef ZC_TESTS_EVIL_RECEIVER_DELTA_H
#define ZC_TESTS_EVIL_RECEIVER_DELTA_H

static bool asked(const struct evil *e, struct zc_msg_ask *m)
{
    struct zc_err err;
    return !zc_ask_decode((struct zc_bytes){e->body, e->in.length}, m, &err);
}

/* Has, it says, an older version of the big file. */
static void begin_delta(struct evil *e)
{
    begin_root(e);
    size_t at = zc_need_begin(&e->out, 1);
    zc_need_add(&e->out, &(struct zc_need_item){
                             .index = BIG, .what = ZC_NEED_DELTA,
                             .from = UINT64_MAX});
    zc_need_end(&e->out, at, 1, ZC_NEED_FINAL);
    evil_send(e);
}

/* The sums that were asked for are others: ARG is what is wrong with them. */
static void sums_wrong(struct evil *e, const char *arg)
{
    struct zc_msg_sums m = {.length = ZC_BLOCKS_MAX * ZC_BLOCK_BIG};
    begin_delta(e);
    if (!evil_await(e, ZC_FRAME_ASK) || !asked(e, &m.ask))
        return;
    if (*arg == 'o')
        m.ask.offset += ZC_BLOCK_BIG;
    else if (*arg == 'b')
        m.ask.blocks = ~m.ask.blocks;
    else if (*arg == 'g')
        m.ask.grain = ZC_GRAIN_SMALL;
    else if (*arg == 'r')
        m.ask.ref.index = SMALL;
    else if (*arg == 'a')
        m.ask.grain = ZC_GRAIN_ANCHORS, m.ask.blocks = UINT64_MAX;
    size_t n = zc_sums_count(&m.ask, m.length) * ZC_SUM_SIZE;
    m.sums = (struct zc_bytes){calloc(1, n + 1), n};
    zc_sums_encode(&e->out, &m);
    evil_send(e);
    free((void *)m.sums.p);
}

static void sums_unasked(struct evil *e, const char *arg)
{
    (void)arg;
    begin_root(e);
    zc_sums_encode(&e->out, &(struct zc_msg_sums){
                                .ask = {{1, BIG}, 0, 1, ZC_GRAIN_BIG}});
    evil_send(e);
}

static void sums_never(struct evil *e, const char *arg)
{
    (void)arg;
    begin_delta(e);
    while (evil_recv(e))
        ;
}

/* Whatever is asked until SENT, there is nothing. */
static void nothing_until_sent(struct evil *e)
{
    struct zc_msg_sums m = {0};
    for (unsigned type; (type = evil_recv(e)) && type != ZC_FRAME_SENT;)
        if (type == ZC_FRAME_ASK && asked(e, &m.ask)) {
            zc_sums_encode(&e->out, &m);
            evil_send(e);
        }
}

/* The big file has come, and the round with it. */
static void take_big(struct evil *e)
{
    nothing_until_sent(e);
    put_got(e, 1, BIG);
    evil_await(e, ZC_FRAME_END);
    put_result(e, 1, BIG, ZC_STATUS_OK, 0, 0);
    evil_await(e, ZC_FRAME_DONE);
    put_finished(e, 0, "");
}

/* Nothing of it is the same, however often it is asked for. */
static void sums_none(struct evil *e, const char *arg)
{
    (void)arg;
    begin_delta(e);
    take_big(e);
}

/* It has got what was not sent. */
static void got_asking(struct evil *e, const char *arg)
{
    (void)arg;
    begin_delta(e);
    evil_await(e, ZC_FRAME_ASK);
    put_got(e, 1, BIG);
}

#define DELTA_ATTACKS                                  \
    {"sums-unasked", "12", sums_unasked, NULL}, \
    {"sums-offset", "12", sums_wrong, "offset"}, \
    {"sums-blocks", "12", sums_wrong, "blocks"}, \
    {"sums-grain", "12", sums_wrong, "grain"}, \
    {"sums-anchors", "12", sums_wrong, "anchors"}, \
    {"sums-ref", "12", sums_wrong, "ref"}, \
    {"sums-never", "30", sums_never, NULL}, \
    {"sums-none", "0", sums_none, NULL}, \
    {"got-asking", "12", got_asking, NULL}

#endif
