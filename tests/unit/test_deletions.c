// SPDX-License-Identifier: GPL-2.0-or-later
/* src/receiver/deletions.c: the plan, what of it is carried out, the brake. */
#include "tap.h"

#include <dirent.h>

#include "receiving.h"

static struct receiving t;
static struct zc_rdir *root;
static int dst;

static void start(uint32_t flags)
{
    receiving_start(&t, flags | ZC_OPEN_DELETE, ZC_KEEP_ALL);
    root = top_at(&t, "");
    dst = t.r.root_fd;
    t.r.round.full = true;
    t.r.deletions->source_has_entries = true;
    t.r.deletions->seen = 1000; /* so that the brake is no matter here */
}

static void end(void)
{
    zc_rdirs_finish_tops(&t.w, true);
    receiving_end(&t);
    sh("rm -rf dst");
}

static void plan(const char *name)
{
    zc_deletions_plan(&t.w, root, dst, name, DT_UNKNOWN, false);
}

static int run(void)
{
    struct zc_err err = {0};
    int held = zc_deletions_run(&t.w, &err);
    if (held)
        diag("%s", err.text);
    return held;
}

/* --- the plan ------------------------------------------------------------ */

static void test_plan(void)
{
    start(0);
    sh("cd dst; touch a keep; mkdir -p d/e/f; touch d/1 d/e/2");
    plan("a");
    is_int(t.parts.deletions.count, 1, "a file counts as one");
    plan("d");
    is_int(t.parts.deletions.count, 6, "a tree with all that is in it");
    is_int(t.parts.deletions.seen, 1004, "which was not seen before");
    plan("gone");
    is_int(t.parts.deletions.count, 6, "what is not there is not planned");
    ok(exists("a") && exists("d/e/f"), "nothing is deleted yet");
    is_int(run(), 0, "the plan is carried out");
    ok(!exists("a") && !exists("d"), "what was planned is gone");
    ok(exists("keep"), "what was not is there");
    is_int(t.r.done.deleted, 6, "and all of it was counted");
    end();
}

/* Paths may be long, and names that are to go many. */
static void test_room(void)
{
    start(0);
    sh("cd dst; touch a1 a2 a3 a4 a5 a6 a7 a8");
    t.r.deletions->records_max = 100;
    for (char name[] = "a1"; name[1] <= '8'; name[1]++)
        plan(name);
    ok(t.r.deletions->records.len < 200, "the plan has a limit");
    is_int(t.r.deletions->count, 8, "the brake knows of all of it");
    is_int(run(), 0, "what is in it is carried out");
    ok(!exists("a1") && exists("a8"), "the rest stays");
    ok(t.w.out.len > 0 || t.r.conn.bytes_out > 0, "and the sender is told");
    end();
}

static void test_filters(void)
{
    struct zc_err err;
    start(0);
    sh("cd dst; touch a.o; mkdir -p d/e; touch d/b.o d/c d/e/f");
    is_int(zc_filter_add_exclude(t.r.terms.filter, "*.o", &err), 0, "a filter");
    plan("a.o");
    is_int(t.parts.deletions.count, 0, "what it matches is not planned");
    plan("d");
    is_int(run(), 0, "the rest is carried out");
    ok(exists("a.o") && exists("d/b.o"), "what it matches is there");
    ok(!exists("d/c") && !exists("d/e"), "what is beside it is gone");
    end();
}

/* Only what was there when it was planned. */
static void test_replaced(void)
{
    start(0);
    sh("cd dst; touch a b");
    plan("a");
    plan("b");
    sh("cd dst; touch new; mv new a; rm b");
    is_int(run(), 0, "carried out");
    ok(exists("a"), "another file of that name is not meant");
    end();
}

static void test_times(void)
{
    struct stat st;
    start(0);
    sh("cd dst; touch a b");
    root->mtime_s = 1000000000;
    plan("a");
    is_int(run(), 0, "carried out");
    ok(!stat("dst", &st) && st.st_mtime == 1000000000,
       "the directory has the time that it shall have");
    end();

    start(0);
    sh("cd dst; touch a b");
    root->mtime_s = 1000000000;
    root->implied = true;
    plan("a");
    is_int(run(), 0, "carried out");
    ok(!stat("dst", &st) && st.st_mtime != 1000000000,
       "unless it is to be left as it is");
    end();
}

