// SPDX-License-Identifier: GPL-2.0-or-later
/* Files of directories beside DEST; see alternates.h. */
#include "receiver/alternates.h"

#include "fs/xattr.h"
#include "receiver/copies.h"
#include "receiver/core.h"
#include "receiver/dirs.h"
#include "receiver/dress.h"
#include "receiver/guesses.h"
#include "receiver/hardlinks.h"
#include "receiver/lists.h"
#include "receiver/newfile.h"
#include "receiver/place.h"
#include "receiver/queue.h"

#include <sys/stat.h>
#include <unistd.h>

bool zc_alternates_are_for(const struct zc_receiver *r, enum zc_alternate kind)
{
    return r->terms.alternates.n && r->terms.open.alternate == kind;
}

/* --- finding it --- */

/* The counterparts of C's directory, W's. NULL: there are none, or no memory. */
static const struct zc_alternate_dirs *dirs_of(struct zc_rworker *w,
                                               const struct zc_cmp *c)
{
    const struct zc_alternates *all = &w->r->terms.alternates;
    if (!all->n)
        return NULL;
    if (w->alternates.known && w->alternates.key == c->ref.list)
        return &w->alternates;
    zc_buf_reset(&w->path);
    zc_dirnode_path(c->dir->shelf.node, &w->path);
    zc_buf_u8(&w->path, 0);
    if (w->path.failed)
        return NULL;
    zc_alternates_in(all, (const char *)w->path.data, c->ref.list,
                     &w->alternates);
    return &w->alternates;
}

static enum zc_sameness sameness(struct zc_rworker *w, const struct zc_cmp *c)
{
    if (S_ISREG(c->e->mode))
        return zc_cmp_file(w, c);
    return zc_cmp_special(w->r, c) ? ZC_SAME : ZC_DIFFERENT;
}

/* The first that is the same or, to GUESS, of which the sender can tell; the first
 * with the same metadata, if there is one. */
static bool find(struct zc_rworker *w, const struct zc_cmp *c, bool guess,
                 struct zc_alternate_file *f)
{
    bool found = false;
    const struct zc_alternate_dirs *d = dirs_of(w, c);
    for (size_t i = 0; d && i < d->n; i++) {
        struct zc_cmp there = *c;
        there.dirfd = d->fds[i];
        there.exists = there.dirfd >= 0 &&
                       !zc_dress_look(w->r, there.dirfd, c->name, &there.st);
        enum zc_sameness bytes =
            there.exists ? sameness(w, &there) : ZC_DIFFERENT;
        if (bytes == ZC_DIFFERENT)
            continue;
        unsigned xattrs = zc_cmp_xattrs(w, &there);
        bool in_doubt = zc_cmp_acl_in_doubt(w->r, xattrs);
        if ((xattrs && !in_doubt) || /* only the sender has those */
            guess != (in_doubt || bytes == ZC_HASH_TELLS))
            continue;
        bool same = !zc_cmp_meta(w->r, &there);
        if (found && !same)
            continue;
        *f = (struct zc_alternate_file){.at = i,
                                        .dirfd = there.dirfd,
                                        .same = same,
                                        .acl_tells = in_doubt,
                                        .hash_tells = bytes == ZC_HASH_TELLS,
                                        .st = there.st};
        found = true;
        if (same)
            break;
    }
    return found;
}

bool zc_alternate_find(struct zc_rworker *w, const struct zc_cmp *c,
                       struct zc_alternate_file *f)
{
    return find(w, c, false, f);
}

bool zc_alternate_guess(struct zc_rworker *w, const struct zc_cmp *c,
                        struct zc_alternate_file *f)
{
    struct zc_receiver *r = w->r;
    bool compare = zc_alternates_are_for(r, ZC_ALTERNATE_COMPARE);
    /* Where it is seen what is at DEST, for a purpose, that alone counts. */
    bool looks = r->dry && r->apply & (ZC_APPLY_REMOVE | ZC_APPLY_VERIFY);
    if (!r->terms.alternates.n || !S_ISREG(c->e->mode) || looks)
        return false;
    /* Its other names are to be links to it, if it is sent: so it has to be. */
    if (compare && zc_hardlink_key(r, c->e).grouped)
        return false;
    return find(w, c, true, f) && (f->same || !compare);
}

