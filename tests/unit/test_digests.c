// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * src/tree/digests.c: any change of what counts shows, wherever it is, and nothing
 * else does; both ends cut alike, whatever one of them lacks.
 */
#include "tap.h"

#include "fs/keep.h"
#include "tree/digests.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* A tree in memory: entries by directory, in order of their names. */
#define MAX_DIRS 64
struct file {
    char name[24], target[24];
    struct zc_entry e;
    int dir; /* the number of this directory; 0: it is none */
};
struct folder {
    struct file *v;
    size_t n;
};
struct tree {
    struct folder dirs[MAX_DIRS];
    int n;
};

static uint64_t state = 88172645463325252;

static unsigned dice(unsigned sides)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)(state >> 16) % sides;
}

static const struct zc_msg_digest all = {
    .seed = 4711,
    .keep = ZC_KEEP_ALL | ZC_KEEP_FLAGS,
    .time_step = 1,
    .flags = ZC_DIGEST_FILE_TIMES | ZC_DIGEST_DIR_TIMES | ZC_DIGEST_LINK_TIMES |
             ZC_DIGEST_PROPERTIES,
};

/* --- making ---------------------------------------------------------------- */

static void make_file(struct file *f, unsigned number)
{
    static const uint32_t types[] = {S_IFREG, S_IFREG, S_IFREG, S_IFLNK,
                                     S_IFCHR, S_IFIFO};
    memset(f, 0, sizeof *f);
    snprintf(f->name, sizeof f->name, "%06u%s", number,
             dice(3) ? "" : "\xff\x01 x");
    f->e = (struct zc_entry){.mode = types[dice(6)] | dice(0777),
                             .uid = dice(3),
                             .gid = dice(2),
                             .mtime_s = 1700000000 - (int64_t)dice(1000),
                             .mtime_ns = dice(1000000000)};
    if (S_ISREG(f->e.mode))
        f->e.size = dice(100000);
    if (S_ISLNK(f->e.mode))
        snprintf(f->target, sizeof f->target, "to%u", dice(100));
}

static void make_tree(struct tree *t, int dirs, unsigned files)
{
    *t = (struct tree){.n = dirs};
    for (int d = 0; d < dirs; d++) {
        struct folder *f = &t->dirs[d];
        f->n = 0;
        f->v = calloc(files + 3, sizeof *f->v);
        for (unsigned i = 0; i < files; i++)
            make_file(&f->v[f->n++], i);
        for (int k = d * 3 + 1; k <= d * 3 + 3 && k < dirs; k++) {
            struct file *dir = &f->v[f->n++];
            make_file(dir, 900000 + (unsigned)k);
            dir->e.mode = S_IFDIR | 0755;
            dir->e.size = 0;
            dir->dir = k;
        }
    }
}

static void free_tree(struct tree *t)
{
    for (int d = 0; d < t->n; d++)
        free(t->dirs[d].v);
}

static void copy_tree(struct tree *to, const struct tree *from)
{
    *to = *from;
    for (int d = 0; d < from->n; d++) {
        size_t size = from->dirs[d].n * sizeof(struct file);
        to->dirs[d].v = malloc(size);
        memcpy(to->dirs[d].v, from->dirs[d].v, size);
    }
}

static bool as_they_are(void *arg, uint32_t uid, uint32_t gid, uint64_t as[2])
{
    (void)arg;
    as[0] = uid;
    as[1] = gid;
    return true;
}

/* --- digesting ------------------------------------------------------------- */

struct todo {
    int dir;
    struct zc_digest_dir at;
};

/* Some of F, from *AT on, as somebody would find it. */
static void some(struct zc_digesting *g, struct folder *f, size_t *at)
{
    size_t stop = *at + 1 + dice(200);
    for (; *at < f->n && *at < stop; ++*at) {
        struct file *file = &f->v[*at];
        file->e.name = file->name;
        file->e.name_len = (uint8_t)strlen(file->name);
        file->e.target = file->target;
        file->e.target_len = (uint16_t)strlen(file->target);
        zc_digesting_add(g, &file->e,
                         file->dir ? (uint32_t)file->dir : ZC_DIGEST_NO_CHILD);
    }
}

