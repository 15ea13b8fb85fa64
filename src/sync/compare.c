// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A list from the sender against the directory here. Both are sorted: they are
 * walked in step. What needs no bytes is done on the spot (metadata, symlinks,
 * devices); what needs them is asked for; names that only exist here go to the
 * deletion plan.
 */
#include "fs/rootdir.h"
#include "sync/receiver.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* One entry being compared. */
struct cmp {
    struct zc_rdir *dir;
    struct zc_rlist *list;
    int dirfd; /* -1: the directory is not there */
    struct zc_ref ref;
    const struct zc_entry *e;
    char name[ZC_NAME_MAX + 1];
    bool exists; /* here, as `st` */
    struct zc_stat st;
    unsigned xattrs; /* ZC_ITEM_ACL, ZC_ITEM_XATTR: these differ */
    unsigned item; /* enum zc_item_flags */
    uint8_t hash[ZC_HASH_SIZE];
};

static bool same_type(const struct cmp *c)
{
    return c->exists && (c->st.mode & S_IFMT) == (c->e->mode & S_IFMT);
}

static bool type_kept(const struct zc_receiver *r, uint32_t mode)
{
    if (S_ISLNK(mode))
        return r->keep & ZC_KEEP_SYMLINKS;
    if (S_ISCHR(mode) || S_ISBLK(mode))
        return r->keep & ZC_KEEP_DEVICES;
    if (S_ISFIFO(mode) || S_ISSOCK(mode))
        return r->keep & ZC_KEEP_SPECIALS;
    return true;
}

/* Which of its metadata is not as the source has it. */
static unsigned meta_flags(const struct zc_receiver *r, const struct cmp *c)
{
    const struct zc_entry *e = c->e;
    struct zc_meta_want want;
    unsigned flags = 0;
    zc_apply_want(r, e, &want);
    if (r->keep & ZC_KEEP_OWNER && want.uid != c->st.uid)
        flags |= ZC_ITEM_OWNER;
    if (r->keep & ZC_KEEP_GROUP && want.gid != c->st.gid)
        flags |= ZC_ITEM_GROUP;
    if (r->keep & ZC_KEEP_PERMS && !S_ISLNK(e->mode) &&
        (want.mode & 07777) != (c->st.mode & 07777))
        flags |= ZC_ITEM_PERMS;
    if (r->keep & ZC_KEEP_TIMES &&
        !zc_time_equal(e->mtime_s, e->mtime_ns, c->st.mtime_s,
                       c->st.mtime_ns, c->dir->vol->time_step))
        flags |= ZC_ITEM_TIME;
    return flags | c->xattrs;
}

static bool keeps_xattrs(const struct zc_receiver *r)
{
    return r->keep & (ZC_KEEP_ACLS | ZC_KEEP_XATTRS);
}

/* Compares the attributes here with the digest in the entry: which kinds of
 * them differ (see zc_xattr_digest). */
static unsigned compare_xattrs(struct zc_rworker *w, int dirfd,
                               const char *name, const struct zc_entry *e)
{
    struct zc_receiver *r = w->r;
    struct zc_digest mine = {{0}}, theirs = {{0}};
    if (!keeps_xattrs(r))
        return 0;
    zc_buf_reset(&w->xattrs);
    if (zc_xattr_read(dirfd, name, r->keep, &w->xattrs))
        return ZC_ITEM_XATTR; /* setting them will tell what is wrong */
    if (!w->xattrs.len && !(e->flags & ZC_ENTRY_XATTRS))
        return 0;
    mine = zc_xattr_digest(w->xattrs.data, w->xattrs.len, r->ids);
    if (e->flags & ZC_ENTRY_XATTRS)
        memcpy(theirs.b, e->xattr_digest, sizeof theirs.b);
    size_t half = sizeof mine.b / 2;
    return (memcmp(mine.b, theirs.b, half) ? ZC_ITEM_ACL : 0) |
           (memcmp(mine.b + half, theirs.b + half, half) ? ZC_ITEM_XATTR : 0);
}

