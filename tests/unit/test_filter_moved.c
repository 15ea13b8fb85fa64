// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * zc_filter_differs: may a directory be moved with all that is in it? What must
 * be is told case by case; then, for random rules, whenever it says that
 * nothing differs no name of a tree may differ. ZC_TEST_SEED repeats a run.
 */
#include "tap.h"
#include "tree/filter.h"

#include <stdio.h>
#include <string.h>

/* Adds rules ('|' between them); dies on an error, which no caller expects. */
static struct zc_filter *make(const char *rules)
{
    struct zc_filter *f = zc_filter_new();
    char copy[512];
    snprintf(copy, sizeof copy, "%s", rules);
    for (char *rule = strtok(copy, "|"); rule; rule = strtok(NULL, "|")) {
        struct zc_err err;
        if (zc_filter_add(f, rule, &err))
            diag("%s", err.text);
    }
    return f;
}

static const struct {
    const char *rules, *from, *to;
    bool differs;
} cases[] = {
    {"", "a", "b", false},
    /* by the last name alone */
    {"- x", "a", "b", false},
    {"- *.o", "a", "x/b.o", false},
    {"- lib*|- [a-c]?|- x/", "a", "b", false},
    /* anchored */
    {"- /current/uploads/", "current", "old", true},
    {"- /current/uploads/", "next", "current", true},
    {"- /current/uploads/", "old", "older", false},
    {"- /current/uploads/", "current/x", "old", false},
    {"- /current/uploads/", "currently", "old", false},
    {"- /current/uploads/", "current/uploads", "old", false},
    {"- /a/b/c", "a", "z", true},
    {"- /a/b/c", "a/b", "z", true},
    {"- /a/b/c", "z", "a/b", true},
    {"- /a", "a", "b", false},
    {"- /*/x", "a", "b", false},
    {"- /*/x", "a", "b/c", true},
    {"- /v?/x", "v1", "v2", false},
    {"- /v?/x", "v1", "v10", true},
    {"- /[a-c]/x", "a", "d", true},
    {"- /[a-c]/x", "a", "b", false},
    /* by the end of the path */
    {"- uploads/tmp", "uploads", "b", true},
    {"- uploads/tmp", "x/uploads", "b", true},
    {"- uploads/tmp", "x/uploads", "y/uploads", false},
    {"- uploads/tmp", "a", "b", false},
    {"- uploads/tmp", "myuploads", "b", false},
    {"- a/b/c", "x/a", "x/a/b", true},
    {"- a/b/c", "x/a/b", "a/b", false},
    {"- up*/tmp", "uploads", "b", true},
    {"- up*/tmp", "uploads", "upper", false},
    {"- up*/tmp", "a", "b", false},
    {"- [a/b]/x", "a", "b", false},
    /* over slashes */
    {"- /a/**", "a", "b", true},
    {"- /a/**", "a/x", "a/y", false},
    {"- /a/**", "x", "a/x", true},
    {"- /a/**/tmp", "a/x", "a/y", false},
    {"- **/tmp", "a", "b", false},
    {"- a/**/tmp", "a", "b", true},
    {"- a/**/tmp", "x/a", "a/y", true}, /* a/tmp is none, a/y/tmp is */
    {"- a/**/tmp", "x/a/z", "a/y", false},
    {"- dir/***", "dir", "b", true},
    {"- dir/***", "dir/x", "dir/y", false},
    {"- **.d/x", "a.d", "b", true},
    {"- **.d/x", "a.d", "b.d", false},
    /* whatever the kind, the side and the order */
    {"+ /a/keep|- *", "a", "b", true},
    {"+ /a/|+ /a/*.c|- *", "a", "b", true},
    {"- /a/x|+ x", "a", "b", true},
    {"P /a/x", "a", "b", true},
    {"R /a/x|- x", "a", "b", true},
    {"H /a/x", "a", "b", true},
    {"S b/x|- x", "a", "b", true},
    {"-! /a/*", "a", "b", true},
    {"-! *.c", "a", "b", false},
};

