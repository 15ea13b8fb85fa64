// SPDX-License-Identifier: GPL-2.0-or-later
/* Files under other names; see moved.h. */
#include "receiver/moved.h"

#include "fs/meta.h"
#include "fs/rootdir.h"
#include "receiver/cmp.h"
#include "receiver/core.h"
#include "receiver/dirs.h"
#include "receiver/lists.h"
#include "tree/names.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* Well below what a sender lists ahead (zc_queue's slow workers take as much). */
#define LATER_LISTS 128
#define LATER_BYTES ((size_t)1 << 20)
/* Bytes of lists that slow workers have; no sender lists half as much ahead. */
#define ASIDE_MAX ((size_t)48 << 20)
/* What a search may look at, and keep. */
#define PLACES_MAX 16384
#define NAMES_MAX 200000
#define FILES_MAX 100000
#define DEPTH_MAX 64
#define ALIKE_MAX 100 /* of one size and time that are compared */

/* A directory whose files may be what is looked for. */
struct zc_moved_place {
    struct zc_dirnode *node; /* referenced */
    bool deep;               /* and all that is below it */
};

/* A file in one, which may be gone by now. */
struct zc_moved_file {
    struct zc_moved_file *next[ZC_MOVED_WAYS]; /* which is alike */
    struct zc_dirnode *dir;     /* referenced */
    uint64_t size;
    char name[];
};

void zc_moved_init(struct zc_moved *m)
{
    STAILQ_INIT(&m->later);
    pthread_mutex_init(&m->lock, NULL);
}

static void forget(struct zc_receiver *r)
{
    struct zc_moved *m = r->moved;
    struct zc_work *work;
    while ((work = STAILQ_FIRST(&m->later))) {
        STAILQ_REMOVE_HEAD(&m->later, next);
        zc_work_free(work);
    }
    for (size_t i = 0; i < m->places.len; i++)
        zc_dirnode_unref(r->tree, m->places.v[i].node);
    for (size_t i = 0; i < m->files.len; i++) {
        zc_dirnode_unref(r->tree, m->files.v[i]->dir);
        free(m->files.v[i]);
    }
    zc_vec_fini(&m->places);
    zc_vec_fini(&m->files);
    zc_map_fini(&m->found);
    for (unsigned how = 0; how < ZC_MOVED_WAYS; how++)
        zc_map_fini(&m->by_looks[how]);
    m->n_later = m->walking = 0;
    m->bytes_later = m->searched = m->looked_at = 0;
    atomic_store(&m->any, false);
}

void zc_moved_next_round(struct zc_receiver *r)
{
    forget(r);
}

void zc_moved_fini(struct zc_receiver *r)
{
    forget(r);
    pthread_mutex_destroy(&r->moved->lock);
}

/* --- what waits --- */

bool zc_moved_may_be(const struct zc_receiver *r, const struct zc_cmp *c)
{
    return atomic_load_explicit(&r->moved->on, memory_order_relaxed) &&
           atomic_load_explicit(&r->moved->any, memory_order_relaxed) &&
           !c->exists && S_ISREG(c->e->mode) && c->e->size >= ZC_MOVED_MIN &&
           !(c->e->flags & (ZC_ENTRY_EAGER | ZC_ENTRY_HARD_LINK |
                            ZC_ENTRY_IMPLIED | ZC_ENTRY_ABSENT)) &&
           !c->dir->shallow && r->round.full && c->dirfd >= 0;
}

int zc_moved_later(struct zc_work *work, uint32_t at)
{
    uint32_t *more = reallocarray(work->later, work->n_later + 1,
                                  sizeof *more);
    if (!more)
        return -1;
    work->later = more;
    more[work->n_later++] = at;
    return 0;
}

/* With the lock. */
static void release(struct zc_receiver *r)
{
    struct zc_moved *m = r->moved;
    zc_queue_add_aside(r, &m->later);
    m->n_later = 0;
    m->bytes_later = 0;
}

void zc_moved_walks(struct zc_receiver *r, struct zc_rdir *d, bool more)
{
    struct zc_moved *m = r->moved;
    pthread_mutex_lock(&r->lock);
    if (d->walking != more) {
        d->walking = more;
        m->walking += more ? 1 : -1;
        if (!m->walking)
            release(r);
    }
    pthread_mutex_unlock(&r->lock);
}

void zc_moved_here(struct zc_receiver *r, const struct zc_rdir *d)
{
    if (!atomic_load_explicit(&r->moved->any, memory_order_relaxed) &&
        zc_rdir_any_name(d, &d->cursor.names))
        atomic_store(&r->moved->any, true);
}

