/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What files that come in one message and files that come in ranges have in
 * common: a new version is made under another name, dressed, and committed; and
 * all of them share the space on the disk.
 *
 * Any thread, not under receiver.lock.
 */
#ifndef ZC_RECEIVER_NEWFILE_H
#define ZC_RECEIVER_NEWFILE_H

#include "proto/msg.h"

#include <stdatomic.h>

struct zc_rdir;
struct zc_receiver;
struct zc_rlist;
struct zc_rworker;

/*
 * A big file that does not fit fills the disk for a moment, until that is seen
 * and what was written of it is dropped: small files that are met by that are
 * tried again. Only one that is written meanwhile can give space back.
 */
struct zc_space {
    atomic_uint writing; /* big files that take up space */
    atomic_uint freed;   /* counts those that gave it back */
    atomic_bool full;    /* it was waited for in vain, this round */
};
/* A big file takes up space from now on ... */
void zc_space_take(struct zc_receiver *r);
/* ... until it is complete, or (BACK) was dropped. */
void zc_space_leave(struct zc_receiver *r, bool back);

/* The mode to make E, called NAME, in D with, and, where permissions are not
 * kept, to leave it with. */
uint32_t zc_newfile_mode(struct zc_receiver *r, struct zc_rdir *d,
                         const char *name, const struct zc_entry *e);
/* Makes NAME in BASE (D, or its staging folder) and writes M's bytes and
 * metadata to it. The fd, or -1 with errno and *OP. */
int zc_newfile_write(struct zc_rworker *w, struct zc_rdir *d, int base,
                     const char *name, const struct zc_msg_file *m,
                     unsigned *op);
/* Metadata of FD, made in D with MODE, as M wants it. */
void zc_newfile_dress(struct zc_rworker *w, struct zc_rdir *d, int fd,
                      uint32_t mode, const struct zc_msg_file *m);
/* M, of LIST, is complete as TMP in its staging folder: commits it. FD is taken
 * over. */
void zc_newfile_commit(struct zc_rworker *w, struct zc_rlist *list,
                       const struct zc_msg_file *m, const char *tmp, int fd);

#endif
