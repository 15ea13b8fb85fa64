/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From SRC... at peers and DEST here to the sessions of a pull, one for each SRC.
 * Whether SRC is a file only its peer knows, so DEST is prepared for both.
 */
#ifndef ZC_CLI_PULL_PLAN_H
#define ZC_CLI_PULL_PLAN_H

#include "base/err.h"
#include "base/vec.h"
#include "cli/doubt.h"
#include "cli/push_args.h"
#include "net/endpoint.h"

struct zc_pull_session {
    const char *text; /* SRC as the user wrote it */
    struct zc_endpoint at;
    char *dest;     /* for what SRC has in it, or, as a file, is */
    char *new_name; /* what SRC is called there if it is a file; NULL: as it is */
    /* With -R: what SRC names below the place AT, as it crosses. Empty: all that
     * is there, or not -R. */
    struct zc_buf names;
};

struct zc_pull_plan {
    ZC_VEC(struct zc_pull_session) sessions; /* at least one */
    struct zc_doubt doubt; /* of the one session */
    char *make; /* a directory that has to be there first; NULL: none */
};

/* Fills in *P (to be finished with _fini in any case) from the operands in ARGS,
 * which must outlive it. -1 with a sentence. */
int zc_pull_plan_make(struct zc_pull_plan *p, const struct zc_push_args *args,
                      struct zc_err *err);
void zc_pull_plan_fini(struct zc_pull_plan *p);

/* SRC as TEXT has it into AT, or, with -R, the place that it says it is to be seen
 * from: what is *BELOW that then, else NULL. -1 with a sentence. */
int zc_pull_parse_src(const struct zc_push_args *args, const char *text,
                      struct zc_endpoint *at, const char **below,
                      struct zc_err *err);

#endif
