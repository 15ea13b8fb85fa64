/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A round of a mirror about some names only. The thread of the session. */
#ifndef ZC_SENDER_NAMES_H
#define ZC_SENDER_NAMES_H

#include "sender/core.h"
#include "sender/round.h"

/* Sends the beginning of ROUND: what was renamed, and the names in doubt as they
 * are now. -1: the run has failed. */
int zc_names_round(struct zc_sworker *w, const struct zc_round *round);

#endif
