/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files beside DEST that may be what the sender has (alternates.h), while it is
 * asked: those of one list, and how many there are in all. Memory only; under
 * receiver.lock.
 */
#ifndef ZC_RECEIVER_GUESSES_H
#define ZC_RECEIVER_GUESSES_H

#include "base/vec.h"

#include <stdint.h>

struct zc_guess {
    uint32_t index; /* of the entry, in its list */
    uint32_t at;    /* in which directory */
    uint64_t dev, ino, size;
    int64_t ctime_s;
    uint32_t ctime_ns;
};
typedef ZC_VEC(struct zc_guess) zc_guesses; /* ascending */

/* G is behind all others of V. False: there is no room for it. */
bool zc_guesses_add(zc_guesses *v, size_t *total, const struct zc_guess *g);
/* That of entry INDEX, or NULL. */
const struct zc_guess *zc_guesses_find(const zc_guesses *v, uint32_t index);
void zc_guesses_fini(zc_guesses *v, size_t *total);

#endif
