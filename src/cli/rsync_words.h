/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words of rsync's --info and --debug: those that zcsync has something for do
 * it, those by which rsync would only print more are taken, and any other is
 * refused. Pure functions.
 */
#ifndef ZC_CLI_RSYNC_WORDS_H
#define ZC_CLI_RSYNC_WORDS_H

#include "base/err.h"

/* What --info has said so far; -1: nothing, 0: not, 1: do, 2: even more. */
struct zc_info {
    int name;     /* a line for each name */
    int del;      /* for each deletion */
    int progress; /* a progress line */
    int stats;    /* counts at the end */
};
#define ZC_INFO_INIT {-1, -1, -1, -1}

/* Takes WORDS, parted by commas, each perhaps with a level behind it ("stats2",
 * "name0"). -1 with a sentence (ZC_EXIT_USAGE). */
int zc_info_take(const char *words, struct zc_info *info, struct zc_err *err);
/* The words of --debug, none of which does anything. */
int zc_debug_take(const char *words, struct zc_err *err);

#endif
