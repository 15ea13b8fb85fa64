// SPDX-License-Identifier: GPL-2.0-or-later
/* settle and min interval: what is read, and whom it holds back. */
#include "mirror/holds.h"
#include "base/clock.h"
#include "tap.h"

static void test_find(void)
{
    static const struct {
        const char *path;
        int64_t settle, interval;
    } paths[] = {
        {"x.log", 2, 60},     {"d/x.log", 2, 60}, {"x.log/in", 2, 60},
        {"db/a/b", 300, 60},  {"d/db/x", 0, 60},  {"db/x.log", 2, 60},
        {"other", 0, 60},     {"two words", 7, 60},
    };
    zc_holds h = {0};
    struct zc_err err;
    is_int(zc_holds_add(&h, true, "2s *.log", &err), 0, "seconds");
    is_int(zc_holds_add(&h, true, "5m \t /db/", &err), 0, "minutes");
    is_int(zc_holds_add(&h, true, "7 two words", &err), 0, "blanks are kept");
    is_int(zc_holds_add(&h, false, "1m", &err), 0, "everything");
    is_int(zc_holds_add(&h, false, "1s *.log", &err), 0, "too late");
    for (size_t i = 0; i < ZC_ARRAY_LEN(paths); i++) {
        struct zc_hold hold = zc_holds_of(&h, paths[i].path);
        ok(hold.settle_ns == paths[i].settle * ZC_NSEC_PER_SEC &&
               hold.interval_ns == paths[i].interval * ZC_NSEC_PER_SEC,
           "%s", paths[i].path);
    }
    zc_holds_fini(&h);
    is_int(zc_holds_of(&h, "x.log").settle_ns, 0, "nothing without rules");
}

static void test_bad(void)
{
    static const char *const bad[] = {
        "",    "*.log", "0",     "0s x", "never x",  "25h x",   "weekly x",
        "-1s", "2.5s",  "1s !",  "1s + x", "1s - x", "99999999999 x",
    };
    zc_holds h = {0};
    struct zc_err err;
    for (size_t i = 0; i < ZC_ARRAY_LEN(bad); i++)
        is_int(zc_holds_add(&h, true, bad[i], &err), -1, "'%s' is refused",
               bad[i]);
    is_int(h.len, 0, "and adds nothing");
    is_int(zc_holds_add(&h, true, "daily x", &err), 0, "a day is fine");
    zc_holds_fini(&h);
}

int main(void)
{
    test_find();
    test_bad();
    return done_testing();
}
