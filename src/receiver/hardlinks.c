// SPDX-License-Identifier: GPL-2.0-or-later
/* Hard link groups; see hardlinks.h. */
#include "receiver/hardlinks.h"

#include "base/log.h"
#include "receiver/core.h"
#include "receiver/dirs.h"
#include "receiver/seals.h"
#include "receiver/medium.h"
#include "receiver/volumes.h"
#include "receiver/shared.h"

#include <sched.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* What becomes of one that waited. */
enum fate { LINK_TO_LEADER, BECOME_LEADER, LOST };

struct zc_hardlink_waiter {
    STAILQ_ENTRY(zc_hardlink_waiter) next;     /* in its group, or served */
    SLIST_ENTRY(zc_hardlink_waiter) next_late; /* in its list */
    struct zc_hardlink_group *group; /* referenced, while deferred */
    enum fate fate;
    struct zc_rlist *list;
    struct zc_ref ref;
    bool regular;
    char name[];
};
STAILQ_HEAD(waiters, zc_hardlink_waiter);

struct zc_hardlink_group {
    enum { PENDING, READY, FAILED } state;
    unsigned refs; /* the table's, and users' */
    uint32_t seen, total;
    unsigned bytes; /* what it counts for */
    struct zc_ref leader; /* PENDING: the entry that leads */
    struct zc_hardlink_key key;
    /* READY: the leader. */
    struct zc_dirnode *node;
    char *name;
    uint64_t dev, ino; /* here; 0, 0 in a dry run that would make it */
    uint64_t size;
    int64_t mtime_s;
    uint32_t mtime_ns;
    struct waiters waiters;
};

struct zc_hardlink_key zc_hardlink_key(const struct zc_receiver *r,
                                       const struct zc_entry *e)
{
    bool grouped = e->flags & ZC_ENTRY_HARD_LINK &&
                   r->keep & ZC_KEEP_HARD_LINKS;
    return (struct zc_hardlink_key){grouped, e->link_dev, e->link_ino};
}

/* --- memory --- */

/* What a group, or an inode that is known, takes apart from names: itself, its
 * place in the table, and the directory that it keeps. */
#define GROUP_BYTES (sizeof(struct zc_hardlink_group) + 192)
#define INODE_BYTES 96

void zc_hardlinks_init(struct zc_hardlinks *h)
{
    *h = (struct zc_hardlinks){.max = ZC_HARDLINKS_MAX};
}

/* With the lock held. False: there is no room for BYTES more. */
static bool take_room(struct zc_receiver *r, size_t bytes)
{
    struct zc_hardlinks *h = r->hardlinks;
    if (h->bytes + bytes <= h->max) {
        h->bytes += bytes;
        return true;
    }
    if (!h->full)
        zc_log(ZC_LOG_WARN, "there are too many files with several names to "
                            "keep in mind, after %zu of them: others become "
                            "files of their own", h->groups.used);
    h->full = true;
    return false;
}

/* --- groups --- */

static struct zc_hardlink_group *group_get(struct zc_receiver *r,
                                           struct zc_hardlink_key key)
{
    return zc_map_get(&r->hardlinks->groups, key.dev, key.ino);
}

/* With the lock held: N references less. */
static void group_unref(struct zc_receiver *r, struct zc_hardlink_group *g,
                        unsigned n)
{
    g->refs -= n;
    if (g->refs)
        return;
    r->hardlinks->bytes -= g->bytes;
    zc_dirnode_unref(r->tree, g->node);
    free(g->name);
    free(g);
}

/* Takes G out of the table when its last name has been seen and served. */
static bool leave_table(struct zc_receiver *r, struct zc_hardlink_group *g)
{
    bool over = g->seen >= g->total && g->state == READY &&
                STAILQ_EMPTY(&g->waiters) && group_get(r, g->key) == g;
    if (over)
        zc_map_del(&r->hardlinks->groups, g->key.dev, g->key.ino);
    return over;
}

void zc_hardlink_put(struct zc_receiver *r, struct zc_hardlink_group *g)
{
    pthread_mutex_lock(&r->lock);
    group_unref(r, g, leave_table(r, g) ? 2 : 1);
    pthread_mutex_unlock(&r->lock);
}

/* Entry REF leads G from now on. With the lock held. */
static int make_leader(struct zc_receiver *r, struct zc_hardlink_group *g,
                       struct zc_ref ref)
{
    zc_map_del(&r->hardlinks->leaders, g->leader.list, g->leader.index);
    g->leader = ref;
    return zc_map_put(&r->hardlinks->leaders, ref.list, ref.index, g);
}

