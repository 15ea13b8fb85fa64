// SPDX-License-Identifier: GPL-2.0-or-later
/* src/watch: what is told of which change, by both ways of watching. */
#include "tap.h"

#include "base/log.h"
#include "watching.h"

#include <linux/fs.h>
#include <sys/resource.h>
#include <sys/syscall.h>

static enum zc_watch_kind kind;
static struct watching t;

/* Everything told about PATH in TEXT together holds FLAGS. */
static bool saw(const char *text, const char *path, const char *flags)
{
    char seen[64] = "";
    size_t n = strlen(path);
    for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
        const char *space = strchr(line, ' ');
        if (!strncmp(space + 1, path, n) && space[1 + n] == '\n' &&
            space - line < 6)
            strncat(seen, line, (size_t)(space - line));
    }
    for (const char *f = flags; *f; f++)
        if (!strchr(seen, *f)) {
            diag("no %c for %s in:\n%s", *f, path, text);
            return false;
        }
    return *seen || !*flags;
}

static bool told_line_of(const char *text, const char *line)
{
    if (has_line(text, line))
        return true;
    diag("no \"%s\" in:\n%s", line, text);
    return false;
}

/* A new directory "in" to be watched, and "out" beside it. */
static void scene(const char *name)
{
    char full[64];
    snprintf(full, sizeof full, "%s-%s-", name, kind_name(kind));
    close(scratch_below(full));
    if (mkdir("in", 0755) || mkdir("out", 0755))
        diag("cannot make the directories");
}

static bool start(void)
{
    struct zc_watch_options opt = {.root = "in", .kind = kind};
    return watching_start(&t, &opt);
}

static bool watched(const char *path)
{
    return zc_watch_lookup(t.w, path) != ZC_WDIR_NONE;
}

static struct zc_watch_stats stats(void)
{
    struct zc_watch_stats s;
    zc_watch_get_stats(t.w, &s);
    return s;
}

static void exchange(const char *a, const char *b)
{
    if (syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE))
        diag("cannot exchange %s and %s: %s", a, b, strerror(errno));
}

static void test_files(void)
{
    scene("files");
    sh("mkdir in/d; echo 1 >in/d/old; ln -s old in/d/link");
    ok(start(), "%s: starts", kind_name(kind));
    is_int(stats().kind, kind, "and is what was asked for");
    is_str(told(&t), "", "nothing is told of what was there");

    sh("echo 1 >in/d/new");
    ok(saw(told(&t), "d/new", "ND"), "a new file");
    sh("echo 2 >>in/d/old");
    const char *text = told(&t);
    ok(saw(text, "d/old", "D") && !strchr(text, 'N'), "an append");
    int fd = open("in/d/old", O_WRONLY | O_APPEND);
    ok(write(fd, "x", 1) == 1, "an append by a writer that stays");
    ok(told_line_of(told(&t), "W d/old"), "it may go on");
    close(fd);
    ok(told_line_of(told(&t), "D d/old"), "it has closed the file");
    sh("chmod 600 in/d/old");
    is_str(told(&t), "M d/old\n", "a mode");
    sh("chmod 700 in/d");
    ok(saw(told(&t), "d", "M"), "a directory's mode");
    sh("chmod 700 in");
    is_str(told(&t), "M \n", "the root's mode");
    sh("mv in/d/old in/moved");
    is_str(told(&t), "renamed d/old -> moved\n", "a rename");
    sh("mv in/moved in/d/new");
    is_str(told(&t), "renamed moved -> d/new\n", "a rename over a file");
    sh("mv in/d/new out/f");
    ok(saw(told(&t), "d/new", "N"), "moved out");
    sh("mv out/f in/f");
    ok(saw(told(&t), "f", "N"), "moved in");
    sh("rm in/f");
    is_str(told(&t), "N f\n", "removed");
    sh("ln in/d/link in/hard");
    ok(saw(told(&t), "hard", "N"), "a hard link");
    sh("mkfifo in/fifo");
    ok(saw(told(&t), "fifo", "N"), "a fifo");
    watching_stop(&t);
}

