/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hashes of a file's content, XXH3-128 in canonical form. Any thread.
 *
 * Two files of the same bytes have the same hash, wherever one has a hole and
 * the other zeros that were written: what counts is each block that is not all
 * zero, with its offset, and the size. So a hole costs a question where it ends,
 * however long it is.
 */
#ifndef ZC_SESSION_HASH_H
#define ZC_SESSION_HASH_H

#include "base/buf.h"
#include "proto/msg.h"

#include <stdatomic.h>

enum zc_hash_kind {
    ZC_HASH_BYTES, /* plainly of all bytes: a peer that does not know blocks */
    ZC_HASH_BLOCKS,
};

/* What a session whose OPEN has FLAGS uses. */
static inline enum zc_hash_kind zc_hash_kind(uint32_t flags)
{
    return flags & ZC_OPEN_BLOCK_HASH ? ZC_HASH_BLOCKS : ZC_HASH_BYTES;
}

/* What is in memory of FD, a file, is forgotten, as far as it can be, so that what
 * is read next comes from the disk. What was not written yet is written first. */
void zc_hash_from_disk(int fd);

/* The hash of a file, piece by piece. */
struct zc_hasher {
    void *state;
    enum zc_hash_kind kind;
    uint64_t n, at; /* bytes of it, and those that are done with */
    uint64_t data;  /* up to there are data, as far as is known */
    uint64_t read;  /* bytes that were read for it */
};

/* Of the first N bytes of a file. -1: no memory. */
int zc_hasher_init(struct zc_hasher *h, uint64_t n, enum zc_hash_kind kind);
void zc_hasher_fini(struct zc_hasher *h);
/* Goes on, for some MAX bytes of data. 1: there is more; 0: that was all, and it is
 * in OUT; -1 and errno as zc_hash_fd, for which all else is as well. */
int zc_hasher_some(struct zc_hasher *h, struct zc_buf *scratch, int fd,
                   uint64_t max, const atomic_bool *stop,
                   uint8_t out[ZC_HASH_SIZE]);

/* Goes on up to END, or to the block that this is in: what is in front of that is
 * read now, and may be all that there is of the file yet. 0, or -1 and errno. */
int zc_hasher_follow(struct zc_hasher *h, struct zc_buf *scratch, int fd,
                     uint64_t end, const atomic_bool *stop);

/* Of the first N bytes of FD, whose file position may change; SCRATCH is memory
 * to work in. -1 and errno when they cannot be read, are fewer (EIO), or *STOP
 * (may be NULL) has become true (ECANCELED). */
int zc_hash_fd(struct zc_buf *scratch, int fd, uint64_t n,
               enum zc_hash_kind kind, const atomic_bool *stop,
               uint8_t out[ZC_HASH_SIZE]);

/* What the other end, which may have no right to read the file, is told of its
 * HASH: that can be compared, and not be undone. */
void zc_hash_told(const uint8_t hash[ZC_HASH_SIZE], uint8_t told[ZC_HASH_SIZE]);

#endif
