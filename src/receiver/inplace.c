// SPDX-License-Identifier: GPL-2.0-or-later
/* Into the file that is there; see inplace.h. */
#include "receiver/inplace.h"

#include "base/io.h"
#include "fs/cached.h"
#include "fs/procfd.h"
#include "fs/rootdir.h"
#include "receiver/backup.h"
#include "receiver/core.h"
#include "receiver/dirs.h"
#include "receiver/dress.h"
#include "receiver/hardlinks.h"
#include "receiver/room.h"
#include "receiver/seals.h"

#include <fcntl.h>
#include <sys/stat.h>

/* Its other names are the source's, too, or there are none. */
static bool is_alone(const struct zc_receiver *r, const struct zc_entry *e,
                     const struct zc_stat *st)
{
    return st->nlink == 1 || (zc_hardlink_key(r, e).grouped &&
                              e->link_count == st->nlink);
}

/* A file of ours that we may not write to: its mode is set again at the end. */
static bool make_writable(int dirfd, const char *name,
                          const struct zc_stat *st)
{
    zc_auto_close int fd = zc_path_open(dirfd, name);
    return fd >= 0 && st->uid == geteuid() &&
           !zc_fd_chmod(fd, (st->mode & 07777) | S_IWUSR);
}

/* What is about to be written over. */
static int back_up(struct zc_receiver *r, struct zc_rdir *d, int dirfd,
                   const char *name)
{
    struct zc_buf text = ZC_BUF_INIT;
    const char *path = zc_dirnode_path_of(d->shelf.node, name, strlen(name),
                                          &text);
    const struct zc_lost l = {.dirfd = dirfd,
                              .name = name,
                              .path = path,
                              .home = dirfd};
    errno = ENOMEM;
    int bad = !path || zc_backup_copy(r, &l) == ZC_BACKUP_FAILED ? -1 : 0;
    int eno = errno;
    zc_buf_fini(&text);
    zc_shelf_touched(r, &d->shelf);
    errno = eno;
    return bad;
}

static int open_to_write(struct zc_receiver *r, struct zc_rdir *d, int dirfd,
                         const char *name, const struct zc_entry *e)
{
    struct zc_stat st;
    if (zc_dress_look(r, dirfd, name, &st) || !S_ISREG(st.mode) ||
        !is_alone(r, e, &st)) {
        errno = 0;
        return -1;
    }
    if (zc_backup_on(r) && back_up(r, d, dirfd, name))
        return -1;
    int fd = zc_file_open(dirfd, name, O_RDWR, 0);
    if (fd < 0 && errno == EACCES && make_writable(dirfd, name, &st))
        fd = zc_file_open(dirfd, name, O_RDWR, 0);
    if (fd < 0 && errno == EPERM &&
        zc_seals_break(r, d->shelf.node, dirfd, name))
        fd = zc_file_open(dirfd, name, O_RDWR, 0);
    return fd;
}

int zc_inplace_open(struct zc_receiver *r, struct zc_rdir *d,
                    const struct zc_entry *e)
{
    char name[ZC_NAME_MAX + 1];
    errno = 0;
    /* Who is not known gets no bytes into what runs as somebody else. */
    if (!(r->apply & ZC_APPLY_INPLACE) || r->terms.restricted ||
        d->state != ZC_RD_EXISTS)
        return -1;
    int dirfd = zc_dirnode_pin(r->tree, d->shelf.node);
    if (dirfd < 0)
        return -1;
    zc_entry_name(e, name);
    int fd = open_to_write(r, d, dirfd, name, e), eno = errno;
    zc_dirnode_unpin(r->tree, d->shelf.node);
    errno = eno;
    return fd;
}

int zc_inplace_hole(int fd, const struct zc_segment *s)
{
    static const char zeros[64 * 1024];
    uint64_t at = s->offset, end = s->offset + s->length;
    if (!s->length ||
        !fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)at,
                   (off_t)s->length))
        return 0;
    for (; at < end; at += ZC_MIN(end - at, sizeof zeros))
        if (zc_io_pwrite(fd, zeros, (size_t)ZC_MIN(end - at, sizeof zeros),
                         (off_t)at))
            return -1;
    return 0;
}

/* Its metadata, and onto stable storage where each file is. 0, or -1 and errno.
 */
static int finish_file(struct zc_rworker *w, struct zc_rdir *d,
                       const struct zc_msg_file *m, int fd)
{
    struct zc_receiver *r = w->r;
    struct zc_meta_want want;
    struct zc_stat st;
    char name[ZC_NAME_MAX + 1];
    if (ftruncate(fd, (off_t)m->entry.size) || zc_stat_at(fd, "", &st))
        return -1;
    int dirfd = zc_dirnode_pin(r->tree, d->shelf.node);
    if (dirfd < 0)
        return -1;
    zc_entry_name(&m->entry, name);
    zc_dress_want(r, &m->entry, &want);
    want.have_xattrs = true;
    want.xattrs = m->xattrs.p;
    want.xattrs_len = m->xattrs.n;
    int bad = zc_dress_in_place(w, dirfd, name, &st, &want, m->ref);
    int eno = errno;
    zc_dirnode_unpin(r->tree, d->shelf.node);
    errno = eno;
    return bad ||
                   (r->apply & ZC_APPLY_DROP_CACHE && zc_cached_forget(fd)) ||
                   (r->fsync == ZC_FSYNC_FILE && fsync(fd))
               ? -1
               : 0;
}

void zc_inplace_finish(struct zc_rworker *w, struct zc_rlist *list,
                       const struct zc_msg_file *m, int fd)
{
    struct zc_receiver *r = w->r;
    char name[ZC_NAME_MAX + 1];
    zc_entry_name(&m->entry, name);
    int bad = finish_file(w, list->dir, m, fd), eno = errno;
    if (close(fd) && !bad) {
        bad = -1;
        eno = errno;
    }
    atomic_fetch_add(&r->done.changes, 1);
    zc_receiver_changed(r, list->dir->shelf.node, name);
    zc_receiver_unsynced(r);
    zc_hardlink_settle(w, zc_hardlink_key(r, &m->entry), list->dir, name,
                       !bad);
    zc_hardlink_done(w, list, m->ref, bad ? ZC_STATUS_FAILED : ZC_STATUS_OK,
                     bad ? ZC_OP_WRITE : 0, bad ? eno : 0);
}

static void failed(struct zc_rworker *w, struct zc_rlist *list,
                   const struct zc_msg_file *m, unsigned op, int eno)
{
    zc_hardlink_settle(w, zc_hardlink_key(w->r, &m->entry), list->dir, "",
                       false);
    zc_hardlink_done(w, list, m->ref, ZC_STATUS_FAILED, op, eno);
}

bool zc_inplace_write(struct zc_rworker *w, struct zc_rlist *list,
                      const struct zc_msg_file *m)
{
    int fd = zc_inplace_open(w->r, list->dir, &m->entry);
    if (fd < 0 && !errno)
        return false;
    unsigned op = ZC_OP_WRITE;
    if (fd >= 0 && zc_room_take(w->r, list->dir->shelf.vol, m->data.n))
        op = ZC_OP_ROOM;
    if (fd < 0 || op == ZC_OP_ROOM ||
        zc_io_pwrite(fd, m->data.p, m->data.n, 0)) {
        int eno = errno;
        zc_close(&fd);
        failed(w, list, m, op, eno);
    } else {
        zc_inplace_finish(w, list, m, fd);
    }
    return true;
}
