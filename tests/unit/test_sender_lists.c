// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of lists of a sender, without a peer: src/sender/lists.c. */
#include "tap.h"

#include "sender/lists.h"
#include "sender/walk.h"
#include "sender/workers.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static struct zc_options opt;
static struct zc_stats stats;
static struct zc_sender s;
static struct zc_lists lists;
static struct zc_sworker w;

static unsigned items;
static char item_path[64];

static void on_item(void *arg, const struct zc_item *item)
{
    (void)arg;
    snprintf(item_path, sizeof item_path, "%s", item->path);
    items++;
}

static const struct zc_events events = {.item = on_item};

static void setup(void)
{
    memset(&s, 0, sizeof s);
    memset(&lists, 0, sizeof lists);
    memset(&w, 0, sizeof w);
    memset(&stats, 0, sizeof stats);
    zc_options_init(&opt);
    s.events = &events;
    s.stats = &stats;
    zc_sender_init(&s);
    zc_sender_set_options(&s, &opt);
    zc_lists_init(&s, &lists);
    zc_sworker_init(&w, &s, 0);
    s.tree = zc_dirtree_new(-1, ZC_DIRTREE_OPEN);
}

static void teardown(void)
{
    zc_sworker_fini(&w);
    zc_lists_fini(&s);
    zc_dirtree_free(s.tree);
    zc_sender_fini(&s);
}

static bool there_is;

static bool ready(const struct zc_sender *sender)
{
    (void)sender;
    return there_is;
}

/* Whose round it is takes what there is, if it waits for that. */
static void test_wake(void)
{
    setup();
    s.ready = ready;
    pthread_mutex_lock(&s.lock);
    s.own_waits = true;
    there_is = false;
    zc_sender_wake(&s);
    ok(s.own_waits, "nobody is woken for nothing");
    there_is = true;
    zc_sender_wake(&s);
    ok(!s.own_waits, "one thread is, for something");
    zc_sender_wake(&s);
    ok(!s.own_waits, "the others are when that is at work");
    pthread_mutex_unlock(&s.lock);
    teardown();
}

/* A list of N files called a, b, c ... in W's buffer. */
static struct zc_slist *list_of(unsigned n)
{
    struct zc_draft draft = zc_draft_begin(&w);
    for (unsigned i = 0; i < n; i++) {
        char name[2] = {(char)('a' + i), '\0'};
        struct zc_entry e = {.mode = S_IFREG | 0644, .size = 100 + i,
                             .name = name, .name_len = 1};
        struct zc_seen seen = {.ino = 1000 + i};
        zc_draft_note(&w, &draft, w.out.len, seen);
        zc_entry_encode(&w.out, &e);
    }
    struct zc_slist *l = zc_draft_keep(&w, &draft, zc_dirtree_root(s.tree));
    zc_draft_fini(&draft);
    return l;
}

/* The same, as if it had just been sent; QUEUED: and is somebody's. */
static struct zc_slist *sent_list(unsigned n, bool queued)
{
    struct zc_msg_list m = {0};
    struct zc_slist *l = list_of(n);
    l->queued = queued;
    zc_lists_open_dir(&s);
    if (zc_lists_frame(&w, l, &m, ZC_LIST_LAST) || zc_lists_number(&w, NULL))
        diag("no memory");
    zc_buf_reset(&w.out);
    return l;
}

/* WHAT of entry INDEX is asked for. */
static void need(struct zc_slist *l, uint32_t index, unsigned what)
{
    struct zc_need_item item = {.index = index, .what = (uint8_t)what};
    item.from = index * 10;
    if (zc_lists_need(&s, l, &item))
        diag("no memory");
}

/* The next wanted entry of L, or -1. */
static int next(struct zc_slist *l)
{
    uint32_t index;
    return zc_lists_next_wanted(&s, l, false, &index) ? (int)index : -1;
}

static bool is_gone(uint32_t id)
{
    return !zc_lists_find(&s, id);
}

static void test_draft(void)
{
    setup();
    zc_buf_put_str(&w.out, "something before it");
    size_t before = w.out.len;
    struct zc_slist *l = list_of(3);
    is_int(w.out.len, before, "the entries are out of the buffer");
    is_int(l->count, 3, "and in the list");
    for (uint32_t i = 0; i < 3; i++) {
        struct zc_entry e;
        zc_slist_entry(l, i, &e);
        ok(e.name_len == 1 && *e.name == (char)('a' + i) &&
               e.size == 100 + i && l->entries[i].seen.ino == 1000 + i,
           "entry %u is what was noted", i);
    }
    zc_slist_free(&s, l);

    struct zc_entry self = {.mode = S_IFDIR | 0755, .name = ""};
    l = zc_slist_self(&w, zc_dirtree_root(s.tree), &self);
    zc_slist_entry(l, 0, &self);
    ok(l->self && l->count == 1 && S_ISDIR(self.mode) && !self.name_len,
       "the list of a directory itself");
    zc_slist_free(&s, l);

    w.out.failed = true;
    ok(!list_of(1), "a buffer that could not grow: no list");
    teardown();
}

