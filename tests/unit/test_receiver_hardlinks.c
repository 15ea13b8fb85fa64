// SPDX-License-Identifier: GPL-2.0-or-later
/* src/receiver/hardlinks.c: groups, their leaders, and those that wait. */
#include "tap.h"

#include "receiving.h"

static struct receiving t;
static struct zc_rdir *root;
static struct zc_rlist *list;
static uint32_t list_id; /* which outlives it */
static struct zc_hardlink_group *group;

static void start(uint32_t flags)
{
    receiving_start(&t, flags, ZC_KEEP_ALL);
    root = top_at(&t, "");
    list = list_of(&t, root);
    list_id = list->id;
    group = NULL;
}

static void end(void)
{
    if (group)
        zc_hardlink_put(&t.r, group);
    receiving_end(&t);
    sh("rm -rf dst");
}

/* The list has been answered. */
static void compared(void)
{
    struct zc_hardlink_deferred deferred;
    zc_rlist_compared(&t.r, list, &deferred);
    zc_hardlink_serve(&t.w, &deferred);
}

static struct zc_ref ref(uint32_t index)
{
    return (struct zc_ref){list_id, index};
}

/* One of three names of inode INO at the source. */
static struct zc_entry name_of(const char *name, uint32_t mode, uint64_t ino)
{
    struct zc_entry e = entry_of(name, mode);
    e.flags = ZC_ENTRY_HARD_LINK;
    e.link_dev = 7;
    e.link_ino = ino;
    e.link_count = 3;
    return e;
}

static enum zc_hardlink_role join(const char *name, uint32_t index)
{
    struct zc_entry e = name_of(name, S_IFREG | 0644, 42);
    return zc_hardlink_join(&t.r, list, &e, ref(index), &group);
}

static enum zc_hardlink_role join_fifo(const char *name, uint32_t index)
{
    struct zc_entry e = name_of(name, S_IFIFO | 0644, 42);
    return zc_hardlink_join(&t.r, list, &e, ref(index), &group);
}

static void settle(const char *name, bool ok)
{
    struct zc_hardlink_key key = {true, 7, 42};
    zc_hardlink_settle(&t.w, key, root, name, ok);
}

static void test_key(void)
{
    start(0);
    struct zc_entry e = entry_of("a", S_IFREG | 0644);
    ok(!zc_hardlink_key(&t.r, &e).grouped, "a file with one name");
    e = name_of("a", S_IFREG | 0644, 42);
    ok(zc_hardlink_key(&t.r, &e).grouped, "one of several");
    t.r.keep &= ~ZC_KEEP_HARD_LINKS;
    ok(!zc_hardlink_key(&t.r, &e).grouped, "which are not kept");
    end();
}

static void test_ready(void)
{
    struct zc_stat st;
    unsigned op;
    start(0);
    sh("echo 1 > dst/a; echo 2 > dst/c");
    is_int(join("a", 0), ZC_HARDLINK_LEADER, "the first name leads");
    settle("a", true);
    is_int(join("b", 1), ZC_HARDLINK_READY, "the second may be linked");
    ok(!zc_stat_at(t.r.root_fd, "a", &st) &&
           zc_hardlink_same(&t.w, group, &root->shelf, &st),
       "the group knows its inode");
    ok(!zc_stat_at(t.r.root_fd, "c", &st) &&
           !zc_hardlink_same(&t.w, group, &root->shelf, &st),
       "and no other");
    is_int(zc_hardlink_make(&t.w, group, root, "b", &op), 0, "a new name");
    ok(same_inode("a", "b"), "is one of the inode");
    ok(root->shelf.touched, "and the directory was touched");
    zc_hardlink_put(&t.r, group);
    is_int(join("c", 2), ZC_HARDLINK_READY, "so may the third");
    is_int(zc_hardlink_make(&t.w, group, root, "c", &op), 0,
           "a name that something else has");
    ok(same_inode("a", "c"), "is one of the inode then");
    is_int(zc_hardlink_make(&t.w, group, root, "c", &op), 0, "again");
    ok(same_inode("a", "c"), "changes nothing");
    is_int(t.r.done.created, 3, "all of which was counted");
    zc_hardlink_put(&t.r, group);
    group = NULL;
    is_int(t.parts.hardlinks.groups.used, 0,
           "the last name takes the group along");
    end();
}

