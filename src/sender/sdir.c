// SPDX-License-Identifier: GPL-2.0-or-later
/* A directory that is listed, or asked about; see sdir.h. */
#include "sender/sdir.h"

#include "base/relpath.h"
#include "fs/staging.h"

#include <string.h>

void zc_sdir_free(struct zc_sender *s, struct zc_sdir *d)
{
    zc_names_fini(&d->names);
    zc_dirnode_unref(s->tree, d->node);
    free(d->after);
    free(d);
}

bool zc_sdir_reserves(const struct zc_sdir *d, int dirfd, const char *name)
{
    if (zc_name_is_nest(name, strlen(name)))
        return true;
    return !strcmp(name, ZC_STAGING_NAME) &&
           (!zc_dirnode_parent(d->node) || zc_staging_at_top(dirfd));
}

void zc_sdir_restrict(const struct zc_sender *s, struct zc_sdir *d,
                      const struct zc_fileset_node *only, bool restricted,
                      const char *name, size_t n)
{
    if (!restricted)
        return;
    d->only = zc_fileset_child(s->opt->only, only, name, n);
    d->restricted = !d->only || !zc_fileset_recurses(d->only);
}

bool zc_sdir_hides(struct zc_sworker *w, const struct zc_sdir *d,
                   const char *name, bool is_dir)
{
    const struct zc_filter *f = w->s->opt->filter;
    return f && zc_filter_hides(f, zc_dirnode_path_of(d->node, name,
                                                      strlen(name), &w->path),
                                is_dir);
}

bool zc_sdir_stays_out(const struct zc_sender *s, const struct zc_stat *st)
{
    bool other_mount = st->dev != s->root_stat.dev ||
                       st->mnt_id != s->root_stat.mnt_id;
    return s->opt->one_file_system && other_mount;
}

bool zc_sdir_is_dest(const struct zc_sender *s, const struct zc_stat *st)
{
    return st->dev == s->terms.root_dev && st->ino == s->terms.root_ino;
}

bool zc_sdir_enters(const struct zc_sender *s, struct zc_dirnode *parent,
                    const struct zc_stat *st)
{
    uint64_t mnt;
    return !zc_sdir_stays_out(s, st) && !zc_sdir_is_dest(s, st) &&
           !(parent &&
             zc_dirnode_has_ancestor(parent, st->dev, st->ino, &mnt));
}