/* --- taking it --- */

static int take_link(struct zc_rworker *w, const struct zc_cmp *c,
                     const struct zc_alternate_file *f, unsigned *op)
{
    struct zc_receiver *r = w->r;
    struct zc_shelf *shelf = &c->dir->shelf;
    struct zc_stat st;
    *op = ZC_OP_LINK;
    int to = zc_dirnode_pin(r->tree, shelf->node);
    if (to < 0)
        return -1;
    int bad = zc_hardlink_at(w, f->dirfd, c->name, shelf, to, c->name, op);
    if (!bad && (zc_stat_at(to, c->name, &st) || st.dev != f->st.dev ||
                 st.ino != f->st.ino)) {
        (void)unlinkat(to, c->name, 0); /* another one had come in between */
        errno = ESTALE;
        bad = -1;
    }
    int eno = errno;
    zc_dirnode_unpin(r->tree, shelf->node);
    errno = eno;
    return bad;
}

/* FD has what F has: it is to look like what C's entry asks for. The attributes are
 * F's, which are to be the same. */
static int dress(struct zc_rworker *w, int fd, const struct zc_cmp *c,
                 const struct zc_alternate_file *f)
{
    struct zc_receiver *r = w->r;
    struct zc_meta_want want;
    struct zc_stat now;
    zc_dress_want(r, c->e, &want);
    want.keep &= ~(unsigned)ZC_KEEP_FLAGS; /* see zc_dress_flags */
    zc_buf_reset(&w->xattrs);
    if (zc_cmp_keeps_xattrs(r)) {
        if (zc_xattr_read(f->dirfd, c->name, r->keep, &w->xattrs))
            return -1;
        want.have_xattrs = w->xattrs.len != 0;
        want.xattrs = w->xattrs.data;
        want.xattrs_len = w->xattrs.len;
    }
    if (zc_stat_at(fd, "", &now))
        return -1;
    zc_dress(w, fd, &now, &want, c->ref);
    /* Nothing has been set on F since it was looked at, either. */
    errno = ESTALE;
    return !zc_stat_at(f->dirfd, c->name, &now) &&
                   zc_stat_same_version(&now, &f->st)
               ? 0
               : -1;
}

static int take_copy(struct zc_rworker *w, const struct zc_cmp *c,
                     const struct zc_alternate_file *f, unsigned *op)
{
    char tmp[ZC_STAGING_NAME_SIZE];
    struct zc_receiver *r = w->r;
    struct zc_shelf *shelf = &c->dir->shelf;
    *op = ZC_OP_STAGING;
    int base = zc_shelf_staging(r, shelf, tmp);
    if (base < 0)
        return -1;
    *op = ZC_OP_CREATE;
    uint32_t mode = zc_newfile_mode(r, c->dir, c->name, c->e);
    zc_auto_close int fd = zc_copy_file(r, f->dirfd, c->name, &f->st, base,
                                        tmp, mode);
    bool bad = fd < 0 || dress(w, fd, c, f) ||
               (zc_receiver_syncs_first(r) && fsync(fd)) ||
               zc_place(w, shelf, tmp, c->name, op);
    if (bad)
        zc_place_discard(shelf, tmp);
    return bad ? -1 : 0;
}

int zc_alternate_take(struct zc_rworker *w, const struct zc_cmp *c,
                      const struct zc_alternate_file *f, unsigned *op)
{
    struct zc_receiver *r = w->r;
    const struct zc_fileflags flags = {c->e->fileflags, c->e->project};
    bool links = f->same && zc_alternates_are_for(r, ZC_ALTERNATE_LINK);
    /* The kernel may refuse links to files of others, or from another mount. */
    if (!links || take_link(w, c, f, op)) {
        if (!S_ISREG(f->st.mode) || take_copy(w, c, f, op))
            return -1;
        zc_dress_flags_in(w, c->dir->shelf.node, c->name, &flags, c->ref);
    }
    atomic_fetch_add(&r->done.created, 1);
    atomic_fetch_add(&r->done.changes, 1);
    zc_receiver_changed(r, c->dir->shelf.node, c->name);
    zc_receiver_unsynced(r);
    return 0;
}

