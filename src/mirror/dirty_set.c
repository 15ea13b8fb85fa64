// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rules of the dirty set: when a mark is due, what makes another one
 * superfluous, and what a barrier waits for; see dirty.h, and dirty_set.h for
 * the other files.
 *
 * Barriers: every mark carries the generation it was (first) made in, and a
 * barrier just starts the next one. Its ticket has passed when nothing is left,
 * in the set or in flight, of its generation or an older one. Whatever takes a
 * mark's place (a directory as a whole, everything) takes its age over.
 *
 * Where memory runs out, everything is in doubt: that needs none.
 */
#include "mirror/dirty_set.h"

#include "base/clock.h"

#include <string.h>

#define MAX_NAMES 100000
#define MAX_DIRS 10000
#define MS INT64_C(1000000)

/* --- life --- */

static void set_limits(struct zc_dirty_limits *to,
                       const struct zc_dirty_limits *from)
{
    if (from)
        *to = *from;
    to->max_names = to->max_names ? to->max_names : MAX_NAMES;
    to->max_dirs = to->max_dirs ? to->max_dirs : MAX_DIRS;
    to->settle_ns = to->settle_ns ? to->settle_ns : 20 * MS;
    to->settle_max_ns = to->settle_max_ns ? to->settle_max_ns : 2000 * MS;
    to->retry_ns = to->retry_ns ? to->retry_ns : 1000 * MS;
    to->retry_max_ns = to->retry_max_ns ? to->retry_max_ns : 30000 * MS;
}

struct zc_dirty *zc_dirty_new(const struct zc_watch *w,
                              const struct zc_dirty_limits *limits)
{
    struct zc_dirty *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    set_limits(&d->lim, limits);
    d->gen = 1;
    zc_marks_init(&d->set);
    zc_marks_init(&d->sent);
    d->sent.by_name.seed = d->set.by_name.seed;
    zc_renames_init(&d->renames);
    if (w)
        d->w = w;
    else
        zc_dirty_rebase(d, NULL);
    return d;
}

void zc_flight_end(struct zc_dirty *d)
{
    struct zc_flight *f = &d->fly;
    for (size_t i = 0; i < f->n_dirs; i++)
        free((char *)f->dirs[i].path);
    for (size_t i = 0; i < f->n_renames; i++) {
        free((char *)f->renames[i].from);
        free((char *)f->renames[i].to);
    }
    free(f->dirs);
    free(f->names);
    free(f->renames);
    free(f->text);
    *f = (struct zc_flight){0};
}

void zc_dirty_free(struct zc_dirty *d)
{
    if (!d)
        return;
    zc_flight_end(d);
    zc_renames_clear(&d->renames);
    zc_marks_fini(&d->set);
    zc_marks_fini(&d->sent);
    zc_tally_clear(d);
    free(d);
}

void zc_dirty_doubt(struct zc_dirty *d, int64_t since, uint64_t gen)
{
    int64_t oldest = zc_marks_since(&d->set);
    uint64_t first = zc_marks_gen(&d->set);
    if (!d->all) {
        d->all_since = since;
        d->all_gen = gen;
    }
    d->all = d->gen_used = true;
    d->all_since = ZC_MIN(d->all_since, ZC_MIN(since, oldest));
    d->all_gen = ZC_MIN(d->all_gen, ZC_MIN(gen, first));
    d->lost = false;
    zc_tally_set(d);
    zc_marks_clear(&d->set);
    zc_renames_clear(&d->renames);
}

void zc_dirty_all(struct zc_dirty *d, int64_t now)
{
    zc_dirty_doubt(d, now, d->gen);
}

bool zc_dirty_in_doubt(const struct zc_dirty *d)
{
    return d->all || (d->fly.on && d->fly.all);
}

static void inherit(struct zc_dirty *d, const struct zc_mark_list *list,
                    uint64_t round, int64_t now)
{
    const struct zc_mark *m;
    TAILQ_FOREACH(m, list, by_age)
        if ((!round || m->round == round) && m->n && !m->failing &&
            strcmp(m->name, ZC_WHOLE) != 0)
            zc_dirty_mark(d, m->dir, m->name, m->n, ZC_CHANGE_NAME, now);
}

