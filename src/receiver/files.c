// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Small files, which come with their bytes, and metadata that was asked for. A
 * new file is written under a staging name, or under its own name in a
 * directory that is itself still in the staging folder, gets all its metadata,
 * and only then its name.
 */
#include "fs/rootdir.h"
#include "receiver/core.h"
#include "receiver/dress.h"
#include "receiver/newfile.h"
#include "receiver/place.h"
#include "receiver/queue.h"
#include "receiver/special.h"

#include <string.h>
#include <sys/stat.h>

/* --- counters ------------------------------------------------------------ */

/* One entry of L less is open. With the lock held. */
static void list_settle(struct zc_receiver *r, struct zc_rlist *l)
{
    r->pending--;
    if (--l->outstanding == 0 && l->compared) {
        zc_map_del(&r->lists, l->id, 0);
        free(l);
    }
}

void zc_entry_done(struct zc_rworker *w, struct zc_rdir *d,
                   struct zc_rlist *list, struct zc_ref ref,
                   enum zc_status status, unsigned op, int eno)
{
    struct zc_receiver *r = w->r;
    zc_hardlink_leader_done(w, ref);
    zc_rworker_result(w, ref, status, op, eno);
    pthread_mutex_lock(&r->lock);
    list_settle(r, list);
    d->files--;
    pthread_mutex_unlock(&r->lock);
    zc_rdir_check(w, d);
    zc_rdir_drop(w, d);
}

void zc_entry_again(struct zc_rworker *w, struct zc_rlist *list,
                    struct zc_ref ref)
{
    pthread_mutex_lock(&w->r->lock);
    list->claimable++;
    pthread_mutex_unlock(&w->r->lock);
    zc_rworker_result(w, ref, ZC_STATUS_AGAIN, ZC_OP_NONE, 0);
}

/* --- small files --------------------------------------------------------- */

static void file_failed(struct zc_rworker *w, struct zc_rdir *d,
                        struct zc_rlist *list, const struct zc_msg_file *m,
                        unsigned op, int eno)
{
    if (m->entry.flags & ZC_ENTRY_HARD_LINK)
        zc_hardlink_settle(w, m->entry.link_dev, m->entry.link_ino, d, "",
                           false);
    zc_entry_done(w, d, list, m->ref, ZC_STATUS_FAILED, op, eno);
}

/* Under a staging name, then committed. */
static void apply_staged(struct zc_rworker *w, struct zc_rdir *d,
                         struct zc_rlist *list, const struct zc_msg_file *m)
{
    char tmp[ZC_STAGING_NAME_SIZE];
    unsigned op = ZC_OP_STAGING;
    int staging = zc_place_staging(&d->spot, tmp), fd = -1;
    if (staging >= 0)
        fd = zc_newfile_write(w, d, staging, tmp, m, &op);
    if (fd < 0)
        file_failed(w, d, list, m, op, errno);
    else
        zc_newfile_commit(w, list, m, tmp, fd);
}

/* In a directory that is not in place yet: under its own name. */
static bool apply_direct(struct zc_rworker *w, struct zc_rdir *d, int dirfd,
                         struct zc_rlist *list, const struct zc_msg_file *m)
{
    char name[ZC_NAME_MAX + 1];
    unsigned op;
    zc_entry_name(&m->entry, name);
    int fd = zc_newfile_write(w, d, dirfd, name, m, &op);
    if (fd < 0) {
        file_failed(w, d, list, m, op, errno);
        return false;
    }
    if (close(fd)) { /* some file systems find out only now */
        int eno = errno;
        unlinkat(dirfd, name, 0);
        file_failed(w, d, list, m, ZC_OP_WRITE, eno);
        return false;
    }
    atomic_fetch_add_explicit(&w->r->created, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&w->r->changes, 1, memory_order_relaxed);
    zc_entry_done(w, d, list, m->ref, ZC_STATUS_OK, 0, 0);
    return true;
}

/* The next message of a run of frames. */
static int next_file(struct zc_rd *frames, struct zc_msg_file *m,
                     struct zc_err *err)
{
    if (zc_file_decode(zc_frame_next(frames), ZC_FRAME_FILE, m, err))
        return -1;
    if (!zc_xattr_valid(m->xattrs.p, m->xattrs.n))
        return zc_err_set(err, ZC_EXIT_STREAM, 0,
                          "the peer sent a malformed attribute set");
    return 0;
}

void zc_apply_files(struct zc_rworker *w, struct zc_work *work)
{
    struct zc_receiver *r = w->r;
    struct zc_rlist *list = work->list;
    struct zc_rdir *d = list->dir;
    struct zc_rd frames = zc_rd_init(work->p, work->n);
    struct zc_err err;
    unsigned direct = 0;
    /* D lives on while its files are open; after the last one it may be gone,
     * so it is held. */
    zc_rdir_hold(r, d);
    bool may_direct = zc_rdir_direct_begin(r, d);
    int dirfd = may_direct ? zc_dirnode_pin(r->tree, d->spot.node) : -1;
    while (zc_rd_left(&frames) && !atomic_load(&r->failed)) {
        struct zc_msg_file m;
        if (next_file(&frames, &m, &err)) {
            zc_receiver_fail(r, &err);
            break;
        }
        if (d->volume_top && m.entry.name_len == strlen(ZC_STAGING_NAME) &&
            !memcmp(m.entry.name, ZC_STAGING_NAME, m.entry.name_len))
            file_failed(w, d, list, &m, ZC_OP_CREATE, EPERM);
        else if (d->shallow && zc_place_settles(w, list, &m))
            continue;
        else if (dirfd >= 0 && !(m.entry.flags & ZC_ENTRY_HARD_LINK))
            direct += apply_direct(w, d, dirfd, list, &m);
        else
            apply_staged(w, d, list, &m);
    }
    if (dirfd >= 0)
        zc_dirnode_unpin(r->tree, d->spot.node);
    if (may_direct)
        zc_rdir_direct_end(w, d, direct);
    zc_rdir_drop(w, d);
}

