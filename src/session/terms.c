// SPDX-License-Identifier: GPL-2.0-or-later
/* What a session is about; see terms.h. */
#include "session/terms.h"

#include "base/log.h"

#include <string.h>

/* *COPY is T's own of BODY. */
static int keep_body(struct zc_terms *t, struct zc_bytes body,
                     struct zc_bytes *copy, struct zc_err *err)
{
    memset(t, 0, sizeof *t);
    t->body = malloc(body.n + 1);
    if (!t->body)
        return zc_err_nomem(err);
    if (body.n)
        memcpy(t->body, body.p, body.n);
    *copy = (struct zc_bytes){t->body, body.n};
    return 0;
}

int zc_terms_decode(struct zc_terms *t, struct zc_bytes body,
                    struct zc_err *err)
{
    struct zc_bytes own;
    return keep_body(t, body, &own, err) || zc_open_decode(own, &t->open, err)
               ? -1
               : 0;
}

int zc_terms_decode_look(struct zc_terms *t, struct zc_bytes body,
                         struct zc_err *err)
{
    struct zc_bytes own;
    struct zc_msg_look m;
    if (keep_body(t, body, &own, err) || zc_look_decode(own, &m, err))
        return -1;
    t->look = true;
    t->open.flags = ZC_OPEN_PULL | (m.own ? ZC_OPEN_OWN : 0);
    t->open.share = m.share;
    t->open.path = m.path;
    return 0;
}

int zc_terms_take_filter(struct zc_terms *t, struct zc_err *err)
{
    t->filter = zc_filter_decode(t->open.filter.p, t->open.filter.n, err);
    return t->filter ? 0 : -1;
}

/* ONLY, which a peer has sent. */
static int take_only(struct zc_terms *t, struct zc_err *err)
{
    const char *at = (const char *)t->open.only.p, *end = at + t->open.only.n;
    t->only = zc_fileset_new();
    if (!t->only)
        return zc_err_nomem(err);
    for (; at < end; at += strlen(at) + 1)
        if (zc_fileset_add(t->only, at, strlen(at), err))
            return -1;
    return zc_fileset_sort(t->only) ? zc_err_nomem(err) : 0;
}

int zc_terms_take_choices(struct zc_terms *t, struct zc_err *err)
{
    const struct zc_bytes chmod = t->open.chmod, dense = t->open.dense;
    zc_auto_free char *text = strndup(chmod.n ? (const char *)chmod.p : "",
                                      chmod.n);
    if (!text)
        return zc_err_nomem(err);
    if (t->open.walk & ZC_WALK_DENSE &&
        !(t->dense = strndup(dense.n ? (const char *)dense.p : "", dense.n)))
        return zc_err_nomem(err);
    if (*text && zc_chmod_add(&t->chmod, text, err))
        return -1;
    return t->open.only.n ? take_only(t, err) : 0;
}

int zc_terms_take_name(struct zc_terms *t, const char *name,
                       struct zc_err *err)
{
    bool renamed = t->open.flags & ZC_OPEN_SINGLE_FILE;
    zc_fileset_free(t->only);
    t->only = zc_fileset_new();
    t->name = renamed ? strndup((const char *)t->open.name.p, t->open.name.n)
                      : strdup(name);
    t->source_name = strdup(name);
    if (!t->name || !t->only || !t->source_name)
        return zc_err_nomem(err);
    t->open.name = (struct zc_bytes){(const uint8_t *)t->source_name,
                                     strlen(t->source_name)};
    if (zc_fileset_add(t->only, name, strlen(name), err))
        return -1;
    return zc_fileset_sort(t->only) ? zc_err_nomem(err) : 0;
}

void zc_terms_fini(struct zc_terms *t)
{
    zc_backups_close(&t->backups);
    zc_backups_close(&t->trash);
    zc_alternates_close(&t->alternates);
    zc_unsynced_left_fini(&t->unsynced);
    zc_chmod_free(t->chmod);
    zc_fileset_free(t->only);
    zc_filter_free(t->filter);
    free(t->dense);
    free(t->name);
    free(t->root_path);
    free(t->root_below);
    free(t->root_name);
    free(t->own_path);
    free(t->source_name);
    free(t->body);
    memset(t, 0, sizeof *t);
}

