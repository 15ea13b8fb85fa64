// SPDX-License-Identifier: GPL-2.0-or-later
/* Opening DEST; see dest.h. */
#include "session/dest.h"

#include "base/relpath.h"
#include "fs/rootdir.h"
#include "fs/staging.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Splits PATH at its last slash: the parent ("." or "" by EMPTY) and the name.
 */
static int split_last(const char *path, const char *empty, char **dir,
                      char **name)
{
    const char *slash = strrchr(path, '/');
    *name = strdup(slash ? slash + 1 : path);
    *dir = !slash ? strdup(empty)
                  : strndup(path, slash == path ? 1 : (size_t)(slash - path));
    return *dir && *name ? 0 : -1;
}

/* The name of the one file, unless DEST turns out to be it. */
static int own_name(struct zc_terms *t, struct zc_err *err)
{
    const struct zc_bytes name = t->open.name;
    if (!name.n || t->name)
        return 0;
    t->name = strndup((const char *)name.p, name.n);
    return t->name ? 0 : zc_err_nomem(err);
}

/* PATH is the file itself: T gets its name, *DIR is where it lies. */
static int name_from_path(struct zc_terms *t, const char *path,
                          const char *empty, char **dir, struct zc_err *err)
{
    free(t->name);
    t->name = NULL;
    return split_last(path, empty, dir, &t->name) ? zc_err_nomem(err) : 0;
}

static int check_name(const struct zc_terms *t, struct zc_err *err)
{
    if (!t->name || zc_name_ok(t->name, strlen(t->name)))
        return 0;
    return zc_err_set(err, ZC_EXIT_SELECT, 0, "%s is no file name", t->name);
}

/* Where the root is, for whoever looks again. SHARE NULL: the user's own. */
static int note_root(struct zc_terms *t, const char *path, const char *below,
                     const char *share, struct zc_err *err)
{
    t->root_path = strdup(path);
    t->root_below = strdup(below);
    if (!share)
        t->root_name = strdup(path);
    else if (asprintf(&t->root_name, "%s%s in share %s",
                      *below ? "" : "the root", below, share) < 0)
        t->root_name = NULL;
    return t->root_path && t->root_below && t->root_name ? 0
                                                         : zc_err_nomem(err);
}

static bool makes_path(const struct zc_terms *t)
{
    return t->open.apply & ZC_APPLY_MKPATH;
}

/* A directory that would be made has nothing in it yet. */
static enum zc_root_make may_be_made(const struct zc_terms *t)
{
    if (t->open.flags & ZC_OPEN_DRY_RUN || zc_require_in_dir(t->require))
        return ZC_ROOT_MAKE_NONE;
    return makes_path(t) ? ZC_ROOT_MAKE_PATH : ZC_ROOT_MAKE_LAST;
}

/* DIR, which the one file is to lie in. */
static int open_dir_of_file(struct zc_terms *t, const char *dir, int *fd,
                            struct zc_err *err)
{
    struct stat st;
    bool make = makes_path(t) && !zc_require_in_dir(t->require);
    if (make && t->open.flags & ZC_OPEN_DRY_RUN && stat(dir, &st) &&
        errno == ENOENT)
        return 0;
    *fd = zc_root_open_dest(dir, make ? ZC_ROOT_MAKE_PATH : ZC_ROOT_MAKE_NONE,
                            &t->made, err);
    if (*fd < 0 && !make && err->eno == ENOENT)
        zc_err_set(err, ZC_EXIT_SELECT, 0,
                   "cannot write into directory %s, as it is missing "
                   "(--mkpath makes it)", dir);
    return *fd < 0 ? -1 : note_root(t, dir, "", NULL, err);
}

static int open_own(const char *path, struct zc_terms *t, int *fd,
                    struct zc_err *err)
{
    struct stat st;
    uint32_t flags = t->open.flags;
    bool dry = flags & ZC_OPEN_DRY_RUN;
    bool exists = stat(path, &st) == 0;
    bool is_file = flags & ZC_OPEN_SINGLE_FILE &&
                   !(flags & ZC_OPEN_PATH_IS_DIR) &&
                   !(exists && S_ISDIR(st.st_mode));
    if (is_file) {
        zc_auto_free char *dir = NULL;
        if (name_from_path(t, path, ".", &dir, err))
            return -1;
        return open_dir_of_file(t, dir, fd, err);
    }
    if (dry && !exists && errno == ENOENT && !zc_require_in_dir(t->require))
        return 0;
    *fd = zc_root_open_dest(path, may_be_made(t), &t->made, err);
    return *fd < 0 ? -1 : note_root(t, path, "", NULL, err);
}

/* DEST, open as FD, may be in what another session has not synced; and so may
 * what is beside it, or be that. */
