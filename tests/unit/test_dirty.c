// SPDX-License-Identifier: GPL-2.0-or-later
/* src/mirror/dirty*.c: what is due when, and what a batch looks like. Batches
 * are compared as text: "a>b" a rename of a directory, "a~b" of a file, "dir/"
 * a directory with its names, "name!" one that is DEEP, "*" all names. */
#include "tap.h"

#include "fakewatch.h"
#include "mirror/dirty_set.h"

#include <stdio.h>

#define MS INT64_C(1000000)
#define DATA ZC_CHANGE_DATA
#define WRITING ZC_CHANGE_WRITING
#define META ZC_CHANGE_META
#define NAME ZC_CHANGE_NAME
#define DEEP ZC_CHANGE_DEEP
#define UNSEEN ZC_CHANGE_UNSEEN

/* The tree: a, a/x, a/x/y, b, and a-b, which sorts after what is in a. */
enum { ROOT = 1, A, X, Y, B, A_B };

static struct zc_watch w;
static struct zc_dirty *d;
static struct zc_buf text = ZC_BUF_INIT;
static int64_t now;

static void begin(const struct zc_dirty_limits *lim)
{
    zc_dirty_free(d);
    memset(&w, 0, sizeof w);
    fake_set(&w, A, ROOT, "a");
    fake_set(&w, X, A, "x");
    fake_set(&w, Y, X, "y");
    fake_set(&w, B, ROOT, "b");
    fake_set(&w, A_B, ROOT, "a-b");
    now = 1000000 * MS;
    d = zc_dirty_new(&w, lim);
}

static void mark(zc_wdir dir, const char *name, unsigned what)
{
    zc_dirty_mark(d, dir, name, strlen(name), what, now);
}

static void move_dir(zc_wdir id, zc_wdir to, const char *to_name)
{
    zc_wdir from = w.v[id].parent;
    char name[32];
    strcpy(name, w.v[id].name);
    fake_set(&w, id, to, to_name);
    zc_dirty_renamed(d, from, name, strlen(name), to, to_name, strlen(to_name),
                     true, now);
}

static void move_file(zc_wdir from, const char *a, zc_wdir to, const char *b)
{
    zc_dirty_renamed(d, from, a, strlen(a), to, b, strlen(b), false, now);
}

/* Takes a batch, up to MAX names, and puts it into words. */
static const char *take_max(size_t max)
{
    struct zc_round r;
    if (!zc_dirty_take(d, max, now, &r))
        return "nothing";
    zc_buf_reset(&text);
    if (r.all)
        zc_buf_printf(&text, "ALL ");
    for (size_t i = 0; i < r.n_renames; i++)
        zc_buf_printf(&text, "%s%s%s ", r.renames[i].from,
                      r.renames[i].is_dir ? ">" : "~", r.renames[i].to);
    for (size_t i = 0; i < r.n_dirs; i++) {
        zc_buf_printf(&text, "%s/%s ", r.dirs[i].path,
                      r.dirs[i].whole ? "*" : "");
        for (size_t k = 0; k < r.dirs[i].n; k++)
            zc_buf_printf(&text, "%s%s%s ", r.dirs[i].names[k].name,
                          r.dirs[i].names[k].what & DEEP ? "!" : "",
                          r.dirs[i].names[k].what & UNSEEN ? "?" : "");
    }
    text.data[text.len - 1] = '\0';
    return (const char *)text.data;
}

static const char *take(void)
{
    return take_max(1000);
}

/* The watcher has caught up, and it is believed. */
static void caught_up(void)
{
    zc_dirty_caught_up(d, now);
    zc_dirty_seen(d, now + ZC_DIRTY_SEEN_NS);
}

static void done(void)
{
    zc_dirty_done(d, now);
    caught_up();
}

static const char *round_trip(void)
{
    const char *s = take();
    done();
    return s;
}

static struct zc_dirty_stats stats(void)
{
    struct zc_dirty_stats s;
    zc_dirty_get_stats(d, &s);
    return s;
}