static void nobody_leads(struct zc_receiver *r, struct zc_hardlink_group *g)
{
    zc_map_del(&r->hardlinks->leaders, g->leader.list, g->leader.index);
    g->leader = (struct zc_ref){0, 0}; /* the root: never a hard link */
}

static struct zc_hardlink_group *group_new(struct zc_receiver *r,
                                           const struct zc_entry *e,
                                           struct zc_ref ref, unsigned bytes)
{
    struct zc_hardlink_group *g = calloc(1, sizeof *g);
    if (!g)
        return NULL;
    g->bytes = bytes;
    g->refs = 1;
    g->seen = 1;
    g->total = e->link_count;
    g->key = zc_hardlink_key(r, e);
    STAILQ_INIT(&g->waiters);
    if (make_leader(r, g, ref)) {
        free(g);
        return NULL;
    }
    if (zc_map_put(&r->hardlinks->groups, g->key.dev, g->key.ino, g)) {
        nobody_leads(r, g);
        free(g);
        return NULL;
    }
    return g;
}

/* Queues E behind its leader; it counts as outstanding. With the lock held. */
static int wait_for_leader(struct zc_receiver *r, struct zc_hardlink_group *g,
                           struct zc_rlist *list, const struct zc_entry *e,
                           struct zc_ref ref)
{
    struct zc_hardlink_waiter *v = calloc(1, sizeof *v + e->name_len + 1);
    if (!v)
        return -1;
    v->list = list;
    v->ref = ref;
    v->regular = S_ISREG(e->mode);
    memcpy(v->name, e->name, e->name_len);
    STAILQ_INSERT_TAIL(&g->waiters, v, next);
    zc_ledger_open_waiting(r->ledger, &list->book, &list->dir->book);
    return 0;
}

/* The same for a group that was there before E. */
static enum zc_hardlink_role join_group(struct zc_receiver *r,
                                        struct zc_hardlink_group *g,
                                        struct zc_rlist *list,
                                        const struct zc_entry *e,
                                        struct zc_ref ref)
{
    g->seen++;
    if (g->state == FAILED) {
        g->state = PENDING;
        return make_leader(r, g, ref) ? ZC_HARDLINK_NOMEM : ZC_HARDLINK_LEADER;
    }
    if (g->state == READY) {
        g->refs++;
        return ZC_HARDLINK_READY;
    }
    return wait_for_leader(r, g, list, e, ref) ? ZC_HARDLINK_NOMEM
                                               : ZC_HARDLINK_WAITING;
}

/* E is the first of its group in LIST. */
static enum zc_hardlink_role begin_group(struct zc_receiver *r,
                                         const struct zc_rlist *list,
                                         const struct zc_entry *e,
                                         struct zc_ref ref)
{
    size_t bytes = GROUP_BYTES + e->name_len +
                   strlen(zc_dirnode_name(list->dir->shelf.node));
    if (!take_room(r, bytes))
        return ZC_HARDLINK_ALONE;
    if (group_new(r, e, ref, (unsigned)bytes))
        return ZC_HARDLINK_LEADER;
    r->hardlinks->bytes -= bytes;
    return ZC_HARDLINK_NOMEM;
}

bool zc_hardlinks_at_once(const struct zc_receiver *r)
{
    return r->dry && r->apply & ZC_APPLY_VERIFY;
}

enum zc_hardlink_role zc_hardlink_join(struct zc_receiver *r,
                                       struct zc_rlist *list,
                                       const struct zc_entry *e,
                                       struct zc_ref ref,
                                       struct zc_hardlink_group **group)
{
    enum zc_hardlink_role role;
    pthread_mutex_lock(&r->lock);
    struct zc_hardlink_group *g;
    while ((g = group_get(r, zc_hardlink_key(r, e))) && g->state == PENDING &&
           zc_hardlinks_at_once(r)) { /* another thread is just about to */
        pthread_mutex_unlock(&r->lock);
        sched_yield();
        pthread_mutex_lock(&r->lock);
    }
    if (g)
        role = join_group(r, g, list, e, ref);
    else
        role = begin_group(r, list, e, ref);
    if (role == ZC_HARDLINK_READY)
        *group = g;
    pthread_mutex_unlock(&r->lock);
    return role;
}

/* --- linking --- */

