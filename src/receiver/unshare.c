// SPDX-License-Identifier: GPL-2.0-or-later
/* The end of a round for inodes with several names; see unshare.h. */
#include "receiver/unshare.h"

#include "fs/procfd.h"
#include "fs/rootdir.h"
#include "receiver/basis.h"
#include "receiver/core.h"
#include "receiver/dress.h"
#include "receiver/hardlinks.h"
#include "receiver/shared.h"
#include "receiver/special.h"
#include "receiver/volumes.h"

#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>

/* Is N, in DIRFD, still a name of S? */
static bool is_name(const struct zc_shared_inode *s, int dirfd,
                    const struct zc_shared_name *n, struct zc_stat *st)
{
    return !zc_stat_at(dirfd, n->name, st) && st->ino == s->ino &&
           st->dev == s->dev;
}

/* Leaves S those names that it still has. How many it has in all. */
static uint32_t sort_out(struct zc_receiver *r, struct zc_shared_inode *s)
{
    uint32_t nlink = 0;
    size_t n = 0;
    for (size_t i = 0; i < s->names.len; i++) {
        struct zc_shared_name *one = &s->names.v[i];
        struct zc_stat st;
        int dirfd = zc_dirnode_pin(r->tree, one->shelf.node);
        bool stays = dirfd >= 0 && is_name(s, dirfd, one, &st);
        if (dirfd >= 0)
            zc_dirnode_unpin(r->tree, one->shelf.node);
        if (stays) {
            nlink = st.nlink;
            s->names.v[n++] = *one;
        } else {
            zc_dirnode_unref(r->tree, one->shelf.node);
            free(one->name);
        }
    }
    s->names.len = n;
    return nlink;
}

/* A handle on S by its name N. -1 and errno. */
static int open_inode(struct zc_receiver *r, const struct zc_shared_inode *s,
                      const struct zc_shared_name *n, struct zc_stat *st)
{
    int dirfd = zc_dirnode_pin(r->tree, n->shelf.node);
    int fd = dirfd < 0 ? -1 : zc_path_open(dirfd, n->name), eno = errno;
    if (dirfd >= 0)
        zc_dirnode_unpin(r->tree, n->shelf.node);
    if (fd >= 0 && !zc_stat_at(fd, "", st) && st->ino == s->ino &&
        st->dev == s->dev)
        return fd;
    errno = fd < 0 ? eno : ESTALE;
    zc_close(&fd);
    return -1;
}

static void set_in_place(struct zc_rworker *w, struct zc_shared_inode *s)
{
    const struct zc_shared_name *n = &s->names.v[0];
    struct zc_stat st;
    zc_auto_close int fd = open_inode(w->r, s, n, &st);
    if (fd < 0) {
        zc_rworker_note(w, n->shelf.node, n->name, ZC_OP_STAT, 0, errno);
        return;
    }
    zc_dress_late(w, fd, &st, &s->want, n->shelf.node, n->name);
    zc_receiver_unsynced(w->r);
}

/* What the copy shall look like: as the old one, but for what is to be set. The
 * attributes are W's. */
static struct zc_meta_want look_of_copy(struct zc_rworker *w,
                                        const struct zc_shared_inode *s,
                                        int dirfd, const char *name,
                                        const struct zc_stat *old)
{
    struct zc_receiver *r = w->r;
    unsigned set = s->pending ? s->want.keep : 0;
    unsigned own = r->keep & ~(unsigned)(ZC_KEEP_OWNER | ZC_KEEP_GROUP);
    struct zc_meta_want want = {
        .mode = set & ZC_KEEP_PERMS ? s->want.mode : old->mode,
        .uid = set & ZC_KEEP_OWNER ? s->want.uid : old->uid,
        .gid = set & ZC_KEEP_GROUP ? s->want.gid : old->gid,
        .mtime_s = set & ZC_KEEP_TIMES ? s->want.mtime_s : old->mtime_s,
        .mtime_ns = set & ZC_KEEP_TIMES ? s->want.mtime_ns : old->mtime_ns,
        .keep = r->is_root ? ZC_KEEP_ALL
                           : set | own | ZC_KEEP_PERMS | ZC_KEEP_TIMES,
        .restricted = r->terms.restricted,
        .careful = s->names.v[0].shelf.vol->careful,
    };
    zc_buf_reset(&w->xattrs);
    want.have_xattrs = true;
    if (s->pending && s->want.have_xattrs) {
        want.xattrs = s->want.xattrs;
        want.xattrs_len = s->want.xattrs_len;
    } else if (!zc_xattr_read(dirfd, name, want.keep, &w->xattrs)) {
        want.xattrs = w->xattrs.data;
        want.xattrs_len = w->xattrs.len;
    } else {
        want.have_xattrs = false;
    }
    return want;
}

