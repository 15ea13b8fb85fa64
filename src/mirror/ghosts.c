// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ghosts: changes under a name that led to nothing when it was looked at, or to
 * something else. The file may have other names, which were never told of: a
 * new name was written through and removed again before anybody looked, or
 * somebody holds it open by a name that it has lost.
 *
 * Such a file has a new ctime. So the tree is walked, and every name of a file
 * that has changed since the last time at which all was known is marked. A walk
 * takes some 3 us a file, and is made by a peer's thread that has nothing else
 * to do, no more than a fiftieth of the time (more often while somebody waits
 * for the answer to a question).
 *
 * A file that is renamed during a walk is marked for that; what is below a
 * directory that is renamed may be missed, so the directory is in doubt.
 */
#include "mirror/ghosts.h"

#include "base/clock.h"
#include "base/log.h"
#include "fs/rootdir.h"
#include "mirror/dirty.h"
#include "mirror/search.h"

#include <inttypes.h>
#include <string.h>

#define REST 50 /* a walk is followed by so many times what it took, or */
#define REST_MIN ZC_NSEC_PER_SEC
#define ASKED_REST 2 /* when somebody waits */
#define ASKED_REST_MIN (ZC_NSEC_PER_SEC / 50)
#define FOUND_MAX 50000 /* more names than this: everything is in doubt */

void zc_ghosts_add(struct zc_mirror *m, int64_t floor)
{
    struct zc_ghosts *g = &m->ghosts;
    g->floor = g->seen == g->walked ? floor : ZC_MIN(g->floor, floor);
    g->seen++;
}

void zc_ghosts_clear(struct zc_mirror *m)
{
    m->ghosts.walked = m->ghosts.seen;
}

bool zc_ghosts_open(const struct zc_mirror *m)
{
    return m->ghosts.walking || m->ghosts.seen != m->ghosts.walked;
}

int64_t zc_ghosts_next(const struct zc_mpeer *p, int64_t now)
{
    const struct zc_mirror *m = p->mirror;
    const struct zc_ghosts *g = &m->ghosts;
    if (g->walking || g->seen == g->walked)
        return INT64_MAX;
    if (atomic_load(&m->stopping))
        return 0;
    return ZC_MAX((m->n_questions ? g->soonest : g->walk_at) - now, 0);
}

static void mark(struct zc_mirror *m, const char *path, int64_t now)
{
    const char *name;
    zc_wdir dir = zc_mirror_split(m, path, &name);
    if (dir == ZC_WDIR_NONE)
        return; /* new, or renamed meanwhile: in doubt by that */
    zc_mirror_mark(m, dir, name, strlen(name),
                   ZC_CHANGE_NAME | ZC_CHANGE_META, now);
}

static void mark_found(struct zc_mirror *m, zc_found_names *found, bool all)
{
    int64_t now = zc_clock_ns();
    for (size_t i = 0; i < m->n_peers; i++) {
        m->peers[i].n_found++;
        if (all)
            zc_dirty_all(m->peers[i].dirty, now);
    }
    for (size_t i = 0; i < found->len; i++) {
        if (!all)
            mark(m, found->v[i].path, now);
        free(found->v[i].path);
    }
    zc_vec_fini(found);
}

void zc_ghosts_walk(struct zc_mpeer *p)
{
    struct zc_mirror *m = p->mirror;
    struct zc_ghosts *g = &m->ghosts;
    int64_t start = zc_clock_ns();
    if (zc_ghosts_next(p, start) > 0)
        return;
    zc_found_names found = {0};
    uint64_t seen = g->seen, generation = m->generation;
    int64_t floor = g->floor;
    g->walking = true;
    zc_search_begin(m);
    zc_mirror_unlock(m);

    zc_auto_close int root = zc_root_open(p->push.src, NULL);
    bool good = root >= 0 && zc_search_changed(m, root, floor, &found);
    int64_t took = zc_clock_ns() - start;

    zc_mirror_lock(m);
    zc_search_end(m);
    g->walking = false;
    bool same = generation == m->generation; /* else all is in doubt anyway */
    zc_log(ZC_LOG_DEBUG, "%s: looked for what %" PRIu64 " events were about: "
           "%zu names have changed", m->opt->name, seen - g->walked,
           found.len);
    mark_found(m, &found, same && (!good || found.len > FOUND_MAX));
    if (same)
        g->walked = seen;
    g->walk_at = start + took + ZC_MAX(REST * took, REST_MIN);
    g->soonest = start + took + ZC_MAX(ASKED_REST * took, ASKED_REST_MIN);
    zc_mirror_wake_peers(m);
    zc_mirror_wake_asked(m);
}
