// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Hard links. The names of one inode form a group, known by the source's device
 * and inode. The first name met, the leader, is treated like any other entry;
 * those that come later become links to it: at once where it is in place, else
 * when it is. Where the leader fails, the first that waits takes its place.
 */
#include "fs/rootdir.h"
#include "receiver/core.h"
#include "receiver/place.h"
#include "receiver/volumes.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* What becomes of one that waited. */
enum fate { LINK_TO_LEADER, BECOME_LEADER, LOST };

struct zc_rwaiter {
    struct zc_rwaiter *next;
    struct zc_hardlink_group *group; /* referenced, while deferred */
    enum fate fate;
    struct zc_rdir *dir;
    struct zc_rlist *list;
    struct zc_ref ref;
    bool regular;
    char name[];
};

struct zc_hardlink_group {
    enum { PENDING, READY, FAILED } state;
    unsigned refs; /* the table's, and users' */
    uint32_t seen, total;
    struct zc_ref leader; /* PENDING: the entry that leads */
    uint32_t link_dev;
    uint64_t link_ino;
    /* READY: the leader. */
    struct zc_dirnode *node;
    char *name;
    uint64_t dev, ino; /* here; 0, 0 in a dry run that would make it */
    struct zc_rwaiter *waiters, **waiters_end;
};

/* With the lock held: N references less. */
static void link_unref(struct zc_receiver *r, struct zc_hardlink_group *l,
                       unsigned n)
{
    l->refs -= n;
    if (l->refs)
        return;
    zc_dirnode_unref(r->tree, l->node);
    free(l->name);
    free(l);
}

/* Takes L out of the table when its last name has been seen and served. */
static bool leave_table(struct zc_receiver *r, struct zc_hardlink_group *l)
{
    bool over = l->seen >= l->total && l->state == READY && !l->waiters &&
                zc_map_get(&r->links, l->link_dev, l->link_ino) == l;
    if (over)
        zc_map_del(&r->links, l->link_dev, l->link_ino);
    return over;
}

void zc_hardlink_put(struct zc_receiver *r, struct zc_hardlink_group *l)
{
    pthread_mutex_lock(&r->lock);
    link_unref(r, l, leave_table(r, l) ? 2 : 1);
    pthread_mutex_unlock(&r->lock);
}

/* Entry REF leads L from now on. With the lock held. */
static int lead(struct zc_receiver *r, struct zc_hardlink_group *l,
                struct zc_ref ref)
{
    zc_map_del(&r->leaders, l->leader.list, l->leader.index);
    l->leader = ref;
    return zc_map_put(&r->leaders, ref.list, ref.index, l);
}

static void nobody_leads(struct zc_receiver *r, struct zc_hardlink_group *l)
{
    zc_map_del(&r->leaders, l->leader.list, l->leader.index);
    l->leader = (struct zc_ref){0, 0}; /* the root: never a link */
}

static struct zc_hardlink_group *link_new(struct zc_receiver *r,
                                          const struct zc_entry *e,
                                          struct zc_ref ref)
{
    struct zc_hardlink_group *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->refs = 1;
    l->seen = 1;
    l->total = e->link_count;
    l->link_dev = e->link_dev;
    l->link_ino = e->link_ino;
    l->waiters_end = &l->waiters;
    if (lead(r, l, ref)) {
        free(l);
        return NULL;
    }
    if (zc_map_put(&r->links, e->link_dev, e->link_ino, l)) {
        nobody_leads(r, l);
        free(l);
        return NULL;
    }
    return l;
}