static void test_cases(void)
{
    for (size_t i = 0; i < ZC_ARRAY_LEN(cases); i++) {
        struct zc_filter *f = make(cases[i].rules);
        ok(zc_filter_differs(f, cases[i].from, cases[i].to) ==
                   cases[i].differs &&
               zc_filter_differs(f, cases[i].to, cases[i].from) ==
                   cases[i].differs,
           "\"%s\": %s to %s %s", cases[i].rules, cases[i].from, cases[i].to,
           cases[i].differs ? "cannot be moved" : "can be moved");
        zc_filter_free(f);
    }
}

/* ---- Random rules -------------------------------------------------------- */

static uint64_t seed;

static unsigned rnd(unsigned n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % n;
}

#define pick(array) ((array)[rnd(ZC_ARRAY_LEN(array))])

static const char *const names[] = {"a", "b", "ab", "a.o", "c"};

/* NAMES up to DEPTH deep. */
static void random_path(char *out, size_t size, unsigned depth)
{
    size_t n = 0;
    for (unsigned left = 1 + rnd(depth); left; left--)
        n += (size_t)snprintf(out + n, size - n, "%s%s", n ? "/" : "",
                              pick(names));
}

static void random_rules(char *out, size_t size)
{
    static const char *const kinds[] = {"-", "+", "P", "R", "H", "S", "-!",
                                        "+!"};
    static const char *const pieces[] = {"a",  "b",  "c",  "ab", "*",    "/",
                                         "/",  "/",  "/",  "?",  "[ab]", "**",
                                         ".o", "*b", "/b", "b/"};
    size_t n = 0;
    for (unsigned left = 1 + rnd(3); left; left--) {
        n += (size_t)snprintf(out + n, size - n, "%s%s ", n ? "|" : "",
                              pick(kinds));
        if (rnd(3) == 0)
            n += (size_t)snprintf(out + n, size - n, "/");
        n += (size_t)snprintf(out + n, size - n, "%s", pick(names));
        for (unsigned more = rnd(6); more; more--)
            n += (size_t)snprintf(out + n, size - n, "%s", pick(pieces));
    }
}

static bool judged_alike(const struct zc_filter *f, const char *a,
                         const char *b, const char *below)
{
    char from[256], to[256];
    snprintf(from, sizeof from, "%s/%s", a, below);
    snprintf(to, sizeof to, "%s/%s", b, below);
    for (int is_dir = 0; is_dir < 2; is_dir++)
        if (zc_filter_hides(f, from, is_dir) !=
                zc_filter_hides(f, to, is_dir) ||
            zc_filter_protects(f, from, is_dir) !=
                zc_filter_protects(f, to, is_dir))
            return false;
    return true;
}

/* How often a difference that was announced was found, and how often none was
 * announced; -1 after one that was not. */
static int round_of(unsigned *found, unsigned *free_to_go)
{
    char rules[300], a[64], b[64], below[64];
    random_rules(rules, sizeof rules);
    random_path(a, sizeof a, 3);
    random_path(b, sizeof b, 3);
    struct zc_filter *f = make(rules);
    bool differs = zc_filter_differs(f, a, b), seen = false;
    for (int i = 0; i < 60 && !seen; i++) {
        random_path(below, sizeof below, 3);
        seen = !judged_alike(f, a, b, below);
    }
    if (seen && !differs)
        diag("\"%s\": %s to %s: %s", rules, a, b, below);
    *found += seen;
    *free_to_go += !differs;
    zc_filter_free(f);
    return seen && !differs ? -1 : 0;
}

static void test_random(void)
{
    const char *given = getenv("ZC_TEST_SEED");
    seed = given ? strtoull(given, NULL, 10) : 20;
    unsigned found = 0, free_to_go = 0;
    int bad = 0;
    for (int i = 0; i < 20000 && !bad; i++)
        bad = round_of(&found, &free_to_go);
    ok(!bad, "no name differs where none may");
    ok(found > 500, "%u pairs of paths differ", found);
    ok(free_to_go > 5000, "%u do not", free_to_go);
}

int main(void)
{
    test_cases();
    test_random();
    return done_testing();
}