static void test_waiting(void)
{
    start(0);
    sh("echo 1 > dst/a; ln dst/a dst/c");
    join("a", 0);
    is_int(join("b", 1), ZC_HARDLINK_WAITING, "the second waits");
    is_int(join("c", 2), ZC_HARDLINK_WAITING, "the third, too");
    is_int(list->book.outstanding, 2, "they count as outstanding");
    is_int(list->book.claimable, 0, "and may not be sent");
    compared();
    settle("a", true);
    ok(same_inode("a", "b"), "when the leader is in place they are linked");
    is_int(result_of(&t, ref(1)), ZC_STATUS_OK, "the sender is told");
    is_int(result_of(&t, ref(2)), ZC_STATUS_SAME,
           "and told of what was a name of it already");
    is_int(t.parts.lists.by_id.used, 0, "nothing is outstanding");
    is_int(t.parts.hardlinks.groups.used, 0, "the group is over");
    end();
}

/* Its list has not been answered: whoever does that serves it. */
static void test_deferred(void)
{
    start(0);
    sh("echo 1 > dst/a");
    join("a", 0);
    join("b", 1);
    settle("a", true);
    is_int(result_of(&t, ref(1)), -1, "no RESULT before NEED");
    ok(!exists("b"), "and no name");
    compared();
    is_int(result_of(&t, ref(1)), ZC_STATUS_OK, "but after it");
    ok(same_inode("a", "b"), "and a name");
    end();

    start(0);
    join("a", 0);
    join("b", 1);
    settle("a", true);
    diag("broken off here: nothing may leak");
    end();
}

static void test_failed(void)
{
    start(0);
    sh("echo 2 > dst/b");
    join("a", 0);
    join("b", 1);
    join("c", 2);
    compared();
    settle("", false);
    is_int(result_of(&t, ref(1)), ZC_STATUS_AGAIN,
           "where the leader fails the next is asked for");
    is_int(list->book.claimable, 1, "and may be sent");
    is_int(result_of(&t, ref(2)), -1, "the others wait on");
    settle("b", true);
    ok(same_inode("b", "c"), "for that");
    is_int(result_of(&t, ref(2)), ZC_STATUS_OK, "with success");
    end();

    start(0);
    join("a", 0);
    settle("", false);
    is_int(join("b", 1), ZC_HARDLINK_LEADER, "the next to come leads");
    settle("", false);
    is_int(join("c", 2), ZC_HARDLINK_LEADER, "and the next");
    end();

    start(0);
    join_fifo("a", 0);
    is_int(join_fifo("b", 1), ZC_HARDLINK_WAITING, "a fifo waits for another");
    compared();
    settle("", false);
    is_int(result_of(&t, ref(1)), ZC_STATUS_FAILED,
           "which cannot be asked for, and fails with it");
    end();
}

/* Something else than the group's inode came for the leader, or nothing. */
static void test_unsettled(void)
{
    start(0);
    zc_rlist_open(&t.r, list, 1);
    join("a", 0);
    join("b", 1);
    compared();
    zc_rlist_claim(&t.r, list_id, 1, NULL);
    zc_hardlink_done(&t.w, list, ref(0), ZC_STATUS_OK, 0, 0);
    is_int(result_of(&t, ref(0)), ZC_STATUS_OK, "the leader is finished");
    is_int(result_of(&t, ref(1)), ZC_STATUS_AGAIN,
           "those that waited are not forgotten");
    settle("", false);
    zc_rlist_claim(&t.r, list_id, 1, NULL);
    zc_hardlink_done(&t.w, list, ref(1), ZC_STATUS_FAILED, ZC_OP_SOURCE, 0);
    is_int(result_of(&t, ref(1)), ZC_STATUS_FAILED, "until nobody is left");
    is_int(t.parts.lists.by_id.used, 0, "nothing is outstanding");
    end();
}