void zc_dirty_inherit(struct zc_dirty *d, const struct zc_dirty *from,
                      int64_t now)
{
    inherit(d, &from->set.old, 0, now);
    inherit(d, &from->set.fresh, 0, now);
    if (from->fly.on)
        inherit(d, &from->sent.fresh, from->round, now);
}

void zc_dirty_rebase(struct zc_dirty *d, const struct zc_watch *w)
{
    d->w = w;
    zc_marks_clear(&d->sent);
    d->fog = d->round;
    zc_dirty_doubt(d, zc_clock_ns(), d->gen);
}

/* --- what covers what --- */

bool zc_dirty_alive(const struct zc_dirty *d, zc_wdir dir)
{
    return dir == ZC_WDIR_ROOT || zc_watch_parent(d->w, dir, NULL);
}

struct zc_mark *zc_dirty_deep_above(const struct zc_dirty *d,
                                    const struct zc_marks *m, zc_wdir dir,
                                    uint64_t round)
{
    const char *name;
    while (m->n_deep && dir != ZC_WDIR_ROOT &&
           (dir = zc_watch_parent(d->w, dir, &name))) {
        struct zc_mark *mark = zc_marks_find(m, dir, name, strlen(name));
        if (mark && mark->what & ZC_CHANGE_DEEP &&
            (!round || mark->round == round))
            return mark;
    }
    return NULL;
}

struct zc_mark *zc_dirty_covering(const struct zc_dirty *d, zc_wdir dir)
{
    const char *name;
    while (d->set.n_deep > 0 && dir != ZC_WDIR_ROOT &&
           (dir = zc_watch_parent(d->w, dir, &name))) {
        struct zc_mark *mark = zc_marks_find(&d->set, dir, name, strlen(name));
        if (mark && mark->what & ZC_CHANGE_DEEP && !mark->failing)
            return mark;
    }
    return NULL;
}

/* --- marks --- */

int64_t zc_memo_get(const struct zc_memo *t, uint64_t hash, int64_t now,
                    int64_t keep)
{
    const struct zc_memo *m = &t[hash % ZC_MEMO_SIZE];
    return m->hash == hash && now - m->at <= keep ? m->ns : 0;
}

void zc_memo_set(struct zc_memo *t, uint64_t hash, int64_t ns, int64_t now)
{
    struct zc_memo *m = &t[hash % ZC_MEMO_SIZE];
    if (ns)
        *m = (struct zc_memo){hash, now, ns};
    else if (m->hash == hash)
        *m = (struct zc_memo){0};
}

struct zc_mark *zc_dirty_touch(struct zc_dirty *d, zc_wdir dir,
                               const char *name, size_t n, unsigned what,
                               int64_t now)
{
    struct zc_mark *m = zc_marks_find(&d->set, dir, name, n);
    if (!m) {
        m = zc_marks_add(&d->set, dir, name, n);
        if (!m) {
            zc_dirty_doubt(d, now, d->gen);
            return NULL;
        }
        m->since = now;
        m->gen = d->gen;
        d->gen_used = true;
    }
    m->touched = now;
    m->late_at = m->n_late = 0;
    zc_marks_set_what(&d->set, m, m->what | what);
    return m;
}

void zc_dirty_rest(struct zc_dirty *d, zc_wdir dir, const char *name, size_t n,
                   int64_t ns, int64_t now)
{
    uint64_t hash = zc_nametab_hash(&d->set.by_name, dir, name, n);
    zc_memo_set(d->rest, hash, ZC_MIN(ns, ZC_DIRTY_REST_NS), now);
}

/* Until then the bytes of a file are not sent. */
static int64_t rests_until(const struct zc_dirty *d, uint64_t hash,
                           unsigned what)
{
    const struct zc_memo *m = &d->rest[hash % ZC_MEMO_SIZE];
    bool rests = m->hash == hash && what & (ZC_CHANGE_DATA | ZC_CHANGE_WRITING);
    return rests ? m->at + m->ns : 0;
}