static void test_settling(void)
{
    begin(NULL);
    is_int(zc_dirty_next(d, now), INT64_MAX, "an empty set has nothing due");
    mark(ROOT, "f", NAME | WRITING);
    is_int(zc_dirty_next(d, now), 20 * MS, "a new file is given 20 ms");
    is_int(stats().oldest_ns, now, "the oldest mark is told");
    now += 5 * MS;
    mark(ROOT, "f", WRITING);
    is_int(zc_dirty_next(d, now), 15 * MS, "more writing does not extend it");
    is_str(take(), "nothing", "nothing is taken before");
    mark(ROOT, "f", DATA);
    is_int(zc_dirty_next(d, now), 0, "closed: due now");
    is_str(take(), "/ f", "and taken");
    is_int(zc_dirty_next(d, now), INT64_MAX, "in flight: nothing is due");
    mark(ROOT, "g", META);
    is_int(stats().names, 2, "both count");
    is_str(take(), "nothing", "nothing can be taken meanwhile");
    done();
    is_str(round_trip(), "/ g", "what came meanwhile is next");

    int64_t wait = 20 * MS;
    bool doubles = true;
    for (int i = 0; i < 10; i++) {
        mark(A, "log", WRITING);
        doubles = doubles && zc_dirty_next(d, now) == wait;
        now += wait;
        round_trip();
        wait = wait * 2 > 2000 * MS ? 2000 * MS : wait * 2;
    }
    ok(doubles, "a log that stays open: the interval doubles, up to 2 s");
    mark(A, "log", DATA);
    round_trip();
    mark(A, "log", WRITING);
    is_int(zc_dirty_next(d, now), 20 * MS, "a close resets it");
    mark(A, "log", NAME);
    is_int(zc_dirty_next(d, now), 0, "removed: due now");
}

/* What costs much is not sent for every line. */
static void test_rest(void)
{
    begin(NULL);
    zc_dirty_rest(d, A, "log", 3, 2000 * MS, now);
    now += 500 * MS;
    mark(A, "log", DATA);
    mark(A, "small", DATA);
    is_str(take(), "a/ small", "a big file rests, what is beside it does not");
    done();
    is_int(zc_dirty_next(d, now), 1500 * MS, "for as long as was said");
    mark(A, "log", DATA | WRITING);
    is_int(zc_dirty_next(d, now), 1500 * MS, "however often it is written to");
    now += 1500 * MS;
    is_str(take(), "a/ log", "and no longer");
    done();
    zc_dirty_rest(d, A, "log", 3, INT64_C(1) << 60, now);
    mark(A, "log", DATA);
    is_int(zc_dirty_next(d, now), ZC_DIRTY_REST_NS, "nor than some seconds");
    zc_dirty_barrier(d, now);
    is_str(take(), "a/ log", "nor when somebody waits for it");
    done();
    zc_dirty_rest(d, A, "log", 3, 2000 * MS, now);
    mark(A, "log", META);
    is_str(take(), "a/ log", "its metadata are due at once");
    done();
    mark(A, "log", NAME);
    is_str(take(), "a/ log", "and so is another file with its name");
    done();
}

/* What waits for the end of a long batch. */
static size_t late(void)
{
    char *paths[4];
    size_t n = zc_dirty_late(d, 4, now, paths);
    zc_buf_reset(&text);
    for (size_t i = 0; i < n; i++) {
        zc_buf_printf(&text, "%s ", paths[i]);
        free(paths[i]);
    }
    zc_buf_u8(&text, 0);
    return n;
}

