// SPDX-License-Identifier: GPL-2.0-or-later
/* What a session is about; see terms.h. */
#include "session/terms.h"

#include <string.h>

int zc_terms_decode(struct zc_terms *t, struct zc_bytes body,
                    struct zc_err *err)
{
    memset(t, 0, sizeof *t);
    t->body = malloc(body.n + 1);
    if (!t->body)
        return zc_err_nomem(err);
    if (body.n)
        memcpy(t->body, body.p, body.n);
    return zc_open_decode((struct zc_bytes){t->body, body.n}, &t->open, err);
}

int zc_terms_take_filter(struct zc_terms *t, struct zc_err *err)
{
    t->filter = zc_filter_decode(t->open.filter.p, t->open.filter.n, err);
    return t->filter ? 0 : -1;
}

void zc_terms_fini(struct zc_terms *t)
{
    zc_filter_free(t->filter);
    free(t->name);
    free(t->root_path);
    free(t->root_below);
    free(t->root_name);
    free(t->body);
    memset(t, 0, sizeof *t);
}

void zc_terms_timeouts(struct zc_terms *t, unsigned theirs, unsigned ours)
{
    t->ping_s = theirs;
    if (ours && (!t->ping_s || ours < t->ping_s))
        t->ping_s = ours;
}

void zc_terms_options(const struct zc_terms *t, struct zc_options *opt)
{
    const struct zc_msg_open *m = &t->open;
    zc_options_init(opt);
    opt->keep = m->keep;
    opt->walk = m->walk;
    opt->apply = m->apply;
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
    if (m->flags & ZC_OPEN_BUFFER)
        opt->mover = ZC_MOVER_READWRITE;
}
