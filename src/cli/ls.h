/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `zcsync ls` has for push and pull without a DEST. */
#ifndef ZC_CLI_LS_H
#define ZC_CLI_LS_H

#include "cli/push_args.h"

/* TEXT names a host, and none of its shares: HOST:: */
bool zc_ls_means_shares(const char *text);

/* Lists what the one operand of A names, on another host. Prints, and says what is
 * wrong; the exit code. */
int zc_ls_run(const struct zc_push_args *a);

#endif
