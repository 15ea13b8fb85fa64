/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was decided about an entry (compare.h) is done, asked for, or told; a
 * dry run does nothing and tells all. This is the place that knows of dry runs,
 * as far as entries go: what is not asked for here never comes.
 *
 * Whoever walks the list, not under receiver.lock.
 */
#ifndef ZC_RECEIVER_ACT_H
#define ZC_RECEIVER_ACT_H

#include "base/buf.h"

struct zc_cmp;
struct zc_decision;
struct zc_rdir;
struct zc_rworker;

/* The NEED that answers one list, as it gathers. */
struct zc_needs {
    struct zc_rworker *w;
    struct zc_buf items; /* encoded */
    uint32_t count;
    bool waits; /* for the leaders of hard link groups */
};

/* V about C; V's group is put back. */
void zc_act(struct zc_needs *n, const struct zc_cmp *c,
            const struct zc_decision *v);
/* The same for a round's own directory, C->dir. */
void zc_act_top(struct zc_needs *n, const struct zc_cmp *c,
                const struct zc_decision *v);
/* D's fd, to compare in: a directory of ours that we may not read is made
 * readable. zc_dirnode_unpin; -1 and errno. */
int zc_act_pin(struct zc_rworker *w, struct zc_rdir *d);

#endif
