// SPDX-License-Identifier: GPL-2.0-or-later
/* Decisions carried out, or reported; see act.h. */
#include "receiver/act.h"

#include "receiver/alternates.h"
#include "receiver/compare.h"
#include "receiver/core.h"
#include "receiver/digests.h"
#include "receiver/dirs.h"
#include "receiver/dress.h"
#include "receiver/hardlinks.h"
#include "receiver/lists.h"
#include "receiver/moved.h"
#include "receiver/room.h"
#include "receiver/special.h"
#include "session/events.h"
#include "session/hash.h"

#include <sys/stat.h>

/* --- answers --- */

/* NEED: what is asked for; what is done already, or would be, is told. */
static void add_need(struct zc_needs *n, const struct zc_cmp *c,
                     const struct zc_decision *v, unsigned need)
{
    if (v->item && !(need & ZC_NEED_OUTSTANDING))
        need |= ZC_NEED_APPLIED;
    if (!need)
        return;
    struct zc_need_item item = {.index = c->ref.index,
                                .what = (uint8_t)need,
                                .item_flags = (uint16_t)v->item,
                                .from = v->from};
    if (need & (ZC_NEED_CHECK | ZC_NEED_FROM))
        zc_hash_told(v->hash, item.hash);
    zc_need_add(&n->items, &item);
    n->count++;
}

/* Where all is told, so is that nothing has to be done. What the sender is asked
 * about is for it to see. */
static unsigned told_item(const struct zc_receiver *r,
                          const struct zc_decision *v)
{
    if (!(r->apply & ZC_APPLY_TELL_ALL) || !v->stays || v->item ||
        v->need & ZC_NEED_OUTSTANDING)
        return v->item;
    return ZC_ITEM_UNCHANGED | (v->linked ? ZC_ITEM_HARD_LINK : 0);
}

/* The entry counts as outstanding before the sender is told. */
static void ask_for(struct zc_needs *n, const struct zc_cmp *c,
                    const struct zc_decision *v, unsigned need)
{
    zc_rlist_open(n->w->r, c->list, 1);
    add_need(n, c, v, need);
}

static void note_refused(struct zc_needs *n, const struct zc_cmp *c,
                         unsigned op, int eno)
{
    zc_rworker_result(n->w, c->ref, ZC_STATUS_NOTE_FAILED, op, eno);
}

/* Where C leads a hard link group, the others may be links to it now, called
 * NAME (""; dry run: it has none yet); or OK is false and they have to do
 * without. */
static void settle_group(struct zc_needs *n, const struct zc_cmp *c,
                         const struct zc_decision *v, const char *name,
                         bool ok)
{
    if (v->leads)
        zc_hardlink_settle(n->w, zc_hardlink_key(n->w->r, c->e), c->dir, name,
                           ok);
}

/* --- directories --- */

/* Only the source's set tells whether anything differs at all, its bytes apart: a
 * dry run asks for it, too. */
static bool is_in_doubt(const struct zc_receiver *r,
                        const struct zc_decision *v)
{
    return v->stays && v->need & (ZC_NEED_META | ZC_NEED_CHECK) &&
           zc_cmp_acl_in_doubt(r, v->item);
}

/* D is as V says, and will be made as it should be; a dry run leaves it as it
 * is, and so does who only deletes. What is to be asked for. */
static unsigned set_out(struct zc_needs *n, const struct zc_cmp *c,
                        const struct zc_decision *v, struct zc_rdir *d)
{
    struct zc_receiver *r = n->w->r;
    unsigned need = v->need;
    d->in_doubt = is_in_doubt(r, v);
    if (r->dry || r->apply & ZC_APPLY_ONLY_DELETE) {
        d->implied = true;
        if (!d->in_doubt)
            need &= ~(unsigned)ZC_NEED_META;
    } else {
        d->differs = v->stays && v->item;
    }
    if (need & ZC_NEED_META)
        zc_rlist_open_meta(r, c->list, d);
    return need;
}

