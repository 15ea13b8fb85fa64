/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What zcsyncd is doing, as a person reads it. Memory only; any thread. */
#ifndef ZC_CLI_STATUS_SHOW_H
#define ZC_CLI_STATUS_SHOW_H

#include "daemon/snapshot.h"

/* Appends a few lines per mirror; COLOURED: for a terminal. BEFORE (may be
 * NULL) is an earlier snapshot: then speeds since it are shown. SESSIONS: those
 * who push to us, too. */
void zc_status_text(const struct zc_snapshot *s,
                    const struct zc_snapshot *before, bool sessions,
                    bool coloured, struct zc_buf *out);

#endif
