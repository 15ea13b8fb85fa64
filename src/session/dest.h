/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The directory that a session writes into, and, where SRC is a file, what it
 * is called there: DEST is a directory to put it into, or its new name, and
 * only the end that has DEST can tell. No state but T's; the thread that opens the
 * session.
 */
#ifndef ZC_SESSION_DEST_H
#define ZC_SESSION_DEST_H

#include "session/share.h"
#include "session/terms.h"

/* DEST is PATH, the local user's own: a directory that may be made, unless
 * REQUIRE (NULL: nothing), which has to outlive T, wants something in it. *FD is
 * -1 where a dry run would make it. T->name, T->made and where the root is are
 * set. -1 with a sentence. */
int zc_dest_open_own(const char *path, const struct zc_require *require,
                     struct zc_terms *t, int *fd, struct zc_err *err);

/* DEST is the path of T below SHARE, of which the last component may be made.
 * Otherwise the same. */
int zc_dest_open_share(const struct zc_share *share, struct zc_terms *t,
                       int *fd, struct zc_err *err);

#endif
