// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A list from the sender against the directory here. Both are sorted: they are
 * walked in step, entry by entry (compare.c); names that only exist here go to
 * the deletion plan. The answers go back as one NEED.
 */
#include "receiver/walk.h"

#include "fs/nest.h"
#include "fs/remove.h"
#include "receiver/act.h"
#include "receiver/asked.h"
#include "receiver/behind.h"
#include "receiver/choices.h"
#include "receiver/compare.h"
#include "receiver/core.h"
#include "receiver/deletions.h"
#include "receiver/digests.h"
#include "receiver/dirlinks.h"
#include "receiver/dirs.h"
#include "receiver/dress.h"
#include "receiver/hardlinks.h"
#include "receiver/lists.h"
#include "receiver/moved.h"
#include "receiver/queue.h"
#include "receiver/seals.h"
#include "receiver/shared.h"
#include "receiver/spelling.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* A crash may have left a nest behind. */
static void clean_up(struct zc_rworker *w, struct zc_rdir *d, int dirfd,
                     const char *name, size_t n)
{
    if (!w->r->dry && zc_name_is_nest(name, n) &&
        zc_nest_clean(dirfd, name) > 0)
        zc_shelf_touched(w->r, &d->shelf);
}

/* What is in the directory now, once. */
static void read_names(struct zc_rworker *w, struct zc_rdir *d, int dirfd)
{
    if (d->cursor.read || d->state != ZC_RD_EXISTS || dirfd < 0)
        return;
    d->cursor.read = true;
    if (zc_names_read(dirfd, &d->cursor.names))
        zc_rworker_note(w, d->shelf.node, "", ZC_OP_READ_DIR, S_IFDIR, errno);
    else if (d->cursor.names.too_long)
        zc_rworker_note(w, d->shelf.node, "", ZC_OP_READ_DIR, S_IFDIR,
                        ENAMETOOLONG);
}

/* --- names that are the same --- */

/* A name that is only here, or only there, up to which all were on both sides:
 * may it be the same name, spelled in another way? */
static void mind_spelling(struct zc_rworker *w, struct zc_rdir *d, int dirfd)
{
    struct zc_receiver *r = w->r;
    if (d->spelling_known || dirfd < 0)
        return;
    d->spelling_known = true;
    if (!zc_spelling_folds(r, d->shelf.vol, dirfd, &d->cursor.names))
        return;
    read_names(w, d, dirfd);
    d->spelling = zc_spelling_new(r, d->shelf.vol, &d->cursor.names,
                                  d->cursor.at);
    if (!d->spelling)
        zc_receiver_nomem(r);
}

/* May E have what is called OTHER here? Not where OTHER is in the source, too;
 * and what a round does not tell of may be. */
static bool is_free(const struct zc_rdir *d, struct zc_msg_list list,
                    const char *other)
{
    struct zc_entry prev = {0}, e;
    size_t at = 0;
    if (zc_groups_has_same(d->groups, &at, other, strlen(other)))
        return false;
    for (uint32_t i = 0; i < list.count; i++) {
        if (zc_list_next(&list, &prev, &e, NULL))
            return false;
        if (e.name_len == strlen(other) && !memcmp(e.name, other, e.name_len))
            return e.flags & ZC_ENTRY_ABSENT;
    }
    return !d->shallow;
}

/* The destination has OTHER for C's name. */
static void refuse_name(struct zc_rworker *w, const struct zc_cmp *c,
                        const char *other)
{
    char both[2 * ZC_NAME_MAX + 2];
    snprintf(both, sizeof both, "%s/%s", c->name, other);
    zc_spelling_refuse(c->dir->spelling, c->name);
    zc_rworker_note(w, c->dir->shelf.node, both, ZC_OP_COLLIDES, c->e->mode,
                    0);
}

/* C is OTHER here, and is called as at the source from now on. */
static void adopt(struct zc_rworker *w, const struct zc_cmp *c,
                  const char *other)
{
    zc_spelling_take(c->dir->spelling, c->name);
    if (w->r->dry)
        return;
    zc_place_respell(w->r, &c->dir->shelf, c->dirfd, other, c->name);
    zc_shelf_touched(w->r, &c->dir->shelf);
}

