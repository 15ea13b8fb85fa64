/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the file system here makes of metadata. Where it is not known to do what
 * it says (zc_meta_trusted), what differs from the source may be what it had
 * made of the source's the last time, and would make of it again: a mode that
 * it ignores, a year that it does not know. That is found out with something
 * of the same type in the staging folder, and is no difference.
 *
 * Any thread, not under receiver.lock.
 */
#ifndef ZC_RECEIVER_MEDIUM_H
#define ZC_RECEIVER_MEDIUM_H

#include "fs/meta.h"
#include "receiver/place.h"

struct zc_rworker;

/* NOW lies in S, and its metadata of KIND are not WANT's. True where they would
 * be the same again; *WHY: an errno for the user, or 0: they are only rounded.
 */
bool zc_medium_makes(struct zc_rworker *w, const struct zc_shelf *s,
                     const struct zc_stat *now,
                     const struct zc_meta_want *want, enum zc_meta_kind kind,
                     int *why);
/* The file system ignores WANT's mtime, so that NOW's tells nothing. */
bool zc_medium_ignores_time(struct zc_rworker *w, const struct zc_shelf *s,
                            const struct zc_stat *now,
                            const struct zc_meta_want *want);

/* Names of one inode cannot be made in S, or cannot be told from others. */
bool zc_medium_hides_links(struct zc_rworker *w, const struct zc_shelf *s);

#endif
