// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Applying what came: small files with their bytes, metadata, special files. A
 * new file is written under a staging name, or under its own name in a
 * directory that is itself still in the staging folder, gets all its metadata,
 * and only then its name.
 */
#include "base/clock.h"
#include "base/io.h"
#include "fs/rootdir.h"
#include "receiver/core.h"
#include "receiver/queue.h"
#include "receiver/place.h"
#include "receiver/volumes.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

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

/* --- metadata ------------------------------------------------------------ */

void zc_apply_want(const struct zc_receiver *r, const struct zc_entry *e,
                   struct zc_meta_want *want)
{
    *want = (struct zc_meta_want){
        .mode = e->mode,
        .uid = zc_idmap_local(r->ids, ZC_ID_USER, e->uid),
        .gid = zc_idmap_local(r->ids, ZC_ID_GROUP, e->gid),
        .mtime_s = e->mtime_s,
        .mtime_ns = e->mtime_ns,
        .keep = r->keep,
    };
}

void zc_apply_metadata(struct zc_rworker *w, int fd, const struct zc_stat *now,
                       const struct zc_meta_want *want, struct zc_ref ref)
{
    struct zc_meta_report report = {0};
    bool changed;
    if (zc_meta_apply(fd, now, want, w->r->ids, &report, &changed))
        for (unsigned k = 0; k < ZC_META_KINDS; k++)
            if (report.eno[k])
                zc_rworker_result(w, ref, ZC_STATUS_NOTE_META, ZC_OP_META + k,
                                  report.eno[k]);
    if (changed)
        atomic_fetch_add(&w->r->changes, 1);
}

int zc_apply_in_place(struct zc_rworker *w, int dirfd, const char *name,
                      const struct zc_stat *now,
                      const struct zc_meta_want *want, struct zc_ref ref)
{
    zc_auto_close int fd = zc_path_open(dirfd, name);
    struct zc_stat st;
    if (fd < 0 || zc_stat_at(fd, "", &st))
        return -1;
    if (st.ino != now->ino || st.dev != now->dev) {
        errno = ESTALE; /* somebody swapped it under us */
        return -1;
    }
    zc_apply_metadata(w, fd, &st, want, ref);
    if (w->r->fsync != ZC_FSYNC_NONE)
        atomic_store(&w->r->need_syncfs, true);
    return 0;
}

uint32_t zc_apply_create_mode(struct zc_receiver *r, struct zc_rdir *d,
                              const char *name, const struct zc_entry *e)
{
    if (r->keep & ZC_KEEP_PERMS) /* setuid and friends only with the owner */
        return e->mode & 0777;
    uint32_t mode = e->mode & 0777 & ~r->umask;
    struct zc_stat st;
    int dirfd = zc_dirnode_pin(r->tree, d->spot.node);
    if (dirfd >= 0) {
        if (!zc_stat_at(dirfd, name, &st) && S_ISREG(st.mode))
            mode = st.mode & 0777;
        zc_dirnode_unpin(r->tree, d->spot.node);
    }
    return mode;
}

/* What a file just made by us with MODE looks like, without asking each time:
 * its owner is ours, or what the file system makes of us. */
static int stat_of_new(struct zc_receiver *r, struct zc_volume *v, int fd,
                       uint32_t mode, struct zc_stat *st)
{
    pthread_mutex_lock(&r->lock);
    bool known = v->created_known;
    *st = (struct zc_stat){.mode = S_IFREG | mode,
                           .uid = v->created_uid,
                           .gid = v->created_gid,
                           .nlink = 1,
                           .mtime_s = INT64_MIN,
                           .mtime_ns = 1};
    pthread_mutex_unlock(&r->lock);
    if (known)
        return 0;
    if (zc_stat_at(fd, "", st))
        return -1;
    if ((st->mode & 07777) != mode)
        return 0; /* a file system with ideas of its own: ask every time */
    pthread_mutex_lock(&r->lock);
    v->created_uid = st->uid;
    v->created_gid = st->gid;
    v->created_known = true;
    pthread_mutex_unlock(&r->lock);
    return 0;
}

void zc_apply_new(struct zc_rworker *w, struct zc_rdir *d, int fd,
                  uint32_t mode, const struct zc_msg_file *m)
{
    struct zc_receiver *r = w->r;
    struct zc_meta_want want;
    struct zc_stat now;
    zc_apply_want(r, &m->entry, &want);
    want.have_xattrs = m->xattrs.n != 0; /* a new file has none to lose */
    want.xattrs = m->xattrs.p;
    want.xattrs_len = m->xattrs.n;
    if (stat_of_new(r, d->spot.vol, fd, mode, &now)) {
        zc_rworker_result(w, m->ref, ZC_STATUS_NOTE_META, ZC_OP_STAT, errno);
        return;
    }
    zc_apply_metadata(w, fd, &now, &want, m->ref);
}