/* The same type and contents as NAME in DIRFD (OLD), under TMP in BASE. */
static int copy_contents(int dirfd, const char *name, const struct zc_stat *old,
                         int base, const char *tmp)
{
    if (S_ISREG(old->mode)) {
        zc_auto_close int in = zc_file_open(dirfd, name, O_RDONLY, 0);
        zc_auto_close int out =
            in < 0 ? -1
                   : zc_file_open(base, tmp, O_WRONLY | O_CREAT | O_EXCL, 0600);
        return out < 0 ? -1 : zc_basis_copy_all(in, out, old->size);
    }
    struct zc_entry e = {.mode = old->mode,
                         .rdev_major = major(old->rdev),
                         .rdev_minor = minor(old->rdev)};
    zc_auto_free char *target = NULL;
    if (S_ISLNK(old->mode)) {
        size_t n;
        e.target = target = zc_symlink_read(dirfd, name, &n);
        if (!target)
            return -1;
        e.target_len = (uint16_t)n;
    }
    return zc_special_node(base, tmp, &e);
}

/* Opens what copy_contents has made, and makes it look like WANT, and safe. */
static int dress_copy(struct zc_rworker *w, int base, const char *tmp,
                      const struct zc_meta_want *want,
                      const struct zc_shared_name *n)
{
    struct zc_receiver *r = w->r;
    struct zc_stat now;
    zc_auto_close int fd = zc_path_open(base, tmp);
    if (fd < 0 || zc_stat_at(fd, "", &now))
        return -1;
    zc_dress_late(w, fd, &now, want, n->shelf.node, n->name);
    if (r->fsync == ZC_FSYNC_NONE || !S_ISREG(now.mode))
        return 0;
    zc_auto_close int data = zc_file_open(base, tmp, O_RDONLY, 0);
    return data < 0 ? -1 : fsync(data);
}

/* A copy of S, which is N, in the staging folder as TMP. */
static int make_copy(struct zc_rworker *w, struct zc_shared_inode *s,
                     struct zc_shared_name *n, char *tmp, unsigned *op)
{
    struct zc_stat old;
    *op = ZC_OP_STAGING;
    int base = zc_shelf_staging(w->r, &n->shelf, tmp);
    int dirfd = base < 0 ? -1 : zc_dirnode_pin(w->r->tree, n->shelf.node);
    if (dirfd < 0)
        return -1;
    *op = ZC_OP_CREATE;
    errno = ESTALE;
    int bad = !is_name(s, dirfd, n, &old) ||
              copy_contents(dirfd, n->name, &old, base, tmp);
    if (!bad) {
        struct zc_meta_want want = look_of_copy(w, s, dirfd, n->name, &old);
        bad = dress_copy(w, base, tmp, &want, n);
    }
    int eno = errno;
    zc_dirnode_unpin(w->r->tree, n->shelf.node);
    if (bad)
        zc_place_discard(&n->shelf, tmp);
    errno = eno;
    return bad ? -1 : 0;
}