static void note_unsynced(struct zc_terms *t, int fd)
{
    const struct zc_alternates *a = &t->alternates;
    if (fd >= 0)
        zc_unsynced_look_above(fd, &t->unsynced);
    for (size_t i = 0; i < a->n; i++) {
        struct zc_unsynced_left left = {0};
        zc_unsynced_look(a->fds[i], true, false, &left);
        zc_unsynced_look_above(a->fds[i], &left);
        zc_unsynced_merge(&t->unsynced, &left);
        zc_unsynced_left_fini(&left);
    }
}

/* What is beside DEST, which is open, or, FD -1, not there. NAME is the share's. */
static int open_beside(struct zc_terms *t, const char *name,
                           const char *path, int fd, struct zc_err *err)
{
    const struct zc_bytes below = t->open.path;
    zc_auto_free char *asked = strndup((const char *)below.p, below.n);
    if (!asked)
        return zc_err_nomem(err);
    const char *there = *name ? t->root_below : t->root_path;
    const struct zc_alternates_base base = {
        .share = name,
        .path = path,
        .dest = there ? there : *name ? asked : path,
        .absent = fd < 0};
    if (zc_alternates_open(&t->alternates, t->open.alternates, &base, err) ||
        zc_backups_open(&t->backups, &t->open, &base, fd, err))
        return -1;
    note_unsynced(t, fd);
    return 0;
}

int zc_dest_open_own(const char *path, const struct zc_require *require,
                     struct zc_terms *t, int *fd, struct zc_err *err)
{
    *fd = -1;
    t->require = require;
    return own_name(t, err) || zc_require_check_paths(require, err) ||
                   open_own(path, t, fd, err) || check_name(t, err) ||
                   (*fd >= 0 &&
                    zc_require_check(require, *fd, t->root_path, err)) ||
                   open_beside(t, "", path, *fd, err)
               ? -1
               : 0;
}

static int cannot_open(const struct zc_share *share, const char *path,
                       const struct zc_terms *t, struct zc_err *err)
{
    if (errno == ENOENT && strchr(path, '/') && !makes_path(t))
        return zc_err_set(err, ZC_EXIT_SELECT, 0,
                          "cannot open %s in share %s, as the directory it "
                          "would be in is missing (--mkpath makes that, too)",
                          path, share->name);
    return zc_err_set(err, ZC_EXIT_SELECT, errno, "cannot open %s in share %s",
                      *path ? path : "the root", share->name);
}

static int open_below(const struct zc_share *share, const char *path,
                      struct zc_terms *t, int *fd, struct zc_err *err)
{
    uint32_t flags = t->open.flags;
    bool dir_wanted = !(flags & ZC_OPEN_SINGLE_FILE) ||
                      flags & ZC_OPEN_PATH_IS_DIR;
    zc_auto_close int base = zc_root_open(share->path, err);
    if (base < 0 ||
        zc_require_check(share->require, base, share->path, err))
        return -1;
    if (zc_staging_on_path(base, path)) /* nobody's to write into */
        return zc_err_set(err, ZC_EXIT_SELECT, 0,
                          "%s is the name of the staging folder, and reserved",
                          ZC_STAGING_NAME);
    *fd = zc_root_open_dir(base, path);
    if (*fd >= 0)
        return note_root(t, share->path, path, share->name, err);
    if (errno == ENOENT && dir_wanted) {
        if (flags & ZC_OPEN_DRY_RUN)
            return 0;
        *fd = zc_root_make_dir(base, path, makes_path(t));
        t->made = *fd >= 0;
    } else if ((errno == ENOENT || errno == ENOTDIR || errno == ELOOP) &&
               !dir_wanted) {
        zc_auto_free char *dir = NULL;
        if (name_from_path(t, path, "", &dir, err))
            return -1;
        *fd = zc_root_open_dir(base, dir);
        if (*fd < 0 && errno == ENOENT && makes_path(t)) {
            if (flags & ZC_OPEN_DRY_RUN)
                return 0;
            *fd = zc_root_make_dir(base, dir, true);
        }
        if (*fd >= 0)
            return note_root(t, share->path, dir, share->name, err);
    }
    return *fd < 0 ? cannot_open(share, path, t, err)
                   : note_root(t, share->path, path, share->name, err);
}

int zc_dest_open_share(const struct zc_share *share, struct zc_terms *t,
                       int *fd, struct zc_err *err)
{
    const struct zc_bytes p = t->open.path;
    *fd = -1;
    t->require = share->require;
    zc_auto_free char *path = strndup((const char *)p.p, p.n);
    if (!path)
        return zc_err_nomem(err);
    if (own_name(t, err))
        return -1;
    return open_below(share, path, t, fd, err) || check_name(t, err) ||
                   open_beside(t, share->name, share->path, *fd, err) ||
                   (*fd >= 0 && !(t->open.flags & ZC_OPEN_DRY_RUN) &&
                    zc_backups_open_trash(&t->trash, share,
                                          t->backups.way ? "" : t->root_below,
                                          err))
               ? -1
               : 0;
}
