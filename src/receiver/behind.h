/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fsync=behind: new versions get their names at once, and a thread syncs behind
 * them. A marker (fs/unsynced.h) says from when on files may not be durable:
 *
 *     no marker --(something is to be staged)--> it is made, and synced
 *         ^                                           |
 *         |                  a sync, at least every second while there are
 *         |                  changes: the marker's time moves on
 *         +--(the session ends, with a last sync)-----+
 *
 * Whatever the session's mode, files that a marker of a dead session puts in
 * doubt are compared by content, and the marker goes when a round about the
 * whole tree has done so and all is durable.
 *
 * `lock` has to do with the thread's sleep, `sync_lock` is held during a sync and
 * by whoever lets mounts go; it comes before receiver.lock.
 */
#ifndef ZC_RECEIVER_BEHIND_H
#define ZC_RECEIVER_BEHIND_H

#include "fs/meta.h"
#include "fs/unsynced.h"

#include <pthread.h>
#include <stdatomic.h>

struct zc_err;
struct zc_names;
struct zc_receiver;
struct zc_volume;

struct zc_behind {
    bool on; /* fixed from the start: the session syncs behind */
    struct zc_unsynced_left left; /* likewise: of the root, and of what is above */
    atomic_int_fast64_t since; /* the earliest in doubt, ns, those below, too */
    atomic_bool alive; /* others are at work: at the root, above or below */
    atomic_bool proved; /* all of those were compared, and are durable after the
                           next sync */
    pthread_mutex_t lock, sync_lock;
    pthread_cond_t wake;
    pthread_t thread;
    bool running, stop;  /* under `lock` */
    atomic_bool changed; /* something has not been synced */
    atomic_int_fast64_t last; /* zc_clock_ns of the last change */
    struct zc_unsynced *mark;  /* under sync_lock, once */
    atomic_bool marked;        /* ... it is there */
    atomic_int_fast64_t floor; /* wall clock at the time of the mark, ns */
    atomic_int_fast64_t began; /* zc_clock_ns: the last sync that went well */
    int64_t told;              /* the reader's: when `synced` was last true */
    bool failed; /* under sync_lock: what is not durable may never be */
};

void zc_behind_init(struct zc_behind *b);
/* When the root is open: what others have left, and whether the session may sync
 * behind; else it is one of batches. */
void zc_behind_begin(struct zc_receiver *r);
/* The thread; without one the session is one of batches. */
void zc_behind_start(struct zc_receiver *r);
/* No other thread is at work. What was not synced is, and the marker goes; or it
 * stays, for the next session to find. */
void zc_behind_stop(struct zc_receiver *r);
void zc_behind_fini(struct zc_behind *b);

/* Something is going to be staged: the marker has to be there. -1 and errno. */
int zc_behind_arm(struct zc_receiver *r);
/* A new version gets its name now. */
void zc_behind_named(struct zc_receiver *r);
/* The round has changed something. */
void zc_behind_changed(struct zc_receiver *r);
/* Everything on stable storage, now. -1 and ERR. */
int zc_behind_sync(struct zc_receiver *r, struct zc_err *err);
/* The round about the whole tree is over, and nothing was left out; what it has
 * compared need not be doubted after the next sync. */
void zc_behind_proved(struct zc_receiver *r);
/* Of FINISHED: a sync has begun, and gone well, since it was last true. */
bool zc_behind_synced(struct zc_receiver *r);
/* For sessions that sync themselves: they have. */
void zc_behind_settle(struct zc_receiver *r);
/* True when files may be there that nobody has synced. */
bool zc_behind_others(struct zc_receiver *r);

/* The directory DIRFD below the root, in which NAMES are, is about to be compared:
 * it may be where a mirror sends to. NULL: they are not known. */
void zc_behind_meet(struct zc_receiver *r, int dirfd,
                    const struct zc_names *names);

/* The content of the file ST on V has to be seen before it is believed. */
bool zc_behind_doubts(const struct zc_receiver *r, const struct zc_volume *v,
                      const struct zc_stat *st);

#endif
