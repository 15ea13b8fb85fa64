// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The root and its path; see anchor.h. What is watched for a root at
 * /srv/www/site:
 *
 *     /srv, /srv/www    moved; a symlink among them: replaced
 *     /srv/www          also: something in it was removed
 *     mountinfo         anything was mounted or unmounted, anywhere; what is
 *                       mounted below the root has to be the same, too
 *
 * A directory that somebody holds open, as we do, tells nothing when it is
 * removed itself. The way as the user wrote it may lead over symlinks, so that
 * the way without them is watched as well. Whatever comes only has the path
 * looked at again.
 */
#include "receiver/anchor.h"

#include "fs/mounts.h"
#include "fs/rootdir.h"
#include "receiver/core.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>

#define ON_THE_WAY (IN_MOVE_SELF | IN_DELETE_SELF | IN_ATTRIB | IN_DONT_FOLLOW)
#define ABOVE (IN_MOVE_SELF | IN_DELETE)

enum asks { READER, WATCHER };

void zc_anchor_init(struct zc_anchor *a)
{
    *a = (struct zc_anchor){
        .mounts = {-1, -1}, .moves = -1, .stop = -1};
}

static bool is_mirror(const struct zc_receiver *r)
{
    return r->flags & ZC_OPEN_ROUNDS && !r->dry;
}

void zc_anchor_prepare(struct zc_receiver *r)
{
    for (size_t i = 0; i < 2 && is_mirror(r); i++)
        r->anchor->mounts[i] = open(ZC_MOUNTINFO, O_RDONLY | O_CLOEXEC);
}

/* Where the root is, without symlinks, in REAL. False: nobody knows. */
static bool real_path(const struct zc_receiver *r, char real[PATH_MAX])
{
    char fd[40];
    snprintf(fd, sizeof fd, "/proc/self/fd/%d", r->root_fd);
    ssize_t n = readlink(fd, real, PATH_MAX - 1);
    real[ZC_MAX(n, 0)] = '\0';
    return real[0] == '/';
}

/* The file that is required, if it is in the root. -1: no memory. */
static int find_marker(struct zc_receiver *r)
{
    const struct zc_require *q = r->terms.require;
    const char *marker = NULL;
    char root[PATH_MAX], real[PATH_MAX];
    if (q && q->file && *q->file != '/') {
        marker = zc_require_file_below(q, r->terms.root_below);
    } else if (q && q->file && real_path(r, root) && realpath(q->file, real)) {
        size_t n = strcmp(root, "/") == 0 ? 0 : strlen(root);
        if (strncmp(real, root, n) == 0 && real[n] == '/')
            marker = real + n + 1;
    }
    r->anchor->marker = marker ? strdup(marker) : NULL;
    return marker && !r->anchor->marker ? -1 : 0;
}

int zc_anchor_take(struct zc_receiver *r, struct zc_err *err)
{
    if (r->root_fd < 0)
        return 0;
    if (zc_stat_at(r->root_fd, "", &r->anchor->root))
        return zc_err_set(err, ZC_EXIT_SELECT, errno, "cannot look at %s",
                          r->terms.root_name);
    /* What is mounted from now on is told. */
    (void)zc_mounts_changed(r->anchor->mounts[READER]);
    (void)zc_mounts_changed(r->anchor->mounts[WATCHER]);
    if (is_mirror(r))
        (void)zc_mounts_digest(r->anchor->mounts[READER], r->root_fd,
                               &r->anchor->mounted);
    return find_marker(r) ? zc_err_nomem(err) : 0;
}

/* What the path leads to now, from BASE on, its first part. */
static int look(const struct zc_receiver *r, int base, struct zc_stat *st)
{
    const char *below = r->terms.root_below;
    if (!*below)
        return zc_stat_at(base, "", st);
    zc_auto_close int fd = zc_root_find_dir(base, below);
    return fd < 0 ? -1 : zc_stat_at(fd, "", st);
}

/* Are the same file systems mounted below the root? WHO has been told that some
 * have changed somewhere. */
static int check_below(struct zc_receiver *r, enum asks who, struct zc_err *err)
{
    uint64_t now;
    if (zc_mounts_digest(r->anchor->mounts[who], r->root_fd, &now) ||
        now == r->anchor->mounted)
        return 0;
    return zc_err_set(err, ZC_EXIT_SELECT, 0,
                      "something was mounted or unmounted below %s",
                      r->terms.root_name);
}