static void test_late(void)
{
    begin(NULL);
    zc_dirty_all(d, now);
    is_str(take(), "ALL", "a long batch");
    ok(!zc_dirty_any_late(d), "nothing waits for its end");
    mark(X, "file", DATA);
    mark(ROOT, "other", NAME);
    mark(A, "dir", NAME | DEEP);
    mark(A, "mode", META);
    ok(zc_dirty_any_late(d), "something does");
    is_int(late(), 0, "which may be written to once more");
    now += ZC_DIRTY_LATE_NS;
    is_int(late(), 2, "files that were let alone");
    is_str((const char *)text.data, "a/x/file other ", "by their paths");
    is_int(late(), 0, "once,");
    now += 250 * MS;
    is_int(late(), 2, "and again later,");
    now += 250 * MS;
    is_int(late(), 0, "and later,");
    mark(X, "file", DATA);
    now += ZC_DIRTY_LATE_NS;
    is_int(late(), 1, "or when they have changed again");
    is_int(zc_dirty_next(d, now), INT64_MAX, "nothing is due meanwhile");
    done();
    is_str(take(), "/ other a/ dir! mode a/x/ file", "all have their turn after it");
    done();
    ok(!zc_dirty_any_late(d), "and nothing waits any more");
}

static void test_order(void)
{
    begin(NULL);
    mark(A_B, "1", DATA);
    mark(X, "2", DATA);
    mark(A, "b", DATA);
    mark(A, "a", DATA);
    mark(A, "ab", DATA);
    mark(A, "a", META);
    mark(ROOT, "", META);
    is_str(round_trip(), "/  a/ a ab b a/x/ 2 a-b/ 1",
           "parents first, '/' lowest, names by bytes, no name twice");
    mark(ROOT, "1", DATA);
    mark(ROOT, "2", DATA);
    mark(ROOT, "3", DATA);
    is_str(take_max(2), "/ 1 2", "no more than asked for, the oldest first");
    done();
    is_str(round_trip(), "/ 3", "the rest later");
}

static void test_deep(void)
{
    begin(NULL);
    mark(X, "f", DATA);
    mark(B, "f", DATA);
    mark(ROOT, "a", NAME | DEEP);
    mark(Y, "g", DATA);
    is_int(stats().names, 3, "below a DEEP one nothing more is kept");
    is_str(round_trip(), "/ a! b/ f", "and what was kept before is dropped");
    zc_dirty_tree(d, X, false, now);
    is_str(round_trip(), "a/ x!?", "a subtree in doubt");
    zc_dirty_tree(d, ROOT, false, now);
    mark(A, "f", DATA);
    ok(stats().all, "the root in doubt is everything");
    is_str(take(), "ALL", "and nothing else is");
    mark(A, "f", DATA);
    done();
    is_str(round_trip(), "a/ f", "what comes during it is kept");
    mark(X, "f", DATA);
    mark(A, "x", NAME);
    w.v[X].parent = w.v[Y].parent = 0;
    zc_dirty_removed(d, X);
    is_str(round_trip(), "a/ x", "a removed directory's names are dropped");
    mark(Y, "f", DATA);
    is_str(round_trip(), "nothing", "also when nobody said so");
}

/* What may have gone without being seen stays so, whatever becomes of it. */
static void test_unseen(void)
{
    begin(NULL);
    mark(ROOT, "a", NAME | DEEP);
    is_str(round_trip(), "/ a!", "what was seen");
    mark(ROOT, "a", NAME | DEEP);
    zc_dirty_tree(d, X, true, now);
    is_str(round_trip(), "/ a!", "likewise, and something in it");
    mark(ROOT, "a", NAME | DEEP);
    zc_dirty_tree(d, X, false, now);
    is_str(round_trip(), "/ a!?", "something in it was not");
    zc_dirty_tree(d, X, false, now);
    mark(ROOT, "a", NAME | DEEP);
    is_str(round_trip(), "/ a!?", "the same, told the other way round");
    zc_dirty_tree(d, X, false, now);
    move_dir(X, B, "y");
    is_str(round_trip(), "a/ x b/ y!?", "it is renamed");
    zc_dirty_tree(d, B, false, now);
    move_dir(X, A, "x");
    is_str(round_trip(), "/ b!? a/ x!?", "it goes out of what was not seen");
    zc_dirty_tree(d, B, false, now);
    take();
    move_dir(B, A, "b");
    zc_dirty_done(d, now);
    is_str(take(), "b>a/b / b a/ b!?", "while that is in flight");
    zc_dirty_failed(d, "a/b/z", false, now);
    zc_dirty_done(d, now);
    now += 2000 * MS;
    is_str(round_trip(), "a/b/ z!?", "what fails in it");
    mark(ROOT, "f", NAME | DEEP);
    take();
    zc_dirty_refused(d, "f", now);
    zc_dirty_done(d, now);
    is_str(round_trip(), "/ f!", "what was seen and is refused");
    zc_dirty_all(d, now);
    take();
    zc_dirty_refused(d, "f", now);
    zc_dirty_done(d, now);
    is_str(take(), "/ f!?", "of everything");
    move_dir(A, ROOT, "c");
    zc_dirty_done(d, now);
    is_str(take(), "a>c / a c!?", "a rename before it is certain");
}

