// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * src/mirror/dirty*.c against a simulated mirror: a true tree that random
 * operations change, a watcher that learns of them late, a sender that looks at
 * the true tree when the batch is under way, and a receiver that does what it
 * is told. However these interleave, and whatever fails meanwhile: in the end
 * both trees are equal, every batch is in order, and a barrier that has passed
 * was right.
 *
 * ZC_TEST_SEED=N runs one seed, ZC_TEST_RUNS=N so many.
 */
#include "tap.h"

#include "fakewatch.h"
#include "mirror/dirty_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define NODES 120
#define EVENTS 4096
#define MS INT64_C(1000000)

/* ---- Trees -------------------------------------------------------------- */

struct node {
    bool used, dir;
    int parent; /* index; the root is 0 */
    char name[8];
    unsigned version; /* of a file's bytes and anything's metadata */
    zc_wdir id;       /* of a directory in the true tree */
    unsigned moved;   /* the last operation that moved it */
};

struct tree {
    struct node v[NODES];
};

static struct tree truth, there, at_barrier;
static struct zc_watch watch;
static struct zc_dirty *d;
static uint64_t seed;
static int64_t now;
static unsigned ops, versions, n_names, rough;
static zc_wdir next_id;
static bool calm;       /* nothing changes, nothing fails */
static const char *bad; /* what went wrong in this run */

static unsigned roll(unsigned n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % n;
}

/* The watcher has caught up, and it is believed. */
static void caught_up(void)
{
    zc_dirty_caught_up(d, now);
    zc_dirty_seen(d, now + ZC_DIRTY_SEEN_NS);
}

static void wrong(const char *what)
{
    if (!bad)
        bad = what;
}

static int child(const struct tree *t, int parent, const char *name, size_t n)
{
    for (int i = 1; i < NODES; i++)
        if (t->v[i].used && t->v[i].parent == parent &&
            strlen(t->v[i].name) == n && !memcmp(t->v[i].name, name, n))
            return i;
    return -1;
}

/* The node at PATH, or -1. */
static int lookup(const struct tree *t, const char *path)
{
    int at = 0;
    while (*path && at >= 0) {
        size_t n = strcspn(path, "/");
        at = t->v[at].dir ? child(t, at, path, n) : -1;
        path += n + (path[n] == '/');
    }
    return at;
}

static int add(struct tree *t, int parent, const char *name, bool dir)
{
    for (int i = 1; i < NODES; i++) {
        if (t->v[i].used)
            continue;
        t->v[i] = (struct node){.used = true, .dir = dir, .parent = parent};
        strcpy(t->v[i].name, name);
        return i;
    }
    return -1;
}

static bool inside(const struct tree *t, int i, int top)
{
    while (i && i != top)
        i = t->v[i].parent;
    return i == top;
}

static void remove_tree(struct tree *t, int top)
{
    for (int i = 1; i < NODES; i++)
        if (t->v[i].used && i != top && t->v[i].parent == top)
            remove_tree(t, i);
    t->v[top].used = false;
}

static void path_to(const struct tree *t, int i, char *path)
{
    if (i == 0) {
        *path = '\0';
        return;
    }
    path_to(t, t->v[i].parent, path);
    if (*path)
        strcat(path, "/");
    strcat(path, t->v[i].name);
}

static void split(const char *path, char *dir, const char **name)
{
    const char *slash = strrchr(path, '/');
    *name = slash ? slash + 1 : path;
    int n = slash ? (int)(slash - path) : 0;
    snprintf(dir, 256, "%.*s", ZC_MIN(n, 255), path);
}

static void join(char path[256], const char *dir, const char *name)
{
    snprintf(path, 256, "%.200s%s%.50s", dir, *dir ? "/" : "", name);
}

static bool same(const struct tree *a, int i, const struct tree *b, int k)
{
    if (a->v[i].dir != b->v[k].dir || a->v[i].version != b->v[k].version)
        return false;
    int left = 0;
    for (int x = 1; x < NODES; x++) {
        if (b->v[x].used && b->v[x].parent == k)
            left++;
        if (!a->v[x].used || a->v[x].parent != i)
            continue;
        int y = child(b, k, a->v[x].name, strlen(a->v[x].name));
        if (y < 0 || !same(a, x, b, y))
            return false;
        left--;
    }
    return left == 0;
}