/* Directories in whatever order, in runs of whatever length. */
static struct zc_digests *digest(struct tree *t,
                                 const struct zc_msg_digest *what)
{
    struct zc_digests *d = zc_digests_new(what);
    struct todo todo[MAX_DIRS] = {{0, zc_digests_root(d)}};
    for (int n = 1; n;) {
        int pick = (int)dice((unsigned)n);
        struct todo now = todo[pick];
        todo[pick] = todo[--n];
        struct folder *f = &t->dirs[now.dir];
        for (size_t at = 0; at < f->n;) {
            struct zc_digesting g = zc_digesting_begin(d, now.at);
            some(&g, f, &at);
            zc_digesting_end(&g);
            for (size_t i = 0; i < g.children.len; i++)
                todo[n++] = (struct todo){(int)g.children.v[i].note,
                                          g.children.v[i].dir};
            zc_digesting_fini(&g);
        }
    }
    zc_digests_finish(d, as_they_are, NULL);
    return d;
}

static bool same_root(const struct zc_digests *a, const struct zc_digests *b)
{
    uint8_t x[ZC_DIGEST_SIZE], y[ZC_DIGEST_SIZE];
    return zc_digests_of(a, 1, x, NULL) && zc_digests_of(b, 1, y, NULL) &&
           !memcmp(x, y, sizeof x);
}

/* Whether T looks the same when F in it is as NOW. */
static bool unseen(struct tree *t, struct file *f, const struct file *now,
                   const struct zc_msg_digest *what)
{
    struct file kept = *f;
    struct zc_digests *a = digest(t, what);
    *f = *now;
    struct zc_digests *b = digest(t, what);
    bool same = same_root(a, b);
    *f = kept;
    zc_digests_free(a);
    zc_digests_free(b);
    return same;
}

/* --- what counts ------------------------------------------------------------ */

static struct file *any_file(struct tree *t, uint32_t type)
{
    for (;;) {
        struct folder *f = &t->dirs[dice((unsigned)t->n)];
        struct file *file = &f->v[dice((unsigned)f->n)];
        if (!type || (file->e.mode & S_IFMT) == type)
            return file;
    }
}

enum change {
    NAME, MODE, TYPE, UID, GID, SIZE, SECONDS, NANOSECONDS, TARGET, DEVICE,
    ACL, XATTR, PROPERTIES, FLAGS, PROJECT, N_CHANGES
};
static const struct {
    const char *name;
    uint32_t type; /* that it can happen to; 0: any */
    unsigned keep; /* without it nobody sees it; 0: always seen */
} changes[] = {
    [NAME] = {"a name", 0, 0},
    [MODE] = {"a mode", S_IFREG, ZC_KEEP_PERMS},
    [TYPE] = {"a type", S_IFIFO, 0},
    [UID] = {"a user", 0, ZC_KEEP_OWNER},
    [GID] = {"a group", 0, ZC_KEEP_GROUP},
    [SIZE] = {"a size", S_IFREG, 0},
    [SECONDS] = {"a time", S_IFIFO, ZC_KEEP_TIMES},
    [NANOSECONDS] = {"a nanosecond", S_IFREG, 0},
    [TARGET] = {"a symlink's target", S_IFLNK, 0},
    [DEVICE] = {"a device", S_IFCHR, 0},
    [ACL] = {"an ACL", S_IFREG, ZC_KEEP_ACLS | ZC_KEEP_XATTRS},
    [XATTR] = {"an attribute", S_IFDIR, ZC_KEEP_ACLS | ZC_KEEP_XATTRS},
    [PROPERTIES] = {"a property", S_IFREG, 0},
    [FLAGS] = {"a flag", S_IFREG, ZC_KEEP_FLAGS},
    [PROJECT] = {"a project", S_IFDIR, ZC_KEEP_FLAGS},
};

static void change(struct file *f, enum change c)
{
    struct zc_entry *e = &f->e;
    switch (c) {
    case NAME: f->name[strlen(f->name) - 1] ^= 1; break;
    case MODE: e->mode ^= 1u << dice(9); break;
    case TYPE: e->mode ^= S_IFIFO ^ S_IFSOCK; break;
    case UID: e->uid++; break;
    case GID: e->gid++; break;
    case SIZE: e->size ^= (uint64_t)1 << dice(40); break;
    case SECONDS: e->mtime_s--; break;
    case NANOSECONDS: e->mtime_ns ^= 1; break;
    case TARGET: f->target[0] ^= 1; break;
    case DEVICE: *(dice(2) ? &e->rdev_major : &e->rdev_minor) ^= 1; break;
    case ACL:
    case XATTR:
        e->flags |= ZC_ENTRY_XATTRS;
        e->xattr_digest[c == ACL ? 7 : 15] ^= 1;
        break;
    case PROPERTIES: e->properties ^= 1; break;
    case FLAGS: e->fileflags ^= 0x10; break; /* immutable */
    case PROJECT: e->project++; break;
    case N_CHANGES: break;
    }
}

