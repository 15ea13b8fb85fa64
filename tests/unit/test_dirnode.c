// SPDX-License-Identifier: GPL-2.0-or-later
/* src/tree/dirnode.c: nodes, their paths, and the fds they lend. */
#include "tap.h"

#include "scratch.h"
#include "tree/dirnode.h"

#define MAX_OPEN 4
#define DEPTH 300
#define MANY 100

static int top;
static struct zc_dirtree *tree;

static struct zc_dirnode *node(struct zc_dirnode *parent, const char *name)
{
    return zc_dirnode_new(tree, parent, name, strlen(name));
}

static int count_fds(void)
{
    int n = 0;
    for (int fd = 0; fd < 1024; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static bool same(int a, int b)
{
    struct stat x, y;
    return a >= 0 && b >= 0 && !fstat(a, &x) && !fstat(b, &y) &&
           x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* Opens nothing: a number that is free must stay so. */
static bool is_dir(int fd, const char *path)
{
    struct stat x, y;
    return fd >= 0 && !fstat(fd, &x) && !fstatat(top, path, &y, 0) &&
           x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* True when D lends an fd of the directory PATH. */
static bool lends(struct zc_dirnode *d, const char *path)
{
    int fd = zc_dirnode_pin(tree, d);
    bool good = is_dir(fd, path);
    if (fd >= 0)
        zc_dirnode_unpin(tree, d);
    return good;
}

/* Pins it for a moment; returns the fd it had. */
static int use(struct zc_dirnode *d)
{
    int fd = zc_dirnode_pin(tree, d);
    if (fd >= 0)
        zc_dirnode_unpin(tree, d);
    return fd;
}

/* True when D cannot be pinned. */
static bool refused(struct zc_dirnode *d)
{
    return use(d) < 0;
}

static void test_paths(void)
{
    struct zc_dirnode *root = zc_dirtree_root(tree);
    struct zc_buf buf = ZC_BUF_INIT;
    is_str(zc_dirnode_name(root), "", "the root has no name");
    ok(!zc_dirnode_parent(root), "and no parent");
    zc_dirnode_path(root, &buf);
    is_int(buf.len, 0, "its path is empty");
    is_str(zc_dirnode_path_of(root, "f", 1, &buf), "f", "a file in it");
    is_str(zc_dirnode_path_of(root, "", 0, &buf), "", "nothing in it");

    struct zc_dirnode *a = zc_dirnode_new(tree, root, "ax", 1);
    struct zc_dirnode *b = node(a, "bb");
    is_str(zc_dirnode_name(a), "a", "a name is as long as told");
    ok(zc_dirnode_parent(b) == a && zc_dirnode_parent(a) == root, "parents");
    is_str(zc_dirnode_path_of(b, "file", 2, &buf), "a/bb/fi", "a file below");
    is_str(zc_dirnode_path_of(b, "", 0, &buf), "a/bb", "a directory's own");
    zc_buf_reset(&buf);
    zc_buf_put_str(&buf, "x:");
    zc_dirnode_path(b, &buf);
    zc_buf_u8(&buf, 0);
    is_str((char *)buf.data, "x:a/bb", "a path is appended");

    zc_dirnode_ref(tree, b);
    zc_dirnode_unref(tree, a);
    zc_dirnode_unref(tree, b);
    is_str(zc_dirnode_path_of(b, "", 0, &buf), "a/bb",
           "a node keeps its parents while it has a reference");
    zc_dirnode_unref(tree, b);
    zc_dirnode_unref(tree, NULL);
    zc_buf_fini(&buf);
}

static void test_pins(void)
{
    mkdirat(top, "p", 0755);
    mkdirat(top, "p/q", 0755);
    struct zc_dirnode *root = zc_dirtree_root(tree);
    struct zc_dirnode *p = node(root, "p"), *q = node(p, "q");
    int before = count_fds();
    ok(lends(root, "."), "the root's fd");
    int fd = zc_dirnode_pin(tree, q);
    is_int(zc_dirnode_pin(tree, q), fd, "a second pin gives the same fd");
    zc_dirnode_unpin(tree, q);
    ok(fcntl(fd, F_GETFD) & FD_CLOEXEC, "it is open, and not for programs");
    ok(lends(q, "p/q") && lends(p, "p"), "each is its own directory");
    zc_dirnode_unpin(tree, q);
    is_int(count_fds(), before + 2, "both stay open unused");
    zc_dirnode_unref(tree, p);
    zc_dirnode_unref(tree, q);
    is_int(count_fds(), before, "until they are released");
}

static void test_many(void)
{
    struct zc_dirnode *mid, *sub[MANY];
    char path[32];
    mkdirat(top, "mid", 0755);
    mid = node(zc_dirtree_root(tree), "mid");
    for (int i = 0; i < MANY; i++) {
        snprintf(path, sizeof path, "mid/%d", i);
        mkdirat(top, path, 0755);
        sub[i] = node(mid, path + 4);
    }
    int before = count_fds(), most = 0, held = zc_dirnode_pin(tree, sub[0]);
    bool good = true;
    for (int i = 0; i < 3 * MANY; i++) {
        int k = i * 37 % MANY; /* the parent has been closed again and again */
        snprintf(path, sizeof path, "mid/%d", k);
        good = good && lends(sub[k], path);
        most = ZC_MAX(most, count_fds() - before);
    }
    ok(good, "%d directories in turn", MANY);
    is_int(most, MAX_OPEN + 1, "no more than allowed are open, and the pinned");
    is_int(zc_dirnode_pin(tree, sub[0]), held, "which is still there");
    zc_dirnode_unpin(tree, sub[0]);
    zc_dirnode_unpin(tree, sub[0]);
    is_int(count_fds(), before + MAX_OPEN, "it is one of them afterwards");

    /* 1 is used again, so 2 and 3 go for mid, opened on the way, and 9. */
    for (int i = 1; i <= MAX_OPEN; i++)
        use(sub[i]);
    int one = use(sub[1]);
    int nine = use(sub[9]);
    ok(is_dir(one, "mid/1"), "what was used lately is not closed");
    ok(is_dir(nine, "mid/9"), "nor what was used last");

    zc_dirnode_unref(tree, mid);
    for (int i = 0; i < MANY; i++)
        zc_dirnode_unref(tree, sub[i]);
    is_int(count_fds(), before, "all are closed when released");
}

/* Deeper than any path can be long. */
static void test_deep(void)
{
    static const char name[] = "a-directory-with-a-longer-name";
    struct zc_dirnode *d = zc_dirtree_root(tree), *half = NULL;
    struct zc_buf buf = ZC_BUF_INIT;
    int before = count_fds(), at = dup(top);
    zc_auto_close int at_half = -1;
    for (int i = 1; i <= DEPTH && at >= 0; i++) {
        mkdirat(at, name, 0755);
        int next = openat(at, name, O_RDONLY | O_DIRECTORY);
        close(at);
        at = next;
        struct zc_dirnode *child = node(d, name);
        if (i > 1)
            zc_dirnode_unref(tree, d); /* the child holds it */
        d = child;
        if (i == DEPTH / 2) {
            half = d;
            zc_dirnode_ref(tree, half);
            at_half = dup(at);
        }
    }
    ok(same(zc_dirnode_pin(tree, d), at), "%d levels down", DEPTH);
    ok(same(zc_dirnode_pin(tree, half), at_half), "half of that");
    is_int(count_fds() - before, MAX_OPEN + 4, "with few fds");
    zc_dirnode_unpin(tree, half);
    zc_dirnode_unpin(tree, d);
    zc_dirnode_path(d, &buf);
    is_int(buf.len, DEPTH * sizeof name - 1, "the path is as long as it is");
    ok(buf.len > 4096 && !memcmp(buf.data, name, sizeof name - 1) &&
           buf.data[sizeof name - 1] == '/', "and starts as it should");
    zc_dirnode_unref(tree, d);
    zc_dirnode_unref(tree, half);
    close(at);
    zc_close(&at_half);
    zc_buf_fini(&buf);
    is_int(count_fds(), before, "nothing is left open");
}

static void test_place(void)
{
    struct zc_buf buf = ZC_BUF_INIT;
    mkdirat(top, "staging", 0755);
    mkdirat(top, "staging/tmp1", 0755);
    mkdirat(top, "staging/tmp1/in", 0755);
    zc_auto_close int staging = openat(top, "staging", O_RDONLY | O_DIRECTORY);
    struct zc_dirnode *d = node(zc_dirtree_root(tree), "final");
    struct zc_dirnode *in = node(d, "in");
    char name[] = "tmp1";
    ok(refused(d), "a directory that is not there yet");
    is_int(zc_dirnode_place(tree, d, staging, name), 0, "is elsewhere");
    memset(name, 'x', 4);
    ok(lends(in, "staging/tmp1/in"), "so what is below it is found there");
    ok(lends(d, "staging/tmp1"), "and it is");
    is_str(zc_dirnode_path_of(in, "", 0, &buf), "final/in", "the path stays");
    is_str(zc_dirnode_name(d), "final", "the name too");

    int fd = zc_dirnode_pin(tree, d);
    renameat(top, "staging/tmp1", top, "final");
    is_int(zc_dirnode_place(tree, d, -1, NULL), 0, "back in its place");
    is_int(zc_dirnode_pin(tree, d), fd, "an open fd stays");
    zc_dirnode_unpin(tree, d);
    zc_dirnode_unpin(tree, d);
    zc_dirnode_unref(tree, in);
    zc_dirnode_unref(tree, d);

    d = node(zc_dirtree_root(tree), "final");
    is_int(zc_dirnode_place(tree, d, staging, "gone") ||
               zc_dirnode_place(tree, d, -1, NULL), 0, "there and back again");
    ok(lends(d, "final"), "it is opened by its own name");
    zc_dirnode_unref(tree, d);
    zc_buf_fini(&buf);
}

static void test_ancestors(void)
{
    struct zc_dirnode *a = node(zc_dirtree_root(tree), "a"), *b = node(a, "b");
    struct zc_dirnode *c = node(a, "c");
    uint64_t mnt;
    zc_dirnode_set_id(a, 1, 10, 7);
    zc_dirnode_set_id(b, 1, 11, 8);
    ok(zc_dirnode_has_ancestor(b, 1, 11, &mnt), "a directory itself");
    ok(zc_dirnode_has_ancestor(b, 1, 10, &mnt), "its parent");
    is_int(mnt, 7, "on its mount");
    ok(!zc_dirnode_has_ancestor(a, 1, 11, &mnt), "not its child");
    ok(!zc_dirnode_has_ancestor(c, 1, 11, &mnt), "not one beside it");
    ok(!zc_dirnode_has_ancestor(b, 2, 10, &mnt), "not on another device");
    zc_dirnode_unref(tree, a);
    zc_dirnode_unref(tree, b);
    zc_dirnode_unref(tree, c);
}

static void test_failures(void)
{
    struct zc_dirnode *root = zc_dirtree_root(tree);
    int before = count_fds();
    mkdirat(top, "real", 0755);
    mkdirat(top, "real/sub", 0755);
    symlinkat("real", top, "link");
    write_file(top, "file", "x");
    struct zc_dirnode *gone = node(root, "gone"), *below = node(gone, "sub");
    struct zc_dirnode *link = node(root, "link"), *past = node(link, "sub");
    struct zc_dirnode *file = node(root, "file");
    ok(refused(gone) && errno == ENOENT, "a missing directory: ENOENT");
    ok(refused(below) && errno == ENOENT, "one below it: ENOENT");
    ok(refused(link) && (errno == ELOOP || errno == ENOTDIR), "a symlink");
    ok(refused(past) && (errno == ELOOP || errno == ENOTDIR),
       "a symlink on the way");
    ok(refused(file) && errno == ENOTDIR, "a file: ENOTDIR");
    is_int(count_fds(), before, "failures leave nothing open");
    mkdirat(top, "gone", 0755);
    ok(lends(gone, "gone"), "one that has come since is found");
    ok(refused(below) && errno == ENOENT, "what it lacks is still missing");
    struct zc_dirnode *all[] = {gone, below, link, past, file};
    for (size_t i = 0; i < ZC_ARRAY_LEN(all); i++)
        zc_dirnode_unref(tree, all[i]);

    struct zc_dirtree *none = zc_dirtree_new(-1, MAX_OPEN);
    struct zc_dirnode *d = zc_dirnode_new(none, zc_dirtree_root(none), "d", 1);
    ok(zc_dirnode_pin(none, zc_dirtree_root(none)) == -1 && errno == ENOENT,
       "a root that does not exist: ENOENT");
    ok(zc_dirnode_pin(none, d) == -1 && errno == ENOENT, "nor what is in it");
    zc_dirnode_unref(none, d);
    zc_dirtree_free(none);
    zc_dirtree_free(NULL);
}

int main(void)
{
    top = scratch();
    int before = count_fds();
    tree = zc_dirtree_new(top, MAX_OPEN);
    test_paths();
    test_pins();
    test_many();
    test_deep();
    test_place();
    test_ancestors();
    test_failures();
    zc_dirtree_free(tree);
    is_int(count_fds(), before, "the tree closes its root");
    close(top);
    return done_testing();
}
