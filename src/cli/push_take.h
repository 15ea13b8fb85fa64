/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One option of push, diff, verify, mirror or ls after the other, into struct
 * zc_push_args. What several of them come to together is for push_opts.c. Plain
 * memory: one thread at a time.
 */
#ifndef ZC_CLI_PUSH_TAKE_H
#define ZC_CLI_PUSH_TAKE_H

#include "cli/push_args.h"

/* A zc_opt_take_fn; ARG is a struct zc_push_args. -1 with a sentence that names the
 * option (ZC_EXIT_USAGE). */
int zc_push_take(void *arg, const struct zc_opt *opt, const char *spelled,
                 const char *value, bool on, struct zc_err *err);

/* One more filter option, ID of enum push_opt_id; VALUE is kept as a pointer. -1:
 * memory. */
int zc_push_take_filter(struct zc_push_args *a, int id, const char *value,
                        struct zc_err *err);

#endif
