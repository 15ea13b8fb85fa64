// SPDX-License-Identifier: GPL-2.0-or-later
/* The source's mounts, and the places below it; see mounts.h. */
#include "mirror/mounts.h"

#include "fs/mounts.h"
#include "fs/rootdir.h"
#include "mirror/report.h"

#include <stdio.h>
#include <string.h>

void zc_mmounts_name(struct zc_mirror *m)
{
    const struct zc_places *places = zc_watch_places(m->w);
    m->unmounted[0] = '\0';
    for (size_t i = 0; places && i < places->n && !*m->unmounted; i++)
        if (places->v[i].state == ZC_PLACE_GONE)
            snprintf(m->unmounted, sizeof m->unmounted, "%s",
                     places->v[i].path);
    zc_mreport_unmounted(m);
}

void zc_mmounts_changed(struct zc_mirror *m)
{
    m->n_unmounted = zc_watch_places_gone(m->w);
    zc_mmounts_name(m);
    zc_mirror_wake_peers(m);
    zc_mirror_wake_asked(m);
}

/* Where the source is, and what it is on. -1: it cannot be told. */
static int locate(const struct zc_mirror *m, char **path, char **point)
{
    zc_auto_close int fd = zc_root_open(m->opt->push.src, NULL);
    return fd < 0 ? -1 : zc_mounts_locate(fd, path, point);
}

void zc_mmounts_opened(struct zc_mirror *m)
{
    zc_auto_free char *path = NULL;
    free(m->mount_point);
    m->mount_point = NULL;
    (void)locate(m, &path, &m->mount_point);
    zc_mmounts_changed(m);
}

void zc_mmounts_closing(struct zc_mirror *m)
{
    m->n_unmounted = 0;
    if (!m->w)
        return;
    struct zc_places *places = zc_places_ref(zc_watch_places(m->w));
    zc_places_unref(m->places);
    m->places = places;
}

bool zc_mmounts_is_uncovered(struct zc_mirror *m, struct zc_err *why)
{
    zc_auto_free char *path = NULL, *point = NULL;
    size_t n = m->mount_point ? strlen(m->mount_point) : 0;
    if (!n || locate(m, &path, &point))
        return false;
    bool inside = !strncmp(path, m->mount_point, n) &&
                  (!path[n] || path[n] == '/');
    if (!inside || strlen(point) >= n)
        return false;
    zc_err_set(why, ZC_EXIT_SELECT, 0, "%s: %s is not mounted",
               m->opt->push.src, m->mount_point);
    return true;
}

void zc_mmounts_fini(struct zc_mirror *m)
{
    zc_places_unref(m->places);
    free(m->mount_point);
}