/* False: C's name cannot be here, and the user has been told. *HERE: it is. */
static bool settle_spelling(struct zc_rworker *w, const struct zc_cmp *c,
                            const struct zc_msg_list *whole, bool *here)
{
    struct zc_spelling *s = c->dir->spelling;
    bool absent = c->e->flags & ZC_ENTRY_ABSENT;
    const char *other;
    enum zc_spelled spelled = zc_spelling_look(s, c->name, &other);
    if (absent) { /* for the end of the list */
        *here = false;
    } else if (spelled == ZC_SPELLED_NEW || spelled == ZC_SPELLED_SO) {
        zc_spelling_take(s, c->name);
    } else if (spelled == ZC_SPELLED_OTHER &&
               is_free(c->dir, *whole, other)) {
        adopt(w, c, other);
        *here = true;
    } else {
        refuse_name(w, c, other);
        return false;
    }
    return true;
}

/* What nobody has taken, spelled in whatever way: of the names that the list
 * says are gone; with ALL, of all that are here. */
static void plan_extras(struct zc_rworker *w, struct zc_rdir *d, int dirfd,
                        struct zc_msg_list list, bool all)
{
    struct zc_entry prev = {0}, e;
    char name[ZC_NAME_MAX + 1];
    for (uint32_t i = 0; i < list.count; i++) {
        if (zc_list_next(&list, &prev, &e, NULL))
            return;
        zc_entry_name(&e, name);
        if (e.flags & ZC_ENTRY_ABSENT &&
            zc_spelling_is_extra(d->spelling, name))
            zc_deletions_plan(w, d, dirfd, name, DT_UNKNOWN, d->shallow);
    }
    size_t at = 0;
    for (size_t i = 0; all && i < d->cursor.names.len; i++) {
        const char *here = zc_names_at(&d->cursor.names, i);
        if (!zc_groups_has_same(d->groups, &at, here, strlen(here)) &&
            !zc_rdir_reserves(d, here, strlen(here)) &&
            zc_spelling_is_extra(d->spelling, here))
            zc_deletions_plan(w, d, dirfd, here, d->cursor.names.v[i].type,
                              d->seen);
    }
}

/* --- a list --- */

/* The local names before NAME (NULL: all that are left) have no counterpart. */
static void pass_extras(struct zc_rworker *w, struct zc_rdir *d, int dirfd,
                        const char *name, size_t n, bool whole)
{
    bool complete = whole && w->r->flags & ZC_OPEN_DELETE;
    while (d->cursor.at < d->cursor.names.len) {
        const char *here = zc_names_at(&d->cursor.names, d->cursor.at);
        size_t here_len = d->cursor.names.v[d->cursor.at].len;
        if (name && zc_name_cmp(here, here_len, name, n) >= 0)
            break;
        bool reserved = zc_rdir_reserves(d, here, here_len);
        if (!reserved &&
            zc_groups_has_same(d->groups, &d->group, here, here_len)) {
            d->cursor.at++;
            continue;
        }
        if (!reserved)
            mind_spelling(w, d, dirfd);
        d->cursor.at++;
        if (reserved) {
            clean_up(w, d, dirfd, here, here_len);
            continue;
        }
        atomic_fetch_add(&w->r->deletions->seen, 1);
        uint8_t type = d->cursor.names.v[d->cursor.at - 1].type;
        if (whole)
            zc_moved_extra(w->r, d, here, type);
        if (complete && !d->spelling)
            zc_deletions_plan(w, d, dirfd, here, type, d->seen);
    }
}

/* Is the entry's name here? The cursor moves past it. */
static bool pass_name(struct zc_rdir *d, const char *name, size_t n)
{
    if (d->cursor.at >= d->cursor.names.len ||
        zc_name_cmp(zc_names_at(&d->cursor.names, d->cursor.at),
                    d->cursor.names.v[d->cursor.at].len, name, n) != 0)
        return false;
    d->cursor.at++;
    return true;
}

/* Some names of a directory that may have a great many. */
static bool asks_by_name(const struct zc_rdir *d, const struct zc_msg_list *m)
{
    return d->shallow && m->flags & ZC_LIST_INCOMPLETE && !d->spelling;
}

