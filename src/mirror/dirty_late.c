// SPDX-License-Identifier: GPL-2.0-or-later
/* Names that wait for a batch that lasts; see dirty.h. Nothing about them changes
 * but when they are asked for next: they are taken in their turn. */
#include "mirror/dirty_set.h"

#include <string.h>

/* Sent again after this time, then after four times as long, and so on: the
 * directory may not have been there yet, or an older version was under way. */
#define FIRST_NS (250 * INT64_C(1000000))

static bool is_late(const struct zc_dirty *d, const struct zc_mark *m,
                    int64_t now)
{
    const unsigned file = ZC_CHANGE_DATA | ZC_CHANGE_WRITING | ZC_CHANGE_NAME;
    return m->n && m->what & file && !(m->what & ZC_CHANGE_DEEP) &&
           !m->failing && strcmp(m->name, ZC_WHOLE) != 0 &&
           now >= m->touched + ZC_DIRTY_LATE_NS && now >= m->late_at &&
           zc_dirty_alive(d, m->dir) && !zc_dirty_covering(d, m->dir);
}

/* NULL: no memory, or no such directory. */
static char *path_of(const struct zc_dirty *d, const struct zc_mark *m,
                     struct zc_buf *buf)
{
    zc_buf_reset(buf);
    const char *dir = zc_watch_path(d->w, m->dir, buf);
    char *path = dir ? malloc(strlen(dir) + m->n + (size_t)2) : NULL;
    if (!path)
        return NULL;
    size_t n = strlen(dir);
    memcpy(path, dir, n);
    if (n)
        path[n++] = '/';
    memcpy(path + n, m->name, m->n + (size_t)1);
    return path;
}

bool zc_dirty_is(const struct zc_dirty *d, zc_wdir dir, const char *name,
                 size_t n)
{
    if (zc_dirty_in_doubt(d) || zc_marks_find(&d->set, dir, name, n) ||
        zc_marks_whole(&d->set, dir) || zc_dirty_covering(d, dir))
        return true;
    return d->fly.on && (zc_marks_find(&d->sent, dir, name, n) ||
                         zc_marks_whole(&d->sent, dir) ||
                         zc_dirty_deep_above(d, &d->sent, dir, d->round));
}

size_t zc_dirty_late(struct zc_dirty *d, size_t max, int64_t now, char **paths)
{
    struct zc_buf buf = ZC_BUF_INIT;
    struct zc_mark *m;
    size_t n = 0;
    zc_marks_wake(&d->set, now);
    TAILQ_FOREACH(m, &d->set.ready, in_ready) {
        if (n == max || !d->w)
            break;
        if (!is_late(d, m, now))
            continue;
        paths[n] = path_of(d, m, &buf);
        if (!paths[n])
            break;
        n++;
        m->late_at = now + (FIRST_NS << ZC_MIN(2 * m->n_late, 20));
        m->n_late = (uint8_t)ZC_MIN(m->n_late + 1, 10);
    }
    zc_buf_fini(&buf);
    return n;
}

bool zc_dirty_any_late(const struct zc_dirty *d)
{
    return d->fly.on && d->w && d->set.n;
}