static void show(const struct tree *t, int top, int depth)
{
    for (int i = 1; i < NODES; i++) {
        if (!t->v[i].used || t->v[i].parent != top)
            continue;
        diag("%*s%s%s %u", depth * 2, "", t->v[i].name,
             t->v[i].dir ? "/" : "", t->v[i].version);
        show(t, i, depth + 1);
    }
}

/* ---- What the watcher will hear of -------------------------------------- */

enum kind { CHANGED, RENAMED, DOUBT, REMOVED, ADDED, EVERYTHING };

struct event {
    enum kind kind;
    zc_wdir dir, to, id; /* ID: of the directory that is made, moved, removed */
    char name[8], to_name[8];
    unsigned what;
    bool is_dir;
};

static struct event queue[EVENTS];
static size_t first, last;
static bool verbose;

static void tell(struct event e)
{
    if (last - first == EVENTS) {
        wrong("the test's queue is full");
        return;
    }
    queue[last++ % EVENTS] = e;
}

static struct event event(enum kind kind, int parent, const char *name,
                          unsigned what)
{
    struct event e = {.kind = kind, .dir = truth.v[parent].id, .what = what};
    strcpy(e.name, name);
    return e;
}

static void tell_changed(int i, unsigned what)
{
    const struct node *n = &truth.v[i];
    if (i == 0)
        tell(event(CHANGED, 0, "", what));
    else
        tell(event(CHANGED, n->parent, n->name, what));
}

static void forget(zc_wdir id)
{
    if (!id || id == ZC_WDIR_ROOT || !watch.v[id].parent)
        return;
    for (zc_wdir i = 2; i <= watch.top; i++)
        if (watch.v[i].parent == id)
            forget(i);
    watch.v[id].parent = ZC_WDIR_NONE;
    zc_dirty_removed(d, id);
}

static void deliver(void)
{
    const struct event *e = &queue[first % EVENTS];
    if (verbose)
        diag("  event kind %d dir %d %s to %d %s id %d what %x", e->kind,
             (int)e->dir, e->name, (int)e->to, e->to_name, (int)e->id, e->what);
    first++;
    switch (e->kind) {
    case CHANGED:
        zc_dirty_mark(d, e->dir, e->name, strlen(e->name), e->what, now);
        break;
    case RENAMED:
        if (e->is_dir) {
            forget(zc_watch_child(&watch, e->to, e->to_name,
                                  strlen(e->to_name)));
            fake_set(&watch, e->id, e->to, e->to_name);
        }
        zc_dirty_renamed(d, e->dir, e->name, strlen(e->name), e->to,
                         e->to_name, strlen(e->to_name), e->is_dir, now);
        break;
    case DOUBT:
        zc_dirty_tree(d, e->dir, true, now);
        break;
    case REMOVED:
        forget(e->id);
        break;
    case ADDED:
        fake_set(&watch, e->id, e->dir, e->name);
        break;
    case EVERYTHING:
        zc_dirty_all(d, now);
        break;
    }
}

/* ---- What users do ------------------------------------------------------ */

static int any(bool dir, bool root_too)
{
    for (int tries = 0; tries < 200; tries++) {
        int i = (int)roll(NODES);
        if (truth.v[i].used && truth.v[i].dir == dir && (i || root_too))
            return i;
    }
    return dir && root_too ? 0 : -1;
}

static int depth_of(int i)
{
    int depth = 0;
    for (; i; i = truth.v[i].parent)
        depth++;
    return depth;
}

/* Numbers for the directories from I down, and the events of it. */
static void tell_new_dirs(int i)
{
    truth.v[i].id = next_id++;
    struct event e = event(ADDED, truth.v[i].parent, truth.v[i].name, 0);
    e.id = truth.v[i].id;
    tell(e);
    for (int x = 1; x < NODES; x++)
        if (truth.v[x].used && truth.v[x].parent == i && truth.v[x].dir)
            tell_new_dirs(x);
}

