// SPDX-License-Identifier: GPL-2.0-or-later
/* src/base/nametab.c: a table of names in directories. */
#include "tap.h"

#include "base/nametab.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#define MANY 100000

struct item {
    uint64_t id;
    struct zc_nametab_node by_name; /* not the first field */
    size_t n;
    char name[32];
    bool in;
};

static struct item items[MANY];

static struct zc_nametab_key key_of(const struct zc_nametab_node *node)
{
    const struct item *i = ZC_CONTAINER_OF(node, struct item, by_name);
    return (struct zc_nametab_key){i->id, i->name, i->n};
}

static struct item *item_of(struct zc_nametab_node *node)
{
    return node ? ZC_CONTAINER_OF(node, struct item, by_name) : NULL;
}

static struct item *find(const struct zc_nametab *t, uint64_t id,
                         const char *name, size_t n)
{
    return item_of(zc_nametab_find(t, id, name, n));
}

static struct item *older(const struct zc_nametab *t, const struct item *i)
{
    return item_of(zc_nametab_older(t, &i->by_name));
}

static void add(struct zc_nametab *t, struct item *i, uint64_t id,
                const char *name, size_t n)
{
    i->id = id;
    i->n = n;
    i->in = true;
    memcpy(i->name, name, n);
    zc_nametab_add(t, &i->by_name);
}

static void del(struct zc_nametab *t, struct item *i)
{
    zc_nametab_del(t, &i->by_name);
    i->in = false;
}

static void test_keys(void)
{
    struct zc_nametab t;
    struct item *v = items;
    zc_nametab_init(&t, key_of, 2);
    ok(!find(&t, 1, "a", 1), "nothing in an empty table");
    add(&t, &v[0], 1, "a", 1);
    ok(find(&t, 1, "a", 1) == &v[0], "one name");
    ok(!t.buckets, "which takes no memory");
    ok(!find(&t, 2, "a", 1) && !find(&t, 1, "b", 1) && !find(&t, 1, "", 0) &&
           !find(&t, 1, "ab", 2),
       "and no other");
    add(&t, &v[1], 2, "a", 1);
    add(&t, &v[2], 1, "", 0);
    add(&t, &v[3], 1, "ab", 2);
    add(&t, &v[4], 1, "a\0b", 3);
    add(&t, &v[5], 0, "a", 1);
    add(&t, &v[6], UINT64_MAX, "a", 1);
    ok(find(&t, 2, "a", 1) == &v[1], "the same name elsewhere");
    ok(find(&t, 1, "", 0) == &v[2], "an empty name");
    ok(find(&t, 1, "ab", 2) == &v[3] && find(&t, 1, "abc", 2) == &v[3],
       "a longer one");
    ok(find(&t, 1, "a\0b", 3) == &v[4], "any bytes");
    ok(find(&t, 0, "a", 1) == &v[5] && find(&t, UINT64_MAX, "a", 1) == &v[6],
       "any number");
    ok(find(&t, 1, "a", 1) == &v[0], "the first is there, too");
    del(&t, &v[0]);
    ok(!find(&t, 1, "a", 1) && t.n == 6, "until it is taken out");
    add(&t, &v[0], 1, "a", 1);
    ok(find(&t, 1, "a", 1) == &v[0], "and put in again");
    zc_nametab_clear(&t);
    ok(!t.n && !find(&t, 2, "a", 1), "cleared");
    add(&t, &v[0], 1, "a", 1);
    ok(find(&t, 1, "a", 1) == &v[0], "and used again");
    zc_nametab_clear(&t);
}

/* From the newest to the oldest, whatever else is there. */
static bool in_order(const struct zc_nametab *t, const int *want, int n)
{
    const struct item *at = find(t, 7, "same", 4);
    for (int i = 0; i < n; i++, at = older(t, at))
        if (at != &items[want[i]])
            return false;
    return !at;
}

static void test_same_key(void)
{
    struct zc_nametab t;
    char name[32];
    zc_nametab_init(&t, key_of, 2);
    for (int i = 0; i < 4; i++)
        add(&t, &items[i], 7, "same", 4);
    ok(in_order(&t, (int[]){3, 2, 1, 0}, 4), "the same key: newest first");
    for (int i = 10; i < 5000; i++)
        add(&t, &items[i], 7, name,
            (size_t)snprintf(name, sizeof name, "other %d", i));
    ok(in_order(&t, (int[]){3, 2, 1, 0}, 4), "so they stay in a bigger table");
    del(&t, &items[2]);
    ok(in_order(&t, (int[]){3, 1, 0}, 3), "one in the middle goes");
    del(&t, &items[3]);
    ok(in_order(&t, (int[]){1, 0}, 2), "the newest");
    del(&t, &items[0]);
    ok(in_order(&t, (int[]){1}, 1), "the oldest");
    add(&t, &items[0], 7, "same", 4);
    ok(in_order(&t, (int[]){0, 1}, 2), "one comes back");
    zc_nametab_clear(&t);
}