bool zc_hardlink_same(struct zc_rworker *w, struct zc_hardlink_group *g,
                      const struct zc_shelf *s, const struct zc_stat *st)
{
    struct zc_receiver *r = w->r;
    pthread_mutex_lock(&r->lock);
    bool same = g->ino && g->ino == st->ino && g->dev == st->dev;
    bool alike = g->ino && S_ISREG(st->mode) && g->size == st->size &&
                 g->mtime_s == st->mtime_s && g->mtime_ns == st->mtime_ns;
    pthread_mutex_unlock(&r->lock);
    return same ||
           (alike && s->vol->careful && zc_medium_hides_links(w, s));
}

int zc_hardlink_over(struct zc_rworker *w, int from, const char *leader,
                     struct zc_shelf *s, const char *name, unsigned *op)
{
    char tmp[ZC_STAGING_NAME_SIZE];
    int staging = zc_shelf_staging(w->r, s, tmp);
    if (staging < 0) {
        *op = ZC_OP_STAGING;
        return -1;
    }
    if (linkat(from, leader, staging, tmp, 0))
        return -1;
    int bad = zc_place(w, s, tmp, name, op);
    /* Renaming one name of an inode onto another of it does nothing, and says
     * so by succeeding (rename(2)): the staging name may still be there. */
    zc_place_discard(s, tmp);
    return bad;
}

int zc_hardlink_at(struct zc_rworker *w, int from, const char *leader,
                   struct zc_shelf *s, int to, const char *name, unsigned *op)
{
    *op = ZC_OP_LINK;
    int bad = linkat(from, leader, to, name, 0);
    if (!bad)
        zc_shelf_touched(w->r, s);
    else if (errno == EEXIST || errno == EACCES)
        bad = zc_hardlink_over(w, from, leader, s, name, op);
    return bad;
}

/* Neither the file nor the directory may have one. */
static bool break_seals(struct zc_receiver *r,
                        const struct zc_hardlink_group *g, int from,
                        const struct zc_rdir *d, int to)
{
    bool file = zc_seals_break(r, g->node, from, g->name);
    return zc_seals_break(r, d->shelf.node, to, "") || file;
}

int zc_hardlink_make(struct zc_rworker *w, struct zc_hardlink_group *g,
                     struct zc_rdir *d, const char *name, unsigned *op)
{
    struct zc_receiver *r = w->r;
    *op = ZC_OP_LINK;
    int from = zc_dirnode_pin(r->tree, g->node);
    if (from < 0)
        return -1;
    int to = zc_dirnode_pin(r->tree, d->shelf.node), bad = -1, eno = errno;
    if (to >= 0) {
        bad = zc_hardlink_at(w, from, g->name, &d->shelf, to, name, op);
        if (bad && errno == EPERM && break_seals(r, g, from, d, to))
            bad = zc_hardlink_at(w, from, g->name, &d->shelf, to, name, op);
        eno = errno;
        zc_dirnode_unpin(r->tree, d->shelf.node);
    }
    zc_dirnode_unpin(r->tree, g->node);
    if (!bad) {
        zc_shared_also(r, &d->shelf, name, g->dev, g->ino, true);
        atomic_fetch_add(&r->done.created, 1);
        atomic_fetch_add(&r->done.changes, 1);
        zc_receiver_changed(r, d->shelf.node, name);
    }
    errno = eno;
    return bad;
}

/* Is what V is about here a name of the group's inode already? */
static bool is_linked(struct zc_rworker *w, struct zc_hardlink_group *g,
                      const struct zc_hardlink_waiter *v)
{
    struct zc_receiver *r = w->r;
    struct zc_stat st;
    struct zc_dirnode *node = v->list->dir->shelf.node;
    int dirfd = zc_dirnode_pin(r->tree, node);
    if (dirfd < 0)
        return false;
    bool same = !zc_stat_at(dirfd, v->name, &st) &&
                zc_hardlink_same(w, g, &v->list->dir->shelf, &st);
    zc_dirnode_unpin(r->tree, node);
    return same;
}

/* --- those that wait --- */

/* The leader is in place: V becomes a link to it. */
static void link_waiter(struct zc_rworker *w, struct zc_hardlink_group *g,
                        struct zc_hardlink_waiter *v)
{
    struct zc_receiver *r = w->r;
    unsigned op = 0;
    if (is_linked(w, g, v)) {
        zc_shared_also(r, &v->list->dir->shelf, v->name, g->dev, g->ino,
                       false);
        zc_entry_done(w, v->list, v->ref, ZC_STATUS_SAME, 0, 0);
    } else if (!zc_hardlink_make(w, g, v->list->dir, v->name, &op))
        zc_entry_done(w, v->list, v->ref, ZC_STATUS_OK, 0, 0);
    else if (v->regular) { /* as a file of its own: see act.c */
        zc_rworker_note(w, v->list->dir->shelf.node, v->name, op, S_IFREG,
                        errno);
        zc_entry_again(w, v->list, v->ref);
    } else
        zc_entry_done(w, v->list, v->ref, ZC_STATUS_FAILED, op, errno);
}

