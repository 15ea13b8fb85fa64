// SPDX-License-Identifier: GPL-2.0-or-later
/* src/receiver/ledger.c: what is open, and where it counts. */
#include "tap.h"

#include "proto/proto.h"
#include "receiver/ledger.h"

#include <stdlib.h>

static struct zc_ledger g;
static struct zc_ledger_list list;
static struct zc_ledger_dir dir;

static void start(void)
{
    g = (struct zc_ledger){0};
    list = (struct zc_ledger_list){0};
    dir = (struct zc_ledger_dir){0};
    zc_ledger_open_dir(&g, &dir, NULL);
}

/* As an entry of DIR is finished in lists.c. */
static bool done(void)
{
    zc_ledger_done(&g, &list, &dir);
    return zc_ledger_release(&dir);
}

static void test_entries(void)
{
    start();
    is_int(g.open, 1, "a directory is open");
    ok(zc_ledger_held_once(&dir), "its listing is pending in it");
    ok(zc_ledger_list_idle(&list), "nothing is outstanding in a new list");
    ok(!zc_ledger_claim(&list, 1), "and nothing may be sent");

    zc_ledger_open(&g, &list, &dir, 3);
    is_int(g.open, 4, "three entries are asked for");
    ok(!zc_ledger_list_idle(&list), "the list is not idle");
    ok(!zc_ledger_files_done(&dir), "the directory has files to come");
    ok(!zc_ledger_claim(&list, 4), "four may not be sent");
    ok(zc_ledger_claim(&list, 2), "two may");
    ok(!zc_ledger_claim(&list, 2), "two more may not");
    ok(zc_ledger_claim(&list, 1), "one may");
    ok(!zc_ledger_claim(&list, 1), "and then no other");

    ok(!done(), "one is finished");
    zc_ledger_again(&list);
    ok(zc_ledger_claim(&list, 1), "one that shall come again may");
    ok(!done() && !zc_ledger_list_idle(&list), "another one is finished");
    ok(!done(), "the last one is finished, the listing is not");
    ok(zc_ledger_list_idle(&list), "the list is idle");
    ok(zc_ledger_files_done(&dir), "no files are to come");
    ok(zc_ledger_release(&dir), "the listing was the last thing");
    zc_ledger_close_dir(&g);
    is_int(g.open, 0, "nothing is open");
}

static void test_waiting(void)
{
    start();
    zc_ledger_open_waiting(&g, &list, &dir);
    is_int(g.open, 2, "one waits for another");
    ok(!zc_ledger_list_idle(&list), "it is outstanding");
    ok(!zc_ledger_claim(&list, 1), "and may not be sent");
    zc_ledger_again(&list);
    ok(zc_ledger_claim(&list, 1), "until it is asked for");
    ok(!done() && zc_ledger_list_idle(&list), "it is finished");
}

/* META of a directory stands in the list that named it, and in itself. */
static void test_meta(void)
{
    struct zc_ledger_dir child = {0};
    start();
    zc_ledger_open_dir(&g, &child, &dir);
    is_int(g.open, 2, "a child is open");
    ok(!zc_ledger_held_once(&dir), "and pending in its parent");
    zc_ledger_open_meta(&g, &list, &child);
    is_int(g.open, 3, "its metadata is asked for");
    ok(zc_ledger_files_done(&child) && zc_ledger_files_done(&dir),
       "which is no file of either");
    ok(!zc_ledger_claim(&list, 1), "nor an entry that may be sent");
    ok(!zc_ledger_release(&child), "it is listed, but not finished");
    ok(zc_ledger_claim_meta(&list), "its metadata may be sent");
    ok(!zc_ledger_claim_meta(&list), "once");
    zc_ledger_meta_done(&g, &list);
    ok(zc_ledger_list_idle(&list), "it has come");
    ok(zc_ledger_release(&child), "and the child is finished");
    zc_ledger_close_dir(&g);
    ok(!zc_ledger_release(&dir), "so its parent has one thing less to do");
    ok(zc_ledger_release(&dir), "and is finished when it is listed");
}

static void test_holds(void)
{
    start();
    zc_ledger_hold(&dir);
    ok(!zc_ledger_held_once(&dir), "held");
    ok(!zc_ledger_release(&dir), "one of two");
    ok(zc_ledger_held_once(&dir), "one is left");
    ok(zc_ledger_release(&dir), "the last");
}

static void test_full(void)
{
    start();
    zc_ledger_open(&g, &list, &dir, ZC_PENDING_MAX - 1);
    ok(!zc_ledger_full(&g), "as many as may be open");
    zc_ledger_open(&g, &list, &dir, 1);
    ok(zc_ledger_full(&g), "one too many");
    zc_ledger_claim(&list, 1);
    done();
    ok(!zc_ledger_full(&g), "one is finished");
}

/* Any order of events: in the end all books are empty, and never before. */
enum { LISTS = 4, STEPS = 20000 };

struct model {
    struct zc_ledger_list list;
    struct zc_ledger_dir dir;
    unsigned asked, waiting, working; /* entries */
    unsigned meta;
};

static bool as_in_model(const struct model *m)
{
    unsigned files = m->asked + m->waiting + m->working;
    return m->list.outstanding == files + m->meta &&
           m->list.claimable == m->asked &&
           m->list.meta_claimable == m->meta && m->dir.files == files &&
           m->dir.pending == files + m->meta + 1;
}

static void step(struct model *m, unsigned what)
{
    unsigned n = what / 8 % 5;
    switch (what % 8) {
    case 0:
        zc_ledger_open(&g, &m->list, &m->dir, n);
        m->asked += n;
        break;
    case 1:
        zc_ledger_open_waiting(&g, &m->list, &m->dir);
        m->waiting++;
        break;
    case 2:
        if (zc_ledger_claim(&m->list, n)) {
            m->asked -= n;
            m->working += n;
        }
        break;
    case 3:
    case 4:
        if (m->working) {
            zc_ledger_done(&g, &m->list, &m->dir);
            zc_ledger_release(&m->dir);
            m->working--;
        }
        break;
    case 5:
        if (m->waiting || m->working) {
            zc_ledger_again(&m->list);
            m->asked++;
            m->waiting ? m->waiting-- : m->working--;
        }
        break;
    case 6:
        zc_ledger_open_meta(&g, &m->list, &m->dir);
        m->meta++;
        break;
    case 7:
        if (zc_ledger_claim_meta(&m->list)) {
            m->meta--;
            zc_ledger_meta_done(&g, &m->list);
            zc_ledger_release(&m->dir);
        }
        break;
    }
}

static void test_model(void)
{
    struct model m[LISTS] = {0};
    const char *seed = getenv("ZC_SEED");
    unsigned bad = 0;
    srand(seed ? (unsigned)strtoul(seed, NULL, 10) : 1);
    g = (struct zc_ledger){0};
    for (int i = 0; i < LISTS; i++)
        zc_ledger_open_dir(&g, &m[i].dir, NULL);
    for (int i = 0; i < STEPS; i++) {
        uint64_t open = LISTS;
        step(&m[rand() % LISTS], (unsigned)rand());
        for (int k = 0; k < LISTS; k++) {
            bad += !as_in_model(&m[k]);
            open += m[k].list.outstanding;
        }
        bad += open != g.open;
    }
    is_int(bad, 0, "the books agree after each of %d steps", STEPS);
}

int main(void)
{
    test_entries();
    test_waiting();
    test_meta();
    test_holds();
    test_full();
    test_model();
    return done_testing();
}
