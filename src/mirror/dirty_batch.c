// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Taking a batch: from marks to a zc_round; see dirty.h.
 *
 * What is due moves from the set to what is in flight, then the marks are
 * sorted by directory, those that others cover are dropped, and the rest is
 * written down with the paths that their directories have now. All renames that
 * were kept go with the first batch, and both their names with them: what they
 * build on is the tree as the last batch left it.
 */
#include "mirror/dirty_set.h"

#include <string.h>

typedef ZC_VEC(struct zc_mark *) marks;

/* --- which marks --- */

/* Moves MARK from the set to what is in flight. */
static int pop(struct zc_dirty *d, marks *v, struct zc_mark *m)
{
    zc_marks_unlink(&d->set, m);
    d->fly.gen = ZC_MIN(d->fly.gen, m->gen);
    d->fly.since = ZC_MIN(d->fly.since, m->since);
    m->round = d->round;
    if (zc_marks_insert(&d->sent, m))
        return -1;
    return zc_vec_push(v, m);
}

static struct zc_mark *in_batch(const struct zc_dirty *d, struct zc_mark *m)
{
    return m && m->round == d->round ? m : NULL;
}

/* Whatever in the set is about NAME in DIR: its mark, and what covers it. */
static int pop_name(struct zc_dirty *d, marks *v, zc_wdir dir, const char *name)
{
    struct zc_mark *m = zc_marks_find(&d->set, dir, name, strlen(name));
    if (m && pop(d, v, m))
        return -1;
    m = zc_marks_whole(&d->set, dir);
    if (m && pop(d, v, m))
        return -1;
    while ((m = zc_dirty_covering(d, dir)))
        if (pop(d, v, m))
            return -1;
    return 0;
}

static int collect(struct zc_dirty *d, marks *v, size_t max, int64_t now)
{
    struct zc_renames *r = &d->renames;
    for (size_t i = 0; i < r->v.len; i++) {
        const struct zc_kept *k = r->v.v[i];
        if (!k->dropped && (pop_name(d, v, k->from.dir, k->from.name) ||
                            pop_name(d, v, k->to.dir, k->to.name)))
            return -1;
    }
    zc_marks_wake(&d->set, now);
    struct zc_mark *m;
    while (v->len < max && (m = TAILQ_FIRST(&d->set.ready)))
        if (pop(d, v, m))
            return -1;
    return 0;
}

/* --- which of them count --- */

enum fate { SEND, DROP, LATER };

/* How the marks in one directory fare. */
struct bundle {
    zc_wdir dir;
    size_t first, n;     /* in the sorted marks */
    struct zc_mark *whole;
    bool drop;           /* gone, or below one that is DEEP */
    struct zc_mark *heir; /* the DEEP one, which gets as old as these */
    bool heir_waits;      /* the heir is still in the set */
    char *path;
};

static int by_dir(const void *a, const void *b)
{
    const struct zc_mark *x = *(struct zc_mark *const *)a;
    const struct zc_mark *y = *(struct zc_mark *const *)b;
    if (x->dir != y->dir)
        return x->dir < y->dir ? -1 : 1;
    int c = memcmp(x->name, y->name, ZC_MIN(x->n, y->n));
    return c ? c : (x->n > y->n) - (x->n < y->n);
}

/* Component by component: '/' before everything else. */
static int by_path(const void *a, const void *b)
{
    const unsigned char *x = (const void *)((const struct bundle *)a)->path;
    const unsigned char *y = (const void *)((const struct bundle *)b)->path;
    while (*x && *x == *y)
        x++, y++;
    int p = *x == '/' ? 1 : *x ? *x + 1 : 0;
    int q = *y == '/' ? 1 : *y ? *y + 1 : 0;
    return p - q;
}

/* The topmost DEEP mark above G, as those below that may be dropped. */
static void find_heir(struct zc_dirty *d, struct bundle *g)
{
    struct zc_mark *m;
    zc_wdir dir = g->dir;
    while ((m = zc_dirty_deep_above(d, &d->sent, dir, d->round))) {
        g->heir = m;
        dir = m->dir;
    }
    while ((m = zc_dirty_covering(d, dir))) {
        g->heir = m;
        g->heir_waits = true;
        dir = m->dir;
    }
}

static int judge(struct zc_dirty *d, struct bundle *g)
{
    struct zc_buf path = ZC_BUF_INIT;
    if (!zc_dirty_alive(d, g->dir)) {
        g->drop = true;
        return 0;
    }
    find_heir(d, g);
    if (g->heir) {
        g->drop = true;
        return 0;
    }
    g->whole = in_batch(d, zc_marks_whole(&d->sent, g->dir));
    const char *p = zc_watch_path(d->w, g->dir, &path);
    g->path = p ? strdup(p) : NULL;
    zc_buf_fini(&path);
    return g->path ? 0 : -1;
}

