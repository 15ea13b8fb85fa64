/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that come in ranges: FILE, DATA, SENT, END. All but the finishing is
 * done by the reader. Functions that return -1 set ERR: the session is over.
 */
#ifndef ZC_RECEIVER_BIG_H
#define ZC_RECEIVER_BIG_H

#include "base/err.h"
#include "proto/msg.h"
#include "receiver/delta.h"

#include <sys/queue.h>

struct zc_mover;
struct zc_rbig;
struct zc_receiver;
struct zc_rworker;

/* The reader's: those between FILE and END. */
struct zc_rbigs {
    LIST_HEAD(, zc_rbig) open;
    unsigned n;
    uint64_t seed; /* of what the sender is told of files here */
};

void zc_rbigs_init(struct zc_rbigs *b);
/* After a session that broke off. */
void zc_rbigs_free(struct zc_receiver *r);
bool zc_rbigs_any(const struct zc_receiver *r);
/* True while a file is coming in that is worth keeping out of the slab. */
bool zc_rbigs_receiving(const struct zc_receiver *r);

int zc_rbig_begin(struct zc_receiver *r, struct zc_bytes body,
                  struct zc_err *err);
int zc_rbig_data(struct zc_receiver *r, struct zc_mover *mover,
                 struct zc_bytes body, struct zc_err *err);
int zc_rbig_sent(struct zc_receiver *r, struct zc_bytes body,
                 struct zc_err *err);
/* Hands the file to a worker, unless it comes again. */
int zc_rbig_end(struct zc_receiver *r, struct zc_bytes body,
                struct zc_err *err);

/* The same about what is not sent: ASK, COPY, PATCH. */
int zc_rbig_delta(struct zc_receiver *r, unsigned type, struct zc_bytes body,
                  struct zc_err *err);
/* A slow worker: what the sender wants of B's basis, in LANE. */
void zc_rbig_jobs(struct zc_rworker *w, struct zc_rbig *b,
                  enum zc_rdelta_lane lane);
/* These are dropped, as the session breaks off. */
void zc_rbig_drop_jobs(struct zc_receiver *r, struct zc_rbig *b,
                       enum zc_rdelta_lane lane);

/* A worker: B gets its name, or is told about; and is freed. */
void zc_rbig_finish(struct zc_rworker *w, struct zc_rbig *b);
/* B and what was written of it; NULL is fine. */
void zc_rbig_free(struct zc_receiver *r, struct zc_rbig *b);

#endif
