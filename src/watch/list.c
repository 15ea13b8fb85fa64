// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Listing directories, and working through the queue of those that are to be;
 * see list.h, and todo.c for what is reported when.
 */
#include "watch/list.h"

#include "base/log.h"
#include "fs/meta.h"
#include "fs/rootdir.h"
#include "watch/internal.h"
#include "watch/look.h"
#include "watch/report.h"
#include "watch/todo.h"
#include "watch/tree.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_SIZE (32 * 1024)

struct listing {
    struct zc_watch *w;
    struct zc_wjob *job;
    zc_wdir dir;
    int fd;
    unsigned flags;
};

/* What cannot be looked at may be one: opening it will tell. */
static bool is_dir(const struct listing *l, const struct dirent64 *e)
{
    struct zc_stat st;
    if (e->d_type != DT_UNKNOWN)
        return e->d_type == DT_DIR;
    return zc_stat_at(l->fd, e->d_name, &st) ? errno != ENOENT
                                             : S_ISDIR(st.mode);
}

static void add_child(struct listing *l, const struct dirent64 *e)
{
    struct zc_watch *w = l->w;
    const char *name = e->d_name;
    if (name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2])))
        return;
    size_t n = strlen(name);
    if (n > ZC_NAME_MAX || !is_dir(l, e) ||
        zc_wreserved(w, l->dir, name, n) || zc_whidden(w, l->dir, name, n))
        return;
    zc_wdir d = zc_wtree_child(w->tree, l->dir, name, n);
    unsigned flags = l->flags;
    if (d == ZC_WDIR_NONE)
        d = zc_wtree_add(w->tree, l->dir, name, n);
    else if (!(flags & ZC_WTODO_VERIFY))
        return; /* an event was faster, and D was listed for that */
    else if (!(flags & ZC_WTODO_DEEP))
        flags = 0;
    if (d == ZC_WDIR_NONE) {
        zc_wstarved(w, ENOMEM);
        return;
    }
    if (l->flags & ZC_WTODO_VERIFY)
        zc_wtree_set_flags(w->tree, d,
                           zc_wtree_flags(w->tree, d) | ZC_WDIR_SEEN);
    zc_wtodo_push(w, l->job, d, flags);
}

/* Known children that the list does not have are gone. */
static void sweep(struct listing *l, bool complete)
{
    struct zc_watch *w = l->w;
    zc_wdir next, d = zc_wtree_first(w->tree, l->dir);
    for (; d != ZC_WDIR_NONE; d = next) {
        uint8_t flags = zc_wtree_flags(w->tree, d);
        next = zc_wtree_next(w->tree, d);
        if (flags & ZC_WDIR_SEEN)
            zc_wtree_set_flags(w->tree, d, flags & (uint8_t)~ZC_WDIR_SEEN);
        else if (complete)
            zc_wdrop(w, d);
    }
}

static void list(struct zc_watch *w, struct zc_wjob *job, zc_wdir d, int fd,
                 unsigned flags)
{
    struct listing l = {w, job, d, fd, flags};
    char room[READ_SIZE] __attribute__((aligned(8)));
    ssize_t got;
    zc_wtree_set_job(w->tree, d, job->serial);
    /* btrfs shows what was there when FD was opened, and D is watched since
     * later than that: what was made in between would be told by neither. */
    lseek(fd, 0, SEEK_SET);
    while ((got = getdents64(fd, (void *)room, sizeof room)) > 0) {
        const struct dirent64 *e;
        for (const char *p = room; p < room + got; p += e->d_reclen) {
            e = (const struct dirent64 *)(const void *)p;
            add_child(&l, e);
        }
    }
    if (flags & ZC_WTODO_VERIFY)
        sweep(&l, got == 0);
    if (got < 0 && errno != ENOENT) {
        zc_log(ZC_LOG_DEBUG, "cannot list a directory of %s: %s", w->root,
               strerror(errno));
        /* Its subdirectories are not known, so they are not watched. */
        zc_wjob_top(w, job, zc_wunwatch(w, d, errno), true);
    }
}

void zc_wnew(struct zc_watch *w, zc_wdir d, int fd, bool doubt)
{
    struct zc_wjob *job = zc_wjob_new(w, false);
    if (job) {
        zc_wjob_top(w, job, d, doubt);
        list(w, job, d, fd, ZC_WTODO_ALL);
        zc_wjob_step(w, job);
    }
    close(fd);
}

/* --- working through a queue --- */

static void work_on_root(struct zc_watch *w, struct zc_wjob *job,
                         unsigned flags)
{
    int at = zc_wopen(w, ZC_WDIR_ROOT);
    zc_auto_close int fd = at < 0 ? -1 : zc_root_open_dir(at, "");
    if (fd >= 0)
        list(w, job, ZC_WDIR_ROOT, fd, flags);
    else if (!w->gone)
        zc_wrecheck_later(w, ZC_WDIR_ROOT);
}

static void work_on(struct zc_watch *w, const struct zc_wtodo *item)
{
    struct zc_wjob *job = zc_wjob_get(w, item->job);
    struct zc_wlooked found;
    struct zc_wspot at;
    if (item->dir == ZC_WDIR_ROOT) {
        work_on_root(w, job, item->flags);
        return;
    }
    if (!zc_wtree_spot(w->tree, item->dir, &at))
        return;
    enum zc_wfound what = zc_wlook(w, at.dir, at.name, at.len, &found);
    unsigned flags = what == ZC_WFOUND_NEW ? item->flags | ZC_WTODO_ALL
                                           : item->flags;
    if (found.fd >= 0 && flags & ZC_WTODO_LIST)
        list(w, job, found.dir, found.fd, flags);
    zc_close(&found.fd);
    if (what == ZC_WFOUND_STUCK && !w->gone)
        zc_wrecheck_later(w, at.dir);
}

void zc_wwork(struct zc_watch *w, struct zc_wqueue *q, size_t n)
{
    struct zc_wtodo item;
    for (; n && !w->gone && zc_wtodo_pop(q, &item); n--) {
        work_on(w, &item);
        zc_wjob_step(w, zc_wjob_get(w, item.job));
    }
    zc_wtodo_tidy(q);
}