/* --- what is guessed --- */

bool zc_alternate_note(struct zc_receiver *r, const struct zc_cmp *c,
                       const struct zc_alternate_file *f)
{
    const struct zc_guess g = {.index = c->ref.index,
                               .at = (uint32_t)f->at,
                               .dev = f->st.dev,
                               .ino = f->st.ino,
                               .size = f->st.size,
                               .ctime_s = f->st.ctime_s,
                               .ctime_ns = f->st.ctime_ns};
    pthread_mutex_lock(&r->lock);
    bool noted = zc_guesses_add(&c->list->guesses, &r->lists->n_guesses, &g);
    pthread_mutex_unlock(&r->lock);
    return noted;
}

static bool recall(struct zc_receiver *r, const struct zc_cmp *c,
                   struct zc_guess *g)
{
    pthread_mutex_lock(&r->lock);
    const struct zc_guess *found =
        zc_guesses_find(&c->list->guesses, c->ref.index);
    if (found)
        *g = *found;
    pthread_mutex_unlock(&r->lock);
    return found;
}

/* G, which C is about, is what it was, and C has not changed meanwhile: F. */
static bool is_still(struct zc_rworker *w, const struct zc_cmp *c,
                     const struct zc_guess *g, struct zc_alternate_file *f)
{
    const struct zc_alternate_dirs *d = dirs_of(w, c);
    struct zc_cmp there = *c;
    if (!d || g->at >= d->n || c->exists)
        return false;
    there.dirfd = d->fds[g->at];
    there.exists = there.dirfd >= 0 &&
                   !zc_dress_look(w->r, there.dirfd, c->name, &there.st);
    const struct zc_stat *st = &there.st;
    if (!there.exists || st->dev != g->dev || st->ino != g->ino ||
        st->size != g->size || st->ctime_s != g->ctime_s ||
        st->ctime_ns != g->ctime_ns || zc_cmp_xattrs(w, &there))
        return false;
    *f = (struct zc_alternate_file){.at = g->at,
                                    .dirfd = there.dirfd,
                                    .same = !zc_cmp_meta(w->r, &there),
                                    .st = *st};
    return f->same || !zc_alternates_are_for(w->r, ZC_ALTERNATE_COMPARE);
}

bool zc_alternate_stands(struct zc_rworker *w, const struct zc_cmp *c)
{
    struct zc_alternate_file f;
    struct zc_guess g;
    return w->r->terms.alternates.n && recall(w->r, c, &g) &&
           is_still(w, c, &g, &f) && f.same;
}

bool zc_alternate_meta(struct zc_rworker *w, const struct zc_cmp *c,
                       const struct zc_work *work)
{
    struct zc_receiver *r = w->r;
    struct zc_alternate_file f;
    struct zc_guess g;
    unsigned op;
    if (!r->terms.alternates.n || !recall(r, c, &g))
        return false;
    bool much = !w->slow && g.size >= ZC_READS_MUCH; /* it may be copied */
    if (much && zc_queue_put_aside(r, work))
        return true;
    if (!is_still(w, c, &g, &f)) {
        zc_entry_again(w, c->list, c->ref);
    } else if (zc_alternates_are_for(r, ZC_ALTERNATE_COMPARE)) {
        zc_entry_done(w, c->list, c->ref, ZC_STATUS_SAME, 0, 0);
    } else if (zc_alternate_take(w, c, &f, &op)) {
        zc_entry_again(w, c->list, c->ref);
    } else {
        zc_hardlink_settle(w, zc_hardlink_key(r, c->e), c->dir, c->name, true);
        zc_hardlink_done(w, c->list, c->ref, ZC_STATUS_OK, 0, 0);
    }
    return true;
}