static void act_dir(struct zc_needs *n, const struct zc_cmp *c,
                    const struct zc_decision *v)
{
    struct zc_receiver *r = n->w->r;
    enum zc_rdir_state state = v->stays ? ZC_RD_EXISTS
                               : r->dry ? ZC_RD_ABSENT
                                        : ZC_RD_NEW;
    struct zc_rdir *child = zc_rdir_new(r, c->dir, c->e, c->ref, state);
    if (!child) {
        zc_receiver_nomem(r);
        return;
    }
    bool descend = v->need & ZC_NEED_DESCEND;
    child->digest = zc_rdigests_child(r, c->dir, c->e);
    child->list_over = child->listed = !descend;
    if (descend)
        zc_moved_walks(r, child, true);
    if (v->stays && zc_rdir_set_volume(r, child, c->dirfd, c->name, &c->st))
        note_refused(n, c, ZC_OP_READ_DIR, errno);
    struct zc_decision told = *v;
    told.item = told_item(r, v);
    add_need(n, c, &told, set_out(n, c, v, child));
    if (!descend)
        zc_rdir_drop(n->w, child);
}

void zc_act_top(struct zc_needs *n, const struct zc_cmp *c,
                const struct zc_decision *v)
{
    if (v->action == ZC_ACTION_REFUSE) {
        c->dir->state = ZC_RD_FAILED;
        note_refused(n, c, v->op, v->eno);
        return;
    }
    if (v->action == ZC_ACTION_NONE) { /* nor anything that is in it */
        c->dir->state = ZC_RD_FAILED;
        return;
    }
    struct zc_decision told = *v;
    told.item = c->dir->shelf.node && !c->dir->implied ? told_item(n->w->r, v)
                                                       : v->item;
    unsigned need = set_out(n, c, v, c->dir);
    if (need & ZC_NEED_DESCEND)
        zc_moved_walks(n->w->r, c->dir, true);
    add_need(n, c, &told, need);
    n->w->r->terms.made = false;
}

int zc_act_pin(struct zc_rworker *w, struct zc_rdir *d)
{
    struct zc_receiver *r = w->r;
    int fd = zc_dirnode_pin(r->tree, d->shelf.node);
    if (fd < 0 && errno == EACCES && !r->dry &&
        zc_shelf_make_writable(r, &d->shelf))
        fd = zc_dirnode_pin(r->tree, d->shelf.node);
    return fd;
}

/* --- everything else --- */

/* Sets what differs on the file in place. */
static void dress_in_place(struct zc_needs *n, const struct zc_cmp *c,
                           const struct zc_decision *v)
{
    struct zc_meta_want want;
    zc_dress_want(n->w->r, c->e, &want);
    if (zc_dress_in_place(n->w, c->dirfd, c->name, &c->st, &want, c->ref))
        note_refused(n, c, ZC_OP_STAT, errno);
    else
        add_need(n, c, v, 0);
    zc_receiver_changed(n->w->r, c->dir->shelf.node, c->name);
    settle_group(n, c, v, c->name, true);
}

static void make_special(struct zc_needs *n, const struct zc_cmp *c,
                         const struct zc_decision *v)
{
    struct zc_bytes no_xattrs = {NULL, 0};
    unsigned op;
    int bad = zc_special_make(n->w, c->dir, c->e, no_xattrs, c->ref, &op);
    if (bad)
        note_refused(n, c, op, errno);
    else
        add_need(n, c, v, 0);
    settle_group(n, c, v, c->name, !bad);
}

/* By the file system, and for good. */
static bool is_link_refused(int eno)
{
    return eno == EXDEV || eno == EMLINK || eno == EPERM || eno == EOPNOTSUPP;
}

static void carry_out(struct zc_needs *n, const struct zc_cmp *c,
                      const struct zc_decision *v);

/* Where that cannot be (too many links, another mount, another project), it is a
 * file of its own, which is not what was asked for, and may be there already. */
static void make_link(struct zc_needs *n, const struct zc_cmp *c,
                      const struct zc_decision *v)
{
    unsigned op;
    struct zc_decision alone;
    if (!zc_hardlink_make(n->w, v->group, c->dir, c->name, &op)) {
        add_need(n, c, v, 0);
    } else if (S_ISREG(c->e->mode) || is_link_refused(errno)) {
        zc_rworker_note(n->w, c->dir->shelf.node, c->name, op, c->e->mode,
                        errno);
        zc_compare_alone(n->w, c, &alone);
        carry_out(n, c, &alone);
    } else {
        note_refused(n, c, op, errno);
    }
}

/* What goes wrong there is no trouble: it can be sent, or made. */
static void take_alternate(struct zc_needs *n, const struct zc_cmp *c,
                           const struct zc_decision *v)
{
    unsigned op;
    struct zc_decision other = *v;
    if (!zc_alternate_take(n->w, c, &v->alternate, &op)) {
        add_need(n, c, v, 0);
        settle_group(n, c, v, c->name, true);
        return;
    }
    other.item |= ZC_ITEM_DATA | (c->exists ? 0 : ZC_ITEM_NEW);
    if (S_ISREG(c->e->mode))
        ask_for(n, c, &other, ZC_NEED_DATA);
    else if (c->e->flags & ZC_ENTRY_XATTRS)
        ask_for(n, c, &other, ZC_NEED_META);
    else
        make_special(n, c, &other);
}

