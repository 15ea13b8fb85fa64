// SPDX-License-Identifier: GPL-2.0-or-later
/* When everything is compared although nothing was seen; see compare.h. */
#include "mirror/compare.h"

#include "base/clock.h"

#include <sys/random.h>

#define SHARE 20 /* one part in so many of the time */

/* The last quarter of NS is left to chance, so that the mirrors of a host, or
 * of many that were booted together, do not all begin at once. */
static int64_t spread(int64_t ns)
{
    uint32_t random = 0;
    (void)!getrandom(&random, sizeof random, GRND_NONBLOCK);
    return ns - (int64_t)((uint64_t)(ns / 4) * random / UINT32_MAX);
}

void zc_mcompare_begin(struct zc_mirror *m, int64_t now)
{
    int64_t every = m->opt->compare_s * ZC_NSEC_PER_SEC;
    m->compare.at = every ? now + spread(every) : INT64_MAX;
}

int64_t zc_mcompare_next(const struct zc_mirror *m, int64_t now)
{
    if (m->compare.at == INT64_MAX || !m->ready)
        return INT64_MAX;
    return ZC_MAX(m->compare.at - now, 0);
}

void zc_mcompare_tick(struct zc_mirror *m, int64_t now)
{
    if (zc_mcompare_next(m, now))
        return;
    zc_mcompare_begin(m, now);
    m->compare.under_way = true;
    zc_watch_verify(m->w);
}

void zc_mcompare_doubt(struct zc_mirror *m)
{
    for (size_t i = 0; i < m->n_peers; i++)
        m->peers[i].leisure = m->compare.under_way;
    m->compare.under_way = false;
}

void zc_mcompare_took(struct zc_mirror *m, int64_t took, int64_t now)
{
    if (m->compare.at != INT64_MAX)
        m->compare.at = ZC_MAX(m->compare.at, now + SHARE * took);
}
