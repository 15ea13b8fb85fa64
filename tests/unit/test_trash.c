// SPDX-License-Identifier: GPL-2.0-or-later
/* src/fs/trash.c: folders by time, and which of them go. */
#include "tap.h"

#include "base/clock.h"
#include "base/util.h"
#include "fs/trash.h"
#include "scratch.h"

#define DAY INT64_C(86400)
#define NOW (INT64_C(1796036290)) /* 2026-11-30T10:58:10Z */
#define LONG (60 * ZC_NSEC_PER_SEC)

static int top, trash;

static bool there(const char *path)
{
    return faccessat(trash, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void test_names(void)
{
    static const char *const wrong[] = {
        "", ".", "..", "partial", "2026-11-30", "2026-11-30T10-58-10",
        "2026-11-30T10-58-10Z.size", "2026-11-30T10-58-1Z",
        "2026-11-30T10-58-60Z", "2026-02-30T10-58-10Z", " 2026-11-30T10-58-10Z",
        "2026-11-30T10-58-10Zz", "1969-11-30T10-58-10Z", "+026-11-30T10-58-10Z",
    };
    char name[ZC_TRASH_DATE_SIZE];
    zc_trash_name(NOW, name);
    is_str(name, "2026-11-30T10-58-10Z", "the name of a time");
    is_int(zc_trash_time(name), NOW, "and its time");
    for (size_t i = 0; i < ZC_ARRAY_LEN(wrong); i++)
        is_int(zc_trash_time(wrong[i]), -1, "'%s' is none", wrong[i]);
}

/* A folder of T with a file of KIB, and some names that are hard on programs. */
static void fill(int64_t t, int kib)
{
    static char block[1024];
    char name[ZC_TRASH_DATE_SIZE];
    zc_trash_name(t, name);
    mkdirat(trash, name, 0700);
    int dir = zc_trash_folder(trash, t);
    int fd = openat(dir, "-rf \n*", O_WRONLY | O_CREAT, 0);
    for (int i = 0; i < kib; i++)
        if (write(fd, block, sizeof block) != sizeof block)
            diag("write: %s", strerror(errno));
    fsync(fd); /* which gives it its blocks */
    close(fd);
    mkdirat(dir, "sub", 0);
    if (symlinkat("../../../../outside", dir, "link"))
        diag("symlink: %s", strerror(errno));
    close(dir);
}

static size_t count(void)
{
    zc_trash_dates dates = {0};
    int bad = zc_trash_list(trash, &dates);
    for (size_t i = 1; i < dates.len; i++)
        bad |= dates.v[i - 1] >= dates.v[i];
    ok(!bad, "the list is in order");
    size_t n = dates.len;
    zc_vec_fini(&dates);
    return n;
}

static void test_make(void)
{
    int64_t a, b;
    struct stat before, after, st;
    is_int(zc_trash_open(top, false), -1, "there is none");
    is_int(errno, ENOENT, "and nothing else is wrong");
    fstat(top, &before);
    trash = zc_trash_open(top, true);
    ok(trash >= 0, "it is made");
    fstat(top, &after);
    ok(before.st_mtim.tv_sec == after.st_mtim.tv_sec &&
           before.st_mtim.tv_nsec == after.st_mtim.tv_nsec,
       "and the share has its times");
    ok(!fstat(trash, &st) && (st.st_mode & 07777) == 0700, "nobody else's");
    int one = zc_trash_make(trash, NOW, &a), two = zc_trash_make(trash, NOW, &b);
    ok(one >= 0 && two >= 0 && a == NOW && b == NOW + 1,
       "two of one second are two");
    close(one);
    close(two);
    is_int(count(), 2, "both are there");
}

static void test_age(void)
{
    const struct zc_trash_limits l = {30 * DAY, UINT64_MAX};
    mkdir("outside", 0700);
    close(open("outside/file", O_CREAT | O_WRONLY, 0600));
    mkdirat(trash, "mine", 0700);
    if (symlinkat("../../outside", trash, "2020-01-01T00-00-00Z"))
        diag("symlink: %s", strerror(errno));
    for (int i = 0; i < 40; i++)
        fill(NOW - i * DAY - 7, 1);
    zc_trash_prune(trash, &l, NOW, 0, true);
    is_int(count(), 43, "no time: nothing goes");
    zc_trash_prune(trash, &l, NOW, zc_clock_ns() + LONG, true);
    is_int(count(), 32, "what is too old goes");
    ok(there("mine"), "what is no folder of a time stays");
    ok(!there("2020-01-01T00-00-00Z") && !access("outside/file", F_OK),
       "a symlink goes, and not what it leads to");
    ok(there("2026-11-30T10-58-10Z"), "the newest stays");
}

static void test_size(void)
{
    struct zc_trash_limits l = {400 * DAY, 0};
    zc_trash_prune(trash, &l, NOW + DAY, zc_clock_ns() + LONG, true);
    is_int(count(), 32, "where the disk has room, none goes");
    l.size = 1;
    zc_trash_prune(trash, &l, NOW, zc_clock_ns() + LONG, false);
    is_int(count(), 32, "nor where nobody looks how much it is");
    zc_trash_prune(trash, &l, NOW, zc_clock_ns() + LONG, true);
    is_int(count(), 0, "of more than so much, all that is in the way go");
    fill(NOW - 9 * DAY, 400);
    fill(NOW - 8 * DAY, 400);
    fill(NOW - 7 * DAY, 400);
    l.size = 1000 * ZC_KIB;
    zc_trash_prune(trash, &l, NOW, zc_clock_ns() + LONG, true);
    is_int(count(), 2, "the oldest goes");
    ok(!there("2026-11-21T10-58-10Z"), "and no other");
    ok(!there("2026-11-21T10-58-10Z.size"), "nor is its size left");
    ok(there("2026-11-22T10-58-10Z.size"), "those of others are known");
    unlinkat(trash, "2026-11-22T10-58-10Z.size", 0);
    int fd = openat(trash, "2026-11-22T10-58-10Z.size", O_CREAT | O_WRONLY, 0600);
    if (write(fd, "9999999999\n", 11) != 11)
        diag("write: %s", strerror(errno));
    close(fd);
    zc_trash_prune(trash, &l, NOW, zc_clock_ns() + LONG, true);
    is_int(count(), 1, "which saves looking");
}

int main(void)
{
    top = scratch();
    test_names();
    test_make();
    test_age();
    test_size();
    close(trash);
    close(top);
    return done_testing();
}
