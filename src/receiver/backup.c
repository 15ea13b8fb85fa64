// SPDX-License-Identifier: GPL-2.0-or-later
/* What loses its name, kept; see backup.h. */
#include "receiver/backup.h"

#include "base/clock.h"
#include "base/libc.h"
#include "fs/remove.h"
#include "receiver/core.h"
#include "session/twin.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Others may be making backups in the same place. */
#define TRIES 4
/* The trash is looked through so often, and for so long at a time. */
#define PRUNE_EVERY_NS (3600 * ZC_NSEC_PER_SEC)
#define PRUNE_BEGIN_NS (ZC_NSEC_PER_SEC / 4)
#define PRUNE_ROUND_NS ZC_NSEC_PER_SEC
#define PRUNE_END_NS (10 * ZC_NSEC_PER_SEC)

bool zc_backup_on(const struct zc_receiver *r)
{
    return r->backup->how && !r->dry;
}

bool zc_backup_protects(const struct zc_receiver *r, const char *path)
{
    const char *dir = r->terms.backups.inside;
    size_t n = dir ? strlen(dir) : 0;
    return n && !strncmp(dir, path, n) && (!path[n] || path[n] == '/');
}

static int make_way(struct zc_receiver *r, struct zc_backup *b,
                    const struct zc_lost *l, const struct zc_spot *s);

static int copy_to(struct zc_receiver *r, struct zc_backup *b,
                   const struct zc_lost *l, const struct zc_spot *s)
{
    struct zc_stat st;
    int bad;
    if ((b->trash || (!zc_stat_at(s->fd, s->name, &st) && S_ISDIR(st.mode))) &&
        make_way(r, b, l, s))
        return -1;
    do
        bad = zc_twin_make(l->dirfd, l->name, s->fd, s->name,
                           zc_receiver_syncs_first(r));
    while (bad && zc_dirtree_give_back(r->tree));
    return bad;
}

/* --- other names --- */

/* A rename to a name that nothing has. */
static int rename_new(const struct zc_lost *l, const struct zc_spot *s)
{
    struct zc_stat st;
    int bad = renameat2(l->dirfd, l->name, s->fd, s->name, RENAME_NOREPLACE);
    if (!bad || (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP))
        return bad;
    if (!zc_stat_at(s->fd, s->name, &st)) {
        errno = EEXIST;
        return -1;
    }
    return renameat(l->dirfd, l->name, s->fd, s->name);
}

/* L gets the name S as well, or, with MOVE, instead. */
static int name_it(struct zc_receiver *r, struct zc_backup *b,
                   const struct zc_lost *l, const struct zc_spot *s, bool move)
{
    int bad = -1;
    for (int i = 0; i < TRIES; i++) {
        bad = move ? rename_new(l, s)
                   : linkat(l->dirfd, l->name, s->fd, s->name, 0);
        if (!bad || errno != EEXIST ||
            b->how->way == ZC_BACKUP_TRASH || make_way(r, b, l, s))
            break;
    }
    return bad;
}

/* The same, and where: as zc_spot_find. What was open may have been removed. */
static int name_somewhere(struct zc_receiver *r, struct zc_backup *b,
                          const struct zc_lost *l, struct zc_spot *s, bool move)
{
    struct zc_stat st;
    for (int i = 0; i < TRIES; i++) {
        int bad = zc_spot_find(r, b, l, s);
        if (bad || !name_it(r, b, l, s, move))
            return bad;
        if (errno == EEXIST)
            continue;
        if (errno != ENOENT || zc_stat_at(l->dirfd, l->name, &st))
            return -1;
        zc_spot_forget(b);
        errno = ESTALE;
    }
    return -1;
}

