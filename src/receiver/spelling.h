/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Directories that take different names for the same: README for readme
 * (exFAT, vfat, casefold), or two ways of writing an accent. There a name of
 * the source may be here already, spelled in another way, and of two names of
 * the source only one can be here.
 *
 * Which names are the same is not ours to know. For ASCII it is the letters'
 * case; for others the file system is asked, by making empty files in a folder
 * in the staging folder.
 *
 * A spelling belongs to one directory, and to who compares it; but where it
 * says so any thread may ask.
 */
#ifndef ZC_RECEIVER_SPELLING_H
#define ZC_RECEIVER_SPELLING_H

#include "tree/names.h"

struct zc_receiver;
struct zc_spelling;
struct zc_volume;

/* Whether the directory FD, with these NAMES in it, on V, is one of those. What
 * a volume does is found out once, a flag is asked of each directory; without
 * V, true where it may be. Any thread. */
bool zc_spelling_folds(struct zc_receiver *r, struct zc_volume *v, int fd,
                       const struct zc_names *names);

/* For a directory on V that has NAMES, of which the first TAKEN are known to be
 * names of the source, too. NULL: no memory. */
struct zc_spelling *zc_spelling_new(struct zc_receiver *r, struct zc_volume *v,
                                    const struct zc_names *names,
                                    size_t taken);
void zc_spelling_free(struct zc_spelling *s);

/* What a name of the source is here. */
enum zc_spelled {
    ZC_SPELLED_NEW,   /* nothing */
    ZC_SPELLED_SO,    /* what it is there */
    ZC_SPELLED_OTHER, /* *OTHER, of which it is not known whose it is */
    ZC_SPELLED_TAKEN, /* *OTHER, which is another name of the source */
};
enum zc_spelled zc_spelling_look(struct zc_spelling *s, const char *name,
                                 const char **other);
/* It is NAME of the source that what NAME means here belongs to. */
void zc_spelling_take(struct zc_spelling *s, const char *name);
/* NAME, which is spelled so here, belongs to nobody. */
bool zc_spelling_is_extra(struct zc_spelling *s, const char *name);

/* NAME cannot be here. */
void zc_spelling_refuse(struct zc_spelling *s, const char *name);
bool zc_spelling_refused(struct zc_spelling *s, const char *name); /* any */

#endif
