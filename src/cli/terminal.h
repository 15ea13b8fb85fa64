/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The terminal that FD is; asked each time, so that no SIGWINCH has to be
 * caught; any thread. */
#ifndef ZC_CLI_TERMINAL_H
#define ZC_CLI_TERMINAL_H

#include <stdbool.h>

/* 80 and 24 where nobody knows. */
unsigned zc_terminal_columns(int fd);
unsigned zc_terminal_rows(int fd);
/* Whether FD is a terminal that may be coloured: not with NO_COLOR, and it is not a
 * dumb one. */
bool zc_terminal_coloured(int fd);

#endif