static enum zc_backup_done link_it(struct zc_receiver *r,
                                   const struct zc_lost *l)
{
    struct zc_spot s = {.fd = -1};
    int bad = name_somewhere(r, r->backup, l, &s, false);
    if (bad >= 0)
        return bad ? ZC_BACKUP_NOTHING : ZC_BACKUP_DONE;
    if (s.fd < 0)
        return ZC_BACKUP_FAILED;
    switch (errno) {
    case ENOENT: /* it is gone by itself */
        return ZC_BACKUP_NOTHING;
    case EXDEV:
        return copy_to(r, r->backup, l, &s) ? ZC_BACKUP_FAILED
                                           : ZC_BACKUP_DONE;
    case EPERM:
    case EMLINK:
    case EOPNOTSUPP:
        return ZC_BACKUP_LATER;
    default:
        return ZC_BACKUP_FAILED;
    }
}

static enum zc_backup_done unlink_it(const struct zc_lost *l)
{
    return unlinkat(l->dirfd, l->name, 0) && errno != ENOENT ? ZC_BACKUP_FAILED
                                                             : ZC_BACKUP_DONE;
}

static enum zc_backup_done move_it(struct zc_receiver *r, struct zc_backup *b,
                                   const struct zc_lost *l)
{
    struct zc_spot s = {.fd = -1};
    int bad = name_somewhere(r, b, l, &s, true);
    if (bad > 0)
        return unlink_it(l);
    if (!bad)
        return s.fd == l->dirfd ? ZC_BACKUP_STAYS : ZC_BACKUP_DONE;
    if (s.fd < 0)
        return ZC_BACKUP_FAILED;
    if (errno == ENOENT)
        return ZC_BACKUP_DONE;
    return errno != EXDEV || copy_to(r, b, l, &s) ? ZC_BACKUP_FAILED
                                               : unlink_it(l);
}

/* What has the name S, a backup of an earlier time or what else is there, goes;
 * into the trash, where the share has one. */
static int make_way(struct zc_receiver *r, struct zc_backup *b,
                    const struct zc_lost *l, const struct zc_spot *s)
{
    if (!b->trash)
        return zc_spot_clear(s);
    zc_auto_free char *name = NULL;
    if (asprintf(&name, "%s%s%s%s", b->how->in_share,
                 *b->how->in_share ? "/" : "", l->path, b->how->suffix) < 0) {
        name = NULL;
        return -1;
    }
    const struct zc_lost old = {.dirfd = s->fd,
                                .name = s->name,
                                .path = name,
                                .home = s->fd,
                                .deleted = true,
                                .bare = true};
    return move_it(r, b->trash, &old) == ZC_BACKUP_FAILED ? -1 : 0;
}

/* --- the three ways to lose one --- */

enum zc_backup_done zc_backup_before(struct zc_receiver *r,
                                     const struct zc_lost *l)
{
    struct zc_stat st;
    if (zc_stat_at(l->dirfd, l->name, &st))
        return errno == ENOENT ? ZC_BACKUP_NOTHING : ZC_BACKUP_FAILED;
    if (S_ISDIR(st.mode))
        return ZC_BACKUP_NOTHING;
    pthread_mutex_lock(&r->backup->lock);
    enum zc_backup_done d = link_it(r, l);
    int eno = errno;
    pthread_mutex_unlock(&r->backup->lock);
    errno = eno;
    return d;
}

bool zc_backup_is_one(const struct zc_receiver *r, const char *path)
{
    const struct zc_backups *how = r->backup->how;
    if (!how || how->way != ZC_BACKUP_BESIDE)
        return false;
    size_t n = strlen(path), k = strlen(how->suffix);
    return n > k && !strcmp(path + n - k, how->suffix);
}

/* L is a backup itself. */
static enum zc_backup_done throw_away(struct zc_receiver *r,
                                      const struct zc_lost *l)
{
    const char *below = r->backup->how->in_share;
    struct zc_lost old = *l;
    zc_auto_free char *path = *below ? zc_relpath_join(below, l->path)
                                     : strdup(l->path);
    if (!path)
        return ZC_BACKUP_FAILED;
    old.path = path;
    old.bare = true;
    return move_it(r, r->backup->trash, &old);
}

