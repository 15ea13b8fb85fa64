// SPDX-License-Identifier: GPL-2.0-or-later
/* What a file system makes of metadata; see medium.h. */
#include "receiver/medium.h"

#include "fs/rootdir.h"
#include "receiver/core.h"
#include "receiver/volumes.h"

#include <fcntl.h>
#include <time.h>

/* The coarsest step of times that there is. */
#define ROUGH_NS 2000000000u

/* With the permissions of MODE: they may stay what they are. */
static int make_like(int base, const char *name, uint32_t mode)
{
    if (S_ISDIR(mode))
        return mkdirat(base, name, mode & 0777);
    if (S_ISLNK(mode))
        return symlinkat(name, base, name);
    zc_auto_close int fd = zc_file_open(base, name, O_WRONLY | O_CREAT | O_EXCL,
                                        mode & 0777);
    return fd < 0 ? -1 : 0;
}

/* What becomes of WANT, of the kinds KEEP, on something of this MODE's type;
 * REPORT: what was refused. -1: it cannot be found out. */
static int try_it(struct zc_rworker *w, const struct zc_shelf *s, uint32_t mode,
                  const struct zc_meta_want *want, unsigned keep,
                  struct zc_stat *made, struct zc_meta_report *report)
{
    char tmp[ZC_STAGING_NAME_SIZE];
    struct zc_meta_want mine = *want;
    struct zc_stat now;
    bool changed;
    bool fake = want->keep & ZC_KEEP_FAKE;
    if (w->r->dry || (fake && S_ISLNK(mode)) || !s->vol->careful || !s->vol->staging ||
        !(S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode)))
        return -1;
    int base = zc_staging_fd(s->vol->staging);
    zc_staging_name(s->vol->staging, tmp);
    if (base < 0 || make_like(base, tmp, mode))
        return -1;
    zc_auto_close int fd = zc_path_open(base, tmp);
    int bad = fd < 0 || zc_stat_at(fd, "", &now) ? -1 : 0;
    mine.keep = keep | (want->keep & ZC_KEEP_FAKE);
    mine.have_xattrs = false;
    mine.skip_times = false;
    mine.careful = true;
    if (!bad) {
        zc_meta_apply(fd, &now, &mine, w->r->ids, report, &changed);
        bad = zc_stat_kept(mine.keep, fd, "", made);
    }
    unlinkat(base, tmp, S_ISDIR(mode) ? AT_REMOVEDIR : 0);
    return bad;
}

static bool is_same(enum zc_meta_kind kind, const struct zc_stat *a,
                    const struct zc_stat *b)
{
    switch (kind) {
    case ZC_META_OWNER:
        return a->uid == b->uid;
    case ZC_META_GROUP:
        return a->gid == b->gid;
    case ZC_META_PERMS:
        return ((a->mode ^ b->mode) & 07777) == 0;
    case ZC_META_TIMES:
        return a->mtime_s == b->mtime_s && a->mtime_ns == b->mtime_ns;
    default:
        return false;
    }
}

/* MADE is when it was made, and not what it was set to. */
static bool is_ignored(const struct zc_stat *made,
                       const struct zc_meta_want *want)
{
    int64_t age = (int64_t)time(NULL) - made->mtime_s;
    return !zc_time_equal(want->mtime_s, want->mtime_ns, made->mtime_s,
                          made->mtime_ns, ROUGH_NS) &&
           age >= -2 && age <= 60;
}

/* FAT and exFAT begin with 1980, in local time. Not all drivers say so at once:
 * some have the right year until they are unmounted. */
static bool is_first_day(const struct zc_stat *now,
                         const struct zc_meta_want *want)
{
    const int64_t begin = 315532800, day = 86400;
    return now->mtime_s >= begin - day && now->mtime_s <= begin + day &&
           want->mtime_s < begin;
}

bool zc_medium_makes(struct zc_rworker *w, const struct zc_shelf *s,
                     const struct zc_stat *now,
                     const struct zc_meta_want *want, enum zc_meta_kind kind,
                     int *why)
{
    static const unsigned keeps[] = {
        [ZC_META_OWNER] = ZC_KEEP_OWNER,
        [ZC_META_GROUP] = ZC_KEEP_GROUP,
        [ZC_META_PERMS] = ZC_KEEP_PERMS,
        [ZC_META_TIMES] = ZC_KEEP_TIMES,
    };
    struct zc_meta_report report = {0};
    struct zc_stat made;
    if (kind >= ZC_ARRAY_LEN(keeps) ||
        try_it(w, s, now->mode, want, keeps[kind], &made, &report))
        return false;
    *why = report.eno[kind];
    if (kind == ZC_META_TIMES && is_first_day(now, want)) {
        *why = EOPNOTSUPP;
        return true;
    }
    return is_same(kind, &made, now);
}

bool zc_medium_ignores_time(struct zc_rworker *w, const struct zc_shelf *s,
                            const struct zc_stat *now,
                            const struct zc_meta_want *want)
{
    struct zc_meta_report report = {0};
    struct zc_stat made;
    return !try_it(w, s, now->mode, want, ZC_KEEP_TIMES, &made, &report) &&
           !is_same(ZC_META_TIMES, &made, now) && is_ignored(&made, want);
}

/* --- hard links --- */

enum { SHOWS_LINKS = 1, HIDES_LINKS };

static bool shows_links(const struct zc_shelf *s, int base)
{
    char one[ZC_STAGING_NAME_SIZE], two[ZC_STAGING_NAME_SIZE];
    struct zc_stat a, b;
    zc_staging_name(s->vol->staging, one);
    zc_staging_name(s->vol->staging, two);
    if (make_like(base, one, S_IFREG | 0600))
        return true; /* who knows */
    bool shows = !linkat(base, one, base, two, 0) &&
                 !zc_stat_at(base, one, &a) && !zc_stat_at(base, two, &b) &&
                 a.ino == b.ino && a.dev == b.dev;
    unlinkat(base, one, 0);
    unlinkat(base, two, 0);
    return shows;
}

bool zc_medium_hides_links(struct zc_rworker *w, const struct zc_shelf *s)
{
    struct zc_volume *v = s->vol;
    unsigned known = atomic_load(&v->links);
    if (known || w->r->dry || !v->careful || !v->staging)
        return known == HIDES_LINKS;
    int base = zc_staging_fd(v->staging);
    known = base < 0 || shows_links(s, base) ? SHOWS_LINKS : HIDES_LINKS;
    atomic_store(&v->links, known);
    return known == HIDES_LINKS;
}
