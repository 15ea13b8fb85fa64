/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs whose output is wanted. Any thread. */
#ifndef ZC_SSH_CHILD_H
#define ZC_SSH_CHILD_H

#include "base/buf.h"
#include "base/err.h"

#include <stdatomic.h>

/*
 * Runs ARGV to its end and takes what it writes to stdout and stderr, but no
 * more than MAX bytes of each. Its wait status in *STATUS (0 when somebody else
 * has waited for it). 0, or an errno: ENOENT: there is no such program;
 * ECANCELED: *STOP (may be NULL) was set, ETIMEDOUT: it took more than SECONDS.
 */
int zc_ssh_run(char *const argv[], size_t max, unsigned seconds,
               const atomic_bool *stop, struct zc_buf *out, struct zc_buf *said,
               int *status);

#endif
