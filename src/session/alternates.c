// SPDX-License-Identifier: GPL-2.0-or-later
/* Directories beside DEST; see alternates.h. */
#include "session/alternates.h"

#include "base/log.h"
#include "base/relpath.h"
#include "fs/rootdir.h"
#include "fs/staging.h"

#include <string.h>
#include <unistd.h>

/* DIR, as seen from BELOW, in a tree whose top is "/": on the heap, without that.
 * NULL: no memory; *OUT: it leads out of the tree. */
static char *resolve(const char *below, const char *dir, bool *out)
{
    char *path = *dir == '/' ? strdup(dir) : zc_relpath_join(below, dir);
    *out = path && !zc_relpath_flatten(path);
    return path;
}

static int open_in_share(const struct zc_alternates_base *base, const char *dir,
                         bool make, int *fd, struct zc_err *err)
{
    bool out;
    zc_auto_free char *rel = resolve(base->dest, dir, &out);
    if (!rel)
        return zc_err_nomem(err);
    if (out)
        return zc_err_set(err, ZC_EXIT_SELECT, 0, "%s leads out of share %s",
                          dir, base->share);
    zc_auto_close int root = zc_root_open(base->path, err);
    if (root < 0)
        return -1;
    *fd = *rel ? zc_root_open_linked(root, rel) : zc_root_open_dir(root, rel);
    int eno = errno;
    if (!zc_staging_on_path(root, rel) &&
        (*fd < 0 || !zc_staging_holds(root, *fd))) {
        errno = eno;
        if (*fd < 0 && eno == ENOENT && make)
            *fd = zc_root_make_dir(root, rel, true);
        return 0;
    }
    zc_close(fd);
    return zc_err_set(err, ZC_EXIT_SELECT, 0, "%s leads to %s, the staging "
                      "folder, which is reserved", rel, ZC_STAGING_NAME);
}

/* DIR beside DEST, a path that is not there, and so by the letter. */
static char *beside(const char *dest, const char *dir)
{
    bool out;
    zc_auto_free char *here = *dest == '/' ? NULL : get_current_dir_name();
    zc_auto_free char *base = zc_relpath_join(here ? here : "", dest);
    zc_auto_free char *rel = base ? resolve(base, dir, &out) : NULL;
    return !rel ? NULL : zc_relpath_join("/", out ? dest : rel);
}

static int open_own(const struct zc_alternates_base *base, const char *dir,
                    bool make, int *fd, struct zc_err *err)
{
    struct zc_err why = {0};
    bool made;
    zc_auto_free char *path = *dir == '/'    ? strdup(dir)
                              : base->absent ? beside(base->dest, dir)
                                             : zc_relpath_join(base->dest, dir);
    if (!path)
        return zc_err_nomem(err);
    *fd = zc_root_open_dest(path, make ? ZC_ROOT_MAKE_PATH : ZC_ROOT_MAKE_NONE,
                            &made, &why);
    if (*fd < 0)
        errno = why.eno ? why.eno : ENOENT;
    return 0;
}

int zc_alternates_open_one(const struct zc_alternates_base *base,
                           const char *dir, bool make, int *fd,
                           struct zc_err *err)
{
    *fd = -1;
    return *base->share ? open_in_share(base, dir, make, fd, err)
                        : open_own(base, dir, make, fd, err);
}

int zc_alternates_open(struct zc_alternates *a, struct zc_bytes names,
                       const struct zc_alternates_base *base,
                       struct zc_err *err)
{
    const char *at = (const char *)names.p, *end = at + names.n;
    for (; at < end && a->n < ZC_ALTERNATES_MAX; at += strlen(at) + 1) {
        int fd = -1;
        if (zc_alternates_open_one(base, at, false, &fd, err))
            return -1;
        if (fd < 0)
            zc_log(ZC_LOG_INFO, "%s is left out: %m", at);
        if (fd >= 0)
            a->fds[a->n++] = fd;
        else
            a->missing = true;
    }
    return 0;
}

void zc_alternates_close(struct zc_alternates *a)
{
    for (size_t i = 0; i < a->n; i++)
        zc_close(&a->fds[i]);
    a->n = 0;
}

/* --- of one directory --- */

void zc_alternates_in(const struct zc_alternates *a, const char *path,
                      uint64_t key, struct zc_alternate_dirs *d)
{
    zc_alternate_dirs_close(d);
    for (; d->n < a->n; d->n++)
        d->fds[d->n] = zc_root_open_dir(a->fds[d->n], path);
    d->known = true;
    d->key = key;
}

void zc_alternate_dirs_close(struct zc_alternate_dirs *d)
{
    for (size_t i = 0; i < d->n; i++)
        zc_close(&d->fds[i]);
    d->n = 0;
    d->known = false;
}
