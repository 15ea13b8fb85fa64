/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --log-file: a line for every change, trouble and end, appended to a file, each
 * with the date and the process, as rsync writes them. One thread at a time.
 */
#ifndef ZC_CLI_LOGFILE_H
#define ZC_CLI_LOGFILE_H

#include "base/err.h"
#include "base/util.h"
#include "cli/itemize.h"
#include "session/events.h"

struct zc_logfile;

/* FORMAT was checked; NULL: rsync's own. It must outlive the file. NULL with a
 * sentence. */
struct zc_logfile *zc_logfile_open(const char *path, const char *format,
                                   struct zc_err *err);
/* Says once, on standard error, that lines could not be written. L may be NULL. */
void zc_logfile_close(struct zc_logfile *l);

/* LABEL, if any, is the DEST it is about. */
void zc_logfile_item(struct zc_logfile *l, const struct zc_item *item,
                     const char *label, const struct zc_item_about *about);
void zc_logfile_line(struct zc_logfile *l, const char *fmt, ...)
    ZC_PRINTF(2, 3);

#endif
