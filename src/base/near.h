/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The word that may have been meant by one that is not known. Memory only, any
 * thread.
 *
 *     struct zc_near near = {.name = typed};
 *     for (each word there is)
 *         zc_near_consider(&near, word);
 *     if (near.is) ...
 */
#ifndef ZC_BASE_NEAR_H
#define ZC_BASE_NEAR_H

#include <stddef.h>

struct zc_near {
    const char *name; /* what was written */
    const char *is;   /* the nearest so far, or NULL */
    size_t slips;     /* how far it is off, where there is one */
};

/* Keeps CANDIDATE when it is nearer than what was there: up to two slips, and no
 * more than one in three letters. */
void zc_near_consider(struct zc_near *n, const char *candidate);

#endif
