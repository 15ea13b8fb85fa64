// SPDX-License-Identifier: GPL-2.0-or-later
/* What differs; see cmp.h. */
#include "receiver/cmp.h"

#include "fs/fake.h"
#include "receiver/behind.h"
#include "receiver/choices.h"
#include "receiver/core.h"
#include "receiver/dirs.h"
#include "receiver/dress.h"
#include "receiver/medium.h"
#include "receiver/volumes.h"
#include "session/events.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

bool zc_cmp_keeps_type(const struct zc_receiver *r, uint32_t mode)
{
    if (S_ISLNK(mode))
        return r->keep & ZC_KEEP_SYMLINKS;
    if (S_ISCHR(mode) || S_ISBLK(mode))
        return r->keep & ZC_KEEP_DEVICES;
    if (S_ISFIFO(mode) || S_ISSOCK(mode))
        return r->keep & ZC_KEEP_SPECIALS;
    return true;
}

bool zc_cmp_same_type(const struct zc_cmp *c)
{
    return c->exists && (c->st.mode & S_IFMT) == (c->e->mode & S_IFMT);
}

/* --- metadata --- */

static bool fileflags_differ(const struct zc_cmp *c,
                             const struct zc_meta_want *want)
{
    struct zc_fileflags have;
    if (!S_ISREG(c->st.mode) && !S_ISDIR(c->st.mode))
        return false;
    /* What cannot be read is set, which will tell what is wrong. */
    if (zc_fileflags_at(c->dirfd, c->name, c->st.mode, &have))
        return true;
    if (!*c->name && !zc_dirnode_parent(c->dir->shelf.node))
        have.flags = (have.flags & ~ZC_FILEFLAGS_SEALS) |
                     (want->fileflags.flags & ZC_FILEFLAGS_SEALS);
    return !zc_fileflags_same(&have, &want->fileflags);
}

/* On btrfs a file that has bytes is copied on write, or not, for good. */
bool zc_cmp_has_to_be_new(const struct zc_receiver *r, const struct zc_cmp *c)
{
    struct zc_fileflags have;
    return r->keep & ZC_KEEP_FLAGS && c->st.size &&
           c->dir->shelf.vol->has_properties &&
           !zc_fileflags_at(c->dirfd, c->name, c->st.mode, &have) &&
           (have.flags ^ c->e->fileflags) & ZC_FILEFLAGS_NOCOW;
}

unsigned zc_cmp_meta(struct zc_receiver *r, const struct zc_cmp *c)
{
    const struct zc_entry *e = c->e;
    struct zc_meta_want want;
    unsigned flags = 0;
    zc_dress_want(r, e, &want);
    zc_dress_note_left(r, &c->st, &want);
    if (want.keep & ZC_KEEP_OWNER && want.uid != c->st.uid)
        flags |= ZC_ITEM_OWNER;
    if (want.keep & ZC_KEEP_GROUP && want.gid != c->st.gid)
        flags |= ZC_ITEM_GROUP;
    if (r->keep & ZC_KEEP_PERMS && !S_ISLNK(e->mode) &&
        (want.mode & 07777) != (c->st.mode & 07777))
        flags |= ZC_ITEM_PERMS;
    if (zc_choices_perms(r, e->mode, &c->st) != (c->st.mode & 07777))
        flags |= ZC_ITEM_PERMS;
    if (want.keep & ZC_KEEP_TIMES &&
        !zc_choices_same_time(r, e, &c->st, c->dir->shelf.vol))
        flags |= ZC_ITEM_TIME;
    if (r->keep & ZC_KEEP_FLAGS && fileflags_differ(c, &want))
        flags |= ZC_ITEM_XATTR;
    return flags;
}

/* The same without what the file system here made of it, and would again; that
 * is told like what it refuses. */
unsigned zc_cmp_curable_meta(struct zc_rworker *w, const struct zc_cmp *c)
{
    static const struct {
        unsigned flag;
        enum zc_meta_kind kind;
    } kinds[] = {{ZC_ITEM_OWNER, ZC_META_OWNER},
                 {ZC_ITEM_GROUP, ZC_META_GROUP},
                 {ZC_ITEM_PERMS, ZC_META_PERMS},
                 {ZC_ITEM_TIME, ZC_META_TIMES}};
    const struct zc_shelf *shelf = &c->dir->shelf;
    struct zc_meta_want want;
    unsigned flags = zc_cmp_meta(w->r, c);
    if (!flags || !shelf->vol->careful)
        return flags;
    zc_dress_want(w->r, c->e, &want);
    for (size_t i = 0; i < ZC_ARRAY_LEN(kinds); i++) {
        enum zc_meta_kind kind = kinds[i].kind;
        int why = EOPNOTSUPP;
        if (!(flags & kinds[i].flag) ||
            !(zc_medium_makes(w, shelf, &c->st, &want, kind, &why) ||
              (kind == ZC_META_TIMES &&
               zc_medium_ignores_time(w, shelf, &c->st, &want))))
            continue;
        flags &= ~kinds[i].flag;
        if (why)
            zc_rworker_result(w, c->ref, ZC_STATUS_NOTE_META,
                              ZC_OP_META + kind, why);
    }
    return flags;
}

bool zc_cmp_keeps_xattrs(const struct zc_receiver *r)
{
    return r->keep & (ZC_KEEP_ACLS | ZC_KEEP_XATTRS);
}