/* When a change of this kind is due. */
static int64_t due_at(struct zc_dirty *d, uint64_t hash, unsigned what,
                      int64_t now)
{
    if (what & ZC_CHANGE_DATA)
        zc_memo_set(d->settle, hash, 0, now);
    if (!(what & ZC_CHANGE_WRITING) ||
        what & (ZC_CHANGE_DATA | ZC_CHANGE_META | ZC_CHANGE_DEEP))
        return now;
    int64_t ns = zc_memo_get(d->settle, hash, now, 4 * d->lim.settle_max_ns);
    return now + (ns ? ns : d->lim.settle_ns);
}

struct zc_hold zc_dirty_hold_of(const struct zc_dirty *d, zc_wdir dir,
                                const char *name)
{
    struct zc_hold hold = {0};
    struct zc_buf path = ZC_BUF_INIT;
    if (!d->lim.holds || !zc_watch_path(d->w, dir, &path))
        return hold;
    path.len = strlen((const char *)path.data);
    zc_buf_printf(&path, "%s%s", path.len ? "/" : "", name);
    zc_buf_u8(&path, 0);
    if (!path.failed)
        hold = zc_holds_of(d->lim.holds, (const char *)path.data);
    zc_buf_fini(&path);
    return hold;
}

/* When M, to which something has just happened, is due that would be at DUE. What
 * a barrier waits for is not held. */
static int64_t hold_back(struct zc_dirty *d, struct zc_mark *m, int64_t due,
                         int64_t now)
{
    if (!d->lim.holds || !m->n || m->what & ZC_CHANGE_DEEP || m->gen != d->gen)
        return due;
    struct zc_hold hold = zc_dirty_hold_of(d, m->dir, m->name);
    const struct zc_memo *p = &d->paced[m->hash % ZC_MEMO_SIZE];
    m->pace_ns = hold.interval_ns;
    if (hold.settle_ns)
        due = ZC_MAX(due, now + hold.settle_ns);
    if (hold.interval_ns && p->hash == m->hash)
        due = ZC_MAX(due, p->at + p->ns);
    zc_marks_set_held(&d->set, m, (hold.settle_ns || hold.interval_ns) &&
                                      due > now);
    if (m->held)
        zc_marks_postpone(&d->set, m);
    return due;
}

void zc_dirty_mark(struct zc_dirty *d, zc_wdir dir, const char *name, size_t n,
                   unsigned what, int64_t now)
{
    struct zc_mark *m = d->all ? NULL : zc_dirty_covering(d, dir);
    if (d->all)
        zc_tally_add(d, zc_nametab_hash(&d->set.by_name, dir, name, n), now);
    if (m && what & ZC_CHANGE_UNSEEN)
        zc_marks_set_what(&d->set, m, m->what | ZC_CHANGE_UNSEEN);
    if (d->all || m ||
        (n && !(what & ZC_CHANGE_DEEP) && zc_marks_whole(&d->set, dir)))
        return;
    m = zc_dirty_touch(d, dir, name, n, what, now);
    if (!m)
        return;
    int64_t due = due_at(d, m->hash, what, now);
    due = ZC_MAX(due, rests_until(d, m->hash, what));
    zc_marks_schedule(&d->set, m, hold_back(d, m, due, now), now);
    zc_dirty_bound(d, now);
}

void zc_dirty_tree(struct zc_dirty *d, zc_wdir dir, bool seen, int64_t now)
{
    const char *name;
    zc_wdir parent;
    if (d->all)
        return;
    if (dir == ZC_WDIR_ROOT)
        zc_dirty_all(d, now);
    else if ((parent = zc_watch_parent(d->w, dir, &name)))
        zc_dirty_mark(d, parent, name, strlen(name),
                      ZC_CHANGE_META | ZC_CHANGE_NAME | ZC_CHANGE_DEEP |
                          (seen ? 0 : ZC_CHANGE_UNSEEN), now);
}

void zc_dirty_removed(struct zc_dirty *d, zc_wdir dir)
{
    zc_marks_remove_dir(&d->set, dir);
}

/* --- too much --- */