/* NEED for list ID from the answers gathered, with FLAGS. */
static void send_need(struct zc_needs *n, uint32_t id, uint16_t flags)
{
    struct zc_buf *out = &n->w->out;
    size_t at = zc_need_begin(out, id);
    zc_buf_put(out, n->items.data, n->items.len);
    zc_need_end(out, at, n->count, flags);
    out->failed |= n->items.failed;
    zc_buf_fini(&n->items);
    n->count = 0;
}

/* What D's lists are about is in another one, too, or will be. */
static bool overtakes(const struct zc_receiver *r, const struct zc_rdir *d)
{
    return d->shallow && r->round.full;
}

/* A list as it is worked on. */
struct walk {
    struct zc_work *work;
    const struct zc_msg_list *whole; /* from its first entry */
    bool by_name; /* see asks_by_name */
    bool here;    /* this thread does it all, however much is to be read */
    bool aside;   /* what is next is for a slow worker */
};

/* Answers what is dealt with, and hands the rest to a slow worker, with whom its
 * directory may be gone. False: it has to be done here. */
static bool put_aside(struct zc_needs *n, struct walk *k)
{
    /* What is answered first has to be sent first. */
    if (n->count)
        send_need(n, k->work->list->id, 0);
    if (!zc_rworker_flush(n->w) && zc_queue_put_aside(n->w->r, k->work)) {
        k->work->later = NULL; /* the other's now */
        k->work->n_later = 0;
        return true;
    }
    k->here = true;
    return false;
}

/* C's name is gone from the source. Where nothing else is to be deleted, that is
 * no directory's with something in it. */
static bool may_go(struct zc_rworker *w, const struct zc_cmp *c)
{
    struct zc_receiver *r = w->r;
    if (!S_ISDIR(c->st.mode) || r->flags & ZC_OPEN_DELETE ||
        r->apply & ZC_APPLY_FORCE ||
        zc_count_tree(c->dirfd, c->name, c->name, NULL, 2) < 2)
        return true;
    zc_rworker_note(w, c->dir->shelf.node, c->name, ZC_OP_DELETE, S_IFDIR,
                    ENOTEMPTY);
    return false;
}

/* What has C's name, which is HERE or not? False: that cannot be told, and the user
 * has been. */
static bool look_here(struct zc_rworker *w, struct zc_cmp *c, bool here)
{
    c->exists = here && !zc_dress_look(w->r, c->dirfd, c->name, &c->st);
    /* With EACCES we may make the directory ours to work in. */
    if (!here || c->exists || errno == ENOENT ||
        (errno == EACCES && !(c->e->flags & ZC_ENTRY_ABSENT) &&
         !zc_choices_any(w->r)))
        return true;
    /* Neither to be taken for missing nor to be changed. */
    zc_rworker_note(w, c->dir->shelf.node, c->name, ZC_OP_STAT, c->e->mode,
                    errno);
    return false;
}

/* Entry E, number I of the list: what is here, and what is to be done about it?
 */
static void walk_entry(struct zc_needs *n, struct walk *k, int dirfd,
                       const struct zc_entry *e, uint32_t i)
{
    struct zc_rlist *list = k->work->list;
    bool resumed = k->work->resumed && i == k->work->at;
    struct zc_rworker *w = n->w;
    struct zc_rdir *d = list->dir;
    struct zc_decision v;
    struct zc_cmp c = {.dir = d,
                       .list = list,
                       .dirfd = dirfd,
                       .e = e,
                       .ref = {list->id, i}};
    zc_entry_name(e, c.name);
    bool here = resumed ? dirfd >= 0
                : k->by_name
                    ? zc_compare_looks(w->r, e) && dirfd >= 0
                    : pass_name(d, e->name, e->name_len);
    if (!k->by_name && !here)
        mind_spelling(w, d, dirfd);
    if (d->spelling && !resumed && !settle_spelling(w, &c, k->whole, &here))
        return;
    if (!look_here(w, &c, here))
        return;
    /* A name that overtakes a round about the whole tree is seen there. */
    bool counts = !overtakes(w->r, d);
    if (counts && !resumed && (k->by_name ? c.exists : here))
        atomic_fetch_add(&w->r->deletions->seen, 1);
    if (e->flags & ZC_ENTRY_ABSENT) {
        if (c.exists && may_go(w, &c))
            zc_deletions_plan(w, d, dirfd, c.name, DT_UNKNOWN, d->shallow);
        return;
    }
    /* What the sender has not looked at: a directory is made, and that is all; or
     * it is gone through. */
    if (e->flags & ZC_ENTRY_IMPLIED &&
        (!S_ISDIR(e->mode) || (here && !zc_choices_is_way(w->r, e))))
        return;
    zc_auto_close int link = -1; /* what a symlink leads to */
    if (zc_dirlink_follow(w, &c, &link) ||
        zc_choices_leave(w->r, c.e, c.exists ? &c.st : NULL) ||
        (zc_moved_may_be(w->r, &c) && !zc_moved_later(k->work, i)))
        return;
    if (!k->here && zc_compare_reads_much(w, &c)) {
        k->aside = k->work->resumed = true;
        k->work->at = i;
        return;
    }
    if (link < 0)
        zc_seals_add(w, d->shelf.node, c.name, e);
    zc_compare_entry(w, &c, &v);
    zc_act(n, &c, &v);
}

