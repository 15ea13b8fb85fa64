// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From events to what is reported.
 *
 * A rename comes in two halves (inotify), which follow each other but may be
 * read apart, or in one piece (fanotify). An exchange of two names is two
 * renames, the second the first turned round: so a rename is held back until
 * the next event, or until there is none.
 *
 * For files an event is passed on as it is. Where a directory is or was, what
 * has the name now is looked at first.
 */
#include "watch/events.h"

#include "base/clock.h"
#include "watch/internal.h"
#include "watch/list.h"
#include "watch/look.h"
#include "watch/places.h"
#include "watch/report.h"
#include "watch/settle.h"
#include "watch/todo.h"
#include "watch/tree.h"

#include <string.h>

#define PARTNER_NS (10 * 1000 * 1000) /* so long half a rename waits */
#define HALVES_MAX 512
#define SETTLE_AT 1000 /* names to be looked at: not to grow without bound */
#define WENT (ZC_CHANGE_NAME | ZC_CHANGE_GONE)
#define CAME (ZC_CHANGE_NAME | ZC_CHANGE_MADE | ZC_CHANGE_DATA)

static bool same_name(const struct zc_wspot *a, const struct zc_wspot *b)
{
    return a->dir == b->dir && a->len == b->len &&
           !memcmp(a->name, b->name, a->len);
}

static zc_wdir child_at(const struct zc_watch *w, const struct zc_wspot *at)
{
    return zc_wtree_child(w->tree, at->dir, at->name, at->len);
}

static bool reserved(const struct zc_watch *w, const struct zc_wspot *at)
{
    return !zc_wtree_has(w->tree, at->dir) ||
           zc_wreserved(w, at->dir, at->name, at->len);
}

static void report(struct zc_watch *w, const struct zc_wspot *at,
                   unsigned what)
{
    if (zc_wtree_has(w->tree, at->dir))
        zc_wreport(w, at->dir, at->name, at->len, what);
}

/* --- renames --- */

/* One half, without the other. */
static void lone_half(struct zc_watch *w, const struct zc_wspot *at,
                      unsigned what, bool is_dir)
{
    if (reserved(w, at))
        return;
    if (is_dir || child_at(w, at) != ZC_WDIR_NONE)
        zc_wcheck(w, at->dir, at->name, at->len, ZC_CHANGE_NAME);
    else
        report(w, at, what);
}

/* The directory D has the new name already. What was not said about it under
 * the old one is said under the new one. */
static void after_move(struct zc_watch *w, const struct zc_wmove *m, zc_wdir d)
{
    struct zc_wjob *job = zc_wjob_get(w, zc_wtree_job(w->tree, d));
    zc_wverify_later(w, m->from.dir, m->from.name, m->from.len);
    zc_wverify_later(w, m->to.dir, m->to.name, m->to.len);
    if (zc_wjudged_anew(w, &m->from, &m->to))
        zc_wrelist(w, d, false);
    else if (job)
        zc_wjob_top(w, job, d, false);
}

static void say_renamed(struct zc_watch *w, const struct zc_wmove *m)
{
    if (w->ev.renamed)
        w->ev.renamed(w->ev.arg, m->from.dir, m->from.name, m->from.len,
                      m->to.dir, m->to.name, m->to.len, m->is_dir);
}

static void move_dir(struct zc_watch *w, const struct zc_wmove *m, zc_wdir d)
{
    zc_wdir over = child_at(w, &m->to);
    bool hidden = zc_whidden(w, m->to.dir, m->to.name, m->to.len);
    if (over == d || zc_wtree_above(w->tree, d, m->to.dir)) {
        /* The table is not what the kernel's was then. */
        lone_half(w, &m->from, ZC_CHANGE_NAME, true);
        lone_half(w, &m->to, ZC_CHANGE_NAME, true);
        return;
    }
    if (hidden) {
        zc_wdrop(w, d);
        report(w, &m->from, ZC_CHANGE_NAME);
        report(w, &m->to, ZC_CHANGE_NAME);
        return;
    }
    zc_wplaces_moving(w, d);
    if (zc_wtree_move(w->tree, d, m->to.dir, "", 0)) {
        zc_wstarved(w, ENOMEM);
        return;
    }
    if (over != ZC_WDIR_NONE)
        zc_wdrop(w, over);
    if (zc_wtree_move(w->tree, d, m->to.dir, m->to.name, m->to.len)) {
        zc_wdrop(w, d);
        zc_wstarved(w, ENOMEM);
        return;
    }
    say_renamed(w, m);
    after_move(w, m, d);
}

