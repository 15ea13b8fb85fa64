/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `zcsync pull`, and `zcsync diff` where SRC is at a peer. One thread. */
#ifndef ZC_CLI_PULL_H
#define ZC_CLI_PULL_H

#include "cli/run.h"

/* A zc_run_all_fn. */
enum zc_exit zc_pull_all(const struct zc_push_args *args,
                         struct zc_report *report, struct zc_err *err);

#endif
