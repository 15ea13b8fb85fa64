/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The staging folder: where new versions are written before they get their
 * names. `.zcsync/` lies in the root of the share, and in the root of every
 * mount or subvolume below it (rename does not cross those). Each session has
 * a folder of its own in it, `.zcsync/<random>/`, held by flock(2), so that a
 * later session knows which ones a crash left behind.
 *
 *     share/.zcsync/5f0c.../1, 2, 3 ... files and new directories in the making
 *     share/.zcsync/partial/           what is kept of some (fs/partial.h)
 *
 * It is made when first needed and taken away at the end, so that a run with
 * nothing to do changes nothing. One zc_staging per mount and session; any
 * thread may call the functions below on it, except _free.
 */
#ifndef ZC_FS_STAGING_H
#define ZC_FS_STAGING_H

#include "base/err.h"
#include "fs/partial.h"

struct zc_staging;

/* For the mount whose root directory is DIRFD (dup'ed). Nothing is made yet.
 * NULL: out of memory or fds (errno). */
struct zc_staging *zc_staging_new(int dirfd);

/* The fd of the session's folder, made (mode 0700, no inherited ACL) and
 * locked on the first call. -1 with errno: the reason it could not be made;
 * the next call tries again. EPERM: what has its name, or that of `.zcsync`, is
 * somebody else's; EBUSY: somebody has `.zcsync` locked, for seconds. The fd
 * belongs to S. */
int zc_staging_fd(struct zc_staging *s);

/* The folder NAME in DIRFD/.zcsync, for what outlives sessions: an fd, or -1
 * with errno, as above, or ENOENT where there is none and none is to be made. */
int zc_staging_folder(int dirfd, const char *name, bool make);

#define ZC_UNSYNCED "unsynced" /* such a folder: fs/unsynced.h */

/* A new name, unique in this session's folder. */
#define ZC_STAGING_NAME_SIZE 40
void zc_staging_name(struct zc_staging *s, char out[ZC_STAGING_NAME_SIZE]);

/* The folder of partials that earlier sessions have left: an fd, S's, or -1.
 * Looked for once. */
int zc_staging_partials(struct zc_staging *s);

/* True once the folder has been made. */
bool zc_staging_used(const struct zc_staging *s);

/* True where the directory DIRFD is the top of a mount or a subvolume, so that
 * its .zcsync may be a staging folder; as is the one in a share's root. */
bool zc_staging_at_top(int dirfd);
/* True when PATH, relative to ROOT, a share's, leads into a folder that may be
 * one: anywhere else the name is nobody's. */
bool zc_staging_on_path(int root, const char *path);
/* True when the directory FD, below ROOT by whatever symlinks, is such a folder or
 * lies in one. What cannot be looked at may. */
bool zc_staging_holds(int root, int fd);

/*
 * Removes what dead sessions left in DIRFD/.zcsync, but for partials within
 * LIMITS, and .zcsync itself when it is empty then. Sessions that are alive are
 * left alone. The number of sessions removed, 0 when there is no staging
 * folder, -1 with errno; ZC_STAGING_REFUSED with errno, as above: nothing could
 * be staged either.
 */
#define ZC_STAGING_REFUSED (-2)
int zc_staging_clean(int dirfd, const struct zc_partial_limits *limits);

/* Takes DIRFD/.zcsync away when it is empty, with the folders that others of fs
 * have in it, and leaves DIRFD its times. */
void zc_staging_drop(int dirfd);

/* A sentence about DIRFD/.zcsync after EPERM or EBUSY: whose it is, or who has it
 * locked, where that can be found out. Returns -1. */
int zc_staging_explain(int dirfd, int eno, struct zc_err *err);

/* Removes this session's folder with everything in it, and `.zcsync` when
 * empty. NULL is fine. */
void zc_staging_free(struct zc_staging *s);

#endif