static void make(int parent, const char *name, bool dir)
{
    int i = parent < 0 ? -1 : child(&truth, parent, name, strlen(name));
    if (parent < 0 || i >= 0 || depth_of(parent) > 4 ||
        (i = add(&truth, parent, name, dir)) < 0)
        return;
    truth.v[i].version = ++versions;
    truth.v[i].moved = ops;
    if (dir) {
        if (roll(4) == 0) { /* with something in it */
            int k = add(&truth, i, "a", roll(2));
            if (k > 0)
                truth.v[k].version = ++versions;
        }
        tell_new_dirs(i);
        tell_changed(i, ZC_CHANGE_NAME | ZC_CHANGE_DEEP);
        return;
    }
    tell_changed(i, ZC_CHANGE_NAME | ZC_CHANGE_WRITING);
    if (roll(4))
        tell_changed(i, ZC_CHANGE_DATA);
}

static void change(int i)
{
    if (i < 0)
        return;
    truth.v[i].version = ++versions;
    if (truth.v[i].dir)
        tell_changed(i, ZC_CHANGE_META);
    else if (roll(16) == 0)
        tell(event(DOUBT, truth.v[i].parent, "", 0)); /* seen by nobody */
    else
        tell_changed(i, 1u << roll(3));
}

/* As rm -r, or, when it is moved OUT of the tree, at once. */
static void take_away(int i, bool out)
{
    if (i <= 0)
        return;
    for (int x = 1; x < NODES && !out; x++)
        if (truth.v[x].used && truth.v[x].parent == i)
            take_away(x, false);
    bool before = roll(2);
    struct event gone = event(REMOVED, 0, "", 0);
    gone.id = truth.v[i].id;
    if (truth.v[i].dir && before)
        tell(gone);
    tell_changed(i, ZC_CHANGE_NAME);
    if (truth.v[i].dir && !before)
        tell(gone);
    remove_tree(&truth, i);
}

static void touch_moved(int top)
{
    for (int i = 1; i < NODES; i++)
        if (truth.v[i].used && inside(&truth, i, top))
            truth.v[i].moved = ops;
}

static void move_to(int i, int to, const char *name)
{
    if (i <= 0 || to < 0 || inside(&truth, to, i) || depth_of(to) > 4)
        return;
    int over = child(&truth, to, name, strlen(name));
    if (over == i)
        return;
    if (over >= 0) {
        if (truth.v[over].dir != truth.v[i].dir)
            return;
        for (int x = 1; x < NODES; x++)
            if (truth.v[x].used && truth.v[x].parent == over)
                return; /* not empty */
        remove_tree(&truth, over);
    }
    struct node *n = &truth.v[i];
    struct event e = event(RENAMED, n->parent, n->name, 0);
    bool split_up = roll(12) == 0; /* its halves did not come together */
    if (split_up) {
        tell_changed(i, ZC_CHANGE_NAME);
        struct event gone = {.kind = REMOVED, .id = n->id};
        if (n->dir)
            tell(gone);
    }
    if (over >= 0 && n->dir && split_up) {
        struct event gone = {.kind = REMOVED, .id = truth.v[over].id};
        tell(gone);
    }
    n->parent = to;
    strcpy(n->name, name);
    touch_moved(i);
    if (split_up && n->dir)
        tell_new_dirs(i);
    if (split_up) {
        tell_changed(i, ZC_CHANGE_NAME | (n->dir ? ZC_CHANGE_DEEP : 0));
        return;
    }
    e.to = truth.v[to].id;
    e.id = n->id;
    e.is_dir = n->dir;
    strcpy(e.to_name, name);
    tell(e);
}

static const char *any_name(void)
{
    static const char *const names[] = {"a", "b", "c", "d"};
    return names[roll(n_names)];
}

