// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Renames in the dirty set; see dirty.h.
 *
 * A rename that is kept for the next batch is a guess: the peer has what was at
 * the old name, so it can have it at the new one without a byte being sent. For
 * a file a wrong guess costs nothing, as the peer compares, and then the names
 * are looked at. A directory is moved with all that is in it, which is not
 * looked at: so its new name is marked DEEP wherever the peer may have had
 * something else there. That is so when
 *
 * - the directory was not sent yet: DEEP is in the set for this or one above;
 * - a batch that touched the directory, or its way up, is in flight, or was
 *   before the watcher had reported all: the sender may have seen what came
 *   after the rename, under the old path. What was taken from below the
 *   directory is marked again;
 * - the peer refuses the rename, or one before it (dirty_outcome.c);
 * - the filter may judge what is in the directory otherwise by its new path:
 *   such a rename is not kept at all, as it would take with it what the peer
 *   has there and must leave alone.
 *
 * The paths of a kept rename are those at its moment. A peer does renames in
 * order and before all else, so it has the same paths at a rename's turn.
 */
#include "mirror/dirty_set.h"

#include "base/relpath.h"

#include <string.h>

#define CONTENT (ZC_CHANGE_DATA | ZC_CHANGE_WRITING | ZC_CHANGE_NAME)
#define ANYTHING (ZC_CHANGE_DATA | ZC_CHANGE_META | ZC_CHANGE_NAME | \
                  ZC_CHANGE_DEEP)

static bool is_name(const struct zc_rename_side *s,
                    const struct zc_kept_name *n)
{
    return s->dir == n->dir && strlen(n->name) == s->n &&
           memcmp(n->name, s->name, s->n) == 0;
}

/* True when the directory is back at a name that a kept rename took it away
 * from; the way round is forgotten then, with what came between. */
static bool went_round(struct zc_dirty *d, zc_wdir moved,
                       const struct zc_rename_side *to, int64_t now)
{
    struct zc_kept *k = zc_renames_of(&d->renames, moved);
    while (k && (k->dropped || !is_name(to, &k->from)))
        k = k->before;
    if (k)
        zc_dirty_drop_renames(d, k->at, now);
    return k;
}

/* True when a name takes part in another rename of the batch: with files of the
 * same size and time a peer could not tell that it got the wrong one. */
static bool file_clash(struct zc_dirty *d, const struct zc_rename_side *from,
                       const struct zc_rename_side *to)
{
    struct zc_kept *other[] = {zc_renames_with(&d->renames, from),
                               zc_renames_with(&d->renames, to)};
    for (int i = 0; i < 2; i++)
        if (other[i] && !other[i]->is_dir)
            zc_renames_drop(&d->renames, other[i]);
    return other[0] || other[1];
}

/* --- what a rename upsets --- */

/* The directory that was at FROM, or the way to it, was taken, and it is not
 * certain that the sender saw it there. */
static bool was_taken(const struct zc_dirty *d,
                      const struct zc_rename_side *from)
{
    struct zc_rename_side s = *from;
    if (d->fog)
        return true;
    while (d->sent.n) {
        if (zc_marks_find(&d->sent, s.dir, s.name, s.n) ||
            zc_marks_whole(&d->sent, s.dir))
            return true;
        if (s.dir == ZC_WDIR_ROOT ||
            !(s.dir = zc_watch_parent(d->w, s.dir, &s.name)))
            return false;
        s.n = strlen(s.name);
    }
    return false;
}

/* The peer may have something in the directory that was at FROM of which nobody
 * saw that it went. */
static bool is_unseen(const struct zc_dirty *d,
                      const struct zc_rename_side *from)
{
    struct zc_rename_side s = *from;
    const struct zc_marks *in[] = {&d->set, &d->sent};
    for (;;) {
        for (int i = 0; i < 2; i++) {
            const struct zc_mark *m = zc_marks_find(in[i], s.dir, s.name, s.n);
            if (d->fog || (m && m->what & ZC_CHANGE_UNSEEN))
                return true;
        }
        if (s.dir == ZC_WDIR_ROOT ||
            !(s.dir = zc_watch_parent(d->w, s.dir, &s.name)))
            return false;
        s.n = strlen(s.name);
    }
}

static bool is_below(const struct zc_dirty *d, zc_wdir dir, zc_wdir top)
{
    while (dir && dir != top)
        dir = zc_watch_parent(d->w, dir, NULL);
    return dir;
}

static void revisit_mark(struct zc_dirty *d, const struct zc_mark *s,
                         int64_t now)
{
    unsigned unseen = s->what & ZC_CHANGE_UNSEEN;
    if (strcmp(s->name, ZC_WHOLE) == 0) {
        zc_dirty_tree(d, s->dir, !unseen, now);
        return;
    }
    zc_dirty_mark(d, s->dir, s->name, s->n, ANYTHING | unseen, now);
    struct zc_mark *m = zc_marks_find(&d->set, s->dir, s->name, s->n);
    if (!d->fly.on || s->round != d->round)
        return;
    if (m)
        zc_marks_age(&d->set, m, s->since, s->gen);
    else if (d->all)
        zc_dirty_doubt(d, s->since, s->gen);
}

