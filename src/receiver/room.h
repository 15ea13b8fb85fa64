/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `min free` of a share: what is written asks for room first. Where that would
 * leave too little free, it is refused (ZC_OP_ROOM), as if the disk was full,
 * while renames and deletions go on; and as soon as there is room again, so
 * does the rest.
 *
 * The file system is not asked for each file: what it had to spare is counted
 * down, for a quarter of a second at most. Any thread, not under receiver.lock.
 */
#ifndef ZC_RECEIVER_ROOM_H
#define ZC_RECEIVER_ROOM_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct zc_receiver;
struct zc_volume;

struct zc_room {
    pthread_mutex_t lock;
    bool low;       /* whoever is told of it has been told that */
    uint64_t dev;   /* of this file system, the last that it is so of, */
    int64_t wanted; /* where so much was asked for in vain */
};

void zc_room_init(struct zc_room *room);
void zc_room_fini(struct zc_room *room);

/* One more entry on V, with BYTES; 0: one that may turn out to need none. -1
 * with ENOSPC. */
int zc_room_take(struct zc_receiver *r, struct zc_volume *v, uint64_t bytes);

#endif
