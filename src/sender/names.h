/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A round of a mirror about some names only. The thread of the session. */
#ifndef ZC_SENDER_NAMES_H
#define ZC_SENDER_NAMES_H

#include "sender/core.h"
#include "sender/round.h"

/* Sends the beginning of ROUND: what was renamed, and the names in doubt as they
 * are now. -1: the run has failed. */
int zc_names_round(struct zc_sworker *w, const struct zc_round *round);

/*
 * Sends what is small among the names of ROUND while another round is under way,
 * so that they need not wait for its end. Nothing follows from it: whatever
 * becomes of it, they have to be sent again, in a round of their own, as this
 * one may have older versions of them in flight, or not have made their
 * directory yet. W is nobody else's, and `overtakes`; the round must not end
 * meanwhile. -1: the run has failed.
 */
int zc_names_overtake(struct zc_sworker *w, const struct zc_round *round);

#endif
