/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The survey: all of the source is gone through for its digests (digests.h),
 * before any of it is listed. By all workers, a directory each.
 */
#ifndef ZC_SENDER_SURVEY_H
#define ZC_SENDER_SURVEY_H

#include "sender/core.h"
#include "sender/sdir.h"

/* Under the sender's lock. */
struct zc_survey {
    struct zc_sdir *root; /* to be listed when all is gone through */
    SLIST_HEAD(, zc_sdir) dirs; /* to be gone through, deepest first */
    unsigned busy; /* directories in workers' hands */
};

void zc_survey_init(struct zc_sender *s, struct zc_survey *v);
/* A round begins, or the session ends. No thread is at work. */
void zc_survey_clear(struct zc_sender *s);

/* D, the root, is to be listed: all is gone through first, if there are to be
 * digests. Else false, and D is the caller's. */
bool zc_survey_begin(struct zc_sender *s, struct zc_sdir *d);
/* There is something to go through. With the lock held. */
bool zc_survey_ready(const struct zc_sender *s);
/* Goes through it. -1: the run has failed. */
int zc_survey_some(struct zc_sworker *w);

#endif
