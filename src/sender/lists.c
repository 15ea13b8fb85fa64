// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table of lists. A list is what was sent, byte for byte, and a few bytes an
 * entry for what was asked for; so a tree of any size costs no more than the
 * lists that the peer has not finished with (see walk.c for how many).
 */
#include "sender/lists.h"

#include "sender/linknames.h"

#include <string.h>

/* So many bytes need not wait for their turn with --bwlimit, if they overtake. */
#define OVERTAKES_MAX ((size_t)64 << 10)

void zc_lists_init(struct zc_sender *s, struct zc_lists *t)
{
    s->lists = t;
    STAILQ_INIT(&t->wanted);
    STAILQ_INIT(&t->dead);
}

void zc_lists_fini(struct zc_sender *s)
{
    size_t at = 0;
    for (struct zc_map_slot *m; (m = zc_map_next(&s->lists->by_id, &at));)
        zc_slist_free(s, m->value);
    zc_map_fini(&s->lists->by_id);
    zc_lists_bury(s);
}

/* --- making --- */

struct zc_draft zc_draft_begin(const struct zc_sworker *w)
{
    return (struct zc_draft){.begin = w->out.len};
}

void zc_draft_fini(struct zc_draft *d)
{
    zc_vec_fini(&d->notes);
}

void zc_draft_note(struct zc_sworker *w, struct zc_draft *d, size_t offset,
                   struct zc_seen seen)
{
    struct zc_draft_note note = {.offset = offset, .seen = seen};
    if (zc_vec_push(&d->notes, note))
        w->out.failed = true;
}

void zc_draft_followed(struct zc_draft *d)
{
    if (d->notes.len)
        d->notes.v[d->notes.len - 1].followed = true;
}

/* A list of N entries, LEN bytes, all still to be filled in. */
static struct zc_slist *list_new(size_t n, size_t len)
{
    struct zc_slist *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->count = (uint32_t)n;
    l->body_len = len;
    l->body = malloc(len + 1);
    l->entries = calloc(n + 1, sizeof *l->entries);
    if (l->body && l->entries)
        return l;
    free(l->body);
    free(l->entries);
    free(l);
    return NULL;
}

struct zc_slist *zc_draft_keep(struct zc_sworker *w, const struct zc_draft *d,
                               struct zc_dirnode *node)
{
    if (w->out.failed)
        return NULL;
    struct zc_slist *l = list_new(d->notes.len, w->out.len - d->begin);
    if (!l)
        return NULL;
    if (l->body_len)
        memcpy(l->body, w->out.data + d->begin, l->body_len);
    w->out.len = d->begin;
    for (uint32_t i = 0; i < l->count; i++)
        l->entries[i] = (struct zc_sentry){
            .seen = d->notes.v[i].seen,
            .followed = d->notes.v[i].followed,
            .offset = (uint32_t)(d->notes.v[i].offset - d->begin)};
    l->node = node;
    l->overtakes = w->overtakes;
    zc_dirnode_ref(w->s->tree, node);
    return l;
}

struct zc_slist *zc_slist_self(struct zc_sworker *w, struct zc_dirnode *node,
                               const struct zc_entry *e)
{
    struct zc_draft draft = zc_draft_begin(w);
    zc_draft_note(w, &draft, w->out.len, (struct zc_seen){0});
    zc_entry_encode(&w->out, e);
    struct zc_slist *l = zc_draft_keep(w, &draft, node);
    zc_draft_fini(&draft);
    if (l)
        l->self = true;
    return l;
}

struct zc_slist *zc_slist_groups(struct zc_sender *s, struct zc_sdir *d,
                                 size_t n)
{
    struct zc_slist *l = list_new(n, 0);
    if (!l)
        return NULL;
    l->asked = d;
    l->node = d->node;
    zc_dirnode_ref(s->tree, d->node);
    return l;
}

void zc_slist_free(struct zc_sender *s, struct zc_slist *l)
{
    if (!l)
        return;
    if (l->asked)
        zc_sdir_free(s, l->asked);
    zc_dirnode_unref(s->tree, l->node);
    zc_filter_free(l->filter);
    zc_vec_fini(&l->checks);
    free(l->body);
    free(l->entries);
    free(l);
}

void zc_slists_free(struct zc_sender *s, struct zc_slists *lists)
{
    for (struct zc_slist *l; (l = STAILQ_FIRST(lists));) {
        STAILQ_REMOVE_HEAD(lists, link);
        zc_slist_free(s, l);
    }
}

void zc_slist_entry(const struct zc_slist *l, uint32_t index,
                    struct zc_entry *e)
{
    struct zc_rd r = zc_rd_init(l->body + l->entries[index].offset,
                                l->body_len - l->entries[index].offset);
    /* Our own encoding: cannot fail. */
    zc_entry_decode(&r, l->self, e, NULL);
}

