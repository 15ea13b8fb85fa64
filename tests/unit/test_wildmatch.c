// SPDX-License-Identifier: GPL-2.0-or-later
/* Wildcards: what each form takes, and that no pattern is slow. */
#include "base/clock.h"
#include "tap.h"
#include "tree/wildmatch.h"

#include <string.h>

static bool match(const char *pattern, const char *text, unsigned flags)
{
    struct zc_wild *w = zc_wild_new(pattern, strlen(pattern));
    bool yes = zc_wild_match(w, text, strlen(text), flags);
    zc_wild_free(w);
    return yes;
}

static const struct {
    const char *pattern, *text;
    bool yes;
} cases[] = {
    {"", "", true},
    {"", "a", false},
    {"abc", "abc", true},
    {"abc", "ab", false},
    {"abc", "abcd", false},
    {"?", "a", true},
    {"?", "", false},
    {"?", "/", false},
    {"?", "\377", true},
    {"*", "", true},
    {"*", "anything", true},
    {"*", "a/b", false},
    {"a*c", "ac", true},
    {"a*c", "abbc", true},
    {"a*c", "ab/c", false},
    {"a*b*c", "aXbYbZc", true},
    {"*a", "ba", true},
    {"*ab", "aab", true},
    {"*/b", "a/b", true},
    {"*/b", "a/a/b", false},
    {"**", "", true},
    {"**", "a/b", true},
    {"a**b", "a/x/b", true},
    {"a**b", "ab", true},
    {"a/**/b", "a/b", false},
    {"a/**/b", "a/x/b", true},
    {"a/***", "a/", true},
    {"a/***", "a/b/c", true},
    {"**a*b", "x/a/ab", true},
    {"**a*b", "x/a/a/b", false},
    {"*a**b*", "xa/yb/z", false},
    {"*a**b*", "xa/ybz", true},
    /* classes */
    {"[abc]", "b", true},
    {"[abc]", "d", false},
    {"[!abc]", "d", true},
    {"[^abc]", "a", false},
    {"[a-c]x", "cx", true},
    {"[a-c]", "-", false},
    {"[c-a]", "b", false},
    {"[-a]", "-", true},
    {"[a-]", "-", true},
    {"[a-c-e]", "d", false},
    {"[a-c-e]", "-", true},
    {"[]a]", "]", true},
    {"[]]", "]", true},
    {"[!]]", "]", false},
    {"[!]]", "a", true},
    {"[\\]a]", "]", true},
    {"[\\a-\\c]", "b", true},
    {"[a\\-c]", "b", false},
    {"[a\\-c]", "-", true},
    {"[\\\\]", "\\", true},
    {"[/]", "/", false},
    {"[!a]", "/", false},
    {"[--0]", "/", false},
    {"[--0]", ".", true},
    {"[\200-\377]", "\303", true},
    {"[[:alpha:]]", "q", true},
    {"[[:alpha:]]", "1", false},
    {"[[:alpha:]]", "\344", false},
    {"[![:alpha:]]", "1", true},
    {"[[:digit:][:upper:]_]", "_", true},
    {"[[:digit:][:upper:]_]", "A", true},
    {"[[:digit:][:upper:]_]", "a", false},
    {"[[:blank:]]", "\t", true},
    {"[[:cntrl:]]", "\177", true},
    {"[[:graph:]]", " ", false},
    {"[[:print:]]", " ", true},
    {"[[:punct:]]", "~", true},
    {"[[:punct:]]", "a", false},
    {"[[:space:]]", "\v", true},
    {"[[:xdigit:]]", "F", true},
    {"[[:lower:]]", "F", false},
    {"[[:alnum:]]", "F", true},
    {"[[:]", ":", true},
    {"[[:]", "[", true},
    {"[[:a]", "a", true},
    {"[[:a]", "[", true},
    /* broken ones match nothing */
    {"[", "[", false},
    {"[a", "a", false},
    {"[a-", "a", false},
    {"[!", "a", false},
    {"[\\", "\\", false},
    {"[a\\", "a", false},
    {"[[:nope:]]", "n", false},
    {"[[::]]", ":", false},
    {"[[:alpha", "a", false},
    {"a\\", "a", false},
    {"a\\", "a\\", false},
    {"*[", "a[", false},
    /* backslash */
    {"\\*", "*", true},
    {"\\*", "a", false},
    {"\\[a]", "[a]", true},
    {"\\\\", "\\", true},
    {"\\a?", "ab", true},
};

