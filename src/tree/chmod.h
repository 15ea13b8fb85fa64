/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --chmod=CHMOD as in rsync(1): comma-separated changes in chmod(1) syntax or
 * octal, each optionally limited to directories (D) or files (F), X meaning
 * "execute where it makes sense". Several options add up.
 */
#ifndef ZC_TREE_CHMOD_H
#define ZC_TREE_CHMOD_H

#include "base/err.h"

struct zc_chmod; /* a list of changes; NULL is the empty list */

/* Appends SPEC to *LIST. -1 with a sentence (ZC_EXIT_USAGE) naming SPEC. */
int zc_chmod_add(struct zc_chmod **list, const char *spec, struct zc_err *err);
void zc_chmod_free(struct zc_chmod *list);
/* MODE (type and permissions) after all changes; symlinks are left alone. */
uint32_t zc_chmod_apply(const struct zc_chmod *list, uint32_t mode);

#endif
