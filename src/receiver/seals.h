/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * With --fileflags: what is immutable or append-only at the source. Such a flag
 * keeps us from doing anything to a file, so it is put on at the end of a round,
 * when all is done; and taken off whatever is to be changed, replaced or
 * deleted. Any thread, not under receiver.lock.
 */
#ifndef ZC_RECEIVER_SEALS_H
#define ZC_RECEIVER_SEALS_H

#include "base/vec.h"
#include "proto/msg.h"
#include "tree/dirnode.h"

struct zc_receiver;
struct zc_rworker;

struct zc_seal {
    struct zc_dirnode *node; /* referenced */
    char *name;              /* in it; "": it */
    uint32_t seals;
};

/* Under receiver.lock. */
struct zc_seals {
    ZC_VEC(struct zc_seal) wanted; /* in this round */
};

/* E, which is NAME ("": the directory itself) in NODE, was listed. */
void zc_seals_add(struct zc_rworker *w, struct zc_dirnode *node,
                  const char *name, const struct zc_entry *e);
/* All is done: puts them on. What cannot be is noted. */
void zc_seals_put(struct zc_rworker *w);
void zc_seals_free(struct zc_receiver *r);

/* EPERM for NAME in DIRFD, which is NODE: takes seals off both, but never off
 * the root. True when it is worth trying again. Keeps errno. */
bool zc_seals_break(struct zc_receiver *r, struct zc_dirnode *node, int dirfd,
                    const char *name);

#endif
