/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The beginning of a session at the end that dialled, whether it is going to
 * send or to receive: OPEN goes out, OPENED comes back, or the reason why not.
 * accept.h is the other end.
 */
#ifndef ZC_SESSION_CONNECT_H
#define ZC_SESSION_CONNECT_H

#include "proto/hello.h"
#include "session/conn.h"
#include "session/terms.h"

/*
 * Asks over C for what OPT says, to be ROLE, and waits for the answer. 0 and
 * the terms, or -1 with a sentence: the peer's, where it gave one. T need not
 * be initialised, and is to be given to zc_terms_fini either way. Called by the
 * thread that receives from C.
 */
int zc_connect_open(struct zc_conn *c, const struct zc_options *opt,
                    enum zc_role role, struct zc_terms *t, struct zc_err *err);

#endif
