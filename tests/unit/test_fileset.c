// SPDX-License-Identifier: GPL-2.0-or-later
/* --files-from: cleaning of lines, the tree they make, files of them. */
#include "tap.h"
#include "tree/fileset.h"

#include <stdio.h>
#include <string.h>

/* NODE's children as "a*(b c/) d": '*' listed, '/' recurses, (children). */
static void show(const struct zc_fileset *s, const struct zc_fileset_node *node,
                 char *out)
{
    size_t n;
    const struct zc_fileset_node *const *kids =
        zc_fileset_children(s, node, &n);
    for (size_t i = 0; i < n; i++) {
        size_t below;
        zc_fileset_children(s, kids[i], &below);
        sprintf(out + strlen(out), "%s%s%s%s%s", i ? " " : "",
                zc_fileset_name(kids[i]), zc_fileset_listed(kids[i]) ? "*" : "",
                zc_fileset_recurses(kids[i]) ? "/" : "", below ? "(" : "");
        show(s, kids[i], out);
        strcat(out, below ? ")" : "");
    }
}

static const char *tree_of(const char *const *lines, size_t n)
{
    static char out[4096];
    struct zc_err err;
    struct zc_fileset *s = zc_fileset_new();
    *out = '\0';
    for (size_t i = 0; i < n; i++)
        if (zc_fileset_add(s, lines[i], strlen(lines[i]), &err))
            diag("%s", err.text);
    if (zc_fileset_sort(s) == 0)
        show(s, NULL, out);
    zc_fileset_free(s);
    return out;
}

#define TREE(...)                                     \
    tree_of((const char *const[]){__VA_ARGS__},       \
            ZC_ARRAY_LEN(((const char *[]){__VA_ARGS__})))

static void test_trees(void)
{
    is_str(TREE("a"), "a*", "one name");
    is_str(TREE("b", "a", "b"), "a* b*", "sorted, once each");
    is_str(TREE("./a//b/./c"), "a(b(c*))", "dots and slashes go");
    is_str(TREE("///a"), "a*", "leading slashes go");
    is_str(TREE("d/"), "d*/", "a slash behind asks for all below");
    is_str(TREE("d/."), "d*/", "... and so does a dot after it");
    is_str(TREE("d", "d/"), "d*/", "... whatever else asks for less");
    is_str(TREE("d/", "d/x"), "d*/(x*)", "... and names below stay");
    is_str(TREE("a/x", "a", "a/b/c"), "a*(b(c*) x*)", "parent and children");
    is_str(TREE("a/b", "a.b", "a-b/c", "ab", "a"), "a*(b*) a-b(c*) a.b* ab*",
           "sorted by names, not by paths");
    is_str(TREE("a\1", "a/z", "a"), "a*(z*) a\1*", "bytes before the slash");
    is_str(TREE("\377", "b", "\303\244"), "b* \303\244* \377*", "any bytes");
    is_str(TREE("...", ".a", "a..", "..b"), "...* ..b* .a* a..*",
           "names with dots are names");
    is_str(TREE(".", "a"), "a*", "the root alone needs no line");
    is_str(TREE("."), "", "an empty set");
}

static void test_refused(void)
{
    char long_name[257];
    memset(long_name, 'x', 256);
    long_name[256] = '\0';
    const char *const bad[] = {"",     "..",      "../a", "a/../b", "a/..",
                               "./",   "/",       "//",   "./.",    long_name};
    struct zc_fileset *s = zc_fileset_new();
    for (size_t i = 0; i < ZC_ARRAY_LEN(bad); i++) {
        struct zc_err err = {0};
        ok(zc_fileset_add(s, bad[i], strlen(bad[i]), &err) == -1 &&
               err.code == ZC_EXIT_USAGE && strstr(err.text, bad[i]),
           "\"%.20s\" is refused", bad[i]);
    }
    struct zc_err err;
    ok(zc_fileset_add(s, "a\0b", 3, &err) == -1, "a NUL is refused");
    ok(zc_fileset_add(s, long_name + 1, 255, &err) == 0, "255 bytes are not");
    zc_fileset_free(s);
    s = zc_fileset_new();
    zc_fileset_free(s);
    zc_fileset_free(NULL);
}

