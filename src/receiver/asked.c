// SPDX-License-Identifier: GPL-2.0-or-later
/* What was asked for; see asked.h. */
#include "receiver/asked.h"

#include "receiver/core.h"
#include "receiver/dirs.h"

#include <string.h>
#include <sys/stat.h>

bool zc_asked_listed(const struct zc_fileset *set, const char *path)
{
    const struct zc_fileset_node *node = NULL;
    for (const char *at = path; *at;) {
        size_t n = strcspn(at, "/");
        node = zc_fileset_child(set, node, at, n);
        if (!node || zc_fileset_recurses(node))
            return node != NULL;
        at += n;
        at += *at == '/';
    }
    return true;
}

static bool is_asked_for(const struct zc_terms *t, const struct zc_rdir *d,
                         const char *path, bool is_dir)
{
    if (t->name)
        return d->top && strcmp(path, t->name) == 0 && !is_dir;
    if (t->only && !zc_asked_listed(t->only, path))
        return false;
    /* What each directory says for itself is not known here. */
    return !t->filter || !zc_filter_surely_hides(t->filter, path, is_dir);
}

/* Not all that is in the directory PATH was asked for. */
static bool is_restricted(const struct zc_terms *t, const char *path)
{
    const struct zc_fileset_node *node = NULL;
    if (t->name || !t->only)
        return t->name != NULL;
    for (const char *at = path; *at;) {
        size_t n = strcspn(at, "/");
        node = zc_fileset_child(t->only, node, at, n);
        if (!node || zc_fileset_recurses(node))
            return false;
        at += n;
        at += *at == '/';
    }
    return true;
}

/* A file that a good sender would have left alone. */
static bool has_wrong_size(const struct zc_msg_open *m,
                           const struct zc_entry *e)
{
    return m->walk & ZC_WALK_SIZES && S_ISREG(e->mode) &&
           !(e->flags & (ZC_ENTRY_IMPLIED | ZC_ENTRY_ABSENT)) &&
           (e->size > m->max_size || e->size < m->min_size);
}

static int not_asked(const char *path, struct zc_err *err)
{
    return zc_err_set(err, ZC_EXIT_STREAM, 0,
                      "the sender sends %.300s, which it was not asked for",
                      path);
}

int zc_asked_root(struct zc_receiver *r, const struct zc_entry *e,
                  struct zc_err *err)
{
    if (!r->pull || !r->terms.name || e->flags & ZC_ENTRY_IMPLIED)
        return 0;
    return zc_receiver_nonsense(err, "it sends a directory where it was asked "
                                     "for a file");
}

/* What is not in the list may only be deleted where all was asked for. */
static int check_whole(struct zc_rworker *w, struct zc_rdir *d,
                       const struct zc_msg_list *m, struct zc_err *err)
{
    const char *path = zc_dirnode_path_of(d->shelf.node, "", 0, &w->path);
    if (!path)
        return zc_err_nomem(err);
    if (m->flags & ZC_LIST_INCOMPLETE || !is_restricted(&w->r->terms, path))
        return 0;
    return zc_receiver_nonsense(err, "it takes some names for all that there "
                                     "is");
}

/* PATH may be said to be missing, which deletes it: with --delete, and with
 * --delete-missing-args what stands in the list by itself. */
static bool may_be_missing(const struct zc_receiver *r, const char *path)
{
    const struct zc_terms *t = &r->terms;
    const struct zc_fileset_node *node = NULL;
    if (t->name || r->flags & ZC_OPEN_DELETE)
        return !t->name;
    if (!t->only || !(t->open.walk & ZC_WALK_DELETE_MISSING))
        return false;
    for (const char *at = path; *at; at += *at == '/') {
        size_t n = strcspn(at, "/");
        node = zc_fileset_child(t->only, node, at, n);
        if (!node)
            return false;
        at += n;
    }
    return node && zc_fileset_listed(node);
}

static int check_entry(struct zc_rworker *w, struct zc_rdir *d,
                       const struct zc_entry *e, struct zc_err *err)
{
    const struct zc_receiver *r = w->r;
    const struct zc_terms *t = &r->terms;
    const char *path = zc_dirnode_path_of(d->shelf.node, e->name, e->name_len,
                                          &w->path);
    if (!path)
        return zc_err_nomem(err);
    if (e->flags & ZC_ENTRY_ABSENT && !may_be_missing(r, path))
        return zc_receiver_nonsense(err, "it deletes, and was not asked to");
    return is_asked_for(t, d, path, S_ISDIR(e->mode)) &&
                   !has_wrong_size(&t->open, e)
               ? 0
               : not_asked(path, err);
}

int zc_asked_list(struct zc_rworker *w, struct zc_rdir *d, struct zc_msg_list m,
                  struct zc_err *err)
{
    struct zc_entry prev = {0}, e;
    if (!w->r->pull)
        return 0;
    if (check_whole(w, d, &m, err))
        return -1;
    for (uint32_t i = 0; i < m.count; i++) {
        if (zc_list_next(&m, &prev, &e, err))
            return -1;
        prev = e;
        if (check_entry(w, d, &e, err))
            return -1;
    }
    return 0;
}