void zc_slist_promise(struct zc_slist *l, uint32_t index)
{
    l->outstanding++;
    l->entries[index].what = ZC_NEED_DATA;
    l->entries[index].state = ZC_S_SENDING;
}

int zc_lists_fresh(struct zc_sworker *w, struct zc_slist *l, size_t at,
                   bool last)
{
    if (w->out.failed) {
        zc_slist_free(w->s, l);
        return -1;
    }
    l->frame = at;
    l->last = last;
    STAILQ_INSERT_TAIL(&w->fresh, l, link);
    return 0;
}

int zc_lists_frame(struct zc_sworker *w, struct zc_slist *l,
                   const struct zc_msg_list *m, unsigned flags)
{
    size_t at = zc_list_begin(&w->out, m);
    zc_buf_put(&w->out, l->body, l->body_len);
    zc_list_end(&w->out, at, l->count, (uint16_t)flags);
    return zc_lists_fresh(w, l, at, flags & ZC_LIST_LAST);
}

int zc_lists_number(struct zc_sworker *w, uint32_t *last)
{
    struct zc_sender *s = w->s;
    struct zc_lists *t = s->lists;
    int r = 0;
    pthread_mutex_lock(&s->lock);
    for (struct zc_slist *l; (l = STAILQ_FIRST(&w->fresh));) {
        STAILQ_REMOVE_HEAD(&w->fresh, link);
        l->id = t->next_id++;
        zc_list_set_number(&w->out, l->frame, l->id);
        if (r || zc_map_put(&t->by_id, l->id, 0, l)) {
            zc_slist_free(s, l);
            r = -1;
            continue;
        }
        t->unanswered++;
        t->bytes += l->body_len;
        if (l->last)
            t->open_dirs--;
    }
    if (last)
        *last = t->next_id - 1;
    pthread_mutex_unlock(&s->lock);
    return r;
}

int zc_lists_flush(struct zc_sworker *w)
{
    return zc_lists_flush_last(w, NULL);
}

int zc_lists_flush_last(struct zc_sworker *w, uint32_t *last)
{
    struct zc_err err;
    if (!w->out.len && !w->out.failed)
        return 0;
    if (w->overtakes && w->out.len <= OVERTAKES_MAX)
        zc_sender_charge(w->s, w->out.len);
    else
        zc_sender_throttle(w->s, w->out.len);
    zc_conn_lock(&w->s->conn);
    int r = zc_lists_number(w, last)
                ? zc_err_nomem(&err)
                : zc_conn_send_locked(&w->s->conn, &w->out, &err);
    zc_conn_unlock(&w->s->conn);
    if (r)
        zc_sender_fail(w->s, &err);
    return r;
}

/* --- counting --- */

void zc_lists_open_dir(struct zc_sender *s)
{
    s->lists->open_dirs++;
}

void zc_lists_close_dir(struct zc_sender *s)
{
    s->lists->open_dirs--;
}

bool zc_lists_answered(const struct zc_sender *s)
{
    return !s->lists->open_dirs && !s->lists->unanswered;
}

bool zc_lists_over(const struct zc_sender *s)
{
    return !s->lists->open_dirs && !s->lists->by_id.used;
}

bool zc_lists_wanted(const struct zc_sender *s)
{
    return !STAILQ_EMPTY(&s->lists->wanted);
}

/* --- asking --- */

void zc_lists_restart(struct zc_sender *s)
{
    s->lists->next_id = 0;
}

struct zc_slist *zc_lists_find(const struct zc_sender *s, uint32_t id)
{
    return zc_map_get(&s->lists->by_id, id, 0);
}

/* Queues L for the workers. */
static void enqueue(struct zc_lists *t, struct zc_slist *l)
{
    if (l->queued)
        return;
    l->queued = true;
    STAILQ_INSERT_TAIL(&t->wanted, l, link);
}

int zc_lists_need(struct zc_sender *s, struct zc_slist *l,
                  const struct zc_need_item *item)
{
    struct zc_sentry *se = &l->entries[item->index];
    se->item_flags = item->item_flags;
    se->what = item->what;
    int r = 0;
    if (item->what & (ZC_NEED_CHECK | ZC_NEED_FROM | ZC_NEED_DELTA))
        r = zc_vec_push(&l->checks, *item);
    if (!(item->what & ZC_NEED_OUTSTANDING))
        return r;
    l->outstanding++;
    if (item->what & ZC_NEED_PENDING) {
        se->state = ZC_S_PENDING;
    } else {
        se->state = ZC_S_WANTED;
        l->cursor = ZC_MIN(l->cursor, item->index);
        enqueue(s->lists, l);
    }
    return r;
}

/* After anything about L changed: when nothing in it is open any more, it leaves
 * the table. */
