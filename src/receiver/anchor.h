/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the destination is still where its user has it. A receiver holds its
 * root open, and would go on writing there when the directory was moved away,
 * or its disk was exchanged for another. So it looks at the path again: at the
 * start of every round and at the end of big ones; and in a mirror, between
 * rounds, whenever something that leads there was moved, removed or mounted.
 * Where the path leads to another directory now, the session ends; the next one
 * opens what is there.
 */
#ifndef ZC_RECEIVER_ANCHOR_H
#define ZC_RECEIVER_ANCHOR_H

#include "base/err.h"
#include "fs/meta.h"

#include <pthread.h>

struct zc_receiver;

struct zc_anchor {
    struct zc_stat root; /* as it was opened */
    char *marker; /* what it is required to have (fs/require.h), relative to
                     it; NULL: nothing in it */
    int mounts[2];    /* on mountinfo, for the reader and the thread; -1: nobody
                         tells */
    uint64_t mounted; /* below the root; zc_mounts_digest */
    int moves;  /* inotify, likewise */
    int stop;   /* eventfd */
    pthread_t thread;
    bool watching; /* it runs */
};

void zc_anchor_init(struct zc_anchor *a);
/* When the terms are known, before this process is confined. */
void zc_anchor_prepare(struct zc_receiver *r);
/* The root was opened: this one, and no other. -1 and ERR. */
int zc_anchor_take(struct zc_receiver *r, struct zc_err *err);

/* The reader's. -1 and ERR: it is another one now, or not there, or, with BELOW,
 * other file systems are mounted in it. */
int zc_anchor_check(struct zc_receiver *r, bool below, struct zc_err *err);

/* In a mirror's session: a thread that has it fail as soon as the kernel says
 * that it may be another one. _stop ends it, if there is one. */
void zc_anchor_watch(struct zc_receiver *r);
void zc_anchor_stop(struct zc_receiver *r);
void zc_anchor_fini(struct zc_anchor *a);

#endif
