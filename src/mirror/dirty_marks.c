// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A table of marks; see dirty_marks.h.
 *
 * A mark is in up to four structures at once: a hash table (by directory and
 * name), the list of its directory (so that a removed directory's marks go in
 * one sweep), a list by age, and either the list of what is due or a heap of
 * what will be.
 */
#include "mirror/dirty_marks.h"

#include "base/vec.h"

#include <string.h>

static struct zc_mark *mark_of(const struct zc_nametab_node *node)
{
    return ZC_CONTAINER_OF(node, struct zc_mark, by_name);
}

static struct zc_nametab_key key_of(const struct zc_nametab_node *node)
{
    const struct zc_mark *mark = mark_of(node);
    return (struct zc_nametab_key){mark->dir, mark->name, mark->n};
}

void zc_marks_init(struct zc_marks *m)
{
    *m = (struct zc_marks){0};
    zc_nametab_init(&m->by_name, key_of, 1);
    TAILQ_INIT(&m->fresh);
    TAILQ_INIT(&m->old);
    TAILQ_INIT(&m->ready);
}

void zc_marks_clear(struct zc_marks *m)
{
    struct zc_mark *mark;
    while ((mark = TAILQ_FIRST(&m->fresh)))
        zc_marks_remove(m, mark);
    while ((mark = TAILQ_FIRST(&m->old)))
        zc_marks_remove(m, mark);
}

void zc_marks_fini(struct zc_marks *m)
{
    zc_marks_clear(m);
    zc_map_fini(&m->dirs);
    zc_nametab_clear(&m->by_name);
    free(m->heap);
}

/* --- by name and by directory --- */

struct zc_mark *zc_marks_find(const struct zc_marks *m, zc_wdir dir,
                              const char *name, size_t n)
{
    const struct zc_nametab_node *node =
        zc_nametab_find(&m->by_name, dir, name, n);
    return node ? mark_of(node) : NULL;
}

struct zc_mark_dir *zc_marks_dir(const struct zc_marks *m, zc_wdir dir)
{
    return zc_map_get(&m->dirs, dir, 0);
}

static struct zc_mark_dir *home_for(struct zc_marks *m, zc_wdir id)
{
    struct zc_mark_dir *dir = zc_map_get(&m->dirs, id, 0);
    if (dir)
        return dir;
    dir = malloc(sizeof *dir);
    if (!dir || zc_map_put(&m->dirs, id, 0, dir)) {
        free(dir);
        return NULL;
    }
    *dir = (struct zc_mark_dir){.id = id};
    TAILQ_INIT(&dir->marks);
    return dir;
}

static bool is_whole(const struct zc_mark *mark)
{
    return mark->n == 1 && mark->name[0] == ZC_WHOLE[0];
}

/* Counts MARK in (BY = 1) or out (-1). */
static void count(struct zc_marks *m, const struct zc_mark *mark, int by)
{
    size_t one = (size_t)by;
    m->n += one;
    mark->home->n += one;
    m->n_whole += is_whole(mark) ? one : 0;
    m->n_failing += mark->failing ? one : 0;
    if (mark->what & ZC_CHANGE_DEEP) {
        m->n_deep += one;
        mark->home->n_deep += one;
    }
}

static int link_in(struct zc_marks *m, struct zc_mark *mark)
{
    mark->home = home_for(m, mark->dir);
    if (!mark->home)
        return -1;
    zc_nametab_add_hashed(&m->by_name, &mark->by_name, mark->hash);
    TAILQ_INSERT_TAIL(&mark->home->marks, mark, in_dir);
    TAILQ_INSERT_TAIL(&m->fresh, mark, by_age);
    mark->came_back = false;
    count(m, mark, 1);
    return 0;
}

struct zc_mark *zc_marks_add(struct zc_marks *m, zc_wdir dir, const char *name,
                             size_t n)
{
    struct zc_mark *mark = malloc(sizeof *mark + n + 1);
    if (!mark)
        return NULL;
    *mark = (struct zc_mark){.dir = dir, .n = (uint16_t)n, .due = INT64_MAX,
                             .slot = ZC_MARK_IDLE};
    memcpy(mark->name, name, n);
    mark->name[n] = '\0';
    mark->hash = zc_nametab_hash(&m->by_name, dir, name, n);
    if (link_in(m, mark)) {
        free(mark);
        return NULL;
    }
    return mark;
}

int zc_marks_insert(struct zc_marks *m, struct zc_mark *mark)
{
    struct zc_mark *other = zc_marks_find(m, mark->dir, mark->name, mark->n);
    if (other)
        zc_marks_remove(m, other);
    if (link_in(m, mark) == 0)
        return 0;
    free(mark);
    return -1;
}

void zc_marks_set_what(struct zc_marks *m, struct zc_mark *mark, unsigned what)
{
    count(m, mark, -1);
    mark->what = (uint8_t)what;
    count(m, mark, 1);
}

void zc_marks_set_failing(struct zc_marks *m, struct zc_mark *mark,
                          bool failing)
{
    count(m, mark, -1);
    mark->failing = failing;
    count(m, mark, 1);
}

/* --- by time --- */

static void put_at(struct zc_marks *m, size_t i, struct zc_mark *mark)
{
    m->heap[i] = mark;
    mark->slot = i;
}

