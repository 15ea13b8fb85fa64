// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules that files in each directory give (src/tree/filter_dir.c), and their way
 * to the peer. What they mean is compared with rsync in tests/t. */
#include "tap.h"

#include "scratch.h"
#include "tree/filter.h"

#include <string.h>

static int top;
static struct zc_err err;
static const struct zc_filter_reading plain = {.nesting = true};

static struct zc_filter *make(const char *rule)
{
    struct zc_filter *f = zc_filter_new();
    if (!f || zc_filter_add(f, rule, &err))
        exit(99);
    return f;
}

static void put(const char *name, const char *text)
{
    unlinkat(top, name, 0);
    write_file(top, name, text);
}

/* The rules of PATH ("" or "d"), where F are those above. */
static struct zc_filter *enter(const struct zc_filter *f, const char *path,
                               const struct zc_filter_reading *how)
{
    int fd = openat(top, *path ? path : ".", O_RDONLY | O_DIRECTORY);
    memset(&err, 0, sizeof err);
    struct zc_filter *in = zc_filter_enter(f, fd, path, how, &err);
    close(fd);
    return in;
}

static bool hides(const struct zc_filter *f, const char *path)
{
    return zc_filter_hides(f, path, false);
}

static void test_inherited(void)
{
    struct zc_filter *f = make(": .rules");
    mkdirat(top, "d", 0755);
    struct zc_filter *same = enter(f, "", &plain);
    ok(same == f, "without a file the rules are those above");
    zc_filter_free(same);
    put(".rules", "# a comment\n- *.o\r\n\n- /top\n");
    put("d/.rules", "+ k.o\n- /top\n- a[b]\n");
    struct zc_filter *root = enter(f, "", &plain);
    struct zc_filter *d = root ? enter(root, "d", &plain) : NULL;
    ok(root && d, "with files in both: %s", err.text);
    ok(hides(root, "x.o") && hides(root, "top") && !hides(root, "d/top") &&
           !hides(f, "x.o"),
       "the root's");
    ok(hides(d, "d/x.o") && !hides(d, "d/k.o") && hides(d, "d/top") &&
           !hides(d, "d/e/top") && hides(d, "d/ab"),
       "and what the directory says goes before it");
    put("d/.rules", "!\n- q\n");
    struct zc_filter *cleared = enter(root, "d", &plain);
    ok(cleared && !hides(cleared, "d/x.o") && hides(cleared, "d/q"),
       "a clear is about what is inherited");
    zc_filter_free(cleared);
    zc_filter_free(d);
    zc_filter_free(root);
    zc_filter_free(f);
}

static void test_odd_names(void)
{
    struct zc_filter *f = make(": .rules");
    mkdirat(top, "a*[x]\\", 0755);
    put("a*[x]\\/.rules", "- /f*\n- /g\n- /h\\i\n");
    struct zc_filter *d = enter(f, "a*[x]\\", &plain);
    ok(d && hides(d, "a*[x]\\/foo") && hides(d, "a*[x]\\/g") &&
           hides(d, "a*[x]\\/h\\i") && !hides(d, "aax/foo"),
       "the name of a directory is no pattern");
    zc_filter_free(d);
    zc_filter_free(f);
}

static void test_words(void)
{
    struct zc_filter *f = make(":C");
    put(".cvsignore", "a  *.x\n\t#*# ! b\n");
    struct zc_filter *d = enter(f, "", &plain);
    ok(d && !hides(d, "a") && !hides(d, "q.x") && hides(d, "b"),
       "words, of which \"!\" clears");
    struct zc_filter *below = enter(d, "d", &plain);
    ok(below && !hides(below, "d/b"), "and which nobody inherits");
    zc_filter_free(below);
    zc_filter_free(d);
    zc_filter_free(f);
    f = make(":w .w");
    put(".w", "- a + b\n-_c #d P x");
    d = enter(f, "", &plain);
    ok(!d && strstr(err.text, ".w: filter rule \"#d P\""), "no comments: %s",
       err.text);
    put(".w", "- a + b\n-_c P x");
    d = enter(f, "", &plain);
    ok(d && hides(d, "a") && !hides(d, "b") && hides(d, "c") &&
           zc_filter_protects(d, "x", false),
       "whole rules as words");
    zc_filter_free(d);
    zc_filter_free(f);
}