static void changes_show(struct tree *t)
{
    for (unsigned c = 0; c < N_CHANGES; c++) {
        bool shows = true, hidden = true;
        for (int i = 0; i < 5; i++) {
            struct file *f = any_file(t, changes[c].type), now = *f;
            struct zc_msg_digest less = all;
            change(&now, (enum change)c);
            shows &= !unseen(t, f, &now, &all);
            less.keep &= ~changes[c].keep;
            /* Owners are left out by whoever says what they count as. */
            if (changes[c].keep && c != UID && c != GID)
                hidden &= unseen(t, f, &now, &less);
        }
        ok(shows, "%s shows", changes[c].name);
        ok(hidden, "... but where it does not count");
    }
}

static void times_in_steps(struct tree *t)
{
    struct zc_msg_digest what = all;
    struct file *f = any_file(t, S_IFREG), now = *f;
    what.time_step = 1000000000;
    now.e.mtime_ns = (f->e.mtime_ns + 1) % 1000000000;
    ok(unseen(t, f, &now, &what), "nanoseconds, where a step is a second");
    now.e.mtime_s++;
    ok(!unseen(t, f, &now, &what), "... but a second");
    what.time_step = 2000000000;
    struct file even = *f;
    even.e.mtime_s &= ~(int64_t)1;
    now = even;
    now.e.mtime_s++;
    struct file kept = *f;
    *f = even;
    ok(unseen(t, f, &now, &what), "... nor that, where it is two");
    *f = kept;
    struct file *dir = any_file(t, S_IFDIR), older = *dir;
    older.e.mtime_s--;
    what.flags &= ~(unsigned)(ZC_DIGEST_DIR_TIMES | ZC_DIGEST_FILE_TIMES);
    ok(unseen(t, dir, &older, &what), "times of directories may not count");
    now = *f;
    now.e.mtime_s = 1;
    ok(unseen(t, f, &now, &what), "nor those of files");
}

/* Names A and B of inode INO, or each of one of its own. */
static void link_names(struct file *a, struct file *b, uint64_t ino,
                       bool linked)
{
    b->e = a->e;
    a->e.flags |= ZC_ENTRY_HARD_LINK;
    b->e.flags |= ZC_ENTRY_HARD_LINK;
    a->e.link_ino = ino;
    b->e.link_ino = linked ? ino : ino + 1;
}

static void links(struct tree *t)
{
    struct tree other;
    copy_tree(&other, t);
    struct file *v[2][3] = {{&t->dirs[1].v[3], &t->dirs[2].v[5],
                             &t->dirs[3].v[1]},
                            {&other.dirs[1].v[3], &other.dirs[2].v[5],
                             &other.dirs[3].v[1]}};
    for (int i = 0; i < 2; i++) {
        memset(&v[i][0]->e, 0, sizeof v[i][0]->e);
        v[i][0]->e.mode = S_IFREG | 0644;
        v[i][2]->e = v[i][0]->e;
        link_names(v[i][0], v[i][1], 100 + 77 * (uint64_t)i, true);
    }
    struct zc_digests *a = digest(t, &all), *b = digest(&other, &all);
    ok(same_root(a, b), "inode numbers do not count");
    zc_digests_free(b);
    link_names(v[1][0], v[1][1], 5, false);
    b = digest(&other, &all);
    ok(!same_root(a, b), "names that are not linked any more show");
    zc_digests_free(b);
    link_names(v[1][0], v[1][1], 5, true);
    v[1][2]->e = v[1][0]->e;
    b = digest(&other, &all);
    ok(!same_root(a, b), "a third name shows");
    uint8_t x[ZC_DIGEST_SIZE], y[ZC_DIGEST_SIZE];
    const char *dir = t->dirs[0].v[t->dirs[0].n - 3].name; /* number 1 */
    zc_digests_of(a, zc_digests_child(a, 1, dir, strlen(dir)), x, NULL);
    zc_digests_of(b, zc_digests_child(b, 1, dir, strlen(dir)), y, NULL);
    ok(memcmp(x, y, sizeof x), "... where another one is, too");
    zc_digests_free(b);
    /* With names outside of the tree only it is a file like any. */
    v[1][2]->e = v[0][2]->e;
    v[1][2]->e.flags |= ZC_ENTRY_HARD_LINK;
    v[1][2]->e.link_ino = 9;
    b = digest(&other, &all);
    ok(same_root(a, b), "a file's only name in the tree is one like any");
    zc_digests_free(a);
    zc_digests_free(b);
    free_tree(&other);
}

