// SPDX-License-Identifier: GPL-2.0-or-later
/* src/fs/rootdir.c: what opens, and above all what does not. */
#include "tap.h"

#include "fs/rootdir.h"
#include "scratch.h"

#include <pthread.h>
#include <stdatomic.h>

static int top;

static bool same_file(int a, int b)
{
    struct stat x, y;
    return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev &&
           x.st_ino == y.st_ino;
}

static void refused(int fd, const char *what)
{
    int eno = errno;
    ok(fd < 0, "%s is refused", what);
    if (fd >= 0)
        close(fd);
    errno = eno;
}

static void test_root(void)
{
    struct zc_err err;
    bool created = true;
    zc_auto_close int fd = zc_root_open_dest(".", ZC_ROOT_MAKE_NONE, &created,
                                             &err);
    ok(fd >= 0 && !created && same_file(fd, top), "a directory is a root");
    ok(fcntl(fd, F_GETFD) & FD_CLOEXEC, "its fd closes on exec");

    ok(symlinkat(".", top, "via") == 0, "symlink");
    zc_auto_close int via = zc_root_open("via", &err);
    ok(via >= 0 && same_file(via, top), "a symlink to one too");

    refused(zc_root_open_dest("missing", ZC_ROOT_MAKE_NONE, &created, &err),
            "a missing root");
    is_int(err.code, ZC_EXIT_SELECT, "with exit code 3");
    is_int(err.eno, ENOENT, "and ENOENT");
    is_str(err.text, "cannot open directory missing: No such file or directory",
           "and a sentence");

    umask(027);
    zc_auto_close int made = zc_root_open_dest("new/", ZC_ROOT_MAKE_LAST,
                                               &created, &err);
    ok(made >= 0 && created, "it is made when asked for");
    struct stat st;
    ok(fstat(made, &st) == 0 && (st.st_mode & 07777) == 0750,
       "with mode 0777 less the umask");
    umask(022);
    zc_auto_close int again = zc_root_open_dest("new", ZC_ROOT_MAKE_LAST,
                                                &created, &err);
    ok(again >= 0 && !created, "but only once");
    refused(zc_root_open_dest("a/b/c", ZC_ROOT_MAKE_LAST, &created, &err),
            "a root two levels away");
    write_file(top, "file", "x");
    refused(zc_root_open_dest("file", ZC_ROOT_MAKE_LAST, &created, &err),
            "a file as root");
    is_int(err.eno, ENOTDIR, "with ENOTDIR");
}

static void test_make_path(void)
{
    struct zc_err err;
    bool created = false;
    refused(zc_root_open_dest("file/p/q", ZC_ROOT_MAKE_PATH, &created, &err),
            "a path through a file");
    zc_auto_close int deep = zc_root_open_dest("p//q/r/", ZC_ROOT_MAKE_PATH,
                                               &created, &err);
    ok(deep >= 0 && created && faccessat(top, "p/q/r", F_OK, 0) == 0,
       "all of a path is made when asked for");
    zc_auto_close int below = zc_root_make_dir(top, "p/q/s", false);
    ok(below >= 0, "below a root, the last component");
    refused(zc_root_make_dir(top, "p/x/y", false), "two of them");
    is_int(errno, ENOENT, "with ENOENT");
    zc_auto_close int all = zc_root_make_dir(top, "p/x/y/z", true);
    ok(all >= 0, "unless the parents are asked for, too");
    zc_auto_close int again = zc_root_make_dir(top, "p/x/y/z", true);
    ok(again >= 0 && same_file(again, all), "which may be there");
    ok(symlinkat("x", top, "p/via") == 0, "symlink");
    refused(zc_root_make_dir(top, "p/via/w", true), "a path through a symlink");
    refused(zc_root_make_dir(top, "p/../../w", true), "a path that goes up");
    refused(zc_root_make_dir(top, "file/w", true), "a path through a file");
    is_int(errno, ENOTDIR, "with ENOTDIR");
}

static void test_names(void)
{
    static const char *const bad[] = {"", ".", "..", "/", "a/b", "/etc",
                                      "../top", "a/"};
    char longest[300];
    memset(longest, 'n', sizeof longest);
    longest[256] = '\0';
    mkdirat(top, "a", 0755);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        refused(zc_dir_open(top, bad[i]), "a bad name as directory");
        is_int(errno, EINVAL, "\"%s\": EINVAL", bad[i]);
        refused(zc_file_open(top, bad[i], O_RDONLY, 0), "and as file");
        refused(zc_path_open(top, bad[i]), "and as handle");
        size_t n;
        ok(!zc_symlink_read(top, bad[i], &n) && errno == EINVAL,
           "and as link");
    }
    refused(zc_file_open(top, longest, O_WRONLY | O_CREAT, 0600),
            "a name of 256 bytes");
    longest[255] = '\0';
    zc_auto_close int fd = zc_file_open(top, longest, O_WRONLY | O_CREAT, 0600);
    ok(fd >= 0, "one of 255 is fine");
}

