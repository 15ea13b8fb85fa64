/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The survey: all that is here is gone through for its digests (digests.h), by
 * all workers that have nothing else to do, while the sender does the same.
 * What it asks about the root waits for the end of it.
 */
#ifndef ZC_RECEIVER_SURVEY_H
#define ZC_RECEIVER_SURVEY_H

#include "base/util.h"

#include <sys/queue.h>

struct zc_rdir;
struct zc_receiver;
struct zc_rworker;
struct zc_work;
struct zc_rsurvey_dir;

/* All under receiver.lock. */
struct zc_rsurvey {
    SLIST_HEAD(zc_rsurvey_dirs, zc_rsurvey_dir) dirs; /* deepest first */
    unsigned busy; /* directories in workers' hands */
    bool through;  /* all is gone through */
    struct zc_work *held; /* the sender's, which is through, too; or NULL */
};

void zc_rsurvey_init(struct zc_rsurvey *v);
/* A round is over, or the session. No thread is at work. */
void zc_rsurvey_clear(struct zc_receiver *r);

/* Digests are begun: of all that is in ROOT. -1: memory. */
int zc_rsurvey_begin(struct zc_receiver *r, struct zc_rdir *root);
/* WORK (copied), the groups of the root, is for the workers once all is gone
 * through. -1: memory. */
int zc_rsurvey_hold(struct zc_receiver *r, const struct zc_work *work);
/* There is something to go through. With the lock held. */
bool zc_rsurvey_ready(const struct zc_receiver *r);
/* Goes through it. */
void zc_rsurvey_some(struct zc_rworker *w);

#endif
