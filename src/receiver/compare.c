// SPDX-License-Identifier: GPL-2.0-or-later
/* An entry against the file here; see compare.h. */
#include "receiver/compare.h"

#include "fs/rootdir.h"
#include "receiver/basis.h"
#include "receiver/choices.h"
#include "receiver/core.h"
#include "receiver/deletions.h"
#include "receiver/digests.h"
#include "receiver/dirs.h"
#include "receiver/dress.h"
#include "receiver/hardlinks.h"
#include "receiver/queue.h"
#include "receiver/shared.h"
#include "receiver/volumes.h"
#include "session/events.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* Files from so many bytes on are worth a look at what is here already. */
#define FROM_MIN ((uint64_t)64 << 10)

/* Changing an inode that has other names changes those too. Where the round is
 * about the whole tree they are met, too, and those that are not names of this
 * file get an inode of their own; where it is not, see shared.h. */
static bool may_change_in_place(const struct zc_receiver *r,
                                const struct zc_cmp *c)
{
    return c->st.nlink == 1 || zc_shared_applies(r) ||
           (zc_hardlink_key(r, c->e).grouped &&
            c->e->link_count == c->st.nlink);
}

/* The name shares its inode with one that stands for another file. */
static bool is_anothers(struct zc_receiver *r, const struct zc_cmp *c)
{
    return c->st.nlink > 1 && r->keep & ZC_KEEP_HARD_LINKS &&
           zc_hardlink_taken(r, &c->st, c->e, c->ref);
}

/* C, a file with the right bytes, of which ITEM differs, is to be set apart. */
static bool is_to_part(struct zc_receiver *r, const struct zc_cmp *c,
                       unsigned item)
{
    return (item && !may_change_in_place(r, c)) || is_anothers(r, c);
}

bool zc_compare_parts(struct zc_rworker *w, const struct zc_cmp *c)
{
    return zc_cmp_same_type(c) && S_ISREG(c->st.mode) && c->st.nlink > 1 &&
           !(w->r->apply & ZC_APPLY_INPLACE) &&
           is_to_part(w->r, c,
                      zc_cmp_curable_meta(w, c) | zc_cmp_xattrs(w, c));
}

/* --- what is decided --- */

static void decide_refusal(struct zc_decision *v, unsigned op, int eno)
{
    v->action = ZC_ACTION_REFUSE;
    v->op = op;
    v->eno = eno;
}

static void decide_need(struct zc_decision *v, unsigned need)
{
    v->action = ZC_ACTION_ASK;
    v->need = need;
}

/* The data are the same: v->item, with XATTRS among it, is all that differs.
 * APART: see apart.h, to which all metadata are needed. */
static void decide_metadata(struct zc_decision *v, unsigned xattrs, bool apart)
{
    v->stays = true;
    if (xattrs || apart)
        decide_need(v, ZC_NEED_META);
    else
        v->action = v->item ? ZC_ACTION_DRESS : ZC_ACTION_NONE;
}

/* The whole of what a directory that something replaces may be replaced; else V
 * refuses it. */
static bool may_replace(struct zc_rworker *w, const struct zc_cmp *c,
                        struct zc_decision *v)
{
    if (!c->exists || !S_ISDIR(c->st.mode) || S_ISDIR(c->e->mode) ||
        zc_deletions_replace(w, c->dir, c->dirfd, c->name))
        return true;
    decide_refusal(v, ZC_OP_REPLACE_DIR, ENOTEMPTY);
    return false;
}

/* --- directories --- */

/* It stays as it is, be it something that cannot be gone through. */
static void decide_way(const struct zc_cmp *c, struct zc_decision *v)
{
    if (c->exists && !zc_cmp_same_type(c)) {
        decide_refusal(v, ZC_OP_MKDIR, ENOTDIR);
        return;
    }
    v->action = ZC_ACTION_DIR;
    v->need = ZC_NEED_DESCEND;
    v->stays = c->exists;
    v->item = c->exists ? 0 : ZC_ITEM_NEW;
}

