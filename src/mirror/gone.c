// SPDX-License-Identifier: GPL-2.0-or-later
/* Names that were seen to go, for the brake; see gone.h. */
#include "mirror/gone.h"

#include "mirror/dirty.h"

struct zc_gone {
    struct zc_dirty *names;
};

void zc_gone_free(struct zc_gone *g)
{
    if (!g)
        return;
    zc_dirty_free(g->names);
    free(g);
}

void zc_gone_forget(struct zc_mpeer *p)
{
    zc_gone_free(p->gone);
    p->gone = NULL;
}

/* A new one for P, beside the one that is there; NULL: no memory, and then they
 * are not known. */
static struct zc_gone *gone_new(const struct zc_mpeer *p)
{
    struct zc_gone *g = calloc(1, sizeof *g);
    if (g)
        g->names = zc_dirty_new(p->mirror->w, NULL);
    if (g && g->names)
        return g;
    zc_gone_free(g);
    return NULL;
}

/* Names are kept only where the peer's own dirty set does not know them. */
static struct zc_gone *keeper(struct zc_mpeer *p)
{
    if (!p->mirror->w || !zc_dirty_in_doubt(p->dirty))
        return NULL;
    if (!p->gone)
        p->gone = gone_new(p);
    return p->gone;
}

void zc_gone_changed(struct zc_mpeer *p, zc_wdir dir, const char *name,
                     size_t n, unsigned what, int64_t now)
{
    bool may_be_gone = what & ZC_CHANGE_NAME &&
                       !(what & (ZC_CHANGE_MADE | ZC_CHANGE_DEEP));
    struct zc_gone *g = may_be_gone && n ? keeper(p) : NULL;
    if (g)
        zc_dirty_mark(g->names, dir, name, n, ZC_CHANGE_NAME, now);
}

void zc_gone_renamed(struct zc_mpeer *p, zc_wdir from, const char *name,
                     size_t n, int64_t now)
{
    zc_gone_changed(p, from, name, n, ZC_CHANGE_NAME, now);
}

void zc_gone_removed(struct zc_mpeer *p, zc_wdir dir)
{
    if (p->gone)
        zc_dirty_removed(p->gone->names, dir);
}

void zc_gone_inherit(struct zc_mpeer *p, int64_t now)
{
    struct zc_gone *g = p->mirror->w ? gone_new(p) : NULL;
    if (g) {
        zc_dirty_inherit(g->names, p->dirty, now);
        if (p->gone)
            zc_dirty_inherit(g->names, p->gone->names, now);
    }
    zc_gone_free(p->gone);
    p->gone = g;
}

bool zc_gone_any(const struct zc_mpeer *p, int64_t now)
{
    return p->gone && !zc_dirty_in_doubt(p->gone->names) &&
           zc_dirty_next(p->gone->names, now) == 0;
}

bool zc_gone_take(struct zc_mpeer *p, size_t max, int64_t now,
                  struct zc_round *round)
{
    return zc_gone_any(p, now) &&
           zc_dirty_take(p->gone->names, max, now, round);
}

void zc_gone_done(struct zc_mpeer *p, int64_t now)
{
    zc_dirty_done(p->gone->names, now);
    if (!zc_gone_any(p, now))
        zc_gone_forget(p);
}
