// SPDX-License-Identifier: GPL-2.0-or-later
/* What is sent again, when it is due: src/sender/retries.c. */
#include "tap.h"

#include "sender/retries.h"

static struct zc_retries retries;

static void add(uint32_t index, int64_t due)
{
    struct zc_retry r = {.index = index, .tries = index + 1, .due = due};
    if (zc_retries_add(&retries, &r))
        diag("no memory");
}

/* The one that is due at NOW; -1: none. */
static int take(int64_t now, int64_t *wait)
{
    struct zc_retry r;
    if (!zc_retries_take(&retries, now, &r, wait))
        return -1;
    if (r.tries != r.index + 1 || r.due > now)
        diag("entry %u: %u tries, due at %lld", r.index, r.tries,
             (long long)r.due);
    return (int)r.index;
}

static void test_empty(void)
{
    int64_t wait = INT64_MAX;
    is_int(take(1000, &wait), -1, "nothing is to be sent again");
    ok(wait == INT64_MAX, "and nothing to wait for");
}

static void test_order(void)
{
    int64_t wait = INT64_MAX;
    add(0, 300);
    add(1, 100);
    add(2, 200);
    is_int(take(99, &wait), -1, "none is due");
    is_int(wait, 1, "the first will be soon");
    wait = INT64_MAX;
    is_int(take(100, &wait), 1, "it is, though another was there before");
    wait = INT64_MAX;
    is_int(take(150, &wait), -1, "once");
    is_int(wait, 50, "the next is not the one that was there first");
    wait = 10;
    is_int(take(150, &wait), -1, "none is due still");
    is_int(wait, 10, "whoever had to be back earlier still has");
    is_int(take(200, &wait), 2, "the second");
    is_int(take(300, &wait), 0, "the last");
    is_int(take(1000, &wait), -1, "no more");
}

static void test_all_due(void)
{
    int64_t wait = INT64_MAX;
    unsigned seen = 0;
    for (uint32_t i = 0; i < 20; i++)
        add(i, i % 3);
    for (int i; (i = take(3, &wait)) >= 0;)
        seen |= 1u << i;
    is_int(seen, (1 << 20) - 1, "many that are due: each of them once");
}

static void test_again_meanwhile(void)
{
    int64_t wait = INT64_MAX;
    add(0, 10);
    add(1, 30);
    is_int(take(10, &wait), 0, "one that fails again");
    add(0, 40);
    is_int(take(30, &wait), 1, "waits behind the other");
    is_int(take(40, &wait), 0, "until it is due");
}

int main(void)
{
    test_empty();
    test_order();
    test_all_due();
    test_again_meanwhile();
    zc_retries_fini(&retries);
    return done_testing();
}
