// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Watching with fanotify(7): one mark on each file system, and every event on
 * it comes with the file handle of the directory and the name in it.
 *
 * The key of a directory is the number of its file system here, and its file
 * handle as name_to_handle_at(2) tells it. Events in directories that are not
 * in the table, anywhere else on the file system, end at the first look-up.
 * The root has a mark of its own besides, for its removal or renaming.
 */
#include "watch/backend.h"

#include "base/log.h"
#include "fs/meta.h"
#include "watch/events.h"
#include "watch/internal.h"
#include "watch/report.h"
#include "watch/tree.h"

#include <fcntl.h>
#include <inotifytools/inotifytools.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/statfs.h>

/* Headers from before Linux 5.17. */
#ifndef FAN_RENAME
#define FAN_RENAME 0x10000000
#define FAN_EVENT_INFO_TYPE_OLD_DFID_NAME 10
#define FAN_EVENT_INFO_TYPE_NEW_DFID_NAME 12
#endif

#define NAME_MASK \
    (FAN_CREATE | FAN_DELETE | FAN_MODIFY | FAN_CLOSE_WRITE | FAN_ATTRIB)
#define SELF_MASK (FAN_DELETE_SELF | FAN_MOVE_SELF)

/* --- marks and keys --- */

static int mark_fs(struct zc_watch *w, int fd)
{
    uint64_t mask = NAME_MASK | FAN_ONDIR;
    if (w->fan.marks.len == 0)
        w->fan.rename = true;
    for (;;) {
        uint64_t renames = w->fan.rename ? FAN_RENAME
                                         : FAN_MOVED_FROM | FAN_MOVED_TO;
        if (fanotify_mark(w->fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
                          mask | renames, fd, NULL) == 0)
            return 0;
        /* Linux before 5.17 has no FAN_RENAME. */
        if (errno != EINVAL || !w->fan.rename || w->fan.marks.len)
            return -1;
        w->fan.rename = false;
    }
}

/* The entry that FS, which has been met again, had: its mark went when it was
 * unmounted, and it may have another device number now. Or what had its number
 * is gone. */
static struct zc_wfs *unsure_one(struct zc_watch *w, const struct zc_wfs *fs)
{
    for (size_t i = 0; i < w->fan.marks.len; i++) {
        struct zc_wfs *have = &w->fan.marks.v[i];
        if (!have->sure &&
            (have->dev == fs->dev ||
             !memcmp(have->fsid, fs->fsid, sizeof fs->fsid)))
            return have;
    }
    return NULL;
}

/* The number of FD's file system, which gets its mark when it is new. -1 and
 * errno: it cannot be watched. */
static int fs_number(struct zc_watch *w, int fd)
{
    struct zc_stat st;
    struct statfs sf;
    if (zc_stat_at(fd, "", &st))
        return -1;
    for (size_t i = 0; i < w->fan.marks.len; i++)
        if (w->fan.marks.v[i].dev == st.dev && w->fan.marks.v[i].sure)
            return (int)i;
    struct zc_wfs fs = {.dev = st.dev, .sure = true};
    if (fstatfs(fd, &sf))
        return -1;
    memcpy(fs.fsid, &sf.f_fsid, sizeof fs.fsid);
    if (sf.f_type == BTRFS_SUPER_MAGIC) {
        /* Which of its subvolumes an event is about cannot be told by fsid on
         * every kernel. */
        errno = EOPNOTSUPP;
        return -1;
    }
    struct zc_wfs *same = unsure_one(w, &fs);
    if (same) {
        if (mark_fs(w, fd))
            return -1;
        *same = fs;
        return (int)(same - w->fan.marks.v);
    }
    if (w->fan.marks.len > UINT8_MAX) {
        errno = ENOSPC;
        return -1;
    }
    if (mark_fs(w, fd) || zc_vec_push(&w->fan.marks, fs))
        return -1;
    return (int)w->fan.marks.len - 1;
}

static int make_key(int fs, int type, const void *handle, size_t n,
                    struct zc_wkey *key)
{
    if (n + 2 > sizeof key->bytes) {
        errno = EOVERFLOW;
        return -1;
    }
    key->len = (uint8_t)(n + 2);
    key->bytes[0] = (uint8_t)fs;
    key->bytes[1] = (uint8_t)type;
    memcpy(key->bytes + 2, handle, n);
    return 0;
}

static int handle_key(struct zc_watch *w, int fd, struct zc_wkey *key)
{
    union {
        struct file_handle h;
        uint8_t room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
    } u;
    int mount, fs = fs_number(w, fd);
    u.h.handle_bytes = MAX_HANDLE_SZ;
    if (fs < 0 || name_to_handle_at(fd, "", &u.h, &mount, AT_EMPTY_PATH))
        return -1;
    return make_key(fs, u.h.handle_type, u.h.f_handle, u.h.handle_bytes, key);
}

