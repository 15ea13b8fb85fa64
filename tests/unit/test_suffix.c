// SPDX-License-Identifier: GPL-2.0-or-later
/* Suffixes of files that will not shrink. */
#include "tree/suffix.h"

#include "../tap.h"

#include <stddef.h>
#include <stdio.h>

static void learned(void)
{
    static struct zc_suffixes s = {.lock = PTHREAD_MUTEX_INITIALIZER};
    char name[32];
    for (int i = 0; i < ZC_SUFFIX_SURE; i++) {
        ok(!zc_suffixes_skip(&s, "a.dat"), "file %d is tried", i);
        zc_suffixes_learn(&s, "a.dat", false);
    }
    ok(zc_suffixes_skip(&s, "b.DAT"), "the next is not");
    ok(!zc_suffixes_skip(&s, "b.data") && !zc_suffixes_skip(&s, "dat"),
       "others are");
    unsigned skipped = 0;
    for (int i = 0; i < 160; i++)
        skipped += zc_suffixes_skip(&s, "a.dat");
    ok(skipped == 120, "one of four is tried (%u not)", skipped);
    zc_suffixes_learn(&s, "a.dat", true);
    ok(!zc_suffixes_skip(&s, "a.dat"), "one that shrinks ends it");
    for (int i = 0; i < ZC_SUFFIX_SURE; i++)
        zc_suffixes_learn(&s, "a.dat", false);
    for (int i = 0; i < ZC_SUFFIXES_MAX; i++) {
        snprintf(name, sizeof name, "a.%d", i);
        ok(i + 1 == ZC_SUFFIXES_MAX || zc_suffixes_skip(&s, "a.dat") ||
           i % ZC_SUFFIX_AGAIN, "is remembered (%d)", i);
        zc_suffixes_learn(&s, name, false);
    }
    ok(!zc_suffixes_skip(&s, "a.dat"), "as long as there is room");
    zc_suffixes_learn(&s, "a.much-too-long-a-suffix", false);
    ok(!zc_suffixes_skip(&s, "a.much-too-long-a-suffix"), "a long one is not");
    ok(!zc_suffixes_skip(&s, "none"), "nor none");
}

int main(void)
{
    static const char *const dense[] = {"a.gz", "a.GZ", "a.tar.zst", "x.m4b",
                                        "x.mp3", "x.TGZ", ".jpg"};
    static const char *const others[] = {"gz", "a.", "a.g", "a.gzz", "a.c", "",
                                         ".", "a.gz.txt", "x.mp5", "x.m4"};
    for (size_t i = 0; i < sizeof dense / sizeof *dense; i++)
        ok(zc_suffix_is_dense(NULL, dense[i]), "%s is", dense[i]);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        ok(!zc_suffix_is_dense(NULL, others[i]), "'%s' is not", others[i]);
    ok(!zc_suffix_is_dense("", "a.gz"), "an empty list has none");
    ok(zc_suffix_is_dense("one/two", "a.two"), "the last of a list");
    ok(zc_suffix_is_dense(".one/.two", "a.one"), "written with its dot");
    ok(!zc_suffix_is_dense("one/two", "a.gz"), "it takes the place of ours");
    ok(zc_suffix_is_dense("//x[0-9a]/", "a.x7"), "a range");
    ok(zc_suffix_is_dense("x[0-9a]", "a.XA"), "a character, in upper case");
    ok(!zc_suffix_is_dense("x[0-9a]", "a.xb"), "another");
    ok(!zc_suffix_is_dense("x[", "a.xb"), "a bracket that does not close");
    ok(zc_suffix_is_dense("a*b", "a.a*b") && !zc_suffix_is_dense("a*b", "a.ab"),
       "a star is a star");
    learned();
    return done_testing();
}
