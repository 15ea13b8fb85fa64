// SPDX-License-Identifier: GPL-2.0-or-later
/* src/fs/remove.c: what goes, what stays, and who is told. */
#include "tap.h"

#include "fs/remove.h"
#include "scratch.h"

#include <sys/resource.h>

static int top;

/* What the callbacks were told, a line each. */
static char told[8192];

static void tell(const char *what, const char *path, const char *rest)
{
    size_t n = strlen(told);
    snprintf(told + n, sizeof told - n, "%s %s%s\n", what, path, rest);
}

static bool keep(void *arg, const char *path, bool is_dir)
{
    const char *pattern = arg;
    (void)is_dir;
    return pattern && strstr(path, pattern);
}

static void done(void *arg, const char *path, bool is_dir)
{
    (void)arg;
    tell("done", path, is_dir ? "/" : "");
}

static void failed(void *arg, const char *path, int eno)
{
    char rest[64];
    (void)arg;
    snprintf(rest, sizeof rest, ": %s", strerror(eno));
    tell("failed", path, rest);
}

static struct zc_remove_ops ops_keeping(const char *pattern)
{
    told[0] = '\0';
    return (struct zc_remove_ops){.keep = keep,
                                  .done = done,
                                  .failed = failed,
                                  .arg = (void *)(uintptr_t)pattern};
}