static void decide_dir(struct zc_rworker *w, const struct zc_cmp *c,
                       struct zc_decision *v)
{
    if (zc_choices_is_way(w->r, c->e)) {
        decide_way(c, v);
        return;
    }
    bool dresses = !(w->r->apply & ZC_APPLY_ONLY_DELETE);
    unsigned xattrs = dresses && zc_cmp_same_type(c) ? zc_cmp_xattrs(w, c) : 0;
    bool want_meta = xattrs;
    bool descend = true;
    v->stays = zc_cmp_same_type(c);
    v->item = ZC_ITEM_NEW;
    if (v->stays) {
        v->item = dresses ? zc_cmp_curable_meta(w, c) | xattrs : 0;
        descend = (!c->dir->shallow || c->e->flags & ZC_ENTRY_DEEP) &&
                  !zc_rdigests_same(w->r, c);
    } else {
        want_meta = zc_cmp_keeps_xattrs(w->r) && c->e->flags & ZC_ENTRY_XATTRS;
    }
    if (!descend && !v->item)
        return;
    v->action = ZC_ACTION_DIR;
    v->need = (descend ? ZC_NEED_DESCEND : 0) | (want_meta ? ZC_NEED_META : 0);
}

/* A mirror names a directory that cannot be worked in. */
static void decide_missing_top(const struct zc_receiver *r,
                               const struct zc_rdir *top,
                               struct zc_decision *v)
{
    if (zc_choices_leave_place(r, top->missing))
        v->action = ZC_ACTION_NONE;
    else
        decide_refusal(v, ZC_OP_READ_DIR, ENOENT);
}

void zc_compare_top(struct zc_rworker *w, const struct zc_cmp *c,
                    struct zc_decision *v)
{
    const struct zc_rdir *top = c->dir;
    unsigned xattrs = 0;
    *v = (struct zc_decision){.action = ZC_ACTION_DIR, .stays = c->exists};
    if (top->shallow && !c->exists) {
        decide_missing_top(w->r, top, v);
        return;
    }
    bool dresses = !top->implied && !(w->r->apply & ZC_APPLY_ONLY_DELETE);
    if (c->exists && dresses) {
        xattrs = zc_cmp_xattrs(w, c);
        v->item = zc_cmp_curable_meta(w, c) | xattrs;
    } else if (dresses) {
        v->item = ZC_ITEM_NEW;
    }
    if (w->r->terms.made && dresses) /* there, as it was made for this */
        v->item = ZC_ITEM_NEW;
    v->need = (top->shallow ? 0 : ZC_NEED_DESCEND) |
              (xattrs ? ZC_NEED_META : 0);
}

/* --- files --- */

/* C, open as FD (or it could not be), has no hash. Where that is to be told, what
 * changes while it is read is still different. */
static void tell_unread(const struct zc_receiver *r, const struct zc_cmp *c,
                        int fd, struct zc_decision *v)
{
    int eno = errno;
    struct zc_stat now;
    bool goes_on = eno == ENOENT || (fd >= 0 && !zc_stat_at(fd, "", &now) &&
                                     now.size != c->st.size);
    if (r->dry && r->apply & ZC_APPLY_VERIFY && !goes_on)
        decide_refusal(v, ZC_OP_READ, eno);
}

/* *ASK_HASH: only the sender can tell, by v->hash. */
static bool same_data(struct zc_rworker *w, const struct zc_cmp *c,
                      struct zc_decision *v, bool *ask_hash)
{
    enum zc_sameness same = zc_cmp_file(w, c);
    *ask_hash = false;
    if (same != ZC_HASH_TELLS)
        return same == ZC_SAME;
    zc_auto_close int fd = zc_file_open(c->dirfd, c->name, O_RDONLY, 0);
    if (fd < 0 || zc_rworker_hash(w, fd, c->st.size, v->hash)) {
        tell_unread(w->r, c, fd, v);
        return false;
    }
    *ask_hash = true;
    return true;
}

/* A big file that has grown while it was watched, a log most likely: what is
 * here may be its beginning. */
