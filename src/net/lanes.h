/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One stream of bytes over several channels of the same SSH connection, each of
 * which has a window of its own: a lane is one of them, and lane 0 the one over
 * which the session began. The user's end to the one that was started only:
 *
 *     lane 0   name  5 "bytes"  3 "of "  switch 1 .                  7 "is over"
 *     lane 1                                      . 2 "a "  switch 2 .
 *     lane 2                                      .                  . ...
 *
 * A record says how many bytes follow it on its lane, or which lane the next record
 * is on; so whoever reads looks at one lane at a time. zcsync-protocol(7), "LANES".
 * Memory only; any thread.
 */
#ifndef ZC_NET_LANES_H
#define ZC_NET_LANES_H

#include "base/err.h"

#define ZC_LANES_MAX 4u /* with lane 0 */
#define ZC_LANES_NAME 16
#define ZC_LANES_WORD 4
#define ZC_LANES_RECORD_MAX ((uint32_t)ZC_MIB)

/* --- another lane wants to be one --- */

#define ZC_LANES_JOIN_SIZE 32
#define ZC_LANES_JOINED_SIZE 8

struct zc_lanes_join {
    unsigned lane; /* from 1 on */
    uint8_t name[ZC_LANES_NAME];
};

void zc_lanes_encode(const struct zc_lanes_join *j,
                     uint8_t out[ZC_LANES_JOIN_SIZE]);
/* -1 with a sentence: it is none. */
int zc_lanes_decode(const uint8_t in[ZC_LANES_JOIN_SIZE],
                    struct zc_lanes_join *j, struct zc_err *err);

/* The answer, once it is one. */
extern const uint8_t zc_lanes_joined[ZC_LANES_JOINED_SIZE];
bool zc_lanes_joined_begins(const uint8_t *in, size_t n);

/* --- who reads --- */

/* Zeroed, after the name, but for JOINED. */
struct zc_lanes_in {
    unsigned current; /* the lane to be read */
    unsigned joined;  /* bits of those that are there; 1 at first */
    uint32_t left;    /* of the record's bytes */
    uint8_t word[ZC_LANES_WORD];
    unsigned have;    /* of the word */
};

/* How many bytes may be read of the current lane, not less than 1: into *WORD, or
 * of the stream (NULL). */
size_t zc_lanes_next(struct zc_lanes_in *in, uint8_t **word);
/* N of them were. -1: this is no record, or of a lane that is not there. */
int zc_lanes_took(struct zc_lanes_in *in, size_t n);

/* --- who writes --- */

struct zc_lanes_out {
    unsigned current;
    unsigned next; /* the current one when HEAD is written; the same: stays */
    uint8_t head[ZC_LANES_NAME]; /* the name, or a record */
    size_t head_at, head_len;
    uint32_t left; /* bytes of the stream that go to the current lane */
};

/* The name, on lane 0. */
void zc_lanes_begin(struct zc_lanes_out *o, const uint8_t name[ZC_LANES_NAME]);
/* What is to be written to the current lane: *N bytes, here, or of the stream
 * (NULL); 0: nothing is decided. It stays so until it was. */
const uint8_t *zc_lanes_todo(const struct zc_lanes_out *o, size_t *n);
void zc_lanes_wrote(struct zc_lanes_out *o, size_t n);
/* Where nothing is: LEN bytes of the stream wait, and each lane takes ROOM (0 where
 * there is none). False: they have to. */
bool zc_lanes_decide(struct zc_lanes_out *o, size_t len,
                     const size_t room[ZC_LANES_MAX]);

#endif