/* Queues E behind its leader; it counts as outstanding. With the lock held. */
static int wait_for_leader(struct zc_receiver *r, struct zc_hardlink_group *l,
                           struct zc_rdir *d, struct zc_rlist *list,
                           const struct zc_entry *e, struct zc_ref ref)
{
    struct zc_rwaiter *w = calloc(1, sizeof *w + e->name_len + 1);
    if (!w)
        return -1;
    w->dir = d;
    w->list = list;
    w->ref = ref;
    w->regular = S_ISREG(e->mode);
    memcpy(w->name, e->name, e->name_len);
    *l->waiters_end = w;
    l->waiters_end = &w->next;
    list->outstanding++;
    r->pending++;
    d->pending++;
    d->files++;
    return 0;
}

enum zc_hardlink_role zc_hardlink_join(struct zc_receiver *r,
                                       struct zc_rdir *d,
                                       struct zc_rlist *list,
                                       const struct zc_entry *e,
                                       struct zc_ref ref,
                                       struct zc_hardlink_group **link)
{
    enum zc_hardlink_role role;
    pthread_mutex_lock(&r->lock);
    struct zc_hardlink_group *l =
        zc_map_get(&r->links, e->link_dev, e->link_ino);
    if (!l) {
        role = link_new(r, e, ref) ? ZC_HARDLINK_LEADER : ZC_HARDLINK_NOMEM;
    } else {
        l->seen++;
        if (l->state == FAILED) {
            l->state = PENDING;
            role = lead(r, l, ref) ? ZC_HARDLINK_NOMEM : ZC_HARDLINK_LEADER;
        } else if (l->state == READY) {
            l->refs++;
            *link = l;
            role = ZC_HARDLINK_READY;
        } else {
            role = wait_for_leader(r, l, d, list, e, ref)
                       ? ZC_HARDLINK_NOMEM
                       : ZC_HARDLINK_WAITING;
        }
    }
    pthread_mutex_unlock(&r->lock);
    return role;
}

bool zc_hardlink_same(struct zc_receiver *r, struct zc_hardlink_group *l,
                      const struct zc_stat *st)
{
    pthread_mutex_lock(&r->lock);
    bool same = l->ino && l->ino == st->ino && l->dev == st->dev;
    pthread_mutex_unlock(&r->lock);
    return same;
}

/* linkat under a staging name, then renamed over what has the name. */
static int link_over(struct zc_rworker *w, int from, const char *leader,
                     struct zc_rdir *d, const char *name, unsigned *op)
{
    char tmp[ZC_STAGING_NAME_SIZE];
    int staging = zc_place_staging(&d->spot, tmp);
    if (staging < 0) {
        *op = ZC_OP_STAGING;
        return -1;
    }
    if (linkat(from, leader, staging, tmp, 0))
        return -1;
    int bad = zc_place(w, &d->spot, tmp, name, op), eno = errno;
    /* Renaming one name of an inode onto another of it does nothing, and says
     * so by succeeding (rename(2)): the staging name may still be there. */
    unlinkat(staging, tmp, 0);
    errno = eno;
    return bad;
}

int zc_hardlink_make(struct zc_rworker *w, struct zc_hardlink_group *l,
                     struct zc_rdir *d, const char *name, unsigned *op)
{
    struct zc_receiver *r = w->r;
    *op = ZC_OP_LINK;
    int from = zc_dirnode_pin(r->tree, l->node);
    if (from < 0)
        return -1;
    int to = zc_dirnode_pin(r->tree, d->spot.node), bad = -1, eno = errno;
    if (to >= 0) {
        bad = linkat(from, l->name, to, name, 0);
        if (!bad)
            zc_place_touched(r, &d->spot);
        else if (errno == EEXIST || errno == EACCES)
            bad = link_over(w, from, l->name, d, name, op);
        eno = errno;
        zc_dirnode_unpin(r->tree, d->spot.node);
    }
    zc_dirnode_unpin(r->tree, l->node);
    if (!bad) {
        atomic_fetch_add(&r->created, 1);
        atomic_fetch_add(&r->changes, 1);
    }
    errno = eno;
    return bad;
}

