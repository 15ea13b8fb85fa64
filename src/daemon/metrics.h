/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A snapshot in the text format of Prometheus (version 0.0.4), which ends each
 * line with a newline and times in seconds. Memory only; any thread. */
#ifndef ZC_DAEMON_METRICS_H
#define ZC_DAEMON_METRICS_H

#include "daemon/snapshot.h"

/* Appends all of it. */
void zc_metrics_write(const struct zc_snapshot *s, struct zc_buf *out);
/* Appends TEXT as the value of a label, quotes included: backslash, quote and
 * newline are escaped, bytes that are not UTF-8 become U+FFFD. */
void zc_metrics_label(struct zc_buf *out, const char *text);

#endif
