/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Output whose reader has gone, as in `zcsync ... | head`. */
#ifndef ZC_CLI_PIPE_H
#define ZC_CLI_PIPE_H

#include <stdbool.h>

/* True when FD is a pipe or socket that nobody reads any more. */
bool zc_pipe_gone(int fd);

/* Ends the process as the kernel would have: by SIGPIPE, silently. Where that is
 * blocked, returns the exit code that a shell makes of it. */
int zc_pipe_die(void);

#endif
