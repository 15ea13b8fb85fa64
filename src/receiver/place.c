// SPDX-License-Identifier: GPL-2.0-or-later
/* From the staging folder to the name; see place.h. */
#include "receiver/place.h"

#include "fs/remove.h"
#include "receiver/core.h"
#include "receiver/seals.h"
#include "receiver/volumes.h"
#include "tree/names.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

void zc_place_discard(const struct zc_shelf *s, const char *tmp)
{
    int eno = errno, staging = atomic_load(&s->made_in);
    if (staging >= 0)
        unlinkat(staging, tmp, 0);
    errno = eno;
}

/* The same where the file system cannot exchange names: what has the name is
 * put aside first, and back where that was in vain. */
static int swap_by_turns(struct zc_receiver *r, struct zc_staging *s,
                         int staging, const char *tmp, int dirfd,
                         const char *name)
{
    struct zc_remove_ops ops = {.unseal = r->keep & ZC_KEEP_FLAGS};
    char old[ZC_STAGING_NAME_SIZE];
    zc_staging_name(s, old);
    if (renameat(dirfd, name, staging, old))
        return -1;
    if (renameat(staging, tmp, dirfd, name)) {
        int eno = errno;
        renameat(staging, old, dirfd, name);
        errno = eno;
        return -1;
    }
    zc_remove_tree(staging, old, old, &ops);
    return 0;
}

/* Something of another kind has the name: they change places, and it goes. */
static int swap_in(struct zc_receiver *r, struct zc_staging *s, int staging,
                   const char *tmp, int dirfd, const char *name)
{
    struct zc_remove_ops ops = {.unseal = r->keep & ZC_KEEP_FLAGS};
    if (renameat2(staging, tmp, dirfd, name, RENAME_EXCHANGE))
        return errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP
                   ? swap_by_turns(r, s, staging, tmp, dirfd, name)
                   : -1;
    zc_remove_tree(staging, tmp, tmp, &ops);
    return 0;
}

/* A directory with anything in it goes only where that was asked for. */
static int rename_in(struct zc_receiver *r, struct zc_staging *s, int staging,
                     const char *tmp, int dirfd, const char *name)
{
    bool may_clear = r->flags & ZC_OPEN_DELETE || r->apply & ZC_APPLY_FORCE;
    if (!renameat2(staging, tmp, dirfd, name, 0))
        return 0;
    if (errno == ENOTDIR ||
        (errno == EISDIR && may_clear))
        return swap_in(r, s, staging, tmp, dirfd, name);
    if (errno == EISDIR && !unlinkat(dirfd, name, AT_REMOVEDIR))
        return renameat2(staging, tmp, dirfd, name, 0);
    return -1;
}

int zc_place(struct zc_rworker *w, struct zc_shelf *s, const char *tmp,
             const char *name, unsigned *op)
{
    struct zc_receiver *r = w->r;
    *op = ZC_OP_RENAME;
    int staging = atomic_load(&s->made_in);
    int dirfd = zc_dirnode_pin(r->tree, s->node);
    if (dirfd < 0)
        return -1;
    struct zc_staging *st = s->vol->staging; /* for names */
    int bad = rename_in(r, st, staging, tmp, dirfd, name);
    if (bad && errno == EACCES && zc_shelf_make_writable(r, s))
        bad = rename_in(r, st, staging, tmp, dirfd, name);
    if (bad && errno == EPERM && zc_seals_break(r, s->node, dirfd, name))
        bad = rename_in(r, st, staging, tmp, dirfd, name);
    int eno = errno;
    zc_dirnode_unpin(r->tree, s->node);
    if (!bad) {
        zc_shelf_touched(r, s);
        atomic_fetch_add(&r->done.changes, 1);
    }
    errno = eno;
    return bad;
}

static bool is_spelled(int dirfd, const char *name)
{
    struct zc_names all;
    if (zc_names_read(dirfd, &all))
        return true;
    size_t at = zc_names_lower_bound(&all, name, strlen(name));
    bool yes = at < all.len && !strcmp(zc_names_at(&all, at), name);
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
