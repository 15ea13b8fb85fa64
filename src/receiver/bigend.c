// SPDX-License-Identifier: GPL-2.0-or-later
/* What becomes of a file that has come in ranges, when END has: what a worker does
 * about it; see big.h. */
#include "receiver/big.h"

#include "receiver/basis.h"
#include "receiver/bigfile.h"
#include "receiver/choices.h"
#include "receiver/core.h"
#include "receiver/deletions.h"
#include "receiver/delta.h"
#include "receiver/dirs.h"
#include "receiver/dress.h"
#include "receiver/hardlinks.h"
#include "receiver/inplace.h"
#include "receiver/lists.h"
#include "receiver/newfile.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int hash_big(struct zc_rworker *w, const struct zc_rbig *b,
                    uint8_t out[ZC_HASH_SIZE])
{
    return b->delta && !zc_rdelta_hash(w, b->delta, out)
               ? 0
               : zc_rworker_hash(w, b->fd, b->m.entry.size, out);
}

static bool verified(struct zc_rworker *w, const struct zc_rbig *b)
{
    uint8_t mine[ZC_HASH_SIZE];
    return b->verdict != ZC_VERDICT_VERIFY ||
           (!hash_big(w, b, mine) &&
            !memcmp(mine, b->hash, sizeof mine));
}

static void give_up_big(struct zc_rworker *w, struct zc_rbig *b)
{
    zc_hardlink_settle(w, zc_hardlink_key(w->r, &b->m.entry), b->dir, "",
                       false);
    zc_hardlink_done(w, b->list, b->ref, ZC_STATUS_FAILED, b->op, b->eno);
}

/* What becomes of B. */
enum outcome { COMMIT, AGAIN, LEFT, FAILED };

/* Something has the name that is not to be touched, or a directory that must
 * stay: asked when the entry was compared, but for a small file that grew. */
static enum outcome judge_name(struct zc_rworker *w, struct zc_rbig *b)
{
    char name[ZC_NAME_MAX + 1];
    struct zc_stat st;
    enum outcome outcome = COMMIT;
    zc_entry_name(&b->m.entry, name);
    int dirfd = zc_dirnode_pin(w->r->tree, b->dir->shelf.node);
    if (dirfd < 0)
        return COMMIT; /* naming it will fail */
    bool exists = !zc_dress_look(w->r, dirfd, name, &st);
    if (zc_choices_leave(w->r, &b->m.entry, exists ? &st : NULL)) {
        outcome = LEFT;
    } else if (exists && S_ISDIR(st.mode) &&
               !zc_deletions_replace(w, b->dir, dirfd, name)) {
        zc_rbig_failed(b, ZC_OP_REPLACE_DIR, ENOTEMPTY);
        outcome = FAILED;
    }
    zc_dirnode_unpin(w->r->tree, b->dir->shelf.node);
    return outcome;
}

/* What others have done of it is over. */
static void end_delta(struct zc_rbig *b)
{
    int eno;
    unsigned op = b->delta ? zc_rdelta_failure(b->delta, &eno) : ZC_OP_NONE;
    if (op)
        zc_rbig_failed(b, op, eno);
    if (b->delta && !b->eno && ftruncate(b->fd, (off_t)b->m.entry.size))
        zc_rbig_failed(b, ZC_OP_WRITE, errno);
}

/* FAILED: because of b->op, b->eno. */
static enum outcome judge_big(struct zc_rworker *w, struct zc_rbig *b)
{
    if (b->verdict == ZC_VERDICT_ABANDON) {
        b->op = ZC_OP_SOURCE;
        b->eno = 0;
        return FAILED;
    }
    zc_rbig_put_rest(w->r, b);
    end_delta(b);
    if (b->eno && b->op == ZC_OP_READ) /* the basis is gone: whole, then */
        return AGAIN;
    if (b->eno)
        return FAILED;
    if (!verified(w, b))
        return AGAIN;
    return b->dir->shallow ? judge_name(w, b) : COMMIT;
}

static void commit_big(struct zc_rworker *w, struct zc_rbig *b)
{
    int fd = b->fd;
    b->fd = -1;
    zc_basis_drop(w->r, b->dir, &b->m.entry);
    if (b->in_place) {
        zc_inplace_finish(w, b->list, &b->m, fd);
        return;
    }
    zc_space_leave(w->r, false);
    zc_newfile_dress(w, b->dir, fd, b->mode, &b->m);
    zc_newfile_commit(w, b->list, &b->m, b->tmp, fd);
}

void zc_rbig_finish(struct zc_rworker *w, struct zc_rbig *b)
{
    struct zc_receiver *r = w->r;
    struct zc_rdir *d = b->dir;
    zc_rdir_hold(r, d); /* it must outlive the clean-up of B */
    switch (judge_big(w, b)) {
    case COMMIT:
        commit_big(w, b);
        break;
    case AGAIN:
        zc_entry_again(w, b->list, b->ref);
        break;
    case LEFT:
        zc_hardlink_settle(w, zc_hardlink_key(r, &b->m.entry), d, "", false);
        zc_hardlink_done(w, b->list, b->ref, ZC_STATUS_SAME, 0, 0);
        break;
    case FAILED:
        give_up_big(w, b);
        break;
    }
    zc_rbig_free(r, b);
    zc_rdir_drop(w, d);
}
