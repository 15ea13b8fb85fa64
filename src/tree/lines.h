/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that list names or rules, one a line, as rsync(1) reads them. Any
 * thread; nothing is kept between calls.
 */
#ifndef ZC_TREE_LINES_H
#define ZC_TREE_LINES_H

#include "base/err.h"

/* Gets one line of N bytes, which a NUL follows; it is gone after the call. -1
 * and a sentence in ERR stop the reading. */
typedef int zc_line_fn(void *arg, const char *line, size_t n,
                       struct zc_err *err);

/*
 * Calls FN for every line of FILE ("-": standard input). Lines end in a newline
 * or a carriage return; empty ones and those that start with ';' or '#' are
 * skipped. With NUL_ENDED they end in NUL and only empty ones are skipped.
 *
 * -1 when FILE cannot be read (ZC_EXIT_FILEIO), when a line without NUL_ENDED
 * holds a NUL (ZC_EXIT_USAGE), or when FN failed: its sentence then gets the
 * file and the line number in front.
 */
int zc_lines_read(const char *file, bool nul_ended, zc_line_fn *fn, void *arg,
                  struct zc_err *err);

/* The same for N bytes at TEXT, which a NUL follows and which are used up; without
 * NUL_ENDED. The sentence gets the line number in front. */
int zc_lines_split(char *text, size_t n, zc_line_fn *fn, void *arg,
                   struct zc_err *err);

#endif
