/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A plan whose DEST is on this machine: is it a place where the SRC can go? No
 * SRC is copied into itself, onto itself, or deleted by its own copy.
 */
#ifndef ZC_CLI_PLAN_CHECK_H
#define ZC_CLI_PLAN_CHECK_H

#include "cli/plan.h"

/* P was made of ARGS. Of a DEST elsewhere nothing is known here. -1 with a
 * sentence. */
int zc_plan_check(const struct zc_plan *p, const struct zc_push_args *args,
                  struct zc_err *err);

#endif
