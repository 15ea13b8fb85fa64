/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the log was told about entries that one peer could not be given: one line
 * for each reason at once, and then how often it was met again, ever more
 * rarely. So a destination that is full makes a few lines, however many files
 * wait for room. One thread at a time.
 */
#ifndef ZC_MIRROR_SAID_H
#define ZC_MIRROR_SAID_H

#include "base/util.h"

struct zc_said;

/* PEER is named in each line, and stays the caller's. NULL: no memory. */
struct zc_said *zc_said_new(const char *peer);
void zc_said_free(struct zc_said *s);

/* REASON, a number that stands for TEXT, is in the way of PATH at NOW
 * (zc_clock_ns). */
void zc_said_met(struct zc_said *s, uint64_t reason, const char *path,
                 const char *text, int64_t now);
/* A round is over: what was met again is told where it is time. */
void zc_said_round(struct zc_said *s, int64_t now);
/* Nothing is in the way any more: all reasons will be new. */
void zc_said_clear(struct zc_said *s);

#endif
