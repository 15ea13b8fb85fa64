/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which files are passed to a receiver on this machine, open, so that it can clone
 * them instead of getting their bytes. On which file systems it can is learned
 * from its answers. Under the sender's lock.
 */
#ifndef ZC_SENDER_CLONES_H
#define ZC_SENDER_CLONES_H

#include "sender/core.h"

#define ZC_CLONES_MAX 16

struct zc_clones {
    struct {
        uint64_t dev;
        bool can;
    } v[ZC_CLONES_MAX];
    unsigned n;
};

/* What is known of a file system. */
enum zc_clonable { ZC_CLONABLE_MAYBE, ZC_CLONABLE_YES, ZC_CLONABLE_NO };

/* Of the file ST of the session of S. */
enum zc_clonable zc_clones_ask(const struct zc_sender *s,
                               const struct zc_clones *c,
                               const struct zc_stat *st);
/* The peer has cloned a file of DEV, or could not, because of ENO. True: that means
 * that no file of DEV can be, and was not known. */
bool zc_clones_learn(struct zc_clones *c, uint64_t dev, int eno);

#endif
