/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the words after push, diff and mirror to struct zc_push_args. What they
 * can be is in push_table.h. Plain memory: one thread at a time.
 */
#ifndef ZC_CLI_PUSH_OPTS_H
#define ZC_CLI_PUSH_OPTS_H

#include "base/err.h"
#include "cli/push_args.h"

/* Fills in *A (to be finished with _fini in any case) from the words after the
 * command's name; reads the files that filter options name. -1 with a
 * sentence. */
int zc_push_args_parse(struct zc_push_args *a, enum zc_push_as as, int argc,
                       char **argv, struct zc_err *err);
void zc_push_args_fini(struct zc_push_args *a);

#endif