size_t zc_terms_trees(const struct zc_terms *t, int root_fd, bool reads,
                      struct zc_tree_access trees[ZC_TERMS_TREES])
{
    bool links = t->open.alternate == ZC_ALTERNATE_LINK && !reads;
    size_t n = 0;
    if (root_fd >= 0)
        trees[n++] = (struct zc_tree_access){
            root_fd, reads ? ZC_ACCESS_READ : ZC_ACCESS_WRITE};
    for (size_t i = 0; i < t->alternates.n; i++)
        trees[n++] = (struct zc_tree_access){
            t->alternates.fds[i], links ? ZC_ACCESS_LINK : ZC_ACCESS_READ};
    if (t->backups.way && t->backups.fd >= 0)
        trees[n++] = (struct zc_tree_access){
            t->backups.fd, reads ? ZC_ACCESS_READ : ZC_ACCESS_WRITE};
    if (t->trash.way)
        trees[n++] = (struct zc_tree_access){
            t->trash.fd, reads ? ZC_ACCESS_READ : ZC_ACCESS_WRITE};
    if (t->backups.way && t->backups.parent >= 0)
        trees[n++] = (struct zc_tree_access){t->backups.parent,
                                             ZC_ACCESS_TIDY};
    return n;
}

void zc_terms_timeouts(struct zc_terms *t, unsigned theirs, unsigned ours)
{
    t->ping_s = theirs;
    if (ours && (!t->ping_s || ours < t->ping_s))
        t->ping_s = ours;
}

enum zc_mover_kind zc_terms_mover(const struct zc_terms *t)
{
    uint8_t mover = t->open.mover;
    return mover <= ZC_MOVER_LAST ? (enum zc_mover_kind)mover : ZC_MOVER_AUTO;
}

void zc_terms_say_mover(const struct zc_terms *t,
                        const struct zc_transport *over, bool sending)
{
    enum zc_mover_kind kind = zc_terms_mover(t);
    struct zc_mover_instead in;
    if (zc_mover_instead(kind, over, sending, &in))
        zc_log(ZC_LOG_INFO, "%s cannot %s over %s: %s does it",
               zc_mover_name(kind), sending ? "send" : "receive", in.over,
               in.name);
}

void zc_terms_options(const struct zc_terms *t, struct zc_options *opt)
{
    const struct zc_msg_open *m = &t->open;
    zc_options_init(opt);
    opt->keep = (m->keep & ZC_KEEP_ON_WIRE) |
                (m->walk & ZC_WALK_FAKE ? ZC_KEEP_FAKE : 0);
    opt->walk = m->walk;
    opt->apply = m->apply;
    if (m->walk & ZC_WALK_SIZES) {
        opt->max_size = m->max_size;
        opt->min_size = m->min_size;
    }
    if (m->apply & ZC_APPLY_WINDOW)
        opt->window_s = (int)m->window;
    opt->fsync = (enum zc_fsync)m->fsync;
    opt->timeout_s = m->timeout_s;
    opt->max_delete = m->flags & ZC_OPEN_MAX_DELETE ? m->max_delete
                                                    : ZC_MAX_DELETE_DEFAULT;
    opt->dry_run = m->flags & ZC_OPEN_DRY_RUN;
    opt->checksum = m->flags & ZC_OPEN_CHECKSUM;
    opt->update = m->flags & ZC_OPEN_UPDATE;
    opt->del = m->flags & ZC_OPEN_DELETE;
    opt->force_delete = m->flags & ZC_OPEN_FORCE_DELETE;
    opt->numeric_ids = m->flags & ZC_OPEN_NUMERIC_IDS;
    opt->owners_asked = m->flags & ZC_OPEN_OWNERS;
    opt->want_items = m->flags & ZC_OPEN_WANT_ITEMS;
    opt->path_is_dir = m->flags & ZC_OPEN_PATH_IS_DIR;
    opt->rounds = m->flags & ZC_OPEN_ROUNDS;
    opt->filter = t->filter;
    opt->one_file_system = m->one_file_system;
    opt->bwlimit = m->bwlimit;
    opt->chmod = t->chmod;
    opt->skip_compress = t->dense;
    opt->only = t->only;
    opt->files_from = t->only && !t->name && !(m->walk & ZC_WALK_NAMED);
    opt->single_file = t->name != NULL;
    opt->mover = zc_terms_mover(t);
}