static void test_halves(void)
{
    scene("halves");
    sh("echo 1 >in/f");
    ok(start(), "a rename in two halves");
    is_int(zc_watch_next_tick(t.w, zc_clock_ns()), INT64_MAX,
           "nothing to wait for");
    sh("mv in/f out/f");
    int64_t now = zc_clock_ns();
    uint64_t end = zc_watch_queued(t.w);
    while (!zc_watch_reached(t.w, end))
        zc_watch_read(t.w);
    if (kind == ZC_WATCH_INOTIFY) {
        is_str(told_so_far(&t), "", "the other half may come");
        ok(zc_watch_drained(t.w) && !zc_watch_caught_up(t.w),
           "so not all has been told");
        ok(zc_watch_next_tick(t.w, zc_clock_ns()) <= 10 * 1000 * 1000,
           "but not for long");
        zc_watch_tick(t.w, now - 1000 * 1000 * 1000);
        is_str(told_so_far(&t), "", "it is not time yet");
        zc_watch_tick(t.w, now + 1000 * 1000 * 1000);
    }
    is_str(told_so_far(&t), "N f\n", "it was moved out");
    is_int(zc_watch_next_tick(t.w, zc_clock_ns()), INT64_MAX,
           "and that is that");
    if (kind == ZC_WATCH_INOTIFY)
        ok(zc_watch_caught_up(t.w), "all has been told");
    watching_stop(&t);
}

static void test_directories(void)
{
    scene("dirs");
    sh("mkdir -p in/a/b out/t/u/v; echo 1 >out/t/u/f");
    ok(start() && watched("a/b"), "what is there is watched");

    sh("mkdir -p in/x/y/z; echo 1 >in/x/y/z/f");
    ok(saw(told(&t), "x", "N*"), "mkdir -p");
    ok(watched("x/y/z"), "all of it is watched");
    sh("echo 1 >in/x/y/z/g");
    ok(saw(told(&t), "x/y/z/g", "ND"), "and told of");

    sh("mv out/t in/t");
    ok(saw(told(&t), "t", "N*"), "moved in");
    zc_wdir u = zc_watch_lookup(t.w, "t/u");
    ok(watched("t/u/v"), "all of it is watched");
    sh("mv in/t in/a/b/t");
    is_str(told(&t), "renamed t -> a/b/t/\n", "moved within");
    is_int(zc_watch_lookup(t.w, "a/b/t/u"), u, "with all below, as it was");
    ok(!watched("t"), "and its place is empty");
    sh("echo 2 >in/a/b/t/u/f");
    ok(saw(told(&t), "a/b/t/u/f", "D"), "it is told of under the new name");
    uint64_t before = stats().dirs;
    t.removed = 0;
    sh("mv in/a/b/t out/t");
    ok(saw(told(&t), "a/b/t", "N"), "moved out");
    is_int(t.removed, 3, "three directories less");
    is_int(stats().dirs, before - 3, "are known");
    if (kind == ZC_WATCH_INOTIFY)
        is_int(stats().watches, before - 3, "and watched");
    sh("echo 3 >out/t/u/f");
    is_str(told(&t), "", "nothing is told of it there");

    sh("mkdir in/empty");
    told(&t);
    sh("mv -T in/x in/empty");
    ok(told_line_of(told(&t), "renamed x -> empty/"),
       "onto an empty directory");
    ok(watched("empty/y/z") && !watched("x"), "which it replaces");
    sh("mv in/empty in/n1; mv in/n1 in/n2; mkdir in/empty; mv in/n2/y in/y");
    const char *text = told(&t);
    ok(has_line(text, "renamed empty -> n1/") &&
           has_line(text, "renamed n1 -> n2/") &&
           has_line(text, "renamed n2/y -> y/"),
       "several renames at once");
    ok(watched("n2") && watched("y/z") && watched("empty"), "all is known");

    sh("rm -r in/y; mkdir in/y; echo 1 >in/y/f");
    ok(saw(told(&t), "y", "N*"), "removed and made again");
    ok(watched("y") && !watched("y/z"), "it is the new one that is known");
    sh("echo 2 >in/y/f");
    ok(saw(told(&t), "y/f", "D"), "and watched");
    sh("mv in/y in/n2/y; ln -s n2/y in/y; echo 3 >in/y/f");
    ok(saw(told(&t), "y", "N") && !watched("y"),
       "a directory becomes a symlink");
    sh("rm in/y; mv in/n2/y in/y; echo 3 >in/y/f");
    ok(saw(told(&t), "y/f", "D") && watched("y"), "and one again");
    sh("rm -r in/*");
    told(&t);
    is_int(stats().dirs, 1, "all removed");
    watching_stop(&t);
}

