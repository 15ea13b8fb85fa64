/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who we are: keys of the agent, identity files, keyboard-interactive, a
 * password; in this order, until the server is content. */
#ifndef ZC_SSH_AUTH_H
#define ZC_SSH_AUTH_H

#include "ssh/config.h"
#include "ssh/link.h"

/* 0, or -1 with a sentence that says what was tried (ZC_EXIT_START). */
int zc_ssh_authenticate(struct zc_ssh_link *l, const struct zc_ssh_config *c,
                        const struct zc_ssh_options *o, struct zc_err *err);

#endif