static void operate(void)
{
    ops++;
    switch (roll(12)) {
    case 0:
    case 1:
        make(any(true, true), any_name(), false);
        break;
    case 2:
    case 3:
        make(any(true, true), any_name(), true);
        break;
    case 4:
    case 5:
        change(any(false, false));
        break;
    case 6:
        change(any(true, true));
        break;
    case 7:
        take_away(any(roll(2), false), roll(3) == 0);
        break;
    case 8:
    case 9:
    case 10:
        move_to(any(true, false), any(true, true), any_name());
        break;
    case 11:
        move_to(any(false, false), any(true, true), any_name());
        break;
    }
    if (roll(rough) == 0)
        tell(event(EVERYTHING, 0, "", 0));
}

/* ---- Sender and receiver ------------------------------------------------ */

/* Others go on while a batch is applied. */
static void meanwhile(void)
{
    if (calm)
        return;
    while (roll(4) == 0)
        operate();
    while (first < last && roll(3) == 0)
        deliver();
}

static bool fails(const char *path)
{
    if (calm || roll(60))
        return false;
    zc_dirty_failed(d, path, false, now);
    if (roll(4) == 0)
        zc_dirty_failed(d, path, false, now);
    return true;
}

static void copy(const char *path, bool deep);

/* What is in the directory at PATH, here or there. */
static void copy_names(const char *path, bool deep)
{
    char names[2 * NODES][8];
    int n = 0, i = lookup(&truth, path), k = lookup(&there, path);
    for (int x = 1; x < NODES; x++) {
        if (i >= 0 && truth.v[x].used && truth.v[x].parent == i)
            strcpy(names[n++], truth.v[x].name);
        if (k >= 0 && there.v[x].used && there.v[x].parent == k)
            strcpy(names[n++], there.v[x].name);
    }
    for (int x = 0; x < n; x++) {
        char sub[256];
        meanwhile();
        if (lookup(&truth, path) < 0 || !truth.v[lookup(&truth, path)].dir)
            return; /* vanished; another event tells */
        join(sub, path, names[x]);
        copy(sub, deep);
    }
}

/* The name at PATH as it is now, with what is below it if DEEP, or if it is a
 * directory that the receiver does not have. */
static void copy(const char *path, bool deep)
{
    char dir[256];
    const char *name;
    split(path, dir, &name);
    int in = lookup(&truth, dir), parent = lookup(&there, dir);
    int i = lookup(&truth, path), k = lookup(&there, path);
    if (in < 0 || !truth.v[in].dir || fails(path))
        return;
    if (i < 0) {
        if (k > 0)
            remove_tree(&there, k);
        return;
    }
    if (parent < 0 || !there.v[parent].dir) {
        zc_dirty_failed(d, path, false, now);
        return;
    }
    if (k > 0 && there.v[k].dir != truth.v[i].dir) {
        remove_tree(&there, k);
        k = -1;
    }
    if (k < 0) {
        deep = true;
        k = add(&there, parent, name, truth.v[i].dir);
        if (k < 0) {
            zc_dirty_failed(d, path, false, now); /* the disk is full */
            return;
        }
    }
    there.v[k].version = truth.v[i].version;
    if (deep && truth.v[i].dir)
        copy_names(path, deep);
}

static void do_rename(const struct zc_round_rename *r)
{
    char dir[256];
    const char *name;
    split(r->to, dir, &name);
    int i = lookup(&there, r->from), k = lookup(&there, r->to);
    int parent = lookup(&there, dir), now_at = lookup(&truth, r->to);
    bool refuse = !calm && roll(20) == 0;
    if (verbose)
        diag("  RENAME %s -> %s", r->from, r->to);
    if (!r->is_dir) {
        if (refuse || i < 0 || there.v[i].dir || parent < 0 ||
            !there.v[parent].dir || now_at < 0 || truth.v[now_at].dir ||
            truth.v[now_at].version != there.v[i].version ||
            (k >= 0 && there.v[k].dir))
            return;
        if (k > 0 && k != i)
            remove_tree(&there, k);
    } else if (k >= 0 || refuse) {
        if (verbose)
            diag("  refused");
        if (roll(2))
            zc_dirty_refused(d, r->to, now);
        else
            zc_dirty_failed(d, r->to, false, now);
        return;
    } else if (i < 0 || !there.v[i].dir || parent < 0 ||
               !there.v[parent].dir || inside(&there, parent, i)) {
        return;
    }
    there.v[i].parent = parent;
    strcpy(there.v[i].name, name);
}

