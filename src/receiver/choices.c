// SPDX-License-Identifier: GPL-2.0-or-later
/* What is left alone, and what counts as the same; see choices.h. */
#include "receiver/choices.h"

#include "receiver/core.h"
#include "receiver/volumes.h"

#define LEAVES_ABSENT (ZC_APPLY_EXISTING | ZC_APPLY_ONLY_DELETE)
#define LEAVES_PRESENT (ZC_APPLY_IGNORE_EXISTING | ZC_APPLY_ONLY_DELETE)

static bool window_given(const struct zc_receiver *r)
{
    return r->apply & ZC_APPLY_WINDOW;
}

/* With a window of some seconds, the source's has to be newer by as many: within
 * it nobody can tell. */
static bool newer_here(const struct zc_receiver *r, const struct zc_entry *e,
                       const struct zc_stat *st)
{
    if (!(r->flags & ZC_OPEN_UPDATE) || !S_ISREG(e->mode) ||
        !S_ISREG(st->mode))
        return false;
    if (st->mtime_s > e->mtime_s)
        return true;
    if (!window_given(r))
        return st->mtime_s == e->mtime_s && st->mtime_ns > e->mtime_ns;
    uint32_t window = r->terms.open.window;
    return window && zc_times_within(e->mtime_s, st->mtime_s, window - 1);
}

bool zc_choices_any(const struct zc_receiver *r)
{
    return r->flags & ZC_OPEN_UPDATE ||
           r->apply & (LEAVES_ABSENT | LEAVES_PRESENT);
}

bool zc_choices_leave(const struct zc_receiver *r, const struct zc_entry *e,
                      const struct zc_stat *st)
{
    if (!st)
        return r->apply & LEAVES_ABSENT;
    if (r->apply & LEAVES_PRESENT &&
        !(S_ISDIR(st->mode) && S_ISDIR(e->mode)))
        return true;
    return newer_here(r, e, st);
}

bool zc_choices_leave_place(const struct zc_receiver *r, int eno)
{
    return (eno == ENOENT && r->apply & LEAVES_ABSENT) ||
           ((eno == ENOTDIR || eno == ELOOP) &&
            r->apply & (LEAVES_ABSENT | LEAVES_PRESENT));
}

uint32_t zc_choices_perms(const struct zc_receiver *r, uint32_t mode,
                          const struct zc_stat *st)
{
    uint32_t perms = st->mode & 07777;
    if (!(r->apply & ZC_APPLY_EXECUTABILITY) || r->keep & ZC_KEEP_PERMS ||
        !S_ISREG(mode) || !S_ISREG(st->mode) ||
        !(mode & 0111) == !(perms & 0111))
        return perms;
    /* Who may read may run, as in rsync. */
    return mode & 0111 ? perms | (perms & 0444) >> 2 : perms & ~0111u;
}

bool zc_choices_same_time(const struct zc_receiver *r,
                          const struct zc_entry *e, const struct zc_stat *st,
                          const struct zc_volume *v)
{
    if (window_given(r) &&
        zc_times_within(e->mtime_s, st->mtime_s, r->terms.open.window))
        return true;
    return zc_time_equal(e->mtime_s, e->mtime_ns, st->mtime_s, st->mtime_ns,
                         v->time_step);
}

bool zc_choices_is_way(const struct zc_receiver *r, const struct zc_entry *e)
{
    return r->terms.open.walk & ZC_WALK_BARE && e->flags & ZC_ENTRY_IMPLIED &&
           S_ISDIR(e->mode);
}
