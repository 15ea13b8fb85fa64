/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that were moved or copied at the source while nobody watched. A big file
 * that is new here waits until all lists have been compared, or until so much
 * waits that the sender could not go on; then it is looked for among what is here
 * by other names: in directories that have names which the source lacks, in
 * directories which it lacks, and in its own. One of its size and time is its
 * basis (basis.h): what is in it decides, and what does not fit is sent.
 *
 *   list, first pass --> what is there, and small files: answered
 *        '-- new big files: later --> the walk is over --> slow workers:
 *                                     second pass, with a basis or without
 *
 * In rounds about the whole tree only. Any thread, not under receiver.lock, but
 * where it says so.
 */
#ifndef ZC_RECEIVER_MOVED_H
#define ZC_RECEIVER_MOVED_H

#include "base/map.h"
#include "base/vec.h"
#include "proto/msg.h"
#include "receiver/queue.h"

#include <pthread.h>
#include <stdatomic.h>

struct zc_cmp;
struct zc_rdir;
struct zc_receiver;
struct zc_rworker;

/* Smaller ones come with what is said of them. */
#define ZC_MOVED_MIN ((uint64_t)256 << 10)

/* Of the same size, and of the same time to the nanosecond, or to the second. */
enum zc_moved_alike { ZC_MOVED_EXACTLY, ZC_MOVED_SECONDS, ZC_MOVED_WAYS };

struct zc_moved_place;
struct zc_moved_file;

struct zc_moved {
    atomic_bool on;
    atomic_bool any; /* there are names here, this round */
    /* Under receiver.lock: */
    unsigned walking;      /* directories whose last list is not compared */
    struct zc_works later; /* lists, in their second pass */
    unsigned n_later;
    size_t bytes_later;
    ZC_VEC(struct zc_moved_place) places; /* where to look */
    struct zc_map found; /* ref -> zc_moved_file: its basis */
    /* With `lock`, which comes before receiver.lock: */
    pthread_mutex_t lock;
    size_t searched;        /* of the places */
    struct zc_map by_looks[ZC_MOVED_WAYS]; /* (size, time) -> zc_moved_file */
    ZC_VEC(struct zc_moved_file *) files;
    size_t looked_at; /* names, this round */
};

void zc_moved_init(struct zc_moved *m);
void zc_moved_fini(struct zc_receiver *r);
/* As at the start; no thread but this one is at work. */
void zc_moved_next_round(struct zc_receiver *r);

/* D's lists are still to come, or (not MORE) have all been compared: once each. */
void zc_moved_walks(struct zc_receiver *r, struct zc_rdir *d, bool more);
/* The names in D have been read. */
void zc_moved_here(struct zc_receiver *r, const struct zc_rdir *d);
/* NAME, of d_type TYPE, is in D and not in the source. */
void zc_moved_extra(struct zc_receiver *r, struct zc_rdir *d, const char *name,
                    unsigned type);

/* C, which is not here, is worth waiting for. */
bool zc_moved_may_be(const struct zc_receiver *r, const struct zc_cmp *c);
/* Entry AT of WORK's list is for the second pass. -1: no memory. */
int zc_moved_later(struct zc_work *work, uint32_t at);
/* WORK, whose NEED so far has been sent, waits with its list and directory; its
 * entries are taken over. False: it cannot, and they are to be done now. */
bool zc_moved_put(struct zc_receiver *r, struct zc_work *work);

/* More is left for later than a sender lists ahead. With the lock held. */
bool zc_moved_full(const struct zc_receiver *r);

/* In the second pass. Bytes of what C may be, by another name; 0: nothing. */
uint64_t zc_moved_find(struct zc_receiver *r, const struct zc_cmp *c);
/* That of REF, to be read: an fd, or -1. It is not kept in mind any more. */
int zc_moved_open(struct zc_receiver *r, struct zc_ref ref);
/* REF comes whole. */
void zc_moved_forget(struct zc_receiver *r, struct zc_ref ref);

#endif
