/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A nest: a staging folder inside of the directory that things are made for,
 * where the one at the top (fs/staging.h) will not do: because the directory
 * passes on what only something made in it gets (fs/heritage.h), because it
 * refuses what was made elsewhere, or because nobody may write at the top.
 *
 *     share/home/u1/.zcsync-5f0c...(32 hex)/1, 2, 3 ...
 *
 * What is made in a nest has inherited from it what it would have inherited
 * from the directory. Its name tells everybody to leave it alone; it is held by
 * flock(2) for as long as its owner lives, so that whoever comes along later
 * knows which ones a crash left behind. Any thread.
 */
#ifndef ZC_FS_NEST_H
#define ZC_FS_NEST_H

#include "base/relpath.h"

#define ZC_NEST_NAME_SIZE (sizeof ZC_NEST_PREFIX + ZC_NEST_DIGITS)

/* A NAME that a nest could have, and nothing has. -1 and errno. */
int zc_nest_name(char name[ZC_NEST_NAME_SIZE]);
/* A new nest in DIRFD, locked, which nobody else can reach into (mode 0700);
 * without an ACL, unless ACLS. Its fd, which holds it, and its NAME; -1 and
 * errno. EPERM: somebody exchanged it under us. */
int zc_nest_make(int dirfd, bool acls, char name[ZC_NEST_NAME_SIZE]);
/* NAME in DIRFD, held by FD, goes, and all in it. FD is closed (-1: it is
 * already). DIRFD -1: it cannot be reached. */
void zc_nest_remove(int dirfd, const char *name, int fd);
/* Does DIRFD refuse with EXDEV what was made in FROM? Tried with an empty file.
 */
bool zc_nest_refuses(int dirfd, int from);
/* Removes NAME in DIRFD, which is called like a nest, if nobody holds it: 1; 0
 * when somebody does, -1 and errno. */
int zc_nest_clean(int dirfd, const char *name);

#endif