static char file[256];

static void write_file(const char *bytes, size_t n)
{
    FILE *f = fopen(file, "w");
    if (!f || fwrite(bytes, 1, n, f) != n || fclose(f))
        diag("could not write %s", file);
}

#define FROM_FILE(bytes, nul) from_file(bytes, sizeof(bytes) - 1, nul)

/* The tree, or the error, of a file with these bytes. */
static const char *from_file(const char *bytes, size_t n, bool nul_ended)
{
    static char out[4096];
    struct zc_err err;
    struct zc_fileset *s = zc_fileset_new();
    write_file(bytes, n);
    *out = '\0';
    if (zc_fileset_read(s, file, nul_ended, &err))
        snprintf(out, sizeof out, "%d %s", err.code,
                 err.text + (strstr(err.text, file) ? strlen(file) : 0));
    else
        show(s, NULL, out);
    zc_fileset_free(s);
    return out;
}

static void test_files(void)
{
    is_str(FROM_FILE("", false), "", "an empty file");
    is_str(FROM_FILE("b\n\n# c\n;d\na", false), "a* b*",
           "comments, blank lines, no newline at the end");
    is_str(FROM_FILE("a\r\nb\r#c\rd\n", false), "a* b* d*",
           "carriage returns end lines");
    is_str(FROM_FILE("#a\0;b\n\0\0c", true), "#a* ;b\n* c*",
           "ended by NUL all bytes count");
    is_str(FROM_FILE("a\n../b\n", false),
           "1 , line 2: the listed path \"../b\" cannot be sent: \"..\" is not "
           "allowed in it",
           "a bad line is named");
    is_str(FROM_FILE("a\0b\n", false),
           "1 , line 1: a NUL byte in the line (is -0 missing?)",
           "a list for -0");
    struct zc_err err;
    struct zc_fileset *s = zc_fileset_new();
    unlink(file);
    ok(zc_fileset_read(s, file, false, &err) == -1 &&
           err.code == ZC_EXIT_FILEIO && err.eno == ENOENT,
       "no such file");
    ok(zc_fileset_read(s, "/", false, &err) == -1 && err.eno == EISDIR,
       "a directory is no list");
    zc_fileset_free(s);
}

/* 300,000 names in one directory, and one path 100,000 deep. */
static void test_big(void)
{
    struct zc_fileset *s = zc_fileset_new();
    struct zc_err err;
    int rc = 0;
    for (int i = 0; i < 300000; i++) {
        char path[32];
        int n = snprintf(path, sizeof path, "d/%06u", i * 7919u % 300000u);
        rc |= zc_fileset_add(s, path, (size_t)n, &err);
    }
    char *deep = malloc(200000);
    for (int i = 0; i < 200000; i += 2)
        memcpy(deep + i, "e/", 2);
    rc |= zc_fileset_add(s, deep, 199999, &err);
    free(deep);
    rc |= zc_fileset_sort(s);
    size_t n, depth = 0;
    const struct zc_fileset_node *const *kids =
        zc_fileset_children(s, NULL, &n);
    ok(rc == 0 && n == 2, "a wide and a deep directory");
    const struct zc_fileset_node *deepest = kids[1];
    kids = zc_fileset_children(s, kids[0], &n);
    bool sorted = n == 300000;
    for (size_t i = 1; i < n; i++)
        sorted &= strcmp(zc_fileset_name(kids[i - 1]),
                         zc_fileset_name(kids[i])) < 0;
    ok(sorted, "... 300,000 sorted names");
    for (; deepest; depth++) {
        kids = zc_fileset_children(s, deepest, &n);
        deepest = n ? kids[0] : NULL;
    }
    is_int(depth, 100000, "... 100,000 deep");
    zc_fileset_free(s);
}

int main(void)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(file, sizeof file, "%s/zc-fileset-%d", tmp ? tmp : "/tmp",
             (int)getpid());
    test_trees();
    test_refused();
    test_files();
    test_big();
    unlink(file);
    return done_testing();
}