/* --- small files --------------------------------------------------------- */

void zc_apply_commit(struct zc_rworker *w, struct zc_rdir *d,
                     struct zc_rlist *list, const struct zc_msg_file *m,
                     const char *tmp, int fd)
{
    if (w->out.len) /* notes about it go before the committer's RESULT */
        zc_rworker_flush(w);
    struct zc_rcommit c = {.dir = d,
                           .list = list,
                           .ref = m->ref,
                           .fd = fd,
                           .size = m->entry.size};
    if (m->entry.flags & ZC_ENTRY_HARD_LINK &&
        w->r->keep & ZC_KEEP_HARD_LINKS) {
        c.linked = true;
        c.link_dev = m->entry.link_dev;
        c.link_ino = m->entry.link_ino;
    }
    strcpy(c.tmp, tmp);
    memcpy(c.name, m->entry.name, m->entry.name_len);
    zc_commit(w, &c);
}

/* Makes NAME in BASE with M's bytes in it. The fd, or -1 with errno and *OP. */
static int write_once(int base, const char *name, uint32_t mode,
                      const struct zc_msg_file *m, unsigned *op)
{
    *op = ZC_OP_CREATE;
    int fd = zc_file_open(base, name, O_WRONLY | O_CREAT | O_EXCL, mode);
    if (fd < 0 || !m->data.n || !zc_io_write(fd, m->data.p, m->data.n))
        return fd;
    int eno = errno;
    *op = ZC_OP_WRITE;
    close(fd);
    unlinkat(base, name, 0);
    errno = eno;
    return -1;
}

/*
 * A big file that does not fit fills the disk for a moment, until that is seen
 * and what was written of it is dropped: small files that are met by that are
 * tried again. True when it is worth it. FREED: zc_receiver.space_freed before.
 */
static bool space_may_come(struct zc_receiver *r, unsigned freed, int *rounds)
{
    if (atomic_load(&r->space_freed) != freed)
        return true;
    if (!atomic_load(&r->bigs_writing) || atomic_load(&r->disk_full))
        return false;
    if (++*rounds > 50) {
        atomic_store(&r->disk_full, true);
        return false;
    }
    zc_clock_sleep_ns(20 * 1000000LL);
    return true;
}

/* Writes M's bytes and metadata to NAME in BASE. The fd, or -1 with errno. */
static int write_file(struct zc_rworker *w, struct zc_rdir *d, int base,
                      const char *name, const struct zc_msg_file *m,
                      unsigned *op)
{
    struct zc_receiver *r = w->r;
    char final[ZC_NAME_MAX + 1] = "";
    memcpy(final, m->entry.name, m->entry.name_len);
    uint32_t mode = zc_apply_create_mode(r, d, final, &m->entry);
    int fd, rounds = 0;
    for (;;) {
        unsigned freed = atomic_load(&r->space_freed);
        fd = write_once(base, name, mode, m, op);
        if (fd >= 0 || errno != ENOSPC || !space_may_come(r, freed, &rounds))
            break;
    }
    if (fd >= 0)
        zc_apply_new(w, d, fd, mode, m);
    else if (rounds)
        errno = ENOSPC;
    return fd;
}

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
        fd = write_file(w, d, staging, tmp, m, &op);
    if (fd < 0)
        file_failed(w, d, list, m, op, errno);
    else
        zc_apply_commit(w, d, list, m, tmp, fd);
}