/* With the lock. */
static void add_place(struct zc_receiver *r, struct zc_dirnode *node, bool deep)
{
    struct zc_moved *m = r->moved;
    const struct zc_moved_place place = {node, deep};
    if (m->places.len < PLACES_MAX && !zc_vec_push(&m->places, place))
        zc_dirnode_ref(r->tree, node);
}

/* D's own files, once. With the lock. */
static void add_own(struct zc_receiver *r, struct zc_rdir *d)
{
    if (!d->searched && d->state == ZC_RD_EXISTS)
        add_place(r, d->shelf.node, false);
    d->searched = true;
}

void zc_moved_extra(struct zc_receiver *r, struct zc_rdir *d, const char *name,
                    unsigned type)
{
    struct zc_dirnode *child;
    if (!atomic_load_explicit(&r->moved->on, memory_order_relaxed) ||
        d->shallow)
        return;
    pthread_mutex_lock(&r->lock);
    if (type != DT_DIR) {
        add_own(r, d);
    } else if (r->moved->places.len < PLACES_MAX &&
               (child = zc_dirnode_new(r->tree, d->shelf.node, name,
                                       strlen(name)))) {
        add_place(r, child, true);
        zc_dirnode_unref(r->tree, child);
    }
    pthread_mutex_unlock(&r->lock);
}

bool zc_moved_put(struct zc_receiver *r, struct zc_work *work)
{
    struct zc_moved *m = r->moved;
    struct zc_rdir *d = work->list->dir;
    struct zc_work *copy = zc_work_own(work);
    pthread_mutex_lock(&r->lock);
    bool ok = copy && !r->stopping && r->n_slow;
    if (ok) {
        copy->kind = ZC_WORK_LATER;
        copy->line = NULL;
        copy->later = work->later;
        copy->n_later = work->n_later;
        work->later = NULL;
        work->n_later = 0;
        add_own(r, d);
        zc_ledger_hold(&d->book);
        STAILQ_INSERT_TAIL(&m->later, copy, next);
        m->bytes_later += copy->n;
        if (++m->n_later >= LATER_LISTS || m->bytes_later >= LATER_BYTES ||
            !m->walking)
            release(r);
    }
    pthread_mutex_unlock(&r->lock);
    if (!ok)
        zc_work_free(copy);
    return ok;
}

/* --- the search --- */

/* What a file is first known by: its size and time. There are file systems that
 * keep no more than seconds, so that is another way to be alike. */
static uint64_t time_of(int64_t s, uint32_t ns, enum zc_moved_alike how)
{
    return how == ZC_MOVED_SECONDS ? (uint64_t)s
                                   : (uint64_t)s * 1000000000u + ns;
}

static void add_file(struct zc_receiver *r, struct zc_dirnode *dir,
                     const char *name, const struct zc_stat *st)
{
    struct zc_moved *m = r->moved;
    size_t n = strlen(name) + 1;
    struct zc_moved_file *f = malloc(sizeof *f + n);
    if (!f)
        return;
    *f = (struct zc_moved_file){.dir = dir, .size = st->size};
    memcpy(f->name, name, n);
    if (zc_vec_push(&m->files, f)) {
        free(f);
        return;
    }
    zc_dirnode_ref(r->tree, dir);
    for (unsigned how = 0; how < ZC_MOVED_WAYS; how++) {
        uint64_t t = time_of(st->mtime_s, st->mtime_ns, how);
        f->next[how] = zc_map_get(&m->by_looks[how], st->size, t);
        (void)zc_map_put(&m->by_looks[how], st->size, t, f);
    }
}

/* Enough has been looked at. */
static bool is_over(struct zc_receiver *r)
{
    const struct zc_moved *m = r->moved;
    return atomic_load(&r->stopping) || m->looked_at > NAMES_MAX ||
           m->files.len >= FILES_MAX;
}

/* What is in NODE, on the device *DEV (0: any, which it becomes): its files, and
 * NAMES. What cannot be looked at is not what is
 * looked for. */
