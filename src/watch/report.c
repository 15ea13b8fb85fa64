// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is told, and the root that all of it is about; see report.h. A root is
 * known by device, inode, mount and the time at which it was made: a directory
 * that was removed and made again may get the inode number of the old one.
 */
#include "watch/report.h"

#include "base/clock.h"
#include "base/libc.h"
#include "base/log.h"
#include "fs/meta.h"
#include "watch/internal.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

void zc_wreport(struct zc_watch *w, zc_wdir dir, const char *name, size_t n,
                unsigned what)
{
    if (what & ZC_CHANGE_DATA)
        what &= ~(unsigned)ZC_CHANGE_WRITING;
    if (w->ev.changed && !w->gone)
        w->ev.changed(w->ev.arg, dir, name, n, what);
}

void zc_wdoubt(struct zc_watch *w, zc_wdir d)
{
    if (w->ev.in_doubt && !w->gone)
        w->ev.in_doubt(w->ev.arg, d);
}

void zc_wgone(struct zc_watch *w, const char *why)
{
    if (w->gone)
        return;
    w->gone = true;
    if (w->ev.gone)
        w->ev.gone(w->ev.arg, why);
}

void zc_wrescan_later(struct zc_watch *w)
{
    w->rescan.next = zc_clock_ns() +
                     (w->rescan.delay ? w->rescan.delay : w->rescan.every);
}

void zc_wrescan_soon(struct zc_watch *w)
{
    int64_t least = ZC_MIN(ZC_NSEC_PER_SEC, w->rescan.every);
    w->rescan.delay = ZC_MAX(w->rescan.delay, least);
    zc_wrescan_later(w);
}

void zc_wstarved(struct zc_watch *w, int eno)
{
    if (w->rescan.starved)
        return;
    w->rescan.starved = true;
    zc_wrescan_soon(w);
    zc_log(ZC_LOG_WARN, "could not watch all of %s: %s; trying again in %lld "
           "seconds", w->root, strerror(eno),
           (long long)(w->rescan.delay / ZC_NSEC_PER_SEC));
}

/* --- the root --- */

/* When the directory was made, as far as the file system tells. */
static int64_t btime_ns(const struct statx *st)
{
    if (!(st->stx_mask & STATX_BTIME))
        return 0;
    return st->stx_btime.tv_sec * ZC_NSEC_PER_SEC + st->stx_btime.tv_nsec;
}

int zc_wroot_set(struct zc_watch *w, int rootfd, struct zc_err *err)
{
    struct zc_stat st;
    struct statx stx;
    if (zc_stat_at(rootfd, "", &st) ||
        statx(rootfd, "", AT_EMPTY_PATH, STATX_BTIME, &stx))
        return zc_err_set(err, ZC_EXIT_SELECT, errno, "cannot look at %s",
                          w->root);
    w->id = (struct zc_wroot){st.dev, st.ino, st.mnt_id, btime_ns(&stx)};
    return 0;
}

bool zc_wroot_ok(const struct zc_watch *w, struct zc_err *why)
{
    struct statx st;
    if (statx(AT_FDCWD, w->root, AT_NO_AUTOMOUNT, STATX_BASIC_STATS |
              STATX_BTIME | ZC_STATX_MNT, &st)) {
        zc_err_set(why, ZC_EXIT_SELECT, errno, "cannot look at %s", w->root);
        return false;
    }
    if (!S_ISDIR(st.stx_mode)) {
        zc_err_set(why, ZC_EXIT_SELECT, 0, "%s is not a directory any more",
                   w->root);
        return false;
    }
    if (makedev(st.stx_dev_major, st.stx_dev_minor) != w->id.dev ||
        st.stx_ino != w->id.ino || btime_ns(&st) != w->id.btime ||
        (st.stx_mask & ZC_STATX_MNT && w->id.mnt &&
         st.stx_mnt_id != w->id.mnt)) {
        zc_err_set(why, ZC_EXIT_SELECT, 0,
                   "%s is not the directory any more that it was at the start",
                   w->root);
        return false;
    }
    return true;
}
