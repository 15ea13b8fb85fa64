// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How a batch ended; see dirty.h. A name that failed goes back into the set, as
 * old as it was, and so holds up the barriers that waited for it. All bits are
 * set: nobody knows what the peer has there now, so DEEP is among them.
 */
#include "mirror/dirty_set.h"

#include "base/relpath.h"

#include <string.h>

#define ANYTHING (ZC_CHANGE_DATA | ZC_CHANGE_META | ZC_CHANGE_NAME | \
                  ZC_CHANGE_DEEP)

void zc_dirty_done(struct zc_dirty *d, int64_t now)
{
    if (!d->fly.on)
        return;
    if (d->fly.all && !d->all)
        zc_tally_clear(d);
    /* What has failed again is not `failing` here any more. */
    const struct zc_mark *m;
    TAILQ_FOREACH_REVERSE(m, &d->sent.fresh, zc_mark_list, by_age) {
        if (m->round != d->round)
            break;
        if (m->failing)
            zc_memo_set(d->tries, m->hash, 0, now);
    }
    zc_flight_end(d);
}

void zc_dirty_lost(struct zc_dirty *d, int64_t now)
{
    bool known = d->lost || !zc_dirty_in_doubt(d);
    zc_tally_flight(d);
    if (d->fly.on)
        zc_dirty_doubt(d, d->fly.since, d->fly.gen);
    zc_flight_end(d);
    zc_dirty_all(d, now);
    d->lost = known;
}

/* The directory of PATH and the name in it, or those of the nearest directory
 * above that is known. *NAME points into PATH, which may get a NUL. */
static zc_wdir resolve(const struct zc_dirty *d, char *path, const char **name)
{
    for (;;) {
        char *slash = strrchr(path, '/');
        *name = slash ? slash + 1 : path;
        if (!slash)
            return ZC_WDIR_ROOT;
        *slash = '\0';
        zc_wdir dir = zc_watch_lookup(d->w, path);
        if (dir)
            return dir;
    }
}

/* How long a name that fails again has to wait. */
static int64_t back_off(struct zc_dirty *d, const struct zc_mark *m,
                        bool passing, int64_t now)
{
    int64_t keep = 4 * d->lim.retry_max_ns, max = d->lim.retry_max_ns;
    int64_t ns = zc_memo_get(d->tries, m->hash, now, keep);
    if (passing)
        max = ZC_MIN(max, ZC_DIRTY_PASSING_NS);
    ns = ns ? ZC_MIN(2 * ns, max) : d->lim.retry_ns;
    zc_memo_set(d->tries, m->hash, ns, now);
    return ns;
}

/* What NAME in DIR was taken with; NULL: with the whole tree. */
static struct zc_mark *taken_with(const struct zc_dirty *d, zc_wdir dir,
                                  const char *name, size_t n)
{
    struct zc_mark *m = zc_marks_find(&d->sent, dir, name, n);
    if (m && m->round == d->round)
        return m;
    m = zc_marks_whole(&d->sent, dir);
    if (m && m->round == d->round)
        return m;
    return zc_dirty_deep_above(d, &d->sent, dir, d->round);
}

enum how { AT_ONCE, PASSING, FAILING };

/* PATH has to be looked at again, as deep as it is: when it is DUE, or, where it
 * failed, after a while. */
