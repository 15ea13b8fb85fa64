// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An entry from the sender against the file here: what is different, and what
 * is to be done about it. What needs no bytes is done on the spot (metadata,
 * symlinks, devices); what needs them is asked for.
 */
#include "receiver/compare.h"

#include "fs/rootdir.h"
#include "receiver/core.h"
#include "receiver/deletions.h"
#include "receiver/dirs.h"
#include "receiver/dress.h"
#include "receiver/hardlinks.h"
#include "receiver/lists.h"
#include "receiver/special.h"
#include "receiver/volumes.h"
#include "session/events.h"
#include "session/hash.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* Files from so many bytes on are worth a look at what is here already. */
#define FROM_MIN ((uint64_t)64 << 10)

static bool same_type(const struct zc_cmp *c)
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
unsigned zc_compare_meta(const struct zc_receiver *r, const struct zc_cmp *c)
{
    const struct zc_entry *e = c->e;
    struct zc_meta_want want;
    unsigned flags = 0;
    zc_dress_want(r, e, &want);
    if (r->keep & ZC_KEEP_OWNER && want.uid != c->st.uid)
        flags |= ZC_ITEM_OWNER;
    if (r->keep & ZC_KEEP_GROUP && want.gid != c->st.gid)
        flags |= ZC_ITEM_GROUP;
    if (r->keep & ZC_KEEP_PERMS && !S_ISLNK(e->mode) &&
        (want.mode & 07777) != (c->st.mode & 07777))
        flags |= ZC_ITEM_PERMS;
    if (r->keep & ZC_KEEP_TIMES &&
        !zc_time_equal(e->mtime_s, e->mtime_ns, c->st.mtime_s,
                       c->st.mtime_ns, c->dir->spot.vol->time_step))
        flags |= ZC_ITEM_TIME;
    return flags | c->xattrs;
}

static bool keeps_xattrs(const struct zc_receiver *r)
{
    return r->keep & (ZC_KEEP_ACLS | ZC_KEEP_XATTRS);
}

/* Compares the attributes here with the digest in the entry: which kinds of
 * them differ (see zc_xattr_digest). */