/* --- answers ------------------------------------------------------------- */

struct answer {
    struct zc_rworker *w;
    struct zc_buf items; /* encoded NEED items */
    uint32_t count;
    bool waits; /* for the leaders of hard link groups */
};

static void answer(struct answer *a, const struct cmp *c, unsigned what)
{
    if (c->item && !(what & ZC_NEED_OUTSTANDING))
        what |= ZC_NEED_APPLIED;
    if (!what)
        return;
    struct zc_need_item item = {.index = c->ref.index,
                                .what = (uint8_t)what,
                                .item_flags = (uint16_t)c->item};
    memcpy(item.hash, c->hash, sizeof item.hash);
    zc_need_add(&a->items, &item);
    a->count++;
}

/* The entry counts as outstanding before the sender is told. */
static void count_outstanding(struct zc_receiver *r, const struct cmp *c,
                              unsigned what)
{
    if (!(what & ZC_NEED_OUTSTANDING) || r->dry)
        return;
    pthread_mutex_lock(&r->lock);
    c->list->outstanding++;
    if (!(what & ZC_NEED_PENDING))
        c->list->claimable++;
    r->pending++;
    c->dir->pending++;
    if (!S_ISDIR(c->e->mode))
        c->dir->files++;
    pthread_mutex_unlock(&r->lock);
}

static void ask(struct answer *a, const struct cmp *c, unsigned what)
{
    struct zc_receiver *r = a->w->r;
    /* A dry run only reports; a CHECK is decided by the sender. */
    if (r->dry)
        what &= ZC_NEED_DESCEND | ZC_NEED_CHECK;
    count_outstanding(r, c, what);
    answer(a, c, what);
}

static void note_failed(struct answer *a, const struct cmp *c, unsigned op,
                        int eno)
{
    zc_rworker_result(a->w, c->ref, ZC_STATUS_NOTE_FAILED, op, eno);
}

/* --- one entry ----------------------------------------------------------- */

/* The whole of what a directory that something replaces may be replaced. */
static bool may_replace(struct answer *a, struct cmp *c)
{
    if (!c->exists || !S_ISDIR(c->st.mode) || S_ISDIR(c->e->mode))
        return true;
    if (zc_plan_replace(a->w, c->dir, c->dirfd, c->name))
        return true;
    note_failed(a, c, ZC_OP_REPLACE_DIR, ENOTEMPTY);
    return false;
}

static void compare_dir(struct answer *a, struct cmp *c)
{
    struct zc_receiver *r = a->w->r;
    bool is_dir = same_type(c);
    enum zc_rdir_state state = is_dir   ? ZC_RD_EXISTS
                               : r->dry ? ZC_RD_ABSENT
                                        : ZC_RD_NEW;
    struct zc_rdir *child = zc_rdir_new(r, c->dir, c->e, c->ref, state);
    if (!child) {
        struct zc_err err;
        zc_err_nomem(&err);
        zc_receiver_fail(r, &err);
        return;
    }
    unsigned what = ZC_NEED_DESCEND;
    if (is_dir && zc_rdir_set_volume(r, child, c->dirfd, c->name, &c->st))
        note_failed(a, c, ZC_OP_READ_DIR, errno);
    if (is_dir) {
        c->item = meta_flags(r, c);
        child->differs = c->item != 0;
    } else {
        c->item = ZC_ITEM_NEW;
    }
    bool want_meta = is_dir ? c->xattrs != 0
                            : keeps_xattrs(r) &&
                                  c->e->flags & ZC_ENTRY_XATTRS;
    if (want_meta && !r->dry) {
        /* META counts in the child, which must not finish without it. */
        pthread_mutex_lock(&r->lock);
        child->pending++;
        child->meta_asked = true;
        c->list->outstanding++;
        c->list->claimable++;
        r->pending++;
        pthread_mutex_unlock(&r->lock);
        what |= ZC_NEED_META;
    }
    answer(a, c, what);
}