bool zc_cmp_maps_owners(const struct zc_receiver *r)
{
    const struct zc_msg_open *m = &r->terms.open;
    return m->chown_user.n || m->chown_group.n ||
           r->apply & ZC_APPLY_ID_RULES;
}

bool zc_cmp_acl_in_doubt(const struct zc_receiver *r, unsigned xattrs)
{
    return xattrs == ZC_ITEM_ACL && zc_cmp_maps_owners(r);
}

/* W->xattrs is what is here, and SAME what the digests say of the ACLs; THEIRS has
 * some. Digests count everybody as who he is on his own host. */
static bool acls_differ(const struct zc_rworker *w, const struct zc_cmp *c,
                        bool same, bool theirs)
{
    if (c->xattrs)
        return !zc_xattr_same_acls(&w->xattrs, c->xattrs->p, c->xattrs->n,
                                   w->r->ids);
    return !same || (theirs && zc_cmp_maps_owners(w->r) &&
                     zc_xattr_names_ids(w->xattrs.data, w->xattrs.len));
}

/* W->xattrs is what is here. */
static bool properties_differ(const struct zc_rworker *w,
                              const struct zc_cmp *c)
{
    return c->e->flags & ZC_ENTRY_PROPERTIES &&
           c->dir->shelf.vol->has_properties &&
           zc_xattr_properties(w->xattrs.data, w->xattrs.len) !=
               c->e->properties;
}

/* See zc_xattr_digest. */
unsigned zc_cmp_xattrs(struct zc_rworker *w, const struct zc_cmp *c)
{
    struct zc_receiver *r = w->r;
    struct zc_digest mine = {{0}}, theirs = {{0}}, none = {{0}};
    if (!zc_cmp_keeps_xattrs(r))
        return 0;
    zc_buf_reset(&w->xattrs);
    if (zc_xattr_read(c->dirfd, c->name, r->keep, &w->xattrs))
        return ZC_ITEM_XATTR; /* setting them will tell what is wrong */
    if (!w->xattrs.len && !(c->e->flags & ZC_ENTRY_XATTRS))
        return 0;
    mine = zc_xattr_digest(w->xattrs.data, w->xattrs.len, r->ids);
    if (c->e->flags & ZC_ENTRY_XATTRS)
        memcpy(theirs.b, c->e->xattr_digest, sizeof theirs.b);
    size_t half = sizeof mine.b / 2;
    bool same_acls = !memcmp(mine.b, theirs.b, half);
    bool has_acls = memcmp(theirs.b, none.b, half);
    return (acls_differ(w, c, same_acls, has_acls) ? ZC_ITEM_ACL : 0) |
           (memcmp(mine.b + half, theirs.b + half, half) ? ZC_ITEM_XATTR : 0) |
           (properties_differ(w, c) ? ZC_ITEM_XATTR : 0);
}

/* --- bytes, targets, devices --- */

/* By the time of the file here: is it the same? Where times mean nothing, its
 * content has to tell. */
static enum zc_sameness same_time(struct zc_rworker *w, const struct zc_cmp *c)
{
    const struct zc_shelf *shelf = &c->dir->shelf;
    struct zc_meta_want want;
    int why;
    if (zc_choices_same_time(w->r, c->e, &c->st, shelf->vol))
        return ZC_SAME;
    if (!shelf->vol->careful || !(w->r->keep & ZC_KEEP_TIMES))
        return ZC_DIFFERENT;
    zc_dress_want(w->r, c->e, &want);
    if (zc_medium_makes(w, shelf, &c->st, &want, ZC_META_TIMES, &why))
        return ZC_SAME;
    return zc_medium_ignores_time(w, shelf, &c->st, &want) ? ZC_HASH_TELLS
                                                           : ZC_DIFFERENT;
}

/* Is it the same file by size and time (or, with -c, by content)? */
enum zc_sameness zc_cmp_file(struct zc_rworker *w, const struct zc_cmp *c)
{
    if (!zc_cmp_same_type(c) || c->st.size != c->e->size)
        return ZC_DIFFERENT;
    if (w->r->flags & ZC_OPEN_CHECKSUM || c->e->flags & ZC_ENTRY_CHANGED ||
        zc_behind_doubts(w->r, c->dir->shelf.vol, &c->st))
        return ZC_HASH_TELLS;
    if (w->r->apply & ZC_APPLY_SIZE_ONLY)
        return ZC_SAME;
    if (w->r->apply & ZC_APPLY_IGNORE_TIMES)
        return ZC_DIFFERENT;
    enum zc_sameness same = same_time(w, c);
    /* A mirror saw only its metadata change: most likely it was touched. */
    return same == ZC_DIFFERENT && c->dir->shallow ? ZC_HASH_TELLS : same;
}

/* The same target, or the same device. */
bool zc_cmp_special(const struct zc_receiver *r, const struct zc_cmp *c)
{
    const struct zc_entry *e = c->e;
    if (!zc_cmp_same_type(c))
        return false;
    if (S_ISLNK(e->mode)) {
        size_t n;
        zc_auto_free char *target = zc_symlink_kept(r->keep, c->dirfd,
                                                    c->name, &n);
        return target && n == e->target_len && !memcmp(target, e->target, n);
    }
    if (S_ISCHR(e->mode) || S_ISBLK(e->mode))
        return major(c->st.rdev) == e->rdev_major &&
               minor(c->st.rdev) == e->rdev_minor;
    return true;
}
