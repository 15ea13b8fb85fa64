// SPDX-License-Identifier: GPL-2.0-or-later
/* Mounts and their staging folders; see volumes.h. */
#include "receiver/volumes.h"

#include "receiver/core.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#define EXT4_MAGIC 0xEF53
#define XFS_MAGIC 0x58465342

void zc_volumes_init(struct zc_volumes *v)
{
    *v = (struct zc_volumes){0};
    SLIST_INIT(&v->list);
}

/* Those where a directory that refuses what was made elsewhere says so by what
 * it passes on; others (NFS, FUSE, overlays) stand for who knows what. */
static bool is_open_about_it(int fd)
{
    struct statfs fs;
    if (fstatfs(fd, &fs))
        return false;
    switch ((unsigned)fs.f_type) {
    case EXT4_MAGIC:
    case XFS_MAGIC:
    case BTRFS_SUPER_MAGIC:
    case F2FS_SUPER_MAGIC:
    case TMPFS_MAGIC:
    case MSDOS_SUPER_MAGIC:
    case EXFAT_SUPER_MAGIC:
        return true;
    default:
        return false;
    }
}

/* What the session sets itself need not be inherited. */
static void learn_heritage(struct zc_receiver *r, struct zc_volume *v)
{
    unsigned flags = zc_heritage_kinds(v->dirfd);
    v->passes_on = flags;
    if (!(r->keep & ZC_KEEP_ACLS))
        v->passes_on |= ZC_HERITAGE_ACL;
    if (!(r->keep & ZC_KEEP_GROUP) || !r->is_root)
        v->passes_on |= ZC_HERITAGE_GROUP;
    v->heritage = zc_heritage_of(v->dirfd, flags);
    v->may_refuse = !is_open_about_it(v->dirfd);
}

static struct zc_volume *volume_new(struct zc_receiver *r, int dirfd,
                                    const struct zc_stat *st)
{
    struct zc_volume *v = calloc(1, sizeof *v);
    struct statfs fs;
    if (!v)
        return NULL;
    v->dev = st->dev;
    v->mnt_id = st->mnt_id;
    v->time_step = zc_time_step(dirfd);
    v->dirfd = fcntl(dirfd, F_DUPFD_CLOEXEC, 0);
    v->staging = zc_staging_new(dirfd);
    if (v->dirfd < 0 || !v->staging) {
        int eno = errno;
        zc_close(&v->dirfd);
        zc_staging_free(v->staging);
        free(v);
        errno = eno;
        return NULL;
    }
    learn_heritage(r, v);
    if (!fstatfs(dirfd, &fs)) {
        /* Measured: it pays on ext4, is neutral on xfs, costs on btrfs. */
        v->preallocate = fs.f_type == EXT4_MAGIC || fs.f_type == XFS_MAGIC;
        v->clones = fs.f_type != EXT4_MAGIC && fs.f_type != TMPFS_MAGIC;
        v->has_properties = fs.f_type == BTRFS_SUPER_MAGIC;
    }
    v->careful = !zc_meta_trusted(dirfd);
    if (v->careful)
        atomic_store(&r->volumes->careful, true);
    SLIST_INSERT_HEAD(&r->volumes->list, v, next);
    return v;
}

bool zc_volume_has(const struct zc_volume *v, const struct zc_stat *st)
{
    return v && st->dev == v->dev && st->mnt_id == v->mnt_id;
}

/* The volume of the directory DIRFD (ST), made when it is new. */
static struct zc_volume *volume_get(struct zc_receiver *r, int dirfd,
                                    const struct zc_stat *st)
{
    struct zc_volume *v;
    pthread_mutex_lock(&r->lock);
    SLIST_FOREACH(v, &r->volumes->list, next)
        if (zc_volume_has(v, st))
            break;
    if (!v)
        v = volume_new(r, dirfd, st);
    pthread_mutex_unlock(&r->lock);
    return v;
}

struct zc_volume *zc_volume_enter(struct zc_receiver *r, int fd,
                                  const struct zc_stat *st)
{
    if (!r->dry)
        zc_staging_clean(fd, &r->terms.partials);
    return volume_get(r, fd, st);
}

/* Nothing is looked at on it but its time step. */
static struct zc_volume *volume_of_nothing(struct zc_receiver *r)
{
    struct zc_volume *v = calloc(1, sizeof *v);
    if (!v)
        return NULL;
    v->dirfd = -1;
    v->time_step = 1;
    SLIST_INSERT_HEAD(&r->volumes->list, v, next);
    return v;
}

