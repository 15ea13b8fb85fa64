/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One change as a line of text: rsync's YXcstpoguax columns and the escapes of
 * its --out-format (rsync(1), --itemize-changes; rsyncd.conf(5), log format).
 * Pure functions but for the time zone and, in %t, the clock; any thread.
 */
#ifndef ZC_CLI_ITEMIZE_H
#define ZC_CLI_ITEMIZE_H

#include "base/buf.h"
#include "base/err.h"
#include "session/events.h"

#define ZC_ITEMIZE_SIZE 12 /* 11 columns and a NUL */

/*
 * "<f.st......", "*deleting  ": Y is '<' for a file whose data was sent, 'c'
 * for another thing made or changed, 'h' for a hard link, '.' for attributes
 * only. KEEP (enum zc_keep) is what the run keeps.
 */
void zc_itemize(char out[ZC_ITEMIZE_SIZE], const struct zc_item *item,
                unsigned keep);

/* What an item is about. */
struct zc_item_about {
    const char *src;
    const char *place; /* SRC or DEST on another host, as the user wrote it; or
                          anything else */
    unsigned keep;     /* enum zc_keep */
};

/*
 * Appends FORMAT for ITEM, without a newline: %n (name, a slash after a
 * directory), %f (the same after SRC), %i, %l (length), %b (bytes sent), %L
 * (" -> target"), %M (mtime), %B (permissions), %U, %G, %o ("send", "recv",
 * "del."), %t (now), %p (process), %h (the other host), %m (its share), %%.
 * Between % and letter may stand rsync's -, width and ' (digit groups, units).
 * FORMAT was checked.
 */
void zc_item_format(struct zc_buf *out, const char *format,
                    const struct zc_item *item,
                    const struct zc_item_about *about);

/* -1 with a sentence that names OPTION and the escape that there is not, and
 * why. */
int zc_item_format_check(const char *option, const char *format,
                         struct zc_err *err);

/* True when FORMAT has one of the escapes in LETTERS. */
bool zc_item_format_has(const char *format, const char *letters);

#endif
