// SPDX-License-Identifier: GPL-2.0-or-later
/* Everything but files and directories; see special.h. */
#include "receiver/special.h"

#include "fs/fake.h"
#include "fs/rootdir.h"
#include "receiver/core.h"
#include "receiver/dirs.h"
#include "receiver/dress.h"
#include "receiver/room.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Who it belongs to is said later. */
static int fake_node(int base, const char *name, const struct zc_entry *e,
                     dev_t dev)
{
    const struct zc_disguise d = {.mode = (e->mode & S_IFMT) | 0600,
                                  .uid = geteuid(),
                                  .gid = getegid(),
                                  .rdev = dev};
    return zc_fake_make(base, name, &d, e->target,
                        S_ISLNK(e->mode) ? e->target_len : 0);
}

int zc_special_node(const struct zc_receiver *r, int base, const char *name,
                    const struct zc_entry *e)
{
    dev_t dev = S_ISCHR(e->mode) || S_ISBLK(e->mode)
                    ? makedev(e->rdev_major, e->rdev_minor)
                    : 0;
    if (r->keep & ZC_KEEP_FAKE)
        return fake_node(base, name, e, dev);
    if (S_ISLNK(e->mode)) {
        zc_auto_free char *target = strndup(e->target, e->target_len);
        if (!target) {
            errno = ENOMEM;
            return -1;
        }
        return symlinkat(target, base, name);
    }
    return mknodat(base, name, (e->mode & S_IFMT) | 0600, dev);
}

/* Makes and dresses it as NAME in BASE, for S. */
static int build_special(struct zc_rworker *w, struct zc_shelf *s, int base,
                         const char *name, const struct zc_entry *e,
                         struct zc_bytes xattrs, struct zc_ref ref)
{
    struct zc_stat now;
    struct zc_meta_want want;
    if (zc_special_node(w->r, base, name, e))
        return -1;
    zc_auto_close int fd = zc_path_open(base, name);
    if (fd < 0 || zc_stat_at(fd, "", &now))
        return -1;
    zc_dress_want(w->r, e, &want);
    if (!(w->r->keep & ZC_KEEP_PERMS)) {
        want.keep |= ZC_KEEP_PERMS;
        want.mode = (e->mode & S_IFMT) | zc_shelf_mode(w->r, s, e->mode);
    }
    want.have_xattrs = xattrs.n != 0;
    want.xattrs = xattrs.p;
    want.xattrs_len = xattrs.n;
    zc_dress(w, fd, &now, &want, ref);
    return 0;
}

static int special_staged(struct zc_rworker *w, struct zc_rdir *d,
                          const char *name, const struct zc_entry *e,
                          struct zc_bytes xattrs, struct zc_ref ref,
                          unsigned *op)
{
    char tmp[ZC_STAGING_NAME_SIZE];
    int staging = zc_shelf_staging(w->r, &d->shelf, tmp);
    if (staging < 0) {
        *op = ZC_OP_STAGING;
        return -1;
    }
    if (!build_special(w, &d->shelf, staging, tmp, e, xattrs, ref) &&
        !zc_place(w, &d->shelf, tmp, name, op))
        return 0;
    int eno = errno;
    unlinkat(staging, tmp, 0);
    errno = eno;
    return -1;
}

int zc_special_make(struct zc_rworker *w, struct zc_rdir *d,
                    const struct zc_entry *e, struct zc_bytes xattrs,
                    struct zc_ref ref, unsigned *op)
{
    struct zc_receiver *r = w->r;
    char name[ZC_NAME_MAX + 1];
    zc_entry_name(e, name);
    *op = S_ISLNK(e->mode) ? ZC_OP_SYMLINK : ZC_OP_MKNOD;
    if (r->terms.restricted && (S_ISCHR(e->mode) || S_ISBLK(e->mode))) {
        errno = EPERM;
        return -1;
    }
    if (zc_room_take(r, d->shelf.vol, 0)) {
        *op = ZC_OP_ROOM;
        return -1;
    }
    int bad, eno = 0;
    if (zc_rdir_direct_begin(r, d)) {
        int dirfd = zc_dirnode_pin(r->tree, d->shelf.node);
        bad = dirfd < 0 || build_special(w, &d->shelf, dirfd, name, e,
                                         xattrs, ref);
        eno = errno;
        if (dirfd >= 0)
            zc_dirnode_unpin(r->tree, d->shelf.node);
        zc_rdir_direct_end(w, d, 1);
    } else {
        bad = special_staged(w, d, name, e, xattrs, ref, op);
        eno = errno;
    }
    if (bad) {
        errno = eno;
        return -1;
    }
    atomic_fetch_add(&r->done.created, 1);
    atomic_fetch_add(&r->done.changes, 1);
    zc_receiver_changed(r, d->shelf.node, name);
    zc_receiver_unsynced(r);
    return 0;
}