/* Is it the same file by size and time (or, with -c, by content)? *ASK_HASH:
 * only the sender can tell. */
static bool same_data(struct zc_rworker *w, struct cmp *c, bool *ask_hash)
{
    struct zc_receiver *r = w->r;
    *ask_hash = false;
    if (!same_type(c) || c->st.size != c->e->size)
        return false;
    if (!(r->flags & ZC_OPEN_CHECKSUM))
        return zc_time_equal(c->e->mtime_s, c->e->mtime_ns, c->st.mtime_s,
                             c->st.mtime_ns, c->dir->vol->time_step);
    zc_auto_close int fd = zc_file_open(c->dirfd, c->name, O_RDONLY, 0);
    if (fd < 0 || zc_hash_fd(&w->scratch, fd, c->st.size, c->hash))
        return false;
    *ask_hash = true;
    return true;
}

static bool newer_here(const struct zc_receiver *r, const struct cmp *c)
{
    if (!(r->flags & ZC_OPEN_UPDATE) || !same_type(c))
        return false;
    return c->st.mtime_s > c->e->mtime_s ||
           (c->st.mtime_s == c->e->mtime_s &&
            c->st.mtime_ns > c->e->mtime_ns);
}

/* The name shares its inode with one that stands for another file. */
static bool shares_wrongly(struct zc_receiver *r, const struct cmp *c)
{
    return same_type(c) && c->st.nlink > 1 && r->keep & ZC_KEEP_HARD_LINKS &&
           zc_link_taken(r, &c->st, c->e);
}

/* Changing an inode that has other names changes those too. */
static bool may_change_in_place(const struct cmp *c)
{
    return c->st.nlink == 1 || (c->e->flags & ZC_ENTRY_LINK &&
                                c->e->link_count == c->st.nlink);
}

/* Sets what differs on the file in place. */
static void fix_metadata(struct answer *a, struct cmp *c)
{
    struct zc_receiver *r = a->w->r;
    if (r->dry) {
        answer(a, c, 0);
        return;
    }
    struct zc_meta_want want;
    zc_apply_want(r, c->e, &want);
    if (zc_apply_in_place(a->w, c->dir, c->dirfd, c->name, &c->st, &want,
                          c->ref))
        note_failed(a, c, ZC_OP_STAT, errno);
    else
        answer(a, c, 0);
}

/* Where it leads a hard link group, the others may link to it now, or OK is
 * false and they have to do without. */
static void settle_link(struct zc_rworker *w, const struct cmp *c, bool ok)
{
    if (c->e->flags & ZC_ENTRY_LINK && w->r->keep & ZC_KEEP_HARD_LINKS)
        zc_link_settle(w, c->e->link_dev, c->e->link_ino, c->dir, c->name,
                       ok);
}

/* In a dry run, where the leader would get a new inode: no name has it yet. */
static void settle_new(struct zc_rworker *w, const struct cmp *c)
{
    if (c->e->flags & ZC_ENTRY_LINK && w->r->keep & ZC_KEEP_HARD_LINKS)
        zc_link_settle(w, c->e->link_dev, c->e->link_ino, c->dir, "", true);
}

