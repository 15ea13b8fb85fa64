// SPDX-License-Identifier: GPL-2.0-or-later
/* What there is to be told of a name of the source; see look.h. */
#include "sender/look.h"

#include "base/log.h"
#include "fs/fake.h"
#include "sender/digests.h"
#include "sender/entry.h"
#include "sender/linknames.h"
#include "sender/links.h"
#include "sender/places.h"
#include "sender/prune.h"
#include "sender/removal.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static void count_entry(struct zc_sender *s, const struct zc_entry *e)
{
    struct zc_stats *st = s->stats;
    atomic_fetch_add(&st->scanned, 1);
    if (S_ISREG(e->mode)) {
        atomic_fetch_add(&st->files, 1);
        atomic_fetch_add(&st->scanned_bytes, e->size);
    } else if (S_ISDIR(e->mode)) {
        atomic_fetch_add(&st->dirs, 1);
    } else if (S_ISLNK(e->mode)) {
        atomic_fetch_add(&st->symlinks, 1);
    } else if (S_ISCHR(e->mode) || S_ISBLK(e->mode)) {
        atomic_fetch_add(&st->devices, 1);
    } else {
        atomic_fetch_add(&st->specials, 1);
    }
}

static void tell_linked(struct zc_sworker *w, const struct zc_sdir *d,
                        const char *name, const struct zc_stat *st)
{
    const char *path = zc_dirnode_path_of(d->node, name, strlen(name),
                                          &w->path);
    if (path)
        w->s->opt->linked(w->s->opt->linked_arg, path, st->dev, st->ino);
}

void zc_slook_blind(struct zc_sworker *w, struct zc_sdir *d)
{
    struct zc_sender *s = w->s;
    if (!(s->opt->apply & ZC_APPLY_IGNORE_ERRORS) || !s->opt->del) {
        d->incomplete = true;
        return;
    }
    pthread_mutex_lock(&s->told.lock);
    bool first = !s->told.errors_ignored;
    s->told.errors_ignored = true;
    pthread_mutex_unlock(&s->told.lock);
    if (first)
        zc_log(ZC_LOG_WARN, "not all of the source can be read; what it is not "
               "seen to have is deleted all the same (--ignore-errors)");
}

/* The symlink's target into E, which points to *TARGET, the caller's in any
 * case. -1: it has none, which was reported unless it is gone. */
static int read_target(struct zc_sworker *w, struct zc_sdir *d, int dirfd,
                       const char *name, char **target, struct zc_entry *e)
{
    size_t n;
    *target = zc_symlink_kept(w->s->opt->keep, dirfd, name, &n);
    if (*target) {
        e->target = *target;
        e->target_len = (uint16_t)n;
        return 0;
    }
    if (errno != ENOENT) {
        if (errno == EINVAL)
            errno = ENOENT; /* it is something else by now */
        zc_entry_unread(w, d->node, name, "read the symlink");
        zc_slook_blind(w, d);
    }
    return -1;
}

/* True when the peer would end the session over E. */
static bool is_unfit(struct zc_sworker *w, struct zc_sdir *d, const char *name,
                     const struct zc_entry *e)
{
    const char *fault = zc_entry_fault(e, false);
    if (!fault)
        return false;
    char what[200];
    snprintf(what, sizeof what, "send it: %s", fault);
    zc_entry_trouble(w, d->node, name, ZC_TROUBLE_SOURCE, what, 0);
    zc_slook_blind(w, d);
    return true;
}

/* It is there, and the peer is to leave alone what it has under that name. */
static enum zc_slook leave_alone(struct zc_sworker *w, const struct zc_sdir *d,
                                const char *as, struct zc_draft *draft)
{
    if (!d->doubt)
        zc_splaces_tell(w, false, as, draft);
    return ZC_SLOOK_NOTHING;
}

/* A file that is too big, or too small. */
static bool is_left_alone(const struct zc_sender *s, const struct zc_stat *st)
{
    return s->opt->walk & ZC_WALK_SIZES && S_ISREG(st->mode) &&
           (st->size > s->opt->max_size || st->size < s->opt->min_size);
}

/* The symlink NAME is to be followed, and that fails with ENO. */
static enum zc_slook leads_nowhere(struct zc_sworker *w, struct zc_sdir *d,
                                  int dirfd, const char *name, int eno)
{
    struct zc_stat st;
    if (eno == ENOENT && zc_stat_at(dirfd, name, &st))
        return errno == ENOENT ? ZC_SLOOK_ABSENT : ZC_SLOOK_NOTHING;
    if (zc_sdir_hides(w, d, name, false))
        return ZC_SLOOK_NOTHING;
    zc_entry_trouble(w, d->node, name, ZC_TROUBLE_SOURCE,
                     eno == EXDEV ? "follow the symlink, which leads out of "
                                    "what is shared"
                                  : "follow the symlink",
                     eno == EXDEV ? 0 : eno);
    zc_slook_blind(w, d);
    return ZC_SLOOK_NOTHING;
}

/* What there is to be told of NAME, into ST; *FD: what it leads to, where it is
 * followed. ADDED: there is something. */