/* --- what has none ----------------------------------------------------------- */

static bool nobody_2(void *arg, uint32_t uid, uint32_t gid, uint64_t as[2])
{
    as_they_are(arg, uid, gid, as);
    return uid != 2;
}

static void spoilt(void)
{
    struct zc_entry dir = {.mode = S_IFDIR | 0755, .name = "a", .name_len = 1};
    struct zc_digests *d = zc_digests_new(&all);
    struct zc_digesting g = zc_digesting_begin(d, zc_digests_root(d));
    uint8_t x[ZC_DIGEST_SIZE];
    uint64_t entries = 99;
    zc_digesting_add(&g, &dir, 0);
    dir.name = "b";
    zc_digesting_add(&g, &dir, 1);
    zc_digesting_end(&g);
    struct zc_digesting in = zc_digesting_begin(d, g.children.v[0].dir);
    zc_digesting_spoil(&in);
    zc_digesting_end(&in);
    ok(!zc_digests_child(d, 1, "a", 1), "nothing is known before the end");
    zc_digests_finish(d, as_they_are, NULL);
    ok(!zc_digests_of(d, zc_digests_child(d, 1, "a", 1), x, NULL),
       "what cannot be looked at has no digest");
    ok(!zc_digests_of(d, 1, x, NULL), "nor what it is in");
    ok(zc_digests_of(d, zc_digests_child(d, 1, "b", 1), x, &entries) &&
           !entries,
       "but what is beside it");
    ok(!zc_digests_child(d, 1, "c", 1) && !zc_digests_child(d, 0, "a", 1),
       "what was not there is not known");
    zc_digesting_fini(&g);
    zc_digesting_fini(&in);
    zc_digests_free(d);

    d = zc_digests_new(&all);
    g = zc_digesting_begin(d, zc_digests_root(d));
    dir.uid = 2;
    zc_digesting_add(&g, &dir, ZC_DIGEST_NO_CHILD);
    zc_digesting_end(&g);
    zc_digests_finish(d, nobody_2, NULL);
    ok(!zc_digests_of(d, 1, x, NULL), "nor has one whose owner is not known");
    zc_digesting_fini(&g);
    zc_digests_free(d);
}

/* The digests of N directories side by side, each with a file. */
static struct zc_digests *digest_wide(uint32_t n, uint64_t size_of_last)
{
    struct zc_digests *d = zc_digests_new(&all);
    struct zc_digesting g = zc_digesting_begin(d, zc_digests_root(d));
    char name[16];
    for (uint32_t i = 0; i < n; i++) {
        snprintf(name, sizeof name, "%08u", i);
        struct zc_entry dir = {.mode = S_IFDIR, .name = name, .name_len = 8};
        zc_digesting_add(&g, &dir, i);
    }
    zc_digesting_end(&g);
    for (uint32_t i = 0; i < n; i++) {
        struct zc_digesting in = zc_digesting_begin(d, g.children.v[i].dir);
        struct zc_entry e = {.mode = S_IFREG, .name = "f", .name_len = 1,
                             .size = i + 1 == n ? size_of_last : 1};
        zc_digesting_add(&in, &e, ZC_DIGEST_NO_CHILD);
        zc_digesting_end(&in);
        zc_digesting_fini(&in);
    }
    zc_digesting_fini(&g);
    zc_digests_finish(d, as_they_are, NULL);
    return d;
}

static void very_many(void)
{
    uint32_t n = ZC_DIGESTS_DIRS_MAX + 1000;
    struct zc_digests *a = digest_wide(n, 1), *b = digest_wide(n, 1),
                      *c = digest_wide(n, 2);
    ok(same_root(a, b), "more directories than are known one by one");
    ok(!same_root(a, c), "... and a change in one of those that are not");
    char name[16];
    snprintf(name, sizeof name, "%08u", n - 1);
    ok(zc_digests_child(a, 1, "00000000", 8) &&
           !zc_digests_child(a, 1, name, 8),
       "only so many are known");
    zc_digests_free(a);
    zc_digests_free(b);
    zc_digests_free(c);

    struct zc_digests *d = zc_digests_new(&all);
    struct zc_digesting g = zc_digesting_begin(d, zc_digests_root(d));
    struct zc_groups groups = {0};
    uint8_t x[ZC_DIGEST_SIZE];
    for (uint32_t i = 0; i <= ZC_DIGESTS_LINKS_MAX; i++) {
        struct zc_entry e = {.mode = S_IFREG, .flags = ZC_ENTRY_HARD_LINK,
                             .name = (const char *)&i, .name_len = 4};
        zc_digesting_add(&g, &e, ZC_DIGEST_NO_CHILD);
    }
    zc_digesting_end(&g);
    zc_digests_finish(d, as_they_are, NULL);
    ok(!zc_digests_of(d, 1, x, NULL), "with too many hard links there is none");
    ok(!zc_digests_groups(d, 1, 9, &groups) && groups.of.len == 1 &&
           !groups.of.v[0].known,
       "... but one group that is equal to nothing");
    zc_groups_fini(&groups);
    zc_digesting_fini(&g);
    zc_digests_free(d);
}

