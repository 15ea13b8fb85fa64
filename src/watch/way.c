// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The way to the root; see way.h.
 *
 *     /srv/current/www     current -> releases/7
 *     /srv  /srv/current  /srv/releases  /srv/releases/7  /srv/releases/7/www
 *
 * Each of these is watched itself, and not the directory that it is in, where
 * others may do a lot that is no concern of ours. A symlink that is replaced is
 * removed, or has one name less.
 */
#include "watch/way.h"

#include "base/log.h"
#include "watch/backend.h"
#include "watch/internal.h"
#include "watch/report.h"
#include "watch/tree.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#define LINKS_MAX 40 /* as the kernel */
#define SELF (IN_DELETE_SELF | IN_MOVE_SELF | IN_DONT_FOLLOW | IN_MASK_ADD)

void zc_wway_init(struct zc_watch *w)
{
    w->way.own = -1;
}

void zc_wway_fini(struct zc_watch *w)
{
    zc_close(&w->way.own);
    zc_vec_fini(&w->way.watches);
}

static bool is_shared(const struct zc_watch *w)
{
    return w->backend == &zc_wbackend_inotify;
}

bool zc_wway_has(const struct zc_watch *w, int wd)
{
    for (size_t i = 0; i < w->way.watches.len; i++)
        if (w->way.watches.v[i] == wd)
            return true;
    return false;
}

static void watch_one(struct zc_watch *w, const char *path, bool is_link)
{
    int wd = inotify_add_watch(is_shared(w) ? w->fd : w->way.own, path,
                               is_link ? SELF | IN_ATTRIB : SELF);
    if (wd < 0 || zc_vec_push(&w->way.watches, wd))
        zc_log(ZC_LOG_DEBUG, "cannot watch %s on the way to %s: %s", path,
               w->root, strerror(errno));
}

/* Puts the target of the symlink PATH before the rest of the way, *LEFT, which
 * is in LEFT_BUF. -1: there is none, or no room. */
static int follow(const char *path, char left_buf[PATH_MAX], const char **left)
{
    char target[PATH_MAX];
    ssize_t n = readlink(path, target, sizeof target);
    size_t rest = strlen(*left);
    if (n <= 0 || (size_t)n + 1 + rest >= PATH_MAX)
        return -1;
    memmove(left_buf + n + 1, *left, rest + 1);
    memcpy(left_buf, target, (size_t)n);
    left_buf[n] = '/';
    *left = left_buf;
    return 0;
}

/* Goes from AT (a directory, with its slash; "" is this one) on to the first
 * component of *LEFT, and watches what is there. False: that is the end. */
static bool step(struct zc_watch *w, char at[PATH_MAX],
                 char left_buf[PATH_MAX], const char **left, int *links)
{
    struct stat st;
    *left += strspn(*left, "/");
    size_t n = strcspn(*left, "/"), len = strlen(at);
    if (!n || len + n + 2 > PATH_MAX)
        return false;
    memcpy(at + len, *left, n);
    at[len + n] = '\0';
    *left += n;
    if (lstat(at, &st))
        return false;
    watch_one(w, at, S_ISLNK(st.st_mode));
    if (!S_ISLNK(st.st_mode)) {
        strcpy(at + len + n, "/");
        return true;
    }
    if (++*links > LINKS_MAX || follow(at, left_buf, left))
        return false;
    strcpy(at + (**left == '/' ? 0 : len), **left == '/' ? "/" : "");
    return true;
}

void zc_wway_start(struct zc_watch *w)
{
    char at[PATH_MAX] = "", left_buf[PATH_MAX];
    const char *left = left_buf;
    int links = 0;
    w->way.changed = false;
    if (!is_shared(w) && w->way.own < 0) {
        w->way.own = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
        if (w->way.own < 0) {
            zc_log(ZC_LOG_DEBUG, "cannot watch the way to %s: %s", w->root,
                   strerror(errno));
            return;
        }
    }
    if ((size_t)snprintf(left_buf, sizeof left_buf, "%s", w->root) >=
        sizeof left_buf)
        return;
    if (*left == '/')
        strcpy(at, "/");
    while (step(w, at, left_buf, &left, &links))
        ;
}

/* Gives the watches back that are nobody else's. */
static void stop(struct zc_watch *w)
{
    for (size_t i = 0; i < w->way.watches.len; i++) {
        int wd = w->way.watches.v[i];
        if (!is_shared(w))
            inotify_rm_watch(w->way.own, wd);
        else if (zc_wtree_by_key(w->tree, &wd, sizeof wd) == ZC_WDIR_NONE)
            inotify_rm_watch(w->fd, wd);
    }
    w->way.watches.len = 0;
}

void zc_wway_restart(struct zc_watch *w)
{
    w->way.watches.len = 0; /* they went with the old back end */
    zc_wway_start(w);
}

void zc_wway_look(struct zc_watch *w)
{
    struct zc_err why;
    char events[4096];
    while (w->way.own >= 0 && read(w->way.own, events, sizeof events) > 0)
        ;
    stop(w);
    zc_wway_start(w);
    if (!zc_wroot_ok(w, &why))
        zc_wgone(w, why.text);
}
