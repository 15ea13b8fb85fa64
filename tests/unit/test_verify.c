// SPDX-License-Identifier: GPL-2.0-or-later
/* src/mirror/verify_walk.c and verify_state.c: every name once and in order, from
 * any path on; and where that was, in a file. */
#include "tap.h"

#include "base/io.h"
#include "mirror/verify_state.h"
#include "mirror/verify_walk.h"
#include "scratch.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static int top;

static void make(const char *name)
{
    int fd = openat(top, name, O_WRONLY | O_CREAT, 0600);
    if (fd < 0 || zc_io_write(fd, "123456789", 9))
        diag("cannot make %s: %m", name);
    zc_close(&fd);
}

static bool enters(void *arg, const char *path)
{
    (void)arg;
    return strcmp(path, "hidden") != 0;
}

static bool offers(void *arg, const char *name)
{
    (void)arg;
    return strcmp(name, "rules") != 0;
}

/* What the walk finds behind FROM, MAX names at a time, as one text. */
static const char *walk(const char *from, size_t max)
{
    static char out[1000];
    zc_verify_paths paths = {0};
    struct zc_verify_walk *k = zc_verify_walk_new(top, from, enters, offers,
                                                  NULL);
    out[0] = '\0';
    while (zc_verify_walk_next(k, max, UINT64_MAX, &paths) > 0) {
        for (size_t i = 0; i < paths.len; i++)
            snprintf(out + strlen(out), sizeof out - strlen(out), "%s ",
                     paths.v[i]);
        zc_verify_paths_clear(&paths);
    }
    zc_vec_fini(&paths);
    zc_verify_walk_free(k);
    return out;
}

static void test_walk(void)
{
    static const char all[] = "a b b/c b/c/x b/d b.e c hidden z ";
    mkdirat(top, "b", 0700);
    mkdirat(top, "b/c", 0700);
    mkdirat(top, "b/d", 0700);
    mkdirat(top, "hidden", 0700);
    make("a");
    make("b/c/x");
    make("b.e");
    make("c");
    make("hidden/file");
    make("rules");
    make("b/rules");
    make("z");
    is_str(walk("", 100), all, "all names, a directory before what is in it");
    is_str(walk("", 1), all, "one at a time");
    is_str(walk("", 3), all, "a few at a time");
    is_str(walk("b", 2), "b/c b/c/x b/d b.e c hidden z ",
           "behind a directory is what is in it");
    is_str(walk("b/c/x", 2), "b/d b.e c hidden z ", "behind a file");
    is_str(walk("b/c/w", 2), "b/c/x b/d b.e c hidden z ",
           "from a name that has gone");
    is_str(walk("b/bb/y/z", 2), "b/c b/c/x b/d b.e c hidden z ",
           "from a directory that has gone");
    is_str(walk("a/was/dir", 2), "b b/c b/c/x b/d b.e c hidden z ",
           "from what is no directory any more");
    is_str(walk("hidden/file", 9), "z ", "from what is left out by now");
    is_str(walk("zz", 2), "", "from behind the end");

    zc_verify_paths paths = {0};
    struct zc_verify_walk *k = zc_verify_walk_new(top, "", enters, offers,
                                                  NULL);
    is_int(zc_verify_walk_next(k, 100, 10, &paths), 1, "no more than so much");
    ok(paths.len < 9, "%zu names at once", paths.len);
    zc_verify_paths_clear(&paths);
    zc_vec_fini(&paths);
    zc_verify_walk_free(k);
}

static void test_state(const char *dir)
{
    struct zc_verify_peer had[] = {{.name = "h::s", .due = 5},
                                   {.name = "/b", .cursor = (char *)"d/na\nme"}};
    struct zc_verify_peer got[] = {{.name = "/b"}, {.name = "new"}};
    struct zc_err err = {0};
    had[1].last = (struct zc_verify_pass){1, 2, 3, 4, 5, 6};
    had[1].now = (struct zc_verify_pass){INT64_MAX, 12, 13, 14, 15, 16};
    is_int(zc_verify_state_load(dir, "../m%\n", got, 2, &err), 0,
           "there is no file");
    is_int(zc_verify_state_save(dir, "../m%\n", had, 2, &err), 0, "saved");
    is_int(zc_verify_state_load(dir, "../m%\n", got, 2, &err), 0, "loaded: %s",
           err.text);
    ok(!memcmp(&got[0].last, &had[1].last, sizeof had[1].last) &&
           !memcmp(&got[0].now, &had[1].now, sizeof had[1].now),
       "with its numbers");
    is_str(got[0].cursor, "d/na\nme", "and where it was");
    ok(!got[1].cursor && !got[1].due, "who is not known has nothing");

    struct zc_buf b = ZC_BUF_INIT;
    bool early = false;
    zc_verify_state_encode(had, 2, &b);
    for (size_t n = 0; n < b.len; n++) { /* it was cut short */
        free(got[0].cursor);
        got[0].cursor = NULL;
        (void)zc_verify_state_decode((struct zc_bytes){b.data, n}, got, 2);
        early |= got[0].cursor != NULL;
    }
    ok(!early, "what was cut short has no place to go on from");
    zc_buf_fini(&b);
    const char evil[] = "zcsync verify 1\0peer=/b\0at=../../etc";
    is_int(zc_verify_state_decode(
               (struct zc_bytes){(const uint8_t *)evil, sizeof evil}, got, 2),
           -1, "no path that leads out");
    ok(!got[0].cursor, "is taken");
    had[1].cursor = malloc(100000);
    memset(had[1].cursor, 'x', 99999);
    had[1].cursor[99999] = '\0';
    zc_verify_state_encode(had, 2, &b);
    ok(b.len < 2000, "a path that is too long is not kept");
    zc_buf_fini(&b);
    free(had[1].cursor);
    free(got[0].cursor);
}

int main(void)
{
    int here = scratch();
    mkdirat(here, "tree", 0700);
    top = openat(here, "tree", O_RDONLY | O_DIRECTORY);
    test_walk();
    test_state("made");
    zc_close(&top);
    zc_close(&here);
    return done_testing();
}