static bool looks_grown(const struct zc_receiver *r, const struct zc_cmp *c)
{
    if (r->apply & ZC_APPLY_APPEND)
        return zc_cmp_same_type(c) && c->st.size && c->st.size < c->e->size;
    return c->dir->shallow && c->e->flags & ZC_ENTRY_CHANGED &&
           zc_cmp_same_type(c) && c->st.nlink == 1 && c->st.size >= FROM_MIN &&
           c->st.size < c->e->size && c->st.blocks * 512 >= c->st.size;
}

static bool may_have_grown(struct zc_rworker *w, const struct zc_cmp *c,
                           struct zc_decision *v)
{
    if (!looks_grown(w->r, c))
        return false;
    zc_auto_close int fd = zc_file_open(c->dirfd, c->name, O_RDONLY, 0);
    if (fd < 0 || zc_rworker_hash(w, fd, c->st.size, v->hash))
        return false;
    v->from = c->st.size;
    return true;
}

/* What is here may have much in common with what it is to become. */
static bool may_be_similar(struct zc_receiver *r, const struct zc_cmp *c,
                           struct zc_decision *v)
{
    if (r->flags & ZC_OPEN_DELTA)
        v->from = zc_basis_size(r, c, zc_cmp_same_type(c) ? c->st.size : 0);
    return v->from;
}

static uint32_t source_links(const struct zc_entry *e)
{
    return e->flags & ZC_ENTRY_HARD_LINK ? e->link_count : 1;
}

/* It may share its inode with others, and is too much to keep in mind. */
static bool is_too_much(struct zc_receiver *r, const struct zc_cmp *c)
{
    return c->st.nlink > 1 && zc_shared_applies(r) &&
           zc_shared_seen(r, &c->dir->shelf, c->name, &c->st,
                          source_links(c->e));
}

/* The data differ: how, for the user. */
static unsigned data_item(const struct zc_receiver *r, const struct zc_cmp *c)
{
    unsigned item = ZC_ITEM_DATA;
    if (!zc_cmp_same_type(c))
        return item | ZC_ITEM_NEW;
    if (c->st.size != c->e->size)
        item |= ZC_ITEM_SIZE;
    if (r->flags & ZC_OPEN_CHECKSUM)
        item |= ZC_ITEM_CHECKSUM;
    /* Not kept, but changed all the same. */
    if (c->st.mtime_s != c->e->mtime_s || c->st.mtime_ns != c->e->mtime_ns)
        item |= ZC_ITEM_TIME;
    return item;
}

/* It is beside DEST. A new link is no news. */
static void decide_alternate(const struct zc_receiver *r,
                             const struct zc_cmp *c, struct zc_decision *v)
{
    v->action = ZC_ACTION_TAKE;
    if (!c->exists && v->alternate.same &&
        zc_alternates_are_for(r, ZC_ALTERNATE_LINK))
        v->item = 0;
}

/* DEST lacks it, and the sender can tell whether it is beside that; then a new link
 * is no news, nor is what need not be here. */
static bool may_be_alternate(struct zc_rworker *w, const struct zc_cmp *c,
                             struct zc_decision *v)
{
    struct zc_alternate_file *f = &v->alternate;
    if (c->exists || !zc_alternate_guess(w, c, f))
        return false;
    if (f->hash_tells) {
        zc_auto_close int fd = zc_file_open(f->dirfd, c->name, O_RDONLY, 0);
        if (fd < 0 || zc_rworker_hash(w, fd, f->st.size, v->hash))
            return false;
    }
    if (f->same && !zc_alternates_are_for(w->r, ZC_ALTERNATE_COPY))
        v->item = ZC_ITEM_NEW;
    v->guessed = true;
    decide_need(v, f->hash_tells ? ZC_NEED_CHECK : ZC_NEED_META);
    return true;
}

/* DEST lacks it, and need not have it. */
static bool is_in_alternate(struct zc_rworker *w, const struct zc_cmp *c)
{
    struct zc_alternate_file f;
    return zc_alternates_are_for(w->r, ZC_ALTERNATE_COMPARE) && !c->exists &&
           zc_alternate_find(w, c, &f) && f.same;
}

