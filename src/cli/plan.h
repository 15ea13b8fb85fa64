/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From SRC... and DEST to the sessions of a push. What can be seen to be wrong
 * before a byte is sent is refused here, and by plan_check.h.
 *
 * A directory SRC that stands alone, or whose content is meant (a slash at its
 * end), is a session of its own, root onto root. All others are names in the
 * directory that has them, which is a session: several SRC become DEST/name.
 * A single SRC that is a symlink to a directory is that directory, as the user
 * named it; any other symlink is itself the thing to copy.
 */
#ifndef ZC_CLI_PLAN_H
#define ZC_CLI_PLAN_H

#include "base/err.h"
#include "base/vec.h"
#include "cli/doubt.h"
#include "cli/push_args.h"
#include "net/endpoint.h"
#include "tree/fileset.h"

#include <sys/types.h>

struct zc_plan_session {
    char *src;                /* a directory */
    struct zc_fileset *names; /* in it; NULL: all of it. Where one is recursed
                                 into, it is a directory */
    bool single_file;
    dev_t dev; /* of src */
    ino_t ino;
};

struct zc_plan {
    ZC_VEC(struct zc_plan_session) sessions; /* none: all SRC may be missing,
                                                and are */
    bool missing; /* a SRC is, and goes at DEST */
    ZC_VEC(struct zc_earlier_src) earlier;   /* the same, for options.earlier */
    struct zc_endpoint dest;
    const char *dest_text; /* as the user wrote it */
    bool dest_is_dir;      /* DEST ended in a slash, or there are several SRC */
    struct zc_doubt doubt; /* of the one session */
};

/* Fills in *P (to be finished with _fini in any case) from the operands in
 * ARGS, which must outlive it. -1 with a sentence. */
int zc_plan_make(struct zc_plan *p, const struct zc_push_args *args,
                 struct zc_err *err);
void zc_plan_fini(struct zc_plan *p);

/* Has SESSION ask about the doubt. */
void zc_plan_ask(const struct zc_plan *p, struct zc_options *session);

/* A path that cannot be used, in the words of cp(1) and rsync(1): -1. */
int zc_plan_unusable(struct zc_err *err, const char *path, int eno);

#endif