/* The leader is in place: V becomes a link to it. */
static void link_waiter(struct zc_rworker *w, struct zc_hardlink_group *l,
                        struct zc_rwaiter *v)
{
    struct zc_receiver *r = w->r;
    struct zc_stat st;
    unsigned op = 0;
    int dirfd = zc_dirnode_pin(r->tree, v->dir->spot.node);
    bool same = dirfd >= 0 && !zc_stat_at(dirfd, v->name, &st) &&
                zc_hardlink_same(r, l, &st);
    if (dirfd >= 0)
        zc_dirnode_unpin(r->tree, v->dir->spot.node);
    if (same)
        zc_entry_done(w, v->dir, v->list, v->ref, ZC_STATUS_SAME, 0, 0);
    else if (r->dry || !zc_hardlink_make(w, l, v->dir, v->name, &op))
        zc_entry_done(w, v->dir, v->list, v->ref, ZC_STATUS_OK, 0, 0);
    else if (v->regular)
        zc_entry_again(w, v->list, v->ref);
    else
        zc_entry_done(w, v->dir, v->list, v->ref, ZC_STATUS_FAILED, op,
                      errno);
}

static void serve(struct zc_rworker *w, struct zc_hardlink_group *l,
                  struct zc_rwaiter *v)
{
    switch (v->fate) {
    case LINK_TO_LEADER:
        link_waiter(w, l, v);
        break;
    case BECOME_LEADER:
        zc_entry_again(w, v->list, v->ref);
        break;
    case LOST:
        zc_entry_done(w, v->dir, v->list, v->ref, ZC_STATUS_FAILED,
                      ZC_OP_LINK, ENOENT);
        break;
    }
    free(v);
}

/* Serves the chain V. The sender must have been asked about an entry before it
 * is told the result: those whose list is still being compared are left to the
 * worker that does that. */
static void serve_all(struct zc_rworker *w, struct zc_hardlink_group *l,
                      struct zc_rwaiter *v, enum fate fate)
{
    struct zc_receiver *r = w->r;
    while (v) {
        struct zc_rwaiter *next = v->next;
        v->fate = fate;
        pthread_mutex_lock(&r->lock);
        bool later = !v->list->compared;
        if (later) {
            v->group = l;
            l->refs++;
            v->next = v->list->deferred;
            v->list->deferred = v;
        }
        pthread_mutex_unlock(&r->lock);
        if (!later)
            serve(w, l, v);
        v = next;
    }
}

void zc_hardlink_serve_deferred(struct zc_rworker *w, struct zc_rwaiter *v)
{
    while (v) {
        struct zc_rwaiter *next = v->next;
        struct zc_hardlink_group *l = v->group;
        serve(w, l, v);
        zc_hardlink_put(w->r, l);
        v = next;
    }
}

void zc_hardlink_drop_deferred(struct zc_receiver *r, struct zc_rwaiter *v)
{
    while (v) {
        struct zc_rwaiter *next = v->next;
        zc_hardlink_put(r, v->group);
        free(v);
        v = next;
    }
}

/* The leader failed: the first that waits is asked for instead; where it cannot
 * be, all are lost. */
static void leader_failed(struct zc_rworker *w, struct zc_hardlink_group *l)
{
    struct zc_receiver *r = w->r;
    pthread_mutex_lock(&r->lock);
    struct zc_rwaiter *served = l->waiters;
    bool promoted = served && served->regular && !lead(r, l, served->ref);
    if (promoted) {
        l->waiters = served->next;
        served->next = NULL;
    } else {
        l->waiters = NULL;
        l->state = FAILED;
        nobody_leads(r, l);
    }
    if (!l->waiters)
        l->waiters_end = &l->waiters;
    pthread_mutex_unlock(&r->lock);
    serve_all(w, l, served, promoted ? BECOME_LEADER : LOST);
}

