// SPDX-License-Identifier: GPL-2.0-or-later
/* When everything is compared although nothing was seen; see compare.h. */
#include "mirror/compare.h"

#include "base/clock.h"
#include "base/relpath.h"
#include "mirror/dirty.h"

#include <stdio.h>
#include <string.h>
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

/* --- at somebody's wish --- */

/* PATH, as somebody wrote it, relative to the source, into OUT. */
static int relative(const struct zc_mirror *m, const char *path,
                    char out[ZC_MIRROR_PATH], struct zc_err *err)
{
    const char *src = m->opt->push.src;
    size_t n = strlen(src);
    while (n > 1 && src[n - 1] == '/')
        n--;
    if (*path == '/') {
        bool below = strncmp(path, src, n) == 0 &&
                     (n == 1 || path[n] == '/' || !path[n]);
        if (!below)
            return zc_err_set(err, ZC_EXIT_USAGE, 0,
                              "%.200s is not in the source, %.200s", path, src);
        path += n;
    }
    snprintf(out, ZC_MIRROR_PATH, "%s", path + strspn(path, "/"));
    for (n = strlen(out); n && out[n - 1] == '/'; n--)
        out[n - 1] = '\0';
    if (*out && !zc_relpath_ok(out, strlen(out)))
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "%.300s is no plain path below the source", path);
    return 0;
}

/* All below DIR. The watcher looks first, for all peers, if they are all
 * meant. */
static void rescan_dir(struct zc_mirror *m, int32_t peer, zc_wdir dir)
{
    if (peer >= 0)
        zc_dirty_tree(m->peers[peer].dirty, dir, false, zc_clock_ns());
    else if (dir == ZC_WDIR_ROOT)
        zc_watch_verify(m->w);
    else
        zc_watch_relist(m->w, dir);
}

int zc_mcompare_rescan(struct zc_mirror *m, const struct zc_mirror_request *r,
                       struct zc_err *err)
{
    const char *name;
    char path[ZC_MIRROR_PATH];
    if (!m->w || m->gone)
        return zc_err_set(err, ZC_EXIT_SELECT, 0,
                          "the source, %.300s, is not there",
                          m->opt->push.src);
    if (relative(m, r->path, path, err))
        return -1;
    zc_wdir dir = *path ? zc_watch_lookup(m->w, path) : ZC_WDIR_ROOT;
    if (dir != ZC_WDIR_NONE) {
        rescan_dir(m, r->peer, dir);
        return 0;
    }
    dir = zc_mirror_split(m, path, &name);
    if (dir == ZC_WDIR_NONE)
        return zc_err_set(err, ZC_EXIT_SELECT, 0,
                          "there is no directory in the source that %.300s "
                          "could be in", path);
    for (size_t i = 0; i < m->n_peers; i++)
        if (r->peer < 0 || (size_t)r->peer == i)
            zc_dirty_mark(m->peers[i].dirty, dir, name, strlen(name),
                          ZC_CHANGE_DATA | ZC_CHANGE_META | ZC_CHANGE_NAME |
                              ZC_CHANGE_DEEP,
                          zc_clock_ns());
    return 0;
}