/* NOTEs that were sent. */
static unsigned notes(void)
{
    struct zc_err err;
    struct zc_frame f;
    struct zc_bytes body;
    struct zc_slab *slab;
    unsigned n = 0;
    zc_transport_shutdown(t.r.conn.t);
    while (!zc_conn_recv(&t.sender, false, &f, &body, &slab, &err)) {
        struct zc_msg_note m;
        n += f.type == ZC_FRAME_NOTE && !zc_note_decode(body, &m, &err) &&
             m.op == ZC_OP_DELETE && !m.eno;
    }
    return n;
}

static void test_report(void)
{
    start(ZC_OPEN_WANT_ITEMS);
    sh("cd dst; touch a; mkdir d; touch d/1");
    plan("a");
    plan("d");
    is_int(run(), 0, "carried out");
    is_int(notes(), 3, "each entry is told of");
    end();

    start(ZC_OPEN_WANT_ITEMS | ZC_OPEN_DRY_RUN);
    sh("cd dst; touch a; mkdir d; touch d/1");
    plan("a");
    plan("d");
    is_int(run(), 0, "a dry run");
    ok(exists("a") && exists("d/1"), "deletes nothing");
    is_int(t.r.done.deleted, 3, "counts all");
    is_int(notes(), 3, "tells of all");
    end();
}

static void test_next_round(void)
{
    start(0);
    sh("cd dst; touch a");
    plan("a");
    is_int(run(), 0, "a round");
    t.r.done.created = 11;
    zc_deletions_next_round(&t.r);
    is_int(t.parts.deletions.tree_size, 1010,
           "what was there, and came, and went");
    is_int(t.parts.deletions.count, 0, "the next plan is empty");
    is_int(run(), 0, "and deletes nothing");
    t.r.round.full = false;
    t.r.done.created = 0;
    t.r.done.deleted = 2000;
    zc_deletions_next_round(&t.r);
    is_int(t.parts.deletions.tree_size, 0, "a tree is never less than empty");
    end();
}

/* --- replacing directories ----------------------------------------------- */

static bool replace(const char *name)
{
    return zc_deletions_replace(&t.w, root, dst, name);
}

static void test_replace(void)
{
    struct zc_err err;
    start(0);
    sh("cd dst; mkdir empty small big; touch small/1 small/2 small/x.o");
    sh("cd dst/big; for i in `seq 100`; do : > $i; done");
    ok(replace("empty"), "an empty directory may be replaced");
    is_int(t.parts.deletions.count, 0, "which costs nothing");
    ok(replace("small"), "a small tree may");
    is_int(t.parts.deletions.count, 4, "and counts");
    ok(!t.parts.deletions.held, "the brake is not needed");
    ok(!replace("big"), "a big one may not");
    ok(t.parts.deletions.held, "that is for the brake");
    is_int(run(), -1, "which holds");
    end();

    start(ZC_OPEN_FORCE_DELETE);
    sh("cd dst; mkdir big; cd big; for i in `seq 100`; do : > $i; done");
    ok(replace("big"), "with --force-delete a big one may");
    end();

    start(ZC_OPEN_MAX_DELETE);
    t.r.max_delete = 4;
    sh("cd dst; mkdir a b; touch a/1 a/2 b/1");
    ok(replace("a"), "with --max-delete up to so many may");
    ok(!replace("b"), "and no more");
    end();

    start(0);
    root->shallow = true;
    sh("cd dst; mkdir big; cd big; for i in `seq 100`; do : > $i; done");
    ok(replace("big"), "what a mirror saw going may be of any size");
    is_int(t.parts.deletions.named, 101, "and is no matter for the brake");
    end();

    start(0);
    root->seen = true;
    sh("cd dst; mkdir big; cd big; for i in `seq 100`; do : > $i; done");
    ok(replace("big"), "so may what it saw going deeper down");
    is_int(t.parts.deletions.named, 101, "which is no matter either");
    end();

    start(0);
    t.r.deletions->tree_size = 401;
    sh("cd dst; for d in a b; do mkdir $d; for i in `seq 119`; do : > $d/$i; "
       "done; done");
    t.r.deletions->count = t.r.deletions->named = 1000;
    ok(replace("a"), "in a tree that is known to be bigger a big one may");
    ok(!replace("b"), "but no more than half of it");
    end();

    start(0);
    is_int(zc_filter_add_exclude(t.r.terms.filter, "*.o", &err), 0, "a filter");
    sh("cd dst; mkdir d; touch d/1 d/x.o");
    ok(!replace("d"), "one with something protected in it may not");
    end();

    start(0);
    t.r.flags &= ~ZC_OPEN_DELETE;
    sh("cd dst; mkdir d empty; touch d/1");
    ok(replace("empty"), "without --delete an empty one may");
    ok(!replace("d"), "and no other");
    ok(!t.parts.deletions.held, "which is not for the brake");
    end();
}

