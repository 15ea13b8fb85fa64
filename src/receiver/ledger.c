// SPDX-License-Identifier: GPL-2.0-or-later
/* The books; see ledger.h. One that does not balance is a mistake of ours: what
 * a peer sends is compared with it before. */
#include "receiver/ledger.h"

#include "proto/proto.h"

#include <assert.h>

bool zc_ledger_full(const struct zc_ledger *g)
{
    return g->open > ZC_PENDING_MAX;
}

void zc_ledger_open_waiting(struct zc_ledger *g, struct zc_ledger_list *l,
                            struct zc_ledger_dir *d)
{
    g->open++;
    l->outstanding++;
    d->pending++;
    d->files++;
}

void zc_ledger_open(struct zc_ledger *g, struct zc_ledger_list *l,
                    struct zc_ledger_dir *d, unsigned n)
{
    g->open += n;
    l->outstanding += n;
    l->claimable += n;
    d->pending += n;
    d->files += n;
}

void zc_ledger_open_meta(struct zc_ledger *g, struct zc_ledger_list *l,
                         struct zc_ledger_dir *d)
{
    g->open++;
    l->outstanding++;
    l->meta_claimable++;
    d->pending++;
}

bool zc_ledger_claim(struct zc_ledger_list *l, unsigned n)
{
    bool ok = l->claimable >= n;
    if (ok)
        l->claimable -= n;
    return ok;
}

bool zc_ledger_claim_meta(struct zc_ledger_list *l)
{
    bool ok = l->meta_claimable;
    if (ok)
        l->meta_claimable--;
    return ok;
}

void zc_ledger_again(struct zc_ledger_list *l)
{
    l->claimable++;
    assert(l->claimable + l->meta_claimable <= l->outstanding);
}

/* One less is open in L. */
static void close_entry(struct zc_ledger *g, struct zc_ledger_list *l)
{
    assert(g->open && l->outstanding);
    g->open--;
    l->outstanding--;
    assert(l->claimable + l->meta_claimable <= l->outstanding);
}

void zc_ledger_done(struct zc_ledger *g, struct zc_ledger_list *l,
                    struct zc_ledger_dir *d)
{
    close_entry(g, l);
    assert(d->files && d->pending);
    d->files--;
}

void zc_ledger_meta_done(struct zc_ledger *g, struct zc_ledger_list *l)
{
    close_entry(g, l);
}

bool zc_ledger_list_idle(const struct zc_ledger_list *l)
{
    return !l->outstanding;
}

void zc_ledger_open_dir(struct zc_ledger *g, struct zc_ledger_dir *d,
                        struct zc_ledger_dir *parent)
{
    g->open++;
    d->pending++;
    if (parent)
        zc_ledger_hold(parent);
}

void zc_ledger_close_dir(struct zc_ledger *g)
{
    assert(g->open);
    g->open--;
}

void zc_ledger_hold(struct zc_ledger_dir *d)
{
    assert(d->pending);
    d->pending++;
}

bool zc_ledger_release(struct zc_ledger_dir *d)
{
    assert(d->pending > d->files);
    return --d->pending == 0;
}

bool zc_ledger_files_done(const struct zc_ledger_dir *d)
{
    return !d->files;
}

bool zc_ledger_held_once(const struct zc_ledger_dir *d)
{
    return d->pending == 1;
}
