// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Small files, which come with their bytes, and metadata that was asked for. A
 * new file is written under a staging name, or under its own name in a
 * directory that is itself still in the staging folder, gets all its metadata,
 * and only then its name.
 */
#include "receiver/files.h"

#include "fs/cached.h"
#include "fs/xattr.h"
#include "receiver/apart.h"
#include "receiver/compare.h"
#include "receiver/core.h"
#include "receiver/dirs.h"
#include "receiver/dress.h"
#include "receiver/hardlinks.h"
#include "receiver/inplace.h"
#include "receiver/lists.h"
#include "receiver/names.h"
#include "receiver/newfile.h"
#include "receiver/place.h"
#include "receiver/queue.h"
#include "receiver/special.h"
#include "receiver/spelling.h"

#include <string.h>
#include <sys/stat.h>

/* --- small files --- */

static void file_failed(struct zc_rworker *w, struct zc_rlist *list,
                        const struct zc_msg_file *m, unsigned op, int eno)
{
    zc_hardlink_settle(w, zc_hardlink_key(w->r, &m->entry), list->dir, "",
                       false);
    zc_hardlink_done(w, list, m->ref, ZC_STATUS_FAILED, op, eno);
}

/* It is not taken because another file has that name here, as was told when it
 * was listed. */
static bool is_refused(const struct zc_rdir *d, const struct zc_msg_file *m)
{
    char name[ZC_NAME_MAX + 1];
    if (!d->spelling)
        return false;
    zc_entry_name(&m->entry, name);
    return zc_spelling_refused(d->spelling, name);
}

/* Under a staging name, then committed. */
static void write_staged(struct zc_rworker *w, struct zc_rdir *d,
                         struct zc_rlist *list, const struct zc_msg_file *m)
{
    char tmp[ZC_STAGING_NAME_SIZE];
    unsigned op = ZC_OP_STAGING;
    int staging = zc_shelf_staging(w->r, &d->shelf, tmp), fd = -1;
    if (staging >= 0)
        fd = zc_newfile_write(w, d, staging, tmp, m, &op);
    if (fd < 0)
        file_failed(w, list, m, op, errno);
    else
        zc_newfile_commit(w, list, m, tmp, fd);
}

/* In a directory that is not in place yet: under its own name. */
static bool write_direct(struct zc_rworker *w, struct zc_rdir *d, int dirfd,
                         struct zc_rlist *list, const struct zc_msg_file *m)
{
    char name[ZC_NAME_MAX + 1];
    unsigned op;
    zc_entry_name(&m->entry, name);
    int fd = zc_newfile_write(w, d, dirfd, name, m, &op);
    if (fd < 0) {
        file_failed(w, list, m, op, errno);
        return false;
    }
    struct zc_fileflags flags = {m->entry.fileflags, m->entry.project};
    zc_dress_flags(w, dirfd, name, &flags, m->ref);
    int bad = w->r->apply & ZC_APPLY_DROP_CACHE ? zc_cached_forget(fd) : 0;
    int eno = errno;
    if (close(fd) && !bad) { /* some file systems find out only now */
        bad = -1;
        eno = errno;
    }
    if (bad) {
        unlinkat(dirfd, name, 0);
        file_failed(w, list, m, ZC_OP_WRITE, eno);
        return false;
    }
    atomic_fetch_add_explicit(&w->r->done.created, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&w->r->done.changes, 1, memory_order_relaxed);
    zc_receiver_changed(w->r, d->shelf.node, name);
    zc_hardlink_done(w, list, m->ref, ZC_STATUS_OK, 0, 0);
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

void zc_files_write(struct zc_rworker *w, struct zc_work *work)
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
    int dirfd = may_direct ? zc_dirnode_pin(r->tree, d->shelf.node) : -1;
    while (zc_rd_left(&frames) && !atomic_load(&r->failed)) {
        struct zc_msg_file m;
        if (next_file(&frames, &m, &err)) {
            zc_receiver_fail(r, &err);
            break;
        }
        if (zc_rdir_reserves(d, m.entry.name, m.entry.name_len))
            file_failed(w, list, &m, ZC_OP_RESERVED, 0);
        else if (is_refused(d, &m))
            zc_hardlink_done(w, list, m.ref, ZC_STATUS_SAME, 0, 0);
        else if (d->shallow && zc_names_settles(w, list, &m))
            continue;
        else if (dirfd >= 0 && !(m.entry.flags & ZC_ENTRY_HARD_LINK))
            direct += write_direct(w, d, dirfd, list, &m);
        else if (!zc_inplace_write(w, list, &m))
            write_staged(w, d, list, &m);
    }
    if (dirfd >= 0)
        zc_dirnode_unpin(r->tree, d->shelf.node);
    if (may_direct)
        zc_rdir_direct_end(w, d, direct);
    zc_rdir_drop(w, d);
}

