// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the process that receives a pull tells of it, and may be somebody else's by
 * now: the input, as it comes over the pipe. What is heard is within its bounds, and
 * is heard again when it is told again.
 */
#include "daemon/pull_words.h"

#include "proto/frame.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BYTES_MAX 60000 /* fits into a pipe that nobody reads */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool truth)
{
    if (!truth)
        abort();
}

static bool same_text(const char *a, const char *b)
{
    return !a || !b ? a == b : !strcmp(a, b);
}

/* What was told twice: the first item or trouble, and what came of it again. */
struct twice {
    struct zc_buf *b;
    const struct zc_item *item;
    enum zc_trouble kind;
    const char *what, *path;
    int eno;
    bool heard;
};

static void item_again(void *arg, const struct zc_item *i)
{
    struct twice *t = arg;
    const struct zc_item *was = t->item;
    must(was && i->flags == was->flags && i->mode == was->mode &&
         i->size == was->size && i->mtime_s == was->mtime_s &&
         i->mtime_ns == was->mtime_ns && i->uid == was->uid &&
         i->gid == was->gid && same_text(i->path, was->path) &&
         same_text(i->link_target, was->link_target) &&
         same_text(i->hard_link_to, was->hard_link_to));
    t->heard = true;
}

static void trouble_again(void *arg, enum zc_trouble kind, const char *what,
                          const char *path, int eno)
{
    struct twice *t = arg;
    must(!t->item && kind == t->kind && eno == t->eno &&
         same_text(what, t->what) && same_text(path, t->path));
    t->heard = true;
}

/* Hears what is in T->b, a frame. */
static void again(struct twice *t, unsigned type)
{
    const struct zc_events events = {.item = item_again,
                                     .trouble = trouble_again, .arg = t};
    struct zc_told_verdict v = {0};
    struct zc_stats stats;
    struct zc_err err;
    memset(&stats, 0, sizeof stats);
    must(!t->b->failed && t->b->len >= ZC_FRAME_HEADER_SIZE);
    const struct zc_bytes body = {t->b->data + ZC_FRAME_HEADER_SIZE,
                                  t->b->len - ZC_FRAME_HEADER_SIZE};
    must(zc_told_take(type, body, &events, &stats, &v, &err) == 0 && t->heard);
}

static void item(void *arg, const struct zc_item *i)
{
    struct zc_buf b = ZC_BUF_INIT;
    struct zc_item plain = *i;
    struct twice t = {.b = &b, .item = i};
    (void)arg;
    must(i->flags & ZC_ITEM_RECEIVED && i->path && i->mtime_ns < 1000000000);
    plain.flags &= ~(unsigned)ZC_ITEM_RECEIVED;
    zc_told_item(&b, &plain);
    again(&t, ZC_FRAME_ITEM);
    zc_buf_fini(&b);
}

static void trouble(void *arg, enum zc_trouble kind, const char *what,
                    const char *path, int eno)
{
    struct zc_buf b = ZC_BUF_INIT;
    struct twice t = {.b = &b, .kind = kind, .what = what, .path = path,
                      .eno = eno};
    (void)arg;
    must(kind <= ZC_TROUBLE_META && what && path && eno >= 0);
    zc_told_trouble(&b, kind, what, path, eno);
    again(&t, ZC_FRAME_TROUBLE);
    zc_buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct zc_events events = {.item = item, .trouble = trouble};
    struct zc_stats stats;
    struct zc_pull_heard h = {.events = &events, .stats = &stats,
                              .body = ZC_BUF_INIT};
    struct zc_err err = {0};
    int p[2], r;
    if (size > BYTES_MAX || pipe2(p, O_CLOEXEC))
        return 0;
    memset(&stats, 0, sizeof stats);
    must(size == 0 || write(p[1], data, size) == (ssize_t)size);
    close(p[1]);
    while ((r = zc_pull_hear(&h, p[0], &err)) == 0)
        ;
    must(r == 1 || (err.code && err.text[0]));
    must(h.ending.code <= ZC_EXIT_CONTIMEOUT &&
         h.verdict.code <= ZC_EXIT_CONTIMEOUT);
    must(memchr(h.ending.text, '\0', sizeof h.ending.text) &&
         memchr(h.verdict.text, '\0', sizeof h.verdict.text));
    close(p[0]);
    zc_buf_fini(&h.body);
    return 0;
}