/* ---- Batches ------------------------------------------------------------ */

static int path_order(const char *a, const char *b)
{
    for (; *a && *a == *b; a++, b++)
        ;
    int x = *a == '/' ? 1 : *a ? (unsigned char)*a + 1 : 0;
    int y = *b == '/' ? 1 : *b ? (unsigned char)*b + 1 : 0;
    return x - y;
}

static bool below(const char *path, const char *top)
{
    size_t n = strlen(top);
    return strncmp(path, top, n) == 0 && (path[n] == '/' || !path[n]);
}

static void check_round(const struct zc_round *r)
{
    for (size_t i = 0; i < r->n_dirs; i++) {
        const struct zc_round_dir *dir = &r->dirs[i];
        if (i && path_order(r->dirs[i - 1].path, dir->path) >= 0)
            wrong("directories are not in order");
        if (!dir->n != dir->whole)
            wrong("a directory without names, or whole and with names");
        for (size_t k = 0; k < dir->n; k++) {
            char path[256];
            if (k && strcmp(dir->names[k - 1].name, dir->names[k].name) >= 0)
                wrong("names are not in order");
            join(path, dir->path, dir->names[k].name);
            for (size_t x = 0; x < r->n_dirs; x++)
                if (dir->names[k].what & ZC_CHANGE_DEEP &&
                    below(r->dirs[x].path, path))
                    wrong("something below a DEEP name");
        }
    }
    if (r->all && (r->n_dirs || r->n_renames))
        wrong("the whole tree, and more");
}

/* Applies R; false when the connection broke. */
static bool apply(const struct zc_round *r)
{
    if (r->all)
        copy_names("", true), there.v[0].version = truth.v[0].version;
    for (size_t i = 0; i < r->n_renames; i++) {
        meanwhile();
        do_rename(&r->renames[i]);
    }
    for (size_t i = 0; i < r->n_dirs; i++) {
        const struct zc_round_dir *dir = &r->dirs[i];
        int at = lookup(&there, dir->path), in = lookup(&truth, dir->path);
        if (verbose && dir->whole)
            diag("  WHOLE %s", dir->path);
        if (dir->whole && in >= 0 && (at < 0 || !there.v[at].dir))
            zc_dirty_failed(d, dir->path, false, now);
        else if (dir->whole)
            copy_names(dir->path, false);
        for (size_t k = 0; k < dir->n; k++) {
            char path[256];
            meanwhile();
            join(path, dir->path, dir->names[k].name);
            if (verbose)
                diag("  NAME %s %x", path, dir->names[k].what);
            if (!*path)
                there.v[0].version = truth.v[0].version;
            else
                copy(path, dir->names[k].what & ZC_CHANGE_DEEP);
        }
        if (!calm && roll(rough) == 0)
            return false;
    }
    return true;
}

static bool a_round(void)
{
    struct zc_round round;
    int64_t next = zc_dirty_next(d, now);
    bool took = zc_dirty_take(d, 1 + roll(roll(2) ? 4 : 100), now, &round);
    if (took && next)
        wrong("a batch before it is due");
    if (!took)
        return false;
    if (verbose)
        diag("round%s", round.all ? " ALL" : "");
    check_round(&round);
    if (zc_dirty_next(d, now) != INT64_MAX)
        wrong("something is due while a batch is in flight");
    if (!apply(&round))
        zc_dirty_lost(d, now);
    else
        zc_dirty_done(d, now);
    if (first == last && roll(3))
        caught_up();
    return true;
}

/* ---- Barriers ----------------------------------------------------------- */

static uint64_t ticket;
static unsigned barrier_op;

static void begin_barrier(void)
{
    if (barrier_op || first != last)
        return;
    barrier_op = ++ops;
    at_barrier = truth;
    ticket = zc_dirty_barrier(d, now);
}

