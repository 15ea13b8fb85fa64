// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is there now: opening a directory of the tree, proving that it is the
 * one the table means, and making the table agree with what has a name. Where
 * the table has a directory, its name in its parent, is called its spot.
 *
 * A path out of the table may lead elsewhere by now, since events about it may
 * not have been read yet. So what was opened is asked for its key; only when
 * that is the directory's own are its names looked at, relative to it. A key
 * that is found in one spot, and which the table has in another, tells of a
 * rename before the event does.
 */
#include "watch/look.h"

#include "base/clock.h"
#include "base/log.h"
#include "fs/meta.h"
#include "fs/rootdir.h"
#include "tree/filter.h"
#include "watch/backend.h"
#include "watch/internal.h"
#include "watch/places.h"
#include "watch/report.h"
#include "watch/todo.h"
#include "watch/tree.h"

#include <string.h>

bool zc_wreserved(const struct zc_watch *w, zc_wdir dir, const char *name,
                  size_t n)
{
    if (zc_name_is_nest(name, n))
        return true;
    return n == strlen(ZC_STAGING_NAME) && !memcmp(name, ZC_STAGING_NAME, n) &&
           (dir == ZC_WDIR_ROOT ||
            zc_wtree_flags(w->tree, dir) & ZC_WDIR_MOUNT);
}

/* The path of NAME in DIR, in OUT; NULL: DIR is not known, or no memory. */
static const char *path_in(const struct zc_watch *w, zc_wdir dir,
                           const char *name, size_t n, struct zc_buf *out)
{
    if (!zc_wtree_path(w->tree, dir, out))
        return NULL;
    if (dir == ZC_WDIR_ROOT)
        out->len = 0;
    else
        out->data[out->len - 1] = '/';
    zc_buf_put(out, name, n);
    zc_buf_u8(out, 0);
    return out->failed ? NULL : (const char *)out->data;
}

bool zc_whidden(struct zc_watch *w, zc_wdir dir, const char *name, size_t n)
{
    if (!w->filter)
        return false;
    const char *path = path_in(w, dir, name, n, &w->path);
    return path && zc_filter_hides(w->filter, path, true);
}

bool zc_wjudged_anew(struct zc_watch *w, const struct zc_wspot *from,
                     const struct zc_wspot *to)
{
    if (!w->filter)
        return false;
    struct zc_buf buf = ZC_BUF_INIT;
    const char *a = path_in(w, from->dir, from->name, from->len, &w->path);
    const char *b = path_in(w, to->dir, to->name, to->len, &buf);
    bool anew = !a || !b || zc_filter_differs(w->filter, a, b);
    zc_buf_fini(&buf);
    return anew;
}

/* --- opening --- */

void zc_wclose_dir(struct zc_watch *w)
{
    zc_close(&w->look.at_fd);
    w->look.at_dir = ZC_WDIR_NONE;
}

void zc_wclose(struct zc_watch *w)
{
    zc_wclose_dir(w);
    zc_close(&w->look.root_fd);
}

static int open_root(struct zc_watch *w)
{
    struct zc_err err;
    struct zc_stat st;
    if (w->look.root_fd >= 0)
        return w->look.root_fd;
    if (w->gone)
        return -1;
    int fd = zc_root_open(w->root, &err);
    if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM)) {
        zc_wstarved(w, errno);
        return -1;
    }
    if (fd < 0 || zc_stat_at(fd, "", &st) || st.dev != w->id.dev ||
        st.ino != w->id.ino || st.mnt_id != w->id.mnt) {
        zc_close(&fd);
        if (!zc_wroot_ok(w, &err))
            zc_wgone(w, err.text);
        return -1;
    }
    return w->look.root_fd = fd;
}

/* The directory that has the key of FD. NONE: no directory has, and the key was
 * given back, or FD has none. */
static zc_wdir known_as(struct zc_watch *w, int fd)
{
    struct zc_wkey key;
    if (w->backend->identify(w, fd, false, &key))
        return ZC_WDIR_NONE;
    zc_wdir d = zc_wtree_by_key(w->tree, key.bytes, key.len);
    if (d == ZC_WDIR_NONE)
        w->backend->release(w, &key);
    return d;
}

