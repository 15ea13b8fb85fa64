// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A list from the sender against the directory here. Both are sorted: they are
 * walked in step, entry by entry (compare.c); names that only exist here go to
 * the deletion plan. The answers go back as one NEED.
 */
#include "receiver/walk.h"

#include "receiver/compare.h"
#include "receiver/core.h"
#include "receiver/deletions.h"
#include "receiver/dirs.h"
#include "receiver/hardlinks.h"
#include "receiver/lists.h"
#include "receiver/place.h"
#include "receiver/queue.h"
#include "receiver/volumes.h"
#include "session/events.h"

#include <string.h>
#include <sys/stat.h>

static bool reserved(const struct zc_rdir *d, const char *name, size_t n)
{
    return d->volume_top && n == strlen(ZC_STAGING_NAME) &&
           !memcmp(name, ZC_STAGING_NAME, n);
}

/* The local names before NAME (NULL: all that are left) have no counterpart. */
static void pass_extras(struct zc_rworker *w, struct zc_rdir *d, int dirfd,
                        const char *name, size_t n, bool complete)
{
    while (d->names_at < d->names.len) {
        const char *here = zc_names_at(&d->names, d->names_at);
        size_t here_len = d->names.v[d->names_at].len;
        if (name && zc_name_cmp(here, here_len, name, n) >= 0)
            break;
        d->names_at++;
        if (reserved(d, here, here_len))
            continue;
        atomic_fetch_add(&w->r->deletions->seen, 1);
        if (complete)
            zc_deletions_plan(w, d, dirfd, here, false);
    }
}

/* Is the entry's name here? The cursor moves past it. */
static bool take_name(struct zc_rdir *d, const char *name, size_t n)
{
    if (d->names_at >= d->names.len ||
        zc_name_cmp(zc_names_at(&d->names, d->names_at),
                    d->names.v[d->names_at].len, name, n) != 0)
        return false;
    d->names_at++;
    return true;
}

/* Some names of a directory that may have a great many. */
static bool asks_by_name(const struct zc_rdir *d, const struct zc_msg_list *m)
{
    return d->shallow && m->flags & ZC_LIST_INCOMPLETE;
}

static bool walk_list(struct zc_answer *a, struct zc_rdir *d, int dirfd,
                      struct zc_rlist *list, struct zc_msg_list *m,
                      struct zc_err *err)
{
    struct zc_receiver *r = a->w->r;
    struct zc_entry prev = {0}, e;
    bool complete = r->flags & ZC_OPEN_DELETE &&
                    !(m->flags & ZC_LIST_INCOMPLETE);
    bool by_name = asks_by_name(d, m);
    for (uint32_t i = 0; i < m->count; i++) {
        if (zc_list_next(m, &prev, &e, err))
            return false;
        if (e.flags & ZC_ENTRY_PLACED && !d->shallow) {
            zc_receiver_nonsense(err, "flags of a round in a whole list");
            return false;
        }
        if (reserved(d, e.name, e.name_len))
            continue;
        pass_extras(a->w, d, dirfd, e.name, e.name_len, complete);
        struct zc_cmp c = {.dir = d, .list = list, .dirfd = dirfd, .e = &e,
                        .ref = {m->list, i}};
        memcpy(c.name, e.name, e.name_len);
        bool here = by_name ? zc_compare_looks(r, &e) && dirfd >= 0
                            : take_name(d, e.name, e.name_len);
        c.exists = here && !zc_stat_at(dirfd, c.name, &c.st);
        if (by_name ? c.exists : here)
            atomic_fetch_add(&r->deletions->seen, 1);
        if (e.flags & ZC_ENTRY_ABSENT) {
            if (c.exists)
                zc_deletions_plan(a->w, d, dirfd, c.name, d->shallow);
        } else {
            zc_compare_entry(a, &c);
        }
    }
    if (m->flags & ZC_LIST_LAST)
        pass_extras(a->w, d, dirfd, NULL, 0, complete);
    return zc_list_ended(m, err) == 0;
}

