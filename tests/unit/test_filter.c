// SPDX-License-Identifier: GPL-2.0-or-later
/* Filter rules: matching, syntax, files, the wire. test_filter_rsync.c compares
 * with rsync what is checked one by one here. */
#include "base/clock.h"
#include "tap.h"
#include "tree/filter.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static char dir[200];

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

/* Asks for PATH; a slash at its end means a directory. */
static bool ask(const struct zc_filter *f, const char *path,
                bool (*question)(const struct zc_filter *, const char *, bool))
{
    char copy[512];
    size_t n = (size_t)snprintf(copy, sizeof copy, "%s", path);
    bool is_dir = n && copy[n - 1] == '/';
    if (is_dir)
        copy[n - 1] = '\0';
    return question(f, copy, is_dir);
}

static bool hides(const char *rules, const char *path)
{
    struct zc_filter *f = make(rules);
    bool yes = ask(f, path, zc_filter_hides);
    zc_filter_free(f);
    return yes;
}

static bool protects(const char *rules, const char *path)
{
    struct zc_filter *f = make(rules);
    bool yes = ask(f, path, zc_filter_protects);
    zc_filter_free(f);
    return yes;
}

static const struct {
    const char *rules, *path;
    bool hidden;
} cases[] = {
    {"", "a", false},
    {"- a", "", false},
    {"- *", "", false},
    /* last name */
    {"- foo", "foo", true},
    {"- foo", "x/foo", true},
    {"- foo", "foo/", true},
    {"- foo", "xfoo", false},
    {"- foo", "foo/x", false},
    {"- foo/", "foo", false},
    {"- foo/", "x/foo/", true},
    {"- *.o", "x/a.o", true},
    {"- *.o", ".o", true},
    {"- *.o", "a.oo", false},
    {"- *", "x/y", true},
    {"- lib*", "x/lib", true},
    {"- lib*", "liba", true},
    {"- lib*", "xlib", false},
    {"- [a-c]?", "x/b1", true},
    {"- [a-c]?", "b/x1", false},
    {"- a*b*c", "x/aXbYc", true},
    /* paths */
    {"- /foo", "foo", true},
    {"- /foo", "x/foo", false},
    {"- /x/foo", "x/foo", true},
    {"- x/foo", "y/x/foo", true},
    {"- x/foo", "yx/foo", false},
    {"- x/foo", "foo", false},
    {"- x/*.o", "y/x/a.o", true},
    {"- x/*.o", "x/y/a.o", false},
    {"- */*/b", "x/b", false},
    {"- */*/b", "w/x/y/b", true},
    {"- /*/b", "x/b", true},
    {"- /*/b", "x/y/b", false},
    {"- /", "a", false},
    {"- x//", "x/", false},
    /* ** */
    {"- foo/**", "foo/", false},
    {"- foo/**", "foo/a/b", true},
    {"- foo/**", "x/foo/a", true},
    {"- /foo/**", "x/foo/a", false},
    {"- foo/**/bar", "foo/bar", false},
    {"- foo/**/bar", "foo/x/y/bar", true},
    {"- **/foo", "foo", true},
    {"- **/foo", "x/y/foo", true},
    {"- **/foo", "xfoo", false},
    {"- **foo", "x/yfoo", true},
    {"- a**o", "x/a/b/o", true},
    {"- a**o", "xa/o", false},
    {"- dir/***", "dir/", true},
    {"- dir/***", "dir", false},
    {"- dir/***", "x/dir/", true},
    {"- dir/***", "dir/a/b", true},
    {"- /dir/***", "x/dir/", false},
    /* backslashes count only beside wildcards */
    {"- a\\b", "a\\b", true},
    {"- a\\b", "ab", false},
    {"- a\\b*", "ab", true},
    {"- a\\*", "a*", true},
    {"- a\\*", "ab", false},
    {"- *\\?", "x?", true},
    {"- *\\?", "xy", false},
    /* order */
    {"+ a.c|- *.c", "a.c", false},
    {"+ a.c|- *.c", "b.c", true},
    {"- *.c|+ a.c", "a.c", true},
    {"+ */|+ *.c|- *", "x/", false},
    {"+ */|+ *.c|- *", "x/a.c", false},
    {"+ */|+ *.c|- *", "x/a.o", true},
    {"- a|!|- b", "a", false},
    {"- a|!|- b", "b", true},
    {"- a|clear", "a", false},
    /* not */
    {"-! *.c", "a.c", false},
    {"-! *.c", "a.o", true},
    {"-! */", "x/", false},
    {"-! */", "x", true},
    {"+! *.o|- *", "a.o", true},
    {"+! *.o|- *", "a.c", false},
    /* spellings */
    {"-_a", "a", true},
    {"- _a", "_a", true},
    {"-  a", " a", true},
    {"exclude a", "a", true},
    {"exclude_a", "a", true},
    {"exclude,! a", "b", true},
    {"include a|hide *", "a", false},
    {"show a|H *", "a", false},
    {"H a", "a", true},
    {"S a|- *", "a", false},
    {"P a", "a", false},
    {"protect a", "a", false},
    {"-,s a", "a", true},
    {"-r a", "a", false},
    {"-rs a", "a", true},
};

