/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a receiver can say about digests; part of evil-receiver.c. */
#ifndef ZC_TESTS_EVIL_RECEIVER_DIGESTS_H
#define ZC_TESTS_EVIL_RECEIVER_DIGESTS_H

static void put_digest(struct evil *e, unsigned flags)
{
    zc_digest_encode(&e->out, &(struct zc_msg_digest){
                                  .seed = 1, .keep = UINT32_MAX,
                                  .time_step = UINT32_MAX,
                                  .flags = (uint16_t)flags});
    evil_send(e);
}

/* ARG: "unknown", or how often. */
static void digest_said(struct evil *e, const char *arg)
{
    if (*arg != 'u')
        evil_features |= ZC_FEATURE_DIGESTS;
    begin(e);
    put_digest(e, 0);
    if (*arg == '2')
        put_digest(e, 0);
}

/* When the list that offers them is over. */
static void digest_late(struct evil *e, const char *arg)
{
    (void)arg;
    evil_features |= ZC_FEATURE_DIGESTS;
    begin_root(e);
    put_digest(e, 0);
}

static void digest_flags(struct evil *e, const char *arg)
{
    evil_features |= ZC_FEATURE_DIGESTS;
    begin(e);
    put_digest(e, (unsigned)strtoul(arg, NULL, 0));
}

/* The groups of the root have come, as list 1. */
static void begin_groups(struct evil *e)
{
    evil_features |= ZC_FEATURE_DIGESTS;
    begin(e);
    put_digest(e, ZC_DIGEST_FILE_TIMES);
    put_need(e, 0, ZC_NEED_FINAL, 0, ZC_NEED_DESCEND);
    evil_await(e, ZC_FRAME_LIST);
}

/* ARG: "index,what" about them. */
static void groups_need(struct evil *e, const char *arg)
{
    unsigned index = 0, what = 0;
    sscanf(arg, "%u,%i", &index, (int *)&what);
    begin_groups(e);
    put_need(e, 1, ZC_NEED_FINAL, index, (uint8_t)what);
}

static void groups_result(struct evil *e, const char *arg)
{
    begin_groups(e);
    put_result(e, 1, 0, (uint8_t)atoi(arg), ZC_OP_READ, EIO);
}

static void groups_answered_twice(struct evil *e, const char *arg)
{
    (void)arg;
    begin_groups(e);
    put_need(e, 1, 0, 0, ZC_NEED_DESCEND);
    put_need(e, 1, 0, 0, ZC_NEED_DESCEND);
}

static void groups_unanswered(struct evil *e, const char *arg)
{
    (void)arg;
    begin_groups(e);
    sleep(PATIENCE_S);
}

/* Whatever it has, it says that it has it all. */
static void groups_all_same(struct evil *e, const char *arg)
{
    (void)arg;
    begin_groups(e);
    put_final(e, 1);
    evil_await(e, ZC_FRAME_DONE);
    put_finished(e, 0, "");
}

#define DIGEST_ATTACKS                                           \
    {"digest-unknown", "12", digest_said, "unknown"},     \
    {"digest-twice", "12", digest_said, "2"},             \
    {"digest-late", "12", digest_late, NULL},             \
    {"digest-flags", "12", digest_flags, "0xffff"},       \
    {"digest-nobody", "12", digest_flags, "0x20"},        \
    {"groups-data", "12", groups_need, "0,1"},            \
    {"groups-meta", "12", groups_need, "0,16"},           \
    {"groups-pending", "12", groups_need, "0,64"},        \
    {"groups-out-of-range", "12", groups_need, "9999,32"}, \
    {"groups-2^32", "12", groups_need, "4294967295,32"},  \
    {"groups-result", "12", groups_result, "0"},          \
    {"groups-note", "12", groups_result, "4"},            \
    {"groups-again", "12", groups_result, "2"},           \
    {"groups-answered-twice", "12", groups_answered_twice, NULL}, \
    {"groups-unanswered", "30", groups_unanswered, NULL}, \
    {"groups-all-same", "0", groups_all_same, NULL}

#endif
