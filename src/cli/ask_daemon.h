/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One question to a running zcsyncd, for the subcommands that only ask. Blocks,
 * and logs what is wrong; the main thread. */
#ifndef ZC_CLI_ASK_DAEMON_H
#define ZC_CLI_ASK_DAEMON_H

#include "daemon/control_client.h"

/* COMMAND asks the daemon at SOCKET for WHAT, for TIMEOUT_S seconds (0: for
 * ever), and says what is wrong, or what was in the way when that was too long.
 * The exit code. */
int zc_cli_ask_daemon(const char *command, const char *socket,
                      enum zc_control_verb verb, const char *what,
                      unsigned timeout_s);

#endif