/* A file's bytes, which there is no room for, are not asked for. */
static bool has_no_room(struct zc_needs *n, const struct zc_cmp *c,
                        const struct zc_decision *v)
{
    return v->need & ZC_NEED_BYTES && S_ISREG(c->e->mode) &&
           zc_room_take(n->w->r, c->dir->shelf.vol, 0);
}

static void ask(struct zc_needs *n, const struct zc_cmp *c,
                const struct zc_decision *v)
{
    struct zc_decision other = *v;
    if (has_no_room(n, c, v)) {
        note_refused(n, c, ZC_OP_ROOM, ENOSPC);
        settle_group(n, c, v, c->name, false);
        return;
    }
    if (v->guessed && !zc_alternate_note(n->w->r, c, &v->alternate)) {
        other.item |= ZC_ITEM_DATA;
        ask_for(n, c, &other, ZC_NEED_DATA);
    } else {
        ask_for(n, c, v, v->need);
    }
}

static void carry_out(struct zc_needs *n, const struct zc_cmp *c,
                      const struct zc_decision *v)
{
    struct zc_decision told = *v;
    switch (v->action) {
    case ZC_ACTION_NONE:
        told.item = told_item(n->w->r, v);
        add_need(n, c, &told, 0);
        settle_group(n, c, v, c->name, true);
        break;
    case ZC_ACTION_ASK: /* what leads is settled with its RESULT */
        ask(n, c, v);
        break;
    case ZC_ACTION_DRESS:
        dress_in_place(n, c, v);
        break;
    case ZC_ACTION_MAKE:
        make_special(n, c, v);
        break;
    case ZC_ACTION_LINK:
        make_link(n, c, v);
        break;
    case ZC_ACTION_TAKE:
        take_alternate(n, c, v);
        break;
    case ZC_ACTION_WAIT:
        n->waits = true;
        add_need(n, c, v, v->need);
        break;
    case ZC_ACTION_TELL:
        add_need(n, c, v, 0);
        break;
    case ZC_ACTION_DIR:
    case ZC_ACTION_REFUSE:
        break;
    }
}

/* A link that is no news, if the ACL is right; else the file would be sent. */
static bool is_link_in_doubt(const struct zc_decision *v)
{
    return v->guessed && v->alternate.acl_tells && v->item == ZC_ITEM_NEW;
}

/* Whether a file's bytes are the same is still for the sender to say. A leader
 * that would be a new inode has no name yet. Where the source's is to be removed,
 * what counts is that its bytes are here. */
static void report_entry(struct zc_needs *n, const struct zc_cmp *c,
                         const struct zc_decision *v)
{
    struct zc_decision told = *v;
    unsigned check = v->need & ZC_NEED_CHECK;
    told.item = told_item(n->w->r, v);
    if (n->w->r->apply & ZC_APPLY_REMOVE && v->stays && !check)
        told.item = ZC_ITEM_SAME;
    bool in_doubt = told.item == ZC_ITEM_ACL && is_in_doubt(n->w->r, v);
    if (is_link_in_doubt(v)) {
        told.item |= ZC_ITEM_DATA;
        in_doubt = zc_alternate_note(n->w->r, c, &v->alternate);
    }
    if (in_doubt)
        ask_for(n, c, &told, ZC_NEED_META | check);
    else
        add_need(n, c, &told, check);
    settle_group(n, c, v, v->stays ? c->name : "", true);
}

void zc_act(struct zc_needs *n, const struct zc_cmp *c,
            const struct zc_decision *v)
{
    struct zc_receiver *r = n->w->r;
    if (v->alone)
        zc_rworker_result(n->w, c->ref, ZC_STATUS_NOTE_META, ZC_OP_LINK,
                          EMLINK);
    if (v->action == ZC_ACTION_REFUSE) {
        note_refused(n, c, v->op, v->eno);
        settle_group(n, c, v, c->name, false);
    } else if (v->action == ZC_ACTION_DIR) {
        act_dir(n, c, v);
    } else if (r->dry) {
        report_entry(n, c, v);
    } else {
        carry_out(n, c, v);
    }
    if (v->group)
        zc_hardlink_put(r, v->group);
}
