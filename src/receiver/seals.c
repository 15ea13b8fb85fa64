// SPDX-License-Identifier: GPL-2.0-or-later
/* Immutable and append-only files; see seals.h. */
#include "receiver/seals.h"

#include "fs/fileflags.h"
#include "receiver/core.h"

#include <string.h>

/* A peer may name any number. */
#define SEALS_MAX ((size_t)1 << 20)

static bool applies(const struct zc_receiver *r)
{
    return r->keep & ZC_KEEP_FLAGS && !r->dry;
}

/* Where the staging folder is, nothing can be sealed. */
static bool is_root(const struct zc_dirnode *node, const char *name)
{
    return !*name && !zc_dirnode_parent((struct zc_dirnode *)node);
}

void zc_seals_add(struct zc_rworker *w, struct zc_dirnode *node,
                  const char *name, const struct zc_entry *e)
{
    struct zc_receiver *r = w->r;
    struct zc_seal seal = {node, NULL, e->fileflags & ZC_FILEFLAGS_SEALS};
    if (!seal.seals || !applies(r) || is_root(node, name))
        return;
    seal.name = strdup(name);
    pthread_mutex_lock(&r->lock);
    bool bad = !seal.name || r->seals->wanted.len >= SEALS_MAX ||
               zc_vec_push(&r->seals->wanted, seal);
    if (!bad)
        zc_dirnode_ref(r->tree, node);
    pthread_mutex_unlock(&r->lock);
    if (bad) {
        free(seal.name);
        zc_rworker_note(w, node, name, ZC_OP_META + ZC_META_FLAGS, e->mode,
                        ENOMEM);
    }
}

void zc_seals_put(struct zc_rworker *w)
{
    struct zc_receiver *r = w->r;
    for (size_t i = 0; i < r->seals->wanted.len; i++) {
        const struct zc_seal *s = &r->seals->wanted.v[i];
        int dirfd = zc_dirnode_pin(r->tree, s->node);
        int bad = dirfd < 0 || zc_fileflags_seal(dirfd, s->name, s->seals);
        if (bad && errno != ENOENT) /* it could not be made, as was told */
            zc_rworker_note(w, s->node, s->name, ZC_OP_META + ZC_META_FLAGS,
                            0, errno);
        if (dirfd >= 0)
            zc_dirnode_unpin(r->tree, s->node);
        if (w->out.len >= 32 * ZC_KIB)
            zc_rworker_flush(w);
    }
    zc_rworker_flush(w);
    zc_seals_free(r);
}

void zc_seals_free(struct zc_receiver *r)
{
    for (size_t i = 0; i < r->seals->wanted.len; i++) {
        zc_dirnode_unref(r->tree, r->seals->wanted.v[i].node);
        free(r->seals->wanted.v[i].name);
    }
    zc_vec_fini(&r->seals->wanted);
}

bool zc_seals_break(struct zc_receiver *r, struct zc_dirnode *node, int dirfd,
                    const char *name)
{
    if (!applies(r))
        return false;
    bool dir = !is_root(node, "") && zc_fileflags_unseal(dirfd, "");
    return (*name && zc_fileflags_unseal(dirfd, name)) || dir;
}
