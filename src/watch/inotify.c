// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Watching with inotify(7): a watch per directory, whose number is its key.
 *
 * A watch is put on the directory that has been opened, by way of
 * /proc/self/fd, so that no symlink that takes its name meanwhile can lead
 * the watch elsewhere. To watch a directory again gives the same number: that
 * is how a directory is recognized.
 */
#include "watch/backend.h"

#include "base/log.h"
#include "watch/events.h"
#include "watch/internal.h"
#include "watch/report.h"
#include "watch/tree.h"
#include "watch/way.h"

#include <inotifytools/inotifytools.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>

/* IN_MASK_ADD: recognizing a directory takes nothing away from its watch. No
 * IN_EXCL_UNLINK: what is written to a file under a name that it has lost is
 * also written to the names that it still has. */
#define DIR_MASK                                                      \
    (IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE | \
     IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR | IN_MASK_ADD)
#define ROOT_MASK (DIR_MASK | IN_DELETE_SELF | IN_MOVE_SELF)

static int identify(struct zc_watch *w, int fd, bool root, struct zc_wkey *key)
{
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int wd = inotify_add_watch(w->fd, path, root ? ROOT_MASK : DIR_MASK);
    if (wd < 0 && errno == ENOSPC && w->may_switch)
        w->switching = true;
    if (wd < 0)
        return -1;
    key->len = sizeof wd;
    memcpy(key->bytes, &wd, sizeof wd);
    return 0;
}

static void release(struct zc_watch *w, const struct zc_wkey *key)
{
    int wd;
    memcpy(&wd, key->bytes, sizeof wd);
    inotify_rm_watch(w->fd, wd); /* fails when the directory is gone */
}

int zc_winotify_start(struct zc_watch *w, struct zc_err *err)
{
    w->backend = &zc_wbackend_inotify;
    w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (w->fd >= 0)
        return 0;
    if (errno == EMFILE)
        return zc_err_set(err, ZC_EXIT_FILEIO, errno,
                          "cannot watch %s, as this user has no inotify "
                          "instance left (raise fs.inotify.max_user_instances "
                          "with sysctl(8)) or this process no descriptor",
                          w->root);
    return zc_err_set(err, ZC_EXIT_FILEIO, errno,
                      "cannot watch %s with inotify", w->root);
}

static void debug_event(struct zc_watch *w, const struct inotify_event *e,
                        zc_wdir d)
{
    const char *path = zc_wtree_path(w->tree, d, &w->path);
    zc_log(ZC_LOG_DEBUG, "%s: %s in \"%s\": %s", w->root,
           inotifytools_event_to_str((int)e->mask), path ? path : "?",
           e->len ? e->name : "");
}

/* What happened to the directory itself. The same is told of it as a name in
 * its parent, but for the root. */
static void self_event(struct zc_watch *w, const struct inotify_event *e,
                       zc_wdir d)
{
    if (d == ZC_WDIR_ROOT && e->mask & (IN_UNMOUNT | IN_DELETE_SELF |
                                        IN_MOVE_SELF | IN_IGNORED)) {
        char why[ZC_ERR_TEXT_MAX];
        snprintf(why, sizeof why, "%s was %s", w->root,
                 e->mask & IN_UNMOUNT     ? "unmounted"
                 : e->mask & IN_MOVE_SELF ? "renamed"
                                          : "removed");
        zc_wgone(w, why);
    } else if (e->mask & IN_UNMOUNT) {
        zc_wtree_set_flags(w->tree, d,
                           zc_wtree_flags(w->tree, d) | ZC_WDIR_UNMOUNTED);
    } else if (e->mask & IN_IGNORED) {
        zc_wev_lost(w, d);
    } else if (d == ZC_WDIR_ROOT && e->mask & (IN_ATTRIB | IN_MODIFY)) {
        /* MODIFY: its mtime alone was set. */
        zc_wev_release(w);
        zc_wreport(w, d, "", 0, ZC_CHANGE_META);
    }
}

static void name_event(struct zc_watch *w, const struct inotify_event *e,
                       zc_wdir d)
{
    size_t n = strlen(e->name);
    bool is_dir = e->mask & IN_ISDIR;
    if (n > ZC_NAME_MAX)
        return;
    if (e->mask & IN_MOVED_FROM) {
        zc_wev_moved_from(w, d, e->name, n, is_dir, e->cookie);
        return;
    }
    if (e->mask & IN_MOVED_TO) {
        zc_wev_moved_to(w, d, e->name, n, is_dir, e->cookie);
        return;
    }
    unsigned what = 0;
    if (e->mask & IN_CREATE)
        what |= ZC_CHANGE_NAME | ZC_CHANGE_MADE;
    if (e->mask & IN_DELETE)
        what |= ZC_CHANGE_NAME | ZC_CHANGE_GONE;
    if (e->mask & IN_MODIFY) /* of a directory: its mtime alone was set */
        what |= is_dir ? ZC_CHANGE_META : ZC_CHANGE_WRITING;
    if (e->mask & IN_CLOSE_WRITE)
        what |= ZC_CHANGE_DATA;
    if (e->mask & IN_ATTRIB)
        what |= ZC_CHANGE_META;
    if (what)
        zc_wev_name(w, d, e->name, n, what, is_dir);
}

static void events(struct zc_watch *w, size_t size)
{
    const struct inotify_event *e;
    w->position.read += size;
    for (const uint8_t *p = w->buf; p < w->buf + size && !w->gone;
         p += sizeof *e + e->len) {
        e = (const struct inotify_event *)(const void *)p;
        w->events++;
        w->seen++;
        if (e->mask & IN_Q_OVERFLOW) {
            zc_wev_overflow(w);
            continue;
        }
        /* Of a directory that has been taken out of the table: nobody's. */
        zc_wdir d = zc_wtree_by_key(w->tree, &e->wd, sizeof e->wd);
        if (!e->len && d != ZC_WDIR_ROOT && zc_wway_has(w, e->wd))
            w->way.changed = true;
        if (d == ZC_WDIR_NONE)
            continue;
        if (zc_log_level >= ZC_LOG_DEBUG)
            debug_event(w, e, d);
        if (e->len && e->name[0])
            name_event(w, e, d);
        else
            self_event(w, e, d);
    }
}

const struct zc_wbackend zc_wbackend_inotify = {
    .per_dir = true,
    .identify = identify,
    .release = release,
    .events = events,
};
