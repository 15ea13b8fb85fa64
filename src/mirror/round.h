/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A round as a set of names, and the same round with more names. Memory only; one
 * thread at a time. */
#ifndef ZC_MIRROR_ROUND_H
#define ZC_MIRROR_ROUND_H

#include "base/vec.h"
#include "sender/round.h"

/* A round with more names, and the memory of what was added. */
struct zc_mround {
    struct zc_round round;
    ZC_VEC(void *) scratch;
};

/* True when ROUND is about PATH (cut up and put together again): it, or all of
 * a directory that it is in. */
bool zc_mround_covers(const struct zc_round *round, char *path);
/* Makes M->round of ROUND and the N PATHS, none of which ROUND covers. Lasts
 * until zc_mround_clear, if ROUND and the PATHS do; PATHS are sorted, and cut
 * up. -1: no memory. */
int zc_mround_add(struct zc_mround *m, const struct zc_round *round,
                  char **paths, size_t n);
/* MEMORY (on the heap) is freed by zc_mround_clear. -1: no memory. */
int zc_mround_own(struct zc_mround *m, void *memory);
void zc_mround_clear(struct zc_mround *m);
void zc_mround_fini(struct zc_mround *m);

#endif