/* Names that lists before this one were about: those that were asked for one by
 * one have not moved the cursor. */
static void pass_earlier(struct zc_rdir *d, const struct zc_msg_list *m)
{
    while (d->names_at < d->names.len &&
           zc_name_cmp(zc_names_at(&d->names, d->names_at),
                       d->names.v[d->names_at].len,
                       (const char *)m->after.p, m->after.n) <= 0)
        d->names_at++;
}

/* The list must go on where the one before it ended. */
static int check_continues(struct zc_rdir *d, const struct zc_msg_list *m,
                           struct zc_err *err)
{
    const char *last = d->last_name ? d->last_name : "";
    if (m->after.n == strlen(last) && !memcmp(m->after.p, last, m->after.n))
        return 0;
    return zc_err_set(err, ZC_EXIT_STREAM, 0,
                      "the peer sent lists that are not in order");
}

static int remember_last(struct zc_rdir *d, struct zc_msg_list m,
                         struct zc_err *err)
{
    struct zc_entry prev = {0}, e;
    for (uint32_t i = 0; i < m.count; i++)
        if (zc_list_next(&m, &prev, &e, err))
            return -1;
    if (!m.count || m.flags & ZC_LIST_LAST)
        return 0;
    free(d->last_name);
    d->last_name = strndup(prev.name, prev.name_len);
    return d->last_name ? 0 : zc_err_nomem(err);
}

static bool any_file(struct zc_msg_list m)
{
    struct zc_entry prev = {0}, e;
    for (uint32_t i = 0; i < m.count; i++)
        if (!zc_list_next(&m, &prev, &e, NULL) && S_ISREG(e.mode))
            return true;
    return false;
}

/* What is in the directory now, once. */
static void read_names(struct zc_rworker *w, struct zc_rdir *d, int dirfd)
{
    if (d->names_read || d->state != ZC_RD_EXISTS || dirfd < 0)
        return;
    d->names_read = true;
    if (zc_names_read(dirfd, &d->names))
        zc_rworker_note(w, d->spot.node, "", ZC_OP_READ_DIR, S_IFDIR, errno);
}

/* NEED for list ID from the answers gathered. */
static void send_need(struct zc_rworker *w, uint32_t id, struct zc_answer *a)
{
    size_t at = zc_need_begin(&w->out, id);
    zc_buf_put(&w->out, a->items.data, a->items.len);
    zc_need_end(&w->out, at, a->count, ZC_NEED_FINAL);
    w->out.failed |= a->items.failed;
    zc_buf_fini(&a->items);
}

/* WAITS: others may settle its entries from now on. */
static void list_compared(struct zc_rworker *w, struct zc_rlist *list,
                          bool waits)
{
    struct zc_hardlink_deferred deferred;
    if (waits)
        zc_rworker_flush(w);
    zc_rlist_compared(w->r, list, &deferred);
    zc_hardlink_serve(w, &deferred);
}