static enum fate fate_of(const struct bundle *g, const struct zc_mark *m)
{
    if (g->drop)
        return DROP;
    if (!g->whole || m == g->whole)
        return SEND;
    return m->what & ZC_CHANGE_DEEP || !m->n ? LATER : DROP;
}

/* A subdirectory that is DEEP does not fit beside the directory as a whole, nor
 * does the root itself. */
static int put_back(struct zc_dirty *d, struct zc_mark *m, int64_t now)
{
    int64_t since = m->since;
    uint64_t gen = m->gen;
    zc_marks_unlink(&d->sent, m);
    m->since = now;
    m->gen = d->gen;
    m->due = INT64_MAX;
    m->round = 0;
    if (zc_marks_insert(&d->set, m))
        return -1;
    zc_marks_age(&d->set, m, since, gen);
    zc_marks_schedule(&d->set, m, now, now);
    return 0;
}

/* A file that is still being written has to wait longer the next time. */
static void note_writing(struct zc_dirty *d, const struct zc_mark *m,
                         int64_t now)
{
    if (!(m->what & ZC_CHANGE_WRITING) || m->what & ZC_CHANGE_DATA)
        return;
    int64_t max = d->lim.settle_max_ns;
    int64_t ns = zc_memo_get(d->settle, m->hash, now, 4 * max);
    ns = 2 * (ns ? ns : d->lim.settle_ns);
    zc_memo_set(d->settle, m->hash, ZC_MIN(ns, max), now);
}

/* M is covered, so a barrier that waits for M waits for the heir now. */
static void inherit(struct zc_dirty *d, const struct bundle *g,
                    const struct zc_mark *m)
{
    struct zc_mark *heir = g->heir ? g->heir : g->whole;
    struct zc_marks *where = g->heir_waits ? &d->set : &d->sent;
    if (heir && m->what & ZC_CHANGE_UNSEEN)
        zc_marks_set_what(where, heir, heir->what | ZC_CHANGE_UNSEEN);
    if (g->heir_waits) {
        zc_marks_age(&d->set, heir, m->since, m->gen);
    } else if (heir) {
        heir->since = ZC_MIN(heir->since, m->since);
        heir->gen = ZC_MIN(heir->gen, m->gen);
    }
}

/* Removes from V what does not count; the bundles get what is left. */
static int sift(struct zc_dirty *d, marks *v, struct bundle *g,
                size_t n_bundles, int64_t now)
{
    size_t left = 0;
    for (size_t i = 0; i < n_bundles; i++)
        for (size_t at = g[i].first; at < g[i].first + g[i].n; at++)
            if (fate_of(&g[i], v->v[at]) == DROP)
                inherit(d, &g[i], v->v[at]);
    for (; n_bundles; n_bundles--, g++) {
        size_t at = g->first, end = at + g->n;
        g->first = left;
        for (; at < end; at++) {
            struct zc_mark *m = v->v[at];
            enum fate fate = fate_of(g, m);
            if (fate == SEND) {
                v->v[left++] = m;
                d->fly.unseen |= m->what & ZC_CHANGE_UNSEEN;
                d->fly.n_failing += m->failing;
                note_writing(d, m, now);
                if (m->pace_ns)
                    zc_memo_set(d->paced, m->hash, m->pace_ns, now);
                continue;
            }
            if (fate == LATER && put_back(d, m, now))
                return -1;
            if (fate == DROP)
                zc_marks_remove(&d->sent, m);
        }
        g->n = left - g->first;
    }
    v->len = left;
    return 0;
}

/* --- writing it down --- */

/* The names, bundle by bundle, as they are sorted already. */
static int write_names(struct zc_flight *f, const marks *v)
{
    size_t size = 0;
    for (size_t i = 0; i < v->len; i++)
        size += v->v[i]->n + (size_t)1;
    f->names = calloc(v->len + 1, sizeof *f->names);
    f->text = malloc(size + 1);
    if (!f->names || !f->text)
        return -1;
    char *to = f->text;
    for (size_t i = 0; i < v->len; i++) {
        const struct zc_mark *m = v->v[i];
        f->names[i] = (struct zc_round_name){to, m->what};
        memcpy(to, m->name, m->n + (size_t)1);
        to += m->n + (size_t)1;
    }
    f->n = v->len;
    return 0;
}

