// SPDX-License-Identifier: GPL-2.0-or-later
/* src/fs/unsynced.c: markers, whose they are, and what they put in doubt. */
#include "tap.h"

#include "base/clock.h"
#include "base/util.h"
#include "fs/unsynced.h"
#include "scratch.h"

#include <time.h>

static const struct zc_unsynced_mark example = {
    .boot = "0123456789abcdef",
    .writer = {1, 2, 0xff},
    .since = {1796036290, 42},
};

static void test_text(void)
{
    char text[ZC_UNSYNCED_TEXT + 1], broken[sizeof text];
    struct zc_unsynced_mark m;
    zc_unsynced_format(&example, text);
    is_int((int64_t)strlen(text), ZC_UNSYNCED_TEXT, "its length is fixed");
    is_int(zc_unsynced_parse(text, ZC_UNSYNCED_TEXT, &m), 0, "it is read");
    ok(!memcmp(m.boot, example.boot, sizeof m.boot) &&
           !memcmp(m.writer, example.writer, sizeof m.writer),
       "who and when");
    is_int(m.since.s, example.since.s, "the second");
    is_int(m.since.ns, example.since.ns, "and the nanosecond");
    int taken = 0;
    for (size_t i = 0; i < ZC_UNSYNCED_TEXT; i++) {
        memcpy(broken, text, sizeof text);
        broken[i] ^= 1;
        taken += !zc_unsynced_parse(broken, ZC_UNSYNCED_TEXT, &m);
    }
    is_int(taken, 0, "one bit makes it garbage");
    for (size_t n = 0; n < ZC_UNSYNCED_TEXT; n++)
        taken += !zc_unsynced_parse(text, n, &m);
    is_int(taken, 0, "and so does its end");
    is_int(zc_unsynced_parse(text, ZC_UNSYNCED_TEXT + 1, &m), -1,
           "and what follows it");
}

static int dir_of(const char *name)
{
    mkdir(name, 0755);
    int fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ok(fd >= 0, "a directory");
    return fd;
}

static struct zc_unsynced_left look(int dir)
{
    struct zc_unsynced_left l = {0};
    zc_unsynced_look(dir, false, true, &l);
    return l;
}

static void test_life(void)
{
    int dir = dir_of("life");
    struct zc_unsynced_mark m = example;
    struct zc_moment now;
    struct zc_unsynced_left l = look(dir);
    ok(!l.doubts && !l.alive, "nothing is in doubt at first");
    struct zc_unsynced *u = zc_unsynced_make(dir, &m);
    ok(u, "a marker is made");
    ok(llabs(m.since.s - time(NULL)) < 60, "a marker has the time");
    l = look(dir);
    ok(!l.doubts && l.alive, "it is alive");
    ok(zc_unsynced_any(dir), "and there");
    ok(!zc_unsynced_now(u, &now) && now.s >= m.since.s, "time goes on");
    ok(!zc_unsynced_move(u, now, true), "the marker follows");
    zc_unsynced_end(u, false);
    l = look(dir);
    ok(l.doubts && !l.alive && l.dead.len == 1, "it is dead");
    ok(l.since.s == now.s && l.since.ns == now.ns, "since it was moved");
    uint8_t other[ZC_UNSYNCED_ID_SIZE] = {9};
    is_int((int64_t)zc_unsynced_clear(dir, other, &l), 1,
           "another one does not clear it");
    is_int((int64_t)zc_unsynced_clear(dir, example.writer, &l), 0,
           "who wrote it does");
    ok(!zc_unsynced_any(dir), "it is gone");
    zc_unsynced_left_fini(&l);
    m = example;
    u = zc_unsynced_make(dir, &m);
    zc_unsynced_end(u, true);
    ok(u && !zc_unsynced_any(dir), "a clean end leaves none");
    close(dir);
}

/* A dead marker of NAME in DIR that says TEXT. */
static void leave(const char *dir, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/.zcsync", dir);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/.zcsync/unsynced", dir);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/.zcsync/unsynced/%.32s", dir, name);
    write_file(AT_FDCWD, path, text);
}

#define A "0123456789abcdef0123456789abcdef"
#define B "1123456789abcdef0123456789abcdef"

static void test_doubts(void)
{
    char text[ZC_UNSYNCED_TEXT + 1];
    int dir = dir_of("doubts");
    struct zc_unsynced_mark m = example;
    m.since.s = time(NULL) - 100;
    zc_unsynced_format(&m, text);
    leave("doubts", A, text);
    m.since.s -= 50;
    zc_unsynced_format(&m, text);
    leave("doubts", B, text);
    struct zc_unsynced_left l = look(dir);
    ok(l.dead.len == 2 && l.since.s == m.since.s, "the earlier of two counts");
    zc_unsynced_left_fini(&l);
    m.since.s = time(NULL) + 3600;
    zc_unsynced_format(&m, text);
    leave("doubts", A, text);
    l = look(dir);
    ok(l.doubts && !l.since.s, "one of the future: everything is in doubt");
    zc_unsynced_left_fini(&l);
    leave("doubts", A, "nothing of the kind");
    l = look(dir);
    ok(l.doubts && !l.since.s && l.dead.len == 2, "garbage: likewise");
    is_int((int64_t)zc_unsynced_clear(dir, example.writer, &l), 1,
           "it is nobody's");
    is_int((int64_t)zc_unsynced_clear(dir, NULL, &l), 0,
           "but for who has seen everything");
    zc_unsynced_left_fini(&l);
    mkdirat(dir, ".zcsync/unsynced/" A, 0700);
    l = look(dir);
    ok(l.doubts && !l.since.s, "something else of that name: likewise");
    zc_unsynced_left_fini(&l);
    mkdir("doubts/below", 0755);
    int below = open("doubts/below", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    l = (struct zc_unsynced_left){0};
    zc_unsynced_look_above(below, &l);
    ok(l.doubts && !l.dead.len, "below it, too");
    zc_unsynced_left_fini(&l);
    close(below);
    close(dir);
}

int main(void)
{
    int top = scratch();
    test_text();
    test_life();
    test_doubts();
    close(top);
    return done_testing();
}
