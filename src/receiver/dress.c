// SPDX-License-Identifier: GPL-2.0-or-later
/* Metadata; see dress.h. */
#include "receiver/dress.h"

#include "fs/rootdir.h"
#include "receiver/choices.h"
#include "receiver/core.h"
#include "receiver/shared.h"
#include "receiver/volumes.h"

int zc_dress_look(const struct zc_receiver *r, int dirfd, const char *name,
                  struct zc_stat *st)
{
    struct zc_stat real;
    if (!(r->keep & ZC_KEEP_FAKE))
        return zc_stat_at(dirfd, name, st);
    if (zc_stat_at(dirfd, name, &real) ||
        zc_stat_kept(r->keep, dirfd, name, st))
        return -1;
    if (!S_ISREG(real.mode) && !S_ISDIR(real.mode))
        st->mode &= ~(uint32_t)S_IFMT;
    return 0;
}

static bool may_have_group(const struct zc_receiver *r, gid_t gid)
{
    for (int i = 0; i < r->n_groups; i++)
        if (r->groups[i] == gid)
            return true;
    return false;
}

/* Leaves out of WANT who cannot become the owner. Without the right owner there
 * is no setuid. */
static void limit_owners(const struct zc_receiver *r,
                         struct zc_meta_want *want)
{
    unsigned left = 0;
    if (r->keep & ZC_KEEP_OWNER && want->uid != geteuid())
        left |= ZC_KEEP_OWNER;
    if (r->keep & ZC_KEEP_GROUP && !may_have_group(r, want->gid))
        left |= ZC_KEEP_GROUP;
    want->keep &= ~left;
    if (left)
        want->mode &= ~(uint32_t)06000;
}

/* -O, -J */
static unsigned omitted(const struct zc_receiver *r, uint32_t mode)
{
    unsigned bit = S_ISDIR(mode)   ? ZC_APPLY_OMIT_DIR_TIMES
                   : S_ISLNK(mode) ? ZC_APPLY_OMIT_LINK_TIMES
                                   : 0;
    return r->apply & bit ? ZC_KEEP_TIMES : 0;
}

void zc_dress_want(const struct zc_receiver *r, const struct zc_entry *e,
                   struct zc_meta_want *want)
{
    *want = (struct zc_meta_want){
        .mode = e->mode,
        .uid = zc_idmap_local(r->ids, ZC_ID_USER, e->uid),
        .gid = zc_idmap_local(r->ids, ZC_ID_GROUP, e->gid),
        .mtime_s = e->mtime_s,
        .mtime_ns = e->mtime_ns,
        .fileflags = {e->fileflags, e->project},
        .keep = r->keep & ~omitted(r, e->mode),
        .restricted = r->terms.restricted,
        .careful = atomic_load_explicit(&r->volumes->careful,
                                        memory_order_relaxed),
    };
    if (r->owners_limited)
        limit_owners(r, want);
}

/* NOW has another owner than WANT leaves it. */
void zc_dress_note_left(struct zc_receiver *r, const struct zc_stat *now,
                        const struct zc_meta_want *want)
{
    unsigned left = r->keep & ~want->keep;
    if ((left & ZC_KEEP_OWNER && want->uid != now->uid) ||
        (left & ZC_KEEP_GROUP && want->gid != now->gid))
        atomic_store(&r->owners_left, true);
}

void zc_dress(struct zc_rworker *w, int fd, const struct zc_stat *now,
              const struct zc_meta_want *want, struct zc_ref ref)
{
    struct zc_meta_report report = {0};
    bool changed;
    zc_dress_note_left(w->r, now, want);
    if (zc_meta_apply(fd, now, want, w->r->ids, &report, &changed))
        for (unsigned k = 0; k < ZC_META_KINDS; k++)
            if (report.eno[k])
                zc_rworker_result(w, ref, ZC_STATUS_NOTE_META, ZC_OP_META + k,
                                  report.eno[k]);
    if (changed)
        atomic_fetch_add(&w->r->done.changes, 1);
}

void zc_dress_late(struct zc_rworker *w, int fd, const struct zc_stat *now,
                   const struct zc_meta_want *want, struct zc_dirnode *node,
                   const char *name)
{
    struct zc_meta_report report = {0};
    bool changed;
    if (zc_meta_apply(fd, now, want, w->r->ids, &report, &changed))
        for (unsigned k = 0; k < ZC_META_KINDS; k++)
            if (report.eno[k])
                zc_rworker_note(w, node, name, ZC_OP_META + k, now->mode,
                                report.eno[k]);
    if (changed) {
        atomic_fetch_add(&w->r->done.changes, 1);
        zc_receiver_changed(w->r, node, name);
    }
}

void zc_dress_flags(struct zc_rworker *w, int dirfd, const char *name,
                    const struct zc_fileflags *want, struct zc_ref ref)
{
    bool changed = false;
    if (!(w->r->keep & ZC_KEEP_FLAGS))
        return;
    zc_auto_close int fd = zc_path_open(dirfd, name);
    if (fd < 0 || zc_fileflags_apply(fd, S_IFREG, want, &changed))
        zc_rworker_result(w, ref, ZC_STATUS_NOTE_META,
                          ZC_OP_META + ZC_META_FLAGS, errno);
}

void zc_dress_flags_in(struct zc_rworker *w, struct zc_dirnode *node,
                       const char *name, const struct zc_fileflags *want,
                       struct zc_ref ref)
{
    struct zc_receiver *r = w->r;
    int dirfd = r->keep & ZC_KEEP_FLAGS ? zc_dirnode_pin(r->tree, node) : -1;
    if (dirfd < 0)
        return;
    zc_dress_flags(w, dirfd, name, want, ref);
    zc_dirnode_unpin(r->tree, node);
}

void zc_dress_executable(const struct zc_receiver *r,
                         struct zc_meta_want *want, const struct zc_stat *now)
{
    uint32_t perms = zc_choices_perms(r, want->mode, now);
    if (perms == (now->mode & 07777))
        return;
    want->keep |= ZC_KEEP_PERMS;
    want->mode = (want->mode & S_IFMT) | perms;
}

int zc_dress_in_place(struct zc_rworker *w, int dirfd, const char *name,
                      const struct zc_stat *now,
                      const struct zc_meta_want *asked, struct zc_ref ref)
{
    zc_auto_close int fd = zc_path_open(dirfd, name);
    struct zc_stat st;
    struct zc_meta_want mine = *asked, *want = &mine;
    if (fd < 0 || zc_dress_look(w->r, fd, "", &st))
        return -1;
    if (st.ino != now->ino || st.dev != now->dev) {
        errno = ESTALE; /* somebody swapped it under us */
        return -1;
    }
    zc_dress_executable(w->r, want, &st);
    if (st.nlink > 1 && zc_shared_applies(w->r)) {
        if (!zc_shared_dress(w->r, &st, want))
            return 0;
        if (errno == ENOMEM)
            return -1;
    }
    zc_dress(w, fd, &st, want, ref);
    zc_receiver_unsynced(w->r);
    return 0;
}
