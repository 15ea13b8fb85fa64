// SPDX-License-Identifier: GPL-2.0-or-later
/* From the staging folder to the name; see place.h. */
#include "receiver/place.h"

#include "base/libc.h"
#include "fs/remove.h"
#include "receiver/backup.h"
#include "receiver/core.h"
#include "receiver/seals.h"
#include "receiver/volumes.h"
#include "tree/names.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

void zc_place_discard(const struct zc_shelf *s, const char *tmp)
{
    int eno = errno, staging = atomic_load(&s->made_in);
    if (staging >= 0)
        unlinkat(staging, tmp, 0);
    errno = eno;
}

/* A name that is about to be given, in DIRFD. */
struct placing {
    struct zc_receiver *r;
    struct zc_shelf *shelf;
    int staging, dirfd;
    const char *tmp, *name;
    char *path;   /* below DEST, where backups are made; else NULL */
    bool kept;    /* what has the name has another one by now */
    unsigned *op; /* what went wrong */
};

/* What has lost its name, OLD in the staging folder. -1: it cannot be kept. */
static int put_away(const struct placing *p, const char *old)
{
    struct zc_remove_ops ops = {.unseal = p->r->keep & ZC_KEEP_FLAGS};
    const struct zc_lost l = {.dirfd = p->staging,
                              .name = old,
                              .path = p->path,
                              .home = p->dirfd};
    if (p->path && !p->kept &&
        zc_backup_take(p->r, &l) == ZC_BACKUP_FAILED) {
        *p->op = ZC_OP_BACKUP;
        return -1;
    }
    zc_remove_tree(p->staging, old, old, &ops);
    return 0;
}

/* Where the file system cannot exchange names: what has the name is put aside
 * first, and back where that was in vain. */
static int swap_by_turns(const struct placing *p)
{
    char old[ZC_STAGING_NAME_SIZE];
    zc_staging_name(p->shelf->vol->staging, old);
    if (renameat(p->dirfd, p->name, p->staging, old))
        return -1;
    if (!renameat(p->staging, p->tmp, p->dirfd, p->name) &&
        !put_away(p, old))
        return 0;
    int eno = errno;
    if (renameat(p->dirfd, p->name, p->staging, p->tmp) == 0 ||
        errno == ENOENT)
        renameat(p->staging, old, p->dirfd, p->name);
    errno = eno;
    return -1;
}

/* Something of another kind has the name: they change places, and it goes. */
static int swap_in(const struct placing *p)
{
    if (renameat2(p->staging, p->tmp, p->dirfd, p->name, RENAME_EXCHANGE))
        return errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP
                   ? swap_by_turns(p)
                   : -1;
    if (!put_away(p, p->tmp))
        return 0;
    int eno = errno;
    renameat2(p->staging, p->tmp, p->dirfd, p->name, RENAME_EXCHANGE);
    errno = eno;
    return -1;
}

/* What has the name gets another one, where that is possible before it loses
 * it. *NOW: the two have to change places for it. */
static int back_up(struct placing *p, bool *now)
{
    const struct zc_lost l = {.dirfd = p->dirfd,
                              .name = p->name,
                              .path = p->path,
                              .home = p->dirfd};
    enum zc_backup_done d = p->path ? zc_backup_before(p->r, &l)
                                    : ZC_BACKUP_NOTHING;
    *now = d == ZC_BACKUP_LATER;
    p->kept = d == ZC_BACKUP_DONE;
    if (d == ZC_BACKUP_FAILED)
        *p->op = ZC_OP_BACKUP;
    return d == ZC_BACKUP_FAILED ? -1 : 0;
}

/* A directory with anything in it goes only where that was asked for. */
static int rename_in(struct placing *p)
{
    bool may_clear = p->r->flags & ZC_OPEN_DELETE ||
                     p->r->apply & ZC_APPLY_FORCE;
    bool swaps;
    if (back_up(p, &swaps))
        return -1;
    if (swaps)
        return swap_in(p);
    if (!renameat2(p->staging, p->tmp, p->dirfd, p->name, 0))
        return 0;
    if (errno == ENOTDIR || (errno == EISDIR && may_clear))
        return swap_in(p);
    if (errno == EISDIR && !unlinkat(p->dirfd, p->name, AT_REMOVEDIR))
        return renameat2(p->staging, p->tmp, p->dirfd, p->name, 0);
    return -1;
}

static int rename_in_what_may_be(struct placing *p)
{
    struct zc_receiver *r = p->r;
    int bad = rename_in(p);
    if (bad && errno == EACCES && zc_shelf_make_writable(r, p->shelf))
        bad = rename_in(p);
    if (bad && errno == EPERM &&
        zc_seals_break(r, p->shelf->node, p->dirfd, p->name))
        bad = rename_in(p);
    return bad;
}

static int place(struct zc_rworker *w, struct zc_shelf *s, const char *tmp,
                 const char *name, bool backs_up, unsigned *op)
{
    struct zc_receiver *r = w->r;
    *op = ZC_OP_RENAME;
    struct placing p = {.r = r,
                        .shelf = s,
                        .staging = atomic_load(&s->made_in),
                        .tmp = tmp,
                        .name = name,
                        .op = op};
    const char *path = backs_up ? zc_dirnode_path_of(s->node, name,
                                                     strlen(name), &w->path)
                                : NULL;
    zc_auto_free char *copy = path ? strdup(path) : NULL;
    if (backs_up && !copy) {
        errno = ENOMEM;
        return -1;
    }
    p.path = copy;
    p.dirfd = zc_dirnode_pin(r->tree, s->node);
    if (p.dirfd < 0)
        return -1;
    int bad = rename_in_what_may_be(&p), eno = errno;
    zc_dirnode_unpin(r->tree, s->node);
    if (!bad) {
        zc_shelf_touched(r, s);
        atomic_fetch_add(&r->done.changes, 1);
        zc_receiver_changed(r, s->node, name);
    }
    errno = eno;
    return bad;
}

int zc_place(struct zc_rworker *w, struct zc_shelf *s, const char *tmp,
             const char *name, unsigned *op)
{
    return place(w, s, tmp, name, zc_backup_on(w->r), op);
}

int zc_place_same(struct zc_rworker *w, struct zc_shelf *s, const char *tmp,
                  const char *name, unsigned *op)
{
    return place(w, s, tmp, name, false, op);
}

static bool is_spelled(int dirfd, const char *name)
{
    struct zc_names all;
    if (zc_names_read(dirfd, &all))
        return true;
    bool yes = zc_names_find(&all, name) < all.len;
    zc_names_fini(&all);
    return yes;
}

/* Some file systems take it for the rename of a name onto itself, which does
 * nothing (rename(2)); then it is taken away for a moment. */
void zc_place_respell(struct zc_receiver *r, struct zc_shelf *s, int dirfd,
                      const char *old, const char *name)
{
    char tmp[ZC_STAGING_NAME_SIZE];
    if (renameat(dirfd, old, dirfd, name) || is_spelled(dirfd, name))
        return;
    int staging = zc_shelf_staging(r, s, tmp);
    if (staging < 0 || renameat(dirfd, old, staging, tmp))
        return;
    if (renameat(staging, tmp, dirfd, name))
        renameat(staging, tmp, dirfd, old); /* else it is sent anew */
}

void zc_place_sync(struct zc_receiver *r, const struct zc_shelf *s)
{
    int dirfd = zc_dirnode_pin(r->tree, s->node);
    if (dirfd < 0)
        return;
    fsync(dirfd);
    zc_dirnode_unpin(r->tree, s->node);
}