static void serve_waiter(struct zc_rworker *w, struct zc_hardlink_group *g,
                         struct zc_hardlink_waiter *v)
{
    switch (v->fate) {
    case LINK_TO_LEADER:
        link_waiter(w, g, v);
        break;
    case BECOME_LEADER:
        zc_entry_again(w, v->list, v->ref);
        break;
    case LOST:
        zc_entry_done(w, v->list, v->ref, ZC_STATUS_FAILED, ZC_OP_LINK,
                      ENOENT);
        break;
    }
    free(v);
}

/* True when the sender has not been asked about V yet, and must not be told the
 * result before: it is left to the worker that compares its list. */
static bool defer_waiter(struct zc_receiver *r, struct zc_hardlink_group *g,
                         struct zc_hardlink_waiter *v)
{
    pthread_mutex_lock(&r->lock);
    bool later = !v->list->compared;
    if (later) {
        v->group = g;
        g->refs++;
        SLIST_INSERT_HEAD(&v->list->deferred, v, next_late);
    }
    pthread_mutex_unlock(&r->lock);
    return later;
}

static void serve_all(struct zc_rworker *w, struct zc_hardlink_group *g,
                      struct waiters *all, enum fate fate)
{
    struct zc_hardlink_waiter *v;
    while ((v = STAILQ_FIRST(all))) {
        STAILQ_REMOVE_HEAD(all, next);
        v->fate = fate;
        if (!defer_waiter(w->r, g, v))
            serve_waiter(w, g, v);
    }
}

void zc_hardlink_serve(struct zc_rworker *w,
                       struct zc_hardlink_deferred *deferred)
{
    struct zc_hardlink_waiter *v;
    while ((v = SLIST_FIRST(deferred))) {
        struct zc_hardlink_group *g = v->group;
        SLIST_REMOVE_HEAD(deferred, next_late);
        serve_waiter(w, g, v);
        zc_hardlink_put(w->r, g);
    }
}

/* --- what becomes of a leader --- */

/* The leader failed: the first that waits is asked for instead; where it cannot
 * be, all are lost. */
static void leader_failed(struct zc_rworker *w, struct zc_hardlink_group *g)
{
    struct zc_receiver *r = w->r;
    struct waiters served = STAILQ_HEAD_INITIALIZER(served);
    pthread_mutex_lock(&r->lock);
    struct zc_hardlink_waiter *first = STAILQ_FIRST(&g->waiters);
    bool promoted = first && first->regular && !make_leader(r, g, first->ref);
    if (promoted) {
        STAILQ_REMOVE_HEAD(&g->waiters, next);
        STAILQ_INSERT_TAIL(&served, first, next);
    } else {
        STAILQ_CONCAT(&served, &g->waiters);
        g->state = FAILED;
        nobody_leads(r, g);
    }
    pthread_mutex_unlock(&r->lock);
    serve_all(w, g, &served, promoted ? BECOME_LEADER : LOST);
}

static void leader_ready(struct zc_rworker *w, struct zc_hardlink_group *g,
                         struct zc_rdir *d, const char *name)
{
    struct zc_receiver *r = w->r;
    struct zc_stat st = {0};
    struct waiters waiting = STAILQ_HEAD_INITIALIZER(waiting);
    char *copy = strdup(name);
    int dirfd = *name ? zc_dirnode_pin(r->tree, d->shelf.node) : -1;
    if (dirfd >= 0) {
        zc_stat_at(dirfd, name, &st);
        zc_dirnode_unpin(r->tree, d->shelf.node);
    }
    zc_dirnode_ref(r->tree, d->shelf.node);
    pthread_mutex_lock(&r->lock);
    zc_dirnode_unref(r->tree, g->node);
    free(g->name);
    g->node = d->shelf.node;
    g->name = copy;
    g->dev = st.dev;
    g->ino = st.ino;
    g->size = st.size;
    g->mtime_s = st.mtime_s;
    g->mtime_ns = st.mtime_ns;
    g->state = READY;
    nobody_leads(r, g);
    STAILQ_CONCAT(&waiting, &g->waiters);
    pthread_mutex_unlock(&r->lock);
    serve_all(w, g, &waiting, LINK_TO_LEADER);
}

