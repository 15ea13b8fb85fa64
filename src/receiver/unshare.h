/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end of a round about a part of the tree: what was put off is set on the
 * inodes with several names (shared.h), and those that have names that nobody
 * looked at give the others up. The reader, when all else is done.
 */
#ifndef ZC_RECEIVER_UNSHARE_H
#define ZC_RECEIVER_UNSHARE_H

struct zc_rworker;

void zc_unshare(struct zc_rworker *w);

#endif