static void decide_file(struct zc_rworker *w, const struct zc_cmp *c,
                        unsigned xattrs, struct zc_decision *v)
{
    struct zc_receiver *r = w->r;
    bool ask_hash, apart = false;
    bool same = same_data(w, c, v, &ask_hash);
    if (v->action == ZC_ACTION_REFUSE)
        return;
    if (same)
        v->item = zc_cmp_curable_meta(w, c) | xattrs;
    else if (zc_cmp_same_type(c))
        v->item = zc_cmp_meta(r, c) | xattrs;
    if (same && is_to_part(r, c, v->item)) {
        apart = same = !(r->apply & ZC_APPLY_INPLACE);
        v->item |= v->item ? 0 : ZC_ITEM_HARD_LINK;
    } else if (same && is_too_much(r, c)) {
        same = false;
    }
    bool fixable = !v->item || !zc_cmp_has_to_be_new(r, c);
    if (same && fixable && !ask_hash) {
        decide_metadata(v, xattrs, apart);
        return;
    }
    if (!same && r->apply & ZC_APPLY_APPEND && zc_cmp_same_type(c) &&
        c->st.size >= c->e->size) {
        v->item = 0; /* there is nothing to append */
        v->stays = true;
        return;
    }
    if (!may_replace(w, c, v))
        return;
    if (same && fixable) {
        v->stays = true;
        decide_need(v, ZC_NEED_CHECK);
        return;
    }
    v->item |= data_item(r, c);
    if (!same && zc_alternate_find(w, c, &v->alternate)) {
        decide_alternate(r, c, v);
        return;
    }
    if (may_be_alternate(w, c, v))
        return;
    decide_need(v, may_have_grown(w, c, v)       ? ZC_NEED_FROM
                   : may_be_similar(r, c, v) ? ZC_NEED_DELTA
                                             : ZC_NEED_DATA);
}

/* Its bytes are on their way already: only what to tell the user. */
static void decide_eager(struct zc_receiver *r, const struct zc_cmp *c,
                         struct zc_decision *v)
{
    if (!zc_compare_looks(r, c->e))
        return;
    v->action = ZC_ACTION_TELL;
    v->item = ZC_ITEM_DATA |
              (zc_cmp_same_type(c) ? zc_cmp_meta(r, c) : ZC_ITEM_NEW);
    if (zc_cmp_same_type(c) && c->st.size != c->e->size)
        v->item |= ZC_ITEM_SIZE;
}

/* --- everything else --- */

/* Symlinks, devices, fifos, sockets: nothing to transfer but attributes. */
static void decide_special(struct zc_rworker *w, const struct zc_cmp *c,
                           unsigned xattrs, struct zc_decision *v)
{
    struct zc_receiver *r = w->r;
    bool same = zc_cmp_special(w->r, c);
    unsigned meta = same           ? zc_cmp_curable_meta(w, c) | xattrs
                    : zc_cmp_same_type(c) ? zc_cmp_meta(r, c) | xattrs
                                   : ZC_ITEM_NEW;
    if (same && !is_to_part(r, c, meta) && !is_too_much(r, c)) {
        v->item = meta;
        decide_metadata(v, xattrs, false);
        return;
    }
    if (!may_replace(w, c, v))
        return;
    v->item = ZC_ITEM_DATA | meta;
    if (!same && zc_alternates_are_for(r, ZC_ALTERNATE_LINK) &&
        zc_alternate_find(w, c, &v->alternate) && v->alternate.same) {
        decide_alternate(r, c, v);
        return;
    }
    if (c->e->flags & ZC_ENTRY_XATTRS && zc_cmp_keeps_xattrs(r))
        decide_need(v, ZC_NEED_META);
    else
        v->action = ZC_ACTION_MAKE;
}

/* One name of an inode with several: where another leads. False: this one does,
 * and is decided about like any other. */
