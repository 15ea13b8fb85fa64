/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file that has grown while it was sent, a log, may be committed as it was: what
 * was promised is still in it. One that was emptied and written anew, and is longer
 * than before, looks the same to stat(2), and to a hash of what was sent, if that
 * was read after. So of a file that may be changing a few bytes are kept in mind
 * from before its first byte is sent: other ones there later, and it has not grown.
 * Any thread.
 */
#ifndef ZC_SENDER_SAMPLES_H
#define ZC_SENDER_SAMPLES_H

#include "fs/meta.h"
#include "sender/lease.h"

struct zc_samples {
    bool taken;
    uint64_t sum;
};

/* What FD is, *ST, when no write is under way, as far as that can be had: of a
 * log the size is then where a write ended; and samples of that. There are none
 * of a file that nobody has written to for long, and of which LEASE is held. -1
 * and errno: it cannot be looked at. */
int zc_samples_take(struct zc_samples *s, int fd, enum zc_lease lease,
                    struct zc_stat *st);
/* Were they taken, and has FD, which had SIZE bytes then, the same ones there? */
bool zc_samples_same(const struct zc_samples *s, int fd, uint64_t size);

#endif