static void compare_file(struct answer *a, struct cmp *c)
{
    struct zc_receiver *r = a->w->r;
    bool ask_hash;
    if (newer_here(r, c)) {
        settle_link(a->w, c, true);
        return;
    }
    bool same = same_data(a->w, c, &ask_hash) && !shares_wrongly(r, c);
    c->item = c->exists && same_type(c) ? meta_flags(r, c) : 0;
    bool fixable = !c->item || may_change_in_place(c);
    if (same && fixable && !ask_hash) {
        bool needs_meta = c->xattrs != 0;
        if (needs_meta)
            ask(a, c, ZC_NEED_META);
        else if (c->item)
            fix_metadata(a, c);
        if (r->dry || !needs_meta)
            settle_link(a->w, c, true);
        return;
    }
    if (!may_replace(a, c)) {
        settle_link(a->w, c, false);
        return;
    }
    if (same && fixable) {
        ask(a, c, ZC_NEED_CHECK);
        if (r->dry)
            settle_link(a->w, c, true);
        return;
    }
    if (!same_type(c))
        c->item = ZC_ITEM_NEW;
    c->item |= ZC_ITEM_DATA;
    if (same_type(c) && c->st.size != c->e->size)
        c->item |= ZC_ITEM_SIZE;
    if (same_type(c) && r->flags & ZC_OPEN_CHECKSUM)
        c->item |= ZC_ITEM_CHECKSUM;
    /* Not kept, but changed all the same. */
    if (same_type(c) && (c->st.mtime_s != c->e->mtime_s ||
                         c->st.mtime_ns != c->e->mtime_ns))
        c->item |= ZC_ITEM_TIME;
    ask(a, c, ZC_NEED_DATA);
    if (r->dry)
        settle_new(a->w, c);
}

/* The same target, or the same device. */
static bool same_special(const struct cmp *c)
{
    const struct zc_entry *e = c->e;
    if (!same_type(c))
        return false;
    if (S_ISLNK(e->mode)) {
        size_t n;
        zc_auto_free char *target = zc_link_read(c->dirfd, c->name, &n);
        return target && n == e->target_len && !memcmp(target, e->target, n);
    }
    if (S_ISCHR(e->mode) || S_ISBLK(e->mode))
        return major(c->st.rdev) == e->rdev_major &&
               minor(c->st.rdev) == e->rdev_minor;
    return true;
}

/* Symlinks, devices, fifos, sockets: nothing to transfer. */
static void compare_special(struct answer *a, struct cmp *c)
{
    struct zc_receiver *r = a->w->r;
    bool same = same_special(c) && !shares_wrongly(r, c);
    if (same) {
        c->item = meta_flags(r, c);
        if (c->xattrs && !r->dry) {
            ask(a, c, ZC_NEED_META);
            return;
        }
        if (c->item)
            fix_metadata(a, c);
        settle_link(a->w, c, true);
        return;
    }
    if (!may_replace(a, c)) {
        settle_link(a->w, c, false);
        return;
    }
    c->item = ZC_ITEM_DATA | (same_type(c) ? meta_flags(r, c) : ZC_ITEM_NEW);
    if (r->dry) {
        answer(a, c, 0);
        settle_new(a->w, c);
        return;
    }
    if (c->e->flags & ZC_ENTRY_XATTRS && keeps_xattrs(r)) {
        ask(a, c, ZC_NEED_META);
        return;
    }
    unsigned op;
    if (zc_apply_special(a->w, c->dir, c->e, (struct zc_bytes){NULL, 0},
                         c->ref, &op)) {
        note_failed(a, c, op, errno);
        settle_link(a->w, c, false);
        return;
    }
    answer(a, c, 0);
    settle_link(a->w, c, true);
}

/* The group's inode is in place as L. */
static void link_to(struct answer *a, struct cmp *c, struct zc_rlink *l)
{
    struct zc_receiver *r = a->w->r;
    unsigned op;
    if (c->exists && zc_link_same(r, l, &c->st))
        return;
    if (r->dry || !zc_link_make(a->w, l, c->dir, c->name, &op)) {
        answer(a, c, 0);
    } else if (S_ISREG(c->e->mode)) {
        /* Too many links, another mount: then as a file of its own. */
        c->item = ZC_ITEM_DATA | (c->exists ? 0 : ZC_ITEM_NEW);
        ask(a, c, ZC_NEED_DATA);
    } else {
        note_failed(a, c, op, errno);
    }
}

