/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a session may do, and where, once it is confined. Plain memory; the
 * descriptors are the caller's. */
#ifndef ZC_SESSION_CONFINE_H
#define ZC_SESSION_CONFINE_H

#include "base/err.h"

#include <stddef.h>

enum zc_access {
    ZC_ACCESS_TIDY, /* take empty directories away */
    ZC_ACCESS_READ,
    ZC_ACCESS_LINK, /* and give its files names elsewhere, as hard links */
    ZC_ACCESS_WRITE,
};

/* The directory FD, and all that is below it. */
struct zc_tree_access {
    int fd;
    enum zc_access access;
};

/* Confines this process to the N trees. 0, or -1 with a sentence. */
typedef int zc_confine(const struct zc_tree_access *trees, size_t n,
                       struct zc_err *err);

#endif
