// SPDX-License-Identifier: GPL-2.0-or-later
/* src/tree/places.c: what may be looked into. */
#include "tap.h"

#include "tree/places.h"

#include <string.h>

static const struct zc_place some[] = {
    {"d/mnt", 7, ZC_PLACE_MOUNTED}, {"d/mnt/in", 0, ZC_PLACE_GONE},
    {"d.x", 8, ZC_PLACE_MOUNTED},   {"a", 0, ZC_PLACE_LEFT_OUT},
    {"d/mnt2", 9, ZC_PLACE_MOUNTED},
};

static const char *path_of(const struct zc_place *p)
{
    return p ? p->path : "none";
}

static void test_finding(const struct zc_places *p)
{
    is_str(path_of(zc_places_at(p, "d/mnt")), "d/mnt", "at its path");
    is_str(path_of(zc_places_at(p, "d")), "none", "not above it");
    is_str(path_of(zc_places_over(p, "d/mnt/x/y")), "d/mnt", "over it");
    is_str(path_of(zc_places_over(p, "d/mnt/in/y")), "d/mnt/in", "the nearest");
    is_str(path_of(zc_places_over(p, "d/mnt2")), "d/mnt2", "that itself");
    is_str(path_of(zc_places_over(p, "d/mn")), "none", "no part of a name");
    is_str(path_of(zc_places_over(p, "")), "none", "nothing over the root");
    is_str(path_of(zc_places_below(p, "d")), "d/mnt", "below a directory");
    is_str(path_of(zc_places_below(p, "d/mnt")), "d/mnt/in", "below a place");
    is_str(path_of(zc_places_below(p, "d/mnt2")), "none", "nothing below");
    is_str(path_of(zc_places_below(p, "")), "a", "below the root");
    is_str(path_of(zc_places_over(NULL, "a")), "none", "no table, over");
    is_str(path_of(zc_places_below(NULL, "")), "none", "no table, below");
    is_str(path_of(zc_places_at(NULL, "a")), "none", "no table, at");
}

static const char *may(const struct zc_places *p, const char *path,
                       uint64_t mnt)
{
    bool since;
    if (zc_places_may_enter(p, path, mnt, 1, &since))
        return since ? "both" : "yes";
    return since ? "since" : "no";
}

static void test_entering(const struct zc_places *p)
{
    is_str(may(p, "", 1), "yes", "the root");
    is_str(may(p, "x/y", 1), "yes", "on the root's mount");
    is_str(may(p, "x/y", 2), "since", "on one that is new");
    is_str(may(p, "d/mnt/x", 7), "yes", "on the mount that is known");
    is_str(may(p, "d/mnt/x", 1), "since", "it was unmounted");
    is_str(may(p, "d/mnt/in", 7), "no", "it is gone");
    is_str(may(p, "d/mnt/in/x", 3), "no", "and all in it");
    is_str(may(p, "a/b", 1), "no", "left out");
    is_str(may(NULL, "a/b", 5), "yes", "without a table");
}

int main(void)
{
    struct zc_places *p = zc_places_new(some, ZC_ARRAY_LEN(some), true);
    struct zc_places *same = zc_places_ref(p);
    test_finding(p);
    zc_places_unref(same);
    test_entering(p);
    zc_places_unref(p);
    p = zc_places_new(NULL, 0, false);
    is_str(may(p, "x", 9), "yes", "a table that knows nothing, not strict");
    is_str(path_of(zc_places_over(p, "x")), "none", "and has none");
    zc_places_unref(p);
    zc_places_unref(NULL);
    return done_testing();
}
