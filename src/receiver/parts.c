// SPDX-License-Identifier: GPL-2.0-or-later
/* All parts together; see parts.h. */
#include "receiver/parts.h"

#include "receiver/core.h"
#include "receiver/workers.h"

void zc_rparts_init(struct zc_rparts *p, struct zc_receiver *r)
{
    *p = (struct zc_rparts){0};
    zc_anchor_init(r->anchor = &p->anchor);
    zc_backup_init(r->backup = &p->backup);
    zc_backup_init(r->trash = &p->trash);
    zc_behind_init(r->behind = &p->behind);
    zc_queue_init(r->queue = &p->queue);
    r->ledger = &p->ledger;
    r->lists = &p->lists;
    zc_rdirs_init(r->dirs = &p->dirs);
    r->digests = &p->digests;
    zc_rsurvey_init(r->survey = &p->survey);
    r->seals = &p->seals;
    zc_shelves_init(r->shelves = &p->shelves);
    zc_volumes_init(r->volumes = &p->volumes);
    zc_hardlinks_init(r->hardlinks = &p->hardlinks);
    zc_moved_init(r->moved = &p->moved);
    r->shared = &p->shared;
    zc_deletions_init(r->deletions = &p->deletions);
    zc_commits_init(r->commits = &p->commits);
    zc_rbigs_init(r->bigs = &p->bigs);
    r->space = &p->space;
    zc_room_init(r->room = &p->room);
}

void zc_rparts_free(struct zc_receiver *r)
{
    zc_anchor_fini(r->anchor);
    zc_rworkers_drop(r); /* it may hold some of these */
    zc_rbigs_free(r);
    zc_commits_free(r->commits);
    zc_hardlinks_free(r);
    zc_moved_fini(r);
    zc_shared_free(r);
    zc_rlists_free(r);
    zc_rsurvey_clear(r);
    zc_rdigests_clear(r);
    zc_rdirs_free(r);
    zc_seals_free(r);
    zc_volumes_free(r);
    zc_deletions_free(r);
    zc_backup_fini(r->backup);
    zc_backup_fini(r->trash);
    zc_room_fini(r->room);
    zc_behind_fini(r->behind);
}

void zc_rparts_next_round(struct zc_receiver *r)
{
    zc_rsurvey_clear(r);
    zc_rdigests_clear(r);
    zc_hardlinks_free(r);
    zc_moved_next_round(r);
    zc_shared_free(r);
    zc_volumes_leave(r);
    zc_deletions_next_round(r);
    zc_commits_next_round(r);
    atomic_store(&r->space->full, false);
}
