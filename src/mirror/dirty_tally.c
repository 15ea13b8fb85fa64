// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How much has changed while everything is in doubt, as when a peer is away: the
 * names need not be known then, but whoever asks wants to know how many there are,
 * and since when. So a hash of each is kept, 24 bytes or so, for as many names as
 * the set itself would keep.
 */
#include "mirror/dirty_set.h"

void zc_tally_add(struct zc_dirty *d, uint64_t hash, int64_t since)
{
    struct zc_tally *t = &d->tally;
    if (!t->since || since < t->since)
        t->since = since;
    if (t->names.used < d->lim.max_names) /* else, or without memory: too few */
        (void)zc_map_put(&t->names, hash, 0, d);
}

static void add_marks(struct zc_dirty *d, const struct zc_mark_list *list)
{
    const struct zc_mark *m;
    TAILQ_FOREACH(m, list, by_age)
        zc_tally_add(d, m->hash, m->since);
}

void zc_tally_set(struct zc_dirty *d)
{
    add_marks(d, &d->set.old);
    add_marks(d, &d->set.fresh);
}

void zc_tally_flight(struct zc_dirty *d)
{
    const struct zc_mark *m;
    if (!d->fly.on || d->fly.all)
        return;
    TAILQ_FOREACH_REVERSE(m, &d->sent.fresh, zc_mark_list, by_age) {
        if (m->round != d->round)
            break;
        zc_tally_add(d, m->hash, m->since);
    }
}

void zc_tally_clear(struct zc_dirty *d)
{
    zc_map_fini(&d->tally.names);
    d->tally = (struct zc_tally){0};
}
