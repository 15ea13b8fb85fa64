// SPDX-License-Identifier: GPL-2.0-or-later
/* Symlinks that stand for directories; see dirlinks.h. */
#include "receiver/dirlinks.h"

#include "fs/rootdir.h"
#include "receiver/core.h"
#include "receiver/dirs.h"
#include "receiver/volumes.h"

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
    else if (!zc_volume_has(v, st) || zc_staging_holds(r->root_fd, fd))
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