static void test_files(void)
{
    zc_auto_close int fd = zc_file_open(top, "new file",
                                        O_RDWR | O_CREAT | O_EXCL, 0640);
    struct stat st;
    ok(fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & 0777) == 0640,
       "a file is made with its mode");
    ok(fcntl(fd, F_GETFD) & FD_CLOEXEC, "and closes on exec");
    refused(zc_file_open(top, "new file", O_RDWR | O_CREAT | O_EXCL, 0600),
            "making it again");
    is_int(errno, EEXIST, "EEXIST");

    zc_auto_close int r = zc_file_open(top, "new file", O_RDONLY, 0);
    ok(r >= 0 && fcntl(r, F_GETFL) & O_NOATIME, "ours is read without atime");

    ok(symlinkat("new file", top, "link") == 0, "symlink");
    refused(zc_file_open(top, "link", O_RDONLY, 0), "a symlink as file");
    is_int(errno, ELOOP, "ELOOP");
    refused(zc_file_open(top, "link", O_WRONLY | O_CREAT, 0600),
            "writing through a symlink");
    ok(symlinkat("not there", top, "dangling") == 0, "dangling symlink");
    refused(zc_file_open(top, "dangling", O_WRONLY | O_CREAT, 0600),
            "making a file through a symlink");
    ok(faccessat(top, "not there", F_OK, 0) != 0, "and nothing was made");

    ok(mkfifoat(top, "fifo", 0600) == 0, "fifo");
    zc_auto_close int fifo = zc_file_open(top, "fifo", O_RDONLY, 0);
    ok(fifo >= 0, "a fifo opens at once");

    zc_auto_close int handle = zc_path_open(top, "link");
    ok(handle >= 0 && fstat(handle, &st) == 0 && S_ISLNK(st.st_mode),
       "a handle on a symlink is the symlink");
    size_t n = 0;
    char *target = zc_symlink_read(top, "link", &n);
    is_str(target, "new file", "its target is read");
    is_int(n, 8, "with its length");
    free(target);
    ok(!zc_symlink_read(top, "new file", &n) && errno == EINVAL,
       "a file has no target");
}

static void test_longest_target(void)
{
    char path[4096];
    size_t n = 0;
    memset(path, 'p', sizeof path);
    path[4095] = '\0';
    ok(symlinkat(path, top, "far") == 0, "a target of 4095 bytes");
    char *target = zc_symlink_read(top, "far", &n);
    is_str(target, path, "is read whole");
    is_int(n, 4095, "with its length");
    free(target);
}

static void test_dirs(void)
{
    mkdirat(top, "d", 0755);
    mkdirat(top, "d/e", 0755);
    ok(symlinkat("d", top, "to-d") == 0 && symlinkat("/", top, "to-root") == 0,
       "symlinks to directories");
    zc_auto_close int d = zc_dir_open(top, "d");
    ok(d >= 0, "a directory opens");
    refused(zc_dir_open(top, "to-d"), "a symlink to one");
    refused(zc_dir_open(top, "fifo"), "a fifo as directory");
    is_int(errno, ENOTDIR, "ENOTDIR");

    zc_auto_close int e = zc_root_open_dir(top, "d/e");
    ok(e >= 0, "a path opens");
    zc_auto_close int self = zc_root_open_dir(top, "");
    ok(self >= 0 && same_file(self, top), "\"\" is the root itself");
    zc_auto_close int up = zc_dir_open_parent(e);
    ok(up >= 0 && same_file(up, d), "the parent opens");

    static const char *const bad[] = {"..", "d/..", "d/../d", "/d", "d/",
                                      "d//e", "./d", "d/./e", "."};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        refused(zc_root_open_dir(top, bad[i]), bad[i]);
        is_int(errno, EINVAL, "EINVAL");
    }
    refused(zc_root_open_dir(top, "to-d/e"), "a path through a symlink");
    is_int(errno, ELOOP, "ELOOP");
    refused(zc_root_open_dir(top, "to-root"), "an absolute symlink");
    refused(zc_root_open_dir(top, "fifo/e"), "a path through a fifo");
    refused(zc_root_open_dir(top, "d/missing"), "a missing one");
    is_int(errno, ENOENT, "ENOENT");
}

