/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a whole command did: the counters of all its sessions, and the forms in
 * which they are told. One thread.
 */
#ifndef ZC_CLI_TOTALS_H
#define ZC_CLI_TOTALS_H

#include "base/buf.h"
#include "base/text.h"
#include "cli/logfile.h"
#include "session/events.h"

#include <stdio.h>

/* Named as in struct zc_stats. */
struct zc_totals {
    uint64_t scanned, scanned_bytes, need_files, need_bytes, done_files,
        done_bytes, wire_out, wire_in, wire_plain, changed_meta, created,
        replaced, deleted, files, dirs, symlinks, devices, specials, retries,
        troubles, zerocopy_calls, zerocopy_copied;
    bool owners_left, alternates_missing;
    double seconds; /* of wall clock, set by the caller */
    bool dry_run;   /* likewise */
    bool compress;  /* likewise: what crossed may have been compressed */
};

void zc_totals_add(struct zc_totals *t, const struct zc_stats *s);

/* --stats, in rsync's words where rsync has the number. */
void zc_totals_print_stats(const struct zc_totals *t, enum zc_text_style style,
                           FILE *to);
/* The last line of a log file. LOG may be NULL. */
void zc_totals_log(const struct zc_totals *t, struct zc_logfile *log);
/* The two lines that end rsync -v: "sent ... bytes  received ...". */
void zc_totals_print_sent(const struct zc_totals *t, enum zc_text_style style,
                          FILE *to);
/* One line for a person at a terminal. */
void zc_totals_print_line(const struct zc_totals *t, FILE *to);
/* The same where files were compared: N entries differ. */
void zc_totals_print_compared(const struct zc_totals *t, uint64_t n, FILE *to);
/* Members of a JSON object, starting with a comma. */
void zc_totals_json(const struct zc_totals *t, struct zc_buf *out);

#endif
