/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What struct zc_push_args says of SRC and DEST, and how they are reached. Plain
 * memory: one thread at a time. */
#ifndef ZC_CLI_PUSH_PLACES_H
#define ZC_CLI_PUSH_PLACES_H

#include "base/err.h"
#include "cli/push_args.h"

/* DEST into *AT (to be finished with zc_endpoint_fini); with --list-only it is a
 * place that does not exist. -1 with a sentence. */
int zc_push_args_dest(const struct zc_push_args *a, struct zc_endpoint *at,
                      struct zc_err *err);

/* OPT for a session that pulls or not, with another host or not: what --fake-super
 * means for it. -1 with a sentence. */
int zc_push_args_fake(const struct zc_push_args *a, bool pulls, bool local,
                      struct zc_options *opt, struct zc_err *err);

/* What A says of how a daemon is reached becomes part of AT, which TEXT was made
 * into. -1 with a sentence. */
int zc_push_args_reach(const struct zc_push_args *a, const char *text,
                       struct zc_endpoint *at, struct zc_err *err);

#endif