static int identify(struct zc_watch *w, int fd, bool root, struct zc_wkey *key)
{
    if (handle_key(w, fd, key))
        return -1;
    if (root && fanotify_mark(w->fd, FAN_MARK_ADD | FAN_MARK_ONLYDIR,
                              SELF_MASK | FAN_ONDIR, fd, NULL))
        return -1;
    return 0;
}

static void release(struct zc_watch *w, const struct zc_wkey *key)
{
    (void)w;
    (void)key; /* there is no watch of its own */
}

static void remounted(struct zc_watch *w)
{
    for (size_t i = 0; i < w->fan.marks.len; i++)
        w->fan.marks.v[i].sure = false;
}

void zc_wfanotify_fini(struct zc_watch *w)
{
    zc_vec_fini(&w->fan.marks);
}

int zc_wfanotify_start(struct zc_watch *w, int rootfd, struct zc_err *err)
{
    struct zc_wkey key;
    w->backend = &zc_wbackend_fanotify;
    w->fd = fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_DFID_NAME |
                              FAN_UNLIMITED_QUEUE | FAN_UNLIMITED_MARKS |
                              FAN_NONBLOCK | FAN_CLOEXEC,
                          O_RDONLY | O_CLOEXEC);
    if (w->fd < 0 && errno == EPERM)
        return zc_err_set(err, ZC_EXIT_FILEIO, errno,
                          "cannot watch %s with fanotify, which takes "
                          "CAP_SYS_ADMIN outside of user namespaces", w->root);
    if (w->fd < 0 && errno == EINVAL)
        return zc_err_set(err, ZC_EXIT_FILEIO, errno,
                          "cannot watch %s with fanotify, which takes "
                          "Linux 5.9 or later for this", w->root);
    if (w->fd < 0)
        return zc_err_set(err, ZC_EXIT_FILEIO, errno,
                          "cannot watch %s with fanotify", w->root);
    if (identify(w, rootfd, true, &key)) {
        zc_err_set(err, ZC_EXIT_FILEIO, errno,
                   "cannot watch the file system of %s with fanotify",
                   w->root);
        zc_close(&w->fd);
        zc_wfanotify_fini(w);
        return -1;
    }
    return 0;
}

/* --- events --- */

/* A spot, as an event tells it. */
struct spot {
    zc_wdir dir; /* NONE: not ours */
    const char *name;
    size_t n;
};

/* The N bytes of an info behind its head, which are not aligned: a file system, a
 * handle, and, where NAMED, a name. What does not fit is not ours. */
static struct spot read_spot(const struct zc_watch *w, const uint8_t *at,
                             size_t n, bool named)
{
    const struct spot none = {ZC_WDIR_NONE, "", 0};
    struct spot p = none;
    struct zc_wkey key;
    struct file_handle h;
    const uint8_t *fsid = at;
    size_t fs = 0, front = sizeof w->fan.marks.v->fsid + sizeof h;
    if (n < front)
        return none;
    memcpy(&h, at + front - sizeof h, sizeof h);
    at += front;
    n -= front;
    while (fs < w->fan.marks.len &&
           memcmp(w->fan.marks.v[fs].fsid, fsid, front - sizeof h))
        fs++;
    if (h.handle_bytes > n || fs == w->fan.marks.len ||
        make_key((int)fs, h.handle_type, at, h.handle_bytes, &key))
        return none;
    p.dir = zc_wtree_by_key(w->tree, key.bytes, key.len);
    if (!named)
        return p;
    n -= h.handle_bytes;
    p.name = (const char *)at + h.handle_bytes;
    p.n = strnlen(p.name, n);
    if (p.n == n || p.n > ZC_NAME_MAX)
        return none;
    if (p.n == 1 && p.name[0] == '.')
        p.n = 0;
    return p;
}

/* Half of a rename: that always has a name. */
static struct spot read_half(const struct zc_watch *w, const uint8_t *at,
                             size_t n)
{
    struct spot p = read_spot(w, at, n, true);
    if (!p.n)
        p.dir = ZC_WDIR_NONE;
    return p;
}

/* inotify's names for the same events. */
static void debug_event(struct zc_watch *w, uint64_t mask,
                        const struct spot *p)
{
    int same = (int)(mask & (IN_ALL_EVENTS | IN_ISDIR));
    const char *path = zc_wtree_path(w->tree, p->dir, &w->path);
    zc_log(ZC_LOG_DEBUG, "%s: %s%s in \"%s\": %s", w->root,
           mask & FAN_RENAME ? "RENAME " : "",
           same ? inotifytools_event_to_str(same) : "", path ? path : "?",
           p->name);
}