static void release(struct zc_sender *s, struct zc_slist *l)
{
    struct zc_lists *t = s->lists;
    if (!l->final || l->outstanding || l->queued)
        return;
    zc_map_del(&t->by_id, l->id, 0);
    t->bytes -= l->body_len;
    STAILQ_INSERT_TAIL(&t->dead, l, link);
    zc_sender_wake(s);
}

void zc_lists_final(struct zc_sender *s, struct zc_slist *l)
{
    l->final = true;
    s->lists->unanswered--;
    release(s, l);
}

void zc_lists_settle(struct zc_sender *s, struct zc_slist *l, uint32_t index)
{
    l->entries[index].state = ZC_S_LISTED;
    l->outstanding--;
    release(s, l);
}

/* --- sending --- */

struct zc_slist *zc_lists_take(struct zc_sender *s)
{
    struct zc_slist *l = STAILQ_FIRST(&s->lists->wanted);
    if (l)
        STAILQ_REMOVE_HEAD(&s->lists->wanted, link);
    return l;
}

void zc_lists_hand_back(struct zc_sender *s, struct zc_slist *l)
{
    l->queued = false;
    for (uint32_t i = l->cursor; i < l->count; i++) {
        if (l->entries[i].state != ZC_S_WANTED)
            continue;
        enqueue(s->lists, l);
        zc_sender_wake(s);
        return;
    }
    release(s, l);
}

bool zc_lists_next_wanted(struct zc_sender *s, struct zc_slist *l, bool stop,
                          uint32_t *index)
{
    pthread_mutex_lock(&s->lock);
    while (l->cursor < l->count &&
           l->entries[l->cursor].state != ZC_S_WANTED)
        l->cursor++;
    bool found = l->cursor < l->count && !s->failed && !stop;
    if (found) {
        *index = l->cursor++;
    } else {
        l->queued = false;
        release(s, l);
    }
    pthread_mutex_unlock(&s->lock);
    return found;
}

bool zc_lists_check(struct zc_sender *s, const struct zc_slist *l,
                    uint32_t index, struct zc_need_item *out)
{
    const struct zc_need_item *item = NULL;
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < l->checks.len; i++)
        if (l->checks.v[i].index == index)
            item = &l->checks.v[i];
    if (item)
        *out = *item;
    pthread_mutex_unlock(&s->lock);
    return item;
}

/* A file's bytes are counted when they have been sent; in a dry run here. */
static void count_item(struct zc_sender *s, const struct zc_entry *e,
                       unsigned flags)
{
    struct zc_stats *st = s->stats;
    bool bytes = flags & ZC_ITEM_DATA && S_ISREG(e->mode);
    if (flags & ZC_ITEM_NEW)
        atomic_fetch_add(&st->created, 1);
    else if (!(flags & (ZC_ITEM_DATA | ZC_ITEM_HARD_LINK)))
        atomic_fetch_add(&st->changed_meta, 1);
    else if (!bytes)
        atomic_fetch_add(&st->replaced, 1);
    if (bytes && s->opt->dry_run) {
        atomic_fetch_add(&st->need_files, 1);
        atomic_fetch_add(&st->need_bytes, e->size);
    }
}

void zc_lists_item(struct zc_sender *s, const struct zc_slist *l,
                   uint32_t index, unsigned flags)
{
    if (!flags)
        return;
    struct zc_entry e;
    zc_slist_entry(l, index, &e);
    if (!(flags & ZC_ITEM_UNCHANGED))
        count_item(s, &e, flags);
    if (!zc_sender_wants_items(s))
        return;
    struct zc_buf path = ZC_BUF_INIT;
    const char *name = zc_dirnode_path_of(l->node, e.name, e.name_len, &path);
    zc_auto_free char *target =
        e.target ? strndup(e.target, e.target_len) : NULL;
    zc_auto_free char *other = name && flags & ZC_ITEM_HARD_LINK
                                   ? zc_linknames_other(s, &e, name)
                                   : NULL;
    struct zc_item item = {
        .flags = flags,
        .mode = e.mode,
        .path = name,
        .size = e.size,
        .mtime_s = e.mtime_s,
        .mtime_ns = e.mtime_ns,
        .uid = e.uid,
        .gid = e.gid,
        .link_target = target,
        .hard_link_to = other,
    };
    if (item.path)
        zc_sender_item(s, &item);
    zc_buf_fini(&path);
}

void zc_lists_bury(struct zc_sender *s)
{
    struct zc_slists dead = STAILQ_HEAD_INITIALIZER(dead);
    pthread_mutex_lock(&s->lock);
    STAILQ_CONCAT(&dead, &s->lists->dead);
    pthread_mutex_unlock(&s->lock);
    zc_slists_free(s, &dead);
}