static void test_sides(void)
{
    ok(hides("- a", "a") && protects("- a", "a"), "an exclude does both");
    ok(!hides("P a", "a") && protects("P a", "a"), "P only protects");
    ok(hides("H a", "a") && !protects("H a", "a"), "H only hides");
    ok(!protects("R a|- *", "a") && hides("R a|- *", "a"), "R, then all");
    ok(protects("S a|- *", "a") && !hides("S a|- *", "a"), "S, then all");
    ok(protects("-r a", "a") && !hides("-r a", "a"), "-r is P");
    ok(!protects("+r a|- *", "a") && hides("+r a|- *", "a"), "+r is R");
    ok(!protects("-s! a", "b") && hides("-s! a", "b"), "-s! is H, negated");
    ok(protects("-sr a", "a") && hides("-sr a", "a"), "-sr is -");

    struct zc_filter *f = make("- a|P b|-s c");
    zc_filter_unprotect(f);
    ok(zc_filter_hides(f, "a", false) && !zc_filter_protects(f, "a", false),
       "with --delete-excluded an exclude only hides");
    ok(zc_filter_protects(f, "b", false) && zc_filter_hides(f, "c", false),
       "and rules for one side are what they were");
    zc_filter_free(f);
}

static void refused(const char *rule, const char *why)
{
    struct zc_err err = {0};
    struct zc_filter *f = zc_filter_new();
    bool good = zc_filter_add(f, rule, &err) == -1 &&
                err.code == ZC_EXIT_USAGE && strstr(err.text, rule) &&
                strstr(err.text, why) && zc_filter_empty(f);
    ok(good, "\"%s\" is refused: %s", rule, why);
    if (!good)
        diag("%s", err.text);
    zc_filter_free(f);
}

static void test_refused(void)
{
    refused("foo", "no rule that is known");
    refused("excluded a", "no rule that is known");
    refused("exc", "no rule that is known");
    refused(" - a", "no rule that is known");
    refused("-", "no pattern");
    refused("- ", "no pattern");
    refused("include", "no pattern");
    refused("+,", "no pattern");
    refused(".", "names no file");
    refused("! a", "nothing may follow");
    refused("clear ", "nothing may follow");
    refused(":", "names no file");
    refused("dir-merge a/b", "without a directory");
    refused(": ..", "without a directory");
    refused(":! f", "negated");
    refused(":D f", "modifier");
    refused("-C a", "nothing may follow");
    refused("+C", "'C'");
    refused("-/ /etc", "'/'");
    refused("-x user.a", "'x'");
    refused("-q a", "modifier");
    refused("-- a", "modifier");
    refused("-e a", "modifier");
    refused("-w a", "modifier");
    refused("Hs a", "side twice");
    refused("risk,r a", "side twice");
    refused(".! f", "negated");
    refused(":-+ f", "modifier");
    refused(".-+ f", "modifier");
    refused("merge,/ f", "'/'");
}

static void test_options(void)
{
    struct zc_err err = {0};
    struct zc_filter *f = zc_filter_new();
    ok(zc_filter_empty(f) && !zc_filter_hides(f, "a", false) &&
           !zc_filter_protects(f, "a", false),
       "no rules");
    ok(!zc_filter_add(f, "", &err) && !zc_filter_add_exclude(f, "", &err) &&
           !zc_filter_add_include(f, "", &err) && zc_filter_empty(f),
       "empty options are no rules");
    ok(!zc_filter_add_include(f, "a", &err) &&
           !zc_filter_add_exclude(f, "- b", &err) &&
           !zc_filter_add_exclude(f, "+ c", &err) &&
           !zc_filter_add_include(f, "- d", &err) &&
           !zc_filter_add_exclude(f, "-e", &err) &&
           !zc_filter_add_exclude(f, "!x", &err) &&
           !zc_filter_add_exclude(f, "H f", &err),
       "--include and --exclude");
    ok(!ask(f, "a", zc_filter_hides) && ask(f, "b", zc_filter_hides) &&
           !ask(f, "c", zc_filter_hides) && ask(f, "d", zc_filter_hides) &&
           ask(f, "-e", zc_filter_hides) && ask(f, "!x", zc_filter_hides) &&
           ask(f, "H f", zc_filter_hides),
       "... with the prefixes that they know, and no others");
    ok(zc_filter_add_exclude(f, "- ", &err) == -1, "... but a pattern");
    ok(!zc_filter_add_exclude(f, "!", &err) && zc_filter_empty(f),
       "--exclude=! clears");
    ok(!zc_filter_add_include(f, "x", &err) &&
           !zc_filter_add_include(f, "!", &err) && zc_filter_empty(f),
       "--include=! too");
    zc_filter_free(f);
    zc_filter_free(NULL);
}