static void test_exchange(void)
{
    scene("exchange");
    sh("mkdir -p in/a/one in/b/two; echo 1 >in/f; echo 2 >in/g");
    start();
    exchange("in/a", "in/b");
    const char *text = told(&t);
    ok(saw(text, "a", "N*") && saw(text, "b", "N*") &&
           !strstr(text, "renamed"),
       "two directories are exchanged");
    ok(watched("a/two") && watched("b/one"), "and found so");
    exchange("in/f", "in/g");
    text = told(&t);
    ok(saw(text, "f", "ND") && saw(text, "g", "ND") &&
           !strstr(text, "renamed"),
       "two files are exchanged");
    exchange("in/a", "in/f");
    text = told(&t);
    ok(saw(text, "f", "N*") && saw(text, "a", "N"),
       "a directory and a file are exchanged");
    ok(watched("f/two") && !watched("a"), "and found so");
    sh("mv in/b in/c; mv in/c in/b");
    told(&t);
    ok(watched("b/one") && !watched("c"), "there and back again is not that");
    sh("echo 1 >in/b/one/x");
    ok(saw(told(&t), "b/one/x", "ND"), "it is still watched");
    watching_stop(&t);
}

static void test_staging(void)
{
    scene("staging");
    sh("mkdir -p in/.zcsync/s1 in/d");
    start();
    ok(!watched(".zcsync") && stats().dirs == 2,
       "the staging folder is not watched");
    sh("echo 1 >in/.zcsync/s1/1; mkdir in/.zcsync/s1/2");
    is_str(told(&t), "", "nothing is told of it");
    sh("mv in/.zcsync/s1/1 in/d/f");
    ok(saw(told(&t), "d/f", "N"), "a file comes out of it");
    sh("mkdir in/.zcsync/s1/2/sub; mv in/.zcsync/s1/2 in/d/new");
    ok(saw(told(&t), "d/new", "N*") && watched("d/new/sub"),
       "a directory comes out of it");
    sh("mv in/d/new in/.zcsync/s1/2");
    const char *text = told(&t);
    ok(saw(text, "d/new", "N") && !strstr(text, "zcsync"),
       "and goes back into it");
    sh("rm -r in/.zcsync; mkdir in/.zcsync");
    is_str(told(&t), "", "removed and made again");
    sh("mkdir in/d/.zcsync");
    ok(saw(told(&t), "d/.zcsync", "N*"), "elsewhere the name is a name");
    watching_stop(&t);
}

static void test_filter(void)
{
    struct zc_err err;
    struct zc_filter *f = zc_filter_new();
    scene("filter");
    zc_filter_add_exclude(f, "cache/", &err);
    zc_filter_add_exclude(f, "/top/tmp/", &err);
    sh("mkdir -p in/cache/a in/top/tmp/x in/top/b");
    struct zc_watch_options opt = {.root = "in", .kind = kind, .filter = f};
    watching_start(&t, &opt);
    ok(!watched("cache") && !watched("top/tmp") && watched("top/b"),
       "what the filter hides is not watched");
    sh("mkdir -p in/top/b/cache/d");
    told(&t);
    ok(!watched("top/b/cache"), "nor when it is made later");
    sh("mv in/top in/bottom");
    const char *text = told(&t);
    ok(has_line(text, "renamed top -> bottom/") && saw(text, "bottom", "*"),
       "renamed to where a rule is another");
    ok(watched("bottom/tmp/x"), "it is not hidden any more");
    sh("mv in/bottom in/top");
    told(&t);
    ok(!watched("top/tmp") && watched("top/b"), "and back");
    sh("mv in/top/b in/top/cache");
    told(&t);
    ok(!watched("top/b") && !watched("top/cache"), "renamed to be hidden");
    sh("mv in/cache in/visible");
    ok(saw(told(&t), "visible", "N*") && watched("visible/a"),
       "renamed to be seen");
    watching_stop(&t);
    zc_filter_free(f);
}

