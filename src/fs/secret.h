/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that hold a secret: it is taken from nobody's but ours and root's, and not
 * where others could have read it. Any thread. */
#ifndef ZC_FS_SECRET_H
#define ZC_FS_SECRET_H

#include "base/err.h"

/* For sentences: "no FILE is taken from it", "it holds a SECRET", and what there is
 * to do beside chmod ("": nothing). */
struct zc_secret_words {
    const char *file, *secret, *instead;
};

/* PATH, open for reading, as zc_io_read does; the caller's. A symbolic link is
 * followed; what it leads to is what is checked. -1 with a sentence
 * (ZC_EXIT_START). */
int zc_secret_open(const char *path, const struct zc_secret_words *words,
                   struct zc_err *err);

#endif