/* One name of an inode with several. True: dealt with. */
static bool compare_link(struct answer *a, struct cmp *c)
{
    struct zc_receiver *r = a->w->r;
    struct zc_rlink *l;
    if (!(c->e->flags & ZC_ENTRY_LINK) || !(r->keep & ZC_KEEP_HARD_LINKS))
        return false;
    c->item = ZC_ITEM_HARD_LINK | (c->exists ? 0 : ZC_ITEM_NEW);
    if (c->exists && S_ISDIR(c->st.mode) && !may_replace(a, c))
        return true;
    switch (zc_link_join(r, c->dir, c->list, c->e, c->ref, &l)) {
    case ZC_LINK_LEADER:
        c->item = 0;
        return false;
    case ZC_LINK_WAITING:
        a->waits = true;
        answer(a, c, ZC_NEED_PENDING);
        return true;
    case ZC_LINK_READY:
        break;
    case ZC_LINK_NOMEM:
        note_failed(a, c, ZC_OP_LINK, ENOMEM);
        return true;
    }
    link_to(a, c, l);
    zc_link_put(r, l);
    return true;
}

static void compare_entry(struct answer *a, struct cmp *c)
{
    struct zc_receiver *r = a->w->r;
    if (!type_kept(r, c->e->mode))
        return;
    if (c->dir->state == ZC_RD_FAILED && !r->dry) {
        /* Reported when the directory could not be made. */
        if (!S_ISDIR(c->e->mode))
            return;
    }
    if (same_type(c))
        c->xattrs = compare_xattrs(a->w, c->dirfd, c->name, c->e);
    if (S_ISDIR(c->e->mode))
        compare_dir(a, c);
    else if (c->dir->state == ZC_RD_FAILED || compare_link(a, c))
        return;
    else if (S_ISREG(c->e->mode))
        compare_file(a, c);
    else
        compare_special(a, c);
}

/* --- the walk ------------------------------------------------------------ */

static bool reserved(const struct zc_rdir *d, const char *name, size_t n)
{
    return d->volume_top && n == strlen(ZC_STAGING_NAME) &&
           !memcmp(name, ZC_STAGING_NAME, n);
}

/* The local names before NAME (NULL: all that are left) have no counterpart. */
static void pass_extras(struct zc_rworker *w, struct zc_rdir *d, int dirfd,
                        const char *name, size_t n, bool complete)
{
    while (d->names_at < d->names.len) {
        const char *here = zc_names_at(&d->names, d->names_at);
        size_t here_len = d->names.v[d->names_at].len;
        if (name && zc_name_cmp(here, here_len, name, n) >= 0)
            break;
        d->names_at++;
        if (reserved(d, here, here_len))
            continue;
        atomic_fetch_add(&w->r->local_seen, 1);
        if (complete)
            zc_plan_delete(w, d, dirfd, here);
    }
}

/* Is the entry's name here? The cursor moves past it. */
static bool take_name(struct zc_rdir *d, const char *name, size_t n)
{
    if (d->names_at >= d->names.len ||
        zc_name_cmp(zc_names_at(&d->names, d->names_at),
                    d->names.v[d->names_at].len, name, n) != 0)
        return false;
    d->names_at++;
    return true;
}

