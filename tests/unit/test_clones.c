// SPDX-License-Identifier: GPL-2.0-or-later
/* What a sender learns about file systems whose files can be cloned, and when it
 * does not ask. */
#include "sender/clones.h"

#include "proto/proto.h"

#include "../tap.h"

static struct zc_options opt;
static struct zc_transport t = {.passes_fds = true};
static struct zc_sender s = {.opt = &opt, .conn.t = &t};
static struct zc_clones c;

static enum zc_clonable ask(uint64_t dev, uint64_t size)
{
    struct zc_stat st = {.dev = dev, .size = size};
    return zc_clones_ask(&s, &c, &st);
}

#define BIG ((uint64_t)ZC_INLINE_MAX + 1)

static void allowed(void)
{
    zc_options_init(&opt);
    opt.keep &= ~(unsigned)ZC_KEEP_MAKE_HOLES;
    is_int(ask(1, BIG), ZC_CLONABLE_MAYBE, "nothing is known yet");
    is_int(ask(1, BIG - 1), ZC_CLONABLE_NO, "small files are not passed");
    t.passes_fds = false;
    is_int(ask(1, BIG), ZC_CLONABLE_NO, "nor any to another machine");
    t.passes_fds = true;
    opt.clone = false;
    is_int(ask(1, BIG), ZC_CLONABLE_NO, "--no-clone");
    opt.clone = true;
    opt.bwlimit = 1;
    is_int(ask(1, BIG), ZC_CLONABLE_NO, "--bwlimit");
    opt.bwlimit = 0;
    opt.keep |= ZC_KEEP_MAKE_HOLES;
    is_int(ask(1, BIG), ZC_CLONABLE_NO, "-S");
    opt.keep &= ~(unsigned)ZC_KEEP_MAKE_HOLES;
    opt.apply = ZC_APPLY_INPLACE;
    is_int(ask(1, BIG), ZC_CLONABLE_NO, "--inplace");
    opt.apply = ZC_APPLY_APPEND;
    is_int(ask(1, BIG), ZC_CLONABLE_NO, "--append");
    opt.apply = 0;
    is_int(ask(1, BIG), ZC_CLONABLE_MAYBE, "none of them");
}

static void learned(void)
{
    ok(!zc_clones_learn(&c, 1, 0), "a file of 1 was cloned");
    is_int(ask(1, BIG), ZC_CLONABLE_YES, "so others may be");
    is_int(ask(2, BIG), ZC_CLONABLE_MAYBE, "of 2 nothing is known");
    ok(!zc_clones_learn(&c, 1, EINVAL), "one of 1 was not: that is the file's");
    ok(!zc_clones_learn(&c, 2, ENOSPC), "likewise one of 2");
    is_int(ask(1, BIG), ZC_CLONABLE_YES, "1 can still");
    is_int(ask(2, BIG), ZC_CLONABLE_MAYBE, "2 may still");
    ok(zc_clones_learn(&c, 2, EXDEV), "2 is another file system: news");
    ok(!zc_clones_learn(&c, 2, EXDEV), "... once");
    is_int(ask(2, BIG), ZC_CLONABLE_NO, "2 cannot");
    ok(zc_clones_learn(&c, 1, EOPNOTSUPP), "1 cannot any more: news");
    is_int(ask(1, BIG), ZC_CLONABLE_NO, "1 cannot");
    for (uint64_t dev = 3; dev < 3 + ZC_CLONES_MAX; dev++)
        zc_clones_learn(&c, dev, 0);
    is_int(ask(3, BIG), ZC_CLONABLE_YES, "many can");
    is_int(ask(1000, BIG), ZC_CLONABLE_NO, "of too many none is asked about");
    ok(!zc_clones_learn(&c, 1000, 0) && !zc_clones_learn(&c, 1000, EXDEV),
       "nor remembered");
}

int main(void)
{
    allowed();
    learned();
    return done_testing();
}
