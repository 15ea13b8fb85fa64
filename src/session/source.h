/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a sender's files come from: a directory, as a descriptor. A sender asks
 * for it at the beginning of each round and does not hold it between rounds,
 * where it would keep a file system from being unmounted. Constant once it is made:
 * any thread.
 */
#ifndef ZC_SESSION_SOURCE_H
#define ZC_SESSION_SOURCE_H

#include "base/err.h"
#include "fs/require.h"

#include <stdint.h>

struct zc_source {
    const char *name; /* for messages */
    /* An O_DIRECTORY fd, the caller's; -1 with a sentence. */
    int (*open)(const struct zc_source *s, struct zc_err *err);
    /* True when (DEV, INO), which `open` gave, is not there any more: it was
     * unmounted, removed or replaced. Any thread. */
    bool (*gone)(const struct zc_source *s, uint64_t dev, uint64_t ino);
    const char *path; /* zc_source_path */
    /* Without that there is nothing to send from. NULL: nothing. */
    const struct zc_require *require;
    int fd;           /* zc_source_fd */
    /* It is not this side's user who has asked for what is in it: symlinks that
     * are to be followed must not lead out of it. */
    bool confined;
};

/* The directory at PATH, which the local user has named, if what REQUIRE (NULL:
 * nothing) wants is there. Both must outlive it. */
struct zc_source zc_source_path(const char *path,
                                const struct zc_require *require);

/* Whether what REQUIRE (NULL: nothing) wants is there at PATH. -1 with a
 * sentence. */
int zc_source_required(const char *path, const struct zc_require *require,
                       struct zc_err *err);

/* The directory FD, whatever leads there, as long as it exists; confined. FD
 * stays the caller's and must outlive it. NAME is for messages. */
struct zc_source zc_source_fd(int fd, const char *name);

#endif
