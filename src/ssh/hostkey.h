/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is the host the one that it claims to be? known_hosts, StrictHostKeyChecking,
 * and whoever is at the terminal say so. */
#ifndef ZC_SSH_HOSTKEY_H
#define ZC_SSH_HOSTKEY_H

#include "ssh/config.h"
#include "ssh/link.h"

/* Before hands are shaken: asks for keys of the kinds that are known first. */
int zc_ssh_hostkey_prefer(struct zc_ssh_link *l, const struct zc_ssh_config *c,
                          struct zc_err *err);

/* Afterwards: 0, or -1 with a sentence (ZC_EXIT_START). A key that is accepted
 * is noted in the first of the user's files. */
int zc_ssh_hostkey_check(struct zc_ssh_link *l, const struct zc_ssh_config *c,
                         const struct zc_ssh_options *o, struct zc_err *err);

#endif
