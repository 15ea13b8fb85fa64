/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole-file hashes, XXH3-128 in canonical form. Any thread. */
#ifndef ZC_SESSION_HASH_H
#define ZC_SESSION_HASH_H

#include "base/buf.h"
#include "proto/msg.h"

/* Of the first N bytes of FD; SCRATCH is memory to work in. -1 and errno when
 * they cannot be read, or are fewer (EIO). */
int zc_hash_fd(struct zc_buf *scratch, int fd, uint64_t n,
               uint8_t out[ZC_HASH_SIZE]);

#endif
