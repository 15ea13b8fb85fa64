// SPDX-License-Identifier: GPL-2.0-or-later
/* Suffixes of files that will not shrink. */
#include "tree/suffix.h"

#include "../tap.h"

#include <stddef.h>

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
    return done_testing();
}
