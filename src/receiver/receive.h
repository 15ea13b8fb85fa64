/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The receiving side of one connection, from OPEN on: apply what the peer sends
 * into one directory. Runs in a process of its own.
 */
#ifndef ZC_RECEIVER_RECEIVE_H
#define ZC_RECEIVER_RECEIVE_H

#include "receiver/pull.h"
#include "session/accept.h"
#include "session/options.h"

/*
 * The peer has dialled, and sends: serves T until it is done (0), or fails (-1
 * and the sentence, which the peer has been told as far as that was possible).
 * Staging files of this session are gone afterwards either way.
 */
int zc_receive_run(struct zc_transport *t, const struct zc_accept_options *opt,
                   struct zc_err *err);

/* We have dialled: asks the peer for what OPT says, a share of its own or a path
 * of the user's, and applies what it sends to DEST. 0: the peer's VERDICT has
 * been told, whatever it is. Otherwise as above. */
int zc_receive_from(struct zc_transport *t, const struct zc_options *opt,
                    const struct zc_pull *pull, struct zc_err *err);

#endif