static void test_big_tree(void)
{
    scene("big");
    sh("mkdir -p out/t/d/e; cd out/t; for i in $(seq 40); do "
       "seq -f $i/%%g 50 | xargs mkdir -p; done");
    start();
    sh("mv out/t in/t");
    while (!zc_watch_scanning(t.w))
        zc_watch_read(t.w);
    ok(zc_watch_scanning(t.w), "a big tree is not listed at once");
    ok(!strstr(told_so_far(&t), "*"),
       "and not told of yet");
    sh("mv in/t in/u; mv in/u/40 in/40");
    const char *text = told(&t);
    ok(has_line(text, "renamed t -> u/"), "renamed meanwhile");
    ok(saw(text, "u", "N*"), "it is told of under the new name");
    ok(saw(text, "40", "*"), "and so is what was moved out of it");
    ok(watched("u/39/50") && watched("40/50") && !watched("u/40"),
       "all of it is watched");
    is_int(stats().dirs, 1 + 1 + 2 + 40 * 51, "every directory once");
    watching_stop(&t);
}

static void test_position(void)
{
    scene("position");
    start();
    sh("echo 1 >in/f");
    uint64_t at = zc_watch_queued(t.w);
    ok(!zc_watch_reached(t.w, at), "something waits in the queue");
    sh("echo 1 >in/g");
    while (!zc_watch_reached(t.w, at) && zc_watch_read(t.w))
        ;
    ok(zc_watch_reached(t.w, at) && saw(told_so_far(&t), "f", "ND"),
       "what was done before has been told");
    pump(t.w);
    ok(zc_watch_reached(t.w, at), "and it stays so");

    sh("echo 1 >in/h");
    at = zc_watch_queued(t.w);
    sh("echo 1 >in/i");
    uint64_t later = zc_watch_queued(t.w), same = zc_watch_queued(t.w);
    ok(later > at && same >= later, "positions grow");
    while (!zc_watch_reached(t.w, later) && zc_watch_read(t.w))
        ;
    ok(zc_watch_reached(t.w, later) && saw(told_so_far(&t), "i", "ND"),
       "a later one, asked for before the first was reached, is later");
    ok(zc_watch_reached(t.w, at), "and the first is reached with it");
    watching_stop(&t);
}

static void test_deep_path(void)
{
    char name[201];
    scene("deep");
    memset(name, 'n', 200);
    name[200] = '\0';
    start();
    int fd = open("in", O_RDONLY | O_DIRECTORY), bad = 0;
    for (int i = 0; i < 40; i++) {
        bad |= mkdirat(fd, name, 0755);
        int next = openat(fd, name, O_RDONLY | O_DIRECTORY);
        close(fd);
        fd = next;
    }
    told(&t);
    is_int(stats().dirs, bad ? -1 : 41, "a path of 8,000 bytes");
    write_file(fd, "f", "x");
    const char *text = told(&t);
    ok(strlen(text) > 8000 && strstr(text, "n/f\n"), "is told in full");
    struct zc_buf b = ZC_BUF_INIT;
    zc_wdir d = ZC_WDIR_ROOT, down;
    while ((down = zc_watch_child(t.w, d, name, 200)) != ZC_WDIR_NONE)
        d = down;
    const char *path = zc_watch_path(t.w, d, &b);
    is_int(path ? (int)strlen(path) : -1, 40 * 201 - 1, "its length");
    is_int(zc_watch_lookup(t.w, path ? path : ""), d, "and back");
    close(fd);
    zc_buf_fini(&b);
    watching_stop(&t);
}

