// SPDX-License-Identifier: GPL-2.0-or-later
/* What has arrived goes from the source; see removal.h. */
#include "sender/removal.h"

#include "base/log.h"
#include "fs/rootdir.h"
#include "sender/lease.h"
#include "sender/sfile.h"

#include <fcntl.h>
#include <sys/stat.h>

bool zc_removal_wanted(const struct zc_options *opt)
{
    return opt->apply & ZC_APPLY_REMOVE && opt->dry_run;
}

#define NO_CTIME INT64_MIN

struct zc_seen zc_removal_seen(const struct zc_stat *st)
{
    struct zc_seen seen = zc_seen_of(st);
    if (st->nlink > 1) /* which one name less changes */
        seen.ctime_s = NO_CTIME;
    return seen;
}

/* ST is the version that was listed as F. */
static bool is_listed(const struct zc_sfile *f, const struct zc_stat *st)
{
    struct zc_seen seen = f->list->entries[f->index].seen;
    if (seen.ctime_s == NO_CTIME) {
        seen.ctime_s = st->ctime_s;
        seen.ctime_ns = st->ctime_ns;
    }
    return zc_seen_same(&seen, st) &&
           (st->mode & S_IFMT) == (f->listed.mode & S_IFMT) &&
           st->mtime_s == f->listed.mtime_s &&
           st->mtime_ns == f->listed.mtime_ns;
}

/* Nobody is about to change it, as far as can be known. */
static bool is_quiet(int dirfd, const struct zc_sfile *f)
{
    if (!S_ISREG(f->listed.mode))
        return true;
    zc_auto_close int fd = zc_file_open(dirfd, f->name, O_RDONLY, 0);
    enum zc_lease lease = fd < 0 ? ZC_LEASE_NONE : zc_lease_take(fd);
    if (lease == ZC_LEASE_HELD)
        zc_lease_release(fd);
    return lease != ZC_LEASE_WRITER;
}

/* 0: it is gone, or was; 1: it has changed; -1 and errno. */
static int remove_listed(struct zc_sender *s, const struct zc_sfile *f)
{
    struct zc_stat st;
    struct zc_dirnode *node = f->list->node;
    int dirfd = zc_dirnode_pin(s->tree, node), r = -1;
    if (dirfd < 0)
        return errno == ENOENT ? 0 : -1;
    bool quiet = is_quiet(dirfd, f);
    if (zc_stat_kept(s->opt->keep, dirfd, f->name, &st))
        r = errno == ENOENT ? 0 : -1;
    else if (!quiet || !is_listed(f, &st))
        r = 1;
    else
        r = unlinkat(dirfd, f->name, 0) && errno != ENOENT ? -1 : 0;
    int eno = errno;
    zc_dirnode_unpin(s->tree, node);
    errno = eno;
    return r;
}

void zc_removal_of(struct zc_sender *s, struct zc_slist *l, uint32_t index)
{
    struct zc_sfile f;
    struct zc_buf buf = ZC_BUF_INIT;
    zc_sfile_init(s, &f, l, index, 0);
    /* What a symlink leads to was copied, and is somewhere else. */
    if (f.followed || S_ISDIR(f.listed.mode))
        return;
    int r = remove_listed(s, &f), eno = errno;
    const char *path = zc_dirnode_path_of(l->node, f.name, strlen(f.name),
                                          &buf);
    if (r > 0)
        zc_sender_trouble(s, ZC_TROUBLE_VANISHED,
                          "remove it: it has changed since it was sent",
                          path ? path : f.name, 0);
    else if (r < 0)
        zc_sender_trouble(s, ZC_TROUBLE_SOURCE, "remove it",
                          path ? path : f.name, eno);
    else
        zc_log(ZC_LOG_INFO, "removed from the source: %s",
               path ? path : f.name);
    zc_buf_fini(&buf);
}
