/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --inplace: the bytes of a new version go into the file that is there, which
 * stays what it is: its inode, and its other names where they are the source's,
 * too. Who reads it meanwhile sees some of both; and so does who comes after a
 * crash. A file that is not there is made as ever.
 */
#ifndef ZC_RECEIVER_INPLACE_H
#define ZC_RECEIVER_INPLACE_H

#include "delta/segment.h"
#include "proto/msg.h"

struct zc_rdir;
struct zc_receiver;
struct zc_rlist;
struct zc_rworker;

/* The file in D that E is to be written into, open for that. -1: errno is 0 where
 * E has to be made anew, else it says why it cannot be written. Any thread. */
int zc_inplace_open(struct zc_receiver *r, struct zc_rdir *d,
                    const struct zc_entry *e);
/* Nothing but zeros from here on, as far as S goes. 0, or -1 and errno. */
int zc_inplace_hole(int fd, const struct zc_segment *s);
/* All of M's bytes are in FD, which is taken over: its size, its metadata, and
 * the answer. */
void zc_inplace_finish(struct zc_rworker *w, struct zc_rlist *list,
                       const struct zc_msg_file *m, int fd);
/* The same for a M that brings its bytes along. False: it has to be made anew. */
bool zc_inplace_write(struct zc_rworker *w, struct zc_rlist *list,
                      const struct zc_msg_file *m);

#endif
