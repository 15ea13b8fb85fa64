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

/* Of the first N bytes of FD, whose file position may change; SCRATCH is memory
 * to work in. -1 and errno when they cannot be read, are fewer (EIO), or *STOP
 * (may be NULL) has become true (ECANCELED). */
int zc_hash_fd(struct zc_buf *scratch, int fd, uint64_t n,
               enum zc_hash_kind kind, const atomic_bool *stop,
               uint8_t out[ZC_HASH_SIZE]);

#endif
