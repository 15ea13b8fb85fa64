// SPDX-License-Identifier: GPL-2.0-or-later
/* src/fs/userpath.c: which symlinks are followed, and which are not. */
#include "tap.h"

#include "fs/proctext.h"
#include "fs/userpath.h"
#include "scratch.h"

#include <sys/sysmacros.h>

#define STRANGER 12345

static int top;

static bool opens(const char *path, const char *wanted)
{
    struct zc_err err;
    struct stat x, y;
    zc_auto_close int fd = zc_user_open(path, O_RDONLY, &err);
    if (fd < 0) {
        diag("%s: %s%s", path, strerror(errno), err.text);
        return false;
    }
    return !fstat(fd, &x) && !fstatat(top, wanted, &y, 0) &&
           x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static int fails(const char *path, int flags)
{
    struct zc_err err;
    zc_auto_close int fd = zc_user_open(path, flags, &err);
    return fd < 0 && !err.text[0] ? errno : 0;
}

static void link_to(const char *target, const char *name)
{
    ok(!symlinkat(target, top, name), "%s -> %s", name, target);
}

static void test_own(void)
{
    mkdirat(top, "d", 0755);
    mkdirat(top, "d/e", 0755);
    write_file(top, "d/e/f", "x");
    write_file(top, "g", "y");
    link_to("d", "to-d");
    link_to("e/f", "d/to-f");
    link_to("../to-d/e/", "d/round");
    link_to("loop", "loop");
    link_to("nowhere", "dangling");

    ok(opens("g", "g"), "a file");
    ok(opens("d/e/f", "d/e/f"), "below directories");
    ok(opens("./d//e/../e/f", "d/e/f"), "with dots and slashes");
    ok(opens("d/", "d"), "a slash at the end");
    ok(opens("to-d/to-f", "d/e/f"), "one's own symlinks");
    ok(opens("to-d/round/f", "d/e/f"), "that go through others");
    ok(opens("d/round", "d/e"), "and end in a slash");
    char *path = realpath("to-d", NULL);
    ok(path && opens(path, "d"), "an absolute path");
    free(path);
    is_int(fails("", O_RDONLY), ENOENT, "nothing is no path");
    is_int(fails("missing", O_RDONLY), ENOENT, "what is not there");
    is_int(fails("dangling", O_RDONLY), ENOENT, "nor behind a symlink");
    is_int(fails("loop", O_RDONLY), ELOOP, "a symlink to itself");
    is_int(fails("g/x", O_RDONLY), ENOTDIR, "a file on the way");
    is_int(fails("g", O_RDONLY | O_DIRECTORY), ENOTDIR, "a file at the end");
    is_int(fails("g/", O_RDONLY), ENOTDIR, "a file with a slash");
}

/* What bash makes of <(command), and --files-from=/dev/stdin. */
static void test_proc(void)
{
    char path[64];
    zc_auto_close int fd = openat(top, "g", O_RDONLY);
    snprintf(path, sizeof path, "/dev/fd/%d", fd);
    ok(opens(path, "g"), "/dev/fd");
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    ok(opens(path, "g"), "/proc/self/fd");
}

static void test_strangers(void)
{
    struct zc_err err;
    if (geteuid()) {
        skip(9, "needs root");
        return;
    }
    link_to("d", "theirs");
    link_to("theirs", "mine");
    link_to("g", "their-file");
    fchownat(top, "theirs", STRANGER, STRANGER, AT_SYMLINK_NOFOLLOW);
    fchownat(top, "their-file", STRANGER, STRANGER, AT_SYMLINK_NOFOLLOW);
    const char *const bad[] = {"theirs", "theirs/e/f", "mine/e",
                               "their-file"};
    for (size_t i = 0; i < ZC_ARRAY_LEN(bad); i++) {
        int fd = zc_user_open(bad[i], O_RDONLY, &err);
        ok(fd < 0 && errno == EACCES && err.text[0], "%s is not followed",
           bad[i]);
    }
    zc_user_open("theirs/e", O_RDONLY, &err);
    is_str(err.text,
           "theirs/e: the symlink theirs in it belongs to user 12345, and only "
           "root's and one's own are followed there",
           "with a sentence");
    fchownat(top, "d", STRANGER, STRANGER, 0);
    ok(opens("d/e", "d/e"), "their directories are");
}

/* Who counts as somebody that has no number here: by proc(5). */
static void test_texts(void)
{
    struct zc_proctext_lock l;
    uint64_t n;
    ok(zc_proctext_maps_all("         0          0 4294967295\n"), "all users");
    ok(!zc_proctext_maps_all("         0          0 4294967294\n") &&
           !zc_proctext_maps_all("         0       1000 4294967295\n") &&
           !zc_proctext_maps_all("0 0 4294967295") &&
           !zc_proctext_maps_all("") && !zc_proctext_maps_all("0 0 -1\n"),
       "some users, or none");
    ok(zc_proctext_lock("12: FLOCK  ADVISORY  WRITE 413 fd:1a:77 0 EOF\n",
                        &l) &&
           l.pid == 413 && l.dev == makedev(0xfd, 0x1a) && l.ino == 77,
       "a lock");
    ok(!zc_proctext_lock("12: -> FLOCK  ADVISORY  WRITE 413 fd:1a:77 0 EOF\n",
                         &l) &&
           !zc_proctext_lock("12: FLOCK  ADVISORY  READ  413 fd:1a:77 0 EOF\n",
                             &l) &&
           !zc_proctext_lock("12: FLOCK  ADVISORY  WRITE 0 fd:1a:77 0 EOF\n",
                             &l) &&
           !zc_proctext_lock("12: OFDLCK ADVISORY  WRITE -1 fd:1a:77 0 EOF\n",
                             &l),
       "others, and nobody's");
    ok(zc_proctext_number("65536\n", &n) && n == 65536, "a number");
    ok(!zc_proctext_number("+1\n", &n) && !zc_proctext_number("1 2\n", &n) &&
           !zc_proctext_number("18446744073709551616", &n) &&
           !zc_proctext_number("", &n),
       "none");
}

int main(void)
{
    top = scratch();
    test_own();
    test_proc();
    test_strangers();
    close(top);
    test_texts();
    return done_testing();
}