/* G, referenced, where its leader is still to be settled; else NULL. */
static struct zc_hardlink_group *hold_pending(struct zc_hardlink_group *g)
{
    if (!g || g->state != PENDING)
        return NULL;
    g->refs++;
    return g;
}

void zc_hardlink_settle(struct zc_rworker *w, struct zc_hardlink_key key,
                        struct zc_rdir *d, const char *name, bool ok)
{
    struct zc_receiver *r = w->r;
    if (!key.grouped)
        return;
    pthread_mutex_lock(&r->lock);
    struct zc_hardlink_group *g = hold_pending(group_get(r, key));
    pthread_mutex_unlock(&r->lock);
    if (!g)
        return; /* a name that was sent as a file of its own */
    if (ok)
        leader_ready(w, g, d, name);
    else
        leader_failed(w, g);
    zc_hardlink_put(r, g);
}

void zc_hardlink_done(struct zc_rworker *w, struct zc_rlist *list,
                      struct zc_ref ref, enum zc_status status, unsigned op,
                      int eno)
{
    struct zc_receiver *r = w->r;
    pthread_mutex_lock(&r->lock);
    struct zc_hardlink_group *g = hold_pending(
        zc_map_get(&r->hardlinks->leaders, ref.list, ref.index));
    pthread_mutex_unlock(&r->lock);
    if (g) {
        leader_failed(w, g);
        zc_hardlink_put(r, g);
    }
    zc_entry_done(w, list, ref, status, op, eno);
}

/* --- inodes --- */

static bool same_file(struct zc_hardlink_key a, struct zc_hardlink_key b)
{
    return a.grouped == b.grouped && a.dev == b.dev && a.ino == b.ino;
}

bool zc_hardlink_taken(struct zc_receiver *r, const struct zc_stat *st,
                       const struct zc_entry *e, struct zc_ref ref)
{
    struct zc_map *inodes = &r->hardlinks->inodes;
    struct zc_hardlink_key key = zc_hardlink_key(r, e);
    if (!key.grouped)
        key = (struct zc_hardlink_key){false, ref.list, ref.index};
    pthread_mutex_lock(&r->lock);
    struct zc_hardlink_key *owner = zc_map_get(inodes, st->dev, st->ino);
    bool taken = owner && !same_file(key, *owner);
    if (!owner && !take_room(r, INODE_BYTES)) {
        taken = true; /* as far as is known: it gets an inode of its own */
    } else if (!owner && (owner = malloc(sizeof *owner))) {
        *owner = key;
        if (zc_map_put(inodes, st->dev, st->ino, owner))
            free(owner);
    }
    pthread_mutex_unlock(&r->lock);
    return taken;
}

/* --- the end --- */

static void drop_deferred(struct zc_receiver *r, struct zc_rlist *list)
{
    struct zc_hardlink_waiter *v;
    while ((v = SLIST_FIRST(&list->deferred))) {
        SLIST_REMOVE_HEAD(&list->deferred, next_late);
        group_unref(r, v->group, leave_table(r, v->group) ? 2 : 1);
        free(v);
    }
}

static void free_groups(struct zc_receiver *r)
{
    size_t at = 0;
    for (struct zc_map_slot *slot;
         (slot = zc_map_next(&r->hardlinks->groups, &at));) {
        struct zc_hardlink_group *g = slot->value;
        struct zc_hardlink_waiter *v;
        while ((v = STAILQ_FIRST(&g->waiters))) {
            STAILQ_REMOVE_HEAD(&g->waiters, next);
            free(v);
        }
        group_unref(r, g, g->refs);
    }
    zc_map_fini(&r->hardlinks->groups);
}

void zc_hardlinks_free(struct zc_receiver *r)
{
    struct zc_hardlinks *all = r->hardlinks;
    size_t at = 0;
    for (struct zc_map_slot *slot;
         (slot = zc_map_next(&r->lists->by_id, &at));)
        drop_deferred(r, slot->value);
    free_groups(r);
    at = 0;
    for (struct zc_map_slot *slot; (slot = zc_map_next(&all->inodes, &at));)
        free(slot->value);
    zc_map_fini(&all->inodes);
    zc_map_fini(&all->leaders);
    all->bytes = 0;
    all->full = false;
}
