// SPDX-License-Identifier: GPL-2.0-or-later
/* What was asked for; see asked.h. */
#include "receiver/asked.h"

#include "receiver/core.h"
#include "receiver/dirs.h"

#include <string.h>
#include <sys/stat.h>

/* PATH, or what it is in, stands in the list SET; or leads to what does. */
static bool is_listed(const struct zc_fileset *set, const char *path)
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
    if (t->only && !is_listed(t->only, path))
        return false;
    return !t->filter || !zc_filter_hides(t->filter, path, is_dir);
}

int zc_asked_root(struct zc_receiver *r, const struct zc_entry *e,
                  struct zc_err *err)
{
    if (!r->pull || !r->terms.name || e->flags & ZC_ENTRY_IMPLIED)
        return 0;
    return zc_receiver_nonsense(err, "it sends a directory where it was asked "
                                     "for a file");
}

int zc_asked_list(struct zc_rworker *w, struct zc_rdir *d, struct zc_msg_list m,
                  struct zc_err *err)
{
    const struct zc_terms *t = &w->r->terms;
    struct zc_entry prev = {0}, e;
    if (!w->r->pull || (!t->name && !t->only && !t->filter))
        return 0;
    for (uint32_t i = 0; i < m.count; i++) {
        if (zc_list_next(&m, &prev, &e, err))
            return -1;
        prev = e;
        const char *path = zc_dirnode_path_of(d->shelf.node, e.name,
                                              e.name_len, &w->path);
        if (!path)
            return zc_err_nomem(err);
        if (!is_asked_for(t, d, path, S_ISDIR(e.mode)))
            return zc_err_set(err, ZC_EXIT_STREAM, 0,
                              "the sender sends %.300s, which it was not asked "
                              "for", path);
    }
    return 0;
}
