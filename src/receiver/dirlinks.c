// SPDX-License-Identifier: GPL-2.0-or-later
/* Symlinks that stand for directories; see dirlinks.h. */
#include "receiver/dirlinks.h"

#include "fs/rootdir.h"
#include "receiver/core.h"
#include "receiver/dirs.h"
#include "receiver/volumes.h"

static bool is_same(const struct zc_stat *st, int fd)
{
    struct zc_stat other;
    return fd >= 0 && !zc_stat_at(fd, "", &other) && st->ino == other.ino &&
           st->dev == other.dev;
}

/* The directory FD is, or is in, the staging folder of V. */
static bool is_staging(int fd, const struct zc_volume *v)
{
    int staging = v->staging ? zc_staging_fd(v->staging) : -1;
    struct zc_stat st, below = {0};
    if (staging < 0)
        return false;
    zc_auto_close int at = zc_root_find_dir(fd, "");
    while (at >= 0 && !zc_stat_at(at, "", &st) &&
           (st.ino != below.ino || st.dev != below.dev)) {
        if (is_same(&st, staging))
            return true;
        int up = zc_dir_open_parent(at);
        zc_close(&at);
        at = up;
        below = st;
    }
    return false;
}

/* Opens what C leads to, if that is a directory: -1 and errno; ENOENT, ENOTDIR
 * and ELOOP: it is none. */
static int open_link(struct zc_rworker *w, const struct zc_cmp *c,
                     struct zc_stat *st)
{
    struct zc_receiver *r = w->r;
    const struct zc_volume *v = c->dir->shelf.vol;
    const char *path = zc_dirnode_path_of(c->dir->shelf.node, c->name,
                                          strlen(c->name), &w->path);
    if (!path) {
        errno = ENOMEM;
        return -1;
    }
    int fd = zc_root_open_linked(r->root_fd, path);
    if (fd < 0)
        return -1;
    int eno = 0;
    if (zc_stat_at(fd, "", st))
        eno = errno;
    else if (!zc_volume_has(v, st) || is_staging(fd, v))
        eno = EXDEV;
    if (!eno)
        return fd;
    close(fd);
    errno = eno;
    return -1;
}

int zc_dirlink_follow(struct zc_rworker *w, struct zc_cmp *c, int *fd)
{
    struct zc_stat st;
    if (!(w->r->apply & ZC_APPLY_DIRLINKS) || !c->exists ||
        !S_ISLNK(c->st.mode) || !S_ISDIR(c->e->mode))
        return 0;
    *fd = open_link(w, c, &st);
    if (*fd >= 0) {
        c->dirfd = *fd;
        c->name[0] = '\0';
        c->st = st;
        return 0;
    }
    if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)
        return 0;
    zc_rworker_note(w, c->dir->shelf.node, c->name, ZC_OP_DIRLINK, c->e->mode,
                    errno == EXDEV ? 0 : errno);
    return -1;
}
