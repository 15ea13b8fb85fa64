/* SPDX-License-Identifier: GPL-2.0-or-later */
/* FILE with its bytes, and META. Workers, and the reader for what is short. */
#ifndef ZC_RECEIVER_FILES_H
#define ZC_RECEIVER_FILES_H

struct zc_rworker;
struct zc_work;

/* WORK: a run of small files of one list, all claimed. */
void zc_files_write(struct zc_rworker *w, struct zc_work *work);
/* WORK: the metadata of an entry that was claimed. */
void zc_files_meta(struct zc_rworker *w, struct zc_work *work);

#endif