static int write_dirs(struct zc_flight *f, struct bundle *g, size_t n_bundles)
{
    f->dirs = calloc(n_bundles + 1, sizeof *f->dirs);
    if (!f->dirs)
        return -1;
    size_t n = 0;
    for (size_t i = 0; i < n_bundles; i++) {
        if (g[i].n)
            g[n++] = g[i];
        else
            free(g[i].path);
    }
    qsort(g, n, sizeof *g, by_path);
    for (size_t i = 0; i < n; i++) {
        f->dirs[i] = (struct zc_round_dir){
            .path = g[i].path,
            .whole = g[i].whole,
            .names = g[i].whole ? NULL : f->names + g[i].first,
            .n = g[i].whole ? 0 : g[i].n,
        };
    }
    f->n_dirs = n;
    return 0;
}

static int write_renames(struct zc_dirty *d)
{
    struct zc_renames *r = &d->renames;
    struct zc_flight *f = &d->fly;
    f->renames = calloc(r->n_living + 1, sizeof *f->renames);
    if (!f->renames)
        return -1;
    for (size_t i = 0; i < r->v.len; i++) {
        struct zc_kept *k = r->v.v[i];
        if (k->dropped)
            continue;
        f->renames[f->n_renames++] =
            (struct zc_round_rename){k->from.path, k->to.path, k->is_dir};
        k->from.path = k->to.path = NULL; /* F's now */
    }
    zc_renames_clear(r);
    return 0;
}

static int write_round(struct zc_dirty *d, marks *v, int64_t now)
{
    size_t n = 0;
    if (v->len > 1)
        qsort(v->v, v->len, sizeof *v->v, by_dir);
    zc_auto_free struct bundle *g = calloc(v->len + 1, sizeof *g);
    int failed = g ? 0 : -1;
    for (size_t i = 0; i < v->len && !failed; i++) {
        if (!n || g[n - 1].dir != v->v[i]->dir) {
            g[n++] = (struct bundle){.dir = v->v[i]->dir, .first = i};
            failed = judge(d, &g[n - 1]);
        }
        g[n - 1].n++;
    }
    if (!failed)
        failed = sift(d, v, g, n, now) || write_names(&d->fly, v);
    if (!failed)
        failed = write_renames(d);
    if (!failed && write_dirs(&d->fly, g, n) == 0)
        return 0; /* the paths are F's now */
    for (size_t i = 0; i < n; i++)
        free(g[i].path);
    return -1;
}

/* --- taking --- */

/* What was taken before, and is not certain yet, is bounded, too. */
static void bound_sent(struct zc_dirty *d)
{
    if (d->sent.n <= d->lim.max_names)
        return;
    zc_marks_clear(&d->sent);
    d->fog = d->round;
}

static bool take_all(struct zc_dirty *d, struct zc_round *round)
{
    d->fly = (struct zc_flight){.on = true,
                                .all = true,
                                .unseen = true,
                                .gen = d->all_gen,
                                .since = d->all_since};
    d->fog = ++d->round;
    zc_marks_clear(&d->sent);
    d->all = false;
    *round = (struct zc_round){.all = true};
    return true;
}

static bool take_due(struct zc_dirty *d, size_t max, int64_t now)
{
    marks v = {0};
    bound_sent(d);
    d->round++;
    d->fly = (struct zc_flight){.gen = UINT64_MAX, .since = INT64_MAX};
    int failed = collect(d, &v, max, now) || write_round(d, &v, now);
    zc_vec_fini(&v);
    if (failed)
        zc_dirty_doubt(d, d->fly.since, d->fly.gen);
    d->fly.on = !failed && (d->fly.n || d->fly.n_renames);
    if (!d->fly.on)
        zc_flight_end(d);
    return d->fly.on;
}

/* The root failed, perhaps as it could not be read: no name stands for all that
 * is in it. */
static void doubt_failed_root(struct zc_dirty *d, int64_t now)
{
    const struct zc_mark *m = zc_marks_find(&d->set, ZC_WDIR_ROOT, "", 0);
    if (m && m->failing && m->what & ZC_CHANGE_DEEP && m->due <= now)
        zc_dirty_doubt(d, m->since, m->gen);
}

bool zc_dirty_take(struct zc_dirty *d, size_t max, int64_t now,
                   struct zc_round *round)
{
    *round = (struct zc_round){0};
    while (zc_dirty_next(d, now) == 0) {
        doubt_failed_root(d, now);
        if (d->all)
            return take_all(d, round);
        if (!take_due(d, ZC_MAX(max, (size_t)1), now))
            continue;
        round->renames = d->fly.renames;
        round->n_renames = d->fly.n_renames;
        round->dirs = d->fly.dirs;
        round->n_dirs = d->fly.n_dirs;
        return true;
    }
    return false;
}