/* --- the brake ----------------------------------------------------------- */

struct brake_case {
    const char *name;
    bool holds;
    uint32_t flags;
    uint64_t max_delete;
    uint64_t count, named, seen, tree_size;
    bool part; /* a round that sees a part of the tree only */
    bool source_empty, source_gone, held;
};

static const struct brake_case brake_cases[] = {
    {"half of a tree", false, .count = 500, .seen = 1000},
    {"more than half", true, .count = 501, .seen = 1000},
    {"all of a small tree", false, .count = 100, .seen = 100},
    {"all of one that is not", true, .count = 101, .seen = 101},
    {"more than half, forced", false, ZC_OPEN_FORCE_DELETE, .count = 900,
     .seen = 1000},
    {"more than half, allowed", false, ZC_OPEN_MAX_DELETE, 900, .count = 900,
     .seen = 1000},
    {"more than is allowed", true, ZC_OPEN_MAX_DELETE, 9, .count = 10,
     .seen = 1000},
    {"what a mirror saw going", false, .count = 900, .named = 400,
     .seen = 1000},
    {"what it missed besides", true, .count = 950, .named = 400, .seen = 1000},
    {"a part, as before the last round", false, .count = 300, .seen = 300,
     .tree_size = 1000, .part = true},
    {"more than half of all, in a part", true, .count = 600, .seen = 600,
     .tree_size = 1000, .part = true},
    {"an empty source", true, .count = 1, .seen = 1, .source_empty = true},
    {"an empty source, with --max-delete", true, ZC_OPEN_MAX_DELETE, 10,
     .count = 1, .seen = 1, .source_empty = true},
    {"an empty source, forced", false, ZC_OPEN_FORCE_DELETE, .count = 1,
     .seen = 1, .source_empty = true},
    {"an empty directory, seen by a mirror", false, .count = 1, .seen = 1,
     .part = true, .source_empty = true},
    {"a source that is gone", true, .count = 1, .seen = 1000,
     .source_gone = true},
    {"a source that is gone, forced", true, ZC_OPEN_FORCE_DELETE, .count = 1,
     .seen = 1000, .source_gone = true},
    {"a tree that may not be replaced", true, .seen = 1000, .held = true},
    {"a tree that may not be replaced, forced", true, ZC_OPEN_FORCE_DELETE,
     .seen = 1000, .held = true},
    {"nothing", false, .seen = 1000},
    {"nothing, and a source that is gone", false, .source_gone = true},
};

static void test_brake(const struct brake_case *c)
{
    struct zc_err err = {0};
    receiving_start(&t, c->flags | ZC_OPEN_DELETE, ZC_KEEP_ALL);
    struct zc_deletions *d = t.r.deletions;
    t.r.max_delete = c->max_delete;
    t.r.round.full = !c->part;
    t.r.round.done_flags = c->source_gone ? ZC_DONE_SOURCE_GONE : 0;
    d->count = c->count;
    d->named = c->named;
    d->seen = c->seen;
    d->tree_size = c->tree_size;
    d->held = c->held;
    d->source_has_entries = !c->source_empty;
    if (c->count)
        zc_buf_u8(&d->records, 0);
    is_int(zc_deletions_brake(&t.r, &err), c->holds ? -1 : 0, "the brake: %s",
           c->name);
    if (c->holds)
        is_int(err.code, ZC_EXIT_MAX_DELETE, "its exit code");
    receiving_end(&t);
}

/* A dry run tells what would be deleted all the same. */
static void test_held(void)
{
    start(0);
    sh("cd dst; for i in `seq 120`; do : > $i; done");
    t.r.deletions->seen = 0;
    for (int i = 1; i <= 120; i++) {
        char name[12];
        snprintf(name, sizeof name, "%d", i);
        plan(name);
    }
    t.r.deletions->seen = 120;
    is_int(run(), -1, "the brake holds");
    ok(exists("1") && exists("120"), "and nothing is deleted");
    t.r.dry = true;
    is_int(run(), -1, "nor in a dry run");
    is_int(t.r.done.deleted, 120, "which tells of it");
    end();
}

int main(void)
{
    scratch();
    test_plan();
    test_room();
    test_filters();
    test_replaced();
    test_times();
    test_report();
    test_next_round();
    test_replace();
    for (size_t i = 0; i < ZC_ARRAY_LEN(brake_cases); i++)
        test_brake(&brake_cases[i]);
    test_held();
    return done_testing();
}