/* 40 levels of 251 bytes: twice PATH_MAX. */
static void test_long_path(void)
{
    char name[252], *path = calloc(40, sizeof name);
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    int at = openat(top, ".", O_RDONLY);
    for (int i = 0; i < 40; i++) {
        mkdirat(at, name, 0755);
        int next = openat(at, name, O_RDONLY);
        close(at);
        at = next;
        if (i)
            strcat(path, "/");
        strcat(path, name);
    }
    zc_auto_close int fd = zc_root_open_dir(top, path);
    ok(fd >= 0 && same_file(fd, at), "a path of %zu bytes opens", strlen(path));
    close(at);

    /* Every length around the point where it is cut. */
    int good = 0;
    for (size_t n = 4090; n <= 4100; n++) {
        char *p = strndup(path, n);
        int r = zc_root_open_dir(top, p);
        good += r >= 0 ? strlen(strrchr(p, '/')) == sizeof name
                       : errno == ENOENT || errno == EINVAL;
        if (r >= 0)
            close(r);
        free(p);
    }
    is_int(good, 11, "cut anywhere, it is what it says");

    path[strlen(path) - 300] = '\0';
    strcat(path, "/../x");
    refused(zc_root_open_dir(top, path), "a dot-dot far down");
    is_int(errno, EINVAL, "EINVAL");
    free(path);
}

static atomic_bool stop;

/* Swaps "swap" between a directory and a symlink out of the tree. */
static void *swapper(void *arg)
{
    (void)arg;
    while (!atomic_load(&stop))
        renameat2(top, "swap", top, "outside", RENAME_EXCHANGE);
    return NULL;
}

static void test_race(void)
{
    pthread_t t;
    int inside = 0, outside = 0;
    mkdirat(top, "swap", 0755);
    mkdirat(top, "swap/etc", 0755);
    struct stat want, got;
    ok(fstatat(top, "swap/etc", &want, 0) == 0 &&
           symlinkat("/", top, "outside") == 0,
       "a directory, and a symlink out of the tree");
    ok(pthread_create(&t, NULL, swapper, NULL) == 0, "swapped all the time");
    for (int i = 0; i < 20000; i++) {
        int fd = zc_root_open_dir(top, "swap/etc");
        if (fd < 0)
            continue;
        if (fstat(fd, &got) == 0 && got.st_ino == want.st_ino &&
            got.st_dev == want.st_dev)
            inside++;
        else
            outside++;
        close(fd);
    }
    atomic_store(&stop, true);
    pthread_join(t, NULL);
    is_int(outside, 0, "never lead outside (%s inside)",
           inside ? "but often" : "not even");
}

static int as_nobody(void *arg)
{
    (void)arg;
    become_nobody();
    zc_auto_close int fd = zc_file_open(top, "everybody's", O_RDONLY, 0);
    return fd < 0 ? 1 : (fcntl(fd, F_GETFL) & O_NOATIME) != 0 ? 2 : 0;
}

/* What NAME leads to, as its size; -1: errno. */
static long behind(const char *name, bool below)
{
    struct stat st;
    zc_auto_close int path = zc_link_open(top, name, below, O_PATH);
    zc_auto_close int fd = zc_link_open(top, name, below, O_RDONLY);
    if (fd < 0 || path < 0 || fstat(path, &st))
        return -1;
    return (long)st.st_size;
}

static void test_followed(void)
{
    mkdirat(top, "fd", 0755);
    write_file(top, "fd/three", "abc");
    symlinkat("fd/three", top, "to-file");
    symlinkat("fd", top, "to-dir");
    symlinkat("/etc/passwd", top, "to-passwd");
    symlinkat("../../../../../../etc/passwd", top, "up");
    symlinkat("endless", top, "endless");
    symlinkat("/proc/self/fd/0", top, "to-stdin");
    for (int below = 0; below < 2; below++) {
        is_int(behind("to-file", below), 3, "a symlink is followed");
        is_int(behind("to-dir/three", below), 3, "and one on the way");
        is_int(behind("endless", below), -1, "one without end is not");
        is_int(errno, ELOOP, "and says so");
        is_int(behind("to-stdin", below), -1, "nor what is no path");
        is_int(behind("fd/../to-file", below), -1, "paths have no dots");
        is_int(errno, EINVAL, "of any kind");
    }
    ok(behind("to-passwd", false) > 0, "out of the root");
    is_int(behind("to-passwd", true), -1, "or not");
    is_int(errno, EXDEV, "as it leads out");
    is_int(behind("up", true), -1, "upwards, too");
}

int main(void)
{
    top = scratch();
    test_root();
    test_make_path();
    test_names();
    test_files();
    test_longest_target();
    test_dirs();
    test_long_path();
    test_race();
    test_followed();
    if (geteuid() == 0) {
        write_file(top, "everybody's", "x");
        fchmodat(top, "everybody's", 0644, 0);
        is_int(in_child(as_nobody, NULL), 0,
               "a file of somebody else's is read with atime");
    } else {
        skip(1, "needs root");
    }
    close(top);
    return done_testing();
}