static int walk_list(struct zc_needs *n, struct walk *k, int dirfd,
                     struct zc_msg_list *m, struct zc_err *err)
{
    struct zc_rdir *d = k->work->list->dir;
    struct zc_entry prev = {0}, e;
    bool whole = !(m->flags & ZC_LIST_INCOMPLETE);
    k->aside = false;
    for (uint32_t i = 0; i < m->count && !k->aside; i++) {
        if (zc_list_next(m, &prev, &e, err))
            return -1;
        if (k->work->resumed && i < k->work->at)
            continue;
        if (e.flags & ZC_ENTRY_PLACED && !d->shallow)
            return zc_receiver_nonsense(err, "flags of a round in a whole "
                                             "list");
        if (zc_rdir_reserves(d, e.name, e.name_len)) {
            if (!(e.flags & ZC_ENTRY_ABSENT) &&
                !zc_name_is_nest(e.name, e.name_len)) /* nobody's */
                zc_rworker_note(n->w, d->shelf.node, ZC_STAGING_NAME,
                                ZC_OP_RESERVED, e.mode, 0);
            continue;
        }
        pass_extras(n->w, d, dirfd, e.name, e.name_len, whole);
        walk_entry(n, k, dirfd, &e, i);
    }
    if (k->aside)
        return 0;
    if (m->flags & ZC_LIST_LAST)
        pass_extras(n->w, d, dirfd, NULL, 0, whole);
    if (d->spelling)
        plan_extras(n->w, d, dirfd, *k->whole,
                    whole && n->w->r->flags & ZC_OPEN_DELETE &&
                        m->flags & ZC_LIST_LAST);
    return zc_list_ended(m, err);
}

/* Names that lists before this one were about: those that were asked for one by
 * one have not moved the cursor. */
static void pass_earlier(struct zc_rdir *d, const struct zc_msg_list *m)
{
    while (d->cursor.at < d->cursor.names.len &&
           zc_name_cmp(zc_names_at(&d->cursor.names, d->cursor.at),
                       d->cursor.names.v[d->cursor.at].len,
                       (const char *)m->after.p, m->after.n) <= 0)
        d->cursor.at++;
}

/* The list must go on where the one before it ended. */
static int check_continues(struct zc_rdir *d, const struct zc_msg_list *m,
                           struct zc_err *err)
{
    const char *last = d->cursor.last_name ? d->cursor.last_name : "";
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
    free(d->cursor.last_name);
    d->cursor.last_name = strndup(prev.name, prev.name_len);
    return d->cursor.last_name ? 0 : zc_err_nomem(err);
}

