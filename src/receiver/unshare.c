// SPDX-License-Identifier: GPL-2.0-or-later
/* The end of a round for inodes with several names; see unshare.h. */
#include "receiver/unshare.h"

#include "fs/procfd.h"
#include "fs/rootdir.h"
#include "receiver/apart.h"
#include "receiver/core.h"
#include "receiver/dress.h"
#include "receiver/hardlinks.h"
#include "receiver/shared.h"

#include <fcntl.h>
#include <string.h>

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

/* A copy of S, which is N, in the staging folder as TMP, as it shall be, and
 * safe. */
static int make_copy(struct zc_rworker *w, struct zc_shared_inode *s,
                     struct zc_shared_name *n, char *tmp, unsigned *op)
{
    struct zc_stat old, now;
    *op = ZC_OP_STAT;
    int dirfd = zc_dirnode_pin(w->r->tree, n->shelf.node);
    if (dirfd < 0)
        return -1;
    errno = ESTALE;
    bool is = is_name(s, dirfd, n, &old);
    int eno = errno;
    zc_dirnode_unpin(w->r->tree, n->shelf.node);
    errno = eno;
    zc_auto_close int fd =
        is ? zc_apart_copy(w, &n->shelf, n->name, &old, tmp, op) : -1;
    if (fd < 0)
        return -1;
    int bad = zc_stat_at(fd, "", &now);
    if (!bad && s->pending)
        zc_dress_late(w, fd, &now, &s->want, n->shelf.node, n->name);
    if (!bad && zc_receiver_syncs_first(w->r) && S_ISREG(now.mode))
        bad = fsync(fd);
    if (bad)
        zc_place_discard(&n->shelf, tmp);
    return bad;
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
    if (!bad && (bad = zc_place_same(w, &n->shelf, tmp, n->name, op)))
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