/* A whole rename. */
static void move(struct zc_watch *w, const struct zc_wmove *m)
{
    bool from_ours = !reserved(w, &m->from), to_ours = !reserved(w, &m->to);
    if (!from_ours || !to_ours) {
        lone_half(w, &m->from, WENT, m->is_dir);
        lone_half(w, &m->to, CAME, m->is_dir);
        return;
    }
    zc_wdir d = child_at(w, &m->from);
    if (m->is_dir && d != ZC_WDIR_NONE) {
        move_dir(w, m, d);
    } else if (m->is_dir || d != ZC_WDIR_NONE ||
               child_at(w, &m->to) != ZC_WDIR_NONE) {
        lone_half(w, &m->from, WENT, m->is_dir);
        lone_half(w, &m->to, CAME, m->is_dir);
    } else {
        say_renamed(w, m);
    }
}

/* Two renames that may be one exchange, or there and back again: where the
 * table has both directories it is changed as for an exchange, and both names
 * are looked at again later. */
static void exchange(struct zc_watch *w, const struct zc_wmove *m,
                     bool other_is_dir)
{
    if (reserved(w, &m->from) || reserved(w, &m->to)) {
        lone_half(w, &m->from, ZC_CHANGE_NAME | ZC_CHANGE_DATA, other_is_dir);
        lone_half(w, &m->to, ZC_CHANGE_NAME | ZC_CHANGE_DATA, m->is_dir);
        return;
    }
    struct zc_wtree *t = w->tree;
    zc_wdir a = child_at(w, &m->from), b = child_at(w, &m->to);
    if (a != ZC_WDIR_NONE && b != ZC_WDIR_NONE && !zc_wtree_above(t, a, b) &&
        !zc_wtree_above(t, b, a)) {
        zc_wplaces_moving(w, a);
        zc_wplaces_moving(w, b);
        if (zc_wtree_move(t, a, m->to.dir, "", 0) ||
            zc_wtree_move(t, b, m->from.dir, m->from.name, m->from.len) ||
            zc_wtree_move(t, a, m->to.dir, m->to.name, m->to.len))
            zc_wstarved(w, ENOMEM);
        else if (zc_wjudged_anew(w, &m->from, &m->to)) {
            zc_wrelist(w, a, false);
            zc_wrelist(w, b, false);
        }
    }
    unsigned file = ZC_CHANGE_NAME | ZC_CHANGE_DATA;
    unsigned dir = ZC_CHANGE_NAME | ZC_CHANGE_DEEP;
    zc_wcheck(w, m->from.dir, m->from.name, m->from.len,
              other_is_dir ? dir : file);
    zc_wcheck(w, m->to.dir, m->to.name, m->to.len, m->is_dir ? dir : file);
    zc_wverify_later(w, m->from.dir, m->from.name, m->from.len);
    zc_wverify_later(w, m->to.dir, m->to.name, m->to.len);
}

void zc_wev_release(struct zc_watch *w)
{
    if (!w->moves.holding)
        return;
    struct zc_wmove m = w->moves.held;
    w->moves.holding = false;
    move(w, &m);
}

static void moved(struct zc_watch *w, const struct zc_wmove *m)
{
    if (w->moves.holding && same_name(&w->moves.held.from, &m->to) &&
        same_name(&w->moves.held.to, &m->from)) {
        struct zc_wmove first = w->moves.held;
        w->moves.holding = false;
        exchange(w, &first, m->is_dir);
        return;
    }
    zc_wev_release(w);
    w->moves.held = *m;
    w->moves.holding = true;
    w->moves.held_at = w->seen;
}

void zc_wev_moved(struct zc_watch *w, zc_wdir from, const char *from_name,
                  size_t from_n, zc_wdir to, const char *to_name, size_t to_n,
                  bool is_dir)
{
    struct zc_wmove m = {
        .from = zc_wspot_of(from, from_name, from_n),
        .to = zc_wspot_of(to, to_name, to_n),
        .is_dir = is_dir,
    };
    moved(w, &m);
}