static bool there(const char *path)
{
    return faccessat(top, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* tree/{a,b/{c,d/e},l -> /}, outside/precious */
static void make_tree(void)
{
    mkdirat(top, "tree", 0755);
    mkdirat(top, "tree/b", 0755);
    mkdirat(top, "tree/b/d", 0755);
    mkdirat(top, "outside", 0755);
    write_file(top, "outside/precious", "x");
    write_file(top, "tree/a", "x");
    write_file(top, "tree/b/c", "x");
    write_file(top, "tree/b/d/e", "x");
    symlinkat("../outside", top, "tree/l");
    symlinkat("../../outside", top, "tree/b/d/l");
    mkfifoat(top, "tree/b/d/p", 0600);
}

static int lines(const char *prefix)
{
    int n = 0;
    for (const char *p = told; *p; p = strchr(p, '\n') + 1)
        n += strncmp(p, prefix, strlen(prefix)) == 0;
    return n;
}

static void test_simple(void)
{
    struct zc_remove_ops ops = ops_keeping(NULL);
    is_int(zc_remove_tree(top, "missing", "missing", &ops), 0,
           "what is not there is gone");
    is_str(told, "", "and nobody is told");

    write_file(top, "file", "x");
    is_int(zc_remove_tree(top, "file", "x/file", &ops), 0, "a file");
    is_str(told, "done x/file\n", "is told by its path");

    make_tree();
    symlinkat("outside", top, "link");
    is_int(zc_remove_tree(top, "link", "link", NULL), 0, "a symlink");
    ok(!there("link") && there("outside/precious"), "goes, its target stays");

    is_int(zc_count_tree(top, "tree", "tree", NULL, UINT64_MAX), 9,
           "nine entries are counted");
    is_int(zc_count_tree(top, "tree", "tree", NULL, 4), 4, "or four");
    is_int(zc_count_tree(top, "tree", "tree", NULL, 0), 0, "or none");
    is_int(zc_count_tree(top, "missing", "m", NULL, 9), 0, "nothing is none");
    ok(there("tree/b/d/e"), "counting removes nothing");

    ops = ops_keeping(NULL);
    is_int(zc_remove_tree(top, "tree", "some/tree", &ops), 0, "a tree");
    ok(!there("tree"), "is gone");
    is_int(lines("done some/tree"), 9, "nine entries were told");
    ok(strstr(told, "done some/tree/b/d/l\ndone") ||
           strstr(told, "done some/tree/b/d/l\n"),
       "by their paths");
    ok(strstr(told, "done some/tree/b/d/\ndone some/tree/b/\n"),
       "directories after what is in them");
    ok(there("outside/precious"), "what its symlinks led to stays");
}

static void test_keep(void)
{
    make_tree();
    struct zc_remove_ops ops = ops_keeping("d/e");
    is_int(zc_count_tree(top, "tree", "tree", &ops, 100), 5,
           "with one file kept, five of nine would go");
    ok(!strstr(told, "tree/b/\n"), "its parents not among them");
    ops = ops_keeping("d/e");
    is_int(zc_remove_tree(top, "tree", "tree", &ops), 1, "something is kept");
    ok(there("tree/b/d/e"), "the kept file is there");
    ok(!there("tree/a") && !there("tree/b/c") && !there("tree/b/d/l"),
       "and nothing else");
    is_int(lines("done"), 5, "five were told");
    is_int(lines("failed"), 0, "and no failure");

    ops = ops_keeping("tree/b");
    write_file(top, "tree/a", "x");
    is_int(zc_remove_tree(top, "tree", "tree", &ops), 1, "a kept directory");
    ok(there("tree/b/d/e") && !there("tree/a"), "keeps all that is in it");
    ops = ops_keeping("tree");
    is_int(zc_remove_tree(top, "tree", "tree", &ops), 1, "a kept top");
    is_int(zc_remove_tree(top, "tree", "tree", NULL), 0, "nobody keeps it");
    ok(!there("tree"), "and it goes");
}

/* Two bushy trees side by side, deeper than the open levels. */
static void test_bushy(void)
{
    struct zc_remove_ops ops = ops_keeping(NULL);
    int at = openat(top, ".", O_RDONLY);
    mkdirat(at, "bush", 0755);
    for (int depth = 0; depth < 40; depth++) {
        int next = openat(at, depth ? "deeper" : "bush", O_RDONLY);
        close(at);
        at = next;
        mkdirat(at, "a", 0755);
        mkdirat(at, "deeper", 0755);
        mkdirat(at, "z", 0755);
        mkdirat(at, "z/y", 0755);
        write_file(at, "f", "");
    }
    close(at);
    ops.done = NULL;
    is_int(zc_count_tree(top, "bush", "bush", NULL, UINT64_MAX), 201,
           "a bush of 40 levels");
    is_int(zc_remove_tree(top, "bush", "bush", &ops), 0, "is removed");
    ok(!there("bush") && !*told, "without a failure");
}

#define DEPTH 20000
static size_t longest;

static void measure(void *arg, const char *path, bool is_dir)
{
    (void)arg;
    (void)is_dir;
    longest = strlen(path) > longest ? strlen(path) : longest;
}

static int test_deep_child(void *arg)
{
    struct rlimit few = {64, 64};
    struct zc_remove_ops ops = {.done = measure};
    int at = openat(top, ".", O_RDONLY);
    (void)arg;
    for (int i = 0; i < DEPTH; i++) {
        mkdirat(at, "deep", 0755);
        int next = openat(at, "deep", O_RDONLY);
        close(at);
        at = next;
    }
    write_file(at, "f", "");
    close(at);
    setrlimit(RLIMIT_NOFILE, &few);
    if (zc_count_tree(top, "deep", "deep", NULL, UINT64_MAX) != DEPTH + 1)
        return 1;
    if (zc_remove_tree(top, "deep", "deep", &ops))
        return 2;
    return there("deep") ? 3 : longest != DEPTH * 5 + 1 ? 4 : 0;
}

static void test_wide(void)
{
    char name[64];
    mkdirat(top, "wide", 0755);
    zc_auto_close int wide = openat(top, "wide", O_RDONLY);
    for (int i = 0; i < 3000; i++) {
        snprintf(name, sizeof name, "a-file-with-a-longer-name-%d", i);
        write_file(wide, name, "");
        snprintf(name, sizeof name, "dir%d", i);
        mkdirat(wide, name, 0755);
    }
    is_int(zc_count_tree(top, "wide", "wide", NULL, UINT64_MAX), 6001,
           "6000 entries in one directory");
    is_int(zc_remove_tree(top, "wide", "wide", NULL), 0, "are removed");
}

/* As an ordinary user in a directory of his own. */
static int test_closed_child(void *arg)
{
    const char *dir = arg;
    struct stat st;
    become_nobody();
    int at = openat(top, dir, O_RDONLY);
    mkdirat(at, "closed", 0700);
    mkdirat(at, "closed/sub", 0700);
    write_file(at, "closed/sub/f", "");
    write_file(at, "closed/f", "");
    fchmodat(at, "closed/sub", 0, 0);
    fchmodat(at, "closed", 0500, 0);
    struct zc_remove_ops ops = ops_keeping("sub/f");
    if (zc_remove_tree(at, "closed", "closed", &ops) != 1)
        return 1;
    if (fstatat(at, "closed", &st, 0) || (st.st_mode & 07777) != 0500)
        return 2;
    fchmodat(at, "closed", 0700, 0);
    if (fstatat(at, "closed/sub", &st, 0) || (st.st_mode & 07777) != 0)
        return 3;
    fchmodat(at, "closed", 0500, 0);
    if (zc_remove_tree(at, "closed", "closed", NULL))
        return 4;
    return faccessat(at, "closed", F_OK, 0) == 0 ? 5 : 0;
}

static int test_foreign_child(void *arg)
{
    (void)arg;
    become_nobody();
    struct zc_remove_ops ops = ops_keeping(NULL);
    if (zc_remove_tree(top, "foreign", "foreign", &ops) != -1)
        return 1;
    if (errno != EACCES)
        return 2;
    return strcmp(told, "failed foreign/sub/f: Permission denied\n") ? 3 : 0;
}

static void test_permissions(void)
{
    mkdirat(top, "own", 0777);
    fchmodat(top, "own", 0777, 0);
    is_int(in_child(test_closed_child, "own"), 0,
           "our closed directories are opened, and closed again");
    if (geteuid()) {
        skip(1, "needs root");
        return;
    }
    mkdirat(top, "foreign", 0777);
    mkdirat(top, "foreign/sub", 0755);
    write_file(top, "foreign/sub/f", "");
    is_int(in_child(test_foreign_child, NULL), 0,
           "what is not ours fails, once, by its path");
    zc_remove_tree(top, "foreign", "foreign", NULL);
}

static void test_mounts(void)
{
    mkdirat(top, "m", 0755);
    mkdirat(top, "m/mnt", 0755);
    mkdirat(top, "m/bind", 0755);
    mkdirat(top, "m/sub", 0755);
    write_file(top, "m/f", "");
    write_file(top, "m/bindfile", "");
    if (mount("none", "m/mnt", "tmpfs", 0, NULL) ||
        mount("outside", "m/bind", NULL, MS_BIND, NULL) ||
        mount("outside/precious", "m/bindfile", NULL, MS_BIND, NULL)) {
        skip(7, "cannot mount: %s", strerror(errno));
        return;
    }
    write_file(top, "m/mnt/f", "");
    struct zc_remove_ops ops = ops_keeping(NULL);
    is_int(zc_remove_tree(top, "m", "m", &ops), -1, "mounts do not go");
    is_int(errno, EBUSY, "EBUSY");
    ok(strstr(told, "failed m/mnt: ") && strstr(told, "failed m/bind: ") &&
           strstr(told, "failed m/bindfile: "),
       "each is told");
    is_int(lines("failed"), 3, "and nothing more");
    ok(there("m/mnt/f") && there("outside/precious"), "what is on them stays");
    zc_auto_close int m = openat(top, "m", O_RDONLY);
    is_int(zc_remove_tree(m, "mnt", "m/mnt", NULL), -1, "nor as the top");
    umount2("m/mnt", MNT_DETACH);
    umount2("m/bind", MNT_DETACH);
    umount2("m/bindfile", MNT_DETACH);
    is_int(zc_remove_tree(top, "m", "m", NULL), 0, "unmounted, it goes");
}

/* Somebody fills the tree while it is removed. */
static int filler(void *arg)
{
    (void)arg;
    for (int i = 0; i < 2000; i++) {
        char name[32];
        snprintf(name, sizeof name, "busy/s/n%d", i);
        int fd = openat(top, name, O_CREAT | O_WRONLY, 0600);
        if (fd < 0)
            break;
        close(fd);
    }
    return 0;
}

static void test_busy(void)
{
    mkdirat(top, "busy", 0755);
    mkdirat(top, "busy/s", 0755);
    filler(NULL);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        _exit(filler(NULL));
    int r = zc_remove_tree(top, "busy", "busy", NULL);
    ok(r == 0 || errno == ENOTEMPTY, "a tree that is filled meanwhile");
    waitpid(pid, NULL, 0);
    is_int(zc_remove_tree(top, "busy", "busy", NULL), 0, "goes in the end");
}

int main(void)
{
    private_mounts();
    top = scratch();
    test_simple();
    test_keep();
    test_bushy();
    is_int(in_child(test_deep_child, NULL), 0,
           "%d levels with 64 fds", DEPTH);
    test_wide();
    test_permissions();
    test_mounts();
    test_busy();
    close(top);
    return done_testing();
}