static void test_overflow(void)
{
    scene("overflow");
    sh("mkdir -p in/gone/x in/from/x in/stays");
    start();
    zc_wdir stays = zc_watch_lookup(t.w, "stays");
    /* Half of it before the queue is full and half after. */
    sh("mkdir in/early; cd in/stays; for i in $(seq 10); do "
       "seq -f $i-%%g 1000 | xargs touch; done; "
       "cd ..; mkdir -p late/sub; mv from/x late/x; rm -r gone; "
       "mv stays/1-1 1-1");
    const char *text = told(&t);
    if (kind == ZC_WATCH_FANOTIFY) {
        is_int(stats().overflows, 0, "no queue to overflow");
    } else {
        ok(stats().overflows > 0, "the queue has overflowed");
        ok(has_line(text, "doubt "), "the root is in doubt");
    }
    ok(watched("early") && watched("late/sub") && watched("late/x"),
       "what was made meanwhile is watched");
    ok(!watched("gone") && !watched("from/x"), "what went is not");
    is_int(stats().dirs, 7, "the right number of directories");
    is_int(zc_watch_lookup(t.w, "stays"), stays, "the others stay");
    sh("echo 1 >in/late/sub/f");
    ok(saw(told(&t), "late/sub/f", "ND"), "and so on");
    watching_stop(&t);
}

static void test_limit(void)
{
    scene("limit");
    sh("mkdir in/a in/c in/d in/e");
    struct zc_watch_options opt = {
        .root = "in", .kind = kind, .watch_max = 3, .rescan_s = 7};
    int64_t before = zc_clock_ns();
    int log = open("log", O_RDWR | O_CREAT | O_CLOEXEC, 0600), err = dup(2);
    dup2(log, 2);
    watching_start(&t, &opt);
    dup2(err, 2);
    close(err);
    char said[1024] = "";
    ok(pread(log, said, sizeof said - 1, 0) >= 0, "the log can be read");
    close(log);
    if (kind == ZC_WATCH_FANOTIFY) {
        is_int(stats().unwatched, 0, "there is no limit");
        watching_stop(&t);
        return;
    }
    is_int(stats().watches, 3, "no more watches than there may be");
    is_int(stats().unwatched, 2, "the rest is unwatched");
    const char *sysctl = strstr(said, "fs.inotify.max_user_watches");
    ok(sysctl && strstr(said, "after 3;") && strchr(said, '\n')[1] == '\0',
       "which is said once, with what to do about it");
    is_str(told(&t), "", "and not in doubt yet");
    int64_t wait = zc_watch_next_tick(t.w, before);
    ok(wait >= 7 * ZC_NSEC_PER_SEC && wait < 60 * ZC_NSEC_PER_SEC,
       "but it will be");
    zc_watch_tick(t.w, before + wait);
    const char *text = told(&t);
    int n = 0;
    for (const char *p = text; (p = strstr(p, "doubt ")); p++)
        n++;
    is_int(n, 2, "what is not watched is in doubt");
    ok(!has_line(text, "doubt "), "the rest is not");
    sh("rm -r in/a in/c in/d; mkdir in/e/f");
    told(&t);
    is_int(stats().unwatched, 0, "watches that come free are used");
    ok(watched("e/f"), "for all there is");
    sh("echo 1 >in/e/f/x");
    ok(saw(told(&t), "e/f/x", "ND"), "and nothing is missed then");
    watching_stop(&t);
}

static bool put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool good = fd >= 0 && write(fd, text, strlen(text)) > 0;
    close(fd);
    return good;
}