unsigned zc_compare_xattrs(struct zc_rworker *w, int dirfd,
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

void zc_compare_answer(struct zc_answer *a, const struct zc_cmp *c,
                       unsigned what)
{
    if (c->item && !(what & ZC_NEED_OUTSTANDING))
        what |= ZC_NEED_APPLIED;
    if (!what)
        return;
    struct zc_need_item item = {.index = c->ref.index,
                                .what = (uint8_t)what,
                                .item_flags = (uint16_t)c->item};
    memcpy(item.hash, c->hash, sizeof item.hash);
    item.from = c->from;
    zc_need_add(&a->items, &item);
    a->count++;
}

static void ask(struct zc_answer *a, const struct zc_cmp *c, unsigned what)
{
    struct zc_receiver *r = a->w->r;
    /* A dry run only reports; a CHECK is decided by the sender. */
    if (r->dry)
        what &= ZC_NEED_DESCEND | ZC_NEED_CHECK;
    if (what & ZC_NEED_OUTSTANDING && !r->dry)
        zc_rlist_open(r, c->list, 1);
    zc_compare_answer(a, c, what);
}

static void note_failed(struct zc_answer *a, const struct zc_cmp *c,
                        unsigned op, int eno)
{
    zc_rworker_result(a->w, c->ref, ZC_STATUS_NOTE_FAILED, op, eno);
}

/* --- one entry ----------------------------------------------------------- */

/* The whole of what a directory that something replaces may be replaced. */
static bool may_replace(struct zc_answer *a, struct zc_cmp *c)
{
    if (!c->exists || !S_ISDIR(c->st.mode) || S_ISDIR(c->e->mode))
        return true;
    if (zc_deletions_replace(a->w, c->dir, c->dirfd, c->name))
        return true;
    note_failed(a, c, ZC_OP_REPLACE_DIR, ENOTEMPTY);
    return false;
}

static void compare_dir(struct zc_answer *a, struct zc_cmp *c)
{
    struct zc_receiver *r = a->w->r;
    bool is_dir = same_type(c);
    bool descend = !is_dir || !c->dir->shallow ||
                   c->e->flags & ZC_ENTRY_DEEP;
    if (is_dir)
        c->item = zc_compare_meta(r, c);
    if (!descend && !c->item)
        return;
    enum zc_rdir_state state = is_dir   ? ZC_RD_EXISTS
                               : r->dry ? ZC_RD_ABSENT
                                        : ZC_RD_NEW;
    struct zc_rdir *child = zc_rdir_new(r, c->dir, c->e, c->ref, state);
    if (!child) {
        zc_receiver_nomem(r);
        return;
    }
    unsigned what = descend ? ZC_NEED_DESCEND : 0;
    child->list_over = child->listed = !descend;
    if (is_dir && zc_rdir_set_volume(r, child, c->dirfd, c->name, &c->st))
        note_failed(a, c, ZC_OP_READ_DIR, errno);
    child->differs = c->item != 0;
    if (!is_dir)
        c->item = ZC_ITEM_NEW;
    bool want_meta = is_dir ? c->xattrs != 0
                            : keeps_xattrs(r) &&
                                  c->e->flags & ZC_ENTRY_XATTRS;
    if (want_meta && !r->dry) {
        zc_rlist_open_meta(r, c->list, child);
        what |= ZC_NEED_META;
    }
    zc_compare_answer(a, c, what);
    if (!descend)
        zc_rdir_drop(a->w, child);
}

/* Is it the same file by size and time (or, with -c, by content)? *ASK_HASH:
 * only the sender can tell. */
static bool same_data(struct zc_rworker *w, struct zc_cmp *c, bool *ask_hash)
{
    struct zc_receiver *r = w->r;
    *ask_hash = false;
    if (!same_type(c) || c->st.size != c->e->size)
        return false;
    if (!(r->flags & ZC_OPEN_CHECKSUM || c->e->flags & ZC_ENTRY_CHANGED)) {
        bool same = zc_time_equal(c->e->mtime_s, c->e->mtime_ns, c->st.mtime_s,
                                  c->st.mtime_ns, c->dir->spot.vol->time_step);
        /* A mirror saw only its metadata change: most likely it was touched. */
        if (same || !c->dir->shallow)
            return same;
    }
    zc_auto_close int fd = zc_file_open(c->dirfd, c->name, O_RDONLY, 0);
    if (fd < 0 || zc_hash_fd(&w->scratch, fd, c->st.size, c->hash))
        return false;
    *ask_hash = true;
    return true;
}

/* A big file that has grown while it was watched, a log most likely: what is
 * here may be its beginning. */
static bool may_have_grown(struct zc_rworker *w, struct zc_cmp *c)
{
    if (!c->dir->shallow || !(c->e->flags & ZC_ENTRY_CHANGED) ||
        !same_type(c) || c->st.nlink != 1 || c->st.size < FROM_MIN ||
        c->st.size >= c->e->size || c->st.blocks * 512 < c->st.size)
        return false;
    zc_auto_close int fd = zc_file_open(c->dirfd, c->name, O_RDONLY, 0);
    if (fd < 0 || zc_hash_fd(&w->scratch, fd, c->st.size, c->hash))
        return false;
    c->from = c->st.size;
    return true;
}

static bool newer_here(const struct zc_receiver *r, const struct zc_cmp *c)
{
    if (!(r->flags & ZC_OPEN_UPDATE) || !same_type(c))
        return false;
    return c->st.mtime_s > c->e->mtime_s ||
           (c->st.mtime_s == c->e->mtime_s &&
            c->st.mtime_ns > c->e->mtime_ns);
}

/* The name shares its inode with one that stands for another file. */
static bool shares_wrongly(struct zc_receiver *r, const struct zc_cmp *c)
{
    return same_type(c) && c->st.nlink > 1 && r->keep & ZC_KEEP_HARD_LINKS &&
           zc_hardlink_taken(r, &c->st, c->e);
}

/* Changing an inode that has other names changes those too. */
static bool may_change_in_place(const struct zc_cmp *c)
{
    return c->st.nlink == 1 || (c->e->flags & ZC_ENTRY_HARD_LINK &&
                                c->e->link_count == c->st.nlink);
}

/* Sets what differs on the file in place. */
static void fix_metadata(struct zc_answer *a, struct zc_cmp *c)
{
    struct zc_receiver *r = a->w->r;
    if (r->dry) {
        zc_compare_answer(a, c, 0);
        return;
    }
    struct zc_meta_want want;
    zc_dress_want(r, c->e, &want);
    if (zc_dress_in_place(a->w, c->dirfd, c->name, &c->st, &want, c->ref))
        note_failed(a, c, ZC_OP_STAT, errno);
    else
        zc_compare_answer(a, c, 0);
}

/* Where it leads a hard link group, the others may link to it now, or OK is
 * false and they have to do without. */
static void settle_group(struct zc_rworker *w, const struct zc_cmp *c, bool ok)
{
    zc_hardlink_settle(w, zc_hardlink_key(w->r, c->e), c->dir, c->name, ok);
}

/* In a dry run, where the leader would get a new inode: no name has it yet. */
static void settle_new(struct zc_rworker *w, const struct zc_cmp *c)
{
    zc_hardlink_settle(w, zc_hardlink_key(w->r, c->e), c->dir, "", true);
}

static void compare_file(struct zc_answer *a, struct zc_cmp *c)
{
    struct zc_receiver *r = a->w->r;
    bool ask_hash;
    if (newer_here(r, c)) {
        settle_group(a->w, c, true);
        return;
    }
    bool same = same_data(a->w, c, &ask_hash) && !shares_wrongly(r, c);
    c->item = c->exists && same_type(c) ? zc_compare_meta(r, c) : 0;
    bool fixable = !c->item || may_change_in_place(c);
    if (same && fixable && !ask_hash) {
        bool needs_meta = c->xattrs != 0;
        if (needs_meta)
            ask(a, c, ZC_NEED_META);
        else if (c->item)
            fix_metadata(a, c);
        if (r->dry || !needs_meta)
            settle_group(a->w, c, true);
        return;
    }
    if (!may_replace(a, c)) {
        settle_group(a->w, c, false);
        return;
    }
    if (same && fixable) {
        ask(a, c, ZC_NEED_CHECK);
        if (r->dry)
            settle_group(a->w, c, true);
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
    ask(a, c, may_have_grown(a->w, c) ? ZC_NEED_FROM : ZC_NEED_DATA);
    if (r->dry)
        settle_new(a->w, c);
}

/* The same target, or the same device. */
static bool same_special(const struct zc_cmp *c)
{
    const struct zc_entry *e = c->e;
    if (!same_type(c))
        return false;
    if (S_ISLNK(e->mode)) {
        size_t n;
        zc_auto_free char *target = zc_symlink_read(c->dirfd, c->name, &n);
        return target && n == e->target_len && !memcmp(target, e->target, n);
    }
    if (S_ISCHR(e->mode) || S_ISBLK(e->mode))
        return major(c->st.rdev) == e->rdev_major &&
               minor(c->st.rdev) == e->rdev_minor;
    return true;
}

/* Symlinks, devices, fifos, sockets: nothing to transfer. */
static void compare_special(struct zc_answer *a, struct zc_cmp *c)
{
    struct zc_receiver *r = a->w->r;
    bool same = same_special(c) && !shares_wrongly(r, c);
    if (same) {
        c->item = zc_compare_meta(r, c);
        if (c->xattrs && !r->dry) {
            ask(a, c, ZC_NEED_META);
            return;
        }
        if (c->item)
            fix_metadata(a, c);
        settle_group(a->w, c, true);
        return;
    }
    if (!may_replace(a, c)) {
        settle_group(a->w, c, false);
        return;
    }
    c->item = ZC_ITEM_DATA |
              (same_type(c) ? zc_compare_meta(r, c) : ZC_ITEM_NEW);
    if (r->dry) {
        zc_compare_answer(a, c, 0);
        settle_new(a->w, c);
        return;
    }
    if (c->e->flags & ZC_ENTRY_XATTRS && keeps_xattrs(r)) {
        ask(a, c, ZC_NEED_META);
        return;
    }
    unsigned op;
    if (zc_special_make(a->w, c->dir, c->e, (struct zc_bytes){NULL, 0}, c->ref,
                        &op)) {
        note_failed(a, c, op, errno);
        settle_group(a->w, c, false);
        return;
    }
    zc_compare_answer(a, c, 0);
    settle_group(a->w, c, true);
}

/* The inode of group G is in place. */
static void link_to(struct zc_answer *a, struct zc_cmp *c,
                    struct zc_hardlink_group *g)
{
    struct zc_receiver *r = a->w->r;
    unsigned op;
    if (c->exists && zc_hardlink_same(r, g, &c->st))
        return;
    if (r->dry || !zc_hardlink_make(a->w, g, c->dir, c->name, &op)) {
        zc_compare_answer(a, c, 0);
    } else if (S_ISREG(c->e->mode)) {
        /* Too many links, another mount: then as a file of its own. */
        c->item = ZC_ITEM_DATA | (c->exists ? 0 : ZC_ITEM_NEW);
        ask(a, c, ZC_NEED_DATA);
    } else {
        note_failed(a, c, op, errno);
    }
}

/* One name of an inode with several. True: dealt with. */
static bool compare_hardlink(struct zc_answer *a, struct zc_cmp *c)
{
    struct zc_receiver *r = a->w->r;
    struct zc_hardlink_group *g;
    if (!zc_hardlink_key(r, c->e).grouped)
        return false;
    c->item = ZC_ITEM_HARD_LINK | (c->exists ? 0 : ZC_ITEM_NEW);
    if (c->exists && S_ISDIR(c->st.mode) && !may_replace(a, c))
        return true;
    switch (zc_hardlink_join(r, c->list, c->e, c->ref, &g)) {
    case ZC_HARDLINK_LEADER:
        c->item = 0;
        return false;
    case ZC_HARDLINK_WAITING:
        a->waits = true;
        zc_compare_answer(a, c, ZC_NEED_PENDING);
        return true;
    case ZC_HARDLINK_READY:
        break;
    case ZC_HARDLINK_NOMEM:
        note_failed(a, c, ZC_OP_LINK, ENOMEM);
        return true;
    }
    link_to(a, c, g);
    zc_hardlink_put(r, g);
    return true;
}

bool zc_compare_looks(const struct zc_receiver *r, const struct zc_entry *e)
{
    return !(e->flags & ZC_ENTRY_EAGER) || r->flags & ZC_OPEN_WANT_ITEMS;
}

/* Its bytes are on their way already: only what to tell the user. */
static void compare_eager(struct zc_answer *a, struct zc_cmp *c)
{
    if (!zc_compare_looks(a->w->r, c->e))
        return;
    c->item = ZC_ITEM_DATA | (same_type(c) ? zc_compare_meta(a->w->r, c)
                                           : ZC_ITEM_NEW);
    if (same_type(c) && c->st.size != c->e->size)
        c->item |= ZC_ITEM_SIZE;
    zc_compare_answer(a, c, 0);
}

void zc_compare_entry(struct zc_answer *a, struct zc_cmp *c)
{
    struct zc_receiver *r = a->w->r;
    if (c->e->flags & ZC_ENTRY_EAGER) {
        compare_eager(a, c);
        return;
    }
    if (!type_kept(r, c->e->mode))
        return;
    if (c->dir->state == ZC_RD_FAILED && !r->dry) {
        /* Reported when the directory could not be made. */
        if (!S_ISDIR(c->e->mode) || c->dir->shallow)
            return;
    }
    if (same_type(c))
        c->xattrs = zc_compare_xattrs(a->w, c->dirfd, c->name, c->e);
    if (S_ISDIR(c->e->mode))
        compare_dir(a, c);
    else if (c->dir->state == ZC_RD_FAILED || compare_hardlink(a, c))
        return;
    else if (S_ISREG(c->e->mode))
        compare_file(a, c);
    else
        compare_special(a, c);
}