struct zc_volume *zc_volume_of_root(struct zc_receiver *r)
{
    struct zc_stat st;
    if (r->root_fd < 0)
        return volume_of_nothing(r);
    return zc_stat_at(r->root_fd, "", &st) ? NULL
                                           : volume_get(r, r->root_fd, &st);
}

int zc_volume_of_node(struct zc_receiver *r, struct zc_dirnode *node,
                      struct zc_volume **v, bool *top)
{
    struct zc_stat st;
    struct zc_dirnode *up = zc_dirnode_parent(node);
    if (up && zc_volume_of_node(r, up, v, top))
        return -1;
    int fd = zc_dirnode_pin(r->tree, node);
    if (fd < 0)
        return -1;
    *top = !up;
    int bad = zc_stat_at(fd, "", &st);
    if (!bad && !zc_volume_has(*v, &st)) {
        struct zc_volume *other = zc_volume_enter(r, fd, &st);
        bad = other ? 0 : -1;
        *v = other ? other : *v;
        *top = other ? true : *top;
    }
    zc_dirnode_unpin(r->tree, node);
    return bad;
}

struct zc_volume *zc_volume_known(struct zc_receiver *r, int fd)
{
    struct zc_volume *v = NULL;
    struct zc_stat st;
    if (zc_stat_at(fd, "", &st))
        return NULL;
    pthread_mutex_lock(&r->lock);
    SLIST_FOREACH(v, &r->volumes->list, next)
        if (zc_volume_has(v, &st))
            break;
    pthread_mutex_unlock(&r->lock);
    return v;
}

uint32_t zc_volumes_time_step(const struct zc_receiver *r)
{
    const struct zc_volume *v = SLIST_FIRST(&r->volumes->list);
    return v ? v->time_step : 1;
}

/* --- stable storage --- */

int zc_volumes_syncfs(struct zc_receiver *r)
{
    pthread_mutex_lock(&r->lock);
    struct zc_volume *v = SLIST_FIRST(&r->volumes->list);
    pthread_mutex_unlock(&r->lock);
    for (; v; v = SLIST_NEXT(v, next)) /* only added, and at the front */
        if (syncfs(v->dirfd))
            return errno;
    return 0;
}

int zc_volumes_sync(struct zc_receiver *r, bool all)
{
    struct zc_volume *v;
    SLIST_FOREACH(v, &r->volumes->list, next)
        if (all ? syncfs(v->dirfd) : fsync(v->dirfd))
            return -1;
    return 0;
}

/* --- the end of a round --- */

static void restore_top_times(struct zc_volume *v)
{
    if (v->top_wanted)
        zc_fd_set_mtime(v->dirfd, v->top_mtime_s, v->top_mtime_ns);
}

void zc_volumes_clear_staging(struct zc_receiver *r)
{
    struct zc_volume *v;
    SLIST_FOREACH(v, &r->volumes->list, next) {
        bool used = v->staging && zc_staging_used(v->staging);
        zc_staging_free(v->staging);
        v->staging = NULL;
        if (used)
            restore_top_times(v);
    }
}

void zc_volumes_keep_staging(struct zc_receiver *r)
{
    struct zc_volume *v;
    SLIST_FOREACH(v, &r->volumes->list, next) {
        bool used = v->staging && zc_staging_used(v->staging);
        if (used && !v->staging_kept)
            restore_top_times(v);
        v->staging_kept = used;
    }
}

static void volume_free(struct zc_volume *v)
{
    zc_staging_free(v->staging);
    zc_close(&v->dirfd);
    free(v);
}

void zc_volumes_leave(struct zc_receiver *r)
{
    struct zc_volumes *all = r->volumes;
    struct zc_volume *v;
    while ((v = SLIST_FIRST(&all->list)) && SLIST_NEXT(v, next)) {
        SLIST_REMOVE_HEAD(&all->list, next);
        all->left = true;
        zc_staging_free(v->staging);
        v->staging = NULL;
        restore_top_times(v);
        volume_free(v);
    }
}

void zc_volumes_free(struct zc_receiver *r)
{
    struct zc_volume *v;
    zc_volumes_clear_staging(r);
    while ((v = SLIST_FIRST(&r->volumes->list))) {
        SLIST_REMOVE_HEAD(&r->volumes->list, next);
        volume_free(v);
    }
}