/* The leader has no name yet, in a dry run that would make it. */
static void test_new(void)
{
    struct zc_stat st = {0};
    start(ZC_OPEN_DRY_RUN);
    join("a", 0);
    settle("", true);
    is_int(join("b", 1), ZC_HARDLINK_READY, "it counts as ready");
    ok(!zc_hardlink_same(&t.w, group, &root->shelf, &st),
       "and is the same as nothing");
    end();
}

static bool taken_by(const char *name, uint64_t source_ino, uint32_t index)
{
    struct zc_stat st;
    struct zc_entry e = name_of(name, S_IFREG | 0644, source_ino);
    if (!source_ino)
        e.flags = 0;
    return !zc_stat_at(t.r.root_fd, name, &st) &&
           zc_hardlink_taken(&t.r, &st, &e, ref(index));
}

/* By an entry of its own. */
static bool taken(const char *name, uint64_t source_ino)
{
    return taken_by(name, source_ino, (uint32_t)*name);
}

static void test_taken(void)
{
    start(0);
    sh("echo 1 > dst/a; ln dst/a dst/b; ln dst/a dst/c; ln dst/a dst/d");
    ok(!taken("a", 42), "an inode here stands for the first file met");
    ok(!taken("b", 42), "and for other names of it");
    ok(taken("c", 43), "for another one it is taken");
    ok(taken("d", 0), "and for one with one name");
    end();

    start(0);
    sh("echo 1 > dst/a; ln dst/a dst/b");
    ok(!taken("a", 0), "it may stand for a file with one name");
    ok(taken("b", 0), "and then for no other");
    ok(!taken("a", 0), "the same one may ask again");
    end();
}

static enum zc_hardlink_role join_other(uint64_t ino, uint32_t index)
{
    struct zc_entry e = name_of("x", S_IFREG | 0644, ino);
    return zc_hardlink_join(&t.r, list, &e, ref(index), &group);
}

/* However many groups a peer opens, memory for them ends somewhere. */
static void test_room(void)
{
    struct zc_hardlinks *h = &t.parts.hardlinks;
    uint32_t n = 0;
    start(0);
    ok(h->max == ZC_HARDLINKS_MAX && h->bytes == 0, "there is room for many");
    h->max = 20000;
    while (n < 1000 && join_other(100 + n, n) == ZC_HARDLINK_LEADER)
        n++;
    ok(n > 20 && n < 100, "groups are counted, by their size (%u)", n);
    is_int(join_other(100 + n, n), ZC_HARDLINK_ALONE,
           "one too many is a file of its own");
    ok(h->bytes <= h->max && h->full, "and takes nothing");
    is_int(join_other(100, n + 1), ZC_HARDLINK_WAITING,
           "groups that are there go on");
    h->max = h->bytes; /* an inode takes less than a group */
    sh("echo 1 > dst/a; ln dst/a dst/b");
    ok(taken("a", 0), "an inode that there is no room for is not believed");
    end();
    is_int(h->bytes, 0, "at the end all has been given back");

    start(0);
    h->max = 20000;
    for (n = 0; n < 1000; n++) {
        struct zc_hardlink_key key = {true, 7, 5000 + n};
        sh(n ? "true" : "echo 1 > dst/x");
        for (uint32_t i = 0; i < 3; i++) {
            enum zc_hardlink_role role = join_other(5000 + n, 3 * n + i);
            if (role == ZC_HARDLINK_LEADER)
                zc_hardlink_settle(&t.w, key, root, "x", true);
            if (role == ZC_HARDLINK_READY)
                zc_hardlink_put(&t.r, group);
            if (role == ZC_HARDLINK_ALONE)
                n = 2000;
        }
    }
    group = NULL;
    is_int(n, 1000, "groups that are complete make room for others");
    end();
}

int main(void)
{
    scratch();
    test_key();
    test_ready();
    test_waiting();
    test_deferred();
    test_failed();
    test_unsettled();
    test_new();
    test_taken();
    test_room();
    return done_testing();
}
