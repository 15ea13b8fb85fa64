/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file of which the peer has an older version, its basis: what is the same is
 * copied there, what is not is sent. The peer is asked for the sums of blocks of
 * its basis, and the answers are compared with the file here:
 *
 *   the literals of segments.h, cut into pieces of 4 MiB
 *      v  ASK: 64 KiB       v  ASK: 4 KiB of those that differ
 *    [asked big] -SUMS-> [asked small] -SUMS-> [ready]  -> COPY, PATCH, DATA
 *
 * So many pieces are on their way at a time, whatever the size of the file: that
 * bounds the memory at both ends, and hides the time that answers take. Nobody
 * waits for them: what can be done is done when they have come.
 *
 * Where a piece has nothing in common with the basis, something was inserted or
 * removed, perhaps: the peer is asked for anchors around there (delta/anchors.h),
 * and if those here are somewhere else, it all goes on from there with that shift.
 * Where that does not help either, ever longer pieces are sent unasked, with a
 * question in between.
 *
 * It is a file's that is on its way (big.c); whether the peer has the same at the
 * end is not known here, but proved by the verdict.
 */
#ifndef ZC_SENDER_DELTA_H
#define ZC_SENDER_DELTA_H

#include "sender/core.h"
#include "sender/segments.h"
#include "session/hash.h"

struct zc_sdelta;

/* Sends [OFFSET, OFFSET + LENGTH) of the file as DATA, behind what is in W's
 * buffer. -1: the run has failed; 1: so many there are not any more. */
typedef int zc_sdelta_literal(void *arg, struct zc_sworker *w, uint64_t offset,
                              uint64_t length);

/* Of the file REF, which is FD with SEGMENTS; the peer has a basis of BASIS
 * bytes. All the caller's. ALIGNED: what has moved is not looked for. NULL:
 * memory. */
struct zc_sdelta *zc_sdelta_new(struct zc_ref ref, int fd,
                                struct zc_segments *segments, uint64_t basis,
                                bool aligned);
void zc_sdelta_free(struct zc_sdelta *d); /* NULL is fine */
/* Nobody writes to the file: its hash is made on the way. */
void zc_sdelta_follow(struct zc_sdelta *d, enum zc_hash_kind kind);
/* ... and is this, if nobody has until now. -1: it has to be read for that. */
int zc_sdelta_hash(struct zc_sworker *w, struct zc_sdelta *d,
                   uint8_t hash[ZC_HASH_SIZE]);

enum zc_sdelta_state {
    ZC_SDELTA_FAILED = -1, /* the run has */
    ZC_SDELTA_WAITS,       /* for SUMS */
    ZC_SDELTA_SAID,        /* all of the file is */
    ZC_SDELTA_SPOILED, /* it cannot be read as it was: errno, or 0. All of it is
                          to be sent again; nothing is asked any more */
};
/* Does what can be done now, into W's buffer and by LITERAL; one worker at a
 * time. */
enum zc_sdelta_state zc_sdelta_go(struct zc_sworker *w, struct zc_sdelta *d,
                                  zc_sdelta_literal *literal, void *arg);
/* An answer has come, for zc_sdelta_go. With the sender's lock. False: nothing
 * like it was asked; *NOMEM: or there is no memory. */
bool zc_sdelta_answer(struct zc_sdelta *d, const struct zc_msg_sums *m,
                      bool *nomem);

#endif
