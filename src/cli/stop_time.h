/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rsync's --stop-at and --stop-after. Pure functions, but for the time zone;
 * any thread. */
#ifndef ZC_CLI_STOP_TIME_H
#define ZC_CLI_STOP_TIME_H

#include "base/err.h"

#include <time.h>

/* TEXT is a time of day, a date, or both: [[[YY]YY-]MM-]DD[THH:MM], HH:MM, :MM;
 * what is left out is that of the next time that is after NOW. -1 with a sentence
 * (ZC_EXIT_USAGE). */
int zc_stop_at(const char *text, time_t now, time_t *at, struct zc_err *err);

/* TEXT is a number of minutes from NOW. Likewise. */
int zc_stop_after(const char *text, time_t now, time_t *at, struct zc_err *err);

#endif