int zc_wopen(struct zc_watch *w, zc_wdir d)
{
    if (w->look.at_dir == d && w->look.at_fd >= 0)
        return w->look.at_fd;
    int root = open_root(w), fd;
    const char *path = zc_wtree_path(w->tree, d, &w->path);
    if (root < 0 || !path)
        return -1;
    fd = zc_root_open_dir(root, path);
    if (fd < 0)
        return -1;
    struct zc_stat st;
    if ((d != ZC_WDIR_ROOT && known_as(w, fd) != d) ||
        zc_stat_at(fd, "", &st)) {
        close(fd);
        errno = ESTALE;
        return -1;
    }
    zc_close(&w->look.at_fd);
    w->look.at_fd = fd;
    w->look.at_dir = d;
    w->look.at_dev = st.dev;
    w->look.at_mnt = st.mnt_id;
    return fd;
}

/* D is still in its spot. */
static bool is_in_spot(struct zc_watch *w, zc_wdir d)
{
    const char *name;
    zc_wdir parent = zc_wtree_parent(w->tree, d, &name);
    if (parent == ZC_WDIR_NONE)
        return d == ZC_WDIR_ROOT;
    int at = zc_wopen(w, parent);
    zc_auto_close int fd = at < 0 ? -1 : zc_dir_open(at, name);
    return fd >= 0 && known_as(w, fd) == d;
}

/* --- taking out --- */

void zc_wforget_key(struct zc_watch *w, zc_wdir d)
{
    struct zc_wkey key;
    zc_wtree_key(w->tree, d, &key);
    if (!key.len)
        return;
    w->look.n_keys--;
    key.len = 0;
    if (zc_wtree_set_key(w->tree, d, &key))
        zc_wstarved(w, ENOMEM);
    if (w->look.n_unwatched)
        w->look.retry = true;
    if (w->look.at_dir == d)
        w->look.at_dir = ZC_WDIR_NONE;
}

static void going(void *arg, zc_wdir d)
{
    struct zc_watch *w = arg;
    struct zc_wkey key;
    zc_wplaces_dropping(w, d);
    zc_wtree_key(w->tree, d, &key);
    if (key.len) {
        w->look.n_keys--;
        w->backend->release(w, &key);
        if (w->look.n_unwatched)
            w->look.retry = true;
    }
    if (zc_wtree_flags(w->tree, d) & ZC_WDIR_UNWATCHED)
        w->look.n_unwatched--;
    if (w->look.at_dir == d)
        w->look.at_dir = ZC_WDIR_NONE;
}

static void gone(void *arg, zc_wdir d)
{
    struct zc_watch *w = arg;
    if (w->ev.removed)
        w->ev.removed(w->ev.arg, d);
}

void zc_wdrop(struct zc_watch *w, zc_wdir d)
{
    zc_wtree_drop(w->tree, d, going, gone, w);
}

void zc_wforget_keys(struct zc_watch *w)
{
    zc_wtree_clear_keys(w->tree);
    w->look.n_keys = 0;
}

/* --- what cannot be watched --- */

static void warn_once(struct zc_watch *w, int eno)
{
    if (w->look.warned)
        return;
    w->look.warned = true;
    long long every = w->rescan.every / ZC_NSEC_PER_SEC;
    if (eno == ENOSPC)
        zc_log(ZC_LOG_WARN,
               "%s has more directories than may be watched: the limit was "
               "reached after %llu; the others are compared every %lld "
               "seconds instead; to watch them too, raise "
               "fs.inotify.max_user_watches with sysctl(8)",
               w->root, (unsigned long long)w->look.n_keys, every);
    else
        zc_log(ZC_LOG_WARN,
               "cannot watch every directory of %s: %s; those that are not "
               "watched are compared every %lld seconds instead",
               w->root, strerror(eno), every);
}

/* D is there, and cannot be watched. */
static void set_unwatched(struct zc_watch *w, zc_wdir d)
{
    uint8_t flags = zc_wtree_flags(w->tree, d);
    zc_wdir child;
    while ((child = zc_wtree_first(w->tree, d)) != ZC_WDIR_NONE)
        zc_wdrop(w, child);
    if (flags & ZC_WDIR_UNWATCHED)
        return;
    if (zc_vec_push(&w->look.unwatched, d)) {
        zc_wstarved(w, ENOMEM);
        return;
    }
    zc_wtree_set_flags(w->tree, d, flags | ZC_WDIR_UNWATCHED);
    if (!w->look.n_unwatched++)
        zc_wrescan_later(w);
}

