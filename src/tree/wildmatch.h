/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Wildcard patterns as rsync(1) has them ("PATTERN MATCHING RULES"): `?` is any
 * byte but a slash, `*` any run of them, `**` (or more stars) any run of any
 * bytes, `[...]` a class, which never takes a slash either: ranges, `!` or `^`
 * first to negate, `[:alpha:]` and the like (ASCII, whatever the locale). A
 * backslash takes away the meaning of the byte after it. A broken class, or a
 * backslash at the end, matches nothing.
 *
 * Patterns may come from a hostile peer: the work for a match is at most the
 * pattern's length times the text's, there is no recursion, and no memory is
 * taken.
 *
 * A compiled pattern is only read: any number of threads may match with it.
 */
#ifndef ZC_TREE_WILDMATCH_H
#define ZC_TREE_WILDMATCH_H

#include "base/util.h"

#define ZC_WILD_PATTERN_MAX 8192 /* bytes in a pattern */

enum {
    ZC_WILD_LEAD_SLASH = 1,  /* match "/TEXT" */
    ZC_WILD_TRAIL_SLASH = 2, /* match "TEXT/" */
    /* The match may start at the text's start or after any of its slashes. */
    ZC_WILD_ANY_ELEMENT = 4,
};

struct zc_wild;

/* Compiles the N bytes at PATTERN. NULL: out of memory, or (EINVAL) longer
 * than ZC_WILD_PATTERN_MAX. */
struct zc_wild *zc_wild_new(const char *pattern, size_t n);
void zc_wild_free(struct zc_wild *w);

/* True when the pattern matches all N bytes of TEXT; FLAGS: see above. */
bool zc_wild_match(const struct zc_wild *w, const char *text, size_t n,
                   unsigned flags);

/* True when the pattern may match the one and not the other of two texts that
 * begin with A and B, each a directory's path without its last slash, and go
 * on alike with a slash. False is certain. */
bool zc_wild_differ(const struct zc_wild *w, const char *a, const char *b,
                    unsigned flags);

#endif