static bool walk_list(struct answer *a, struct zc_rdir *d, int dirfd,
                      struct zc_rlist *list, struct zc_msg_list *m,
                      struct zc_err *err)
{
    struct zc_receiver *r = a->w->r;
    struct zc_entry prev = {0}, e;
    bool complete = r->flags & ZC_OPEN_DELETE &&
                    !(m->flags & ZC_LIST_INCOMPLETE);
    for (uint32_t i = 0; i < m->count; i++) {
        if (zc_list_next(m, &prev, &e, err))
            return false;
        if (reserved(d, e.name, e.name_len))
            continue;
        pass_extras(a->w, d, dirfd, e.name, e.name_len, complete);
        struct cmp c = {.dir = d, .list = list, .dirfd = dirfd, .e = &e,
                        .ref = {m->list, i}};
        memcpy(c.name, e.name, e.name_len);
        bool here = take_name(d, e.name, e.name_len);
        if (here)
            atomic_fetch_add(&r->local_seen, 1);
        c.exists = here && !zc_stat_at(dirfd, c.name, &c.st);
        if (e.flags & ZC_ENTRY_ABSENT) {
            if (c.exists)
                zc_plan_delete(a->w, d, dirfd, c.name);
        } else {
            compare_entry(a, &c);
        }
    }
    if (m->flags & ZC_LIST_LAST)
        pass_extras(a->w, d, dirfd, NULL, 0, complete);
    return zc_list_ended(m, err) == 0;
}

/* The list must go on where the one before it ended. */
static int check_continues(struct zc_rdir *d, const struct zc_msg_list *m,
                           struct zc_err *err)
{
    const char *last = d->last_name ? d->last_name : "";
    if (m->after.n == strlen(last) && !memcmp(m->after.p, last, m->after.n))
        return 0;
    return zc_err_set(err, ZC_EXIT_STREAM, 0,
                      "the peer sent lists that are not in order");
}

static int remember_last(struct zc_rdir *d, struct zc_msg_list m,
                         struct zc_err *err)
{
    struct zc_entry prev = {0}, e;
    for (uint32_t i = 0; i < m.count; i++)
        if (zc_list_next(&m, &prev, &e, err))
            return -1;
    if (!m.count || m.flags & ZC_LIST_LAST)
        return 0;
    free(d->last_name);
    d->last_name = strndup(prev.name, prev.name_len);
    return d->last_name ? 0 : zc_err_nomem(err);
}

static bool any_file(struct zc_msg_list m)
{
    struct zc_entry prev = {0}, e;
    for (uint32_t i = 0; i < m.count; i++)
        if (!zc_list_next(&m, &prev, &e, NULL) && S_ISREG(e.mode))
            return true;
    return false;
}

/* What is in the directory now, once. */
static void read_names(struct zc_rworker *w, struct zc_rdir *d, int dirfd)
{
    if (d->names_read || d->state != ZC_RD_EXISTS || dirfd < 0)
        return;
    d->names_read = true;
    if (zc_names_read(dirfd, &d->names))
        zc_rworker_note(w, d->node, "", ZC_OP_READ_DIR, S_IFDIR, errno);
}

/* NEED for list ID from the answers gathered. */
static void send_need(struct zc_rworker *w, uint32_t id, struct answer *a)
{
    size_t at = zc_need_begin(&w->out, id);
    zc_buf_put(&w->out, a->items.data, a->items.len);
    zc_need_end(&w->out, at, a->count, ZC_NEED_FINAL);
    w->out.failed |= a->items.failed;
    zc_buf_fini(&a->items);
}

/* The list was compared: it may be forgotten when nothing is open in it. */
static void list_compared(struct zc_rworker *w, struct zc_rlist *l,
                          bool waits)
{
    struct zc_receiver *r = w->r;
    if (waits) /* others may settle its entries from now on */
        zc_rworker_flush(w);
    pthread_mutex_lock(&r->lock);
    l->compared = true;
    struct zc_rwaiter *deferred = l->deferred;
    l->deferred = NULL;
    if (!l->outstanding) {
        zc_map_del(&r->lists, l->id, 0);
        free(l);
    }
    pthread_mutex_unlock(&r->lock);
    zc_link_serve_deferred(w, deferred);
}