static void set_watched(struct zc_watch *w, zc_wdir d, bool mount)
{
    uint8_t flags = zc_wtree_flags(w->tree, d);
    if (flags & ZC_WDIR_UNWATCHED)
        w->look.n_unwatched--;
    flags &= (uint8_t)~(ZC_WDIR_UNWATCHED | ZC_WDIR_MOUNT |
                        ZC_WDIR_UNMOUNTED);
    zc_wtree_set_flags(w->tree, d, mount ? flags | ZC_WDIR_MOUNT : flags);
}

/* --- looking --- */

/* What is being looked at. */
struct look {
    zc_wdir parent, known; /* known: what the table has there */
    const char *name;
    size_t n;
    bool mount;
};

/* Makes sure that the table has the name, without a key, as unwatched. */
static enum zc_wfound no_watch(struct zc_watch *w, struct look *l, int eno,
                               struct zc_wlooked *out)
{
    out->eno = eno;
    if (eno && !w->switching)
        warn_once(w, eno);
    struct zc_wkey key = {0};
    if (l->known != ZC_WDIR_NONE)
        zc_wtree_key(w->tree, l->known, &key);
    if (key.len) {
        zc_wdrop(w, l->known);
        l->known = ZC_WDIR_NONE;
    }
    if (l->known == ZC_WDIR_NONE)
        l->known = zc_wtree_add(w->tree, l->parent, l->name, l->n);
    zc_close(&out->fd);
    if (l->known == ZC_WDIR_NONE) {
        zc_wstarved(w, ENOMEM);
        return ZC_WFOUND_NONE;
    }
    set_unwatched(w, l->known);
    if (eno && eno != ENOSPC)
        zc_wrescan_soon(w);
    out->dir = l->known;
    return ZC_WFOUND_UNWATCHED;
}

zc_wdir zc_wunwatch(struct zc_watch *w, zc_wdir d, int eno)
{
    struct zc_wspot at;
    if (d == ZC_WDIR_ROOT || !zc_wtree_spot(w->tree, d, &at)) {
        zc_wstarved(w, eno);
        return d;
    }
    struct look l = {at.dir, d, at.name, at.len, false};
    struct zc_wlooked out = {ZC_WDIR_NONE, -1, 0};
    no_watch(w, &l, eno, &out);
    return out.dir;
}

static enum zc_wfound nothing(struct zc_watch *w, struct look *l,
                              struct zc_wlooked *out)
{
    if (l->known != ZC_WDIR_NONE)
        zc_wdrop(w, l->known);
    zc_close(&out->fd);
    return ZC_WFOUND_NONE;
}

/* The directory OWNER has been found here. */
static enum zc_wfound found_elsewhere(struct zc_watch *w, struct look *l,
                                      zc_wdir owner, struct zc_wlooked *out)
{
    if (is_in_spot(w, owner)) {
        /* Mounted twice. Its events come once, for the other spot. */
        if (zc_wtree_above(w->tree, owner, l->parent))
            return nothing(w, l, out);
        return no_watch(w, l, 0, out);
    }
    if (zc_wtree_above(w->tree, owner, l->parent)) {
        zc_wdoubt_all(w);
        return nothing(w, l, out);
    }
    struct zc_wspot from, to = zc_wspot_of(l->parent, l->name, l->n);
    zc_wtree_spot(w->tree, owner, &from);
    bool anew = zc_wjudged_anew(w, &from, &to);
    /* OWNER may have been below what it replaces: out of that first. */
    zc_wplaces_moving(w, owner);
    bool moved = !zc_wtree_move(w->tree, owner, l->parent, "", 0);
    if (moved && l->known != ZC_WDIR_NONE)
        zc_wdrop(w, l->known);
    if (!moved || zc_wtree_move(w->tree, owner, l->parent, l->name, l->n)) {
        zc_wstarved(w, ENOMEM);
        zc_close(&out->fd);
        return ZC_WFOUND_NONE;
    }
    set_watched(w, owner, l->mount);
    zc_wverify_later(w, from.dir, from.name, from.len);
    struct zc_wjob *job = zc_wjob_get(w, zc_wtree_job(w->tree, owner));
    if (w->ev.renamed)
        w->ev.renamed(w->ev.arg, from.dir, from.name, from.len, l->parent,
                      l->name, l->n, true);
    if (anew)
        zc_wrelist(w, owner, false);
    else if (job)
        zc_wjob_top(w, job, owner, false);
    out->dir = owner;
    return ZC_WFOUND_SAME;
}

