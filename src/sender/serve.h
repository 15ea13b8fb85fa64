/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sending side of a connection on which the peer has dialled, to receive: a
 * pull, as it looks from the source. Runs in a process of its own, as
 * receiver/receive.h does.
 */
#ifndef ZC_SENDER_SERVE_H
#define ZC_SENDER_SERVE_H

#include "session/accept.h"

/* Serves T, which has shaken hands, until the peer has what it asked for (0), or
 * -1 and the sentence, which the peer has been told as far as that was possible:
 * also where not everything could be sent. */
int zc_source_run(struct zc_transport *t, const struct zc_accept_options *opt,
                  struct zc_err *err);

#endif