static void test_renames(void)
{
    begin(NULL);
    mark(X, "f", DATA);
    move_dir(A, ROOT, "c");
    move_dir(X, A, "z");
    is_str(take(), "a>c c/x>c/z / a c c/ x z c/z/ f",
           "in order, by the paths of their time; names by those of now");
    done();

    begin(NULL);
    move_dir(X, B, "x");
    move_dir(B, ROOT, "c");
    is_str(round_trip(), "a/x>b/x b>c / b c a/ x c/ x",
           "a rename below a directory that moves later");
    move_dir(B, ROOT, "t");
    move_dir(B, ROOT, "u");
    is_str(round_trip(), "c>t t>u / c t u", "a chain of directories");
    move_dir(B, ROOT, "v");
    move_dir(B, ROOT, "u");
    is_str(round_trip(), "/ u! v", "there and back: no rename");
    mark(ROOT, "n", NAME | DEEP);
    fake_set(&w, 10, ROOT, "n");
    move_dir(10, A, "m");
    is_str(round_trip(), "/ n a/ m!", "one that was never sent");

    w.anew = "t";
    move_dir(B, ROOT, "t");
    is_str(round_trip(), "/ t! u", "one whose names are judged anew there");
    move_dir(B, ROOT, "s");
    move_dir(B, ROOT, "r");
    is_str(round_trip(), "/ r! s t", "nor is it moved on from there");
    w.anew = NULL;

    move_file(ROOT, "1", ROOT, "2");
    is_str(round_trip(), "1~2 / 1 2", "a file");
    mark(ROOT, "tmp", DATA);
    move_file(ROOT, "tmp", ROOT, "2");
    is_str(round_trip(), "/ 2 tmp", "a file that was not sent yet");
    move_file(ROOT, "1", ROOT, "t");
    move_file(ROOT, "2", ROOT, "1");
    move_file(ROOT, "t", ROOT, "2");
    is_str(round_trip(), "/ 1 2 t", "files that swap names are only marked");
    begin(NULL);
    mark(ROOT, "3", DATA);
    move_file(A, "1", B, "2");
    is_str(take_max(1), "a/1~b/2 a/ 1 b/ 2", "both names, whatever the limit");
    done();
    is_str(round_trip(), "/ 3", "others after them");
}