static void compare_one(struct zc_rworker *w, struct zc_work *work)
{
    struct zc_receiver *r = w->r;
    struct zc_rdir *d = work->list->dir;
    struct zc_answer a = {.w = w};
    struct zc_msg_list m;
    struct zc_err err;
    if (zc_list_decode((struct zc_bytes){work->p, work->n}, &m, &err) ||
        check_continues(d, &m, &err) || remember_last(d, m, &err)) {
        zc_receiver_fail(r, &err);
        return;
    }
    zc_rdir_start(w, d, any_file(m));
    int dirfd = -1;
    if (d->state == ZC_RD_EXISTS || d->state == ZC_RD_STAGED) {
        dirfd = zc_dirnode_pin(r->tree, d->spot.node);
        if (dirfd < 0 && errno == EACCES && zc_place_make_writable(r, &d->spot))
            dirfd = zc_dirnode_pin(r->tree, d->spot.node);
        if (dirfd < 0) {
            zc_rworker_note(w, d->spot.node, "", ZC_OP_READ_DIR, S_IFDIR,
                            errno);
            zc_rdir_fail(w, d);
        }
    }
    if (!asks_by_name(d, &m)) {
        read_names(w, d, dirfd);
        pass_earlier(d, &m);
    }
    bool ok = walk_list(&a, d, dirfd, work->list, &m, &err);
    if (dirfd >= 0)
        zc_dirnode_unpin(r->tree, d->spot.node);
    if (d->top && !d->shallow && m.count)
        atomic_store(&r->deletions->source_has_entries, true);
    send_need(w, m.list, &a);
    list_compared(w, work->list, a.waits);
    if (!ok) {
        zc_receiver_fail(r, &err);
        return;
    }
    if (m.flags & ZC_LIST_LAST) {
        zc_names_fini(&d->names);
        pthread_mutex_lock(&r->lock);
        d->listed = true;
        pthread_mutex_unlock(&r->lock);
        zc_rdir_check(w, d);
        zc_rdir_drop(w, d);
    }
}

void zc_walk_list(struct zc_rworker *w, struct zc_work *work)
{
    struct zc_receiver *r = w->r;
    struct zc_rdir *d = work->list->dir;
    struct zc_work *mine = work;
    for (;;) {
        /* After its last list D may be gone; nothing waits behind that. */
        struct zc_msg_list m = {0};
        zc_list_decode((struct zc_bytes){mine->p, mine->n}, &m, NULL);
        bool last = m.flags & ZC_LIST_LAST;
        compare_one(w, mine);
        if (mine != work)
            zc_work_free(mine);
        if (last || atomic_load(&r->failed))
            return;
        mine = zc_queue_line_next(r, &d->lists);
        if (!mine)
            return;
        if (w->out.len >= 32 * ZC_KIB && zc_rworker_flush(w))
            return;
    }
}

/* Top is C.e: does its own metadata differ? What else is needed. */
static unsigned compare_top(struct zc_rworker *w, struct zc_rdir *top,
                            struct zc_rlist *list, struct zc_cmp *c)
{
    struct zc_receiver *r = w->r;
    c->xattrs = zc_compare_xattrs(w, c->dirfd, "", c->e);
    c->item = zc_compare_meta(r, c);
    top->differs = c->item != 0;
    if (!c->xattrs || r->dry)
        return 0;
    zc_rlist_open_meta(r, list, top);
    return ZC_NEED_META;
}

void zc_walk_top(struct zc_rworker *w, struct zc_rdir *top,
                 struct zc_rlist *list, const struct zc_entry *e)
{
    struct zc_receiver *r = w->r;
    struct zc_answer a = {.w = w};
    struct zc_cmp c = {.dir = top, .list = list, .dirfd = -1, .e = e,
                       .ref = {list->id, 0}};
    unsigned what = top->shallow ? 0 : ZC_NEED_DESCEND;
    if (top->state == ZC_RD_EXISTS)
        c.dirfd = zc_dirnode_pin(r->tree, top->spot.node);
    c.exists = c.dirfd >= 0 && !zc_stat_at(c.dirfd, "", &c.st);
    if (c.exists && !top->implied) {
        what |= compare_top(w, top, list, &c);
    } else if (top->shallow && !c.exists) {
        top->state = ZC_RD_FAILED;
        zc_rworker_result(w, c.ref, ZC_STATUS_NOTE_FAILED, ZC_OP_READ_DIR,
                          ENOENT);
    } else if (!top->implied) {
        c.item = ZC_ITEM_NEW;
    }
    if (c.dirfd >= 0)
        zc_dirnode_unpin(r->tree, top->spot.node);
    zc_compare_answer(&a, &c, what);
    send_need(w, list->id, &a);
    list_compared(w, list, false);
}
