/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages off the socket, each checked for being allowed at all. */
#ifndef ZC_RECEIVER_READER_H
#define ZC_RECEIVER_READER_H

#include "base/err.h"

struct zc_receiver;

/* One round, until DONE (0), or trouble (-1 and ERR). */
int zc_receiver_read(struct zc_receiver *r, struct zc_err *err);

/* After DONE, where we have dialled: what there is still to be told, up to the
 * VERDICT, for which FINISHED must have been sent. The same. Another thread may,
 * while the one that has read does what was put off. */
int zc_receiver_hear_out(struct zc_receiver *r, struct zc_err *err);

#endif
