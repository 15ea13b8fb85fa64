/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a receiver says of what it has received, in memory that can be shared with
 * other processes: it writes, they read at any moment. So "is my copy current?" can
 * be answered where the copy is. No pointers, and no bools, as who writes there may
 * be anybody by then; times are those of the wall clock, in ns, 0 for never.
 */
#ifndef ZC_SESSION_INTAKE_H
#define ZC_SESSION_INTAKE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct zc_intake {
    atomic_uchar writes; /* it is no dry run; nothing else is set in one */
    atomic_uchar mirror; /* round after round */
    atomic_uchar whole;  /* the round under way is about the whole tree */
    atomic_int_fast64_t began; /* the round under way; 0: there is none */
    atomic_int_fast64_t ended, took; /* the last that came to its end; ns */
    atomic_int_fast64_t compared; /* the last of these that was about the whole
                                     tree, and was not held by the brake */
    atomic_int_fast64_t durable; /* what had come by then is on stable storage */
    atomic_uint_fast64_t rounds, bytes; /* bytes: all that came */
    atomic_uint_fast64_t created, deleted; /* entries, in rounds that ended */
    atomic_uint_fast64_t errors; /* entries that could not be done */
    atomic_uint_fast64_t errors_left; /* ... since the last comparison of the whole
                                         tree began */
};

#endif
