/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files on their way out, as they were asked for. Any worker. */
#ifndef ZC_SENDER_FILES_H
#define ZC_SENDER_FILES_H

#include "sender/core.h"
#include "sender/lists.h"
#include "sender/retries.h"

/* Sends the wanted entries of the next list that has any. -1: the run has
 * failed. */
int zc_files_some(struct zc_sworker *w);
/* Sends one again. -1: the run has failed. */
int zc_files_again(struct zc_sworker *w, const struct zc_retry *r);
/* Sends the file INDEX of L, in the directory DIRFD, which the peer has not
 * asked for. -1: the run has failed. */
int zc_files_eager(struct zc_sworker *w, int dirfd, struct zc_slist *l,
                   uint32_t index);

#endif
