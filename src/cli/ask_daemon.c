// SPDX-License-Identifier: GPL-2.0-or-later
/* Asking zcsyncd; see ask_daemon.h. */
#include "cli/ask_daemon.h"

#include "cli/cli.h"

int zc_cli_ask_daemon(const char *command, const char *socket,
                      enum zc_control_verb verb, const char *what,
                      unsigned timeout_s)
{
    zc_missings missing = {0};
    struct zc_err err = {0};
    int r = zc_control_ask(socket, verb, what, timeout_s, -1, &missing, &err);
    if (r && err.code == ZC_EXIT_TIMEOUT && missing.len &&
        *missing.v[0].text)
        zc_err_set(&err, ZC_EXIT_TIMEOUT, 0, "%s: %s", missing.v[0].mirror,
                   missing.v[0].text);
    zc_missings_fini(&missing);
    return r ? zc_cli_usage(command, &err) : ZC_EXIT_OK;
}