static bool is_same(const struct zc_stat *a, const struct zc_stat *b)
{
    return a->ino == b->ino && a->dev == b->dev && a->mnt_id == b->mnt_id;
}

static int check_root(struct zc_receiver *r, struct zc_err *err)
{
    const struct zc_stat *was = &r->anchor->root;
    const struct zc_terms *t = &r->terms;
    struct zc_stat now;
    if (r->root_fd < 0 || !t->root_path)
        return 0;
    /* In most cases, and there are many small rounds, it is one system call. */
    if (!*t->root_below && !zc_require_any(t->require) &&
        !zc_stat_path(t->root_path, &now) && is_same(&now, was))
        return 0;
    zc_auto_close int base = zc_root_find(t->root_path);
    if (base < 0 || look(r, base, &now))
        return zc_err_set(err, ZC_EXIT_SELECT, errno,
                          "%s is not where it was any more", t->root_name);
    if (is_same(&now, was))
        return zc_require_check(t->require, base, t->root_path, err);
    return zc_err_set(err, ZC_EXIT_SELECT, 0,
                      "%s is another directory than before: it was moved or "
                      "replaced, or its file system was mounted or unmounted",
                      t->root_name);
}

int zc_anchor_check(struct zc_receiver *r, bool below, struct zc_err *err)
{
    if (check_root(r, err))
        return -1;
    return below && zc_mounts_changed(r->anchor->mounts[READER])
               ? check_below(r, READER, err)
               : 0;
}

/* --- between rounds --- */

/* Every directory and symlink that leads to PATH, and PATH itself. */
static void watch_way(int moves, char *path)
{
    for (char *slash = path; (slash = strchr(slash + 1, '/'));) {
        *slash = '\0';
        (void)inotify_add_watch(moves, path, ON_THE_WAY | IN_MASK_ADD);
        *slash = '/';
    }
    (void)inotify_add_watch(moves, path, ON_THE_WAY | IN_MASK_ADD);
}

/* The directory that PATH is in. */
static void watch_above(int moves, char *path)
{
    char *slash = strrchr(path, '/');
    if (!slash || slash == path)
        return;
    *slash = '\0';
    (void)inotify_add_watch(moves, path, ABOVE | IN_MASK_ADD);
    *slash = '/';
}

/* Watches are for inodes: what has taken the place of one needs its own. */
static void watch_all(struct zc_receiver *r)
{
    struct zc_anchor *a = r->anchor;
    char real[PATH_MAX];
    zc_auto_free char *path = strdup(r->terms.root_path);
    if (path && *path)
        watch_way(a->moves, path);
    if (!real_path(r, real))
        return;
    watch_way(a->moves, real);
    watch_above(a->moves, real);
}

static void *watch_main(void *receiver)
{
    struct zc_receiver *r = receiver;
    struct zc_anchor *a = r->anchor;
    struct zc_err err;
    char events[4096];
    struct pollfd f[] = {{.fd = a->stop, .events = POLLIN},
                         {.fd = a->moves, .events = POLLIN},
                         {.fd = a->mounts[WATCHER], .events = POLLPRI}};
    for (bool mounted = true;; mounted = f[2].revents) {
        watch_all(r);
        /* At first, for what happened before it was watched. */
        if (check_root(r, &err) || (mounted && check_below(r, WATCHER, &err))) {
            zc_receiver_fail(r, &err);
            break;
        }
        if (poll(f, ZC_ARRAY_LEN(f), -1) < 0 && errno != EINTR)
            break;
        if (f[0].revents)
            break;
        while (read(a->moves, events, sizeof events) > 0)
            ;
    }
    return NULL;
}

void zc_anchor_watch(struct zc_receiver *r)
{
    struct zc_anchor *a = r->anchor;
    if (!is_mirror(r) || r->root_fd < 0)
        return;
    a->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    a->moves = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (a->stop >= 0)
        a->watching = !pthread_create(&a->thread, NULL, watch_main, r);
}

void zc_anchor_stop(struct zc_receiver *r)
{
    struct zc_anchor *a = r->anchor;
    if (!a->watching)
        return;
    (void)eventfd_write(a->stop, 1);
    pthread_join(a->thread, NULL);
    a->watching = false;
}

void zc_anchor_fini(struct zc_anchor *a)
{
    free(a->marker);
    zc_close(&a->mounts[READER]);
    zc_close(&a->mounts[WATCHER]);
    zc_close(&a->moves);
    zc_close(&a->stop);
}
