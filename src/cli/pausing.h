/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SIGUSR1 pauses all DESTs of `zcsync mirror`, SIGUSR2 resumes them: a thread
 * that turns the signals into requests (mirror/mirror.h). */
#ifndef ZC_CLI_PAUSING_H
#define ZC_CLI_PAUSING_H

#include "base/err.h"

struct zc_pausing;

/* The caller's thread, before it starts others: none of them gets the signals
 * then. *CONTROL is the mirror's end, to be its control_fd, and is closed by
 * _stop. NULL with a sentence. */
struct zc_pausing *zc_pausing_start(int *control, struct zc_err *err);
/* When the mirror has ended. NULL is fine. */
void zc_pausing_stop(struct zc_pausing *p);

#endif