static void compare_one(struct zc_rworker *w, struct zc_rwork *work)
{
    struct zc_receiver *r = w->r;
    struct zc_rdir *d = work->dir;
    struct answer a = {.w = w};
    struct zc_msg_list m;
    struct zc_err err;
    if (zc_list_decode((struct zc_bytes){work->p, work->n}, &m, &err) ||
        check_continues(d, &m, &err) || remember_last(d, m, &err)) {
        zc_receiver_fail(r, &err);
        return;
    }
    zc_rdir_start(w, d, any_file(m));
    int dirfd = -1;
    if (d->state == ZC_RD_EXISTS || d->state == ZC_RD_STAGED) {
        dirfd = zc_dirnode_pin(r->tree, d->node);
        if (dirfd < 0 && errno == EACCES && zc_rdir_make_writable(r, d))
            dirfd = zc_dirnode_pin(r->tree, d->node);
        if (dirfd < 0) {
            zc_rworker_note(w, d->node, "", ZC_OP_READ_DIR, S_IFDIR, errno);
            d->state = ZC_RD_FAILED;
        }
    }
    read_names(w, d, dirfd);
    bool ok = walk_list(&a, d, dirfd, work->list, &m, &err);
    if (dirfd >= 0)
        zc_dirnode_unpin(r->tree, d->node);
    if (d->ref.list == 0 && d->ref.index == 0 && m.count)
        atomic_store(&r->source_has_entries, true);
    send_need(w, m.list, &a);
    list_compared(w, work->list, a.waits);
    if (!ok) {
        zc_receiver_fail(r, &err);
        return;
    }
    if (m.flags & ZC_LIST_LAST) {
        zc_names_fini(&d->names);
        pthread_mutex_lock(&r->lock);
        d->listed = true;
        pthread_mutex_unlock(&r->lock);
        zc_rdir_check(w, d);
        zc_rdir_drop(w, d);
    }
}

void zc_compare_list(struct zc_rworker *w, struct zc_rwork *work)
{
    struct zc_receiver *r = w->r;
    struct zc_rdir *d = work->dir;
    struct zc_rwork *mine = work;
    for (;;) {
        /* After its last list D may be gone; nothing waits behind that. */
        struct zc_msg_list m = {0};
        zc_list_decode((struct zc_bytes){mine->p, mine->n}, &m, NULL);
        bool last = m.flags & ZC_LIST_LAST;
        compare_one(w, mine);
        if (mine != work) {
            zc_slab_unref(mine->slab);
            free(mine);
        }
        if (last || atomic_load(&r->failed))
            return;
        pthread_mutex_lock(&r->lock);
        mine = d->waiting;
        if (mine) {
            d->waiting = mine->next;
            if (!d->waiting)
                d->waiting_end = &d->waiting;
            zc_receiver_taken(r, mine);
        } else {
            d->comparing = false;
        }
        pthread_mutex_unlock(&r->lock);
        if (!mine)
            return;
        if (w->out.len >= 32 * ZC_KIB && zc_rworker_flush(w))
            return;
    }
}

void zc_compare_root(struct zc_rworker *w, struct zc_rdir *root,
                     struct zc_rlist *list, const struct zc_entry *e)
{
    struct zc_receiver *r = w->r;
    struct answer a = {.w = w};
    struct cmp c = {.dir = root, .list = list, .dirfd = r->root_fd, .e = e};
    unsigned what = ZC_NEED_DESCEND;
    c.exists = r->root_fd >= 0 && !zc_stat_at(r->root_fd, "", &c.st);
    if (!c.exists) {
        c.item = ZC_ITEM_NEW;
    } else if (!root->implied) {
        c.xattrs = compare_xattrs(w, r->root_fd, "", e);
        c.item = meta_flags(r, &c);
        root->differs = c.item != 0;
        if (c.xattrs && !r->dry) {
            pthread_mutex_lock(&r->lock);
            root->pending++;
            root->meta_asked = true;
            list->outstanding++;
            list->claimable++;
            pthread_mutex_unlock(&r->lock);
            what |= ZC_NEED_META;
        }
    }
    if (root->implied)
        c.item = 0;
    answer(&a, &c, what);
    send_need(w, 0, &a);
    list_compared(w, list, false);
}