/* In a user namespace, where the limits are our own. */
static int low_limits(void *arg)
{
    struct zc_err err;
    (void)arg;
    if (unshare(CLONE_NEWUSER) || !put("/proc/self/uid_map", "0 0 1\n") ||
        !put("/proc/sys/user/max_inotify_watches", "3\n"))
        return 77;
    struct zc_watch_options opt = {.root = "in", .kind = ZC_WATCH_AUTO};
    struct zc_watch_events none = {0};
    struct zc_watch *w = zc_watch_new(&opt, &none, &err);
    if (!w)
        return 3;
    zc_log_level = ZC_LOG_ERROR;
    while (!zc_watch_scan(w, 100))
        ;
    struct zc_watch_stats s;
    zc_watch_get_stats(w, &s);
    zc_watch_free(w);
    if (s.kind != ZC_WATCH_INOTIFY || s.watches != 3 || s.unwatched != 3)
        return 4;
    if (!put("/proc/sys/user/max_inotify_instances", "0\n"))
        return 77;
    w = zc_watch_new(&opt, &none, &err);
    if (w)
        return 1;
    return strstr(err.text, "fs.inotify.max_user_instances") ? 0 : 2;
}

static void test_low_limits(void)
{
    scene("namespace");
    sh("mkdir in/a in/b in/c in/d in/e");
    int r = in_child(low_limits, NULL);
    if (r == 77)
        skip(1, "no user namespaces here");
    else
        is_int(r, 0, "in a user namespace with low limits");
}

/* Without descriptors nothing can be looked at for a while. */
static void test_starved(void)
{
    struct rlimit before, none = {0};
    scene("starved");
    sh("mkdir -p in/a");
    start();
    zc_log_level = ZC_LOG_ERROR;
    getrlimit(RLIMIT_NOFILE, &before);
    none.rlim_max = before.rlim_max;
    setrlimit(RLIMIT_NOFILE, &none);
    int bad = mkdir("in/a/b", 0755) | mkdir("in/a/b/c", 0755) |
              rename("in/a", "in/z");
    pump(t.w);
    setrlimit(RLIMIT_NOFILE, &before);
    is_int(bad, 0, "changes while there are no descriptors");
    ok(zc_watch_next_tick(t.w, zc_clock_ns()) < 61 * ZC_NSEC_PER_SEC,
       "are looked for later");
    ok(zc_watch_blind(t.w, zc_watch_rescans(t.w)), "they may be missing");
    zc_watch_hurry(t.w);
    ok(zc_watch_next_tick(t.w, zc_clock_ns()) <= ZC_NSEC_PER_SEC,
       "who waits does not wait for a minute");
    told_so_far(&t);
    zc_watch_tick(t.w, INT64_MAX);
    ok(!zc_watch_blind(t.w, 0), "then they do not");
    ok(has_line(told(&t), "doubt "), "everywhere");
    ok(watched("z/b/c") && stats().dirs == 4, "and found");
    is_int(zc_watch_next_tick(t.w, zc_clock_ns()), INT64_MAX,
           "then all is well");
    zc_log_level = ZC_LOG_WARN;
    watching_stop(&t);
}

static void test_root(void)
{
    struct zc_err why;
    scene("root");
    start();
    ok(zc_watch_root_ok(t.w, &why), "the root is there");
    sh("mv in elsewhere");
    told(&t);
    ok(strstr(t.gone, "renamed"), "the root is renamed: %s", t.gone);
    ok(!zc_watch_root_ok(t.w, &why), "%s", why.text);
    ok(!zc_watch_scanning(t.w) && !zc_watch_read(t.w), "all is over");
    watching_stop(&t);

    sh("rmdir elsewhere; mkdir in");
    start();
    sh("rmdir in; mkdir in");
    told(&t);
    ok(*t.gone, "the root is removed: %s", t.gone);
    ok(!zc_watch_root_ok(t.w, &why), "%s", why.text);
    watching_stop(&t);

    sh("ln -s in link; mkdir other");
    struct zc_watch_options opt = {.root = "link", .kind = kind};
    watching_start(&t, &opt);
    sh("ln -sfn other link");
    ok(!zc_watch_root_ok(t.w, &why), "the symlink leads elsewhere: %s",
       why.text);
    sh("mkdir in/d");
    told(&t);
    ok(*t.gone && !watched("d"), "which is noticed");
    watching_stop(&t);

    struct zc_watch_events none = {0};
    opt.root = "nowhere";
    ok(!zc_watch_new(&opt, &none, &why), "no root: %s", why.text);
}