static void sift_up(struct zc_marks *m, size_t i)
{
    struct zc_mark *mark = m->heap[i];
    for (; i && m->heap[(i - 1) / 2]->due > mark->due; i = (i - 1) / 2)
        put_at(m, i, m->heap[(i - 1) / 2]);
    put_at(m, i, mark);
}

static void sift_down(struct zc_marks *m, size_t i)
{
    struct zc_mark *mark = m->heap[i];
    for (size_t child; (child = 2 * i + 1) < m->heap_n; i = child) {
        if (child + 1 < m->heap_n &&
            m->heap[child + 1]->due < m->heap[child]->due)
            child++;
        if (m->heap[child]->due >= mark->due)
            break;
        put_at(m, i, m->heap[child]);
    }
    put_at(m, i, mark);
}

static void heap_del(struct zc_marks *m, struct zc_mark *mark)
{
    size_t i = mark->slot;
    struct zc_mark *last = m->heap[--m->heap_n];
    mark->slot = ZC_MARK_IDLE;
    m->n_held -= mark->held;
    if (last == mark)
        return;
    put_at(m, i, last);
    sift_up(m, i);
    sift_down(m, last->slot);
}

static void unschedule(struct zc_marks *m, struct zc_mark *mark)
{
    if (mark->slot == ZC_MARK_READY)
        TAILQ_REMOVE(&m->ready, mark, in_ready);
    else if (mark->slot != ZC_MARK_IDLE)
        heap_del(m, mark);
    mark->slot = ZC_MARK_IDLE;
}

static void make_ready(struct zc_marks *m, struct zc_mark *mark)
{
    unschedule(m, mark);
    TAILQ_INSERT_TAIL(&m->ready, mark, in_ready);
    mark->slot = ZC_MARK_READY;
}

void zc_marks_set_held(struct zc_marks *m, struct zc_mark *mark, bool held)
{
    if (mark->slot != ZC_MARK_IDLE && mark->slot != ZC_MARK_READY)
        m->n_held += (size_t)held - mark->held;
    mark->held = held;
}

void zc_marks_postpone(struct zc_marks *m, struct zc_mark *mark)
{
    unschedule(m, mark);
    mark->due = INT64_MAX;
}

void zc_marks_schedule(struct zc_marks *m, struct zc_mark *mark, int64_t due,
                       int64_t now)
{
    if (due >= mark->due)
        return;
    mark->due = due;
    if (mark->slot == ZC_MARK_READY)
        return;
    if (due <= now) {
        make_ready(m, mark);
        return;
    }
    if (mark->slot == ZC_MARK_IDLE) {
        if (m->heap_n == m->heap_cap &&
            zc_vec_grow((void **)&m->heap, &m->heap_cap, m->heap_n + 1,
                        sizeof *m->heap)) {
            make_ready(m, mark); /* too early is better than never */
            return;
        }
        put_at(m, m->heap_n++, mark);
        m->n_held += mark->held;
    }
    sift_up(m, mark->slot);
}

void zc_marks_wake(struct zc_marks *m, int64_t now)
{
    while (m->heap_n && m->heap[0]->due <= now)
        make_ready(m, m->heap[0]);
}

/* --- by age --- */

static struct zc_mark_list *age_list(struct zc_marks *m,
                                     const struct zc_mark *mark)
{
    return mark->came_back ? &m->old : &m->fresh;
}

void zc_marks_age(struct zc_marks *m, struct zc_mark *mark, int64_t since,
                  uint64_t gen)
{
    if (mark->since <= since && mark->gen <= gen)
        return;
    mark->since = ZC_MIN(mark->since, since);
    mark->gen = ZC_MIN(mark->gen, gen);
    TAILQ_REMOVE(age_list(m, mark), mark, by_age);
    TAILQ_INSERT_TAIL(&m->old, mark, by_age);
    mark->came_back = true;
}

uint64_t zc_marks_gen(const struct zc_marks *m)
{
    const struct zc_mark *mark = TAILQ_FIRST(&m->fresh);
    uint64_t gen = mark ? mark->gen : UINT64_MAX;
    TAILQ_FOREACH(mark, &m->old, by_age)
        gen = ZC_MIN(gen, mark->gen);
    return gen;
}

int64_t zc_marks_since(const struct zc_marks *m)
{
    const struct zc_mark *mark = TAILQ_FIRST(&m->fresh);
    int64_t since = mark ? mark->since : INT64_MAX;
    TAILQ_FOREACH(mark, &m->old, by_age)
        since = ZC_MIN(since, mark->since);
    return since;
}

/* --- removing --- */

void zc_marks_unlink(struct zc_marks *m, struct zc_mark *mark)
{
    zc_nametab_del_hashed(&m->by_name, &mark->by_name, mark->hash);
    unschedule(m, mark);
    TAILQ_REMOVE(age_list(m, mark), mark, by_age);
    TAILQ_REMOVE(&mark->home->marks, mark, in_dir);
    count(m, mark, -1);
    if (mark->home->n == 0) {
        zc_map_del(&m->dirs, mark->dir, 0);
        free(mark->home);
    }
    mark->home = NULL;
}

void zc_marks_remove(struct zc_marks *m, struct zc_mark *mark)
{
    zc_marks_unlink(m, mark);
    free(mark);
}

void zc_marks_remove_dir(struct zc_marks *m, zc_wdir dir)
{
    struct zc_mark_dir *home = zc_marks_dir(m, dir);
    for (size_t left = home ? home->n : 0; left; left--)
        zc_marks_remove(m, TAILQ_FIRST(&home->marks));
}