static void test_flags(void)
{
    ok(match("**/foo", "foo", ZC_WILD_LEAD_SLASH), "a slash in front");
    ok(match("**/foo", "a/foo", ZC_WILD_LEAD_SLASH), "... and one inside");
    ok(!match("**/foo", "afoo", ZC_WILD_LEAD_SLASH), "... but not none");
    ok(match("a/***", "a", ZC_WILD_TRAIL_SLASH), "a slash behind");
    ok(!match("a/***", "a", 0), "... only when asked for");
    ok(!match("a", "a", ZC_WILD_TRAIL_SLASH), "... must be matched then");
    ok(match("b**", "a/bc", ZC_WILD_ANY_ELEMENT), "from a later element");
    ok(!match("b**", "a/cb", ZC_WILD_ANY_ELEMENT), "... not from inside one");
    ok(match("b**d", "x/b/y/bd", ZC_WILD_ANY_ELEMENT), "... with a slash");
    ok(match("b**", "b", ZC_WILD_ANY_ELEMENT), "... or the first");
}

/* Patterns around the number of places that fit in one word and at most. */
static void test_sizes(void)
{
    static char pattern[ZC_WILD_PATTERN_MAX + 2], text[2 * sizeof pattern];
    static const size_t sizes[] = {1,   62,  63,  64,   65,
                                   126, 127, 128, 4096, ZC_WILD_PATTERN_MAX};
    for (size_t i = 0; i < ZC_ARRAY_LEN(sizes); i++) {
        size_t n = sizes[i];
        memset(pattern, 'a', n);
        memset(text, 'a', n);
        pattern[n] = text[n] = '\0';
        bool good = match(pattern, text, 0);
        pattern[n / 2] = '*';
        text[n] = 'a';
        text[n + 1] = '\0';
        good = good && match(pattern, text, 0);
        text[n / 2] = '/';
        good = good && !match(pattern, text, 0);
        ok(good, "a pattern of %zu bytes", n);
    }
    errno = 0;
    ok(!zc_wild_new(pattern, ZC_WILD_PATTERN_MAX + 1) && errno == EINVAL,
       "a longer one is refused");
}

/* What takes exponential time with backtracking: at every byte of the text
 * nearly every place of the pattern is reached, and the end never is. */
static void test_hostile(void)
{
    static char pattern[ZC_WILD_PATTERN_MAX + 1], text[4097];
    for (size_t i = 0; i + 5 < sizeof pattern - 5; i += 5)
        memcpy(pattern + i, "*a**a", 5);
    strcat(pattern, "[z]b");
    memset(text, 'a', sizeof text - 2);
    text[sizeof text - 2] = 'b';
    int64_t start = zc_clock_ns();
    bool yes = match(pattern, text, 0);
    for (size_t i = 63; i < sizeof text - 2; i += 64)
        text[i] = '/';
    yes |= match(pattern, text, ZC_WILD_ANY_ELEMENT);
    int64_t took = zc_clock_ns() - start;
    ok(!yes, "thousands of stars do not match");
    ok(took < 20 * ZC_NSEC_PER_SEC, "... in bounded time (%lld ms)",
       (long long)took / 1000000);
    memcpy(strchr(pattern, '['), "a", 2);
    text[sizeof text - 2] = 'a';
    ok(match(pattern, text, ZC_WILD_ANY_ELEMENT), "... but they can match");
}

int main(void)
{
    for (size_t i = 0; i < ZC_ARRAY_LEN(cases); i++)
        ok(match(cases[i].pattern, cases[i].text, 0) == cases[i].yes,
           "\"%s\" %s text %zu", cases[i].pattern,
           cases[i].yes ? "matches" : "does not match", i);
    test_flags();
    test_sizes();
    test_hostile();
    zc_wild_free(NULL);
    return done_testing();
}