/* How many items are not found, or are and should not be. */
static int wrong(const struct zc_nametab *t, int n)
{
    int bad = 0;
    for (int i = 0; i < n; i++)
        bad += find(t, items[i].id, items[i].name, items[i].n) !=
               (items[i].in ? &items[i] : NULL);
    return bad;
}

static void add_many(struct zc_nametab *t, int from, int to)
{
    char name[32];
    for (int i = from; i < to; i++)
        add(t, &items[i], (uint64_t)i % 100, name,
            (size_t)snprintf(name, sizeof name, "name-%d", i / 100));
}

/* A hundred directories with the same thousand names. */
static void test_many(void)
{
    struct zc_nametab t;
    zc_nametab_init(&t, key_of, 2);
    add_many(&t, 0, 100);
    ok(wrong(&t, 100) == 0 && t.n_buckets < 100,
       "more names than buckets: chains");
    add_many(&t, 100, MANY);
    is_int(wrong(&t, MANY), 0, "%d names", MANY);
    ok(t.n == MANY && t.n_buckets * 2 >= MANY && t.n_buckets <= MANY,
       "and one or two a bucket");
    for (int i = 0; i < MANY; i++)
        if (i % 3)
            del(&t, &items[i]);
    is_int(wrong(&t, MANY), 0, "two thirds are taken out");
    is_int(t.n, (MANY + 2) / 3, "and counted");
    for (int i = 0; i < MANY; i += 3)
        del(&t, &items[i]);
    is_int(t.n + (size_t)wrong(&t, MANY), 0, "and all the others");
    zc_nametab_clear(&t);
}

static void test_seed(void)
{
    struct zc_nametab a, b;
    zc_nametab_init(&a, key_of, 2);
    zc_nametab_init(&b, key_of, 2);
    ok(zc_nametab_hash(&a, 1, "x", 1) != zc_nametab_hash(&b, 1, "x", 1),
       "each table hashes in its own way");
    ok(zc_nametab_hash(&a, 1, "x", 1) != zc_nametab_hash(&a, 2, "x", 1) &&
           zc_nametab_hash(&a, 1, "x", 1) != zc_nametab_hash(&a, 1, "y", 1),
       "number and name count");
    b.seed = a.seed;
    ok(zc_nametab_hash(&a, 1, "x", 1) == zc_nametab_hash(&b, 1, "x", 1),
       "unless it is told how");
    add_many(&a, 0, 200);
    for (int i = 0; i < 100; i++) {
        const struct item *m = &items[i];
        uint64_t hash = zc_nametab_hash(&b, m->id, m->name, m->n);
        zc_nametab_del_hashed(&a, &items[i].by_name, hash);
        zc_nametab_add_hashed(&b, &items[i].by_name, hash);
    }
    bool good = a.n == 100 && b.n == 100;
    for (int i = 0; i < 200; i++)
        good &= find(i < 100 ? &b : &a, items[i].id, items[i].name,
                     items[i].n) == &items[i];
    ok(good, "items move from one to the other by their hashes");
    zc_nametab_clear(&a);
    zc_nametab_clear(&b);
}

static void test_no_memory(void)
{
#ifdef __SANITIZE_ADDRESS__
    skip(3, "AddressSanitizer needs memory of its own");
#else
    struct zc_nametab t;
    struct rlimit all, none;
    zc_nametab_init(&t, key_of, 2);
    getrlimit(RLIMIT_AS, &all);
    none = all;
    none.rlim_cur = 1; /* what there is already stays */
    setrlimit(RLIMIT_AS, &none);
    add_many(&t, 0, MANY);
    setrlimit(RLIMIT_AS, &all);
    ok(t.n == MANY && t.n_buckets * 2 < MANY, "no memory for more buckets");
    is_int(wrong(&t, 1000), 0, "all is found in longer chains");
    del(&t, &items[MANY - 1]);
    for (int i = 0; i < 20; i++) {
        add_many(&t, MANY - 1, MANY);
        del(&t, &items[MANY - 1]);
    }
    ok(t.n_buckets * 2 >= MANY - 1 && wrong(&t, MANY) == 0,
       "they are short again when there is");
    zc_nametab_clear(&t);
#endif
}

int main(void)
{
    test_keys();
    test_same_key();
    test_many();
    test_seed();
    test_no_memory();
    return done_testing();
}