static bool decide_hardlink(struct zc_rworker *w, const struct zc_cmp *c,
                            struct zc_decision *v)
{
    struct zc_receiver *r = w->r;
    struct zc_hardlink_group *group;
    if (!may_replace(w, c, v))
        return true;
    v->item = ZC_ITEM_HARD_LINK | (c->exists ? 0 : ZC_ITEM_NEW);
    switch (zc_hardlink_join(r, c->list, c->e, c->ref, &group)) {
    case ZC_HARDLINK_LEADER:
        if (zc_hardlinks_at_once(r))
            zc_hardlink_settle(w, zc_hardlink_key(r, c->e), c->dir,
                               zc_cmp_same_type(c) ? c->name : "", true);
        v->leads = true;
        v->item = 0;
        return false;
    case ZC_HARDLINK_ALONE:
        v->alone = true;
        v->item = 0;
        return false;
    case ZC_HARDLINK_WAITING:
        v->action = ZC_ACTION_WAIT;
        v->need = ZC_NEED_PENDING;
        break;
    case ZC_HARDLINK_NOMEM:
        decide_refusal(v, ZC_OP_LINK, ENOMEM);
        break;
    case ZC_HARDLINK_READY:
        if (c->exists &&
            zc_hardlink_same(w, group, &c->dir->shelf, &c->st)) {
            zc_shared_also(r, &c->dir->shelf, c->name, c->st.dev, c->st.ino,
                           false);
            zc_hardlink_put(r, group);
            *v = (struct zc_decision){.stays = true, .linked = true};
            break;
        }
        v->action = ZC_ACTION_LINK;
        v->group = group;
        break;
    }
    return true;
}

static void decide_inode(struct zc_rworker *w, const struct zc_cmp *c,
                         struct zc_decision *v)
{
    unsigned xattrs = zc_cmp_same_type(c) ? zc_cmp_xattrs(w, c) : 0;
    if (S_ISREG(c->e->mode))
        decide_file(w, c, xattrs, v);
    else
        decide_special(w, c, xattrs, v);
}

void zc_compare_alone(struct zc_rworker *w, const struct zc_cmp *c,
                      struct zc_decision *v)
{
    *v = (struct zc_decision){.action = ZC_ACTION_NONE};
    decide_inode(w, c, v);
}

bool zc_compare_reads_much(struct zc_rworker *w, const struct zc_cmp *c)
{
    if (!S_ISREG(c->e->mode) || c->e->flags & ZC_ENTRY_EAGER)
        return false;
    if (w->r->terms.alternates.n && !c->exists)
        return c->e->size >= ZC_READS_MUCH; /* it may be copied */
    return zc_cmp_same_type(c) &&
           ZC_MIN(c->st.size, c->st.blocks * 512) >= ZC_READS_MUCH &&
           (zc_cmp_file(w, c) == ZC_HASH_TELLS ||
            looks_grown(w->r, c));
}

bool zc_compare_looks(const struct zc_receiver *r, const struct zc_entry *e)
{
    return !(e->flags & ZC_ENTRY_EAGER) || r->flags & ZC_OPEN_WANT_ITEMS;
}

void zc_compare_entry(struct zc_rworker *w, const struct zc_cmp *c,
                      struct zc_decision *v)
{
    struct zc_receiver *r = w->r;
    bool is_dir = S_ISDIR(c->e->mode);
    *v = (struct zc_decision){.action = ZC_ACTION_NONE};
    if (c->e->flags & ZC_ENTRY_EAGER) {
        decide_eager(r, c, v);
        return;
    }
    if (!zc_cmp_keeps_type(r, c->e->mode))
        return;
    /* Reported when the directory could not be made. */
    if (c->dir->state == ZC_RD_FAILED && (!is_dir || c->dir->shallow))
        return;
    if (is_dir)
        decide_dir(w, c, v);
    else if (is_in_alternate(w, c))
        return;
    else if (!zc_hardlink_key(r, c->e).grouped || !decide_hardlink(w, c, v))
        decide_inode(w, c, v);
}
