// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * src/mirror/young.c, ghosts.c and index.c: which changes could
 * not be told of a file, by inotify. The watcher is read when the test says so,
 * which is what makes a name come and go before it is looked at.
 */
#include "tap.h"

#include "base/clock.h"
#include "scratch.h"
#include "mirror/index.h"
#include "mirror/search.h"
#include "mirror/young.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

static struct zc_mirror m;
static struct zc_mirror_options opt = {.name = "test"};
static struct zc_mirror_status st;
static int root;

static void on_changed(void *arg, zc_wdir dir, const char *name, size_t n,
                       unsigned what)
{
    (void)arg;
    zc_young_changed(&m, dir, name, n, what);
    zc_index_changed(&m, dir, name, n, what, zc_clock_ns());
}

static void on_renamed(void *arg, zc_wdir from, const char *from_name,
                       size_t from_n, zc_wdir to, const char *to_name,
                       size_t to_n, bool is_dir)
{
    (void)arg;
    zc_young_renamed(&m, from, from_name, from_n, to, to_name, to_n, is_dir);
    if (!is_dir)
        zc_index_renamed(&m, from, from_name, from_n, to, to_name, to_n,
                         zc_clock_ns());
}

static void on_removed(void *arg, zc_wdir dir)
{
    (void)arg;
    (void)dir;
    zc_young_dir_moved(m.young);
}

static bool start(void)
{
    struct zc_err err;
    const struct zc_watch_options w = {.root = opt.push.src,
                                       .kind = ZC_WATCH_INOTIFY};
    const struct zc_watch_events ev = {
        .changed = on_changed, .renamed = on_renamed, .removed = on_removed};
    pthread_mutex_init(&m.gate, NULL);
    pthread_mutex_init(&m.lock, NULL);
    m.opt = &opt;
    m.st = &st;
    m.index = zc_index_new();
    m.young = zc_young_new(true);
    zc_mirror_lock(&m);
    m.w = zc_watch_new(&w, &ev, &err);
    while (m.w && !zc_watch_scan(m.w, 100))
        ;
    return m.w;
}

/* Reads what there is, and looks at names after each time. */
static void see(void)
{
    do {
        zc_young_begin(&m);
        zc_watch_read(m.w);
        zc_watch_flush(m.w);
        zc_young_look(&m);
        zc_young_end(&m);
    } while (!zc_watch_drained(m.w) ||
             zc_young_next(&m, zc_clock_ns()) != INT64_MAX);
}

/* How many ghosts there are since the last time. */
static int ghosts(void)
{
    static uint64_t before;
    see();
    int n = (int)(m.ghosts.seen - before);
    before = m.ghosts.seen;
    return n;
}

