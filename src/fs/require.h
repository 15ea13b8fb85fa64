/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What has to be there before a directory is read from or written into: a disk
 * that is not mounted looks like an empty directory, which is then taken for the
 * source, or filled. Plain memory and system calls: any thread.
 */
#ifndef ZC_FS_REQUIRE_H
#define ZC_FS_REQUIRE_H

#include "base/err.h"

struct zc_require {
    bool mount;       /* the directory itself is where something is mounted */
    char *mount_path; /* absolute: something is mounted there. NULL: no matter */
    char *file;       /* is there: below the directory, or an absolute path.
                         NULL: no matter */
};
void zc_require_fini(struct zc_require *q);

/* Takes VALUE: yes, no, or the absolute path of a mount point. -1 with a
 * sentence (ZC_EXIT_USAGE) that quotes it; what was there before is gone. */
int zc_require_take_mount(struct zc_require *q, const char *value,
                          struct zc_err *err);
/* Takes VALUE: a name, or names with slashes between, or an absolute path.
 * Likewise. */
int zc_require_take_file(struct zc_require *q, const char *value,
                         struct zc_err *err);

/* Anything at all? Q may be NULL. */
bool zc_require_any(const struct zc_require *q);
/* ... of what is seen in the directory only: one that was just made cannot have
 * it. */
bool zc_require_in_dir(const struct zc_require *q);

/* What Q has that is not about the directory it is for: as much use for another.
 * Q keeps owning it. */
struct zc_require zc_require_elsewhere(const struct zc_require *q);

/* Whether all that Q (NULL: nothing) wants of the directory FD, which messages
 * call NAME, is there now. -1 with a sentence (ZC_EXIT_SELECT). */
int zc_require_check(const struct zc_require *q, int fd, const char *name,
                     struct zc_err *err);
/* The same but for what is seen in the directory. */
int zc_require_check_paths(const struct zc_require *q, struct zc_err *err);

/* What the file is called below BELOW ("": the directory itself), a directory in
 * the one that Q is about. NULL: it is not in there. */
const char *zc_require_file_below(const struct zc_require *q,
                                  const char *below);

#endif