void zc_dirty_drop_renames(struct zc_dirty *d, size_t at, int64_t now)
{
    struct zc_renames *r = &d->renames;
    for (; at < r->v.len; at++) {
        struct zc_kept *k = r->v.v[at];
        const char *name;
        zc_wdir parent;
        if (k->dropped)
            continue;
        zc_renames_drop(r, k);
        if (!k->is_dir || !(parent = zc_watch_parent(d->w, k->moved, &name)))
            continue;
        struct zc_mark *m =
            zc_dirty_touch(d, parent, name, strlen(name),
                           ZC_CHANGE_NAME | ZC_CHANGE_DEEP, now);
        if (!m)
            return; /* everything is in doubt, and R is empty */
        zc_marks_schedule(&d->set, m, now, now);
    }
}

struct crowd {
    zc_wdir id;
    size_t n;
};

static int by_size(const void *a, const void *b)
{
    const struct crowd *x = a, *y = b;
    return (x->n < y->n) - (x->n > y->n);
}

static void collapse_into(struct zc_dirty *d, zc_wdir dir, const char *name,
                          unsigned what, int64_t since, uint64_t gen,
                          int64_t due, int64_t now)
{
    struct zc_mark *m =
        d->all ? NULL : zc_dirty_touch(d, dir, name, strlen(name), what, now);
    if (!m) {
        zc_dirty_doubt(d, since, gen);
        return;
    }
    zc_marks_age(&d->set, m, since, gen);
    zc_marks_schedule(&d->set, m, due, now);
}

/* One mark for all those in DIR: the directory as a whole, or, when
 * subdirectories are in doubt, its own name with DEEP. */
static void collapse_dir(struct zc_dirty *d, zc_wdir dir, int64_t now)
{
    struct zc_mark_dir *home = zc_marks_dir(&d->set, dir);
    const char *name = ZC_WHOLE;
    zc_wdir in = dir;
    unsigned what = 0;
    if (!home)
        return;
    int64_t since = INT64_MAX, due = now;
    uint64_t gen = UINT64_MAX;
    const struct zc_mark *m;
    TAILQ_FOREACH(m, &home->marks, in_dir) {
        since = ZC_MIN(since, m->since);
        gen = ZC_MIN(gen, m->gen);
        what |= m->what & ZC_CHANGE_UNSEEN;
        if (m->failing) /* not again and again */
            due = now + d->lim.retry_max_ns;
    }
    if (home->n_deep) {
        if (dir == ZC_WDIR_ROOT) {
            zc_dirty_doubt(d, since, gen);
            return;
        }
        in = zc_watch_parent(d->w, dir, &name);
        what |= ZC_CHANGE_META | ZC_CHANGE_NAME | ZC_CHANGE_DEEP;
    }
    bool root_itself = zc_marks_find(&d->set, dir, "", 0);
    zc_marks_remove_dir(&d->set, dir);
    if (!in)
        return; /* the directory is gone */
    if (root_itself)
        collapse_into(d, dir, "", ZC_CHANGE_META, since, gen, now, now);
    collapse_into(d, in, name, what, since, gen, due, now);
}

/* Down to three quarters, so that it does not happen all the time. */
static void collapse(struct zc_dirty *d, int64_t now)
{
    zc_dirty_drop_renames(d, 0, now);
    size_t n = 0, at = 0, want = d->lim.max_names * 3 / 4;
    zc_auto_free struct crowd *v =
        malloc((d->set.dirs.used + 1) * sizeof *v);
    struct zc_map_slot *s;
    while (v && (s = zc_map_next(&d->set.dirs, &at))) {
        const struct zc_mark_dir *home = s->value;
        v[n++] = (struct crowd){home->id, home->n};
    }
    if (v)
        qsort(v, n, sizeof *v, by_size);
    for (size_t i = 0; i < n && d->set.n > want && !d->all && v[i].n > 1; i++) {
        collapse_dir(d, v[i].id, now);
        if (d->set.n_whole > d->lim.max_dirs)
            zc_dirty_doubt(d, now, d->gen);
    }
    if (d->set.n > want)
        zc_dirty_doubt(d, now, d->gen);
}

void zc_dirty_bound(struct zc_dirty *d, int64_t now)
{
    if (d->set.n > d->lim.max_names)
        collapse(d, now);
}

/* --- what is certain --- */

