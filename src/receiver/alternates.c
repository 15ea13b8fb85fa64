// SPDX-License-Identifier: GPL-2.0-or-later
/* Files of directories beside DEST; see alternates.h. */
#include "receiver/alternates.h"

#include "fs/rootdir.h"
#include "fs/xattr.h"
#include "receiver/basis.h"
#include "receiver/core.h"
#include "receiver/dirs.h"
#include "receiver/dress.h"
#include "receiver/hardlinks.h"
#include "receiver/lists.h"
#include "receiver/place.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

const struct zc_alternate_dirs *zc_alternates_at(struct zc_rworker *w,
                                                 const struct zc_rdir *d,
                                                 struct zc_ref ref)
{
    const struct zc_alternates *all = &w->r->terms.alternates;
    if (!all->n)
        return NULL;
    if (w->alternates.known && w->alternates.key == ref.list)
        return &w->alternates;
    zc_buf_reset(&w->path);
    zc_dirnode_path(d->shelf.node, &w->path);
    zc_buf_u8(&w->path, 0);
    if (w->path.failed)
        return NULL;
    zc_alternates_in(all, (const char *)w->path.data, ref.list, &w->alternates);
    return &w->alternates;
}

bool zc_alternates_are_for(const struct zc_receiver *r, enum zc_alternate kind)
{
    return r->terms.alternates.n && r->terms.open.alternate == kind;
}

/* --- taking it ----------------------------------------------------------- */

static bool is_same_inode(const struct zc_stat *st,
                          const struct zc_alternate_file *f)
{
    return st->dev == f->st.dev && st->ino == f->st.ino;
}

/* Nothing has been written into it since it was looked at. */
static bool is_unchanged(int fd, const struct zc_alternate_file *f)
{
    struct zc_stat st;
    return !zc_stat_at(fd, "", &st) && is_same_inode(&st, f) &&
           st.size == f->st.size && st.mtime_s == f->st.mtime_s &&
           st.mtime_ns == f->st.mtime_ns && st.ctime_s == f->st.ctime_s &&
           st.ctime_ns == f->st.ctime_ns;
}

/* A link with the final name in TO, whatever has that. */
static int link_into(struct zc_rworker *w, int from, const struct zc_alternate_place *c,
                     int to, unsigned *op)
{
    *op = ZC_OP_LINK;
    int bad = linkat(from, c->name, to, c->name, 0);
    if (bad && (errno == EEXIST || errno == EACCES))
        return zc_hardlink_over(w, from, c->name, &c->dir->shelf, c->name, op);
    return bad;
}

static int take_link(struct zc_rworker *w, int from, const struct zc_alternate_place *c,
                     const struct zc_alternate_file *f, unsigned *op)
{
    struct zc_receiver *r = w->r;
    struct zc_stat st;
    int to = zc_dirnode_pin(r->tree, c->dir->shelf.node);
    if (to < 0)
        return -1;
    int bad = link_into(w, from, c, to, op);
    if (!bad && (zc_stat_at(to, c->name, &st) || !is_same_inode(&st, f))) {
        (void)unlinkat(to, c->name, 0); /* another one had come in between */
        errno = ESTALE;
        bad = -1;
    }
    int eno = errno;
    if (!bad)
        zc_shelf_touched(r, &c->dir->shelf);
    zc_dirnode_unpin(r->tree, c->dir->shelf.node);
    errno = eno;
    return bad;
}

/* What F has, in OUT, looking like what C's entry asks for. W->xattrs are F's, which
 * are to be the same. */
static int fill(struct zc_rworker *w, int from, int out, const struct zc_alternate_place *c,
                const struct zc_alternate_file *f)
{
    struct zc_receiver *r = w->r;
    struct zc_meta_want want;
    struct zc_stat now;
    zc_auto_close int in = zc_file_open(from, c->name, O_RDONLY, 0);
    if (in < 0 || zc_basis_copy_all(in, out, f->st.size))
        return -1;
    zc_dress_want(r, c->e, &want);
    want.keep &= ~(unsigned)ZC_KEEP_FLAGS; /* when it has its name */
    zc_buf_reset(&w->xattrs);
    if (r->keep & (ZC_KEEP_ACLS | ZC_KEEP_XATTRS)) {
        if (zc_xattr_read(from, c->name, r->keep, &w->xattrs))
            return -1;
        want.have_xattrs = w->xattrs.len != 0;
        want.xattrs = w->xattrs.data;
        want.xattrs_len = w->xattrs.len;
    }
    if (zc_stat_at(out, "", &now))
        return -1;
    zc_dress(w, out, &now, &want, c->ref);
    if (!is_unchanged(in, f)) {
        errno = ESTALE;
        return -1;
    }
    return r->fsync == ZC_FSYNC_NONE ? 0 : fsync(out);
}

static int take_copy(struct zc_rworker *w, int from, const struct zc_alternate_place *c,
                     const struct zc_alternate_file *f, unsigned *op)
{
    char tmp[ZC_STAGING_NAME_SIZE];
    struct zc_shelf *shelf = &c->dir->shelf;
    *op = ZC_OP_STAGING;
    int base = zc_shelf_staging(w->r, shelf, tmp);
    if (base < 0)
        return -1;
    *op = ZC_OP_CREATE;
    zc_auto_close int out =
        zc_file_open(base, tmp, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (out < 0)
        return -1;
    if (!fill(w, from, out, c, f) && !zc_place(w, shelf, tmp, c->name, op))
        return 0;
    zc_place_discard(shelf, tmp);
    return -1;
}

/* Flags of chattr are set on what has its name. */
static void set_flags(struct zc_rworker *w, const struct zc_alternate_place *c)
{
    struct zc_receiver *r = w->r;
    struct zc_fileflags flags = {c->e->fileflags, c->e->project};
    int dirfd = r->keep & ZC_KEEP_FLAGS
                    ? zc_dirnode_pin(r->tree, c->dir->shelf.node)
                    : -1;
    if (dirfd < 0)
        return;
    zc_dress_flags(w, dirfd, c->name, &flags, c->ref);
    zc_dirnode_unpin(r->tree, c->dir->shelf.node);
}

int zc_alternate_take(struct zc_rworker *w, const struct zc_alternate_place *c,
                      const struct zc_alternate_file *f, unsigned *op)
{
    struct zc_receiver *r = w->r;
    const struct zc_alternate_dirs *d = zc_alternates_at(w, c->dir, c->ref);
    *op = ZC_OP_LINK;
    errno = ENOMEM;
    if (!d || f->which >= d->n)
        return -1;
    int from = d->fds[f->which];
    bool links = f->same && zc_alternates_are_for(r, ZC_ALTERNATE_LINK);
    /* The kernel may refuse links to files of others, or from another mount. */
    if (!links || take_link(w, from, c, f, op)) {
        if (!S_ISREG(f->st.mode) || take_copy(w, from, c, f, op))
            return -1;
        set_flags(w, c);
    }
    atomic_fetch_add(&r->done.created, 1);
    atomic_fetch_add(&r->done.changes, 1);
    zc_receiver_unsynced(r);
    return 0;
}