/* --- META ---------------------------------------------------------------- */

/* A directory's: kept until it is finished. */
static bool meta_of_dir(struct zc_rworker *w, struct zc_rlist *list,
                        const struct zc_msg_file *m)
{
    struct zc_receiver *r = w->r;
    uint8_t *copy = malloc(m->xattrs.n + 1);
    if (copy && m->xattrs.n)
        memcpy(copy, m->xattrs.p, m->xattrs.n);
    pthread_mutex_lock(&r->lock);
    struct zc_rdir *d = zc_map_get(&r->dirs->by_ref, m->ref.list,
                                   m->ref.index);
    bool ok = copy && d && d->meta_asked;
    if (ok) {
        d->meta_asked = false;
        d->xattrs = copy;
        d->xattrs_len = m->xattrs.n;
        d->have_xattrs = true;
        d->differs = true;
        zc_rworker_result(w, m->ref, ZC_STATUS_OK, 0, 0);
        list_settle(r, list);
    }
    pthread_mutex_unlock(&r->lock);
    if (ok)
        zc_rdir_drop(w, d);
    else
        free(copy);
    return ok;
}

bool zc_apply_no_meta(struct zc_rworker *w, struct zc_ref ref)
{
    struct zc_receiver *r = w->r;
    pthread_mutex_lock(&r->lock);
    struct zc_rlist *list = zc_map_get(&r->lists, ref.list, 0);
    struct zc_rdir *d = zc_map_get(&r->dirs->by_ref, ref.list, ref.index);
    bool ok = list && list->dirs_meta && d && d->meta_asked;
    if (ok) {
        list->dirs_meta--;
        d->meta_asked = false;
        zc_rworker_result(w, ref, ZC_STATUS_FAILED, ZC_OP_SOURCE, 0);
        list_settle(r, list);
    }
    pthread_mutex_unlock(&r->lock);
    if (ok)
        zc_rdir_drop(w, d);
    return ok;
}

/* Anything else's: 0, or -1 with errno and *OP. */
static int meta_of_entry(struct zc_rworker *w, struct zc_rdir *d,
                         const struct zc_msg_file *m, unsigned *op)
{
    struct zc_receiver *r = w->r;
    const struct zc_entry *e = &m->entry;
    char name[ZC_NAME_MAX + 1];
    struct zc_stat st;
    zc_entry_name(e, name);
    *op = ZC_OP_STAT;
    int dirfd = zc_dirnode_pin(r->tree, d->spot.node);
    if (dirfd < 0)
        return -1;
    bool there = !zc_stat_at(dirfd, name, &st) &&
                 (st.mode & S_IFMT) == (e->mode & S_IFMT);
    int bad;
    if (S_ISREG(e->mode) || there) {
        struct zc_meta_want want;
        zc_dress_want(r, e, &want);
        want.have_xattrs = true;
        want.xattrs = m->xattrs.p;
        want.xattrs_len = m->xattrs.n;
        errno = ENOENT;
        bad = there ? zc_dress_in_place(w, dirfd, name, &st, &want, m->ref)
                    : -1;
        /* A symlink or device with another target is made anew below. */
    } else {
        bad = zc_special_make(w, d, e, m->xattrs, m->ref, op);
    }
    int eno = errno;
    zc_dirnode_unpin(r->tree, d->spot.node);
    errno = eno;
    return bad;
}

void zc_apply_meta(struct zc_rworker *w, struct zc_work *work)
{
    struct zc_receiver *r = w->r;
    struct zc_rlist *list = work->list;
    struct zc_rdir *d = list->dir;
    struct zc_msg_file m;
    struct zc_err err;
    unsigned op;
    if (zc_file_decode((struct zc_bytes){work->p, work->n}, ZC_FRAME_META, &m,
                       &err) ||
        (!zc_xattr_valid(m.xattrs.p, m.xattrs.n) &&
         zc_err_set(&err, ZC_EXIT_STREAM, 0,
                    "the peer sent a malformed attribute set"))) {
        zc_receiver_fail(r, &err);
        return;
    }
    if (S_ISDIR(m.entry.mode)) {
        if (!meta_of_dir(w, list, &m)) {
            zc_err_set(&err, ZC_EXIT_STREAM, 0,
                       "the peer sent metadata that was not asked for");
            zc_receiver_fail(r, &err);
        }
        return;
    }
    int bad = meta_of_entry(w, d, &m, &op), eno = errno;
    char name[ZC_NAME_MAX + 1];
    zc_entry_name(&m.entry, name);
    if (m.entry.flags & ZC_ENTRY_HARD_LINK && r->keep & ZC_KEEP_HARD_LINKS)
        zc_hardlink_settle(w, m.entry.link_dev, m.entry.link_ino, d, name,
                           !bad);
    zc_entry_done(w, d, list, m.ref, bad ? ZC_STATUS_FAILED : ZC_STATUS_OK,
                  bad ? op : 0, bad ? eno : 0);
}