void zc_wev_moved_from(struct zc_watch *w, zc_wdir dir, const char *name,
                       size_t n, bool is_dir, uint32_t cookie)
{
    struct zc_wmove m = {
        .from = zc_wspot_of(dir, name, n),
        .is_dir = is_dir,
        .cookie = cookie,
        .until = zc_clock_ns() + PARTNER_NS,
    };
    if (w->moves.holding && !same_name(&w->moves.held.to, &m.from))
        zc_wev_release(w);
    /* Partners follow each other closely: the oldest has none. */
    if (w->moves.halves.len >= HALVES_MAX)
        zc_wev_expire(w, w->moves.halves.v[HALVES_MAX / 2].until);
    if (zc_vec_push(&w->moves.halves, m))
        lone_half(w, &m.from, WENT, is_dir);
}

void zc_wev_moved_to(struct zc_watch *w, zc_wdir dir, const char *name,
                     size_t n, bool is_dir, uint32_t cookie)
{
    struct zc_wmoves *ms = &w->moves;
    for (size_t i = ms->halves.len; i-- > 0;) {
        if (ms->halves.v[i].cookie != cookie)
            continue;
        struct zc_wmove m = ms->halves.v[i];
        memmove(ms->halves.v + i, ms->halves.v + i + 1,
                (--ms->halves.len - i) * sizeof m);
        m.to = zc_wspot_of(dir, name, n);
        moved(w, &m);
        return;
    }
    zc_wev_release(w);
    struct zc_wspot at = zc_wspot_of(dir, name, n);
    lone_half(w, &at, CAME, is_dir);
}

void zc_wev_expire(struct zc_watch *w, int64_t now)
{
    struct zc_wmoves *ms = &w->moves;
    size_t n = 0;
    while (n < ms->halves.len && ms->halves.v[n].until <= now && !w->gone) {
        const struct zc_wmove *m = &ms->halves.v[n++];
        lone_half(w, &m->from, WENT, m->is_dir);
    }
    if (!n)
        return;
    ms->halves.len -= n;
    memmove(ms->halves.v, ms->halves.v + n,
            ms->halves.len * sizeof *ms->halves.v);
}

bool zc_wev_waiting(const struct zc_watch *w)
{
    return w->moves.holding || w->moves.halves.len;
}

int64_t zc_wev_next(const struct zc_watch *w)
{
    return w->moves.halves.len ? w->moves.halves.v[0].until : INT64_MAX;
}

/* --- all others --- */

void zc_wev_name(struct zc_watch *w, zc_wdir dir, const char *name, size_t n,
                 unsigned what, bool is_dir)
{
    zc_wev_release(w);
    if (!zc_wtree_has(w->tree, dir) || zc_wreserved(w, dir, name, n))
        return;
    bool known = (is_dir || what & ZC_CHANGE_NAME) &&
                 zc_wtree_child(w->tree, dir, name, n) != ZC_WDIR_NONE;
    if (known ? what & ZC_CHANGE_NAME : is_dir) {
        /* A directory that is not known and whose metadata changes may have
         * become one that can be watched. */
        unsigned keep = ZC_CHANGE_NAME | ZC_CHANGE_META;
        zc_wcheck(w, dir, name, n, is_dir ? what & keep : what);
    } else {
        zc_wreport(w, dir, name, n, what);
    }
    if (w->todo.verify.len >= SETTLE_AT)
        zc_wsettle(w);
}

void zc_wev_lost(struct zc_watch *w, zc_wdir d)
{
    struct zc_wspot at;
    zc_wev_release(w);
    if (!zc_wtree_spot(w->tree, d, &at))
        return;
    bool unmounted = zc_wtree_flags(w->tree, d) & ZC_WDIR_UNMOUNTED;
    zc_wforget_key(w, d);
    struct zc_wlooked found;
    switch (zc_wlook(w, at.dir, at.name, at.len, &found)) {
    case ZC_WFOUND_NEW:
        if (unmounted)
            report(w, &at, ZC_CHANGE_META);
        zc_wnew(w, found.dir, found.fd, unmounted);
        return;
    case ZC_WFOUND_STUCK:
        zc_wrecheck_later(w, at.dir);
        break;
    case ZC_WFOUND_UNWATCHED:
        report(w, &at, ZC_CHANGE_NAME);
        zc_wdoubt(w, found.dir);
        break;
    case ZC_WFOUND_NONE:
    case ZC_WFOUND_SAME:
        report(w, &at, ZC_CHANGE_NAME);
        break;
    }
    zc_close(&found.fd);
}

void zc_wev_overflow(struct zc_watch *w)
{
    zc_wev_release(w);
    w->overflows++;
    zc_wev_expire(w, INT64_MAX);
    zc_wdoubt_all(w);
}

void zc_wev_fini(struct zc_watch *w)
{
    zc_vec_fini(&w->moves.halves);
}
