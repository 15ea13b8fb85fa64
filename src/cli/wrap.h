/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Long lines for a terminal. Memory only; any thread. */
#ifndef ZC_CLI_WRAP_H
#define ZC_CLI_WRAP_H

#include "base/buf.h"

/*
 * Appends the N bytes at TEXT, lines of UTF-8, broken at blanks so that none is
 * longer than COLUMNS - 1 (0: as they are): behind a semicolon where that leaves
 * no more than half of it empty, and never within a word, however long. What goes
 * on in the next line is indented by two more than the line was. Escape sequences
 * of colours take no room.
 */
void zc_wrap(struct zc_buf *out, const char *text, size_t n, unsigned columns);

#endif
