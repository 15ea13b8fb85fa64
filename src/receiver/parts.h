/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All the state that the files of this room have of their own: who runs a
 * receiver has this beside it. */
#ifndef ZC_RECEIVER_PARTS_H
#define ZC_RECEIVER_PARTS_H

#include "receiver/anchor.h"
#include "receiver/backup.h"
#include "receiver/behind.h"
#include "receiver/big.h"
#include "receiver/commit.h"
#include "receiver/deletions.h"
#include "receiver/digests.h"
#include "receiver/dirs.h"
#include "receiver/hardlinks.h"
#include "receiver/ledger.h"
#include "receiver/lists.h"
#include "receiver/moved.h"
#include "receiver/newfile.h"
#include "receiver/queue.h"
#include "receiver/room.h"
#include "receiver/seals.h"
#include "receiver/shared.h"
#include "receiver/shelf.h"
#include "receiver/survey.h"
#include "receiver/volumes.h"

struct zc_rparts {
    struct zc_anchor anchor;
    struct zc_backup backup, trash;
    struct zc_behind behind;
    struct zc_queue queue;
    struct zc_ledger ledger;
    struct zc_rlists lists;
    struct zc_rdirs dirs;
    struct zc_rdigests digests;
    struct zc_rsurvey survey;
    struct zc_seals seals;
    struct zc_shelves shelves;
    struct zc_volumes volumes;
    struct zc_hardlinks hardlinks;
    struct zc_moved moved;
    struct zc_shared shared;
    struct zc_deletions deletions;
    struct zc_commits commits;
    struct zc_rbigs bigs;
    struct zc_space space;
    struct zc_room room;
};

/* R finds its parts in P, all of them empty. */
void zc_rparts_init(struct zc_rparts *p, struct zc_receiver *r);
/* After all threads have ended; the session may have broken off anywhere. */
void zc_rparts_free(struct zc_receiver *r);
/* As at the start, for the next round; what a mount or the tree has been found
 * to be is kept. No thread is at work but the reader. With the lock held. */
void zc_rparts_next_round(struct zc_receiver *r);

#endif