static enum zc_slook look_at_name(struct zc_sworker *w, struct zc_sdir *d,
                                 int dirfd, const char *name, const char *as,
                                 struct zc_draft *draft, struct zc_stat *st,
                                 int *fd)
{
    enum zc_slink link = ZC_SLINK_KEPT;
    if (zc_slinks_mounted(w->s, d->node, dirfd, name))
        return zc_sdir_hides(w, d, name, true) ? ZC_SLOOK_NOTHING
                                               : leave_alone(w, d, as, draft);
    if (zc_stat_kept(w->s->opt->keep, dirfd, name, st)) {
        if (errno == ENOENT)
            return ZC_SLOOK_ABSENT;
        zc_entry_unread(w, d->node, name, "look at it");
        zc_slook_blind(w, d);
        return ZC_SLOOK_NOTHING;
    }
    if (S_ISLNK(st->mode) && zc_slinks_matter(w->s) &&
        !zc_sdir_hides_link(w, d, name))
        link = zc_slinks_look(w->s, d->node, dirfd, name, st, fd);
    if (link == ZC_SLINK_FAILED)
        return leads_nowhere(w, d, dirfd, name, errno);
    if (d->places && !S_ISDIR(st->mode) &&
        zc_splaces_keeps(w, d->node, name, st))
        return leave_alone(w, d, as, draft);
    if (zc_sdir_hides(w, d, name, S_ISDIR(st->mode)))
        return ZC_SLOOK_NOTHING;
    if (link == ZC_SLINK_LEFT || is_left_alone(w->s, st))
        return leave_alone(w, d, as, draft);
    bool prune = S_ISDIR(st->mode) && w->s->opt->walk & ZC_WALK_PRUNE;
    return prune && zc_prune_empty(w, d, name, st, link == ZC_SLINK_FOLLOWED)
               ? ZC_SLOOK_NOTHING
               : ZC_SLOOK_ADDED;
}

enum zc_slook zc_slook_name(struct zc_sworker *w, struct zc_sdir *d, int dirfd,
                          const char *name, const char *as,
                          struct zc_draft *draft)
{
    struct zc_sender *s = w->s;
    struct zc_stat st;
    zc_auto_close int fd = -1; /* of what a symlink leads to */
    enum zc_slook look = look_at_name(w, d, dirfd, name, as, draft, &st, &fd);
    if (look != ZC_SLOOK_ADDED)
        return look;

    struct zc_entry e;
    zc_entry_from_stat(s, &st, &e);
    e.name = as;
    e.name_len = (uint8_t)strlen(as);
    if (d->doubt)
        e.flags |= zc_entry_doubt(s, d->what, &st);
    if (d->eager && !(e.flags & ZC_ENTRY_EAGER))
        return ZC_SLOOK_NOTHING;
    if (fd >= 0) /* a name of its own, and not one of those that are counted */
        e.flags &= ~ZC_ENTRY_HARD_LINK;
    if (e.flags & ZC_ENTRY_HARD_LINK) {
        zc_linknames_note(s, d->node, &e);
        if (s->opt->linked)
            tell_linked(w, d, name, &st);
    }
    zc_auto_free char *target = NULL;
    if (S_ISLNK(st.mode) && read_target(w, d, dirfd, name, &target, &e))
        return ZC_SLOOK_NOTHING;
    if (is_unfit(w, d, name, &e))
        return ZC_SLOOK_NOTHING;
    zc_entry_tell_odd_time(w, d->node, name, &st);
    bool unknown = fd < 0 ? zc_entry_xattrs(w, dirfd, name, &e)
                          : zc_entry_xattrs(w, fd, "", &e);
    struct zc_seen seen = {0};
    if (zc_removal_wanted(s->opt))
        seen = zc_removal_seen(&st);
    else if (!unknown && !w->xattrs.len && S_ISREG(st.mode) &&
             !zc_maybe_sparse(&st, s->opt->keep) && !zc_changed_lately(&st))
        seen = zc_seen_of(&st);
    if (unknown)
        zc_entry_unread(w, d->node, name, "read its extended attributes");
    if (zc_ids_announce(w, e.uid, e.gid, w->xattrs.data, w->xattrs.len))
        return ZC_SLOOK_FAILED;
    if (w->silent || d->doubt || !zc_sdigests_table(s)) /* else it was counted */
        count_entry(s, &e);
    zc_sdigests_tell(s, d->digest, &e);
    zc_draft_note(w, draft, w->out.len, seen);
    /* An earlier SRC may have a directory where this one has a symlink. */
    if (fd >= 0 || (S_ISDIR(st.mode) && s->opt->n_earlier &&
                    zc_slinks_matter(s)))
        zc_draft_followed(draft);
    zc_entry_encode(&w->out, &e);
    return ZC_SLOOK_ADDED;
}

void zc_slook_absent(struct zc_sworker *w, struct zc_sdir *d, const char *name,
                    struct zc_draft *draft)
{
    const struct zc_options *opt = w->s->opt;
    bool goes = opt->walk & ZC_WALK_DELETE_MISSING ||
                (opt->del && (!opt->only || opt->files_from));
    if (!(opt->walk & ZC_WALK_DELETE_MISSING) &&
        opt->walk & ZC_WALK_IGNORE_MISSING)
        return;
    if (!goes) {
        zc_entry_trouble(w, d->node, name, ZC_TROUBLE_SOURCE, "look at it",
                         ENOENT);
        return;
    }
    struct zc_entry e = {.mode = S_IFREG,
                         .flags = ZC_ENTRY_ABSENT,
                         .name = name,
                         .name_len = (uint8_t)strlen(name)};
    zc_draft_note(w, draft, w->out.len, (struct zc_seen){0});
    zc_entry_encode(&w->out, &e);
}