/* The batches below KEEP are forgotten. */
static void forget(struct zc_dirty *d, uint64_t keep)
{
    struct zc_mark *m;
    while ((m = TAILQ_FIRST(&d->sent.fresh)) && m->round < keep)
        zc_marks_remove(&d->sent, m);
    if (d->fog < keep)
        d->fog = 0;
}

void zc_dirty_seen(struct zc_dirty *d, int64_t now)
{
    if (d->seen_keep && now - d->seen_at >= ZC_DIRTY_SEEN_NS) {
        forget(d, d->seen_keep);
        d->seen_keep = 0;
    }
}

void zc_dirty_caught_up(struct zc_dirty *d, int64_t now)
{
    zc_dirty_seen(d, now);
    if (d->seen_keep)
        return; /* the batches before are to be forgotten first */
    d->seen_keep = d->fly.on ? d->round : d->round + 1;
    d->seen_at = now;
}

/* --- barriers and numbers --- */

uint64_t zc_dirty_barrier(struct zc_dirty *d, int64_t now)
{
    (void)now;
    zc_marks_wake(&d->set, INT64_MAX);
    if (!d->gen_used)
        return d->gen - 1;
    d->gen_used = false;
    return d->gen++;
}

bool zc_dirty_passed(const struct zc_dirty *d, uint64_t ticket)
{
    return !(d->all && d->all_gen <= ticket) &&
           !(d->fly.on && d->fly.gen <= ticket) &&
           zc_marks_gen(&d->set) > ticket;
}

static const struct zc_mark *holder_in(const struct zc_mark_list *list,
                                       uint64_t ticket)
{
    const struct zc_mark *m;
    TAILQ_FOREACH(m, list, by_age)
        if (m->gen <= ticket)
            return m;
    return NULL;
}

const char *zc_dirty_holding(const struct zc_dirty *d, uint64_t ticket,
                             struct zc_buf *out)
{
    zc_buf_reset(out);
    if (zc_dirty_passed(d, ticket))
        return NULL;
    const struct zc_mark *m = holder_in(&d->set.old, ticket);
    if (!m)
        m = holder_in(&d->set.fresh, ticket);
    if (m && zc_watch_path(d->w, m->dir, out)) {
        /* The path has a NUL, which may be counted or not. */
        out->len = strlen((const char *)out->data);
        if (strcmp(m->name, ZC_WHOLE) != 0)
            zc_buf_printf(out, "%s%s", out->len ? "/" : "", m->name);
    } else if (d->fly.on && !d->fly.all && !d->all && d->fly.n_dirs) {
        const struct zc_round_dir *dir = &d->fly.dirs[0];
        zc_buf_put_str(out, dir->path);
        if (!dir->whole && dir->n)
            zc_buf_printf(out, "%s%s", out->len ? "/" : "",
                          dir->names[0].name);
    }
    zc_buf_u8(out, 0);
    return out->failed ? "" : (const char *)out->data;
}

int64_t zc_dirty_next(const struct zc_dirty *d, int64_t now)
{
    if (d->fly.on || !d->w)
        return INT64_MAX;
    if (d->all || !TAILQ_EMPTY(&d->set.ready))
        return 0;
    if (!d->set.heap_n)
        return INT64_MAX;
    return ZC_MAX(d->set.heap[0]->due - now, INT64_C(0));
}

void zc_dirty_get_stats(const struct zc_dirty *d, struct zc_dirty_stats *s)
{
    int64_t oldest = zc_marks_since(&d->set);
    if (d->fly.on && !(d->fly.all && d->lost))
        oldest = ZC_MIN(oldest, d->fly.since);
    if (d->all && !d->lost)
        oldest = ZC_MIN(oldest, d->all_since);
    if (d->tally.since)
        oldest = ZC_MIN(oldest, d->tally.since);
    *s = (struct zc_dirty_stats){
        .names = d->set.n + d->fly.n + d->tally.names.used,
        .oldest_ns = oldest == INT64_MAX ? 0 : oldest,
        .failed = d->set.n_failing + d->fly.n_failing,
        .held = d->set.n_held,
        .all = d->all || (d->fly.on && d->fly.all),
    };
}