/* KEY, which nobody has, is here. */
static enum zc_wfound found_new(struct zc_watch *w, struct look *l,
                                const struct zc_wkey *key,
                                struct zc_wlooked *out)
{
    struct zc_wkey old = {0};
    if (w->watch_max && w->backend->per_dir && w->look.n_keys >= w->watch_max) {
        w->backend->release(w, key);
        w->switching = w->may_switch;
        return no_watch(w, l, ENOSPC, out);
    }
    if (l->known != ZC_WDIR_NONE)
        zc_wtree_key(w->tree, l->known, &old);
    if (old.len) {
        zc_wdrop(w, l->known);
        l->known = ZC_WDIR_NONE;
    }
    if (l->known == ZC_WDIR_NONE)
        l->known = zc_wtree_add(w->tree, l->parent, l->name, l->n);
    if (l->known == ZC_WDIR_NONE || zc_wtree_set_key(w->tree, l->known, key)) {
        w->backend->release(w, key);
        zc_wstarved(w, ENOMEM);
        return nothing(w, l, out);
    }
    w->look.n_keys++;
    set_watched(w, l->known, l->mount);
    out->dir = l->known;
    return ZC_WFOUND_NEW;
}

/* NAME could not be opened. */
static enum zc_wfound not_opened(struct zc_watch *w, struct look *l, int eno,
                                 struct zc_wlooked *out)
{
    struct zc_wkey key = {0};
    switch (eno) {
    case ENOENT:
    case ENOTDIR:
    case ELOOP: /* nothing, a file, a symlink */
    case ENAMETOOLONG:
        break;
    default: /* for want of something, or as the file system has it */
        return no_watch(w, l, eno, out);
    case EACCES:
    case EPERM:
        /* What is watched already stays so. */
        if (l->known != ZC_WDIR_NONE)
            zc_wtree_key(w->tree, l->known, &key);
        if (key.len) {
            out->dir = l->known;
            return ZC_WFOUND_SAME;
        }
        break;
    }
    return nothing(w, l, out);
}

enum zc_wfound zc_wlook(struct zc_watch *w, zc_wdir parent, const char *name,
                        size_t n, struct zc_wlooked *out)
{
    struct look l = {parent, ZC_WDIR_NONE, name, n, false};
    struct zc_wkey key;
    struct zc_stat st;
    *out = (struct zc_wlooked){ZC_WDIR_NONE, -1, 0};
    int at = zc_wopen(w, parent);
    if (at < 0)
        return ZC_WFOUND_STUCK;
    l.known = zc_wtree_child(w->tree, parent, name, n);
    if (zc_wreserved(w, parent, name, n) || zc_whidden(w, parent, name, n))
        return nothing(w, &l, out);
    out->fd = w->one_file_system ? zc_dir_open_here(at, name)
                                 : zc_dir_open(at, name);
    if (out->fd < 0 && errno == EXDEV) /* left out */
        return nothing(w, &l, out);
    if (out->fd < 0)
        return not_opened(w, &l, errno, out);
    if (zc_stat_at(out->fd, "", &st))
        return no_watch(w, &l, errno, out);
    if (w->one_file_system &&
        (st.dev != w->id.dev || st.mnt_id != w->id.mnt))
        return nothing(w, &l, out);
    l.mount = st.dev != w->look.at_dev || st.mnt_id != w->look.at_mnt;
    if (!zc_wplaces_may_watch(w, parent, name, n,
                              st.mnt_id != w->look.at_mnt, st.mnt_id))
        return nothing(w, &l, out);

    if (w->backend->identify(w, out->fd, false, &key)) {
        if (w->gone)
            return nothing(w, &l, out);
        return no_watch(w, &l, errno, out);
    }
    zc_wdir owner = zc_wtree_by_key(w->tree, key.bytes, key.len);
    if (owner == ZC_WDIR_NONE)
        return found_new(w, &l, &key, out);
    if (owner != l.known)
        return found_elsewhere(w, &l, owner, out);
    set_watched(w, owner, l.mount);
    out->dir = owner;
    return ZC_WFOUND_SAME;
}

void zc_wlook_init(struct zc_watch *w)
{
    w->look.root_fd = w->look.at_fd = -1;
}

void zc_wlook_fini(struct zc_watch *w)
{
    zc_wclose(w);
    zc_vec_fini(&w->look.unwatched);
}
