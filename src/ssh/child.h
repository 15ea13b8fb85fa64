/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs that are started for a connection. Any thread. */
#ifndef ZC_SSH_CHILD_H
#define ZC_SSH_CHILD_H

#include "base/buf.h"
#include "base/err.h"

#include <stdatomic.h>
#include <sys/types.h>

/* Starts ARGV (found by PATH) with these descriptors as 0, 1 and 2 (-1:
 * /dev/null for the first two, ours for the last), no signal blocked or
 * ignored. 0, or an errno. */
int zc_ssh_spawn(char *const argv[], const int fds[3], pid_t *pid);

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
