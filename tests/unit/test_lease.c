// SPDX-License-Identifier: GPL-2.0-or-later
/* src/sender/lease.c: leases are had, refused, and given up when broken. */
#include "tap.h"

#include "base/util.h"
#include "scratch.h"
#include "sender/lease.h"

/* Without a handler a writer would wait for /proc/sys/fs/lease-break-time. */
#define PATIENCE 5

static int top;

/* In a child; a signal ends it when it has to wait. */
static int open_as(void *flags)
{
    alarm(PATIENCE);
    int fd = openat(top, "file", *(int *)flags);
    return fd < 0 ? 1 : 0;
}

static int cut(void *unused)
{
    (void)unused;
    alarm(PATIENCE);
    return truncate("file", 1) ? 1 : 0;
}

static int quiet_file(void)
{
    write_file(top, "file", "some text");
    return openat(top, "file", O_RDONLY | O_CLOEXEC);
}

static void test_quiet(void)
{
    zc_auto_close int fd = quiet_file();
    int flags = O_RDONLY;
    is_int(zc_lease_take(fd), ZC_LEASE_HELD, "a quiet file: held");
    ok(zc_lease_unbroken(fd), "and not broken");
    is_int(in_child(open_as, &flags), 0, "somebody else reads it");
    ok(zc_lease_unbroken(fd), "which does not break it");
    zc_lease_release(fd);
    ok(!zc_lease_unbroken(fd), "released, it is no more");
    is_int(zc_lease_take(fd), ZC_LEASE_HELD, "it can be taken again");
    zc_lease_release(fd);
}

static void test_writer(void)
{
    zc_auto_close int fd = quiet_file();
    int writer = openat(top, "file", O_WRONLY);
    is_int(zc_lease_take(fd), ZC_LEASE_WRITER, "open for writing: a writer");
    ok(!zc_lease_unbroken(fd), "there is no lease then");
    close(writer);
    is_int(zc_lease_take(fd), ZC_LEASE_HELD, "when it is closed: held");
    zc_lease_release(fd);
}

static void breaks(int (*body)(void *), void *arg, const char *what)
{
    zc_auto_close int fd = quiet_file();
    is_int(zc_lease_take(fd), ZC_LEASE_HELD, "held before %s", what);
    is_int(in_child(body, arg), 0, "%s does not wait", what);
    ok(!zc_lease_unbroken(fd), "the lease is broken by it");
    is_int(zc_lease_take(fd), ZC_LEASE_HELD, "and can be taken again");
    zc_lease_release(fd);
}

static void test_broken(void)
{
    int w = O_WRONLY, rw = O_RDWR, trunc = O_WRONLY | O_TRUNC;
    breaks(open_as, &w, "an open for writing");
    breaks(open_as, &rw, "an open for both");
    breaks(open_as, &trunc, "an open that truncates");
    breaks(cut, NULL, "truncate()");
}

/* Each file has its own: breaking one leaves the other. */
static void test_two(void)
{
    zc_auto_close int fd = quiet_file();
    write_file(top, "other", "x");
    zc_auto_close int other = openat(top, "other", O_RDONLY | O_CLOEXEC);
    int flags = O_WRONLY;
    ok(zc_lease_take(fd) == ZC_LEASE_HELD &&
           zc_lease_take(other) == ZC_LEASE_HELD, "two files");
    is_int(in_child(open_as, &flags), 0, "one is opened for writing");
    ok(!zc_lease_unbroken(fd), "its lease is broken");
    ok(zc_lease_unbroken(other), "the other's is not");
    zc_lease_release(other);
}

static void test_none(void)
{
    int ends[2];
    is_int(zc_lease_take(-1), ZC_LEASE_NONE, "no fd: none");
    ok(!zc_lease_unbroken(-1), "and nothing unbroken");
    if (pipe(ends) == 0) {
        is_int(zc_lease_take(ends[0]), ZC_LEASE_NONE, "a pipe: none");
        close(ends[0]);
        close(ends[1]);
    }
}

int main(void)
{
    top = scratch();
    zc_lease_init();
    test_none();
    int fd = quiet_file();
    bool there = zc_lease_take(fd) != ZC_LEASE_NONE;
    zc_lease_release(fd);
    close(fd);
    if (there) {
        test_quiet();
        test_writer();
        test_broken();
        test_two();
    } else {
        skip(29, "no leases on files in %s; set TMPDIR to another filesystem",
             scratch_path);
    }
    close(top);
    return done_testing();
}