/* --- groups ------------------------------------------------------------------ */

/* Takes about one name in SIDES out of F, or changes it; LOST has them. */
static size_t lose(struct folder *f, unsigned sides, char lost[][24],
                   size_t max)
{
    size_t n = 0, kept = 0;
    for (size_t i = 0; i < f->n; i++) {
        bool hit = n < max && !dice(sides);
        if (hit)
            memcpy(lost[n++], f->v[i].name, sizeof f->v[i].name);
        if (hit && dice(2))
            continue;
        f->v[kept] = f->v[i];
        f->v[kept++].e.uid += hit ? 7 : 0;
    }
    f->n = kept;
    return n;
}

static void cut_alike(unsigned sides, size_t max, bool both)
{
    static char lost[256][24];
    struct tree t, other;
    make_tree(&t, 1, 20000);
    copy_tree(&other, &t);
    size_t n = lose(&other.dirs[0], sides, lost, max);
    if (both)
        n += lose(&t.dirs[0], sides, lost + n, ZC_ARRAY_LEN(lost) - n);
    struct zc_digests *a = digest(&t, &all), *b = digest(&other, &all);
    struct zc_groups g = {0};
    ok(!zc_digests_groups(a, 1, both ? 7 : ZC_GROUPS_MAX, &g) && g.of.len > 3,
       "20,000 names are cut into %zu groups", g.of.len);
    zc_digests_compare(b, 1, &g);
    size_t differ = 0, missed = 0, at;
    for (size_t i = 0; i < g.of.len; i++)
        differ += g.of.v[i].differs;
    for (size_t i = 0; i < n; i++) {
        at = 0;
        missed += zc_groups_has_same(&g, &at, lost[i], strlen(lost[i]));
    }
    is_int(missed, 0, "what differs is in groups that do, %zu names", n);
    /* A name at the end of a group may cost the one behind it, too. */
    ok(differ <= 2 * n && (n == 0) == (differ == 0),
       "... and %zu groups are no more than that", differ);
    zc_groups_fini(&g);
    zc_digests_free(a);
    zc_digests_free(b);
    free_tree(&t);
    free_tree(&other);
}

static void lies(void)
{
    struct tree t;
    make_tree(&t, 1, 5000);
    struct zc_digests *d = digest(&t, &all);
    struct zc_groups g = {0};
    zc_digests_groups(d, 1, ZC_GROUPS_MAX, &g);
    struct zc_group first = {.end = strdup("000000\x01"), .known = true};
    ok(!zc_vec_push(&g.of, first), "a group that nobody has cut");
    struct zc_group last = g.of.v[g.of.len - 1];
    memmove(&g.of.v[1], &g.of.v[0], (g.of.len - 1) * sizeof last);
    g.of.v[0] = last;
    zc_digests_compare(d, 1, &g);
    ok(g.of.v[0].differs && g.of.v[1].differs, "... is not believed");
    ok(g.of.len < 4 || !g.of.v[2].differs, "... which costs no other");
    zc_groups_fini(&g);
    zc_digests_free(d);
    free_tree(&t);
}

int main(void)
{
    struct tree t;
    const char *seed = getenv("ZC_SEED");
    state ^= seed ? strtoull(seed, NULL, 0) : 0;
    make_tree(&t, 20, 60);
    struct zc_digests *a = digest(&t, &all), *b = digest(&t, &all);
    ok(same_root(a, b), "order and runs do not count");
    zc_digests_free(a);
    zc_digests_free(b);
    changes_show(&t);
    times_in_steps(&t);
    links(&t);
    free_tree(&t);
    spoilt();
    very_many();
    cut_alike(100000000, 9, false);
    cut_alike(5000, 5, false);
    cut_alike(500, 200, false);
    cut_alike(1000, 100, true);
    lies();
    return done_testing();
}
