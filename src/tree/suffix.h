/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of files that will not shrink, by their suffixes: rsync's
 * --skip-compress. Memory only: any thread.
 */
#ifndef ZC_TREE_SUFFIX_H
#define ZC_TREE_SUFFIX_H

#include <stdbool.h>

/* Whether what follows the last dot in NAME is in LIST: suffixes with slashes
 * between, in which [...] is one of those characters; upper and lower case are
 * the same. NULL: those that are known for it. */
bool zc_suffix_is_dense(const char *list, const char *name);

#endif
