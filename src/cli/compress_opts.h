/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -z and its like: several options, ours and rsync's, that come to one number for
 * net/compress.h. Plain memory: one thread at a time. */
#ifndef ZC_CLI_COMPRESS_OPTS_H
#define ZC_CLI_COMPRESS_OPTS_H

#include "base/err.h"

/* -z and its like. Bounds of the level are those of net/compress.h. */
struct zc_compress_args {
    bool on, always;
    int level;           /* 0: not given */
    const char *instead; /* what it was called, if that is not there; or NULL */
    int how;             /* what it comes to, for struct zc_security */
};

/* -z, --compress, --no-compress (ON false). VALUE NULL: as it likes. -1 with a
 * sentence; so are the two below. */
int zc_compress_take(struct zc_compress_args *c, const char *value, bool on,
                     struct zc_err *err);
/* --compress-choice, with rsync's names. */
int zc_compress_take_choice(struct zc_compress_args *c, const char *value,
                            struct zc_err *err);
/* --compress-level. */
int zc_compress_take_level(struct zc_compress_args *c, const char *value,
                           struct zc_err *err);

/* When all is taken: fills in `how`. BWLIMIT in bytes a second, 0: none. */
void zc_compress_settle(struct zc_compress_args *c, uint64_t bwlimit);

#endif