/* What was taken under a path that was not right any more. */
static void test_races(void)
{
    begin(NULL);
    mark(X, "f", DATA);
    take();
    move_dir(A, ROOT, "c");
    done();
    is_str(round_trip(), "a>c / a c c/x/ f!",
           "names in flight below a renamed directory are looked at again");
    mark(X, "f", DATA);
    take();
    zc_dirty_done(d, now);
    zc_dirty_caught_up(d, now);
    now += 2 * ZC_DIRTY_SEEN_NS;
    move_dir(A, ROOT, "d");
    zc_dirty_caught_up(d, now);
    is_str(round_trip(), "c>d / c d d/x/ f!",
           "also when the rename was long in the queue");
    mark(X, "f", DATA);
    take();
    zc_dirty_done(d, now);
    zc_dirty_caught_up(d, now);
    now += 2 * ZC_DIRTY_SEEN_NS;
    zc_dirty_caught_up(d, now);
    move_dir(A, ROOT, "c");
    is_str(round_trip(), "d>c / c d", "but not when that was empty since");
    caught_up();
    mark(X, "f", DATA);
    take();
    zc_dirty_done(d, now);
    move_dir(A, ROOT, "e");
    is_str(round_trip(), "c>e / c e e/x/ f!", "done, but not caught up: too");
    mark(ROOT, "e", META);
    take();
    move_dir(A, ROOT, "g");
    done();
    is_str(round_trip(), "e>g / e g!", "a directory taken itself: DEEP");
    zc_dirty_all(d, now);
    take();
    move_dir(A, ROOT, "a");
    done();
    is_str(round_trip(), "g>a / a!? g", "everything in flight: DEEP");

    move_dir(X, B, "x");
    move_dir(Y, ROOT, "y");
    is_str(take(), "a/x>b/x b/x/y>y / y a/ x b/ x b/x/ y", "two, the second"
           " out of the first");
    zc_dirty_refused(d, "b/x", now);
    done();
    is_str(round_trip(), "/ y! b/ x!", "refused: both are DEEP");
    is_int(stats().failed, 0, "which is no failure");
}

static void test_failures(void)
{
    struct zc_buf out = ZC_BUF_INIT;
    begin(NULL);
    mark(A, "f", DATA);
    mark(A, "g", DATA);
    take();
    zc_dirty_failed(d, "a/f", false, now);
    zc_dirty_failed(d, "a/f", false, now);
    done();
    is_int(zc_dirty_next(d, now), 1000 * MS, "a failed name waits a second");
    is_int(stats().failed, 1, "and is counted");
    uint64_t ticket = zc_dirty_barrier(d, now);
    is_int(zc_dirty_next(d, now), 0, "a barrier makes it due");
    is_str(take(), "a/ f!", "for one try");
    is_int(stats().failed, 1, "it still counts in flight");
    zc_dirty_failed(d, "a/f", false, now);
    done();
    is_int(zc_dirty_next(d, now), 2000 * MS, "the back-off doubles");
    ok(!zc_dirty_passed(d, ticket), "it holds the barrier up");
    is_str(zc_dirty_holding(d, ticket, &out), "a/f", "and is named");
    mark(A, "f", DATA);
    is_int(zc_dirty_next(d, now), 0, "a fresh mark: at once");
    is_int(stats().failed, 1, "still failing");
    round_trip();
    is_int(stats().failed, 0, "until it succeeds");
    ok(zc_dirty_passed(d, ticket), "then the barrier has passed");
    ok(!zc_dirty_holding(d, ticket, &out), "nothing holds it");
    mark(A, "f", DATA);
    take();
    zc_dirty_failed(d, "a/f", false, now);
    zc_dirty_failed(d, "a/n/o/p", false, now);
    done();
    is_int(zc_dirty_next(d, now), 1000 * MS, "success resets the back-off");
    now += 1000 * MS;
    is_str(round_trip(), "a/ f! n!", "an unknown directory: the nearest known");
    zc_buf_fini(&out);

    static const int64_t waits[] = {1, 2, 4, 4, 4};
    mark(A, "g", DATA);
    for (size_t i = 0; i < ZC_ARRAY_LEN(waits); i++) {
        take();
        zc_dirty_failed(d, "a/g", true, now);
        done();
        is_int(zc_dirty_next(d, now), waits[i] * 1000 * MS,
               "what may pass is tried again soon");
        now += waits[i] * 1000 * MS;
    }
}

