/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What LOOK is answered: the shares, or what is in a directory. */
#ifndef ZC_SENDER_SHOW_H
#define ZC_SENDER_SHOW_H

#include "session/accept.h"

/* Tells over C what T asks about: a SHARE each, or, of ROOT_FD, an ITEM each; and
 * VERDICT. This process is confined by then. Blocks for the transport's time-out
 * at most, each time the peer takes nothing. -1 with a sentence: it has not all
 * been sent. */
int zc_show(struct zc_conn *c, const struct zc_terms *t,
            const struct zc_accept_options *opt, int root_fd,
            struct zc_err *err);

#endif
