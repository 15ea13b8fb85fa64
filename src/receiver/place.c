// SPDX-License-Identifier: GPL-2.0-or-later
/* From the staging folder to the name; see place.h. */
#include "receiver/place.h"

#include "fs/remove.h"
#include "fs/procfd.h"
#include "fs/rootdir.h"
#include "receiver/core.h"
#include "receiver/volumes.h"
#include "tree/names.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

int zc_place_staging(const struct zc_shelf *s, char tmp[ZC_STAGING_NAME_SIZE])
{
    int staging = zc_staging_fd(s->vol->staging);
    if (staging >= 0)
        zc_staging_name(s->vol->staging, tmp);
    return staging;
}

void zc_place_discard(const struct zc_shelf *s, const char *tmp)
{
    int eno = errno, staging = zc_staging_fd(s->vol->staging);
    if (staging >= 0)
        unlinkat(staging, tmp, 0);
    errno = eno;
}

/* The same where the file system cannot exchange names: what has the name is
 * put aside first, and back where that was in vain. */
static int swap_by_turns(struct zc_staging *s, int staging, const char *tmp,
                         int dirfd, const char *name)
{
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
    zc_remove_tree(staging, old, old, NULL);
    return 0;
}

/* Something of another kind has the name: they change places, and it goes. */
static int swap_in(struct zc_staging *s, int staging, const char *tmp,
                   int dirfd, const char *name)
{
    if (renameat2(staging, tmp, dirfd, name, RENAME_EXCHANGE))
        return errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP
                   ? swap_by_turns(s, staging, tmp, dirfd, name)
                   : -1;
    zc_remove_tree(staging, tmp, tmp, NULL);
    return 0;
}

/* A directory with anything in it goes only where deleting was asked for. */
static int rename_in(struct zc_receiver *r, struct zc_staging *s, int staging,
                     const char *tmp, int dirfd, const char *name)
{
    if (!renameat2(staging, tmp, dirfd, name, 0))
        return 0;
    if (errno == ENOTDIR ||
        (errno == EISDIR && r->flags & ZC_OPEN_DELETE))
        return swap_in(s, staging, tmp, dirfd, name);
    if (errno == EISDIR && !unlinkat(dirfd, name, AT_REMOVEDIR))
        return renameat2(staging, tmp, dirfd, name, 0);
    return -1;
}

int zc_place(struct zc_rworker *w, struct zc_shelf *s, const char *tmp,
             const char *name, unsigned *op)
{
    struct zc_receiver *r = w->r;
    *op = ZC_OP_RENAME;
    int staging = zc_staging_fd(s->vol->staging);
    int dirfd = zc_dirnode_pin(r->tree, s->node);
    if (dirfd < 0)
        return -1;
    struct zc_staging *st = s->vol->staging;
    int bad = staging < 0 ? -1 : rename_in(r, st, staging, tmp, dirfd, name);
    if (bad && errno == EACCES && zc_place_make_writable(r, s))
        bad = rename_in(r, st, staging, tmp, dirfd, name);
    int eno = errno;
    zc_dirnode_unpin(r->tree, s->node);
    if (!bad) {
        zc_place_touched(r, s);
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
void zc_place_respell(const struct zc_shelf *s, int dirfd, const char *old,
                      const char *name)
{
    char tmp[ZC_STAGING_NAME_SIZE];
    if (renameat(dirfd, old, dirfd, name) || is_spelled(dirfd, name))
        return;
    int staging = zc_place_staging(s, tmp);
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

void zc_place_touched(struct zc_receiver *r, struct zc_shelf *s)
{
    pthread_mutex_lock(&r->lock);
    s->touched = true;
    pthread_mutex_unlock(&r->lock);
}

/* A handle on S that needs no permission on S itself. */
static int open_handle(struct zc_receiver *r, struct zc_shelf *s)
{
    struct zc_dirnode *parent = zc_dirnode_parent(s->node);
    if (!parent)
        return fcntl(r->root_fd, F_DUPFD_CLOEXEC, 0);
    int up = zc_dirnode_pin(r->tree, parent);
    if (up < 0)
        return -1;
    int fd = zc_path_open(up, zc_dirnode_name(s->node));
    zc_dirnode_unpin(r->tree, parent);
    return fd;
}

bool zc_place_make_writable(struct zc_receiver *r, struct zc_shelf *s)
{
    struct zc_stat st;
    if (r->is_root)
        return false;
    zc_auto_close int fd = open_handle(r, s);
    bool done = fd >= 0 && !zc_stat_at(fd, "", &st) && S_ISDIR(st.mode) &&
                st.uid == geteuid() && (st.mode & S_IRWXU) != S_IRWXU &&
                !zc_fd_chmod(fd, (st.mode & 07777) | S_IRWXU);
    if (done) {
        pthread_mutex_lock(&r->lock);
        s->writable_made = true;
        pthread_mutex_unlock(&r->lock);
    }
    return done;
}