static void test_nested(void)
{
    struct zc_filter_reading flat = {.nesting = false};
    struct zc_filter *f = make(": .rules");
    put(".rules", ": .more\n. .once\n: .rules\n");
    put(".once", "- once\n");
    put(".more", "- more\n");
    put("d/.rules", "");
    put("d/.more", "- deep\n");
    struct zc_filter *root = enter(f, "", &plain);
    ok(root && hides(root, "once") && hides(root, "more"), "files that name "
       "files: %s", err.text);
    struct zc_filter *d = enter(root, "d", &plain);
    ok(d && hides(d, "d/once") && hides(d, "d/more") && hides(d, "d/deep"),
       "for the directories below, too");
    zc_filter_free(d);
    zc_filter_free(root);
    ok(!enter(f, "", &flat) && strstr(err.text, "a mirror's rules"),
       "unless they may not: %s", err.text);
    put(".rules", ". .rules\n");
    ok(!enter(f, "", &plain) && strstr(err.text, "too deep"),
       "one that merges itself: %s", err.text);
    zc_filter_free(f);
}

static void refused(const char *text, const char *why)
{
    struct zc_filter *f = make(": .rules");
    put(".rules", text);
    struct zc_filter *d = enter(f, "", &plain);
    ok(!d && strstr(err.text, ".rules: ") && strstr(err.text, why), "%s: %s",
       why, err.text);
    zc_filter_free(d);
    zc_filter_free(f);
}

static void test_refused(void)
{
    refused("- a\nnonsense\n", "line 2");
    refused(". /etc/passwd\n", "a file beside it");
    refused(". ../x\n", "a file beside it");
    refused(". missing\n", "missing: No such file");
    refused(": a/b\n", "without a directory");
    refused("-s a\n-x b\n", "line 2");
    static char big[300 * 1024];
    memset(big, '\n', sizeof big - 1);
    refused(big, "more than 262144 bytes");
    struct zc_filter *f = make(": .rules");
    unlinkat(top, ".rules", 0);
    mkdirat(top, ".rules", 0755);
    struct zc_filter *same = enter(f, "", &plain);
    ok(same == f, "a directory of that name is no file of rules");
    zc_filter_free(same);
    unlinkat(top, ".rules", AT_REMOVEDIR);
    put("elsewhere", "- linked\n");
    symlinkat("elsewhere", top, ".rules");
    struct zc_filter *d = enter(f, "", &plain);
    ok(d && hides(d, "linked"), "our own symlink is followed");
    zc_filter_free(d);
    struct zc_filter_reading below = {.below = true};
    ok(!enter(f, "", &below), "not where others have asked: %s", err.text);
    if (geteuid() == 0) {
        fchownat(top, ".rules", NOBODY, NOBODY, AT_SYMLINK_NOFOLLOW);
        ok(!enter(f, "", &plain), "nor anybody else's: %s", err.text);
    }
    unlinkat(top, ".rules", 0);
    zc_filter_free(f);
}

