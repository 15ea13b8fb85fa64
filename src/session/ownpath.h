/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paths as users write them behind HOST: over SSH. They cross as they are, so no
 * shell of the other host has quoted or expanded them; what a user expects of
 * one is done here. Any thread.
 */
#ifndef ZC_SESSION_OWNPATH_H
#define ZC_SESSION_OWNPATH_H

#include "base/err.h"

/*
 * PATH with "~" (the home of whoever runs this) or "~NAME" (that of user NAME)
 * at its beginning replaced, on the heap; all else is as it was, relative to the
 * working directory, which sshd(8) sets to the home. NULL with a sentence:
 * nobody is called NAME, or memory.
 */
char *zc_own_path(const char *path, struct zc_err *err);

#endif