static void test_barriers(void)
{
    begin(NULL);
    ok(zc_dirty_passed(d, zc_dirty_barrier(d, now)), "nothing to wait for");
    mark(A, "f", WRITING);
    uint64_t one = zc_dirty_barrier(d, now);
    is_str(take(), "a/ f", "what is being written does not wait");
    mark(A, "g", DATA);
    uint64_t two = zc_dirty_barrier(d, now);
    ok(!zc_dirty_passed(d, one), "what is in flight is waited for");
    done();
    ok(zc_dirty_passed(d, one) && !zc_dirty_passed(d, two), "each its own");
    take();
    zc_dirty_lost(d, now);
    ok(!zc_dirty_passed(d, two), "the connection broke: not passed");
    is_str(take(), "ALL", "everything is in doubt");
    ok(!zc_dirty_passed(d, two), "not before it is done");
    mark(A, "h", DATA);
    done();
    ok(zc_dirty_passed(d, two), "then passed, whatever came later");
    zc_dirty_rebase(d, NULL);
    is_int(zc_dirty_next(d, now), INT64_MAX, "no watcher: nothing is due");
    zc_dirty_rebase(d, &w);
    is_str(round_trip(), "ALL", "with another one everything is");
}

/* While everything is in doubt, what changes is counted all the same. */
static void test_tally(void)
{
    begin(NULL);
    is_int((int64_t)stats().names, 0, "nothing has changed");
    mark(ROOT, "sent", DATA);
    take();
    int64_t since = now;
    now += 5 * MS;
    mark(ROOT, "f", DATA);
    now += 5 * MS;
    zc_dirty_lost(d, now);
    is_int((int64_t)stats().names, 2, "what was on its way is missing");
    is_int(stats().oldest_ns, since, "since it was marked");
    mark(ROOT, "f", DATA);
    mark(ROOT, "g", DATA);
    mark(ROOT, "g", NAME);
    is_int((int64_t)stats().names, 3, "a name counts once");
    zc_dirty_renamed(d, ROOT, "g", 1, ROOT, "h", 1, false, now);
    is_int((int64_t)stats().names, 4, "both names of a rename do");
    is_str(take(), "ALL", "everything is compared");
    is_int((int64_t)stats().names, 4, "which has not been done yet");
    zc_dirty_lost(d, now);
    is_int((int64_t)stats().names, 4, "lost again: the same");
    is_str(take(), "ALL", "once more");
    mark(ROOT, "i", DATA);
    done();
    is_int((int64_t)stats().names, 1, "then only what came later is left");
    round_trip();

    now += 5 * MS;
    zc_dirty_lost(d, now);
    is_int((int64_t)stats().names, 0, "lost in peace: nothing is missing");
    is_int(stats().oldest_ns, 0, "since no time");
    zc_dirty_all(d, now);
    is_int(stats().oldest_ns, now, "in doubt for another reason: it is");
    zc_dirty_lost(d, now + MS);
    ok(stats().oldest_ns != 0, "and stays so");
    const struct zc_dirty_limits few = {.max_names = 10};
    begin(&few);
    zc_dirty_lost(d, now);
    char name[24];
    for (int i = 0; i < 30; i++) {
        snprintf(name, sizeof name, "%d", i);
        mark(ROOT, name, DATA);
    }
    is_int((int64_t)stats().names, 10, "no more are kept than the set has room for");
}

static void test_bounds(void)
{
    struct zc_dirty_limits lim = {.max_names = 100, .max_dirs = 2};
    char name[16];
    begin(&lim);
    mark(A, "f", DATA);
    mark(B, "n", NAME | DEEP);
    for (int i = 0; i < 99; i++) {
        snprintf(name, sizeof name, "n%d", i);
        mark(X, name, DATA);
    }
    is_int(stats().names, 3, "past the limit a directory is dirty as a whole");
    mark(X, "n1", DATA);
    is_int(stats().names, 3, "which covers its names");
    mark(X, "y", NAME | DEEP);
    is_str(round_trip(), "a/ f a/x/* b/ n!", "one batch");
    is_str(round_trip(), "a/x/ y!", "what is DEEP in it comes after it");
    for (int i = 0; i < 400; i++) {
        snprintf(name, sizeof name, "n%d", i);
        mark((zc_wdir[]){A, X, Y, B}[i % 4], name, DATA);
    }
    is_str(round_trip(), "ALL", "past that limit everything is in doubt");
}

