/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that become files of their own: their name shares an inode here with
 * names that are not to change with it, and their bytes are right. So these are
 * copied here, or shared where the file system can, and not sent.
 *
 * Any thread, not under receiver.lock.
 */
#ifndef ZC_RECEIVER_APART_H
#define ZC_RECEIVER_APART_H

#include "proto/msg.h"
#include "receiver/place.h"

struct zc_cmp;
struct zc_stat;

/* Makes TMP, to be placed in S, of the type, the bytes and the metadata that NAME
 * in S has (OLD), as far as we may. A descriptor of it, a file's with its bytes,
 * anything else's O_PATH; or -1 with errno and *OP, and no TMP. */
int zc_apart_copy(struct zc_rworker *w, struct zc_shelf *s, const char *name,
                  const struct zc_stat *old, char tmp[ZC_STAGING_NAME_SIZE],
                  unsigned *op);

/* C, of which zc_compare_parts is true and M the META, becomes a file of its own,
 * and its entry is settled; where that cannot be, its bytes are asked for. */
void zc_apart(struct zc_rworker *w, const struct zc_cmp *c,
              const struct zc_msg_file *m);

#endif