/* What nobody has touched since is there, if the barrier has passed. */
static void check_barrier(void)
{
    if (!barrier_op || !zc_dirty_passed(d, ticket))
        return;
    for (int i = 1; i < NODES; i++) {
        char path[256], then[256];
        const struct node *n = &truth.v[i];
        if (!n->used || n->moved > barrier_op || !at_barrier.v[i].used ||
            n->version != at_barrier.v[i].version)
            continue;
        path_to(&truth, i, path);
        path_to(&at_barrier, i, then);
        int k = lookup(&there, path);
        if (strcmp(path, then) == 0 &&
            (k < 0 || there.v[k].version != n->version)) {
            wrong("a barrier has passed too early");
            if (verbose)
                diag("  barrier: %s", path);
        }
    }
    barrier_op = 0;
}

/* ---- One run ------------------------------------------------------------ */

static void settle(void)
{
    calm = true;
    while (first < last)
        deliver();
    for (int i = 0; i < 3; i++) {
        caught_up();
        int64_t next;
        for (int n = 0; n < 2000 && (next = zc_dirty_next(d, now)) != INT64_MAX;
             n++) {
            now += next;
            a_round();
            check_barrier();
        }
    }
    struct zc_dirty_stats s;
    zc_dirty_get_stats(d, &s);
    if (s.names || s.failed || s.oldest_ns || s.all)
        wrong("something is left");
    if (barrier_op)
        wrong("a barrier did not pass");
    if (!same(&truth, 0, &there, 0))
        wrong("the trees differ");
}

static void start(uint64_t from)
{
    seed = from;
    memset(&truth, 0, sizeof truth);
    memset(&there, 0, sizeof there);
    memset(&watch, 0, sizeof watch);
    truth.v[0] = there.v[0] = (struct node){
        .used = true, .dir = true, .id = ZC_WDIR_ROOT, .parent = -1};
    first = last = ops = versions = barrier_op = 0;
    next_id = 2;
    now = 1000000 * MS;
    bad = NULL;
    struct zc_dirty_limits lim = {.retry_ns = 50 * MS, .settle_ns = 20 * MS};
    if (roll(3) == 0) {
        lim.max_names = 4 + roll(20);
        lim.max_dirs = 1 + roll(5);
    }
    d = zc_dirty_new(&watch, &lim);
    calm = false;
}

static bool run(uint64_t from, unsigned steps)
{
    start(from);
    unsigned busy = 1 + roll(6), late = 1 + roll(8), sends = 1 + roll(8);
    n_names = 2 + roll(3);
    rough = roll(4) ? 2000 : 100;
    for (unsigned i = 0; i < steps && !bad; i++) {
        now += roll(10) * MS;
        if (roll(busy) == 0)
            operate();
        while (first < last && roll(late) == 0)
            deliver();
        if (roll(sends) == 0)
            a_round();
        if (roll(50) == 0)
            begin_barrier();
        check_barrier();
        if (first == last && roll(4) == 0)
            caught_up();
        if (i % 200 == 199)
            settle(), calm = false;
    }
    settle();
    if (bad)
        diag("seed %llu: %s", (unsigned long long)from, bad);
    if (bad && verbose) {
        diag("truth:");
        show(&truth, 0, 1);
        diag("there:");
        show(&there, 0, 1);
    }
    zc_dirty_free(d);
    return !bad;
}

int main(void)
{
    const char *one = getenv("ZC_TEST_SEED"), *many = getenv("ZC_TEST_RUNS");
    uint64_t from = one ? strtoull(one, NULL, 0) : (uint64_t)time(NULL) * 1000;
    unsigned runs = many ? (unsigned)atoi(many) : one ? 1 : 200, wrongs = 0;
    verbose = one && !many;
    diag("ZC_TEST_SEED=%llu", (unsigned long long)from);
    for (unsigned i = 0; i < runs; i++)
        wrongs += !run(from + i, 600);
    is_int(wrongs, 0, "%u simulated mirrors end equal", runs);
    return done_testing();
}
