// SPDX-License-Identifier: GPL-2.0-or-later
/* Files that are cloned; see clones.h. */
#include "sender/clones.h"

#include "fs/clone.h"
#include "proto/proto.h"

/* What was asked for allows it: who sets a limit to what is read and written means
 * that, who makes holes of zeros wants the file looked through, and a file that is
 * written in place stays the file it is. */
static bool is_allowed(const struct zc_sender *s)
{
    const struct zc_options *opt = s->opt;
    return s->conn.t->passes_fds && opt->clone && !opt->bwlimit &&
           !(opt->keep & ZC_KEEP_MAKE_HOLES) &&
           !(opt->apply & (ZC_APPLY_INPLACE | ZC_APPLY_APPEND));
}

static int find(const struct zc_clones *c, uint64_t dev)
{
    for (unsigned i = 0; i < c->n; i++)
        if (c->v[i].dev == dev)
            return (int)i;
    return -1;
}

enum zc_clonable zc_clones_ask(const struct zc_sender *s,
                               const struct zc_clones *c,
                               const struct zc_stat *st)
{
    if (!is_allowed(s) || st->size <= ZC_INLINE_MAX)
        return ZC_CLONABLE_NO;
    int i = find(c, st->dev);
    if (i < 0) /* of many too many, none */
        return c->n < ZC_CLONES_MAX ? ZC_CLONABLE_MAYBE : ZC_CLONABLE_NO;
    return c->v[i].can ? ZC_CLONABLE_YES : ZC_CLONABLE_NO;
}

bool zc_clones_learn(struct zc_clones *c, uint64_t dev, int eno)
{
    int i = find(c, dev);
    if (eno && !zc_clone_never(eno)) /* that is about the file */
        return false;
    if (i < 0 && c->n < ZC_CLONES_MAX) {
        i = (int)c->n++;
        c->v[i].dev = dev;
        c->v[i].can = !eno;
        return eno != 0;
    }
    bool could = i >= 0 && c->v[i].can;
    if (i >= 0)
        c->v[i].can = !eno;
    return eno && could;
}