/* In a directory that is not in place yet: under its own name. */
static bool apply_direct(struct zc_rworker *w, struct zc_rdir *d, int dirfd,
                         struct zc_rlist *list, const struct zc_msg_file *m)
{
    char name[ZC_NAME_MAX + 1] = "";
    unsigned op;
    memcpy(name, m->entry.name, m->entry.name_len);
    int fd = write_file(w, d, dirfd, name, m, &op);
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
    pthread_mutex_lock(&r->lock);
    d->pending++;
    pthread_mutex_unlock(&r->lock);
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

/* --- everything but files ------------------------------------------------ */

static int make_special(int base, const char *name, const struct zc_entry *e)
{
    if (S_ISLNK(e->mode)) {
        zc_auto_free char *target = strndup(e->target, e->target_len);
        if (!target) {
            errno = ENOMEM;
            return -1;
        }
        return symlinkat(target, base, name);
    }
    dev_t dev = S_ISCHR(e->mode) || S_ISBLK(e->mode)
                    ? makedev(e->rdev_major, e->rdev_minor)
                    : 0;
    return mknodat(base, name, (e->mode & S_IFMT) | 0600, dev);
}

/* Makes and dresses it as NAME in BASE. */
static int build_special(struct zc_rworker *w, int base, const char *name,
                         const struct zc_entry *e, struct zc_bytes xattrs,
                         struct zc_ref ref)
{
    struct zc_stat now;
    struct zc_meta_want want;
    if (make_special(base, name, e))
        return -1;
    zc_auto_close int fd = zc_path_open(base, name);
    if (fd < 0 || zc_stat_at(fd, "", &now))
        return -1;
    zc_apply_want(w->r, e, &want);
    if (!(w->r->keep & ZC_KEEP_PERMS)) {
        want.keep |= ZC_KEEP_PERMS;
        want.mode = (e->mode & S_IFMT) | (e->mode & 0777 & ~w->r->umask);
    }
    want.have_xattrs = xattrs.n != 0;
    want.xattrs = xattrs.p;
    want.xattrs_len = xattrs.n;
    zc_apply_metadata(w, fd, &now, &want, ref);
    return 0;
}

static int special_staged(struct zc_rworker *w, struct zc_rdir *d,
                          const char *name, const struct zc_entry *e,
                          struct zc_bytes xattrs, struct zc_ref ref,
                          unsigned *op)
{
    char tmp[ZC_STAGING_NAME_SIZE];
    int staging = zc_place_staging(&d->spot, tmp);
    if (staging < 0) {
        *op = ZC_OP_STAGING;
        return -1;
    }
    if (!build_special(w, staging, tmp, e, xattrs, ref) &&
        !zc_place(w, &d->spot, tmp, name, op))
        return 0;
    int eno = errno;
    unlinkat(staging, tmp, 0);
    errno = eno;
    return -1;
}

int zc_apply_special(struct zc_rworker *w, struct zc_rdir *d,
                     const struct zc_entry *e, struct zc_bytes xattrs,
                     struct zc_ref ref, unsigned *op)
{
    struct zc_receiver *r = w->r;
    char name[ZC_NAME_MAX + 1] = "";
    memcpy(name, e->name, e->name_len);
    *op = S_ISLNK(e->mode) ? ZC_OP_SYMLINK : ZC_OP_MKNOD;
    int bad, eno = 0;
    if (zc_rdir_direct_begin(r, d)) {
        int dirfd = zc_dirnode_pin(r->tree, d->spot.node);
        bad = dirfd < 0 || build_special(w, dirfd, name, e, xattrs, ref);
        eno = errno;
        if (dirfd >= 0)
            zc_dirnode_unpin(r->tree, d->spot.node);
        zc_rdir_direct_end(w, d, 1);
    } else {
        bad = special_staged(w, d, name, e, xattrs, ref, op);
        eno = errno;
    }
    if (bad) {
        errno = eno;
        return -1;
    }
    atomic_fetch_add(&r->created, 1);
    atomic_fetch_add(&r->changes, 1);
    if (r->fsync != ZC_FSYNC_NONE)
        atomic_store(&r->need_syncfs, true);
    return 0;
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
    struct zc_rdir *d = zc_map_get(&r->dirs, m->ref.list, m->ref.index);
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
    struct zc_rdir *d = zc_map_get(&r->dirs, ref.list, ref.index);
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
    char name[ZC_NAME_MAX + 1] = "";
    struct zc_stat st;
    memcpy(name, e->name, e->name_len);
    *op = ZC_OP_STAT;
    int dirfd = zc_dirnode_pin(r->tree, d->spot.node);
    if (dirfd < 0)
        return -1;
    bool there = !zc_stat_at(dirfd, name, &st) &&
                 (st.mode & S_IFMT) == (e->mode & S_IFMT);
    int bad;
    if (S_ISREG(e->mode) || there) {
        struct zc_meta_want want;
        zc_apply_want(r, e, &want);
        want.have_xattrs = true;
        want.xattrs = m->xattrs.p;
        want.xattrs_len = m->xattrs.n;
        errno = ENOENT;
        bad = there ? zc_apply_in_place(w, dirfd, name, &st, &want, m->ref)
                    : -1;
        /* A symlink or device with another target is made anew below. */
    } else {
        bad = zc_apply_special(w, d, e, m->xattrs, m->ref, op);
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
    char name[ZC_NAME_MAX + 1] = "";
    memcpy(name, m.entry.name, m.entry.name_len);
    if (m.entry.flags & ZC_ENTRY_HARD_LINK && r->keep & ZC_KEEP_HARD_LINKS)
        zc_hardlink_settle(w, m.entry.link_dev, m.entry.link_ino, d, name,
                           !bad);
    zc_entry_done(w, d, list, m.ref, bad ? ZC_STATUS_FAILED : ZC_STATUS_OK,
                  bad ? op : 0, bad ? eno : 0);
}
