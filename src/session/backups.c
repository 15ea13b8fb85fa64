// SPDX-License-Identifier: GPL-2.0-or-later
/* Where backups go; see backups.h. */
#include "session/backups.h"

#include "fs/procfd.h"
#include "fs/rootdir.h"
#include "fs/staging.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The path of FD; "" where nobody can tell. */
static void path_of(int fd, char path[PATH_MAX])
{
    char link[ZC_PROCFD_PATH];
    ssize_t n = readlink(zc_procfd_path(link, fd), path, PATH_MAX - 1);
    path[n > 0 ? n : 0] = '\0';
}

/* B's directory may be in ROOT_FD, where deleting must not reach it. */
static int see_inside(struct zc_backups *b, int root_fd, struct zc_err *err)
{
    char root[PATH_MAX], own[PATH_MAX];
    path_of(root_fd, root);
    path_of(b->fd, own);
    size_t n = strlen(root);
    if (n && root[n - 1] == '/')
        n--;
    if (strncmp(root, own, n) != 0 || own[n] != '/' || !own[n + 1])
        return 0;
    b->inside = strdup(own + n + 1);
    return b->inside ? 0 : zc_err_nomem(err);
}

/* Where in the share that BASE tells of B's directory is. */
static int see_share(struct zc_backups *b,
                     const struct zc_alternates_base *base, struct zc_err *err)
{
    char top[PATH_MAX], own[PATH_MAX];
    const char *below = base->dest;
    if (b->way == ZC_BACKUP_INTO && *base->share) {
        zc_auto_close int root = zc_root_open(base->path, err);
        if (root < 0)
            return -1;
        path_of(root, top);
        path_of(b->fd, own);
        size_t n = strlen(top);
        below = !strncmp(top, own, n) && own[n] == '/' ? own + n + 1 : "";
    }
    b->in_share = strdup(*base->share ? below : "");
    return b->in_share ? 0 : zc_err_nomem(err);
}

/* B's directory has just been made: so it can be taken away again. */
static void see_parent(struct zc_backups *b)
{
    char own[PATH_MAX];
    path_of(b->fd, own);
    const char *slash = strrchr(own, '/');
    b->name = slash && slash[1] ? strdup(slash + 1) : NULL;
    if (b->name)
        b->parent = openat(b->fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static int open_dir(struct zc_backups *b, const char *dir, bool dry,
                    const struct zc_alternates_base *base, int root_fd,
                    struct zc_err *err)
{
    struct stat st, root;
    if (zc_alternates_open_one(base, dir, false, &b->fd, err))
        return -1;
    if (b->fd < 0 && errno == ENOENT && !dry) {
        if (zc_alternates_open_one(base, dir, true, &b->fd, err))
            return -1;
        if (b->fd >= 0)
            see_parent(b);
    }
    if (b->fd < 0)
        return dry ? 0
                   : zc_err_set(err, ZC_EXIT_SELECT, errno,
                                "cannot open the directory %s for backups",
                                dir);
    if (fstat(b->fd, &st) || fstat(root_fd, &root))
        return root_fd < 0 ? 0 : zc_err_errno(err, "look at a directory");
    if (st.st_dev != root.st_dev || st.st_ino != root.st_ino)
        return see_inside(b, root_fd, err);
    if (!*b->suffix)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "--backup-dir=%s is the destination itself: backups "
                          "there need a --suffix", dir);
    b->way = ZC_BACKUP_BESIDE;
    zc_close(&b->fd);
    return 0;
}

int zc_backups_open(struct zc_backups *b, const struct zc_msg_open *m,
                    const struct zc_alternates_base *base, int root_fd,
                    struct zc_err *err)
{
    if (!(m->apply & ZC_APPLY_BACKUP))
        return 0;
    b->fd = b->parent = -1;
    b->suffix = strndup(m->suffix.n ? (const char *)m->suffix.p : "",
                        m->suffix.n);
    if (!b->suffix)
        return zc_err_nomem(err);
    b->way = m->backup_dir.n ? ZC_BACKUP_INTO : ZC_BACKUP_BESIDE;
    if (b->way == ZC_BACKUP_BESIDE)
        return see_share(b, base, err);
    zc_auto_free char *dir = strndup((const char *)m->backup_dir.p,
                                     m->backup_dir.n);
    if (!dir)
        return zc_err_nomem(err);
    return open_dir(b, dir, m->flags & ZC_OPEN_DRY_RUN, base, root_fd, err) ||
                   see_share(b, base, err)
               ? -1
               : 0;
}

int zc_backups_open_trash(struct zc_backups *b, const struct zc_share *share,
                          const char *below, struct zc_err *err)
{
    if (!share->keep_s)
        return 0;
    b->fd = b->parent = -1;
    zc_auto_close int root = zc_root_open(share->path, err);
    if (root < 0)
        return -1;
    int trash = zc_trash_open(root, true);
    if (trash < 0 && (errno == EPERM || errno == EBUSY))
        return zc_staging_explain(root, errno, err);
    if (trash < 0)
        return zc_err_set(err, ZC_EXIT_SELECT, errno,
                          "cannot open the trash of share %s", share->name);
    b->way = ZC_BACKUP_TRASH;
    b->fd = trash;
    b->suffix = strdup("");
    b->below = strdup(below);
    b->limits = (struct zc_trash_limits){share->keep_s, share->keep_size};
    return b->suffix && b->below ? 0 : zc_err_nomem(err);
}

void zc_backups_tidy(struct zc_backups *b)
{
    if (b->way && b->parent >= 0)
        unlinkat(b->parent, b->name, AT_REMOVEDIR);
}

void zc_backups_close(struct zc_backups *b)
{
    if (!b->way)
        return;
    zc_backups_tidy(b);
    zc_close(&b->parent);
    zc_close(&b->fd);
    free(b->suffix);
    free(b->inside);
    free(b->in_share);
    free(b->below);
    free(b->name);
    *b = (struct zc_backups){0};
}