static const char *file(const char *name)
{
    static char path[300];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static void write_file(const char *name, const char *bytes, size_t n)
{
    FILE *f = fopen(file(name), "w");
    if (!f || fwrite(bytes, 1, n, f) != n || fclose(f))
        diag("could not write %s", name);
}

#define WRITE(name, bytes) write_file(name, bytes, sizeof(bytes) - 1)

/* The rules of F in one line. */
static const char *text_of(const struct zc_filter *f)
{
    static char out[1024];
    struct zc_buf b = ZC_BUF_INIT;
    zc_filter_encode(f, &b);
    for (size_t i = 0; i < b.len; i++)
        if (!b.data[i])
            b.data[i] = '|';
    snprintf(out, sizeof out, "%.*s", (int)b.len, (char *)b.data);
    zc_buf_fini(&b);
    return out;
}

static void test_files(void)
{
    struct zc_err err = {0};
    struct zc_filter *f = zc_filter_new();
    WRITE("from", "# comment\n;another\n\n*.o\r\n+ a.o\n - b\n#x\nlast");
    ok(!zc_filter_add_file(f, file("from"), false, false, &err),
       "--exclude-from");
    is_str(text_of(f), "- *.o|+ a.o|-  - b|- last|", "... its rules");
    ok(!zc_filter_add_file(f, file("from"), true, false, &err) &&
           strstr(text_of(f), "|- last|+ *.o|"),
       "--include-from");
    WRITE("nul", "a\n\0\0#b\0!\0- c");
    ok(!zc_filter_add_file(f, file("nul"), true, true, &err), "with -0");
    is_str(text_of(f), "- c|", "... comments are none, '!' clears");
    ok(zc_filter_add_file(f, file("nul"), true, false, &err) == -1 &&
           strstr(err.text, "-0"),
       "... and without");
    ok(zc_filter_add_file(f, file("none"), true, false, &err) == -1 &&
           err.code == ZC_EXIT_FILEIO && err.eno == ENOENT &&
           strstr(err.text, file("none")),
       "no such file");
    zc_filter_free(f);
}

static int merge(struct zc_filter *f, const char *prefix, const char *name,
                 struct zc_err *err)
{
    char rule[400];
    snprintf(rule, sizeof rule, "%s %s", prefix, file(name));
    return zc_filter_add(f, rule, err);
}

static void test_merge(void)
{
    struct zc_err err = {0};
    struct zc_filter *f = make("- first");
    WRITE("m", "# rules\n- a\n\nP b\n+ c/\n");
    ok(!merge(f, ".", "m", &err) && !merge(f, "merge,e", "m", &err),
       "merge files");
    is_str(text_of(f), "- first|- a|-r b|+ c/|- m|- a|-r b|+ c/|",
           "... stand for their rules");
    WRITE("bare", "- a\n!\n");
    ok(!zc_filter_add(f, "!", &err) && !merge(f, ".-", "bare", &err) &&
           !merge(f, ".+s", "bare", &err),
       "bare ones");
    is_str(text_of(f), "- - a|- !|+s - a|+s !|", "... hold only patterns");
    WRITE("clear", "- a\n!\n- b\n");
    ok(!merge(f, ".r", "clear", &err), "one that clears, for one side");
    is_str(text_of(f), "-r b|", "... clears everything before it");
    ok(merge(f, ".s", "m", &err) == -1 && strstr(err.text, "line 4"),
       "a side in a file that has one is refused, and its line named");
    char rule[400];
    snprintf(rule, sizeof rule, ". %s\n", file("loop"));
    write_file("loop", rule, strlen(rule));
    ok(merge(f, ".", "loop", &err) == -1 && err.code == ZC_EXIT_USAGE,
       "a file that merges itself is refused");
    ok(merge(f, ".", "none", &err) == -1 && err.code == ZC_EXIT_FILEIO,
       "no such file");
    zc_filter_free(f);
}

static void test_wire(void)
{
    static const char all[] = "- a|+ b/|-!s *.c|+r /x/**|-! d/***|- /|-  e \n|"
                              "+ - x|-s \\\\*|+!r [!a]/|";
    struct zc_filter *f = make(all);
    is_str(text_of(f), all, "what is sent");
    struct zc_buf b = ZC_BUF_INIT;
    struct zc_err err = {0};
    zc_filter_encode(f, &b);
    struct zc_filter *g = zc_filter_decode(b.data, b.len, &err);
    is_str(text_of(g), all, "... is what comes");
    zc_filter_free(g);
    ok(!zc_filter_decode(b.data, b.len - 1, &err) &&
           err.code == ZC_EXIT_STREAM,
       "a rule that is cut is refused");
    zc_filter_free(f);
    f = zc_filter_decode(NULL, 0, &err);
    ok(f && zc_filter_empty(f), "no bytes are no rules");
    zc_filter_free(f);

    static const char *const bad[] = {"", "!", ". /etc/passwd", "clear",
                                      "merge,- /etc/passwd", "-C", ": a/b",
                                      "x", "-"};
    for (size_t i = 0; i < ZC_ARRAY_LEN(bad); i++)
        ok(!zc_filter_decode((const uint8_t *)bad[i], strlen(bad[i]) + 1,
                             &err) &&
               err.code == ZC_EXIT_STREAM,
           "\"%s\" from a peer is refused", bad[i]);
    zc_buf_fini(&b);
}

static void test_limits(void)
{
    static uint8_t rule[ZC_FILTER_RULE_MAX + 2];
    struct zc_err err = {0};
    memset(rule, 'a', sizeof rule);
    rule[1] = ' ';
    rule[0] = '-';
    rule[ZC_FILTER_RULE_MAX - 6] = '\0';
    struct zc_filter *f = zc_filter_new();
    ok(!zc_filter_add(f, (char *)rule, &err), "the longest rule");
    struct zc_buf b = ZC_BUF_INIT;
    zc_filter_encode(f, &b);
    zc_filter_free(f);
    f = zc_filter_decode(b.data, b.len, &err);
    ok(f, "... can be sent");
    rule[ZC_FILTER_RULE_MAX - 6] = 'a';
    rule[ZC_FILTER_RULE_MAX - 5] = '\0';
    ok(zc_filter_add(f, (char *)rule, &err) == -1 &&
           strstr(err.text, "longer than"),
       "a longer one is refused");
    rule[ZC_FILTER_RULE_MAX - 5] = 'a';
    rule[ZC_FILTER_RULE_MAX + 1] = '\0';
    ok(!zc_filter_decode(rule, sizeof rule, &err), "... from a peer too");
    zc_filter_free(f);

    zc_buf_reset(&b);
    for (int i = 0; i < ZC_FILTER_RULES_MAX; i++)
        zc_buf_put(&b, "- a*b", 6);
    f = zc_filter_decode(b.data, b.len, &err);
    ok(f, "as many rules as there can be");
    ok(zc_filter_add(f, "- a", &err) == -1, "... and one more");
    zc_filter_free(f);
    zc_buf_put(&b, "- a*b", 6);
    ok(!zc_filter_decode(b.data, b.len, &err), "... from a peer");
    zc_buf_fini(&b);
}

/* Not a benchmark: only that nobody made the common forms slow. */
static void test_speed(void)
{
    struct zc_filter *f = make("- .git/|- *.o|- *~|- /proc/***|- lost+found|"
                               "- core|- cache*|- **/tmp/*.swp|- x/y/*.bak");
    int hits = 0;
    int64_t start = zc_clock_ns();
    for (int i = 0; i < 200000; i++)
        hits += zc_filter_hides(f, "usr/share/doc/package/changelog.gz", false);
    int64_t took = zc_clock_ns() - start;
    diag("%d ns an entry with 9 rules", (int)(took / 200000));
    ok(!hits && took < 4 * ZC_NSEC_PER_SEC, "200,000 entries, 9 rules");
    zc_filter_free(f);
}

int main(void)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(dir, sizeof dir, "%s/zc-filter-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(dir))
        skip_all("no temporary directory: %s", strerror(errno));
    for (size_t i = 0; i < ZC_ARRAY_LEN(cases); i++)
        ok(hides(cases[i].rules, cases[i].path) == cases[i].hidden,
           "\"%s\": %s is %s", cases[i].rules, cases[i].path,
           cases[i].hidden ? "hidden" : "not hidden");
    test_sides();
    test_refused();
    test_options();
    test_files();
    test_merge();
    test_wire();
    test_limits();
    test_speed();
    static const char *const files[] = {"from", "nul",   "m",
                                        "bare", "clear", "loop"};
    for (size_t i = 0; i < ZC_ARRAY_LEN(files); i++)
        unlink(file(files[i]));
    rmdir(dir);
    return done_testing();
}