/* What happened to the directory itself. */
static void self_event(struct zc_watch *w, uint64_t mask, zc_wdir d)
{
    struct zc_wspot at;
    if (d == ZC_WDIR_ROOT && mask & SELF_MASK) {
        char why[ZC_ERR_TEXT_MAX];
        snprintf(why, sizeof why, "%s was %s", w->root,
                 mask & FAN_DELETE_SELF ? "removed" : "renamed");
        zc_wgone(w, why);
        return;
    }
    if (!(mask & (FAN_ATTRIB | FAN_MODIFY))) /* MODIFY: its mtime alone */
        return;
    if (!zc_wtree_spot(w->tree, d, &at)) {
        zc_wev_release(w);
        zc_wreport(w, d, "", 0, ZC_CHANGE_META);
        return;
    }
    zc_wev_name(w, at.dir, at.name, at.len, ZC_CHANGE_META, true);
}

static void name_event(struct zc_watch *w, uint64_t mask,
                       const struct spot *p)
{
    unsigned what = 0;
    if (mask & FAN_CREATE)
        what |= ZC_CHANGE_NAME | ZC_CHANGE_MADE;
    if (mask & FAN_MOVED_TO)
        what |= ZC_CHANGE_NAME | ZC_CHANGE_MADE | ZC_CHANGE_DATA;
    if (mask & (FAN_DELETE | FAN_MOVED_FROM))
        what |= ZC_CHANGE_NAME | ZC_CHANGE_GONE;
    if (mask & FAN_MODIFY)
        what |= ZC_CHANGE_WRITING;
    if (mask & FAN_CLOSE_WRITE)
        what |= ZC_CHANGE_DATA;
    if (mask & FAN_ATTRIB)
        what |= ZC_CHANGE_META;
    if (what)
        zc_wev_name(w, p->dir, p->name, p->n, what, mask & FAN_ONDIR);
}

/* E is the head of the event at P, copied, since events are aligned to four
 * bytes only. */
static void one_event(struct zc_watch *w,
                      const struct fanotify_event_metadata *e,
                      const uint8_t *p)
{
    struct spot at = {ZC_WDIR_NONE, "", 0}, from = at, to = at;
    const uint8_t *end = p + e->event_len;
    struct fanotify_event_info_header h;
    for (p += e->metadata_len; end - p >= (ptrdiff_t)sizeof h; p += h.len) {
        memcpy(&h, p, sizeof h);
        if (h.len < sizeof h || h.len > end - p)
            break;
        const uint8_t *in = p + sizeof h;
        size_t n = h.len - sizeof h;
        switch (h.info_type) {
        case FAN_EVENT_INFO_TYPE_DFID:
        case FAN_EVENT_INFO_TYPE_DFID_NAME:
            at = read_spot(w, in, n,
                           h.info_type == FAN_EVENT_INFO_TYPE_DFID_NAME);
            break;
        case FAN_EVENT_INFO_TYPE_OLD_DFID_NAME:
            from = read_half(w, in, n);
            break;
        case FAN_EVENT_INFO_TYPE_NEW_DFID_NAME:
            to = read_half(w, in, n);
            break;
        }
    }
    if (at.dir != ZC_WDIR_NONE || from.dir != ZC_WDIR_NONE ||
        to.dir != ZC_WDIR_NONE)
        w->events++;
    if (at.dir != ZC_WDIR_NONE && zc_log_level >= ZC_LOG_DEBUG)
        debug_event(w, e->mask, &at);
    if (from.dir != ZC_WDIR_NONE || to.dir != ZC_WDIR_NONE)
        zc_wev_moved(w, from.dir, from.name, from.n, to.dir, to.name, to.n,
                     e->mask & FAN_ONDIR);
    if (at.dir != ZC_WDIR_NONE && at.n)
        name_event(w, e->mask, &at);
    else if (at.dir != ZC_WDIR_NONE)
        self_event(w, e->mask, at.dir);
}

static void events(struct zc_watch *w, size_t size)
{
    struct fanotify_event_metadata e;
    const uint8_t *p = w->buf, *end = p + size;
    for (; end - p >= (ptrdiff_t)sizeof e && !w->gone; p += e.event_len) {
        memcpy(&e, p, sizeof e);
        if (e.metadata_len < sizeof e || e.event_len < e.metadata_len ||
            e.event_len > end - p || e.vers != FANOTIFY_METADATA_VERSION)
            break;
        w->seen++;
        w->position.read += FAN_EVENT_METADATA_LEN;
        if (e.mask & FAN_Q_OVERFLOW)
            zc_wev_overflow(w);
        else
            one_event(w, &e, p);
        if (e.fd >= 0)
            close(e.fd);
    }
}

const struct zc_wbackend zc_wbackend_fanotify = {
    .identify = identify,
    .release = release,
    .remounted = remounted,
    .events = events,
};
