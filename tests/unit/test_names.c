// SPDX-License-Identifier: GPL-2.0-or-later
/* src/tree/names.c: every name once, in byte order, with its type. */
#include "tap.h"

#include "base/relpath.h"
#include "scratch.h"
#include "tree/names.h"

#include <dirent.h>

static int top;

/* A fresh empty directory. */
static int new_dir(void)
{
    static int count;
    char name[16];
    snprintf(name, sizeof name, "dir%d", count++);
    mkdirat(top, name, 0755);
    return openat(top, name, O_RDONLY | O_DIRECTORY);
}

static void make(int dir, const char *name)
{
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (fd < 0)
        diag("cannot make %s: %s", name, strerror(errno));
    else
        close(fd);
}

static int by_strcmp(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Makes the N names of V in an empty directory; true when reading it gives
 * just them, in the order of strcmp, which compares bytes. */
static bool round_trip(char **v, size_t n)
{
    zc_auto_close int dir = new_dir();
    struct zc_names names;
    for (size_t i = 0; i < n; i++)
        make(dir, v[i]);
    qsort(v, n, sizeof *v, by_strcmp);
    if (zc_names_read(dir, &names))
        return false;
    bool good = names.len == n;
    for (size_t i = 0; i < n && good; i++)
        good = strcmp(zc_names_at(&names, i), v[i]) == 0 &&
               names.v[i].len == strlen(v[i]) && names.v[i].type == DT_REG &&
               zc_names_lower_bound(&names, v[i], strlen(v[i])) == i;
    zc_names_fini(&names);
    return good;
}

static void test_empty(void)
{
    zc_auto_close int dir = new_dir();
    struct zc_names n;
    is_int(zc_names_read(dir, &n), 0, "an empty directory is read");
    is_int(n.len, 0, "it has no names");
    is_int(zc_names_lower_bound(&n, "a", 1), 0, "and no place for one");
    zc_names_fini(&n);
    ok(!n.bytes && !n.v && !n.len, "and is empty afterwards");
}

static void test_awkward(void)
{
    char *v[] = {"a", "A", "a b", "ab", "abc", "a.b", "\xff\xfe", "\x01",
                 "\n", "...", "..a", ".a", "-rf", "\xc3\xa4", "aaaaaaaa",
                 "aaaaaaaaa", "aaaaaaab", "aaaaaaaa\x80", "aaaaaaa", "~",
                 "aaaaaaaab", "aaaaaaaaaaaaaaaab", "aaaaaaaaaaaaaaaaa"};
    ok(round_trip(v, ZC_ARRAY_LEN(v)), "names of any bytes");
    char *prefixes[] = {"x", "xx", "xxxxxxxxx", "xxxxxxxx", "xxxxxxx"};
    ok(round_trip(prefixes, ZC_ARRAY_LEN(prefixes)), "each a prefix");
    char *one[] = {"alone"};
    ok(round_trip(one, 1), "just one");

    char longest[2][256];
    for (int i = 0; i < 2; i++) {
        memset(longest[i], 'l', 255);
        longest[i][254] = (char)('z' - i);
        longest[i][255] = '\0';
    }
    char *l[] = {longest[0], longest[1]};
    ok(round_trip(l, 2), "names of 255 bytes that differ in the last");
}

/* Counts around the sizes where the code changes its way. */
static void test_counts(void)
{
    static const size_t counts[] = {2, 11, 12, 13, 24, 25, 255, 256, 257, 3000};
    unsigned seed = 1;
    for (size_t c = 0; c < ZC_ARRAY_LEN(counts); c++) {
        size_t n = counts[c];
        char **v = calloc(n, sizeof *v);
        for (size_t i = 0; i < n; i++) {
            char name[64];
            seed = seed * 1103515245 + 12345;
            snprintf(name, sizeof name, "common%0*u-%zu",
                     (int)(seed >> 16) % 20 + 1, seed >> 8 & 15, i);
            v[i] = strdup(name);
        }
        ok(round_trip(v, n), "%zu names", n);
        for (size_t i = 0; i < n; i++)
            free(v[i]);
        free(v);
    }
}

static void test_types(void)
{
    zc_auto_close int dir = new_dir();
    struct zc_names n;
    mkdirat(dir, "dir", 0755);
    symlinkat("x", dir, "link");
    mkfifoat(dir, "pipe", 0600);
    make(dir, "file");
    is_int(zc_names_read(dir, &n), 0, "a directory of all sorts");
    is_int(n.len, 4, "has four names");
    is_int(n.v[0].type, DT_DIR, "a directory");
    is_int(n.v[1].type, DT_REG, "a file");
    is_int(n.v[2].type, DT_LNK, "a symlink");
    is_int(n.v[3].type, DT_FIFO, "a fifo");
    is_int(zc_names_lower_bound(&n, "", 0), 0, "nothing is before \"\"");
    is_int(zc_names_lower_bound(&n, "f", 1), 1, "f goes before file");
    is_int(zc_names_lower_bound(&n, "file", 4), 1, "file is at 1");
    is_int(zc_names_lower_bound(&n, "file0", 5), 2, "file0 goes after it");
    is_int(zc_names_lower_bound(&n, "zzz", 3), 4, "zzz after all");
    zc_names_fini(&n);

    make(dir, "later");
    is_int(zc_names_read(dir, &n), 0, "it is read from its start again");
    is_int(n.len, 5, "with what is new");
    zc_names_fini(&n);
}

static void test_failures(void)
{
    struct zc_names n;
    write_file(top, "file", "x");
    zc_auto_close int file = openat(top, "file", O_RDONLY);
    ok(zc_names_read(file, &n) == -1 && errno == ENOTDIR, "a file: ENOTDIR");
    ok(!n.v && !n.bytes && !n.len, "N is empty then");
    ok(zc_names_read(-1, &n) == -1 && errno == EBADF, "no fd: EBADF");
    zc_auto_close int gone = new_dir();
    char path[32], target[4096];
    snprintf(path, sizeof path, "/proc/self/fd/%d", gone);
    ssize_t len = readlink(path, target, sizeof target - 1);
    if (len > 0) {
        target[len] = '\0';
        rmdir(target);
        ok(zc_names_read(gone, &n) == -1 && errno == ENOENT,
           "one that was removed: ENOENT");
    } else {
        skip(1, "no /proc here");
    }
}

static void test_insert(void)
{
    struct zc_names n = {0};
    static const char *const names[] = {"m", "a", "z", "mm", "m", "b", "a"};
    for (size_t i = 0; i < ZC_ARRAY_LEN(names); i++)
        if (zc_names_insert(&n, names[i], strlen(names[i])))
            diag("not inserted");
    char all[100] = "";
    for (size_t i = 0; i < n.len; i++)
        snprintf(all + strlen(all), 10, "%s ", zc_names_at(&n, i));
    is_str(all, "a b m mm z ", "inserted in order, each once");
    zc_names_fini(&n);
}

int main(void)
{
    top = scratch();
    test_empty();
    test_awkward();
    test_counts();
    test_types();
    test_failures();
    test_insert();
    close(top);
    return done_testing();
}
