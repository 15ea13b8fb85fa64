/* SPDX-License-Identifier: GPL-2.0-or-later */
/* zcsyncd: what runs until it is told to stop. */
#ifndef ZC_DAEMON_SUPERVISOR_H
#define ZC_DAEMON_SUPERVISOR_H

#include "base/err.h"

/*
 * Reads FILE (zcsync.conf(5)) and does what it says, in this process and its
 * children, until SIGTERM or SIGINT; SIGHUP makes it read FILE again. Tells the
 * service manager how it goes (notify.h) and takes sockets from it
 * (activate.h). Call before threads start. 0 after a stop, or -1 with a
 * sentence.
 */
int zc_supervisor_run(const char *file, struct zc_err *err);

#endif