static void search_one(struct zc_receiver *r, struct zc_dirnode *node,
                       uint64_t *dev, struct zc_names *names)
{
    struct zc_stat st;
    int fd = zc_dirnode_pin(r->tree, node);
    *names = (struct zc_names){0};
    if (fd < 0)
        return;
    if (!zc_stat_at(fd, "", &st) && (!*dev || st.dev == *dev) &&
        !zc_names_read(fd, names))
        *dev = st.dev;
    r->moved->looked_at += names->len;
    for (size_t i = 0; i < names->len && !is_over(r); i++) {
        const char *name = zc_names_at(names, i);
        unsigned type = names->v[i].type;
        if ((type == DT_REG || type == DT_UNKNOWN) &&
            !zc_stat_at(fd, name, &st) && S_ISREG(st.mode) &&
            st.size >= ZC_MOVED_MIN)
            add_file(r, node, name, &st);
    }
    zc_dirnode_unpin(r->tree, node);
}

/* The files in NODE, and DEPTH levels below it on the same device. */
static void search(struct zc_receiver *r, struct zc_dirnode *node,
                   uint64_t dev, unsigned depth)
{
    struct zc_names names;
    search_one(r, node, &dev, &names);
    for (size_t i = 0; depth && i < names.len && !is_over(r); i++) {
        const char *name = zc_names_at(&names, i);
        if (names.v[i].type != DT_DIR || !strcmp(name, ZC_STAGING_NAME))
            continue;
        struct zc_dirnode *child = zc_dirnode_new(r->tree, node, name,
                                                  names.v[i].len);
        if (!child)
            break;
        search(r, child, dev, depth - 1);
        zc_dirnode_unref(r->tree, child);
    }
    zc_names_fini(&names);
}

/* What has not been searched so far. With m->lock. */
static void search_places(struct zc_receiver *r)
{
    struct zc_moved *m = r->moved;
    for (;;) {
        struct zc_moved_place place = {0};
        pthread_mutex_lock(&r->lock);
        if (m->searched < m->places.len)
            place = m->places.v[m->searched++];
        pthread_mutex_unlock(&r->lock);
        if (!place.node)
            return;
        search(r, place.node, 0, place.deep ? DEPTH_MAX : 0);
    }
}

/* What speaks for F, one of those that look like C. */
static unsigned likeness(const struct zc_cmp *c, const struct zc_moved_file *f)
{
    const char *here = zc_dirnode_name(c->dir->shelf.node);
    return (!strcmp(f->name, c->name) ? 2u : 0) +
           (!strcmp(zc_dirnode_name(f->dir), here) ? 1u : 0);
}

/* The likeliest of those that look like C; NULL: there is none. */
static struct zc_moved_file *choose(const struct zc_moved *m,
                                    const struct zc_cmp *c)
{
    struct zc_moved_file *best = NULL;
    for (unsigned how = 0; !best && how < ZC_MOVED_WAYS; how++) {
        uint64_t t = time_of(c->e->mtime_s, c->e->mtime_ns, how);
        struct zc_moved_file *f = zc_map_get(&m->by_looks[how], c->e->size, t);
        best = f;
        for (unsigned n = 0; f && n < ALIKE_MAX; f = f->next[how], n++)
            if (likeness(c, f) > likeness(c, best))
                best = f;
    }
    return best;
}

uint64_t zc_moved_find(struct zc_receiver *r, const struct zc_cmp *c)
{
    struct zc_moved *m = r->moved;
    pthread_mutex_lock(&m->lock);
    search_places(r);
    struct zc_moved_file *f = choose(m, c);
    pthread_mutex_unlock(&m->lock);
    if (!f)
        return 0;
    pthread_mutex_lock(&r->lock);
    bool bad = zc_map_put(&m->found, c->ref.list, c->ref.index, f);
    pthread_mutex_unlock(&r->lock);
    return bad ? 0 : f->size;
}

bool zc_moved_full(const struct zc_receiver *r)
{
    return r->moved->bytes_later + r->queue->bytes_aside > ASIDE_MAX;
}

void zc_moved_forget(struct zc_receiver *r, struct zc_ref ref)
{
    pthread_mutex_lock(&r->lock);
    zc_map_del(&r->moved->found, ref.list, ref.index);
    pthread_mutex_unlock(&r->lock);
}

int zc_moved_open(struct zc_receiver *r, struct zc_ref ref)
{
    pthread_mutex_lock(&r->lock);
    const struct zc_moved_file *f =
        zc_map_del(&r->moved->found, ref.list, ref.index);
    pthread_mutex_unlock(&r->lock);
    if (!f)
        return -1;
    int dirfd = zc_dirnode_pin(r->tree, f->dir);
    if (dirfd < 0)
        return -1;
    int fd = zc_file_open(dirfd, f->name, O_RDONLY, 0);
    zc_dirnode_unpin(r->tree, f->dir);
    return fd;
}