static void put(const char *name)
{
    int fd = openat(root, name, O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (fd < 0 || write(fd, "x", 1) != 1)
        diag("cannot write %s", name);
    close(fd);
}

static void make(const char *name)
{
    close(openat(root, name, O_RDONLY | O_CREAT | O_EXCL, 0644));
}

static void del(const char *name)
{
    if (unlinkat(root, name, 0))
        diag("cannot remove %s", name);
}

static void ln(const char *from, const char *to)
{
    if (linkat(root, from, root, to, 0))
        diag("cannot link %s", to);
}

static void mv(const char *from, const char *to)
{
    if (renameat(root, from, root, to))
        diag("cannot rename %s", from);
}

static void touch(const char *name)
{
    if (fchmodat(root, name, 0600, 0))
        diag("cannot chmod %s", name);
}

static struct zc_index_file *known(const char *name)
{
    struct stat s;
    if (fstatat(root, name, &s, AT_SYMLINK_NOFOLLOW))
        return NULL;
    return zc_index_find(&m, s.st_dev, s.st_ino);
}

static void test_none(void)
{
    put("new");
    is_int(ghosts(), 0, "a new file");
    ok(known("new") && known("new")->names.len == 1, "is in the index");
    put("new");
    is_int(ghosts(), 0, "is written to");
    del("new");
    is_int(ghosts(), 0, "is removed");
    make("empty");
    del("empty");
    is_int(ghosts(), 0, "a lock file that nobody writes to");
    put("tmp");
    mv("tmp", "file");
    is_int(ghosts(), 0, "written and renamed");
    put("tmp");
    mv("tmp", "file");
    is_int(ghosts(), 0, "and over the old one");
    mkdirat(root, "d", 0755);
    ghosts();
    put("tmp");
    mv("tmp", "d/file");
    mv("d", "e");
    is_int(ghosts(), 0, "into a directory that is renamed");
    ok(known("e/file"), "and is known there");
    fchmodat(root, "e", 0700, 0);
    del("e/file");
    unlinkat(root, "e", AT_REMOVEDIR);
    is_int(ghosts(), 0, "a directory that is touched and removed");
    ln("file", "link");
    del("link");
    is_int(ghosts(), 0, "a link, and nothing by it");
    del("file");
    ghosts();
}

static void test_some(void)
{
    put("x");
    put("y");
    ghosts();
    touch("x");
    del("x");
    ok(ghosts() > 0, "touched and removed");
    touch("y");
    put("z");
    mv("z", "y");
    ok(ghosts() > 0, "touched and replaced");
    ln("y", "n");
    touch("n");
    del("n");
    ok(ghosts() > 0, "a link, written through and removed");
    ln("y", "n");
    touch("n");
    mv("n", "m");
    del("m");
    ok(ghosts() > 0, "and renamed before");
    ln("y", "n");
    touch("n");
    del("n");
    make("n");
    ok(ghosts() > 0, "and made again");
    struct stat s;
    fstatat(root, "y", &s, 0);
    ok(m.ghosts.floor <= s.st_ctim.tv_sec * ZC_NSEC_PER_SEC +
                             s.st_ctim.tv_nsec,
       "the other name has changed since the time from which on it is looked "
       "for");
    zc_found_names found = {0};
    ok(zc_search_changed(&m, root, m.ghosts.floor, &found), "a walk");
    bool seen = false;
    for (size_t i = 0; i < found.len; i++) {
        seen |= strcmp(found.v[i].path, "y") == 0;
        free(found.v[i].path);
    }
    zc_vec_fini(&found);
    ok(seen, "finds it");
    ok(zc_search_changed(&m, root, INT64_MAX, &found) && !found.len,
       "and nothing that has not changed");
    del("y");
    del("n");
    ghosts();
}

/* Names that a file has lost. */
/* A look may find that a name is gone before the event says so: it counts as
 * known only where others of the file are. */
static void test_alone(void)
{
    put("p");
    see();
    zc_index_clear(m.index);
    ln("p", "q");
    see();
    ok(known("q"), "the second name of a file that was not known");
    ok(!zc_index_knows(&m, ZC_WDIR_ROOT, "q"), "tells of no other");
    ln("p", "r");
    see();
    ok(zc_index_knows(&m, ZC_WDIR_ROOT, "q"), "a third one is known with it");
    del("q");
    del("r");
    del("p");
    ghosts();
    zc_index_clear(m.index);
}

static void test_former(void)
{
    int fd = openat(root, "a", O_WRONLY | O_CREAT, 0644);
    make("old");
    int old = openat(root, "old", O_WRONLY);
    ghosts();
    del("a");
    is_int(ghosts(), 0, "a file that was seen is removed");
    (void)!write(fd, "x", 1);
    is_int(ghosts(), 0, "and written to: it had one name");
    close(fd);
    fd = openat(root, "b", O_WRONLY | O_CREAT, 0644);
    ln("b", "c");
    is_int(ghosts(), 0, "two names");
    const struct zc_index_file *file = known("c");
    /* Its inode may have been that of others before. */
    size_t before = file ? file->n_former : 0;
    ok(file && file->names.len == before + 2, "are in the index");
    del("b");
    is_int(ghosts(), 0, "one is removed");
    ok(known("c") == file && file->n_former == before + 1,
       "and is a former one");
    (void)!write(fd, "x", 1);
    is_int(ghosts(), 0, "a change by it is known to be about the other one");
    put("b");
    (void)!write(fd, "x", 1);
    is_int(ghosts(), 0, "as it is when there is another file of that name");
    ok(known("c") == file && known("b") != file, "which is another one");
    make("n");
    ln("n", "m");
    mv("n", "b");
    del("b");
    (void)!write(fd, "x", 1);
    ok(ghosts() > 0, "but not when one was there that nobody has seen");
    close(fd);

    zc_index_clear(m.index);
    del("old");
    (void)!write(old, "x", 1);
    ok(ghosts() > 0, "one that is not known any more");
    close(old);
    del("c");
    del("m");
    ghosts();
}

static void test_tmpfile(void)
{
    char name[64];
    int fd = openat(root, ".", O_TMPFILE | O_WRONLY, 0644);
    if (fd < 0) {
        skip(4, "no O_TMPFILE here");
        return;
    }
    (void)!write(fd, "x", 1);
    int first = ghosts();
    ok(first <= 1, "a file without a name may have one that is not known");
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    if (linkat(AT_FDCWD, name, root, "t", AT_SYMLINK_FOLLOW))
        diag("cannot link it");
    is_int(ghosts(), 0, "it gets one");
    (void)!write(fd, "x", 1);
    is_int(ghosts(), 0, "a change goes by the number, and is known to be its");
    ok(known("t") && known("t")->names.len == 2, "which is in the index, too");
    close(fd);
    del("t");
    ghosts();
}

/* A queue of inotify's own size takes it all. */
static void test_many(void)
{
    char name[32];
    bool one = true;
    for (int i = 0; i < 6000; i++) {
        snprintf(name, sizeof name, "many%d", i);
        make(name);
    }
    is_int(ghosts(), 0, "many names");
    for (int i = 0; i < 6000; i++) {
        snprintf(name, sizeof name, "many%d", i);
        struct stat s;
        fstatat(root, name, &s, 0);
        one &= zc_index_find(&m, s.st_dev, s.st_ino) != NULL;
    }
    ok(one, "are all in the index");
    for (int i = 0; i < 6000; i++) {
        snprintf(name, sizeof name, "many%d", i);
        del(name);
    }
    is_int(ghosts(), 0, "and go");
    ok(zc_index_count(m.index) <= 16384 && !zc_young_count(m.young),
       "none is looked at again");
    for (int i = 0; i < 9000; i++) {
        snprintf(name, sizeof name, "/%d", i); /* in no directory */
        zc_young_changed(&m, ZC_WDIR_ROOT, name, strlen(name),
                         ZC_CHANGE_META);
    }
    ok(m.ghosts.seen && zc_young_count(m.young) <= 8192,
       "the table is bounded");
    zc_young_clear(m.young);
}

/* One look at what there is. */
static void look_once(void)
{
    zc_young_begin(&m);
    zc_watch_read(m.w);
    zc_watch_flush(m.w);
    zc_young_look(&m);
}

static void test_sure(void)
{
    see();
    put("sure1");
    put("sure2");
    look_once();
    ok(zc_young_count(m.young) == 2, "names that were seen are not sure yet");
    m.n_questions = 1;
    ok(zc_young_doubts(&m) && !zc_young_next(&m, zc_clock_ns()),
       "who asks does not wait for that");
    zc_young_end(&m);
    m.n_questions = 0;
    ok(!zc_young_doubts(&m), "and all are made sure of at once");
    is_int(ghosts(), 0, "which is no ghost");
    ok(!zc_young_count(m.young), "nor is any of them young any more");
    put("sure1");
    look_once();
    del("sure1");
    is_int(ghosts(), 1, "what goes before that is one");
    del("sure2");
    is_int(ghosts(), 0, "but not what goes later");
}

int main(void)
{
    static char src[4200];
    scratch();
    snprintf(src, sizeof src, "%s/src", scratch_path);
    mkdir(src, 0755);
    root = open(src, O_RDONLY | O_DIRECTORY);
    opt.push.src = src;
    if (!start())
        skip_all("cannot watch by inotify");
    test_none();
    test_some();
    test_alone();
    test_former();
    test_tmpfile();
    test_sure();
    test_many();
    zc_young_free(m.young);
    zc_index_free(m.index);
    zc_watch_free(m.w);
    zc_mirror_unlock(&m);
    close(root);
    return done_testing();
}
