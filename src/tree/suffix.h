/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of files that will not shrink, by their suffixes: rsync's
 * --skip-compress. Memory only: any thread.
 */
#ifndef ZC_TREE_SUFFIX_H
#define ZC_TREE_SUFFIX_H

#include <pthread.h>
#include <stdbool.h>

/* Whether what follows the last dot in NAME is in LIST: suffixes with slashes
 * between, in which [...] is one of those characters; upper and lower case are
 * the same. NULL: those that are known for it. */
bool zc_suffix_is_dense(const char *list, const char *name);

/*
 * Suffixes that turn out to be like that while files are sent: of a few files
 * in a row none has shrunk. One of several is tried all the same, and the first
 * that shrinks ends it. Bounded: a suffix that is new takes the place of the
 * oldest. Zeroed: nothing is known; any thread.
 */
#define ZC_SUFFIXES_MAX 64
#define ZC_SUFFIX_SIZE 16 /* with NUL; longer ones are not learned */
#define ZC_SUFFIX_SURE 4  /* files in a row */
#define ZC_SUFFIX_AGAIN 4 /* one of so many is tried */

struct zc_suffixes {
    pthread_mutex_t lock;
    struct zc_suffix_seen {
        char suffix[ZC_SUFFIX_SIZE];
        unsigned hard;    /* files in a row that did not shrink */
        unsigned skipped; /* since then */
    } v[ZC_SUFFIXES_MAX];
    unsigned next; /* whose place is taken */
};

/* Whether a file called NAME need not be tried. */
bool zc_suffixes_skip(struct zc_suffixes *s, const char *name);
/* A file called NAME has been tried. */
void zc_suffixes_learn(struct zc_suffixes *s, const char *name, bool shrank);

#endif
