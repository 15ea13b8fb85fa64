// SPDX-License-Identifier: GPL-2.0-or-later
/* Words over a pipe; see pull_words.h. */
#include "daemon/pull_words.h"

#include "base/io.h"
#include "proto/frame.h"

#include <string.h>

struct head {
    uint32_t type, n;
};

static int say(int fd, unsigned type, const void *bytes, size_t n)
{
    const struct head h = {type, (uint32_t)n};
    return zc_io_write(fd, &h, sizeof h) || zc_io_write(fd, bytes, n) ? -1
                                                                        : 0;
}

int zc_pull_say(int fd, unsigned type, struct zc_bytes body)
{
    return say(fd, type, body.p, body.n);
}

int zc_pull_say_end(int fd, const struct zc_pull_ending *e)
{
    return say(fd, 0, e, sizeof *e);
}

/* No code but those that there are. */
static enum zc_exit known(uint32_t code)
{
    return code > ZC_EXIT_CONTIMEOUT ? ZC_EXIT_STREAM : (enum zc_exit)code;
}

static int take_ending(struct zc_pull_heard *h)
{
    memcpy(&h->ending, h->body.data, sizeof h->ending);
    h->ending.text[sizeof h->ending.text - 1] = '\0';
    h->ending.code = (uint32_t)known(h->ending.code);
    h->ended = true;
    return 0;
}

int zc_pull_hear(struct zc_pull_heard *h, int fd, struct zc_err *err)
{
    struct head w;
    ssize_t n = zc_io_read(fd, &w, sizeof w);
    if (n == 0)
        return 1;
    if (n != sizeof w || w.n > ZC_FRAME_BODY_MAX)
        return zc_err_set(err, ZC_EXIT_STREAM, 0,
                          "the process that receives told something that makes "
                          "no sense");
    zc_buf_reset(&h->body);
    if (w.n && !zc_buf_reserve(&h->body, w.n))
        return zc_err_nomem(err);
    if (w.n && zc_io_read(fd, h->body.data, w.n) != (ssize_t)w.n)
        return 1;
    if (w.type == 0 && w.n == sizeof h->ending)
        return take_ending(h);
    if (!zc_told_is(w.type))
        return zc_err_set(err, ZC_EXIT_STREAM, 0,
                          "the process that receives told something unknown");
    const struct zc_bytes body = {h->body.data, w.n};
    if (zc_told_take(w.type, body, h->events, h->stats, &h->verdict, err))
        return -1;
    h->verdict.code = known((uint32_t)h->verdict.code);
    return 0;
}