/* The number in the next of FRAMES. */
static int next_number(struct zc_rd *frames)
{
    struct zc_msg_list m;
    struct zc_err err;
    return zc_list_decode(zc_frame_next(frames), &m, &err) ? -1 : (int)m.list;
}

static void test_number(void)
{
    setup();
    struct zc_msg_list m = {0};
    uint32_t last = 99;
    size_t bytes = 0;
    zc_lists_open_dir(&s);
    zc_lists_open_dir(&s);
    for (unsigned i = 0; i < 3; i++) {
        struct zc_slist *l = list_of(i + 1);
        bytes += l->body_len;
        zc_lists_frame(&w, l, &m, i == 1 ? ZC_LIST_LAST : 0);
    }
    ok(is_gone(0), "nobody finds a list before it is sent");
    is_int(lists.open_dirs, 2, "the last list of a directory neither");
    is_int(zc_lists_number(&w, &last), 0, "three lists get their numbers");
    is_int(last, 2, "the last one");
    struct zc_rd frames = zc_rd_init(w.out.data, w.out.len);
    for (int i = 0; i < 3; i++) {
        struct zc_slist *l = zc_lists_find(&s, (uint32_t)i);
        ok(next_number(&frames) == i && l && l->count == (uint32_t)i + 1,
           "list %d, in the order of the buffer", i);
    }
    is_int(lists.unanswered, 3, "no question was asked yet");
    is_int(lists.bytes, bytes, "their bytes count");
    is_int(lists.open_dirs, 1, "one directory is through");
    ok(!zc_lists_answered(&s) && !zc_lists_over(&s), "it is not over");
    is_int(zc_lists_number(&w, &last), 0, "nothing to be numbered");
    is_int(last, 2, "changes nothing");

    /* Another one that is never sent. */
    zc_lists_frame(&w, list_of(2), &m, 0);
    zc_lists_restart(&s);
    teardown();
}

static void test_need(void)
{
    setup();
    struct zc_slist *l = sent_list(5, false), *other = sent_list(2, false);
    ok(!zc_lists_wanted(&s) && !zc_lists_take(&s), "nothing is wanted");
    need(other, 1, ZC_NEED_DATA);
    need(l, 1, ZC_NEED_DATA);
    need(l, 2, ZC_NEED_PENDING);
    need(l, 3, ZC_NEED_META);
    is_int(l->outstanding, 3, "three entries are outstanding");
    ok(zc_lists_wanted(&s), "lists are wanted");
    ok(zc_lists_take(&s) == other, "the first that was asked for");
    ok(zc_lists_take(&s) == l, "and the second");
    ok(!zc_lists_take(&s), "each once");
    is_int(next(l), 1, "its first wanted entry");
    is_int(next(l), 3, "the next, but not what the peer does alone");
    is_int(next(l), -1, "no more");
    ok(!l->queued, "it is handed back");
    need(l, 4, ZC_NEED_DATA);
    ok(zc_lists_take(&s) == l && next(l) == 4, "more of it can be asked for");
    is_int(next(l), -1, "and is sent, once");
    teardown();
}

/* In a worker's hands entries are wanted that he has passed already. */
static void test_cursor(void)
{
    setup();
    struct zc_slist *l = sent_list(5, false);
    uint32_t index;
    need(l, 3, ZC_NEED_DATA);
    ok(zc_lists_take(&s) == l && next(l) == 3, "entry 3 is being sent");
    need(l, 4, ZC_NEED_DATA);
    need(l, 0, ZC_NEED_DATA);
    ok(!zc_lists_take(&s), "the list is not queued twice");
    is_int(next(l), 0, "the cursor goes back");
    l->entries[0].state = l->entries[3].state = ZC_S_SENT;
    is_int(next(l), 4, "and on, over what was sent");
    ok(!zc_lists_next_wanted(&s, l, true, &index) && !l->queued,
       "whoever stops hands it back");
    teardown();
}