static void again(struct zc_dirty *d, const char *path, enum how how,
                  int64_t due, int64_t now)
{
    bool failing = how != AT_ONCE;
    zc_auto_free char *copy = strdup(path);
    if (d->all || !copy) {
        zc_dirty_doubt(d, d->fly.since, d->fly.gen);
        return;
    }
    const char *name;
    zc_wdir dir = resolve(d, copy, &name);
    size_t n = strlen(name);
    struct zc_mark *was = taken_with(d, dir, name, n);
    unsigned what = n || failing ? ANYTHING : ZC_CHANGE_META;
    if (was ? was->what & ZC_CHANGE_UNSEEN : d->fly.unseen)
        what |= ZC_CHANGE_UNSEEN;
    struct zc_mark *m = zc_dirty_touch(d, dir, name, n, what, now);
    if (!m) {
        zc_dirty_doubt(d, d->fly.since, d->fly.gen);
        return;
    }
    zc_marks_age(&d->set, m, was ? was->since : d->fly.since,
                 was ? was->gen : d->fly.gen);
    if (!failing) {
        zc_marks_schedule(&d->set, m, due, now);
        return;
    }
    if (was && was->failing && was->n == n && !memcmp(was->name, name, n)) {
        zc_marks_set_failing(&d->sent, was, false);
        d->fly.n_failing--;
    }
    if (m->round != d->round) { /* else this failure was told before */
        m->round = d->round;
        zc_marks_set_failing(&d->set, m, true);
        zc_marks_schedule(&d->set, m, now + back_off(d, m, how == PASSING, now),
                          now);
    }
}

/* --- renames that were refused --- */

/* PATH is DIR or below it. */
static bool is_within(const char *path, const char *dir)
{
    size_t n = strlen(dir);
    return strncmp(path, dir, n) == 0 && (!path[n] || path[n] == '/' || !n);
}

typedef ZC_VEC(char *) paths;

static int add_path(paths *p, char *path)
{
    if (path && zc_vec_push(p, path) == 0)
        return 0;
    free(path);
    return -1;
}

/* TAINTED: where something wrong may be; follows it through the rename R. */
static int follow(paths *tainted, const struct zc_round_rename *r)
{
    bool carries = false;
    for (size_t i = 0; i < tainted->len; i++) {
        char *path = tainted->v[i];
        carries |= is_within(path, r->from) || is_within(r->from, path);
        if (!is_within(path, r->from) || !path[strlen(r->from)])
            continue;
        char *there = zc_relpath_join(r->to, path + strlen(r->from) + 1);
        if (!there)
            return -1;
        free(path);
        tainted->v[i] = there;
    }
    return carries ? add_path(tainted, strdup(r->to)) : 0;
}

/* The rename to PATH in the batch in flight was not done, nor, so, what later
 * ones moved out of it. */
static void taint(struct zc_dirty *d, const char *path, int64_t now)
{
    paths tainted = {0};
    bool failed = false;
    for (size_t i = 0; i < d->fly.n_renames && !failed; i++) {
        const struct zc_round_rename *r = &d->fly.renames[i];
        if (!r->is_dir)
            continue;
        failed = tainted.len && follow(&tainted, r);
        if (!failed && (!strcmp(r->to, path) || !strcmp(r->from, path)))
            failed = add_path(&tainted, strdup(r->to));
    }
    for (size_t i = 0; i < tainted.len; i++) {
        if (strcmp(tainted.v[i], path) != 0)
            again(d, tainted.v[i], AT_ONCE, now, now);
        free(tainted.v[i]);
    }
    zc_vec_fini(&tainted);
    if (failed)
        zc_dirty_doubt(d, d->fly.since, d->fly.gen);
}

/* --- what the peer said --- */

void zc_dirty_failed(struct zc_dirty *d, const char *path, bool passing,
                     int64_t now)
{
    if (!d->fly.on)
        return;
    taint(d, path, now);
    again(d, path, passing ? PASSING : FAILING, now, now);
    zc_dirty_bound(d, now);
}

void zc_dirty_refused(struct zc_dirty *d, const char *to, int64_t now)
{
    if (!d->fly.on)
        return;
    taint(d, to, now);
    again(d, to, AT_ONCE, now, now);
    zc_dirty_bound(d, now);
}

void zc_dirty_unsettled(struct zc_dirty *d, const char *path, int64_t now)
{
    if (!d->fly.on)
        return;
    again(d, path, AT_ONCE, now + d->lim.settle_max_ns, now);
    zc_dirty_bound(d, now);
}