static void test_wire(void)
{
    static const char *const bases[] = {":+nw f", ":C", ":sp .x", "-p a",
                                        ": /.above", ":rs f", ":- f"};
    for (size_t i = 0; i < ZC_ARRAY_LEN(bases); i++) {
        struct zc_buf a = ZC_BUF_INIT, b = ZC_BUF_INIT;
        struct zc_filter *f = make(bases[i]);
        zc_filter_encode(f, &a);
        struct zc_filter *peer = zc_filter_decode(a.data, a.len, &err);
        if (peer)
            zc_filter_encode(peer, &b);
        ok(peer && a.len == b.len && !memcmp(a.data, b.data, a.len),
           "\"%s\" arrives", bases[i]);
        zc_filter_free(peer);
        zc_filter_free(f);
        zc_buf_fini(&a);
        zc_buf_fini(&b);
    }
    struct zc_buf base = ZC_BUF_INIT, own = ZC_BUF_INIT;
    struct zc_filter *f = make("- first");
    zc_filter_add(f, ": .rules", &err);
    zc_filter_add(f, "- last", &err);
    put(".rules", "+ last\n-p pp\nP q\n: .in\n");
    put(".in", "- in\n");
    struct zc_filter *d = enter(f, "", &plain);
    zc_filter_encode(f, &base);
    zc_filter_encode_dir(d, &own);
    struct zc_filter *there = zc_filter_decode(base.data, base.len, &err);
    struct zc_filter *dir = zc_filter_decode_dir(there, own.data, own.len,
                                                 &err);
    ok(dir && hides(dir, "first") && !hides(dir, "last") && hides(dir, "in") &&
           zc_filter_protects(dir, "q", false),
       "a directory's rules arrive in their place: %s", err.text);
    ok(dir && zc_filter_protects(dir, "pp", false) &&
           !zc_filter_protects_in_doomed(dir, "pp", false) &&
           zc_filter_protects_in_doomed(dir, "q", false),
       "perishable ones do not keep a directory");
    zc_filter_free(dir);
    ok(!zc_filter_decode_dir(there, own.data, own.len - 1, &err),
       "not without their end: %s", err.text);
    ok(!zc_filter_decode_dir(there, (const uint8_t *)": x\0", 5, &err),
       "nor with files: %s", err.text);
    ok(!zc_filter_decode_dir(there, (const uint8_t *)"\0- x\0", 6, &err),
       "nor with more than there are places: %s", err.text);
    ok(!zc_filter_decode_dir(there, (const uint8_t *)"! \0\0", 4, &err) &&
           err.code == ZC_EXIT_STREAM, "nor with clears: %s", err.text);
    zc_filter_free(there);
    zc_filter_free(d);
    zc_filter_free(f);
    zc_buf_fini(&base);
    zc_buf_fini(&own);
}

static void test_above(void)
{
    struct zc_filter *f = make(": /.above");
    char path[5000];
    mkdirat(top, "p", 0755);
    mkdirat(top, "p/src", 0755);
    put(".above", "- *.o\n- /p/src/gone\n- /*/src/wild*\n- /p\n- /q/src/no\n");
    put("p/.above", "+ k.o\n");
    put("p/src/.above", "- own\n");
    snprintf(path, sizeof path, "%s/p/src", scratch_path);
    struct zc_filter *a = zc_filter_above(f, path, &err);
    ok(a && hides(a, "x.o") && !hides(a, "k.o") && hides(a, "gone") &&
           hides(a, "wilder") && !hides(a, "no") && !hides(a, "own") &&
           !hides(a, "deep/gone"),
       "what is above the root counts in it: %s", err.text);
    zc_filter_free(a);
    put(".above", "- /**/x\n");
    ok(!zc_filter_above(f, path, &err) && strstr(err.text, "\"**\""),
       "but for what cannot be told: %s", err.text);
    zc_filter_free(f);
    unlinkat(top, ".above", 0);
}

static void test_cvs(void)
{
    setenv("HOME", scratch_path, 1);
    setenv("CVSIGNORE", "*.env", 1);
    put(".cvsignore", "*.home #x\n");
    struct zc_filter *f = make("-C");
    ok(hides(f, "core") && hides(f, "a.o") && hides(f, "#a#") &&
           hides(f, "x.home") && hides(f, "#x") && hides(f, "y.env") &&
           !hides(f, "a.c"),
       "what CVS ignores, and what the user has it ignore");
    ok(zc_filter_hides(f, ".git", true) && !hides(f, ".git"),
       "directories of its successors");
    ok(!zc_filter_protects_in_doomed(f, "core", false),
       "which does not keep a directory");
    zc_filter_free(f);
}

int main(void)
{
    top = scratch();
    test_inherited();
    test_odd_names();
    test_words();
    test_nested();
    test_refused();
    test_wire();
    test_above();
    test_cvs();
    close(top);
    return done_testing();
}