/* N's directory keeps its times and its mode, DIR: it may be finished. */
static void leave_dir(struct zc_receiver *r, struct zc_shared_name *n,
                      const struct zc_stat *dir)
{
    int eno = errno;
    zc_shelf_leave(r, &n->shelf);
    int fd = zc_dirnode_pin(r->tree, n->shelf.node);
    if (fd >= 0) {
        if (n->shelf.writable_made)
            zc_fd_chmod(fd, dir->mode & 07777);
        zc_fd_set_mtime(fd, dir->mtime_s, dir->mtime_ns);
        zc_dirnode_unpin(r->tree, n->shelf.node);
    }
    errno = eno;
}

static int stat_dir(struct zc_receiver *r, struct zc_shared_name *n,
                    struct zc_stat *dir)
{
    int fd = zc_dirnode_pin(r->tree, n->shelf.node);
    if (fd < 0)
        return -1;
    int bad = zc_stat_at(fd, "", dir), eno = errno;
    zc_dirnode_unpin(r->tree, n->shelf.node);
    errno = eno;
    return bad;
}

/* N becomes a copy of its own. -1, *OP and errno. */
static int become_copy(struct zc_rworker *w, struct zc_shared_inode *s,
                       struct zc_shared_name *n, unsigned *op)
{
    char tmp[ZC_STAGING_NAME_SIZE];
    struct zc_stat dir;
    *op = ZC_OP_STAT;
    if (stat_dir(w->r, n, &dir))
        return -1;
    int bad = make_copy(w, s, n, tmp, op);
    if (!bad && (bad = zc_place(w, &n->shelf, tmp, n->name, op)))
        zc_place_discard(&n->shelf, tmp);
    leave_dir(w->r, n, &dir);
    return bad;
}

/* N becomes a link to FIRST. */
static int become_link(struct zc_rworker *w, struct zc_shared_name *n,
                       struct zc_shared_name *first, unsigned *op)
{
    struct zc_receiver *r = w->r;
    struct zc_stat dir;
    *op = ZC_OP_LINK;
    if (stat_dir(r, n, &dir))
        return -1;
    int from = zc_dirnode_pin(r->tree, first->shelf.node);
    int bad = from < 0 ||
              zc_hardlink_over(w, from, first->name, &n->shelf, n->name, op);
    int eno = errno;
    if (from >= 0)
        zc_dirnode_unpin(r->tree, first->shelf.node);
    errno = eno;
    leave_dir(r, n, &dir);
    return bad ? -1 : 0;
}

/* The names that were looked at get an inode of their own. */
static void split(struct zc_rworker *w, struct zc_shared_inode *s)
{
    unsigned op;
    struct zc_shared_name *first = &s->names.v[0];
    int bad = become_copy(w, s, first, &op);
    if (bad)
        zc_rworker_note(w, first->shelf.node, first->name, op, 0, errno);
    for (size_t i = 1; i < s->names.len && !bad; i++) {
        struct zc_shared_name *n = &s->names.v[i];
        if (become_link(w, n, first, &op))
            zc_rworker_note(w, n->shelf.node, n->name, op, 0, errno);
    }
    zc_receiver_unsynced(w->r);
}

static void settle(struct zc_rworker *w, struct zc_shared_inode *s)
{
    uint32_t nlink = sort_out(w->r, s);
    if (!s->names.len)
        return;
    if (nlink <= s->names.len || s->forgot) {
        if (s->pending)
            set_in_place(w, s);
        return;
    }
    /* A mirror's round has all names that the file has at the source: what else
     * shares its inode here is another file, or soon gone. */
    bool extra = w->r->flags & ZC_OPEN_ROUNDS && s->links < nlink;
    if (s->pending || s->joined || extra)
        split(w, s);
}

void zc_unshare(struct zc_rworker *w)
{
    struct zc_receiver *r = w->r;
    size_t at = 0;
    for (struct zc_map_slot *slot;
         (slot = zc_map_next(&r->shared->inodes, &at));) {
        struct zc_shared_inode *s = slot->value;
        settle(w, s);
        if (w->out.len >= 32 * ZC_KIB)
            zc_rworker_flush(w);
    }
    zc_rworker_flush(w);
}
