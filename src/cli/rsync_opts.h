/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rsync's options that are refused by name. Constant; any thread. */
#ifndef ZC_CLI_RSYNC_OPTS_H
#define ZC_CLI_RSYNC_OPTS_H

#include "cli/opt.h"

/* Ends with a row that has neither letter nor name. */
extern const struct zc_opt_refused zc_rsync_opts[];

#endif
