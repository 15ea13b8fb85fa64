/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a mirror knows of its verifications, and keeps in a small file, so that one
 * goes on where it was when the daemon is started again. One thread.
 */
#ifndef ZC_MIRROR_VERIFY_STATE_H
#define ZC_MIRROR_VERIFY_STATE_H

#include "base/buf.h"
#include "base/err.h"
#include "proto/msg.h"

/* One verification. Times are of the wall clock, in ns; 0: there is none. */
struct zc_verify_pass {
    int64_t at; /* it began; the last one: it ended */
    uint64_t files, bytes; /* that were compared */
    uint64_t found, repaired, unread; /* entries */
};

struct zc_verify_peer {
    const char *name; /* DEST; the caller's */
    int64_t due;      /* the next one begins; 0: not known yet */
    struct zc_verify_pass last, now;
    char *cursor; /* of the one under way: what was compared last, "" for nothing
                     yet; NULL: none is. On the heap */
};

/* The file is no longer. */
#define ZC_VERIFY_STATE_MAX ((size_t)1 << 20)

void zc_verify_state_encode(const struct zc_verify_peer *peers, size_t n,
                            struct zc_buf *out);
/* Fills in those of PEERS that STATE tells of. -1: it is no such file, and what was
 * understood of it has been filled in. */
int zc_verify_state_decode(struct zc_bytes state, struct zc_verify_peer *peers,
                           size_t n);

/* From, and to, the file of MIRROR in the directory DIR, which is made if it is
 * missing. -1 with a sentence; no file at all is fine. */
int zc_verify_state_load(const char *dir, const char *mirror,
                         struct zc_verify_peer *peers, size_t n,
                         struct zc_err *err);
int zc_verify_state_save(const char *dir, const char *mirror,
                         const struct zc_verify_peer *peers, size_t n,
                         struct zc_err *err);

#endif