static bool any_file(struct zc_msg_list m)
{
    struct zc_entry prev = {0}, e;
    for (uint32_t i = 0; i < m.count; i++)
        if (!zc_list_next(&m, &prev, &e, NULL) && S_ISREG(e.mode))
            return true;
    return false;
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

/* D's fd, to compare in; -1: there is nothing to compare with. */
static int pin_dir(struct zc_rworker *w, struct zc_rdir *d)
{
    if (d->state != ZC_RD_EXISTS && d->state != ZC_RD_STAGED)
        return -1;
    int dirfd = zc_act_pin(w, d);
    if (dirfd < 0) {
        zc_rworker_note(w, d->shelf.node, "", ZC_OP_READ_DIR, S_IFDIR, errno);
        zc_rdir_fail(w, d);
    }
    return dirfd;
}

/* D's last list was compared. */
static void dir_listed(struct zc_rworker *w, struct zc_rdir *d)
{
    zc_names_fini(&d->cursor.names);
    pthread_mutex_lock(&w->r->lock);
    d->listed = true;
    pthread_mutex_unlock(&w->r->lock);
    zc_moved_walks(w->r, d, false);
    zc_rdir_check(w, d);
    zc_rdir_drop(w, d);
}

/* Entries that were left for later, with all that is known by now. */
static void walk_left(struct zc_needs *n, struct zc_work *work)
{
    struct zc_rdir *d = work->list->dir;
    struct zc_rworker *w = n->w;
    struct zc_entry prev = {0}, e;
    struct zc_msg_list m;
    int dirfd = pin_dir(w, d);
    uint32_t at = 0;
    zc_list_decode((struct zc_bytes){work->p, work->n}, &m, NULL);
    for (uint32_t i = 0; i < m.count && at < work->n_later; i++) {
        struct zc_decision v;
        struct zc_cmp c = {.dir = d,
                           .list = work->list,
                           .dirfd = dirfd,
                           .e = &e,
                           .ref = {work->list->id, i}};
        zc_list_next(&m, &prev, &e, NULL); /* as in the first pass */
        if (work->later[at] != i)
            continue;
        at++;
        zc_entry_name(&e, c.name);
        if (!look_here(w, &c, dirfd >= 0) ||
            zc_choices_leave(w->r, c.e, c.exists ? &c.st : NULL))
            continue;
        zc_seals_add(w, d->shelf.node, c.name, &e);
        zc_compare_entry(w, &c, &v);
        zc_act(n, &c, &v);
    }
    if (dirfd >= 0)
        zc_dirnode_unpin(w->r->tree, d->shelf.node);
}

void zc_walk_later(struct zc_rworker *w, struct zc_work *work)
{
    struct zc_rdir *d = work->list->dir;
    struct zc_needs needs = {.w = w};
    walk_left(&needs, work);
    send_need(&needs, work->list->id, ZC_NEED_FINAL | ZC_NEED_SECOND);
    list_compared(w, work->list, needs.waits);
    zc_rdir_drop(w, d);
}

/* What of WORK was left for later waits until then, or is done now: false. */
static bool put_later(struct zc_needs *n, struct zc_work *work)
{
    if (!work->n_later)
        return false;
    if (n->count) /* what is answered first has to be sent first */
        send_need(n, work->list->id, 0);
    zc_rworker_flush(n->w);
    if (zc_moved_put(n->w->r, work))
        return true;
    walk_left(n, work);
    return false;
}

/* The first look at the list M of D, open as DIRFD. */
static void start_list(struct zc_rworker *w, struct zc_rdir *d, int dirfd,
                       const struct zc_msg_list *m)
{
    if (d->shallow)
        mind_spelling(w, d, dirfd);
    bool by_name = asks_by_name(d, m), root = !zc_dirnode_parent(d->shelf.node);
    if (!by_name)
        read_names(w, d, dirfd);
    /* The rounds of a mirror between comparisons tell what has changed. */
    if (!root && dirfd >= 0 && d->state == ZC_RD_EXISTS &&
        !(d->shallow && w->r->flags & ZC_OPEN_ROUNDS))
        zc_behind_meet(w->r, dirfd,
                       d->cursor.names.len ? &d->cursor.names : NULL);
    if (by_name)
        return;
    zc_moved_here(w->r, d);
    pass_earlier(d, m);
}

/* The groups of a directory, M: which of them are to be listed? True: none, and D
 * may be gone. */
static bool answer_groups(struct zc_rworker *w, struct zc_rlist *list,
                          const struct zc_msg_list *m)
{
    struct zc_receiver *r = w->r;
    struct zc_rdir *d = list->dir;
    struct zc_needs needs = {.w = w};
    struct zc_err err;
    if (zc_rdigests_take_groups(r, d, *m, &err)) {
        zc_receiver_fail(r, &err);
        return false;
    }
    for (uint32_t i = 0; i < m->count; i++) {
        struct zc_need_item item = {.index = i, .what = ZC_NEED_DESCEND};
        if (!d->groups->of.v[i].differs)
            continue;
        zc_need_add(&needs.items, &item);
        needs.count++;
    }
    bool over = !needs.count;
    pthread_mutex_lock(&r->lock);
    d->answered = true;
    d->list_over = over;
    pthread_mutex_unlock(&r->lock);
    send_need(&needs, list->id, ZC_NEED_FINAL);
    list_compared(w, list, false);
    if (over)
        dir_listed(w, d);
    return over;
}

/* True when it was put aside, or nothing more of its directory is to be done. */
static bool compare_one(struct zc_rworker *w, struct zc_work *work)
{
    struct zc_receiver *r = w->r;
    struct zc_rdir *d = work->list->dir;
    struct zc_needs needs = {.w = w};
    struct zc_msg_list m;
    struct zc_err err;
    int fail = zc_list_decode((struct zc_bytes){work->p, work->n}, &m, &err);
    if (!fail && m.flags & ZC_LIST_GROUPS)
        return answer_groups(w, work->list, &m);
    if (fail ||
        (!work->resumed &&
         (check_continues(d, &m, &err) || remember_last(d, m, &err) ||
          zc_asked_list(w, d, m, &err) ||
          (m.rules.p && zc_rdir_take_rules(r, d, m.rules, &err))))) {
        zc_receiver_fail(r, &err);
        return false;
    }
    if (m.flags & ZC_LIST_INCOMPLETE && !overtakes(r, d))
        atomic_store_explicit(&r->shared->partial, true, memory_order_relaxed);
    struct walk k = {.work = work, .whole = &m, .here = w->slow};
    zc_rdir_start(w, d, any_file(m));
    int bad;
    do {
        struct zc_msg_list rest = m;
        int dirfd = pin_dir(w, d);
        if (!work->resumed)
            start_list(w, d, dirfd, &m);
        k.by_name = asks_by_name(d, &m);
        bad = walk_list(&needs, &k, dirfd, &rest, &err);
        if (dirfd >= 0)
            zc_dirnode_unpin(r->tree, d->shelf.node);
        if (k.aside && put_aside(&needs, &k))
            return true;
    } while (k.aside);
    if (d->top && !d->shallow && m.count)
        atomic_store(&r->deletions->source_has_entries, true);
    if (bad || !put_later(&needs, work)) {
        send_need(&needs, m.list, work->n_later ? ZC_NEED_FINAL | ZC_NEED_SECOND
                                                : ZC_NEED_FINAL);
        list_compared(w, work->list, needs.waits);
    }
    if (bad)
        zc_receiver_fail(r, &err);
    else if (m.flags & ZC_LIST_LAST)
        dir_listed(w, d);
    return false;
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
        bool stop = !atomic_load(&r->line.over) && compare_one(w, mine);
        if (mine != work)
            zc_work_free(mine);
        if (stop || last || atomic_load(&r->failed))
            return;
        mine = zc_queue_line_next(r, &d->lists);
        if (!mine)
            return;
        if (w->out.len >= 32 * ZC_KIB)
            zc_rworker_flush(w);
    }
}

void zc_walk_top(struct zc_rworker *w, struct zc_rdir *top,
                 struct zc_rlist *list, const struct zc_entry *e)
{
    struct zc_receiver *r = w->r;
    struct zc_needs needs = {.w = w};
    struct zc_decision v;
    struct zc_cmp c = {.dir = top,
                       .list = list,
                       .dirfd = -1,
                       .e = e,
                       .ref = {list->id, 0}};
    if (top->state == ZC_RD_EXISTS)
        c.dirfd = zc_dirnode_pin(r->tree, top->shelf.node);
    c.exists = c.dirfd >= 0 && !zc_dress_look(r, c.dirfd, "", &c.st);
    if (!top->implied)
        zc_seals_add(w, top->shelf.node, "", e);
    zc_compare_top(w, &c, &v);
    if (c.dirfd >= 0)
        zc_dirnode_unpin(r->tree, top->shelf.node);
    zc_act_top(&needs, &c, &v);
    send_need(&needs, list->id, ZC_NEED_FINAL);
    list_compared(w, list, false);
}
