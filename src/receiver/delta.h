/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file that is made of what its basis has and of what is sent: the sender asks
 * for sums of the basis (ASK), and says what is to be copied from it (COPY). These
 * are jobs, which slow workers do (queue.h): for each file one at a time of each
 * kind, in the order in which they came. Meanwhile the reader writes what is sent.
 *
 *   reader --ASK---> jobs --> a slow worker, some MiB at a time --> SUMS
 *         '--COPY--> jobs --> a slow worker, likewise
 *
 * Nothing is asked about when too much waits to be copied, so that what was read for
 * its sums is in memory still when it is.
 *
 * What is copied is hashed right behind that, from the new file, with what was sent
 * in front of it: nothing is written there again before the verdict.
 *
 * What may be asked and not done is bounded, and with it the memory: ZC_ASKS_MAX,
 * ZC_JOBS_MAX.
 */
#ifndef ZC_RECEIVER_DELTA_H
#define ZC_RECEIVER_DELTA_H

#include "base/err.h"
#include "delta/segment.h"
#include "proto/msg.h"

struct zc_rdelta;
struct zc_receiver;
struct zc_rworker;
struct zc_volume;

/* A file of SIZE bytes, with the basis BASIS (-1: it has none; taken over), to be
 * made in OUT on VOL, which stays the caller's and open until it is quiet. IN_PLACE:
 * OUT is the basis itself. SEED: of the sums. */
struct zc_rdelta_of {
    uint64_t size, seed;
    int basis, out;
    bool in_place;
    struct zc_volume *vol;
};

/* NULL: memory, and BASIS is closed. */
struct zc_rdelta *zc_rdelta_new(const struct zc_receiver *r,
                                const struct zc_rdelta_of *of);
void zc_rdelta_free(struct zc_rdelta *d); /* NULL is fine */

/* Each has jobs of its own. */
enum zc_rdelta_lane {
    ZC_RDELTA_ASKS,
    ZC_RDELTA_COPIES,
    ZC_RDELTA_LANES,
};

/* What came, checked: jobs for later. 1: whoever calls has to see to it that a
 * worker does those of this lane; -1 with a sentence. The reader. */
int zc_rdelta_ask(struct zc_receiver *r, struct zc_rdelta *d,
                  const struct zc_msg_ask *m, struct zc_err *err);
int zc_rdelta_copy(struct zc_receiver *r, struct zc_rdelta *d,
                   const struct zc_segment *s, struct zc_err *err);
/* SENT: sums that are not answered yet are a mistake. */
int zc_rdelta_sent(struct zc_receiver *r, struct zc_rdelta *d,
                   struct zc_err *err);
/* Nothing of it is needed any more: copies are left out. */
void zc_rdelta_give_up(struct zc_rdelta *d);

/* A worker: some of the jobs in LANE. */
enum zc_rdelta_state {
    ZC_RDELTA_MORE,  /* there are others */
    ZC_RDELTA_WAKE,  /* ... and in the lane of ASKs, for which nobody is there */
    ZC_RDELTA_QUIET, /* there are none now: once both are, D is the reader's */
    ZC_RDELTA_ENDED, /* ... and never will be: it is this worker's */
};
enum zc_rdelta_state zc_rdelta_work(struct zc_rworker *w, struct zc_rdelta *d,
                                    enum zc_rdelta_lane lane);
/* The worker that is at LANE leaves it, as the session breaks off. True: END has
 * come, nobody is at the other, and D is its own; else it is the reader's. */
bool zc_rdelta_leave(struct zc_receiver *r, struct zc_rdelta *d,
                     enum zc_rdelta_lane lane);
/* END, once. False: whoever does the last job finds the file ended, which is his
 * then. */
bool zc_rdelta_end(struct zc_receiver *r, struct zc_rdelta *d);

/* The hash of all of it, as it is in OUT now, of which most has been read while it
 * was in the processor's cache. -1: it has to be read for that. A worker, when all
 * is done. */
int zc_rdelta_hash(struct zc_rworker *w, struct zc_rdelta *d,
                   uint8_t hash[ZC_HASH_SIZE]);

/* What went wrong: an operation (enum zc_op) and *ENO; 0: nothing. */
unsigned zc_rdelta_failure(const struct zc_rdelta *d, int *eno);

#endif