static void test_many(void)
{
    begin(NULL);
    char name[16];
    size_t taken = 0;
    struct zc_round r;
    for (int i = 0; i < 100000; i++) {
        snprintf(name, sizeof name, "%d", i);
        mark(i % 2 ? A : Y, name, i % 3 ? DATA : WRITING);
    }
    is_int(stats().names, 100000, "100,000 names are held");
    now += 20 * MS;
    while (zc_dirty_take(d, 1000, now, &r)) {
        for (size_t i = 0; i < r.n_dirs; i++)
            taken += r.dirs[i].n;
        done();
    }
    is_int(taken, 100000, "and taken, each once");
}

/* How many names a batch has that is taken now; it is done at once. */
static size_t taken(void)
{
    struct zc_round r;
    size_t n = 0;
    if (!zc_dirty_take(d, 100, now, &r))
        return 0;
    for (size_t i = 0; i < r.n_dirs; i++)
        n += r.dirs[i].n;
    zc_dirty_done(d, now);
    return n;
}

static void touch(zc_wdir dir, const char *name)
{
    zc_dirty_mark(d, dir, name, strlen(name), DATA, now);
}

static uint64_t held(void)
{
    struct zc_dirty_stats s;
    zc_dirty_get_stats(d, &s);
    return s.held;
}

static void test_holds(void)
{
    zc_holds h = {0};
    struct zc_err err;
    zc_holds_add(&h, true, "2s *.log", &err);
    zc_holds_add(&h, false, "10s /b/", &err);
    const struct zc_dirty_limits lim = {.holds = &h};
    begin(&lim);
    touch(A, "x.log");
    touch(A, "x");
    is_int(taken(), 1, "a name that is not held back goes");
    is_int(held(), 1, "one that is, does not");
    now += 1900 * MS;
    touch(A, "x.log");
    is_int(zc_dirty_next(d, now), 2000 * MS, "another change: from then on");
    now += 1900 * MS;
    is_int(taken(), 0, "it is held back still");
    now += 100 * MS;
    is_int(taken(), 1, "until it has settled");
    is_int(held(), 0, "then it is not");

    touch(B, "f");
    is_int(taken(), 1, "the first change of what has a pace goes");
    now += 4000 * MS;
    touch(B, "f");
    touch(B, "f");
    is_int(zc_dirty_next(d, now), 6000 * MS, "the next one when it is time");
    uint64_t ticket = zc_dirty_barrier(d, now);
    ok(!zc_dirty_passed(d, ticket), "it holds up a barrier");
    touch(B, "f");
    is_int(held(), 0, "which lets it go, whatever happens to it");
    is_int(taken(), 1, "at once");
    ok(zc_dirty_passed(d, ticket), "and has passed");
    touch(B, "f");
    is_int(zc_dirty_next(d, now), 10000 * MS, "its pace begins anew");

    begin(&lim);
    zc_dirty_renamed(d, A, "t", 1, A, "y.log", 5, false, now);
    is_int(taken(), 1, "a rename to what is held back: the old name goes");
    is_int(held(), 1, "and not the new one");
    zc_dirty_free(d);
    d = NULL;
    zc_holds_fini(&h);
}

int main(void)
{
    test_settling();
    test_rest();
    test_late();
    test_order();
    test_deep();
    test_unseen();
    test_renames();
    test_races();
    test_failures();
    test_barriers();
    test_tally();
    test_bounds();
    test_many();
    test_holds();
    zc_dirty_free(d);
    zc_buf_fini(&text);
    return done_testing();
}