/* --- META --- */

/* M is about a directory of which nothing but the ACL was in doubt, and that has
 * what M says. */
static bool is_dir_here(struct zc_rworker *w, const struct zc_msg_file *m)
{
    struct zc_rdir *d = zc_entry_wants_meta(w->r, m->ref);
    struct zc_cmp c = {.dir = d,
                       .dirfd = -1,
                       .e = &m->entry,
                       .xattrs = &m->xattrs};
    if (d && d->in_doubt)
        c.dirfd = zc_dirnode_pin(w->r->tree, d->shelf.node);
    bool same = c.dirfd >= 0 && !zc_cmp_xattrs(w, &c);
    if (c.dirfd >= 0)
        zc_dirnode_unpin(w->r->tree, d->shelf.node);
    zc_rdir_drop(w, d);
    return same;
}

/* A directory's: kept until it is finished. Where there is no room for its
 * attributes they stay as they are. */
static int meta_of_dir(struct zc_rworker *w, struct zc_rlist *list,
                       const struct zc_msg_file *m, struct zc_err *err)
{
    struct zc_receiver *r = w->r;
    bool same = is_dir_here(w, m), takes = !same && !r->dry;
    uint8_t *copy = takes ? zc_attrs_take(r, m->xattrs.p, m->xattrs.n) : NULL;
    if (takes && !copy)
        zc_rworker_result(w, m->ref, ZC_STATUS_NOTE_META,
                          ZC_OP_META + ZC_META_XATTR, ENOMEM);
    if (zc_entry_meta(w, list, m->ref, same ? ZC_STATUS_SAME : ZC_STATUS_OK,
                      copy, copy ? m->xattrs.n : 0))
        return 0;
    zc_attrs_give_back(r, copy, m->xattrs.n);
    return zc_err_set(err, ZC_EXIT_STREAM, 0,
                      "the peer sent metadata that was not asked for");
}

/* C, whose META is M, is a file that is to be set apart: hands WORK to those who
 * may take their time, or does it. False: it is none. */
static bool set_apart(struct zc_rworker *w, const struct zc_cmp *c,
                      const struct zc_msg_file *m, const struct zc_work *work)
{
    if (c->st.nlink == 1 || !zc_compare_parts(w, c))
        return false;
    if (w->slow || ZC_MIN(c->st.size, c->st.blocks * 512) < ZC_READS_MUCH ||
        !zc_queue_put_aside(w->r, work))
        zc_apart(w, c, m);
    return true;
}

/* What is here, or would be linked, has all that M says: the digests, in which
 * everybody is who he is on his own host, could not tell. */
static bool is_here(struct zc_rworker *w, struct zc_rlist *list,
                    const struct zc_msg_file *m)
{
    struct zc_receiver *r = w->r;
    struct zc_rdir *d = list->dir;
    struct zc_cmp c = {.dir = d,
                       .list = list,
                       .ref = m->ref,
                       .e = &m->entry,
                       .xattrs = &m->xattrs};
    if (!zc_xattr_names_ids(m->xattrs.p, m->xattrs.n))
        return false;
    zc_entry_name(c.e, c.name);
    c.dirfd = zc_dirnode_pin(r->tree, d->shelf.node);
    if (c.dirfd < 0)
        return r->dry && zc_alternate_stands(w, &c);
    c.exists = !zc_dress_look(r, c.dirfd, c.name, &c.st);
    bool same = zc_cmp_same_type(&c) &&
                (S_ISREG(c.st.mode) || zc_cmp_special(r, &c)) &&
                !zc_cmp_meta(r, &c) && !zc_cmp_xattrs(w, &c) &&
                (r->dry || c.st.nlink == 1 || !zc_compare_parts(w, &c));
    if (r->dry && !c.exists)
        same = zc_alternate_stands(w, &c);
    zc_dirnode_unpin(r->tree, d->shelf.node);
    return same;
}

