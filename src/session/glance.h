/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A look at DEST before anything is done. Whoever comes from rsync writes
 * `push --delete www bk` and means bk/www; where bk is a directory with other
 * things in it, they would all be deleted. So the end that answers OPEN tells
 * what names it has, and the end that has dialled compares them with its own and
 * decides whether DEST is a copy of SRC. No state; any thread.
 */
#ifndef ZC_SESSION_GLANCE_H
#define ZC_SESSION_GLANCE_H

#include "session/options.h"

/* What M points to. */
struct zc_glance {
    struct zc_buf names, inner;
};
#define ZC_GLANCE_INIT {ZC_BUF_INIT, ZC_BUF_INIT}

/* Fills in what OPENED tells of the directory FD (-1: there is none), which has
 * what REQUIRE (NULL: nothing) wants, when OPEN asked about NAME. What cannot be
 * read is left out. M points into G then. */
void zc_glance_tell(int fd, const struct zc_require *require,
                    struct zc_bytes name, struct zc_glance *g,
                    struct zc_msg_opened *m);
void zc_glance_fini(struct zc_glance *g);

/* True when there is nothing in the directory FD (-1: there is none) that is
 * anybody's. */
bool zc_glance_empty(int fd);

/* -1 with opt->question, when opt->ask is set and what M tells is of a directory
 * that --delete would empty for the sake of opt->src, a copy of which it is
 * not. */
int zc_glance_judge(const struct zc_options *opt, const struct zc_msg_opened *m,
                    struct zc_err *err);

/* The same for a pull: M tells of SRC, and DEST is opt->ask_dest. */
int zc_glance_judge_own(const struct zc_options *opt,
                        const struct zc_msg_opened *m, struct zc_err *err);

#endif
