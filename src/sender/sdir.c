// SPDX-License-Identifier: GPL-2.0-or-later
/* A directory that is listed, or asked about; see sdir.h. */
#include "sender/sdir.h"

#include "base/relpath.h"
#include "fs/staging.h"
#include "sender/entry.h"

#include <string.h>

void zc_sdir_free(struct zc_sender *s, struct zc_sdir *d)
{
    zc_names_fini(&d->names);
    zc_filter_free(d->filter);
    zc_dirnode_unref(s->tree, d->node);
    if (d->groups)
        zc_groups_fini(d->groups);
    free(d->groups);
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

/* The peer can be told of them. */
static bool rules_fit(struct zc_sender *s, const struct zc_filter *f,
                      struct zc_err *err)
{
    if (!s->opt->del)
        return true;
    struct zc_buf text = ZC_BUF_INIT;
    zc_filter_encode_dir(f, &text);
    size_t n = text.failed ? SIZE_MAX : text.len;
    zc_buf_fini(&text);
    if (n > ZC_LIST_RULES_MAX) {
        zc_err_set(err, ZC_EXIT_USAGE, 0, "they have more than %d bytes",
                   ZC_LIST_RULES_MAX);
        return false;
    }
    if (atomic_fetch_add(&s->rules, n) + n <= ZC_ROUND_RULES_MAX)
        return true;
    zc_err_set(err, ZC_EXIT_USAGE, 0, "those of all directories have more than "
               "%d bytes", ZC_ROUND_RULES_MAX);
    return false;
}

static void tell_rules(struct zc_sworker *w, const struct zc_sdir *d,
                       const struct zc_err *err)
{
    struct zc_buf what = ZC_BUF_INIT;
    zc_buf_printf(&what, "follow the rules for it, so it is left out: %s",
                  err->text);
    zc_buf_u8(&what, 0);
    zc_entry_trouble(w, d->node, "", ZC_TROUBLE_SOURCE,
                     what.failed ? "follow the rules for it"
                                 : (const char *)what.data, 0);
    zc_buf_fini(&what);
}

int zc_sdir_take_rules(struct zc_sworker *w, struct zc_sdir *d, int dirfd)
{
    struct zc_sender *s = w->s;
    if (!zc_filter_has_merges(s->filter) || d->ruled)
        return 0;
    const struct zc_filter *from = d->filter ? d->filter : s->filter;
    const struct zc_filter *known = d->filter ? d->filter : s->opt->filter;
    struct zc_filter_reading how = {.below = s->source.confined,
                                    .nesting = !s->opt->rounds};
    const char *path = zc_dirnode_path_of(d->node, "", 0, &w->path);
    struct zc_err err = {0};
    struct zc_filter *own =
        path ? zc_filter_enter(from, dirfd, path, &how, &err) : NULL;
    if (!own || (own != known && !w->silent && !rules_fit(s, own, &err))) {
        zc_filter_free(own);
        tell_rules(w, d, &err);
        return -1;
    }
    d->told = own == known;
    d->ruled = true;
    zc_filter_free(d->filter);
    d->filter = own;
    return 0;
}

bool zc_sdir_hides(struct zc_sworker *w, const struct zc_sdir *d,
                   const char *name, bool is_dir)
{
    const struct zc_filter *f = d->filter ? d->filter : w->s->opt->filter;
    return f && zc_filter_hides(f, zc_dirnode_path_of(d->node, name,
                                                      strlen(name), &w->path),
                                is_dir);
}

bool zc_sdir_hides_link(struct zc_sworker *w, const struct zc_sdir *d,
                        const char *name)
{
    return zc_sdir_hides(w, d, name, false) && zc_sdir_hides(w, d, name, true);
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