/* Anything else's: 0, or -1 with errno and *OP; 1: the entry is others' to
 * settle, or settled, and LIST may be gone. */
static int meta_of_entry(struct zc_rworker *w, const struct zc_work *work,
                         const struct zc_msg_file *m, unsigned *op)
{
    struct zc_receiver *r = w->r;
    struct zc_rdir *d = work->list->dir;
    struct zc_cmp c = {.dir = d,
                       .list = work->list,
                       .ref = m->ref,
                       .e = &m->entry,
                       .xattrs = &m->xattrs};
    zc_entry_name(c.e, c.name);
    *op = ZC_OP_STAT;
    c.dirfd = zc_dirnode_pin(r->tree, d->shelf.node);
    if (c.dirfd < 0)
        return -1;
    c.exists = !zc_dress_look(r, c.dirfd, c.name, &c.st);
    bool beside = zc_alternate_meta(w, &c, work);
    /* A symlink or device with another target is made anew. */
    c.exists = c.exists && zc_cmp_same_type(&c) &&
               (S_ISREG(c.e->mode) || zc_cmp_special(r, &c));
    int bad;
    if (beside || (c.exists && set_apart(w, &c, m, work))) {
        bad = 1;
    } else if (S_ISREG(c.e->mode) || c.exists) {
        struct zc_meta_want want;
        zc_dress_want(r, c.e, &want);
        want.have_xattrs = true;
        want.xattrs = m->xattrs.p;
        want.xattrs_len = m->xattrs.n;
        errno = ENOENT;
        bad = c.exists ? zc_dress_in_place(w, c.dirfd, c.name, &c.st, &want,
                                           m->ref)
                       : -1;
        if (!bad)
            zc_receiver_changed(r, d->shelf.node, c.name);
    } else {
        bad = zc_special_make(w, d, c.e, m->xattrs, m->ref, op);
    }
    int eno = errno;
    zc_dirnode_unpin(r->tree, d->shelf.node);
    errno = eno;
    return bad;
}

static void meta_of_other(struct zc_rworker *w, const struct zc_work *work,
                          const struct zc_msg_file *m)
{
    struct zc_rlist *list = work->list;
    struct zc_rdir *d = list->dir;
    unsigned op;
    zc_rdir_hold(w->r, d); /* the entry may be its last */
    bool same = is_here(w, list, m), leave = same || w->r->dry;
    int bad = leave ? 0 : meta_of_entry(w, work, m, &op), eno = errno;
    if (bad <= 0) {
        char name[ZC_NAME_MAX + 1];
        zc_entry_name(&m->entry, name);
        if (!w->r->dry) /* there it is settled already */
            zc_hardlink_settle(w, zc_hardlink_key(w->r, &m->entry), d, name,
                               !bad);
        enum zc_status status = same ? ZC_STATUS_SAME : ZC_STATUS_OK;
        zc_hardlink_done(w, list, m->ref, bad ? ZC_STATUS_FAILED : status,
                         bad ? op : 0, bad ? eno : 0);
    }
    zc_rdir_drop(w, d);
}

void zc_files_meta(struct zc_rworker *w, struct zc_work *work)
{
    struct zc_msg_file m;
    struct zc_err err;
    if (zc_file_decode((struct zc_bytes){work->p, work->n}, ZC_FRAME_META, &m,
                       &err) ||
        (!zc_xattr_valid(m.xattrs.p, m.xattrs.n) &&
         zc_err_set(&err, ZC_EXIT_STREAM, 0,
                    "the peer sent a malformed attribute set")))
        zc_receiver_fail(w->r, &err);
    else if (!S_ISDIR(m.entry.mode))
        meta_of_other(w, work, &m);
    else if (meta_of_dir(w, work->list, &m, &err))
        zc_receiver_fail(w->r, &err);
}
