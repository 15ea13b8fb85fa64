// SPDX-License-Identifier: GPL-2.0-or-later
/* src/watch/tree.c: the table of watched directories. */
#include "tap.h"

#include "watch/tree.h"

#include <stdio.h>
#include <string.h>

static zc_wdir add(struct zc_wtree *t, zc_wdir parent, const char *name)
{
    return zc_wtree_add(t, parent, name, strlen(name));
}

static int move(struct zc_wtree *t, zc_wdir d, zc_wdir parent,
                const char *name)
{
    return zc_wtree_move(t, d, parent, name, strlen(name));
}

static const char *path(struct zc_wtree *t, zc_wdir d)
{
    static struct zc_buf b;
    return zc_wtree_path(t, d, &b);
}

static char going_text[256];
static int gone_count;

static void going(void *arg, zc_wdir d)
{
    strcat(going_text, path(arg, d));
    strcat(going_text, " ");
}

static void gone(void *arg, zc_wdir d)
{
    if (!zc_wtree_has(arg, d))
        gone_count++;
}

static void test_names(void)
{
    struct zc_wtree *t = zc_wtree_new();
    zc_wdir a = add(t, ZC_WDIR_ROOT, "a"), b = add(t, a, "b");
    zc_wdir c = add(t, b, "c"), d = add(t, ZC_WDIR_ROOT, "d");
    const char *name;
    is_str(path(t, ZC_WDIR_ROOT), "", "the root's path");
    is_str(path(t, c), "a/b/c", "a path");
    is_int(zc_wtree_lookup(t, "a/b/c"), c, "and back");
    is_int(zc_wtree_lookup(t, ""), ZC_WDIR_ROOT, "the root");
    is_int(zc_wtree_lookup(t, "a/x/c"), ZC_WDIR_NONE, "no such path");
    is_int(zc_wtree_parent(t, c, &name), b, "a parent");
    is_str(name, "c", "a name");
    is_int(zc_wtree_parent(t, ZC_WDIR_ROOT, NULL), ZC_WDIR_NONE,
           "the root has none");
    ok(zc_wtree_above(t, a, c) && zc_wtree_above(t, c, c) &&
           !zc_wtree_above(t, d, c) && !zc_wtree_above(t, c, a),
       "what is above what");

    is_int(move(t, b, d, "moved"), 0, "a subtree is moved");
    is_str(path(t, c), "d/moved/c", "with what is in it");
    is_int(zc_wtree_lookup(t, "a/b"), ZC_WDIR_NONE, "and is not where it was");
    is_int(zc_wtree_first(t, a), ZC_WDIR_NONE, "which is empty");
    is_int(zc_wtree_first(t, d), b, "it is here");
    is_int(zc_wtree_next(t, b), ZC_WDIR_NONE, "alone");

    zc_wtree_drop(t, d, going, gone, t);
    is_str(going_text, "d/moved/c d/moved d ", "dropped, children first");
    is_int(gone_count, 3, "all of it");
    is_int(zc_wtree_count(t), 2, "two are left");
    ok(!path(t, c) && !zc_wtree_has(t, c), "a dropped one is not known");
    zc_wdir again = add(t, a, "c");
    ok(again != c && again != b && again != d, "a number is never used twice");
    ok(!zc_wtree_has(t, c) && !zc_wtree_has(t, b) && !zc_wtree_has(t, d),
       "even where its place is");
    is_int(add(t, c, "x"), ZC_WDIR_NONE, "nothing is put into it");
    zc_wtree_free(t);
    zc_wtree_free(NULL);
}

static void test_keys(void)
{
    struct zc_wtree *t = zc_wtree_new();
    zc_wdir a = add(t, ZC_WDIR_ROOT, "a"), b = add(t, ZC_WDIR_ROOT, "b");
    struct zc_wkey key = {3, "one"}, other = {5, "other"}, none = {0, ""};
    struct zc_wkey got;
    is_int(zc_wtree_by_key(t, "one", 3), ZC_WDIR_NONE, "a key nobody has");
    zc_wtree_set_key(t, a, &key);
    is_int(zc_wtree_by_key(t, "one", 3), a, "a key");
    is_int(zc_wtree_by_key(t, "on", 2), ZC_WDIR_NONE, "not the start of one");
    move(t, a, b, "a much longer name than before");
    is_int(zc_wtree_by_key(t, "one", 3), a, "it is kept in a move");
    zc_wtree_set_key(t, a, &other);
    is_int(zc_wtree_by_key(t, "one", 3), ZC_WDIR_NONE, "replaced");
    is_int(zc_wtree_by_key(t, "other", 5), a, "by another");
    zc_wtree_key(t, a, &got);
    ok(got.len == 5 && !memcmp(got.bytes, "other", 5), "which is told");
    is_str(path(t, a), "b/a much longer name than before", "names stay");
    zc_wtree_set_key(t, a, &none);
    zc_wtree_key(t, a, &got);
    is_int(got.len, 0, "taken away");
    zc_wtree_set_key(t, a, &key);
    zc_wtree_clear_keys(t);
    is_int(zc_wtree_by_key(t, "one", 3), ZC_WDIR_NONE, "all taken away");
    zc_wtree_set_flags(t, a, 5);
    zc_wtree_set_job(t, a, 77);
    ok(zc_wtree_flags(t, a) == 5 && zc_wtree_job(t, a) == 77,
       "flags and jobs");
    zc_wtree_drop(t, b, going, gone, t);
    is_int(zc_wtree_flags(t, a), 0, "of those that are there");
    zc_wtree_free(t);
}

/* Enough for the tables to grow, and many chunks. */
static void test_many(void)
{
    enum { N = 20000 };
    static zc_wdir ids[N];
    struct zc_wtree *t = zc_wtree_new();
    char name[32];
    int wrong = 0;
    for (int i = 0; i < N; i++) {
        struct zc_wkey key = {sizeof i, {0}};
        snprintf(name, sizeof name, "n%d", i);
        ids[i] = add(t, i < 10 ? ZC_WDIR_ROOT : ids[i / 10], name);
        memcpy(key.bytes, &i, sizeof i);
        wrong += zc_wtree_set_key(t, ids[i], &key) != 0;
    }
    for (int i = 0; i < N; i++) {
        snprintf(name, sizeof name, "n%d", i);
        wrong += zc_wtree_child(t, i < 10 ? ZC_WDIR_ROOT : ids[i / 10], name,
                                strlen(name)) != ids[i];
        wrong += zc_wtree_by_key(t, &i, sizeof i) != ids[i];
        wrong += zc_wtree_lookup(t, path(t, ids[i])) != ids[i];
    }
    is_int(wrong, 0, "%d directories are found by name, key and path", N);
    going_text[0] = '\0';
    gone_count = 0;
    is_int(zc_wtree_count(t), N + 1, "all counted");
    zc_wtree_free(t);
}

int main(void)
{
    test_names();
    test_keys();
    test_many();
    return done_testing();
}