static enum zc_backup_done take_file(struct zc_receiver *r,
                                     const struct zc_lost *l)
{
    bool is_one = zc_backup_is_one(r, l->path);
    if (is_one && !r->backup->trash)
        return unlink_it(l);
    pthread_mutex_lock(&r->backup->lock);
    enum zc_backup_done d = is_one ? throw_away(r, l)
                                   : move_it(r, r->backup, l);
    int eno = errno;
    pthread_mutex_unlock(&r->backup->lock);
    errno = eno;
    return d;
}

struct aside {
    struct zc_receiver *r;
    const struct zc_lost *top;
};

static int take_below(void *arg, int dirfd, const char *name, const char *path)
{
    const struct aside *a = arg;
    const struct zc_lost l = {.dirfd = dirfd,
                              .name = name,
                              .path = path,
                              .home = dirfd,
                              .deleted = true,
                              .top = a->top};
    return take_file(a->r, &l);
}

static void leave_below(void *arg, int dirfd, const char *name,
                        const char *path)
{
    const struct aside *a = arg;
    const struct zc_lost l = {.dirfd = dirfd,
                              .name = name,
                              .path = path,
                              .home = dirfd,
                              .top = a->top};
    zc_backup_dir(a->r, &l);
}

enum zc_backup_done zc_backup_take(struct zc_receiver *r,
                                   const struct zc_lost *l)
{
    struct zc_stat st;
    if (zc_stat_at(l->dirfd, l->name, &st))
        return errno == ENOENT ? ZC_BACKUP_DONE : ZC_BACKUP_FAILED;
    /* Beside it a directory that was replaced is renamed as a whole. */
    if (!S_ISDIR(st.mode) || r->backup->how->way == ZC_BACKUP_BESIDE)
        return take_file(r, l);
    struct aside a = {.r = r, .top = l};
    const struct zc_remove_ops ops = {.take = take_below,
                                      .leave = leave_below,
                                      .unseal = r->keep & ZC_KEEP_FLAGS,
                                      .arg = &a};
    return zc_remove_tree(l->dirfd, l->name, l->path, &ops) ? ZC_BACKUP_FAILED
                                                            : ZC_BACKUP_DONE;
}

void zc_backup_dir(struct zc_receiver *r, const struct zc_lost *l)
{
    if (r->backup->how->way != ZC_BACKUP_TRASH)
        return; /* as with rsync */
    pthread_mutex_lock(&r->backup->lock);
    (void)zc_spot_make_dir(r, r->backup, l);
    pthread_mutex_unlock(&r->backup->lock);
}

enum zc_backup_done zc_backup_copy(struct zc_receiver *r,
                                   const struct zc_lost *l)
{
    struct zc_spot s;
    pthread_mutex_lock(&r->backup->lock);
    int bad = zc_spot_find(r, r->backup, l, &s);
    if (!bad)
        bad = copy_to(r, r->backup, l, &s);
    int eno = errno;
    pthread_mutex_unlock(&r->backup->lock);
    errno = eno;
    return bad < 0 ? ZC_BACKUP_FAILED : bad ? ZC_BACKUP_NOTHING
                                            : ZC_BACKUP_DONE;
}

/* --- what is kept, for a time --- */

static void prune(struct zc_receiver *r, int64_t budget_ns, bool look)
{
    const struct zc_backups *how = &r->terms.trash;
    if (!how->way || r->dry)
        return;
    zc_trash_prune(how->fd, &how->limits, time(NULL),
                   zc_clock_ns() + budget_ns, look);
    r->backup->pruned = zc_clock_ns();
}

void zc_backup_prune(struct zc_receiver *r, bool end)
{
    /* A mirror's next session waits for the end of this one. */
    bool waited_for = r->flags & ZC_OPEN_ROUNDS;
    prune(r, !end         ? PRUNE_BEGIN_NS
             : waited_for ? PRUNE_ROUND_NS
                          : PRUNE_END_NS,
          end);
}

void zc_backup_tidy(struct zc_receiver *r)
{
    if (zc_clock_ns() - r->backup->pruned > PRUNE_EVERY_NS)
        prune(r, PRUNE_ROUND_NS, true);
}
