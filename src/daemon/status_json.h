/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What zcsyncd is doing, for programs: zcsync(1) has the fields. Memory only; any
 * thread. */
#ifndef ZC_DAEMON_STATUS_JSON_H
#define ZC_DAEMON_STATUS_JSON_H

#include "daemon/snapshot.h"

/* Appends an object a line: one per mirror and, with SESSIONS, one per session
 * and one for the daemon. */
void zc_status_json(const struct zc_snapshot *s, bool sessions,
                    struct zc_buf *out);

#endif
