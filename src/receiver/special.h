/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Symlinks, devices, fifos and sockets: made whole, and at once, as there are
 * no bytes to wait for. Any thread. */
#ifndef ZC_RECEIVER_SPECIAL_H
#define ZC_RECEIVER_SPECIAL_H

#include "proto/msg.h"

struct zc_receiver;
struct zc_rdir;
struct zc_rworker;

/* Makes E in D, with attributes XATTRS, whatever has the name. 0, or -1 and
 * *OP, errno. Metadata trouble is noted against REF. */
int zc_special_make(struct zc_rworker *w, struct zc_rdir *d,
                    const struct zc_entry *e, struct zc_bytes xattrs,
                    struct zc_ref ref, unsigned *op);

/* The thing itself: NAME in BASE, of E's type, and nothing more. 0, or -1 and
 * errno. */
int zc_special_node(const struct zc_receiver *r, int base, const char *name,
                    const struct zc_entry *e);

#endif