static void leader_ready(struct zc_rworker *w, struct zc_hardlink_group *l,
                         struct zc_rdir *d, const char *name)
{
    struct zc_receiver *r = w->r;
    struct zc_stat st = {0};
    char *copy = strdup(name);
    int dirfd = *name ? zc_dirnode_pin(r->tree, d->spot.node) : -1;
    if (dirfd >= 0) {
        zc_stat_at(dirfd, name, &st);
        zc_dirnode_unpin(r->tree, d->spot.node);
    }
    zc_dirnode_ref(r->tree, d->spot.node);
    pthread_mutex_lock(&r->lock);
    zc_dirnode_unref(r->tree, l->node);
    free(l->name);
    l->node = d->spot.node;
    l->name = copy;
    l->dev = st.dev;
    l->ino = st.ino;
    l->state = READY;
    nobody_leads(r, l);
    struct zc_rwaiter *waiting = l->waiters;
    l->waiters = NULL;
    l->waiters_end = &l->waiters;
    pthread_mutex_unlock(&r->lock);
    serve_all(w, l, waiting, LINK_TO_LEADER);
}

void zc_hardlink_settle(struct zc_rworker *w, uint32_t dev, uint64_t ino,
                        struct zc_rdir *d, const char *name, bool ok)
{
    struct zc_receiver *r = w->r;
    pthread_mutex_lock(&r->lock);
    struct zc_hardlink_group *l = zc_map_get(&r->links, dev, ino);
    bool mine = l && l->state == PENDING;
    if (mine)
        l->refs++;
    pthread_mutex_unlock(&r->lock);
    if (!mine)
        return; /* a name that was sent as a file of its own */
    if (ok)
        leader_ready(w, l, d, name);
    else
        leader_failed(w, l);
    zc_hardlink_put(r, l);
}

void zc_hardlink_leader_done(struct zc_rworker *w, struct zc_ref ref)
{
    struct zc_receiver *r = w->r;
    pthread_mutex_lock(&r->lock);
    struct zc_hardlink_group *l = zc_map_get(&r->leaders, ref.list, ref.index);
    bool mine = l && l->state == PENDING;
    if (mine)
        l->refs++;
    pthread_mutex_unlock(&r->lock);
    if (!mine)
        return;
    leader_failed(w, l);
    zc_hardlink_put(r, l);
}

/* Which file of the source a local inode stands for. */
struct zc_rinode {
    bool linked; /* with other names there, too: */
    uint32_t link_dev;
    uint64_t link_ino;
};

bool zc_hardlink_taken(struct zc_receiver *r, const struct zc_stat *st,
                       const struct zc_entry *e)
{
    bool linked =
        e->flags & ZC_ENTRY_HARD_LINK && r->keep & ZC_KEEP_HARD_LINKS;
    pthread_mutex_lock(&r->lock);
    struct zc_rinode *i = zc_map_get(&r->inodes, st->dev, st->ino);
    bool taken = i && !(linked && i->linked && i->link_dev == e->link_dev &&
                        i->link_ino == e->link_ino);
    if (!i && (i = malloc(sizeof *i))) {
        *i = (struct zc_rinode){linked, e->link_dev, e->link_ino};
        if (zc_map_put(&r->inodes, st->dev, st->ino, i))
            free(i);
    }
    pthread_mutex_unlock(&r->lock);
    return taken;
}

void zc_hardlinks_free(struct zc_receiver *r)
{
    size_t at = 0;
    for (struct zc_map_slot *slot; (slot = zc_map_next(&r->inodes, &at));)
        free(slot->value);
    zc_map_fini(&r->inodes);
    zc_map_fini(&r->leaders);
    at = 0;
    for (struct zc_map_slot *slot; (slot = zc_map_next(&r->links, &at));) {
        struct zc_hardlink_group *l = slot->value;
        while (l->waiters) {
            struct zc_rwaiter *v = l->waiters;
            l->waiters = v->next;
            free(v);
        }
        link_unref(r, l, l->refs);
    }
    zc_map_fini(&r->links);
}