/* Marks again what was taken from below MOVED under its old path. */
static void revisit(struct zc_dirty *d, zc_wdir moved, int64_t now)
{
    struct zc_map_slot *slot;
    size_t at = 0;
    while ((slot = zc_map_next(&d->sent.dirs, &at))) {
        const struct zc_mark_dir *dir = slot->value;
        if (!is_below(d, dir->id, moved))
            continue;
        const struct zc_mark *s = TAILQ_FIRST(&dir->marks);
        for (; s && !d->all; s = TAILQ_NEXT(s, in_dir))
            revisit_mark(d, s, now);
    }
}

/* --- the callback --- */

/* Marks both names, due now; what was known about the old one goes over, but
 * for NAME and DEEP, which are in WHAT if they are true of the new one. */
static void mark_both(struct zc_dirty *d, const struct zc_rename_side *from,
                      const struct zc_rename_side *to, unsigned what,
                      int64_t now)
{
    struct zc_mark *old =
        zc_marks_find(&d->set, from->dir, from->name, from->n);
    uint64_t gen = old ? old->gen : d->gen;
    if (old) {
        what |= old->what & ~(unsigned)(ZC_CHANGE_NAME | ZC_CHANGE_DEEP);
        zc_marks_set_what(&d->set, old, ZC_CHANGE_NAME);
    }
    zc_dirty_mark(d, from->dir, from->name, from->n, ZC_CHANGE_NAME, now);
    zc_dirty_mark(d, to->dir, to->name, to->n, what | ZC_CHANGE_META, now);
    struct zc_mark *m = zc_marks_find(&d->set, to->dir, to->name, to->n);
    if (m && gen < m->gen)
        zc_marks_age(&d->set, m, m->since, gen);
}

static void dir_renamed(struct zc_dirty *d, const struct zc_rename_side *from,
                        const struct zc_rename_side *to, int64_t now)
{
    zc_wdir moved = zc_watch_child(d->w, to->dir, to->name, to->n);
    const struct zc_mark *old =
        zc_marks_find(&d->set, from->dir, from->name, from->n);
    bool unsent = !moved || (old && old->what & ZC_CHANGE_DEEP) ||
                  zc_dirty_deep_above(d, &d->set, from->dir, 0);
    bool round = moved && went_round(d, moved, to, now);
    bool deep = round || unsent || was_taken(d, from);
    unsigned unseen = is_unseen(d, from) ? ZC_CHANGE_UNSEEN : 0;
    if (d->all)
        return;
    if (!round && !unsent &&
        zc_renames_keep(&d->renames, d->w, from, to, moved, true))
        deep = true;
    mark_both(d, from, to,
              ZC_CHANGE_NAME | (deep ? ZC_CHANGE_DEEP | unseen : 0), now);
    if (!deep)
        revisit(d, moved, now);
}

static void file_renamed(struct zc_dirty *d, const struct zc_rename_side *from,
                         const struct zc_rename_side *to, int64_t now)
{
    const struct zc_mark *old =
        zc_marks_find(&d->set, from->dir, from->name, from->n);
    bool unsent = (old && old->what & CONTENT) ||
                  zc_dirty_deep_above(d, &d->set, from->dir, 0);
    struct zc_hold hold = zc_dirty_hold_of(d, to->dir, to->name);
    bool held = hold.settle_ns || hold.interval_ns;
    if (!file_clash(d, from, to) && !unsent && !held)
        zc_renames_keep(&d->renames, d->w, from, to, ZC_WDIR_NONE, false);
    mark_both(d, from, to, ZC_CHANGE_NAME, now);
}

void zc_dirty_renamed(struct zc_dirty *d, zc_wdir from, const char *from_name,
                      size_t from_n, zc_wdir to, const char *to_name,
                      size_t to_n, bool is_dir, int64_t now)
{
    if (d->all) {
        zc_dirty_mark(d, from, from_name, from_n, ZC_CHANGE_NAME, now);
        zc_dirty_mark(d, to, to_name, to_n, ZC_CHANGE_NAME, now);
        return;
    }
    /* The strings need not end where the names do. */
    char f[ZC_NAME_MAX + 1] = "", t[ZC_NAME_MAX + 1] = "";
    if (from_n > ZC_NAME_MAX || to_n > ZC_NAME_MAX) {
        zc_dirty_all(d, now);
        return;
    }
    memcpy(f, from_name, from_n);
    memcpy(t, to_name, to_n);
    struct zc_rename_side a = {from, f, from_n}, b = {to, t, to_n};
    if (is_dir)
        dir_renamed(d, &a, &b, now);
    else
        file_renamed(d, &a, &b, now);
    /* Directories that go round in rings have few names and many renames. */
    if (d->renames.v.len > d->lim.max_names)
        zc_dirty_drop_renames(d, 0, now);
    if (!d->renames.n_living && d->renames.v.len > d->lim.max_names)
        zc_renames_clear(&d->renames);
    zc_dirty_bound(d, now);
}
