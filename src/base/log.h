/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages for people. Library code hands sentences to the log; the program
 * decides at start where they go. Any thread may log; lines never mix.
 */
#ifndef ZC_BASE_LOG_H
#define ZC_BASE_LOG_H

#include "base/util.h"

enum zc_log_level { ZC_LOG_ERROR, ZC_LOG_WARN, ZC_LOG_INFO, ZC_LOG_DEBUG };

/*
 * The one mutable global: messages above this level are dropped. Set it before
 * threads start. Default ZC_LOG_WARN.
 */
extern enum zc_log_level zc_log_level;

/*
 * Names the program in front of each line ("zcsync: ..."); PREFIX must live as
 * long as the program. With SYSLOG_LEVELS, lines start with "<3>" and the like,
 * as sd-daemon(3) describes. Call before threads start.
 */
void zc_log_init(const char *prefix, bool syslog_levels);

/* Called around every line, to take a progress line off the terminal and put
 * it back. BEFORE and AFTER run under the log's lock: they must not log. */
void zc_log_set_hooks(void (*before)(void *), void (*after)(void *), void *arg);

/* In a child that was forked by a process with threads, before it logs: the
 * log's lock may be held by a thread that is not there. Drops the hooks. */
void zc_log_forked(void);

/* Writes one line to stderr with one write(2). Keeps errno. Control bytes in
 * the text come out as \ooo, so that no file name can move the cursor. */
void zc_log(enum zc_log_level level, const char *fmt, ...) ZC_PRINTF(2, 3);

#endif