static void test_release(void)
{
    setup();
    struct zc_slist *l = sent_list(3, false);
    zc_lists_final(&s, l);
    ok(is_gone(0), "nothing was asked for: final, and gone");
    zc_lists_bury(&s);

    l = sent_list(3, false);
    need(l, 0, ZC_NEED_PENDING);
    zc_lists_settle(&s, l, 0);
    ok(!is_gone(1), "nothing is outstanding, but more may be asked for");
    need(l, 1, ZC_NEED_DATA);
    zc_lists_final(&s, l);
    ok(zc_lists_answered(&s) && !zc_lists_over(&s), "answered, not over");
    ok(zc_lists_take(&s) == l && next(l) == 1, "the last one is sent");
    is_int(next(l), -1, "nothing is left");
    ok(!is_gone(1), "a result is still to come");
    zc_lists_settle(&s, l, 1);
    ok(is_gone(1), "it has come: gone");
    ok(zc_lists_over(&s), "all is over");
    is_int(lists.bytes, 0, "no bytes are left");
    is_int(l->count, 3, "whoever holds it may still look at it");
    zc_lists_bury(&s);

    l = sent_list(1, false);
    need(l, 0, ZC_NEED_DATA);
    zc_lists_final(&s, l);
    ok(zc_lists_take(&s) == l && next(l) == 0, "sent");
    zc_lists_settle(&s, l, 0);
    ok(!is_gone(2), "settled, but it is in somebody's hands");
    is_int(next(l), -1, "he is through with it");
    ok(is_gone(2), "gone");
    teardown(); /* which buries it */
}

/* A list whose small files are sent unasked is its maker's meanwhile. */
static void test_hand_back(void)
{
    setup();
    struct zc_slist *l = list_of(3);
    l->queued = true;
    zc_slist_promise(l, 1);
    is_int(l->outstanding, 1, "a promise is outstanding");
    is_int(l->entries[1].state, ZC_S_SENDING, "and on its way");
    zc_slist_free(&s, l);

    l = sent_list(3, true);
    need(l, 2, ZC_NEED_DATA);
    ok(!zc_lists_wanted(&s), "what is asked for waits");
    zc_lists_hand_back(&s, l);
    ok(zc_lists_take(&s) == l && next(l) == 2, "until it is handed back");
    is_int(next(l), -1, "and all is sent");

    l = sent_list(3, true);
    zc_lists_final(&s, l);
    ok(!is_gone(1), "final, but its maker's");
    zc_lists_hand_back(&s, l);
    ok(is_gone(1), "handed back: gone");

    l = sent_list(3, true);
    zc_lists_hand_back(&s, l);
    ok(!is_gone(2) && !l->queued, "handed back before any answer: it stays");
    teardown();
}

static void test_check(void)
{
    setup();
    struct zc_slist *l = sent_list(4, false);
    struct zc_need_item item;
    need(l, 1, ZC_NEED_CHECK);
    need(l, 2, ZC_NEED_DATA);
    need(l, 3, ZC_NEED_FROM);
    ok(zc_lists_check(&s, l, 1, &item) && item.index == 1, "a hash");
    ok(!zc_lists_check(&s, l, 2, &item), "none of what is just wanted");
    ok(zc_lists_check(&s, l, 3, &item) && item.from == 30, "another");
    teardown();
}

static void test_item(void)
{
    setup();
    struct zc_slist *l = sent_list(2, false);
    zc_lists_item(&s, l, 0, ZC_ITEM_NEW | ZC_ITEM_DATA);
    is_int(items, 0, "nobody wants items");
    is_int(stats.created, 1, "but they count");
    opt.want_items = true;
    zc_lists_item(&s, l, 1, ZC_ITEM_TIME);
    is_int(items, 1, "an item");
    is_str(item_path, "b", "with its path");
    is_int(stats.changed_meta, 1, "its bytes are the same");
    zc_lists_item(&s, l, 1, 0);
    is_int(items, 1, "nothing happened: no item");
    opt.want_items = false;
    teardown();
}

/* The end of a round is something to do, but not while one is at work. */
static void test_ready(void)
{
    struct zc_walk walk = {0};
    setup();
    zc_walk_init(&s, &walk);
    s.round.finished = false;
    ok(zc_sworkers_ready(&s), "a round with nothing in it can end");
    s.round.busy = 1;
    ok(!zc_sworkers_ready(&s), "but not while there is somebody at work");
    s.round.busy = 0;
    struct zc_slist *l = sent_list(1, false);
    ok(!zc_sworkers_ready(&s), "nor before the peer has answered");
    zc_lists_final(&s, l);
    ok(zc_sworkers_ready(&s), "when it has, it can");
    zc_lists_bury(&s);
    teardown();
}

int main(void)
{
    test_wake();
    test_ready();
    test_draft();
    test_number();
    test_need();
    test_cursor();
    test_release();
    test_hand_back();
    test_check();
    test_item();
    return done_testing();
}