/* What is told when it is asked about mounts, too. */
static const char *mounts_told(void)
{
    zc_watch_ask_mounts(t.w);
    return told(&t);
}

/* A place that is gone gets another name, under which it is mounted again; that
 * is seen before the rename is. */
static void gone_and_renamed(void)
{
    sh("mkdir -p in/d/m");
    told(&t);
    mount("none", "in/d/m", "tmpfs", 0, NULL);
    mounts_told();
    umount("in/d/m");
    mounts_told();
    is_int(zc_watch_places_gone(t.w), 1, "another one is gone");
    sh("mv in/d in/e");
    mount("none", "in/e/m", "tmpfs", 0, NULL);
    zc_watch_ask_mounts(t.w);
    while (!zc_watch_scan(t.w, 100))
        ;
    mounts_told();
    is_int(zc_watch_places_gone(t.w), 0, "and back under a new name");
    const struct zc_places *p = zc_watch_places(t.w);
    ok(p && p->n == 2 && !strcmp(p->v[0].path, "e/m"), "which it has once");
    ok(watched("e/m"), "and is watched");
    umount("in/e/m");
    mounts_told();
    is_int(zc_watch_places_gone(t.w), 1, "it can go again");
    mount("none", "in/e/m", "tmpfs", 0, NULL);
    mounts_told();
    is_int(zc_watch_places_gone(t.w), 0, "and come");
    umount("in/e/m");
    sh("mv in/e in/d; rmdir in/d/m");
}

static void test_mounts(void)
{
    struct zc_err why;
    scene("mounts");
    sh("mkdir in/m in/d");
    if (mount("none", "in/m", "tmpfs", 0, NULL)) {
        skip(22, "cannot mount");
        return;
    }
    sh("mkdir -p in/m/sub in/m/.zcsync/s in/m/sub/.zcsync");
    struct zc_watch_options opt = {
        .root = "in", .kind = kind, .one_file_system = true};
    watching_start(&t, &opt);
    ok(!watched("m") && watched("d"), "-x: the mount is not entered");
    watching_stop(&t);
    bool both = start();
    ok(both, "a mount in the tree");
    if (both) {
        ok(watched("m/sub"), "is watched");
        ok(!watched("m/.zcsync") && watched("m/sub/.zcsync"),
           "but for the staging folder in its top directory");
        sh("echo 1 >in/m/sub/f; echo 1 >in/m/.zcsync/f");
        const char *text = told(&t);
        ok(saw(text, "m/sub/f", "ND") && !strstr(text, "zcsync"),
           "and told of");
        is_int(umount("in/m"), 0, "nothing keeps it busy");
        mounts_told();
        ok(!watched("m") && zc_watch_places_gone(t.w) == 1,
           "unmounted: it is gone, and not watched");
        sh("echo 1 >in/m/f");
        ok(!saw(told(&t), "m/f", "ND"), "nothing is told of what is there");
        is_int(mount("none", "in/m", "tmpfs", 0, NULL), 0, "mounted again");
        text = mounts_told();
        ok(has_line(text, "doubt m"), "it is in doubt");
        ok(watched("m") && !zc_watch_places_gone(t.w), "and not gone");
        sh("echo 1 >in/m/f");
        ok(saw(told(&t), "m/f", "ND"), "and watched");
        gone_and_renamed();
        watching_stop(&t);
    }
    umount("in/m");

    mount("out", "in/d", NULL, MS_BIND, NULL);
    sh("mkdir in/two out/x");
    mount("out", "in/two", NULL, MS_BIND, NULL);
    start();
    is_int(stats().unwatched, 1, "mounted twice: watched once");
    is_int(stats().dirs, 5, "all known");
    watching_stop(&t);
    umount("in/two");
    umount("in/d");
    mount("in", "in/d", NULL, MS_BIND, NULL);
    start();
    is_int(stats().unwatched, 0, "a loop is nothing to be watched");
    is_int(stats().dirs, 3, "and not followed");
    watching_stop(&t);
    umount("in/d");

    start();
    mount("none", "in", "tmpfs", 0, NULL);
    ok(!zc_watch_root_ok(t.w, &why), "something is mounted over the root: %s",
       why.text);
    watching_stop(&t);
    start();
    sh("umount in");
    told(&t);
    ok(!zc_watch_root_ok(t.w, &why), "the root is unmounted: %s", why.text);
    if (kind == ZC_WATCH_INOTIFY)
        ok(strstr(t.gone, "unmounted"), "%s", t.gone);
    watching_stop(&t);
}

