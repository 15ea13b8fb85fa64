/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A name in a directory of the source: whether there is something to be told of it,
 * and what. Entries go to the end of a worker's buffer, and the draft of a list
 * knows where they are. The worker that has taken the directory calls, without
 * the sender's lock.
 */
#ifndef ZC_SENDER_LOOK_H
#define ZC_SENDER_LOOK_H

#include "sender/core.h"
#include "sender/lists.h"
#include "sender/sdir.h"

/* Looks at NAME in D, whose fd is DIRFD, and adds its entry, called AS in the
 * list, to DRAFT in W's buffer. */
enum zc_slook {
    ZC_SLOOK_FAILED = -1, /* the run has failed */
    ZC_SLOOK_NOTHING,     /* to tell: hidden, or trouble, which was reported */
    ZC_SLOOK_ADDED,
    ZC_SLOOK_ABSENT, /* there is no such name; nothing was added */
};
enum zc_slook zc_slook_name(struct zc_sworker *w, struct zc_sdir *d, int dirfd,
                          const char *name, const char *as,
                          struct zc_draft *draft);
/* Adds an entry for a name that --files-from lists, or that was SRC, or that has
 * changed, and that is absent; where nothing is to be deleted, it is reported
 * instead. */
void zc_slook_absent(struct zc_sworker *w, struct zc_sdir *d, const char *name,
                    struct zc_draft *draft);
/* Some of what is in D could not be seen: what only the destination has may be
 * just that, unless the user says that it does not matter. */
void zc_slook_blind(struct zc_sworker *w, struct zc_sdir *d);

#endif