/* Automatic: inotify while its watches last, then fanotify. */
static void test_switch(void)
{
    scene("switch");
    sh("mkdir -p in/a/b in/c; for i in 1 2 3 4 5 6 7 8; do mkdir in/a/$i; done");
    struct zc_watch_options opt = {.root = "in", .kind = ZC_WATCH_AUTO};
    if (kind == ZC_WATCH_INOTIFY)
        return;
    watching_start(&t, &opt);
    is_int(stats().kind, ZC_WATCH_INOTIFY, "auto: inotify");
    is_int(stats().dirs, stats().watches, "with a watch for each directory");
    watching_stop(&t);
    opt.watch_max = 5;
    watching_start(&t, &opt);
    is_int(stats().kind, ZC_WATCH_FANOTIFY, "fanotify, where there are too few");
    is_int(stats().unwatched, 0, "nothing is left out");
    ok(watched("a/8") && watched("c"), "all is watched");
    sh("echo 1 >in/c/f; echo 2 >in/a/b/g; mkdir in/a/9; echo 3 >in/a/9/h");
    const char *text = told(&t);
    ok(saw(text, "c/f", "ND") && saw(text, "a/b/g", "ND"), "and told of");
    ok(watched("a/9"), "new ones, too");
    watching_stop(&t);
}

static void test_permissions(void)
{
    if (geteuid() == 0)
        return; /* seen below, as nobody */
    scene("permissions");
    sh("mkdir -p in/a/b in/c; chmod 0 in/a");
    start();
    ok(!watched("a/b") && watched("c"), "what may not be read is left out");
    sh("chmod 700 in/a");
    ok(saw(told(&t), "a", "*") && watched("a/b"), "until it may be");
    sh("chmod 0 in/a");
    told(&t);
    sh("chmod 700 in/a; echo 1 >in/a/b/f");
    ok(saw(told(&t), "a/b/f", "ND"), "what is watched stays so");
    watching_stop(&t);
}

static int as_nobody(void *arg)
{
    (void)arg;
    become_nobody();
    struct zc_watch_options opt = {.root = ".", .kind = ZC_WATCH_AUTO};
    struct zc_watch_events none = {0};
    if (!freopen("/dev/null", "w", stdout))
        return 97;
    struct zc_watch *w = zc_watch_new(&opt, &none, NULL);
    zc_watch_free(w);
    ok(w != NULL, "it watches");
    test_permissions();
    return done_testing();
}

static void all_of_it(void)
{
    test_files();
    test_halves();
    test_directories();
    test_exchange();
    test_staging();
    test_filter();
    test_big_tree();
    test_deep_path();
    test_position();
    test_overflow();
    test_limit();
    test_starved();
    test_root();
    test_mounts();
    test_switch();
}

int main(void)
{
    struct zc_err why;
    private_mounts();
    close(scratch());
    chmod(".", 0777);
    kind = ZC_WATCH_INOTIFY;
    all_of_it();
    test_low_limits();
    if (chdir(scratch_path))
        diag("cannot go back");
    is_int(in_child(as_nobody, NULL), 0, "as an ordinary user");
    kind = ZC_WATCH_FANOTIFY;
    if (fanotify_works(&why))
        all_of_it();
    else
        skip(1, "%s", why.text);
    return done_testing();
}
